"""Show the built documentation on a phone and a desktop: ``python -m tools.screenshots FOLDER``.

It writes ten pages, at two widths and in two themes, as PNG files. And it names every page that is
wider than a phone's window, so that one must scroll sideways to read it.

It needs the built pages (``nox -s docs``), Chromium, and Playwright, which ``.[dev]`` installs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tools.docs import ROOT

HTML = ROOT / "docs" / "_build" / "html"
CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]

#: Those with the widest tables, the longest signatures, formulas and pictures among them.
PAGES = (
    "index",
    "install",
    "tutorial",
    "troubleshooting",
    "coming_from",
    "glossary",
    "concepts",
    "performance",
    "reference",
    "api/mnist_zoo.fit_and_evaluate",
)
PHONE, DESKTOP, HEIGHT = 360, 1200, 2400
THEMES = ("light", "dark")
WIDTH_OF_PAGE = "document.documentElement.scrollWidth"


def too_wide(browser: Any, html: Path) -> list[str]:
    """Say which pages are wider than a phone's window, and how wide."""
    window = browser.new_page(viewport={"width": PHONE, "height": HEIGHT})
    found = []
    for page in sorted(html.rglob("*.html")):
        window.goto(page.as_uri())
        width = window.evaluate(WIDTH_OF_PAGE)
        if width > PHONE:
            name = page.relative_to(html).as_posix()
            found.append(f"{name}: {width} pixels wide in a window of {PHONE}")
    window.close()
    return found


def take(browser: Any, html: Path, folder: Path) -> None:
    """Write the top of each page into a folder, as ``index-360-dark.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        for width in (PHONE, DESKTOP):
            window = browser.new_page(
                viewport={"width": width, "height": HEIGHT}, color_scheme=theme
            )
            for name in PAGES:
                window.goto((html / f"{name}.html").as_uri())
                window.screenshot(path=folder / f"{name.rpartition('/')[2]}-{width}-{theme}.png")
            window.close()


def main() -> int:
    """Write the screenshots; return 1 if a page is too wide."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write the screenshots")
    parser.add_argument("--html", type=Path, default=HTML, help="the built pages")
    parser.add_argument("--chromium", default=CHROMIUM, help="the program")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=OPTIONS)
        found = too_wide(browser, options.html.resolve())
        take(browser, options.html.resolve(), options.folder)
        browser.close()
    print("\n".join(found) or f"no page is wider than {PHONE} pixels")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
