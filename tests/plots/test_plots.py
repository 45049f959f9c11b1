"""plots: what is drawn, where, and that nothing else changes."""

from __future__ import annotations

import dataclasses

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mnist_zoo import Evaluation, linear, metrics, plots, read_digits

RNG = np.random.default_rng(0)
LABELS = np.arange(200) % 10
PROBABILITIES = RNG.dirichlet(np.full(10, 0.2), 200)
PREDICTED = PROBABILITIES.argmax(axis=1)
HISTORY = {
    "loss": (0.5, 0.2, 0.1),
    "val_loss": (0.4, 0.3, 0.3),
    "accuracy": (0.9, 0.95, 0.97),
}

PAPER = np.full((200, 300), 230, np.uint8)
PAPER[40:160, 100:115] = 20

DRAWINGS = {
    "reading": lambda **options: plots.reading(PAPER, read_digits(PAPER), **options),
    "training_curves": lambda **options: plots.training_curves(HISTORY, **options),
    "confusion_matrix": lambda **options: plots.confusion_matrix(
        metrics.confusion_matrix(LABELS, PREDICTED), **options
    ),
    "predictions": lambda **options: plots.predictions(
        RNG.random((200, 28, 28))[:25], LABELS[:25], PREDICTED[:25], **options
    ),
    "class_bars": lambda **options: plots.class_bars(
        metrics.class_report(LABELS, PREDICTED), **options
    ),
    "reliability_diagram": lambda **options: plots.reliability_diagram(
        metrics.expected_calibration_error(LABELS, PROBABILITIES), **options
    ),
}
every_drawing = pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)


def test_every_plot_is_drawn_here():
    assert set(DRAWINGS) | {"overview", "readings"} == set(plots.__all__)


@every_drawing
def test_a_plot_without_axes_is_a_figure_of_its_own_that_can_be_saved(draw, tmp_path):
    settings = dict(mpl.rcParams)
    ax = draw()
    ax.figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5_000
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings


@every_drawing
def test_a_plot_is_drawn_on_the_axes_it_is_given_and_on_no_other(draw):
    left, right = Figure().subplots(1, 2)
    assert draw(ax=right) is right
    assert right.has_data()
    assert not left.has_data()


