"""How the documentation is built: ``python -m sphinx -W -b html docs docs/_build/html``."""

import os

# Keep TensorFlow's log off the pages. It must be set before TensorFlow is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import mnist_zoo

project = "mnist-zoo"
author = "The mnist-zoo developers"
project_copyright = author
version = release = mnist_zoo.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "myst_parser",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "examples", "results/*"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"mnist-zoo {release}"

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autosummary_generate = True
autodoc_typehints = "none"  # The docstrings have the types, with shapes and ranges.
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The inventories of other projects are downloaded. Without them, links to these projects are plain
# text.
if os.environ.get("MNIST_ZOO_DOCS_OFFLINE"):
    intersphinx_mapping = {}
else:
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "capture_repr": (),  # Show what is printed, and not the value of a cell's last line.
    "remove_config_comments": True,
    "show_memory": False,
    "plot_gallery": True,
}


def hide_fields_without_docs(app, what, name, obj, options, lines):
    """Delete the docstring that Python gives each field of a named tuple: it says nothing.

    A field without a docstring of its own is then left out. The class's docstring describes it.
    """
    if what == "class":
        for field in getattr(obj, "_fields", ()):
            getattr(obj, field).__doc__ = None


def setup(app):
    app.connect("autodoc-process-docstring", hide_fields_without_docs)
