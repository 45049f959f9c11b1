"""``python -m mnist_zoo`` is ``mnist-zoo``."""

from mnist_zoo.cli import main

main()
