"""plots: what is drawn, where, and that nothing else changes."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

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
    "images": lambda **options: plots.images(RNG.random((3, 28, 28)), **options),
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
def test_a_plot_without_axes_is_pyplots_current_figure_and_can_be_saved(draw, tmp_path):
    settings = dict(mpl.rcParams)
    ax = draw()
    assert plt.gcf() is ax.figure
    assert len(plt.get_fignums()) == 1
    ax.figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5_000
    assert dict(mpl.rcParams) == settings


@every_drawing
def test_a_plot_is_drawn_on_the_axes_it_is_given_and_on_no_other(draw):
    left, right = Figure().subplots(1, 2)
    assert draw(ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    assert plt.get_fignums() == []


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
    assert plt.gcf() is figure


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.training_curves({}, metric="loss"), "metric must be one of"),
        (lambda: plots.confusion_matrix([1, 2]), r"counts must be of shape \(classes, classes\)"),
        (lambda: plots.predictions(np.zeros((0, 28, 28)), [], []), "not empty; got 0, 0 and 0"),
        (lambda: plots.images(np.zeros((0, 28, 28))), "not empty; got 0 and 0"),
        (lambda: plots.images(np.zeros((2, 28, 28)), ["one"]), "of one length, .* got 2 and 1"),
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


FULL = np.linspace(0.0, 1.0, 16)
CALIBRATIONS = {
    # Bars at every height.
    "falling": metrics.Calibration(
        0.1, FULL, np.full(15, 1234), np.linspace(1.0, 0.1, 15), (FULL[1:] + FULL[:-1]) / 2
    ),
    "rising": metrics.Calibration(
        0.1, FULL, np.full(15, 1234), np.linspace(0.0, 1.0, 15), (FULL[1:] + FULL[:-1]) / 2
    ),
    "all right": metrics.Calibration(
        0.1, FULL, np.full(15, 1234), np.ones(15), (FULL[1:] + FULL[:-1]) / 2
    ),
}


def extents(artists):
    return [artist.get_window_extent() for artist in artists]


@pytest.mark.parametrize("calibration", CALIBRATIONS.values(), ids=CALIBRATIONS)
@pytest.mark.parametrize("given", [False, True])
def test_the_legend_of_the_reliability_diagram_hides_nothing(calibration, given):
    ax = plots.reliability_diagram(calibration, ax=plt.subplots()[1] if given else None)
    ax.figure.draw_without_rendering()
    legend = ax.get_legend().get_window_extent()
    drawn = [*ax.patches, *ax.texts, *ax.get_lines(), ax.title]
    assert not [artist for artist in drawn if legend.overlaps(artist.get_window_extent())]
    assert is_within(legend, ax.figure.bbox)


def is_within(inner, outer):
    return (
        outer.containsx(inner.x0)
        and outer.containsx(inner.x1)
        and (outer.containsy(inner.y0) and outer.containsy(inner.y1))
    )


LONG_NAMES = ["fifteen letters"[:14] + letter for letter in "abcdefghij"]


@pytest.mark.parametrize("names", [LONG_NAMES, list("0123456789")], ids=["long", "short"])
@pytest.mark.parametrize("name", ["confusion_matrix", "class_bars", "overview"])
def test_names_of_classes_are_not_cut_off_and_do_not_overlap(name, names):
    rows = PROBABILITIES.astype(np.float32)
    evaluation = Evaluation(linear(), LABELS, rows, class_names=names)
    if name == "overview":
        axes = plots.overview(evaluation).axes[:2]
    elif name == "class_bars":
        axes = [plots.class_bars(evaluation.report, class_names=names)]
    else:
        axes = [plots.confusion_matrix(evaluation.confusion_matrix, class_names=names)]
    figure = axes[0].figure
    figure.draw_without_rendering()
    for ax in axes:
        labels = ax.get_xticklabels()
        assert [label.get_text() for label in labels] == names
        for extent in extents([*labels, *ax.get_yticklabels(), ax.title]):
            assert is_within(extent, figure.bbox)
        ticks = ax.transData.transform([(x, 0.0) for x in ax.get_xticks()])[:, 0]
        # Turned names are as far from each other as their lines are.
        if labels[0].get_rotation():
            apart = np.diff(ticks) * np.sin(np.radians(labels[0].get_rotation()))
            assert apart.min() >= labels[0].get_fontsize() * figure.dpi / 72
        else:
            sides = [(extent.x0, extent.x1) for extent in extents(labels)]
            assert all(left[1] < right[0] for left, right in itertools.pairwise(sides))


def test_a_long_program_that_only_writes_files_keeps_few_figures_open():
    mine = plt.figure()
    made = [plots.confusion_matrix([[9, 1], [0, 10]]).figure for _ in range(40)]
    assert plt.fignum_exists(mine.number)
    assert plt.gcf() is made[-1]
    assert len(plt.get_fignums()) <= 11
    assert len(made[0].axes) == 2  # A closed figure can still be used.


def test_without_the_display_that_the_backend_needs_a_plot_can_be_saved(monkeypatch, tmp_path):
    def headless(**options):
        raise ImportError("Cannot load backend 'QtAgg'")

    monkeypatch.setattr(plt, "figure", headless)
    plots.confusion_matrix([[9, 1], [0, 10]]).figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5_000


def test_a_figure_that_a_notebook_shows_as_a_value_is_not_shown_at_the_end_of_the_cell(monkeypatch):
    figure = plots.confusion_matrix([[9, 1], [0, 10]]).figure
    monkeypatch.setattr(mpl, "get_backend", lambda: "module://matplotlib_inline.backend_inline")
    with pytest.raises(NotImplementedError):  # IPython then shows it.
        figure._ipython_display_()
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_a_notebook_shows_every_plot_once(tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # As Jupyter starts it.
    nbformat, nbclient = (pytest.importorskip(name) for name in ("nbformat", "nbclient"))
    pytest.importorskip("ipykernel")
    setup = """
    import numpy as np, pathlib
    from PIL import Image
    from mnist_zoo import Evaluation, linear, metrics, plots, read_digits
    paper = np.full((200, 300), 230, np.uint8)
    paper[40:160, 100:115] = 20
    Image.fromarray(paper).save("one.png")
    rows = np.eye(10, dtype=np.float32)
    result = Evaluation(linear(), np.arange(10), rows, history={"loss": (0.5, 0.2)})
    """
    cells = {
        "training_curves": "plots.training_curves(result.history, metric='loss')",
        "confusion_matrix": "plots.confusion_matrix(result.confusion_matrix)",
        "class_bars": "plots.class_bars(result.report)",
        "reliability_diagram": "plots.reliability_diagram(result.calibration)",
        "predictions": "plots.predictions(np.zeros((2, 28, 28)), [1, 2], [1, 3])",
        "images": "plots.images(np.zeros((2, 28, 28)))",
        "reading": "plots.reading(paper, read_digits(paper))",
        "readings": "plots.readings({pathlib.Path('one.png'): read_digits(paper)})",
        "overview": "page = plots.overview(result)\npage",
        "shown before": "page",
        "not the last line": "plots.overview(result)\nNone",
        "on axes": "import matplotlib.pyplot as plt\n"
        "plots.class_bars(result.report, ax=plt.subplots()[1])",
    }
    assert set(plots.__all__) <= set(cells)
    for first in ("", "%matplotlib inline\n"):
        notebook = nbformat.v4.new_notebook()
        sources = [first + textwrap.dedent(setup), *cells.values()]
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        resources = {"metadata": {"path": str(tmp_path)}}
        nbclient.NotebookClient(notebook, resources=resources, timeout=300).execute()
        for name, cell in zip(cells, notebook.cells[1:], strict=True):
            shown = [output for output in cell.outputs if "image/png" in output.get("data", ())]
            assert len(shown) == 1, name


def test_importing_the_room_imports_no_pyplot():
    program = "import sys, mnist_zoo.plots; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
