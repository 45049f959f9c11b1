"""How the documentation is built: ``python -m sphinx -q -W docs docs/_build/html``.

Nothing is downloaded, neither for the build nor by the pages. The page on which one draws a digit
is written into the folder ``draw`` of the built pages.
"""

import logging
import os
import re
import sys
from pathlib import Path

# Keep TensorFlow's log off the pages. It must be set before TensorFlow is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from docutils import nodes
from latex2mathml.converter import convert as mathml
from numpydoc.xref import DEFAULT_LINKS
from sphinx import addnodes

# For the tools. At the end: an installed package is not replaced by the folder beside this one.
sys.path.append(str(Path(__file__).parents[1]))

import mnist_zoo
from mnist_zoo.cli.terminal import quiet_logs
from mnist_zoo.drawing import write_page

with quiet_logs():
    import keras  # Two public classes are layers.

    # The pages of the species make models. TensorFlow also logs when it first looks for a GPU.
    keras.ops.zeros(1)

from tools import species_pages

logging.getLogger("tensorflow").setLevel(logging.ERROR)

project = "mnist-zoo"
author = "The mnist-zoo developers"
project_copyright = author
version = release = mnist_zoo.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "myst_parser",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "examples", "results/*"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"mnist-zoo {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_js_files = [("scrolling.js", {"defer": "defer"})]
html_math_renderer = "mathml"

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autosummary_generate = True
autodoc_member_order = "bysource"
maximum_signature_line_length = 60  # A longer signature has a line for each parameter.
autodoc_typehints = "none"  # The docstrings have the types, with shapes and ranges.
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Every public name of the package, as the tables of the reference have them.
PUBLIC = re.findall(
    r"^(?:   |\.\. py:data:: )([\w.]+)$",
    Path(__file__).with_name("reference.md").read_text("utf-8"),
    re.M,
)

# What belongs to other projects, and where it is described.
KERAS, MATPLOTLIB = "https://keras.io/api/", "https://matplotlib.org/stable/api/"
ELSEWHERE = {
    "joblib.parallel_config": "https://joblib.readthedocs.io/en/stable/generated/"
    "joblib.parallel_config.html",
    "PIL.Image.Image": "https://pillow.readthedocs.io/en/stable/reference/Image.html",
    "keras.Model": KERAS + "models/model/",
    "keras.callbacks.Callback": KERAS + "callbacks/base_callback/",
    "keras.losses.Loss": KERAS + "losses/",
    "keras.metrics.Metric": KERAS + "metrics/base_metric/",
    "keras.optimizers.Optimizer": KERAS + "optimizers/",
    "keras.optimizers.schedules.LearningRateSchedule": KERAS
    + "optimizers/learning_rate_schedules/learning_rate_schedule/",
    "matplotlib.axes.Axes": MATPLOTLIB + "_as_gen/matplotlib.axes.Axes.html",
    "matplotlib.figure.Figure": MATPLOTLIB + "_as_gen/matplotlib.figure.Figure.html",
    "numpy.array_like": "https://numpy.org/doc/stable/glossary.html#term-array_like",
    "numpy.ndarray": "https://numpy.org/doc/stable/reference/generated/numpy.ndarray.html",
    "pandas.DataFrame": "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.html",
}

# Types of parameters are links: classes of the package, and those of the table above.
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {
    **{name: name for name in DEFAULT_LINKS},  # Not a link: everybody knows what a str is.
    **{name: f":obj:`{name}`" for name in ELSEWHERE},
    **{
        name.rpartition(".")[2]: f"mnist_zoo.{name}"
        for name in PUBLIC
        if name.rpartition(".")[2][0].isupper()
    },
    "array_like": "numpy.array_like",
    "ndarray": "numpy.ndarray",
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "capture_repr": (),  # Show what is printed, and not the value of a cell's last line.
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,  # That page loads a script from the web.
    "plot_gallery": True,
}


def hide_fields_without_docs(app, what, name, obj, options, lines):
    """Delete the docstring that Python gives each field of a named tuple: it says nothing.

    A field without a docstring of its own is then left out. The class's docstring describes it.
    """
    if what == "class":
        for field in getattr(obj, "_fields", ()):
            getattr(obj, field).__doc__ = None


# The pages are also read as Markdown files, on a code host. So their links lead to files that are
# there. Each rule says what the built pages have in place of such a link: the content of the file
# if the link is a line of its own, also of the page to draw on; the page of the changelog; the page
# of an example; the page of a model, which is made when the pages are built, in place of its code.
IN_PLACE = (
    (
        re.compile(r"^\[[^]]+\]\((results/\w+\.md)\)$", re.M),
        lambda link: (Path(__file__).parent / link[1]).read_text("utf-8"),
    ),
    (
        re.compile(r"^\[[^]]+\]\((\.\./CHANGELOG\.md)\)$", re.M),
        "```{include} \\1\n:relative-images:\n```",
    ),
    (
        re.compile(r"^\[[^]]+\]\(\.\./mnist_zoo/drawing/page/index\.html\)$", re.M),
        '<iframe src="draw/index.html" title="Draw a digit" style="width: 100%; height: 60rem; '
        'border: 0"></iframe>\n\n<a href="draw/index.html">Open it on a page of its own</a>',
    ),
    (re.compile(r"\]\(\.\./CHANGELOG\.md\)"), "](changelog.md)"),
    (re.compile(r"\]\(examples/(\w+)\.py\)"), r"](gallery/\1.rst)"),
    (re.compile(r"\]\(examples/\)"), "](gallery/index.rst)"),
    (re.compile(r"\[`(\w+)`\]\((?:\.\./)+mnist_zoo/models/\w+\.py\)"), r"[`\1`](models/\1.md)"),
    # A doctest needs an empty line at its end; a reader does not.
    (re.compile(r"\n\n```$", re.M), "\n```"),
)


