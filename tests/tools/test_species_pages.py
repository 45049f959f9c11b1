"""The pages of the species: their figures are those of the cards, and their programs run."""

from __future__ import annotations

import dataclasses
import re

import keras
import numpy as np
import pytest

from mnist_zoo import Split, create_model, model_card
from mnist_zoo.models import shipped
from mnist_zoo.models.species import SPECIES
from tools import docs, frontier, species, species_pages

TRAINED = [name for name, row in SPECIES.items() if row.weights]
every_species = pytest.mark.parametrize("name", SPECIES)


def adds(name: str) -> dict[str, int]:
    return {layer.name: species.multiply_adds(layer) for layer in create_model(name).layers}


def test_the_multiply_adds_of_a_dense_network_are_the_products_of_its_sizes():
    assert sum(adds("dense_relu").values()) == 784 * 128 + 128 * 64 + 64 * 10
    assert sum(adds("linear").values()) == 784 * 10
    assert adds("dense_relu_dropout") == adds("dense_relu") | {"dropout_1": 0, "dropout_2": 0}


def test_the_multiply_adds_of_a_convolution_are_those_of_its_filters_at_every_place():
    found = adds("lenet5")
    assert found["c1"] == 28 * 28 * 5 * 5 * 1 * 6  # padded
    assert found["c3"] == 10 * 10 * 5 * 5 * 6 * 16
    assert found["c5"] == 1 * 1 * 5 * 5 * 16 * 120
    assert found["s2"] == found["flatten"] == found["pixels"] == 0


def test_the_multiply_adds_of_strides_and_groups_are_counted_too():
    pictures = keras.Input((9, 9, 4))
    strided = keras.layers.Conv2D(8, 3, strides=2)
    grouped = keras.layers.Conv2D(8, 3, groups=4)
    strided(pictures), grouped(pictures)
    assert species.multiply_adds(strided) == 4 * 4 * 3 * 3 * 4 * 8
    assert species.multiply_adds(grouped) == 7 * 7 * 3 * 3 * 1 * 8


def test_the_multiply_adds_of_attention_are_its_projections_and_the_products_of_all_pairs():
    found = adds("vision_transformer")
    assert found["patches"] == 49 * 4 * 4 * 64
    assert found["attention_1"] == 4 * 49 * 64 * 64 + 2 * 49 * 49 * 64
    assert found["wide_1"] == found["narrow_1"] == 49 * 64 * 128
    assert found["positions"] == 0


def test_a_layer_with_a_kernel_that_is_not_known_is_not_counted_as_nothing():
    layer = keras.layers.DepthwiseConv2D(3)
    layer(keras.Input((9, 9, 4)))
    with pytest.raises(ValueError, match=r"DepthwiseConv2D: not known here; give it a row"):
        species.multiply_adds(layer)


@every_species
def test_a_page_has_the_layers_the_papers_and_the_figures_of_the_species(name):
    page = species_pages.page(SPECIES[name])
    assert page.startswith(f"# {name}\n")
    assert not re.search(r"\{[{%]|\[\d\]_|:\w+:`|\bNone\b|\bnan\b", page)
    model = create_model(name)
    for layer in model.layers:
        (row,) = re.findall(rf"^\| `{layer.name}` \| .*$", page, re.M)
        assert row.endswith(f"| {layer.count_params():,} | {species.multiply_adds(layer):,} |")
    assert f"| parameters | {model.count_params():,} |" in page
    papers = re.findall(r"\.\. \[(\d+)\] ", SPECIES[name].factory.__doc__)
    assert re.findall(r"^(\d+)\. ", page, re.M) == papers


@pytest.mark.parametrize("name", TRAINED)
def test_a_page_has_the_facts_of_the_card(name):
    page, card = species_pages.page(SPECIES[name]), model_card(name)
    rows = dict(card.rows())
    for fact in (*species_pages.TEST, *species_pages.USE):
        assert f"| {fact} | {rows[fact]} |" in page
    assert f"`{card.training.command}`" in page
    assert f"`{card.file}`. Its SHA-256 is `{card.sha256}`." in page
    for setting, value in card.training.settings.items():
        assert f"| `{setting}` | {value} |" in page
    for each in card.training.seeds:
        found = (each.plan_accuracy, each.validation_accuracy, each.test_accuracy)
        accuracies = ("" if accuracy is None else docs.percent(accuracy) for accuracy in found)
        assert " | ".join(accuracies) in page
    for corruption, accuracy in card.robustness.accuracies.items():
        assert f"| {corruption.replace('_', ' ')} | {docs.percent(accuracy)} |" in page
    assert f"{len(card.test.misclassified)} test digits are read as another digit" in page
    assert ("were not recorded" in page) == (not card.training.losses)
    assert (f"images/{name}-training.png" in page) == bool(card.training.losses)
    assert (docs.IMAGES / f"reliability-{name}.png").is_file()