def test_curves_of_training_and_validation_have_the_values_of_the_history():
    ax = plots.training_curves(HISTORY, metric="loss")
    for line, name in zip(ax.get_lines(), ("loss", "val_loss"), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(line.get_ydata(), HISTORY[name])
    assert len(plots.training_curves(HISTORY, metric="accuracy").get_lines()) == 1


def test_the_confusion_matrix_bears_its_numbers_and_no_zeros():
    ax = plots.confusion_matrix([[9, 0], [2, 8]])
    assert [text.get_text() for text in ax.texts] == ["9", "", "2", "8"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_wrong_predictions_are_marked_in_words_and_colour():
    ax = plots.predictions(
        np.zeros((2, 28, 28)), [3, 5], [3, 6], probabilities=np.full((2, 10), 0.1)
    )
    assert [text.get_text() for text in ax.texts] == ["3 (10%)", "5 read as 6 (10%)"]
    right, wrong = (text.get_color() for text in ax.texts)
    assert right != wrong
    assert len(ax.get_images()) == 2


def test_flat_pictures_and_short_rows_are_drawn_too():
    ax = plots.predictions(np.zeros((3, 784)), [1, 2, 3], [1, 2, 3], columns=2)
    assert len(ax.get_images()) == 3


@pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
def test_bars_are_as_high_as_the_measure(metric):
    report = metrics.class_report(LABELS, PREDICTED)
    ax = plots.class_bars(report, metric=metric)
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(heights, getattr(report, metric))


def test_a_class_without_digits_has_no_interval():
    report = metrics.class_report([0, 1], [0, 1], classes=3)
    ax = plots.class_bars(report)
    (bars,) = (
        container
        for container in ax.containers
        if container.__class__.__name__ == "ErrorbarContainer"
    )
    assert len(bars.lines[2][0].get_segments()) == 2


def test_reliability_has_a_bar_for_each_bin_with_digits():
    calibration = metrics.expected_calibration_error(LABELS, PROBABILITIES)
    ax = plots.reliability_diagram(calibration)
    filled = calibration.counts > 0
    assert len(ax.patches) == filled.sum()
    np.testing.assert_allclose(
        [bar.get_height() for bar in ax.patches], calibration.accuracy[filled]
    )
    assert f"{calibration.error:.2%}" in ax.get_title()


@pytest.mark.parametrize(("history", "panels"), [({}, 4), (HISTORY, 6)])
def test_the_overview_has_the_training_curves_where_there_was_training(history, panels, tmp_path):
    evaluation = Evaluation(linear(), LABELS, PROBABILITIES.astype(np.float32), history=history)
    figure = plots.overview(evaluation)
    figure.savefig(tmp_path / "overview.png")
    assert len(figure.get_axes()) == panels
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.training_curves({}, metric="loss"), "metric must be one of"),
        (lambda: plots.confusion_matrix([1, 2]), r"counts must be of shape \(classes, classes\)"),
        (lambda: plots.predictions(np.zeros((0, 28, 28)), [], []), "not empty; got 0, 0 and 0"),
        (lambda: plots.predictions(np.zeros((2, 28, 28)), [1], [1, 2]), "got 2, 1 and 2"),
        (
            lambda: plots.class_bars(metrics.class_report([0], [0]), metric="support"),
            "metric must be one of 'precision', 'recall', 'f1'; got 'support'",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_reading_is_drawn_where_the_digits_are():
    paper = np.full((3000, 2000), 230, np.uint8)  # Shrunk to be read, but not in its coordinates.
    paper[400:1200, 300:400] = paper[400:1200, 1000:1100] = 20
    read = read_digits(paper)
    ax = plots.reading(paper, read)
    assert len(ax.patches) == len(ax.texts) == 2
    for patch, box in zip(ax.patches, read.boxes, strict=True):
        assert patch.get_x() < box.left < box.right < patch.get_x() + patch.get_width()
    assert ax.get_xlim() == (0, 2000)
    assert ax.get_ylim() == (3000, 0)


def test_a_reading_that_is_not_sure_says_how_sure_it_is():
    paper = np.full((200, 200), 230, np.uint8)
    paper[40:160, 40:60] = 20
    read = read_digits(paper)
    unsure = dataclasses.replace(read, probabilities=np.full((1, 10), 0.1, np.float32))
    assert plots.reading(paper, unsure).texts[0].get_text() == "0 (10%)"


def test_classes_bear_the_names_they_are_given():
    counts, report = np.eye(2, dtype=int), metrics.class_report([0, 1], [0, 1], classes=2)
    for ax in (
        plots.confusion_matrix(counts, class_names=["cat", "dog"]),
        plots.class_bars(report, class_names=["cat", "dog"]),
    ):
        assert [text.get_text() for text in ax.get_xticklabels()] == ["cat", "dog"]
    with pytest.raises(ValueError, match="class_names must be 2, one for each class; got 3"):
        plots.confusion_matrix(counts, class_names=["a", "b", "c"])


def test_the_overview_takes_the_names_of_the_classes_from_the_evaluation():
    names = [f"class {letter}" for letter in "abcdefghij"]
    rows = PROBABILITIES.astype(np.float32)
    figure = plots.overview(Evaluation(linear(), LABELS, rows, class_names=names))
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == names


def test_several_readings_are_drawn_on_one_page(tmp_path):
    read = {}
    for number in range(5):
        path = tmp_path / f"{number}.png"
        Image.fromarray(PAPER).save(path)
        read[path] = read_digits(path)
    figure = plots.readings(read)
    assert [ax.get_title() for ax in figure.axes] == [*(path.name for path in read), "", "", ""]
    with pytest.raises(ValueError, match="at least one reading"):
        plots.readings({})
