"""The command line: parse, call, print. It has no logic of its own.

``commands`` is the table of the commands; their functions are in ``models``, ``training``,
``pictures``, ``drawing`` and ``digits``. ``options`` has the arguments that several share, ``help``
the form of the help, ``completion`` the scripts for the Tab key; ``terminal`` prints tables, JSON
and progress, and ``lines`` keeps the file of ``predict --jsonl``.

No room uses this one. It uses all others.
"""

from mnist_zoo.cli.commands import app as app
from mnist_zoo.cli.commands import main as main
