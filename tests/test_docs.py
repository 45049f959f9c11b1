"""The pages of the documentation: their links lead somewhere, and all that is public is on them."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from mnist_zoo.drawing.files import page_files
from mnist_zoo.models.species import SPECIES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))]
PUBLIC = re.findall(r"^   ([\w.]+)$", (DOCS / "reference.md").read_text(encoding="utf-8"), re.M)


def without_code(page):
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def anchors(page):
    """Return the anchors that a code host, and MyST, give to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_file_and_a_heading_that_are_there(page):
    links = re.findall(r"\]\(\s*([^)\s]+)\s*\)", without_code(page))
    for link in links:
        if re.match(r"https?://|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_can_be_reached_from_the_first():
    reached, new = set(), {DOCS / "index.md"}
    while new:
        reached |= new
        links = {
            (page.parent / link).resolve()
            for page in new
            for link in re.findall(r"\]\(([\w./]+\.md)[)#]", page.read_text(encoding="utf-8"))
        }
        new = links - reached
    # The page of the changelog has the file CHANGELOG.md, to which the first page links.
    assert {*DOCS.glob("*.md")} - {DOCS / "changelog.md"} <= reached


@pytest.mark.parametrize("page", PAGES[:-2], ids=lambda page: page.name)
def test_a_page_is_one_click_from_the_first(page):
    links = re.findall(r"\]\(([\w./]+)[)#]", (DOCS / "index.md").read_text(encoding="utf-8"))
    assert page.name in (*links, "index.md", "changelog.md")


def test_an_entry_of_the_glossary_is_a_sentence_or_two():
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    for term, entry in re.findall(r"^### (.+)\n\n((?:(?!#).+\n)+)", text, re.M):
        assert len(entry.split()) < 50, term


def test_the_packages_to_install_without_tensorflow_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.match(r"[\w-]+", each)[0] for each in project["dependencies"]} - {"tensorflow"}
    _, section = (DOCS / "install.md").read_text(encoding="utf-8").split("## Without TensorFlow")
    command = re.search(r"pip install (filelock.*?)```", section, re.S)[1]
    further = re.search(r"add `([^`]*)`", section)[1]
    named = set(re.findall(r"[a-z][\w-]*", re.sub(r">=[\d.]+", "", f"{command} {further}")))
    assert named == needed


def test_pages_have_no_markup_that_a_code_host_does_not_show():
    roles = {page.name: re.findall(r"\{[\w:]+\}`", page.read_text("utf-8")) for page in PAGES}
    assert not any(roles.values()), roles


def test_the_list_at_the_top_of_the_howtos_has_every_section():
    text = (DOCS / "howto.md").read_text(encoding="utf-8")
    assert re.findall(r"^- \[(.+)\]\(#", text, re.M) == re.findall(r"^## (.+)$", text, re.M)


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """Build the pages without running the examples; nothing may be printed."""
    for package in ("sphinx", "furo", "latex2mathml", "myst_parser", "sphinx_gallery"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("docs")
    generated = shutil.ignore_patterns("_build", "api", "gallery", "models", "__pycache__")
    shutil.copytree(DOCS, folder / "docs", ignore=generated)
    shutil.copytree(ROOT / "tools", folder / "tools", ignore=generated)
    shutil.copy(ROOT / "CHANGELOG.md", folder)
    options = ("-q", "-W", "--keep-going", "-D", "sphinx_gallery_conf.plot_gallery=0")
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "-b", "html", "docs", "html"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    return folder / "html"


def page_of(html, name):
    return (html / "api" / f"mnist_zoo.{name}.html").read_text(encoding="utf-8")


def find(name):
    room, _, short = name.rpartition(".")
    return getattr(importlib.import_module(f"mnist_zoo.{room}".rstrip(".")), short)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.isclass(find(name))])
def test_every_method_has_an_entry_with_its_parameters(html, name):
    page, described = page_of(html, name), find(name)
    for member, value in vars(described).items():
        entry = f'id="mnist_zoo.{name}.{member}"'
        if member.startswith("_") or member in getattr(described, "_fields", ()):
            continue
        if isinstance(value, property) or callable(getattr(described, member)):
            assert entry in page, member
        if inspect.isfunction(value) and len(inspect.signature(value).parameters) > 1:
            text = page[page.index(entry) :].split('<dt class="sig ')[0]
            assert "Parameters" in text, member
    for member in ("count", "index"):  # Those of a tuple.
        assert f'id="mnist_zoo.{name}.{member}"' not in page


@pytest.fixture(scope="module")
def index(html):
    """Return what the search of the built pages looks in."""
    text = (html / "searchindex.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("Search.setIndex(").rstrip(";").removesuffix(")"))


def pages_with(index, query):
    """Return the pages that have every word of a query, as the search looks for them."""
    from sphinx.search.en import SearchEnglish

    language, found = SearchEnglish({}), []
    # The search leaves out numbers.
    for word in re.findall(r"(?!\d+\b)\w+", query.lower()):
        stem = language.stem(word)
        tables = (index[table].get(stem, []) for table in ("terms", "titleterms"))
        found.append({page for pages in tables for page in np.atleast_1d(pages).tolist()})
    return {index["docnames"][page] for page in set.intersection(*found)}


@pytest.mark.slow
def test_the_search_finds_methods(html):
    assert "mnist_zoo.Evaluation.save" in (html / "searchindex.js").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("load_mnist one hot", "howto"),
        ("SSL certificate", "troubleshooting"),
        ("HTTP Error 403", "troubleshooting"),
        ("from_logits", "troubleshooting"),
        ("BadZipFile", "troubleshooting"),
        ("fetch_openml", "coming_from"),
        ("Wilson interval", "glossary"),
    ],
)
def test_the_search_finds_the_page_of_a_query(index, query, page):
    assert page in pages_with(index, query)


