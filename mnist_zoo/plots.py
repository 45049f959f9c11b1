"""Pictures of histories, confusions, digits and calibration.

Every function draws on the ``ax`` it is given, or on a new figure of its own, and returns the
``Axes``: ``plots.confusion_matrix(counts).figure.savefig("confusion.png")``. None shows a window,
and none touches pyplot's current figure or matplotlib's settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike

from mnist_zoo import metrics
from mnist_zoo._checks import check_choice, check_integer
from mnist_zoo.pictures import Picture, open_grey

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnist_zoo.evaluation import Evaluation
    from mnist_zoo.reading import Reading

__all__ = [
    "class_bars",
    "confusion_matrix",
    "overview",
    "predictions",
    "reading",
    "reliability_diagram",
    "training_curves",
]

# Two colours that people with any kind of colour vision tell apart (Okabe and Ito).
BLUE, ORANGE = "#0072B2", "#D55E00"
GREY = "0.55"
# From this confidence on, a reading is shown without its probability.
SURE = 0.99


def training_curves(
    history: Mapping[str, Sequence[float]], *, metric: str = "accuracy", ax: Axes | None = None
) -> Axes:
    """Draw a measure after each epoch, on the training and the validation digits.

    Parameters
    ----------
    history : mapping of str to sequence of float
        As in ``Evaluation.history`` or Keras's ``History.history``.
    metric : str, default "accuracy"
        A key of `history`, such as ``"loss"``; with ``"val_" + metric`` if it is there.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If `history` has no such metric.

    Examples
    --------
    >>> from mnist_zoo import plots
    >>> ax = plots.training_curves({"loss": [0.3, 0.1], "val_loss": [0.2, 0.15]}, metric="loss")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['training', 'validation']
    """
    check_choice("metric", metric, history)
    ax = _axes(ax)
    curves = (("training", metric, BLUE, "o"), ("validation", f"val_{metric}", ORANGE, "s"))
    for label, key, color, marker in curves:
        if key in history:
            epochs = range(1, len(history[key]) + 1)
            ax.plot(epochs, history[key], label=label, color=color, marker=marker, markersize=4)
    ax.set(xlabel="epoch", ylabel=metric, title=f"{metric.capitalize()} by epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if metric == "accuracy":
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def confusion_matrix(counts: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix: numbers of digits, coloured by their share of the true class.

    Parameters
    ----------
    counts : array_like of int, shape (classes, classes)
        True classes in rows, predicted ones in columns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If `counts` is not square.

    Examples
    --------
    >>> from mnist_zoo import plots
    >>> plots.confusion_matrix([[9, 1], [0, 10]]).get_xlabel()
    'predicted class'
    """
    matrix = np.asarray(counts)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"counts must be of shape (classes, classes); got {matrix.shape}")
    ax = _axes(ax, size=(6.4, 5.6))
    # Shares on a scale that ends at 5 %, so that mistakes can be told apart from none; whatever
    # is above, as the diagonal is, has the last colour. Zeros are left out: they are not news.
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    sns.heatmap(
        shares,
        annot=np.where(matrix == 0, "", matrix.astype(str)),
        fmt="",
        cmap="Blues",
        vmin=0.0,
        vmax=0.05,
        square=True,
        linewidths=0.5,
        linecolor="0.9",
        cbar_kws={
            "label": "share of the true class",
            "format": PercentFormatter(1.0, 0),
            "extend": "max",
        },
        ax=ax,
    )
    ax.set(xlabel="predicted class", ylabel="true class", title="Confusion matrix")
    ax.tick_params(axis="y", labelrotation=0)
    return ax