def test_pages_are_written_once_with_pictures_and_without_digits_where_there_are_none(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(species_pages, "digits_of_mnist", lambda: None)
    species_pages.write(tmp_path)
    pages = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.md")}
    assert {path.stem for path in pages} == set(SPECIES)
    pictures = {path.name for path in (tmp_path / "images").iterdir()}
    curves = {f"{name}-training.png" for name in TRAINED if model_card(name).training.losses}
    assert pictures == {f"{name}-weights.png" for name in TRAINED} | curves
    for path in pages:
        links = re.findall(r"\]\((images/[\w.-]+)\)", path.read_text(encoding="utf-8"))
        assert all((path.parent / link).is_file() for link in links)
    species_pages.write(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in pages} == pages


def test_the_curves_have_a_point_for_each_epoch_with_the_error_in_percent():
    training = dataclasses.replace(
        model_card("linear").training, losses=(1.0, 0.5, 0.4), accuracies=(0.6, 0.8, 0.9)
    )
    drawn = [ax.lines[0].get_xydata() for ax in species_pages.curves_figure(training).axes]
    np.testing.assert_allclose(drawn[0], [(1, 1.0), (2, 0.5), (3, 0.4)])
    np.testing.assert_allclose(drawn[1], [(1, 40.0), (2, 20.0), (3, 10.0)])


def test_the_misclassified_digits_are_drawn_where_the_digits_are_there(tmp_path, monkeypatch):
    digits = Split(np.zeros((10_000, 28, 28), np.float32), np.arange(10_000) % 10)
    monkeypatch.setattr(species_pages, "digits_of_mnist", lambda: digits)
    monkeypatch.setattr(species_pages, "SPECIES", {"linear": SPECIES["linear"]})
    species_pages.write(tmp_path)
    assert (tmp_path / "images" / "linear-errors.png").is_file()
    page = (tmp_path / "linear.md").read_text(encoding="utf-8")
    assert "](images/linear-errors.png)" in page
    assert "plots.predictions(" not in page


def test_the_digits_are_looked_for_and_never_downloaded(homeless, monkeypatch):
    monkeypatch.setattr("mnist_zoo.data.places.default_cache_dir", lambda: homeless)
    assert species_pages.digits_of_mnist() is None


def test_the_weights_are_drawn_in_red_and_blue_as_a_grid():
    kernel = np.zeros((3, 3, 1, 10), np.float32)
    kernel[0, 0], kernel[2, 2] = 2.0, -2.0
    drawn = np.asarray(species_pages.weights_picture(kernel))
    gap = species_pages.GAP
    side = 3 * species_pages.FILTER_SCALE + 2 * gap
    assert drawn.shape == (2 * side, 8 * side, 4)
    red, _, blue, _ = drawn[gap, gap].astype(int)
    assert red > blue + 50
    red, _, blue, _ = drawn[side - gap - 1, side - gap - 1].astype(int)
    assert blue > red + 50
    assert drawn[side + gap, 2 * side + gap, 3] == 0  # After the tenth there is none.
    dense = species_pages.weights_picture(np.ones((784, 100), np.float32))
    assert dense.size == (8 * (84 + 2 * gap), 4 * (84 + 2 * gap))


def test_the_table_to_choose_from_has_every_species_and_every_published_result():
    rows = species.table().splitlines()[2:]
    assert [re.match(r"\| \[`(\w+)`\]", row)[1] for row in rows[: len(SPECIES)]] == list(SPECIES)
    for each in frontier.PUBLISHED:
        (row,) = [row for row in rows if row.startswith(f"| {each.name} |")]
        assert f"| {docs.percent(each.accuracy)} |" in row
    for name in TRAINED:
        (row,) = [row for row in rows if row.startswith(f"| [`{name}`]")]
        size = (shipped.FOLDER / f"{name}.npz").stat().st_size
        assert f"| {size / 1000:,.0f} |" in row


def test_what_is_said_to_choose_is_true():
    cards = {name: model_card(name) for name in TRAINED}
    page = (docs.ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    advice = dict(re.findall(r"^- \*\*([^*]+)\*\*[^:]*: `(\w+)`", page, re.M))
    accurate = advice["For accuracy"]
    assert accurate == max(cards, key=lambda name: cards[name].test.accuracy)
    assert accurate == max(cards, key=lambda name: cards[name].robustness.mean)
    by_size = sorted(cards, key=lambda name: species.size_of(cards[name]))
    assert by_size[:2] == ["linear", advice["For a small computer or a web page"]]
    many = advice["For many digits on a CPU"]
    products = {name: species.multiply_adds_of(create_model(name)) for name in cards}
    assert products[many] == min(number for name, number in products.items() if name != "linear")
    keras_own = cards[advice["To compare with Keras's own example"]]
    for name in ("dense_relu", "dense_relu_dropout", "dense_sigmoid"):
        assert keras_own.architecture.parameters < cards[name].architecture.parameters
        assert keras_own.test.accuracy > cards[name].test.accuracy


@pytest.mark.slow
@every_species
def test_the_programs_of_a_page_run(name, tmp_path, monkeypatch, can_train):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras writes this format on TensorFlow")
    monkeypatch.chdir(tmp_path)
    page = species_pages.page(SPECIES[name], drawn=True)
    programs = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(programs) == 3
    for program in programs:
        exec(program, {})  # noqa: S102  # It is ours.
    assert (tmp_path / name / "saved_model.pb").is_file()


@pytest.mark.slow
@pytest.mark.mnist
def test_the_program_that_draws_the_misclassified_digits_draws_those_of_the_page(
    mnist, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    page = species_pages.page(SPECIES["dense_relu"])
    *_, program = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict[str, object] = {}
    exec(program, names)  # noqa: S102  # It is ours.
    assert (tmp_path / "dense_relu-errors.png").is_file()
    expected = model_card("dense_relu").test.misclassified.tolist()
    assert sorted(names["result"].misclassified.tolist()) == expected
