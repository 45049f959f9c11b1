"""Draw accuracy against parameters, for the docs: ``python -m tools.frontier``.

The points of this package are those of the cards. The others are published figures.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_zoo import ModelCard, model_card
from mnist_zoo.models.species import SPECIES
from tools.docs import IMAGES


class Published(NamedTuple):
    """A result that others published.

    Attributes
    ----------
    name : str
        The network, and who published it.
    parameters : int
        How many parameters it has.
    accuracy : float
        Test accuracy as published, in [0, 1].
    """

    name: str
    parameters: int
    accuracy: float


#: LeCun et al. 1998: a test error of 0.95 %. Simard, Steinkraus and Platt 2003: of 0.7 %, with 800
#: hidden units. The description of Keras's example.
PUBLISHED = (
    Published("LeNet-5, LeCun et al. 1998", 61_706, 0.9905),
    Published("dense, Simard et al. 2003", 636_010, 0.9930),
    Published('Keras\'s example, "about 99 %"', 34_826, 0.99),
)
# Where a point's name is: its angle, the end that is at the point, and its distance, in points.
USUAL_PLACE = (35, "left", (6, 4))
PLACES = {
    PUBLISHED[0].name: (-35, "right", (-6, 4)),
    PUBLISHED[2].name: (-35, "right", (-6, 4)),
    "dense_relu": (35, "right", (-5, -8)),
}
# An et al. 2020: the best of their ensembles.
BEST = 0.9991


def cards() -> dict[str, ModelCard]:
    """Return the cards of the trained models, by name; one for each file of parameters."""
    by_file = {row.weights.file: name for name, row in reversed(SPECIES.items()) if row.weights}
    return {name: model_card(name) for name in by_file.values()}


def draw(ax: Axes) -> None:
    """Draw the points into axes: error on a logarithmic scale, as most models are near 100 %."""

    def label(text: str, place: tuple[float, float], color: str) -> None:
        # At an angle, as names of models that are close to each other would overlap.
        angle, end, offset = PLACES.get(text, USUAL_PLACE)
        style: dict[str, Any] = {"rotation": angle, "rotation_mode": "anchor", "ha": end}
        ax.annotate(
            text, place, offset, textcoords="offset points", color=color, fontsize=9, **style
        )

    for name, card in cards().items():
        accuracy, (low, high) = card.test.accuracy, card.test.interval
        place = card.architecture.parameters, 100 * (1 - accuracy)
        bars = [[100 * (high - accuracy)], [100 * (accuracy - low)]]
        ax.errorbar(*place, yerr=bars, fmt="o", color="C0", capsize=3)
        label(name, place, "C0")
    for each in PUBLISHED:
        place = each.parameters, 100 * (1 - each.accuracy)
        ax.plot(*place, "s", color="0.45")
        label(each.name, place, "0.35")
    ax.axhline(100 * (1 - BEST), color="0.45", linestyle="--", linewidth=1)
    ax.annotate(
        "best ensemble of An et al. 2020",
        (0.02, 100 * (1 - BEST)),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        color="0.35",
    )
    ax.set(xscale="log", yscale="log", xlabel="parameters", ylabel="test error, %")
    ax.set(xlim=(4e3, 3e6), ylim=(0.07, 20))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.grid(alpha=0.3)


def main() -> None:
    """Write ``docs/images/frontier.png``."""
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    draw(figure.add_subplot())
    figure.savefig(IMAGES / "frontier.png", dpi=100)


if __name__ == "__main__":
    main()
