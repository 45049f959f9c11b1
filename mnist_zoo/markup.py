"""Pieces of HTML, by which results show themselves in a notebook: tables, and small pictures.

Every text is escaped, as names of files and models are anyone's. Nothing sets a colour, so the
pieces are readable on light and on dark pages. The rest of the package prints plain text.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of a table that is longer, the beginning is shown: a notebook keeps all that its cells show.
MOST_ROWS = 30
# Of a longer text, as the path of a file may be, the beginning is shown.
MOST_CHARACTERS = 300
# Pixels of the screen for each pixel of a picture.
SCALE = 1.5


class Markup(str):
    """Text that is HTML already: it is not escaped again."""

    __slots__ = ()


def escaped(content: object) -> Markup:
    """Return anything as HTML: markup as it is, all else as text."""
    if isinstance(content, Markup):
        return content
    text = str(content)
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]} ..."
    return Markup(html.escape(text))


def joined(*pieces: Markup) -> Markup:
    """Return pieces one below the other."""
    return Markup(f"<div>{''.join(pieces)}</div>")


def element(tag: str, content: object) -> Markup:
    """Return an element without attributes, such as a heading."""
    return Markup(f"<{tag}>{escaped(content)}</{tag}>")


def table(headings: Sequence[object], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table: texts to the left in the first column, and the others to the right.

    Parameters
    ----------
    headings : sequence
        A heading for each column.
    rows : iterable of sequence
        The cells. The first one of a row is its heading. Of more than :data:`MOST_ROWS`, the first
        are shown, and the number of the others.

    Returns
    -------
    Markup
    """
    all_rows = list(rows)
    left_out = len(all_rows) - MOST_ROWS
    body = "".join(_row(row) for row in all_rows[:MOST_ROWS])
    more = element("p", f"and {left_out:,} more") if left_out > 0 else ""
    head = "".join(_cell("th", cell, first=not at) for at, cell in enumerate(headings))
    return Markup(
        '<div style="overflow-x: auto"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"
    )


def facts(rows: Iterable[tuple[str, object]]) -> Markup:
    """Return a table of two columns without headings: names, and what they are."""
    style = "text-align: left; overflow-wrap: anywhere"
    cells = "".join(
        f'<tr>{_cell("th", name, first=True)}<td style="{style}">{escaped(text)}</td></tr>'
        for name, text in rows
    )
    return Markup(f"<table><tbody>{cells}</tbody></table>")


def folded(summary: str, content: Markup) -> Markup:
    """Return what is shown when the reader clicks on its summary."""
    return Markup(f"<details><summary>{escaped(summary)}</summary>{content}</details>")


def picture(pixels: NDArray[Any], title: str, *, scale: float = SCALE) -> Markup:
    """Return a grey picture within the page itself.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Bytes, or numbers in [0, 1]: as in MNIST, the largest is the brightest.
    title : str
        What it shows, for readers who cannot see it.
    scale : float, default SCALE
        Pixels of the screen for each pixel.

    Returns
    -------
    Markup
    """
    import numpy as np
    from PIL import Image

    if pixels.dtype != np.uint8:
        # 16 shades, which make a file of half the size.
        shades = np.nan_to_num(np.asarray(pixels, np.float32)).clip(0.0, 1.0)
        pixels = (17 * np.rint(15 * shades)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    height, width = (round(scale * side) for side in pixels.shape)
    return Markup(
        f'<img src="data:image/png;base64,{data}" alt="{escaped(title)}" width="{width}" '
        f'height="{height}" style="image-rendering: pixelated; max-width: none">'
    )


def captioned(drawn: Markup, caption: str) -> Markup:
    """Return a picture with a text below it. Several of them stand side by side."""
    style = "display: inline-block; text-align: center; margin: 2px 4px"
    return Markup(f'<span style="{style}">{drawn}<br>{escaped(caption)}</span>')


def _row(cells: Sequence[object]) -> str:
    first, *others = cells
    rest = "".join(_cell("td", cell) for cell in others)
    return f"<tr>{_cell('th', first, first=True)}{rest}</tr>"


def _cell(tag: str, content: object, *, first: bool = False) -> str:
    return f'<{tag} style="text-align: {"left" if first else "right"}">{escaped(content)}</{tag}>'
