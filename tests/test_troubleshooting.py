"""What the page on troubleshooting quotes is what the package says.

The page's own examples are tests too: see ``testpaths`` in ``pyproject.toml``.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from mnist_zoo import ChecksumError, MnistUnavailableError
from mnist_zoo.data import load_dataset
from mnist_zoo.errors import TROUBLESHOOTING

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "troubleshooting.md"


@pytest.fixture(scope="module")
def page():
    """Return the page with each run of spaces as one, as quotes are broken into lines."""
    return " ".join(PAGE.read_text(encoding="utf-8").split())


def failure(dataset, folder, *mirrors):
    """Return the reason that the loader gives for the last mirror."""
    with pytest.raises(MnistUnavailableError) as raised:
        load_dataset(
            dataclasses.replace(dataset, mirrors=mirrors), cache_dir=folder, progress=False
        )
    reasons = [line for line in str(raised.value).splitlines() if line.startswith("  - https:")]
    return reasons[-1].partition("/: ")[2]


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("403", "HTTPError: 403 Client Error: Forbidden for url: https://"),
        ("page", "BadZipFile: File is not a zip file"),
        ("downgrade", "only https is used"),
    ],
)
def test_what_a_mirror_may_answer_is_on_the_page(tiny, homeless, server, page, way, words):
    assert words in failure(tiny.dataset, homeless, server.mirror(way))
    assert words in page


def test_an_unknown_authority_is_on_the_page(tiny, homeless, server, page, monkeypatch):
    import certifi

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    words = "SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
    assert failure(tiny.dataset, homeless, server.mirror("good")).startswith(words)
    assert words in page


def test_a_proxy_that_does_not_answer_is_on_the_page(tiny, homeless, server, page, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    found = failure(tiny.dataset, homeless, server.mirror("good"))
    assert found.startswith(("ProxyError: ('Unable to connect to proxy'", "ProxyError: ('Cannot"))
    assert "ProxyError: ('Unable to connect to proxy'" in page


def test_a_damaged_file_that_one_points_at_is_on_the_page(tiny, tmp_path, page, monkeypatch):
    (tmp_path / "half.npz").write_bytes(tiny.write(tmp_path / "mnist.npz").read_bytes()[:5000])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNIST_ZOO_DATA", "half.npz")
    with pytest.raises(ChecksumError) as raised:
        load_dataset(tiny.dataset)
    assert str(raised.value) in page


def test_every_entry_says_what_to_do():
    entries = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    short = ("Apple silicon", "No matching distribution", "Nothing was read")
    for entry in entries:
        if not entry.startswith(short):
            assert "**What to do.**" in entry, entry.partition("\n")[0]
            assert "**Why.**" in entry or "What you can do" in entry, entry.partition("\n")[0]


def test_links_in_messages_lead_to_entries_of_the_page():
    headings = re.findall(r"^#+ (.+)$", PAGE.read_text(encoding="utf-8"), re.M)
    # As GitHub makes the address of a heading.
    entries = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "mnist_zoo").rglob("*.py")
    )
    linked = set(re.findall(r"(?:TROUBLESHOOTING\}|ENTRY = \")#([\w-]+)", code))
    assert len(linked) == 4
    assert linked <= entries


def test_a_failed_download_says_where_the_reasons_are_explained(tiny, homeless, server):
    with pytest.raises(MnistUnavailableError) as raised:
        load_dataset(
            dataclasses.replace(tiny.dataset, mirrors=(server.mirror("403"),)),
            cache_dir=homeless,
            progress=False,
        )
    assert str(raised.value).endswith(f"look a reason up: {TROUBLESHOOTING}#downloads")
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert urls["Documentation"].replace("index.md", PAGE.name) == TROUBLESHOOTING