# A heading and a paragraph of the glossary, as a code host shows them.
TERM = re.compile(r"^### (.+)\n\n((?:(?!#).+\n)+)", re.M)
TERMS = {
    term.lower().replace(" ", "-").replace("'", ""): term
    for term, _ in TERM.findall(Path(__file__).with_name("glossary.md").read_text("utf-8"))
}


def put_in_place(app, page, source):
    for table in re.findall(r"\]\((results/\w+\.md)\)", source[0]):
        app.env.note_dependency(str(Path(app.srcdir) / table))
    for pattern, replacement in IN_PLACE:
        source[0] = pattern.sub(replacement, source[0])
    source[0] = re.sub(
        r"\[([^]]+)\]\(glossary\.md#([\w-]+)\)",
        lambda link: f"{{term}}`{link[1]} <{TERMS[link[2]]}>`" if link[2] in TERMS else link[0],
        source[0],
    )
    if page == "glossary":
        source[0] = TERM.sub(_entry, source[0])
    if page == "models":
        pages = "\n".join(dict.fromkeys(re.findall(r"\]\((models/\w+\.md)\)", source[0])))
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"
    if page == "index":
        source[0] += "".join(
            f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n"
            for caption, pages in contents(source[0])
        )


def contents(text):
    """Yield the headings of the first page, each with the pages that it links to, in order."""
    for section in text.split("\n## "):
        pages = re.findall(r"\]\(([\w/]+\.(?:md|rst))\)", section)
        if pages and not section.startswith("# "):
            yield section.partition("\n")[0], "\n".join(pages)


def _entry(term):
    text = term[2].strip().replace("\n", "\n  ")
    return f"```{{glossary}}\n{term[1]}\n  {text}\n```\n"


def mend_page(app, page, template, context, doctree):
    if page == "models":
        app.add_js_file("sortable.js", loading_method="defer")
    # Screen readers need the level of a heading, which Sphinx leaves out in the contents.
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


# What a page may call a public name: `export.save_model` or `save_model`. The short form of a name
# that is a plain word, as `accuracy`, may mean something else.
NAMES = {name: name for name in PUBLIC}
for _name in PUBLIC:
    _short = _name.rpartition(".")[2]
    if re.search(r"[A-Z_]", _short):
        NAMES[_short] = _name if NAMES.get(_short, _name) == _name else None


def link_names(app, doctree):
    """Link a public name to its page, where a section first mentions it as `code`."""
    page = app.env.docname
    linked = set()
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext().removesuffix("()").removeprefix("mnist_zoo.")
        of_class = NAMES.get(name.partition(".")[0]) and name  # `Evaluation.save`
        public = NAMES.get(name, of_class)
        parents = list(_parents(literal))
        section = next((node for node in parents if isinstance(node, nodes.section)), doctree)
        if (
            public
            and not page.startswith(("api/", "gallery/"))
            and (section, public) not in linked
            and not any(isinstance(node, NO_LINK_IN) for node in parents)
        ):
            linked.add((section, public))
            target = f"mnist_zoo.{public}"
            link = addnodes.pending_xref(
                refdomain="py", reftype="obj", reftarget=target, refdoc=page
            )
            literal.replace_self(link)
            link += literal


NO_LINK_IN = (nodes.reference, nodes.title, addnodes.pending_xref)


def _parents(node):
    while node.parent is not None:
        node = node.parent
        yield node


def link_elsewhere(app, env, node, content):
    """Resolve a reference to another project by the table above."""
    address = ELSEWHERE.get(node.get("reftarget"))
    return address and nodes.reference("", "", content, refuri=address, internal=False)


# The text of a notebook is Markdown. Sphinx-gallery leaves some reStructuredText in it: links to
# pages, which are not beside a notebook, and links to names.
ON_THE_WEB = "https://github.com/mnist-zoo/mnist-zoo/blob/main/docs"
IN_NOTEBOOKS = (
    (re.compile(r":doc:`/(\w+)`"), rf"[\1]({ON_THE_WEB}/\1.md)"),
    (re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`"), r"`\1`"),
)


def mend_notebooks(app):
    for file in Path(app.srcdir, "gallery").glob("*.ipynb"):
        text = file.read_text(encoding="utf-8")
        for pattern, replacement in IN_NOTEBOOKS:
            text = pattern.sub(replacement, text)
        file.write_text(text, encoding="utf-8")


SCROLLS = 'style="overflow-x: auto; overflow-y: hidden"'  # Where the window is narrow.


def write_inline_math(translator, node):
    """Write a formula as MathML, which browsers show without a script."""
    translator.body.append(mathml(node.astext(), display="inline"))
    raise nodes.SkipNode


def write_block_math(translator, node):
    translator.body.append(f"<div {SCROLLS}>{mathml(node.astext(), display='block')}</div>\n")
    raise nodes.SkipNode


def write_drawing_page(app, error):
    if error is None and app.builder.format == "html":
        write_page(Path(app.outdir) / "draw")


def setup(app):
    app.connect("builder-inited", lambda app: species_pages.write(Path(app.srcdir) / "models"))
    app.connect("builder-inited", mend_notebooks, priority=900)  # After sphinx-gallery.
    app.connect("html-page-context", mend_page, priority=900)  # After the theme.
    app.connect("autodoc-process-docstring", hide_fields_without_docs)
    app.connect("source-read", put_in_place)
    app.connect("build-finished", write_drawing_page)
    app.connect("doctree-read", link_names)
    app.connect("missing-reference", link_elsewhere)
    app.add_html_math_renderer("mathml", (write_inline_math, None), (write_block_math, None))
