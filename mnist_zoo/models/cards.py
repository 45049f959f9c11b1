"""What is known of trained parameters, as a typed card: :class:`ModelCard`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mnist_zoo.markup import facts, folded, joined, table
from mnist_zoo.metrics.measures import Measures
from mnist_zoo.models.layers import LayerSpec, Setting


@dataclass(frozen=True)
class Architecture:
    """The layers that a file of parameters is for.

    Attributes
    ----------
    input_shape : tuple of int
        Shape of one picture.
    layers : tuple of LayerSpec
        The layers, in the order in which they are applied.
    chain : bool
        Whether each layer takes what the layer before it returns.
    parameters : int
        Number of parameters.
    """

    input_shape: tuple[int, ...]
    layers: tuple[LayerSpec, ...]
    chain: bool
    parameters: int


class SeedRecord(NamedTuple):
    """What one seed of a training reached.

    Attributes
    ----------
    seed : int
        The seed.
    validation_accuracy : float or None
        On the digits that choose the seed, in [0, 1]; None if all digits were trained on.
    test_accuracy : float
        On the test digits, in [0, 1].
    plan_accuracy : float or None
        On others, by which the settings were chosen; None if all digits were trained on.
    """

    seed: int
    validation_accuracy: float | None
    test_accuracy: float
    plan_accuracy: float | None = None


@dataclass(frozen=True)
class TrainingRecord:
    """How parameters were trained.

    Attributes
    ----------
    command : str
        What was run.
    digits : str
        On which digits, in words.
    seed : int
        The seed that was chosen, by its validation accuracy where there are several.
    seeds : tuple of SeedRecord
        Every seed that was tried.
    settings : mapping of str to Setting
        The settings of the training.
    data_sha256 : mapping of str to str
        The digests of the arrays it was trained on.
    versions : mapping of str to str
        The versions of Python and the libraries.
    losses, accuracies : tuple of float
        The mean loss and accuracy of each epoch, on the changed training digits; empty if they were
        not recorded.
    """

    command: str
    digits: str
    seed: int
    seeds: tuple[SeedRecord, ...]
    settings: Mapping[str, Setting]
    data_sha256: Mapping[str, str]
    versions: Mapping[str, str]
    losses: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()


class CorrectedLabels(NamedTuple):
    """The accuracy with corrected test labels [1]_.

    Attributes
    ----------
    digits : int
        Number of digits; those without an agreed label are left out.
    accuracy : float
        In [0, 1].

    References
    ----------
    .. [1] C. G. Northcutt, A. Athalye and J. Mueller, "Pervasive label errors in test sets
       destabilize machine learning benchmarks", NeurIPS 2021 Datasets and Benchmarks.
    """

    digits: int
    accuracy: float


@dataclass(frozen=True)
class RobustnessRecord:
    """What :func:`~mnist_zoo.robustness` found.

    Attributes
    ----------
    mean, mean_unlike_training : float
        Mean accuracy over the fifteen corruptions, and over those that are unlike the distortions
        of the package.
    accuracies, calibration_errors : mapping of str to float
        For each corruption.
    sure, auroc : mapping of str to float
        For each kind of pictures that are no digits: the share that the model is over 90 % sure of,
        and how well its confidence tells them from digits.
    """

    mean: float
    mean_unlike_training: float
    accuracies: Mapping[str, float]
    calibration_errors: Mapping[str, float]
    sure: Mapping[str, float]
    auroc: Mapping[str, float]


@dataclass(frozen=True)
class Speed:
    """The time of forward passes.

    Attributes
    ----------
    machine : str
        What they were measured on, and how.
    milliseconds : mapping of int to float
        The median time, in milliseconds, for a batch of so many digits.
    """

    machine: str
    milliseconds: Mapping[int, float]


@dataclass(frozen=True, repr=False)
class ModelCard:
    """What is known of the trained parameters of a model; prints as text.

    Attributes
    ----------
    file, sha256 : str
        The file in the package's folder ``models/weights``, and the digest of its bytes.
    architecture : Architecture
        The layers that the parameters are for.
    training : TrainingRecord
        How they were trained, and how good every seed was.
    test : Measures
        Measured on the 10,000 test digits of MNIST, in one forward pass.
    corrected_labels : CorrectedLabels
        The accuracy on them with corrected labels.
    robustness : RobustnessRecord
        Measured on them when they are spoilt, and on pictures that are no digits.
    speed : Speed
        Time of forward passes, on the machine that made the card.
    licence, intended_use, limits : str
        What the parameters may be, and are to be, used for, and what not to expect of them.
    """

    file: str
    sha256: str
    architecture: Architecture
    training: TrainingRecord
    test: Measures
    corrected_labels: CorrectedLabels
    robustness: RobustnessRecord
    speed: Speed
    licence: str
    intended_use: str
    limits: str

    def __repr__(self) -> str:
        return (
            f"ModelCard(file={self.file!r}, parameters={self.architecture.parameters}, "
            f"test_accuracy={self.test.accuracy})"
        )

    def __str__(self) -> str:
        return "\n".join(f"{name:<18}{text}" for name, text in self.rows())

    def _repr_html_(self) -> str:
        layers = [
            (layer.name, layer.kind, " x ".join(map(str, layer.output_shape)), layer.parameters)
            for layer in self.architecture.layers
        ]
        spoilt = [
            (name, f"{accuracy:.2%}", f"{self.robustness.calibration_errors[name]:.2%}")
            for name, accuracy in self.robustness.accuracies.items()
        ]
        return joined(
            facts(self.rows()),
            folded("layers", table(("layer", "kind", "output", "parameters"), layers)),
            folded("spoilt digits", table(("spoilt by", "accuracy", "calibration error"), spoilt)),
        )

    def rows(self) -> list[tuple[str, str]]:
        """Return what the card says as text: the name of each fact, and the fact.

        Returns
        -------
        list of (str, str)
        """
        low, high = self.test.interval
        accuracies = self.robustness.accuracies
        where = min(accuracies, key=accuracies.__getitem__)
        worst = accuracies[where]
        sure = ", ".join(f"{share:.0%} of {kind}" for kind, share in self.robustness.sure.items())
        seeds = ", ".join(f"{record.test_accuracy:.2%}" for record in self.training.seeds)
        chose = "validation chose" if len(self.training.seeds) > 1 else "the only one was"
        rows = {
            "parameters": f"{self.architecture.parameters:,}",
            "test accuracy": f"{self.test.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})",
            "labels corrected": f"{self.corrected_labels.accuracy:.2%} of "
            f"{self.corrected_labels.digits:,} digits",
            "loss": f"{self.test.loss:.4f}",
            "Brier score": f"{self.test.brier_score:.5f}",
            "calibration error": f"{self.test.calibration.error:.2%}",
            "corruptions": f"{self.robustness.mean:.2%} on average, {worst:.2%} at worst ({where})",
            "not digits": f"over 90 % sure of {sure}",
            "over the seeds": f"{seeds}; {chose} seed {self.training.seed}",
            "trained by": self.training.command,
            "file": f"{self.file}, SHA-256 {self.sha256}",
            "licence": self.licence,
            "intended use": self.intended_use,
            "limits": self.limits,
        }
        return list(rows.items())

    def to_dict(self) -> dict[str, Any]:
        """Return the card in types that JSON has.

        Returns
        -------
        dict
        """
        return {
            **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)},
            "architecture": {
                "input_shape": list(self.architecture.input_shape),
                "layers": [layer.to_dict() for layer in self.architecture.layers],
                "chain": self.architecture.chain,
                "parameters": self.architecture.parameters,
            },
            "training": {
                **dataclasses.asdict(self.training),
                "seeds": [record._asdict() for record in self.training.seeds],
                "losses": list(self.training.losses),
                "accuracies": list(self.training.accuracies),
            },
            "test": self.test.to_dict(),
            "corrected_labels": self.corrected_labels._asdict(),
            "robustness": dataclasses.asdict(self.robustness),
            "speed": {
                "machine": self.speed.machine,
                "milliseconds": {str(n): ms for n, ms in self.speed.milliseconds.items()},
            },
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> ModelCard:
        """Return the card that :meth:`to_dict` described.

        Parameters
        ----------
        facts : mapping
            What JSON gave back.

        Returns
        -------
        ModelCard
        """
        architecture, training, speed = facts["architecture"], facts["training"], facts["speed"]
        return cls(
            **{
                **facts,
                "architecture": Architecture(
                    tuple(architecture["input_shape"]),
                    tuple(LayerSpec.from_dict(layer) for layer in architecture["layers"]),
                    architecture["chain"],
                    architecture["parameters"],
                ),
                "training": TrainingRecord(
                    **{
                        **training,
                        "seeds": tuple(SeedRecord(**record) for record in training["seeds"]),
                        "losses": tuple(training.get("losses", ())),
                        "accuracies": tuple(training.get("accuracies", ())),
                    }
                ),
                "test": Measures.from_dict(facts["test"]),
                "corrected_labels": CorrectedLabels(**facts["corrected_labels"]),
                "robustness": RobustnessRecord(**facts["robustness"]),
                "speed": Speed(
                    speed["machine"], {int(n): ms for n, ms in speed["milliseconds"].items()}
                ),
            }
        )
