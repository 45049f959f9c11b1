"""Completion with the Tab key: the script that a shell runs for it, shown or installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import click


class Place(NamedTuple):
    """Where a shell's script is written, and the line with which the shell's own file loads it."""

    script: str
    loader: str
    line: str


#: The shells for which a script can be installed. Fish finds the script by itself.
PLACES = {
    "bash": Place("~/.bash_completions/mnist-zoo.sh", "~/.bashrc", "source '{script}'"),
    "zsh": Place(
        "~/.zfunc/_mnist-zoo", "~/.zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit"
    ),
    "fish": Place("~/.config/fish/completions/mnist-zoo.fish", "", ""),
}


def show() -> str:
    """Return the script of the user's shell."""
    from click.shell_completion import get_completion_class

    shell = _shell()
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(
            f"$SHELL is {shell!r}, and completion is there for {', '.join(PLACES)}; name one of "
            "them, as in `SHELL=bash mnist-zoo --show-completion`"
        )
    return kind(
        click.get_current_context().command, {}, "mnist-zoo", "_MNIST_ZOO_COMPLETE"
    ).source()


def install() -> str:
    """Write the script where the user's shell looks for it; return what to say of that."""
    text, shell = show(), _shell()
    if shell not in PLACES:
        raise ValueError(
            f"completion cannot be installed for {shell}: add what `mnist-zoo --show-completion` "
            "prints to the file that it runs when it starts"
        )
    place = PLACES[shell]
    script, loader = Path(place.script).expanduser(), Path(place.loader).expanduser()
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text, encoding="utf-8")
    line = place.line.format(script=script)
    if line and not (loader.is_file() and line in loader.read_text(encoding="utf-8")):
        with loader.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    return f"{shell} completion installed in {script}\nIt works in new shells."


def _shell() -> str:
    """Return the name of the user's shell; Windows sets no variable that says it."""
    return Path(os.environ.get("SHELL", "powershell" if os.name == "nt" else "")).stem
