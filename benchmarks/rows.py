"""What is measured: the programs that run in turn, and the rows that are read off them."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A job, as done by a plain program and by one of ours.

    Attributes
    ----------
    name : str
        What the row is called in the JSON.
    job : str
        What is done, in words.
    against : str
        What the plain program does.
    plain, ours : str
        The programs in ``programs/``, of one group.
    quantity : str
        What is compared: a key of what the programs print under ``at`` (counted from the start of
        the process) or ``seconds``, or ``process`` (all of it), or ``memory``.
    target : float
        The ratio to reach, plain over ours; 1 where it only must not be worse.
    """

    name: str
    job: str
    against: str
    plain: str
    ours: str
    quantity: str
    target: float


# The programs of a group run one after the other, round after round: A B A B.
GROUPS: tuple[tuple[str, ...], ...] = (
    ("import_plain", "import_ours"),
    ("load_plain", "load_ours"),
    ("fit_plain", "fit_tensorflow", "fit_jax"),
    ("dropout_plain", "dropout_ours"),
    ("reach_plain", "reach_ours"),
    ("predict_plain", "predict_ours"),
    ("picture_plain", "picture_ours"),
)

ROWS = (
    Row(
        "import",
        "import, and list the models",
        "`import tensorflow`",
        "import_plain",
        "import_ours",
        "ready",
        50.0,
    ),
    Row(
        "load_cold",
        "load MNIST from a warm cache, process start included",
        "`import keras`, `np.load`, `/ 255`",
        "load_plain",
        "load_ours",
        "loaded",
        10.0,
    ),
    Row(
        "load_warm",
        "the same inside a running process",
        "`np.load`, `/ 255`",
        "load_plain",
        "load_ours",
        "again",
        4.0,
    ),
    Row(
        "fit_tensorflow",
        "128-64, batch 32, 5 epochs of Adam: `fit` alone, compilation included",
        "plain `fit`",
        "fit_plain",
        "fit_tensorflow",
        "fit",
        3.0,
    ),
    Row(
        "fit_jax",
        "the same on the JAX backend",
        "plain `fit` on TensorFlow",
        "fit_plain",
        "fit_jax",
        "fit",
        5.0,
    ),
    Row(
        "fit_dropout",
        "128-64 with dropout, batch 128, 5 epochs of Adam: `fit` alone",
        "plain `fit`",
        "dropout_plain",
        "dropout_ours",
        "fit",
        1.0,
    ),
    Row(
        "reach",
        "train to 97.73 % (mean of the seeds), `fit` alone",
        "plain `fit`, batch 32",
        "reach_plain",
        "reach_ours",
        "fit",
        6.0,
    ),
    Row(
        "program",
        "the whole program of that, to the printed report",
        "the plain script",
        "reach_plain",
        "reach_ours",
        "process",
        4.0,
    ),
    Row(
        "predict",
        "evaluate and predict 10,000 digits",
        "`model.predict` with defaults",
        "predict_plain",
        "predict_ours",
        "all",
        4.0,
    ),
    Row(
        "picture",
        "classify a picture from the command line, cold",
        "TensorFlow, load `.keras`, predict",
        "picture_plain",
        "picture_ours",
        "read",
        6.0,
    ),
    Row(
        "latency",
        "one digit, warm, in a loop",
        "`model.predict(x[None])`",
        "predict_plain",
        "predict_ours",
        "one",
        100.0,
    ),
    Row(
        "memory",
        "peak of memory of the whole program",
        "the plain script",
        "reach_plain",
        "reach_ours",
        "memory",
        1.0,
    ),
)
