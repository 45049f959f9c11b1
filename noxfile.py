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
ALL_TESTS = ("-m", "slow or not slow")
# Kept for the session that reports on all tests together.
MEASURED = ("--cov", "--cov-report=", "--cov-fail-under=0")
# TensorFlow's tests are those of the session before.
BACKENDS = ("jax", "torch", "openvino")
# What uses Keras. The rest is the same on every backend.
KERAS_TESTS = (
    *("tests/training", "tests/models", "tests/evaluation", "tests/export"),
    *("tests/cli/test_training.py", "tests/cli/test_models.py", "tests/test_extending.py"),
)
# Keras does not train on OpenVINO, and most of the tests of provenance train.
OPENVINO_TESTS = (
    *("tests/models", "tests/evaluation", "tests/export"),
    "--ignore=tests/models/test_provenance.py",
)
FIND = "import importlib.util; print(importlib.util.find_spec('{}') or '', end='')"


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code's style, spelling, types and safety, and the packages it is installed with."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "ruff", "check", ".")
    session.run("python", "-m", "ruff", "format", "--check", ".")
    session.run("codespell")
    session.run("python", "-m", "mypy")
    session.run("python", "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", "mnist_zoo")
    session.run("python", "-m", "tools.audit")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests with coverage, or pytest with the arguments after ``--``."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *(session.posargs or (*ALL_TESTS, *MEASURED)))


@nox.session
@nox.parametrize("backend", BACKENDS)
def backends(session: nox.Session, backend: str) -> None:
    """Run the tests that use Keras on its other backends, on OpenVINO without training."""
    session.install("-e", ".[test]", backend)
    if not session.run("python", "-c", FIND.format(backend), silent=True, log=False):
        session.skip(f"{backend} is not installed")
    paths = OPENVINO_TESTS if backend == "openvino" else KERAS_TESTS
    options = (*paths, *MEASURED, "--cov-append")
    env = {
        "KERAS_BACKEND": backend,
        # On JAX most of the time goes into compiling, which takes 40 % less without optimization,
        # and a fifth less if what was compiled is kept for other tests.
        "XLA_FLAGS": "--xla_backend_optimization_level=0",
        "JAX_COMPILATION_CACHE_DIR": str(session.cache_dir.absolute() / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.05",
    }
    session.run("python", "-m", "pytest", *options, env=env)


@nox.session
def coverage(session: nox.Session) -> None:
    """Report which lines no test of the last two sessions ran; too many are an error."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "coverage", "report")


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
