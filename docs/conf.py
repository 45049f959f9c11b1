"""How the documentation is built: ``python -m sphinx -W -b html docs docs/_build/html``."""

import os

# Before anything imports TensorFlow: pages should show results, not its log.
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
exclude_patterns = ["_build", "examples", "results/*"]
html_theme = "furo"
html_title = f"mnist-zoo {release}"

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autosummary_generate = True
autodoc_typehints = "none"  # The docstrings say more than the types alone.
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The inventories of other projects come from the internet: without it, their names are plain text.
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
    "remove_config_comments": True,
    "show_memory": False,
    "plot_gallery": True,
}