def predictions(
    images: ArrayLike,
    labels: ArrayLike,
    predicted: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    columns: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw a grid of digits, each with its true and its predicted class; wrong ones are marked.

    Parameters
    ----------
    images : array_like, shape (n, 28, 28) or (n, 784)
        The pictures, as many as are to be drawn.
    labels, predicted : array_like of int, shape (n,)
        True and predicted classes.
    probabilities : array_like of float, shape (n, classes), optional
        If given, each digit shows how probable its predicted class is.
    columns : int, default 10
        Digits in a row.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there are no pictures, or not as many of everything.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import plots
    >>> ax = plots.predictions(np.zeros((2, 28, 28)), [3, 5], [3, 6])
    >>> [text.get_text() for text in ax.texts]
    ['3', '5 read as 6']
    """
    pictures = np.asarray(images)
    truth, guesses = np.asarray(labels), np.asarray(predicted)
    count, columns = len(pictures), check_integer("columns", columns, 1)
    if not count or not len(truth) == len(guesses) == count:
        raise ValueError(
            "images, labels and predicted must be of one length, and not empty; got "
            f"{count}, {len(truth)} and {len(guesses)}"
        )
    side = 28
    pictures = pictures.reshape(count, side, side).astype(np.float32)
    columns = min(columns, count)
    rows = -(-count // columns)
    # A cell is the picture and a margin, wider on top, where its caption goes.
    top, margin = 9, 3
    height, width = side + top + margin, side + 2 * margin
    ax = _axes(ax, size=(max(1.1 * columns, 3.0), 1.3 * rows + 0.4))
    ax.set(xlim=(0, columns * width), ylim=(rows * height, 0), aspect="equal")
    ax.axis("off")
    for number, picture in enumerate(pictures):
        left, up = (number % columns) * width + margin, (number // columns) * height + top
        wrong = truth[number] != guesses[number]
        ax.imshow(
            picture,
            cmap="gray_r",
            extent=(left, left + side, up + side, up),
            interpolation="nearest",
        )
        frame = {"edgecolor": ORANGE, "linewidth": 2.0} if wrong else {"edgecolor": "0.8"}
        ax.add_patch(_rectangle((left, up), side, side, **frame))
        caption = f"{truth[number]} read as {guesses[number]}" if wrong else f"{truth[number]}"
        if probabilities is not None:
            caption += f" ({np.asarray(probabilities)[number, guesses[number]]:.0%})"
        ax.text(
            left + side / 2,
            up - 1.5,
            caption,
            ha="center",
            va="bottom",
            fontsize=7,
            color=ORANGE if wrong else "black",
            fontweight="bold" if wrong else "normal",
        )
    # imshow has set the limits to the last picture's.
    ax.set(xlim=(0, columns * width), ylim=(rows * height, 0))
    return ax


def class_bars(
    report: metrics.ClassReport, *, metric: str = "recall", ax: Axes | None = None
) -> Axes:
    """Draw a bar for each class; recall comes with its 95 % Wilson interval.

    Parameters
    ----------
    report : ClassReport
        As from :func:`mnist_zoo.metrics.class_report` or ``Evaluation.report``.
    metric : {"precision", "recall", "f1"}, default "recall"
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If `metric` is none of the three.

    Examples
    --------
    >>> from mnist_zoo import metrics, plots
    >>> report = metrics.class_report([0, 1, 1], [0, 0, 1], classes=2)
    >>> plots.class_bars(report).get_title()
    'Recall by class'
    """
    check_choice("metric", metric, ("precision", "recall", "f1"))
    values = np.asarray(getattr(report, metric))
    ax = _axes(ax)
    classes = np.arange(len(values))
    ax.bar(classes, values, color=BLUE, width=0.7)
    lowest = values.min()
    if metric == "recall":
        seen = [number for number in classes if report.support[number]]
        intervals = np.array(
            [
                metrics.wilson_interval(round(values[number] * total), total)
                for number, total in ((number, int(report.support[number])) for number in seen)
            ]
        )
        reach = np.abs(intervals - values[seen, None]).T
        ax.errorbar(seen, values[seen], reach, fmt="none", ecolor="black", capsize=3, linewidth=1)
        lowest = min(lowest, intervals.min())
    name = {"f1": "F1"}.get(metric, metric.capitalize())
    # Bars of 98 % all look alike on an axis that starts at 0: start below the lowest.
    ax.set_ylim(max(0.0, lowest - 0.25 * (1.0 - lowest) - 0.005), 1.0)
    ax.set(xlabel="class", ylabel=name, title=f"{name} by class", xticks=classes)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    return ax


def reliability_diagram(calibration: metrics.Calibration, *, ax: Axes | None = None) -> Axes:
    """Draw accuracy against confidence, bin by bin: on the diagonal, confidence can be believed.

    Parameters
    ----------
    calibration : Calibration
        As from :func:`mnist_zoo.metrics.expected_calibration_error` or
        ``Evaluation.calibration``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from mnist_zoo import metrics, plots
    >>> probabilities = [[0.9, 0.1], [0.4, 0.6]]
    >>> calibration = metrics.expected_calibration_error([0, 1], probabilities)
    >>> plots.reliability_diagram(calibration).get_xlabel()
    'confidence'
    """
    ax = _axes(ax, size=(5.0, 5.0))
    edges, filled = calibration.edges, calibration.counts > 0
    ax.bar(
        edges[:-1][filled],
        calibration.accuracy[filled],
        width=np.diff(edges)[filled],
        align="edge",
        color=BLUE,
        alpha=0.75,
        edgecolor="white",
        label="accuracy in the bin",
    )
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="confidence = accuracy")
    ax.plot(
        calibration.confidence[filled],
        calibration.accuracy[filled],
        linestyle="none",
        marker="o",
        markersize=4,
        color=ORANGE,
        label="at the mean confidence",
    )
    for left, right, count, height in zip(
        edges[:-1][filled],
        edges[1:][filled],
        calibration.counts[filled],
        calibration.accuracy[filled],
        strict=True,
    ):
        middle = (left + right) / 2
        ax.text(
            middle, height + 0.01, f"{count:,}", ha="center", va="bottom", fontsize=6, rotation=90
        )
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1.12),
        xlabel="confidence",
        ylabel="accuracy",
        title=f"Reliability: expected calibration error {calibration.error:.2%}",
    )
    ax.legend(loc="upper left", fontsize=8)
    return ax


def reading(picture: Picture, read: Reading, *, ax: Axes | None = None) -> Axes:
    """Draw a picture, upright and in grey, with a box and a reading for every digit in it.

    How probable a reading is is shown where that is less than 99 %.

    Parameters
    ----------
    picture : path, bytes, PIL.Image.Image or ndarray
        What was read.
    read : Reading
        As from :func:`~mnist_zoo.read_digits`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    PictureError
        If the picture cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from mnist_zoo import plots, read_digits
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 100:115] = 20
    >>> ax = plots.reading(paper, read_digits(paper))
    >>> [text.get_text()[0] for text in ax.texts]
    ['1']
    """
    plane, factor = open_grey(picture)
    height, width = (factor * side for side in plane.shape)
    ax = _axes(ax, size=(8.0, max(2.0, 8.0 * min(2.0, height / width))))
    ax.imshow(plane, cmap="gray", vmin=0.0, vmax=1.0, extent=(0, width, height, 0))
    for box, digit, confidence in zip(read.boxes, read.digits, read.confidences, strict=True):
        across, down = box.right - box.left, box.bottom - box.top
        # Outside the strokes, and never so thin that it cannot be seen.
        room = 0.08 * max(across, down)
        frame = (box.left - room, box.top - room), across + 2 * room, down + 2 * room
        ax.add_patch(_rectangle(*frame, edgecolor=ORANGE, linewidth=1.5))
        ax.annotate(
            f"{digit}" if confidence >= SURE else f"{digit} ({confidence:.0%})",
            (box.left - room, box.top - room),
            xytext=(0, 2),
            textcoords="offset points",
            color=ORANGE,
            fontsize=9,
            fontweight="bold",
        )
    ax.axis("off")
    return ax


def overview(evaluation: Evaluation) -> Figure:
    """Draw an evaluation on one page: confusion, recall, reliability, and the training's course.

    Parameters
    ----------
    evaluation : Evaluation
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from mnist_zoo import evaluate, linear, load_mnist, plots
    >>> figure = plots.overview(evaluate(linear(seed=0), load_mnist(source="sample")))
    >>> len(figure.get_axes())  # three panels and a colour bar: nothing was trained
    4
    """
    curves = [name for name in ("loss", "accuracy") if evaluation.history.get(name)]
    rows: list[Any] = [["confusion"] * 2 + ["classes"] * 2 + ["reliability"] * 2]
    if curves:
        rows.append(["loss"] * 3 + ["accuracy"] * 3)
    figure = Figure(figsize=(16.0, 4.8 * len(rows)), layout="constrained")
    panels = figure.subplot_mosaic(rows)
    confusion_matrix(evaluation.confusion_matrix, ax=panels["confusion"])
    class_bars(evaluation.report, ax=panels["classes"])
    reliability_diagram(evaluation.calibration, ax=panels["reliability"])
    for name in curves:
        training_curves(evaluation.history, metric=name, ax=panels[name])
    figure.suptitle("   ".join(evaluation.summary()[:2]))
    return figure


def _axes(ax: Axes | None, size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    """Return `ax`, or the axes of a new figure that pyplot does not know of."""
    if ax is not None:
        return ax
    return Figure(figsize=size, layout="constrained").add_subplot()


def _rectangle(corner: tuple[float, float], width: float, height: float, **style: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, fill=False, **style)
