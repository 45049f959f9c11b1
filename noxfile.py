"""The checks of this project, each as a session: ``nox --list`` shows them, ``nox`` runs them all.

Each session installs what it needs into an environment of its own, which the next run uses again.
``nox --no-venv --no-install`` uses the environment that nox itself is installed in, as it is:
``.ci/run`` makes one with ``pip install ".[dev]"``, and so installs TensorFlow only once.
"""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = True

# Those of pyproject.toml. Pythons that are not installed are skipped, except on a CI system.
PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
ALL_TESTS = ("-m", "slow or not slow", "--cov", "--cov-report=term")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code's style, its types and its safety, and the packages it is installed with."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "ruff", "check", ".")
    session.run("python", "-m", "ruff", "format", "--check", ".")
    session.run("python", "-m", "mypy")
    session.run("python", "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", "mnist_zoo")
    session.run("python", "-m", "tools.audit")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests with coverage, or pytest with the arguments after ``--``."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *(session.posargs or ALL_TESTS))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/_build/html; a warning is an error."""
    session.install("-e", ".[docs]")
    options = ("-q", "-W", "--keep-going", *session.posargs)
    session.run("python", "-m", "sphinx", *options, "-b", "html", "docs", "docs/_build/html")


@nox.session
def bench(session: nox.Session) -> None:
    """Run each benchmark once, without publishing, or with the arguments after ``--``."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "benchmarks", *(session.posargs or ("--smoke",)))
