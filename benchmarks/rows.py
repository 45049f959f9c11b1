"""What is measured: groups of programs that run in turn, and the rows that are read off them.

To add a row, write its programs in ``programs/`` and its :class:`Row` in one of the groups. All
are in :data:`GROUPS`, which ``python -m benchmarks`` and the tests read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec

from mnist_zoo import list_models
from mnist_zoo.training.loops import LOOPS


@dataclass(frozen=True, kw_only=True)
class Row:
    """A job, as done by a plain program and by one of ours.

    Attributes
    ----------
    name : str
        What the row is called in the JSON.
    job : str
        What is done, in words.
    against : str
        What the plain program does, in words.
    plain, ours : str
        The two programs: names of files in ``programs/``, without their ending; where it is not
        TensorFlow, with Keras's backend: ``"fit_ours@jax"``.
    quantity : str
        What is compared: a key of what the programs print under ``at`` (counted from the start of
        the process) or ``seconds``, or ``process`` (all of it), or ``memory``.
    target : float
        The ratio to reach, plain over ours; 1 where ours only must not be worse.
    """

    name: str
    job: str
    against: str
    plain: str
    ours: str
    quantity: str
    target: float


@dataclass(frozen=True, kw_only=True)
class Group:
    """Programs that do the same work, and run one after the other, round after round: A B A B.

    Attributes
    ----------
    rows : tuple of Row
        What is read off the programs.
    tolerance : float
        By how much the numbers that the programs give as their work may differ; 0 where they must
        be equal, up to rounding.
    goal : float or None
        The accuracy that our programs must reach, in the mean over the rounds; None for none.
    same_work_when_warming_up : bool
        Whether the programs do the same work in the warm-up round too, which trains for a single
        epoch. Not where the programs train with different settings to the same accuracy.
    """

    rows: tuple[Row, ...]
    tolerance: float = 0.0
    goal: float | None = None
    same_work_when_warming_up: bool = True

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs of the rows, each once, in the order in which they run."""
        return tuple(
            dict.fromkeys(program for row in self.rows for program in (row.plain, row.ours))
        )

    @property
    def our_programs(self) -> tuple[str, ...]:
        """Those of them that use mnist-zoo."""
        return tuple(dict.fromkeys(row.ours for row in self.rows))


# The backends of Keras that train. The first is the default, which no program names.
BACKENDS = tuple(LOOPS)
# The dense ones: convolutions are measured by the network of six, in far less time.
SPECIES = (*list_models("dense*"), *list_models("linear*"))


def on(program: str, backend: str) -> str:
    """Return the name of a program on a backend."""
    return program if backend == BACKENDS[0] else f"{program}@{backend}"


# Two trainings with one seed differ as much as two seeds do. After five epochs the standard
# deviation is 0.2 points; after the single epoch of a warm-up, 1.1 points apart were seen.
SAME_ACCURACY = 0.02

