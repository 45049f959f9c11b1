"""Draw accuracy against size, time and robustness, for the docs: ``python -m tools.frontier``.

The points of this package are those of the cards. The others are published figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
Places = Mapping[str, tuple[int, str, tuple[int, int]]]
USUAL_PLACE = (35, "left", (6, 4))
PLACES: Places = {
    PUBLISHED[0].name: (-35, "right", (-6, 4)),
    PUBLISHED[2].name: (-35, "right", (-6, 4)),
    "dense_relu": (-35, "left", (5, -12)),
    "lenet5": (-35, "left", (6, -10)),
    "keras_convnet": (35, "right", (-4, -10)),
}
# The same, where the points are over their times, and over their errors on spoilt digits.
UPRIGHT = (90, "left", (3, 22))
PLACES_BY_TIME: Places = {**PLACES, "vision_transformer": UPRIGHT}
PLACES_BY_ROBUSTNESS: Places = {
    "vision_transformer": UPRIGHT,
    "convnet_small": UPRIGHT,
    "dense_relu": (-35, "left", (5, -12)),
    "lenet5": (-35, "left", (6, -10)),
    "keras_convnet": (-35, "right", (-6, 4)),
}
# An et al. 2020: the best of their ensembles.
BEST = 0.9991


def cards() -> dict[str, ModelCard]:
    """Return the cards of the trained models, by name; one for each file of parameters."""
    by_file = {row.weights.file: name for name, row in reversed(SPECIES.items()) if row.weights}
    return {name: model_card(name) for name in by_file.values()}


def draw(
    ax: Axes, abscissa: Callable[[ModelCard], float], name: str, places: Places = PLACES
) -> None:
    """Draw the test error of each card against something else, on logarithmic scales."""
    for model, card in cards().items():
        accuracy, (low, high) = card.test.accuracy, card.test.interval
        place = abscissa(card), 100 * (1 - accuracy)
        bars = [[100 * (high - accuracy)], [100 * (accuracy - low)]]
        ax.errorbar(*place, yerr=bars, fmt="o", color="C0", capsize=3)
        _label(ax, model, place, "C0", places)
    ax.set(xscale="log", yscale="log", xlabel=name, ylabel="test error, %")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.grid(alpha=0.3)


def draw_published(ax: Axes) -> None:
    """Draw what others published into axes that have numbers of parameters."""
    for each in PUBLISHED:
        place = each.parameters, 100 * (1 - each.accuracy)
        ax.plot(*place, "s", color="0.45")
        _label(ax, each.name, place, "0.35")
    ax.axhline(100 * (1 - BEST), color="0.45", linestyle="--", linewidth=1)
    ax.annotate(
        "best ensemble of An et al. 2020",
        (0.02, 100 * (1 - BEST)),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        color="0.35",
    )


def _label(
    ax: Axes, text: str, place: tuple[float, float], color: str, places: Places = PLACES
) -> None:
    # At an angle, as names of models that are close to each other would overlap.
    angle, end, offset = places.get(text, USUAL_PLACE)
    style: dict[str, Any] = {"rotation": angle, "rotation_mode": "anchor", "ha": end}
    ax.annotate(text, place, offset, textcoords="offset points", color=color, fontsize=9, **style)


def main() -> None:
    """Write ``docs/images/frontier.png`` and ``docs/images/cost.png``."""
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    ax = figure.add_subplot()
    draw(ax, lambda card: card.architecture.parameters, "parameters")
    draw_published(ax)
    ax.set(xlim=(4e3, 3e6), ylim=(0.07, 20))
    figure.savefig(IMAGES / "frontier.png", dpi=100)

    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    milliseconds = "time for 10,000 digits, ms"
    draw(left, lambda card: card.speed.milliseconds[10_000], milliseconds, PLACES_BY_TIME)
    spoilt = "error on spoilt digits, %"
    draw(right, lambda card: 100 * (1 - card.robustness.mean), spoilt, PLACES_BY_ROBUSTNESS)
    right.set(ylabel="")
    right.set_xticks([3, 5, 10, 20, 40], ["3", "5", "10", "20", "40"])
    right.set_xticks([], minor=True)
    right.margins(x=0.2)
    left.margins(x=0.2, y=0.1)
    figure.savefig(IMAGES / "cost.png", dpi=100)


if __name__ == "__main__":
    main()