@pytest.mark.slow
@pytest.mark.parametrize("message", ["HTTP Error 403", "CERTIFICATE_VERIFY_FAILED", "from_logits"])
def test_the_search_finds_the_entry_of_a_message(index, message):
    titles = [title for title in index["alltitles"] if message in title]
    pages = {index["docnames"][page] for title in titles for page, _ in index["alltitles"][title]}
    assert pages == {"troubleshooting"}


@pytest.mark.slow
def test_a_term_of_the_glossary_is_linked_from_other_pages(html):
    concepts = (html / "concepts.html").read_text(encoding="utf-8")
    assert 'href="glossary.html#term-Seed"' in concepts
    glossary = (html / "glossary.html").read_text(encoding="utf-8")
    terms = re.findall(r"^### (.*)$", (DOCS / "glossary.md").read_text("utf-8"), re.M)
    assert glossary.count("<dt id=") == len(terms) > 30


@pytest.mark.slow
def test_pages_are_valid_html(html):
    html5lib = pytest.importorskip("html5lib")
    for page in html.rglob("*.html"):
        parser = html5lib.HTMLParser()
        parser.parse(page.read_text(encoding="utf-8"))
        assert parser.errors == [], page


@pytest.mark.slow
def test_a_page_is_small(html):
    sizes = {page.name: page.stat().st_size for page in html.rglob("*.html")}
    assert max(sizes.values()) < 500_000, sizes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "links"),
    [
        ("fit_and_evaluate", ["models/model/", "mnist_zoo.Mnist", "mnist_zoo.Evaluation"]),
        ("Evaluation", ["numpy.ndarray", "mnist_zoo.data.Dataset", "mnist_zoo.evaluate"]),
        ("metrics.measure", ["#term-array_like", "mnist_zoo.metrics.Measures"]),
        ("plots.overview", ["mnist_zoo.Evaluation", "matplotlib.figure.Figure"]),
    ],
)
def test_types_are_links(html, name, links):
    addresses = re.findall(r'<a class="reference[^>]* href="([^"]*)"', page_of(html, name))
    for link in links:
        assert any(link in address for address in addresses), link


@pytest.mark.slow
def test_every_model_has_a_page_that_the_page_of_models_links_to(html):
    models = (html / "models.html").read_text(encoding="utf-8")
    for name in SPECIES:
        page = (html / "models" / f"{name}.html").read_text(encoding="utf-8")
        assert f'href="models/{name}.html"' in models
        assert f"<h1>{name}" in page
        assert 'href="../models.html#how-to-choose"' in page
        assert "Multiply-adds" in page


@pytest.mark.slow
def test_the_table_to_choose_from_has_its_script_and_no_other_page_has(html):
    models = (html / "models.html").read_text(encoding="utf-8")
    script = re.search(r'<script[^>]* src="(_static/sortable.js)', models)[1]
    assert (html / script).is_file()
    assert len(re.findall(r'<section id="how-to-choose">.*?<table', models, re.S)) == 1
    assert "sortable.js" not in (html / "weights.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_to_draw_on_is_part_of_the_pages(html):
    assert '<iframe src="draw/index.html"' in (html / "draw.html").read_text(encoding="utf-8")
    expected = {name: file.content() for name, file in page_files().items()}
    assert {path.name: path.read_bytes() for path in (html / "draw").iterdir()} == expected


@pytest.mark.slow
def test_the_pages_need_no_network(html):
    assert "<math" in (html / "concepts.html").read_text(encoding="utf-8")
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "PEP 604" not in text
        assert not re.search(r'<(?:script|link|img)[^>]*(?:src|href)="(?:https?:)?//', text), page


EXAMPLES = [path.stem for path in sorted((DOCS / "examples").glob("*.py"))]


def notebook_of(html, name):
    """Return the notebook that the page of an example links to."""
    page = (html / "gallery" / f"{name}.html").read_text(encoding="utf-8")
    (link,) = re.findall(rf'href="(\.\./_downloads/\w+/{name}\.ipynb)"', page)
    return (html / "gallery" / link).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_text_of_a_notebook_is_markdown(html, name):
    cells = json.loads(notebook_of(html, name))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert texts[0].startswith("\n# ")
    assert not any(re.search(r":\w+:`|`_|^\.\. ", text, re.M) for text in texts), texts


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_as_the_notebook_that_its_page_offers(html, name, tmp_path, monkeypatch):
    nbformat, nbclient = (pytest.importorskip(package) for package in ("nbformat", "nbclient"))
    pytest.importorskip("ipykernel")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # As Jupyter starts it.
    monkeypatch.setenv("MNIST_ZOO_DATA", str(tmp_path / "nothing"))  # Only the sample is there.
    notebook = nbformat.reads(notebook_of(html, name), as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, resources=resources, timeout=300).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("image/png" in output.get("data", ()) for output in outputs)


# Of the theme: a link outside of all landmarks, two of the same name, and empty cells in headings.
OF_THE_THEME = ("region", "landmark-unique", "empty-table-header")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_pages_are_accessible(html, chromium, violations, scheme, width):
    window = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    for name in ("index", "models", "models/convnet", "troubleshooting", "howto", "performance"):
        window.goto((html / f"{name}.html").as_uri())
        assert violations(window, but=OF_THE_THEME) == [], name
    window.close()
