"""Where the docs' figures are, and the one way to write a table or a file of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS, IMAGES = ROOT / "docs" / "results", ROOT / "docs" / "images"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; raise ``ValueError`` unless each row has a cell for each heading."""
    lines = [headings, ["---"] * len(headings)]
    for row in rows:
        if len(row) != len(headings):
            raise ValueError(f"expected {len(headings)} cells, one a heading; got {list(row)}")
        lines.append(row)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write(name: str, content: str | list[Any] | dict[str, Any]) -> None:
    """Write a file of the docs' results: text as it is, anything else as JSON."""
    if not isinstance(content, str):
        content = json.dumps(content, indent=1) + "\n"
    (RESULTS / name).write_text(content, encoding="utf-8")


def leave(name: str, reason: str) -> None:
    """Say on stderr that a file of the docs' results was not written, and why."""
    print(f"docs/results/{name} is left as it is: {reason}", file=sys.stderr, flush=True)


def read(name: str) -> Any:
    """Read a JSON file of the docs' results."""
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


def percent(value: float) -> str:
    """Return a fraction as text."""
    return f"{100 * value:.2f} %"
