"""Draw the rooms of the package from its imports: ``python -m tools.architecture``.

It writes ``docs/images/architecture.svg``, and needs Graphviz's program ``dot``. A test holds the
drawing against the imports.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools.docs import IMAGES, ROOT

PACKAGE = ROOT / "mnist_zoo"
DRAWING = IMAGES / "architecture.svg"


def room_of(module: str) -> str:
    """Return the room of a module of the package: ``mnist_zoo.data.files`` is of ``data``."""
    return module.split(".")[1] if "." in module else module


def module_of(path: Path) -> str:
    """Return the name of the module in a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def front_door() -> dict[str, str]:
    """Return for each public name of the package the module that it comes from."""
    names = {}
    for node in ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.name] = f"mnist_zoo.{node.module or alias.name}"
    return names


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file uses: by an import, or by the front door."""
    known = {module_of(each) for each in PACKAGE.rglob("*.py")}
    public = front_door()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mnist_zoo"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                module = whole if whole in known else str(node.module)
                yield public.get(alias.name, module) if module == "mnist_zoo" else module
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "mnist_zoo":
            yield public.get(node.attr, "mnist_zoo")


def file_arrows() -> dict[str, set[str]]:
    """Return for each module of the package the modules in the same room that it imports."""
    arrows = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = module_of(path)
        mine = {each for each in imports(path) if room_of(each) == room_of(module)}
        arrows[module] = mine - {module, f"mnist_zoo.{room_of(module)}"}
    return arrows


def room_arrows() -> dict[str, set[str]]:
    """Return for each room the rooms that it uses."""
    arrows: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        room = room_of(module_of(path))
        if room not in ("mnist_zoo", "__main__"):
            arrows.setdefault(room, set()).update(room_of(each) for each in imports(path))
            arrows[room] -= {room, "mnist_zoo"}
    return arrows


def graph() -> str:
    """Return the rooms and their arrows in Graphviz's language."""
    arrows = room_arrows()
    # What everything uses would only hide the rest.
    left_out = {"errors", "arguments", "corruptions", "jobs", "markup", "recipes", "signals"}
    left_out.add("writing")
    lines = [
        f'  "{room}" -> "{used}"'
        for room in sorted(set(arrows) - left_out)
        for used in sorted(arrows[room] - left_out)
    ]
    style = (
        '  rankdir=TB; bgcolor="transparent"; nodesep=0.5; ranksep=0.45;\n'
        '  node [shape=box, style="rounded,filled", fillcolor="#E8F1FA", color="#0072B2",\n'
        '        fontname="Helvetica", fontsize=13, margin="0.2,0.1"];\n'
        '  edge [color="#555555", arrowsize=0.7];\n'
    )
    return "digraph rooms {\n" + style + ";\n".join(lines) + ";\n}\n"


def main() -> None:
    """Draw the rooms."""
    done = subprocess.run(
        ["dot", "-Tsvg"],  # noqa: S607
        input=graph(),
        capture_output=True,
        text=True,
        check=True,
    )
    DRAWING.write_text(done.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