PROGRAM_GROUPS = (
    Group(
        rows=(
            Row(
                name="import",
                job="import, and list the models",
                against="`import tensorflow`",
                plain="import_plain",
                ours="import_ours",
                quantity="ready",
                target=50.0,
            ),
        ),
    ),
    Group(
        rows=(
            Row(
                name="load_cold",
                job="load MNIST from a warm cache, process start included",
                against="`import keras`, `np.load`, `/ 255`",
                plain="load_plain",
                ours="load_ours",
                quantity="loaded",
                target=10.0,
            ),
            Row(
                name="load_warm",
                job="the same inside a running process",
                against="`np.load`, `/ 255`",
                plain="load_plain",
                ours="load_ours",
                quantity="again",
                target=4.0,
            ),
        ),
    ),
    Group(
        tolerance=SAME_ACCURACY,
        rows=(
            Row(
                name="fit_tensorflow",
                job="128-64, batch 32, 5 epochs of Adam: `fit` alone, compilation included",
                against="plain `fit`",
                plain="fit_plain",
                ours="fit_ours",
                quantity="fit",
                target=3.0,
            ),
            Row(
                name="fit_jax",
                job="the same on the JAX backend",
                against="plain `fit` on TensorFlow",
                plain="fit_plain",
                ours="fit_ours@jax",
                quantity="fit",
                target=5.0,
            ),
            Row(
                name="fit_jax_alone",
                job="the same on the JAX backend",
                against="plain `fit` on JAX",
                plain="fit_plain@jax",
                ours="fit_ours@jax",
                quantity="fit",
                target=1.0,
            ),
            Row(
                name="fit_torch",
                job="the same on the torch backend",
                against="plain `fit` on torch",
                plain="fit_plain@torch",
                ours="fit_ours@torch",
                quantity="fit",
                target=1.0,
            ),
            Row(
                name="fit_torch_alone",
                job="the same on the torch backend",
                against="torch without Keras",
                plain="dense_torch@torch",
                ours="fit_ours@torch",
                quantity="fit",
                target=1.0,
            ),
        ),
    ),
    Group(
        tolerance=SAME_ACCURACY,
        rows=(
            Row(
                name="fit_dropout",
                job="128-64 with dropout, batch 128, 5 epochs of Adam: `fit` alone",
                against="plain `fit`",
                plain="dropout_plain",
                ours="dropout_ours",
                quantity="fit",
                target=1.0,
            ),
        ),
    ),
    Group(
        tolerance=SAME_ACCURACY,
        goal=0.9773,
        # One epoch of 60,000 digits is far from the goal, and further in larger batches.
        same_work_when_warming_up=False,
        rows=(
            Row(
                name="reach",
                job="train to 97.73 % (mean of the seeds), `fit` alone",
                against="plain `fit`, batch 32",
                plain="reach_plain",
                ours="reach_ours",
                quantity="fit",
                target=6.0,
            ),
            Row(
                name="program",
                job="the whole program of that, to the printed report",
                against="the plain script",
                plain="reach_plain",
                ours="reach_ours",
                quantity="process",
                target=4.0,
            ),
            Row(
                name="program_jax",
                job="the same on the JAX backend",
                against="the plain script",
                plain="reach_plain",
                ours="reach_ours@jax",
                quantity="process",
                target=4.0,
            ),
            Row(
                name="memory",
                job="peak of memory of the whole program",
                against="the plain script",
                plain="reach_plain",
                ours="reach_ours",
                quantity="memory",
                target=1.0,
            ),
        ),
    ),
    Group(
        rows=(
            Row(
                name="predict",
                job="evaluate and predict 10,000 digits",
                against="`model.predict` with defaults",
                plain="predict_plain",
                ours="predict_ours",
                quantity="all",
                target=4.0,
            ),
            Row(
                name="latency",
                job="one digit, warm, in a loop",
                against="`model.predict(x[None])`",
                plain="predict_plain",
                ours="predict_ours",
                quantity="one",
                target=100.0,
            ),
        ),
    ),
    Group(
        rows=(
            Row(
                name="picture",
                job="classify a picture from the command line, cold",
                against="TensorFlow, load `.keras`, predict",
                plain="picture_plain",
                ours="picture_ours",
                quantity="read",
                target=6.0,
            ),
        ),
    ),
)


NETWORK = Group(
    tolerance=0.02,
    # After a single epoch, the accuracy depends on the first weights more than on anything else.
    same_work_when_warming_up=False,
    rows=(
        *(
            Row(
                name=f"network_{backend}",
                job=f"an epoch of six convolutions, batch 128, on {backend}",
                against=f"plain `fit` on {backend}",
                plain=on("network_plain", backend),
                ours=on("network_ours", backend),
                quantity="epoch",
                target=1.0,
            )
            for backend in BACKENDS
        ),
        *(
            Row(
                name=f"network_{backend}_torch",
                job=f"an epoch of six convolutions, batch 128, on {backend}",
                against="torch without Keras",
                plain="network_torch@torch",
                ours=on("network_ours", backend),
                quantity="epoch",
                target=1.0,
            )
            for backend in ("tensorflow", "torch")
        ),
    ),
)

SPECIES_GROUPS = tuple(
    Group(
        tolerance=0.02,
        same_work_when_warming_up=False,
        rows=tuple(
            Row(
                name=f"{species}_{backend}",
                job=f"an epoch of `{species}`, batch 32, on {backend}",
                against=f"plain `fit` on {backend}",
                plain=on("species_plain", backend),
                ours=on("species_ours", backend),
                quantity=species,
                target=1.0,
            )
            for species in SPECIES
        ),
    )
    for backend in BACKENDS
)

GROUPS = (*PROGRAM_GROUPS, NETWORK, *SPECIES_GROUPS)
ROW_NAMES = tuple(row.name for group in GROUPS for row in group.rows)


def missing(row: Row) -> str | None:
    """Return a backend that a row needs and that is not installed; None if there is none."""
    backends = (program.partition("@")[2] for program in (row.plain, row.ours))
    return next((each for each in backends if each and not find_spec(each)), None)


def select(names: Collection[str]) -> list[Group]:
    """Return the groups with the rows of these names that can run here; not those without one."""
    groups = []
    for group in GROUPS:
        rows = tuple(row for row in group.rows if row.name in names and not missing(row))
        if rows:
            groups.append(dataclasses.replace(group, rows=rows))
    return groups
