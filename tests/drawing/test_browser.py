"""The page in a browser: Debian's Chromium, without a window, driven by Playwright."""

from __future__ import annotations

import base64
import contextlib
import functools
import http.server
import io
import json
import random
import re
import shutil
import statistics
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_zoo import load_mnist, predict_probabilities, prepare_digit, read_digits
from mnist_zoo.drawing import files, parameters, write_page
from mnist_zoo.pictures import filters
from tests.drawing.strokes import STROKES

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
# They need a browser.
pytestmark = pytest.mark.slow
COUNT = 1000
EMPTY = "Nothing is drawn yet."
BY = "\N{MULTIPLICATION SIGN}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page as the documentation has it: files in a folder."""
    path = tmp_path_factory.mktemp("site") / "draw"
    write_page(path)
    return path


@contextlib.contextmanager
def serving_files(folder) -> Iterator[str]:
    """Serve a folder as any server of files would."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def static(folder):
    with serving_files(folder) as address:
        yield address


@pytest.fixture(params=["served", "static"])
def address(request):
    """The page of `mnist-zoo draw`, and that of the documentation."""
    site = request.getfixturevalue(request.param)
    return site if isinstance(site, str) else site.address


@pytest.fixture
def open_page(chromium):
    """Open an address in a context with some settings; nothing may go wrong on the page."""
    contexts, errors = [], []

    def open_one(address, *, wait=True, **settings):
        contexts.append(context := chromium.new_context(**settings))
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        if wait:
            page.wait_for_selector("#models:enabled")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(open_page, served):
    return open_page(served.address)


def on_screen(page, places, jitter=0.0, seed=0):
    box, rng = page.locator("#sheet").bounding_box(), random.Random(seed)
    return [
        (
            box["x"] + (x + rng.gauss(0, jitter)) * box["width"],
            box["y"] + (y + rng.gauss(0, jitter)) * box["height"],
        )
        for x, y in places
    ]


def draw(page, strokes, **settings):
    for places in strokes:
        first, *others = on_screen(page, places, **settings)
        page.mouse.move(*first)
        page.mouse.down()
        for place in others:
            page.mouse.move(*place)
        page.mouse.up()
    settle(page)


def settle(page):
    """Wait until what was done is on the page: for the frame after the next."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def reading(page):
    return page.inner_text("#best")


def seen(page):
    """Return the digit that the page shows as what the model sees, in [0, 1]."""
    values = page.evaluate(
        "[...document.getElementById('digit').getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    return np.array(values, np.float32).reshape(28, 28, 4)[..., 0] / 255


def choose(page, name):
    page.select_option("#models", name)
    page.wait_for_selector(f"#models[data-running={name}]")
    settle(page)


def clear(page):
    page.click("#clear")
    playwright.expect(page.locator("#best")).to_have_text("?")


def png(array):
    file = io.BytesIO()
    Image.fromarray(np.asarray(array)).save(file, "png")
    return file.getvalue()


def upload(page, content, name="picture.png"):
    chosen = {"name": name, "mimeType": "image/png", "buffer": content}
    page.set_input_files("#upload", [chosen])
    playwright.expect(page.locator("#upload")).to_have_value("")
    settle(page)


def test_ten_digits_drawn_by_mouse_are_read_by_every_model(open_page, address):
    page, digits = open_page(address), []
    for digit, strokes in STROKES.items():
        clear(page)
        draw(page, strokes, jitter=0.004)
        assert reading(page) == str(digit)
        assert page.locator("#bars li.first span").first.inner_text() == str(digit)
        digits.append(seen(page))
    for name in parameters.list_drawable():
        probabilities = probabilities_by_the_page(page, name, np.array(digits, np.float32))
        assert probabilities.argmax(axis=1).tolist() == [*STROKES], name


def test_ten_digits_drawn_by_a_finger_are_read(open_page, address):
    page = open_page(address, has_touch=True, viewport={"width": 360, "height": 640})
    touch = page.context.new_cdp_session(page)
    for digit, strokes in STROKES.items():
        page.tap("#clear")
        playwright.expect(page.locator("#best")).to_have_text("?")
        for places in strokes:
            points = [{"x": x, "y": y} for x, y in on_screen(page, places)]
            send(touch, "touchStart", points[:1])
            for point in points[1:]:
                send(touch, "touchMove", [point])
            send(touch, "touchEnd", [])
        settle(page)
        assert reading(page) == str(digit)
        assert page.evaluate("scrollY") == page.evaluate("scrollX") == 0


def send(touch, kind, points):
    touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_second_finger_draws_nothing(open_page, served):
    page = open_page(served.address, has_touch=True)
    touch = page.context.new_cdp_session(page)
    first, second = on_screen(page, [(0.5, 0.2), (0.1, 0.2)])
    one = {"x": first[0], "y": first[1], "id": 1}
    other = {"x": second[0], "y": second[1], "id": 2}
    send(touch, "touchStart", [one])
    send(touch, "touchStart", [one, other])
    for _ in range(20):
        one, other = {**one, "y": one["y"] + 12}, {**other, "y": other["y"] + 12}
        send(touch, "touchMove", [one, other])
    send(touch, "touchEnd", [])
    settle(page)
    assert reading(page) == "1"
    page.click("#undo")
    settle(page)
    assert page.inner_text("#second") == EMPTY


def sample_picture(x, side=200):
    """Return a digit of MNIST as bold ink on a page, from 0 to 255, 255 for ink."""
    image = Image.fromarray(np.pad(x, 6)).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip((np.asarray(image) - 0.5) * 6 + 0.5, 0, 1) * 255


@pytest.mark.parametrize("form", ["dark", "light", "colour", "dim", "clear", "white on clear"])
def test_an_opened_picture_is_read_whatever_its_colours(page, sample, form):
    for x in sample.test.x[::100]:
        ink = sample_picture(x).round()
        paper, pen = {
            "dark": ((255, 255, 255, 255), (0, 0, 0, 255)),
            "light": ((0, 0, 0, 255), (255, 255, 255, 255)),
            "colour": ((250, 240, 200, 255), (20, 40, 160, 255)),
            "dim": ((150, 150, 150, 255), (110, 110, 110, 255)),
            "clear": ((0, 0, 0, 0), (0, 0, 0, 255)),
            "white on clear": ((255, 255, 255, 0), (255, 255, 255, 255)),
        }[form]
        share = ink[..., None] / 255
        pixels = (share * pen + (1 - share) * paper).round().astype(np.uint8)
        upload(page, png(pixels))
        expected = prepare_digit(ink.astype(np.uint8))
        model = page.input_value("#models")
        assert reading(page) == str(predict_probabilities(expected[None], model).argmax())
        assert np.abs(seen(page) - expected).mean() < 0.06  # At most a pixel aside.


def test_a_digit_of_mnist_in_its_own_size_can_be_opened(page, sample):
    found = []
    for x in sample.test.x[::50]:
        upload(page, png((255 * x).astype(np.uint8)))
        found.append(int(reading(page)))
    assert np.mean(found == sample.test.y[::50]) >= 0.9


def test_large_wide_and_high_pictures_are_opened(page):
    for size in ((6000, 4000), (900, 300), (300, 900)):
        image = Image.new("L", size, 230)
        middle, high = size[0] // 2, size[1]
        line = [(middle, high // 5), (middle, high * 4 // 5)]
        ImageDraw.Draw(image).line(line, fill=20, width=max(8, high // 14))
        upload(page, png(np.asarray(image)))
        assert reading(page) == "1"
        assert page.inner_text("#notice") == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "mine.png was not loaded"),
        (b"", "mine.png was not loaded"),
        (png(np.full((50, 50), 200, np.uint8)), "no ink was found"),
        (png(np.zeros((1, 1), np.uint8)), "no ink was found"),
        (png(np.eye(90, dtype=np.uint8) * 255)[:100], "mine.png was not loaded"),
    ],
    ids=["text", "empty", "blank", "one pixel", "cut off"],
)
def test_a_picture_that_cannot_be_opened_is_told_and_the_drawing_stays(page, content, words):
    draw(page, STROKES[7])
    upload(page, content, "mine.png")
    assert words in page.inner_text("#notice")
    assert reading(page) == "7"
    upload(page, png(255 - sample_picture(load_mnist(source="sample").test.x[0]).astype(np.uint8)))
    assert page.inner_text("#notice") == ""


def test_a_file_that_is_too_large_is_not_read(page):
    page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(51e6)], "large.png"));
          document.getElementById("upload").files = transfer.files;
          document.getElementById("upload").dispatchEvent(new Event("change"));
        }"""
    )
    message = "large.png was not loaded: it is larger than 50 MB"
    playwright.expect(page.locator("#notice")).to_have_text(message)


def test_choosing_no_picture_changes_nothing(page):
    draw(page, STROKES[3])
    page.set_input_files("#upload", [])
    page.evaluate("document.getElementById('upload').dispatchEvent(new Event('change'))")
    settle(page)
    assert (reading(page), page.inner_text("#notice")) == ("3", "")


def test_every_control_can_be_used_by_keyboard(page):
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    controls = ["sheet", "undo", "clear", "thickness", "upload", "save-drawing", "models"]
    assert reached[:8] == [*controls, "save-digit"]
    page.focus("#sheet")
    page.keyboard.press("ArrowUp")
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")  # The pen is lifted.
    settle(page)
    assert reading(page) == "1"
    width = np.count_nonzero(seen(page).max(axis=0))
    page.keyboard.press("Control+z")
    settle(page)
    assert page.inner_text("#second") == EMPTY
    page.focus("#thickness")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    draw(page, STROKES[1])
    assert np.count_nonzero(seen(page).max(axis=0)) > width
    page.focus("#clear")
    page.keyboard.press("Enter")
    settle(page)
    assert reading(page) == "?"
    page.focus("#undo")
    page.keyboard.press("Space")
    settle(page)
    assert reading(page) == "1"
    page.focus("#sheet")
    page.keyboard.press("Delete")
    settle(page)
    assert reading(page) == "?"
    page.focus("#models")
    page.keyboard.press("Home")
    page.wait_for_selector(f"#models[data-running={parameters.list_drawable()[0]}]")


def test_the_pen_stays_on_the_sheet(page):
    page.focus("#sheet")
    page.keyboard.press("Space")
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    settle(page)
    rows, columns = np.nonzero(seen(page))
    assert np.ptp(columns) > np.ptp(rows)
    page.keyboard.press("Control+z")  # With the pen down.
    page.keyboard.press("ArrowRight")
    settle(page)
    assert reading(page) == "?"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(open_page, served, violations, scheme):
    page = open_page(served.address, color_scheme=scheme)
    draw(page, STROKES[3])
    settle(page)
    assert violations(page) == []


def test_every_control_has_a_name_and_the_reading_is_said(page):
    for role, name in (
        ("button", "Undo"),
        ("button", "Clear"),
        ("slider", "Thickness"),
        ("combobox", "Model"),
        ("button", "Save the drawing"),
        ("button", f"Save the 28 {BY} 28 pixels"),
        ("list", "The probabilities"),
        ("img", "Sheet to draw on"),
        ("img", "The digit in 28 by 28 pixels"),
    ):
        assert page.get_by_role(role, name=name, exact=True).count() == 1, name
    assert page.get_by_label("Open a picture").count() == 1
    unnamed = "[...document.querySelectorAll('button, input, select')].filter(each => "
    unnamed += "!each.textContent.trim() && !each.labels?.length).length"
    assert page.evaluate(unnamed) == 0
    draw(page, STROKES[4])
    status = page.get_by_role("status")
    playwright.expect(status).to_have_text(
        re.compile(r"^4 [\d.]+ % sure; second choice: \d \([\d.]+ %\)$")
    )
    page.click("#clear")
    playwright.expect(status).to_have_text(f"? {EMPTY}")


def test_nothing_is_loaded_but_the_files_of_the_page(open_page, chromium, address):
    context = chromium.new_context()
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("#models:enabled")
    for name in parameters.list_drawable():
        choose(page, name)
    draw(page, STROKES[8])
    upload(page, png(np.eye(60, dtype=np.uint8) * 255))
    outside = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert outside == []
    names = {url.removeprefix(address) or files.FIRST for url in asked if url.startswith(address)}
    assert names == set(files.page_files())
    context.set_offline(True)
    page.click("#clear")
    draw(page, STROKES[8])
    assert reading(page) == "8"
    context.close()


def test_the_page_may_ask_no_other_site(open_page, served, static):
    page = open_page(served.address)
    refused = "fetch(url).then(() => 'sent', () => 'refused')"
    assert page.evaluate(f"url => {refused}", static) == "refused"
    assert page.evaluate(f"url => {refused}", f"{served.address}linear.bin") == "sent"


def test_a_model_that_cannot_be_loaded_is_told_and_another_one_goes_on(page):
    draw(page, STROKES[2])
    page.route("**/convnet.bin", lambda route: route.fulfill(status=500, body="damaged"))
    page.select_option("#models", "convnet")
    playwright.expect(page.locator("#notice")).to_have_text(re.compile("convnet.bin: 500"))
    settle(page)
    assert reading(page) == "?"
    choose(page, "dense_relu")
    assert reading(page) == "2"
    playwright.expect(page.locator("#notice")).to_have_text("")


def test_a_list_of_models_that_cannot_be_loaded_is_told(page):
    page.route("**/models.json", lambda route: route.fulfill(status=500, body="damaged"))
    page.reload()
    playwright.expect(page.locator("#notice")).to_have_text(re.compile("was not loaded"))


def test_of_models_chosen_quickly_the_last_one_reads(page):
    held = []
    page.route("**/convnet.bin", lambda route: held.append(route))
    draw(page, STROKES[0])
    page.select_option("#models", "convnet")
    choose(page, "linear")
    assert page.locator("#no-hidden").is_visible()
    with page.expect_response("**/convnet.bin") as late:
        held[0].continue_()
    late.value.finished()
    settle(page)
    assert page.get_attribute("#models", "data-running") == "linear"
    assert page.locator("#hidden figure").count() == 0


def test_hidden_layers_are_shown_by_their_activity(page):
    draw(page, STROKES[6])
    for name, captions in (
        ("linear", []),
        ("dense_relu", ["hidden_1", "hidden_2"]),
        ("dense_sigmoid", ["hidden_1", "hidden_2"]),
        ("lenet5", ["c1", "c3", "c5", "f6"]),
        ("convnet_small", [f"convolution_{number}" for number in range(1, 6)]),
    ):
        choose(page, name)
        found = [text.strip() for text in page.locator("#hidden figure").all_inner_texts()]
        assert [text.partition(":")[0] for text in found] == captions
        assert page.locator("#no-hidden").is_visible() == (name == "linear")
    before = page.evaluate("document.querySelector('#hidden canvas').toDataURL()")
    page.click("#clear")
    draw(page, STROKES[1])
    assert page.evaluate("document.querySelector('#hidden canvas').toDataURL()") != before


def test_nothing_is_read_on_an_empty_sheet(page):
    assert (reading(page), page.inner_text("#second")) == ("?", EMPTY)
    for button in ("#undo", "#clear", "#undo", "#undo"):
        page.click(button)
        settle(page)
        assert reading(page) == "?"
        assert not seen(page).any()
        assert page.locator("#bars li.first").count() == 0


def test_undo_goes_back_stroke_by_stroke_and_over_a_clearing(page):
    draw(page, STROKES[5])
    page.click("#clear")
    draw(page, STROKES[4])
    assert reading(page) == "4"
    for _ in STROKES[4]:
        page.click("#undo")
    settle(page)
    assert reading(page) == "?"
    page.click("#undo")
    settle(page)
    assert reading(page) == "5"
    for _ in range(5):
        page.click("#undo")
    settle(page)
    assert reading(page) == "?"


@pytest.mark.parametrize("places", [[(0.5, 0.5)], [(0.3, 0.3), (0.302, 0.31)]], ids=["dot", "tick"])
def test_tiny_drawings_are_prepared_like_others(page, places):
    page.fill("#thickness", "4")
    draw(page, [places])
    digit = seen(page)
    rows = np.flatnonzero(digit.max(axis=1))
    assert 18 <= np.ptp(rows) + 1 <= 20
    assert reading(page) in "0123456789"


def test_thin_and_thick_pens_draw_what_is_read(page):
    for thickness in ("4", "16"):
        page.fill("#thickness", thickness)
        for digit in (0, 1, 2, 3, 7):
            clear(page)
            draw(page, STROKES[digit])
            assert reading(page) == str(digit)


def test_a_drawing_may_leave_the_sheet(page):
    draw(page, [[(0.5, -0.2), (0.5, 0.5), (0.5, 1.4)]])
    assert page.inner_text("#second") == EMPTY  # It began outside.
    draw(page, [[(0.5, 0.05), (0.5, 0.6), (0.5, 1.4), (0.5, 0.9)]])
    assert reading(page) == "1"
    page.mouse.move(*on_screen(page, [(0.1, 0.1)])[0])  # The button is up.
    settle(page)
    assert reading(page) == "1"
    assert np.ptp(np.nonzero(seen(page))[1]) < 8


def test_the_other_buttons_of_a_mouse_draw_nothing(page):
    page.mouse.move(*on_screen(page, [(0.5, 0.2)])[0])
    page.mouse.down(button="right")
    page.mouse.move(*on_screen(page, [(0.5, 0.8)])[0])
    page.mouse.up(button="right")
    settle(page)
    assert reading(page) == "?"


def test_a_phone_may_be_turned_while_one_draws(open_page, served):
    page = open_page(served.address, viewport={"width": 360, "height": 640})
    places = [(0.5, 0.1 + 0.02 * step) for step in range(40)]
    page.mouse.move(*on_screen(page, places[:1])[0])
    page.mouse.down()
    for number, place in enumerate(places):
        if number == 20:
            page.set_viewport_size({"width": 640, "height": 360})
        page.mouse.move(*on_screen(page, [place])[0])
    page.mouse.up()
    settle(page)
    assert reading(page) == "1"
    assert np.ptp(np.nonzero(seen(page))[1]) < 8


def test_the_reading_does_not_depend_on_the_screen(open_page, served):
    digits = []
    for width, ratio in ((360, 1), (360, 3), (1200, 1), (1200, 1.5)):
        page = open_page(
            served.address,
            viewport={"width": width, "height": 900},
            device_scale_factor=ratio,
        )
        draw(page, STROKES[2])
        size = page.evaluate("document.getElementById('sheet').width")
        assert size == round(page.evaluate("document.getElementById('sheet').clientWidth") * ratio)
        digits.append(seen(page))
    assert max(np.abs(digit - digits[0]).mean() for digit in digits) < 0.02


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
def test_the_page_fits_the_window(open_page, address, width):
    page = open_page(address, viewport={"width": width, "height": 640})
    draw(page, STROKES[8])
    for name in ("convnet", "dense_relu_dropout"):
        choose(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("#best").bounding_box()
    assert box["y"] + box["height"] <= 640  # One sees the reading while one draws.


def test_the_page_has_a_dark_mode(open_page, served):
    shades = {}
    for scheme in ("light", "dark"):
        page = open_page(served.address, color_scheme=scheme)
        draw(page, STROKES[8])
        image = Image.open(io.BytesIO(page.screenshot())).convert("L")
        sheet = Image.open(io.BytesIO(page.locator("#sheet").screenshot())).convert("L")
        shades[scheme] = image.getpixel((2, 2)), sheet.getpixel((20, 20)), seen(page)
    assert min(shades["light"][:2]) > 240
    assert max(shades["dark"][:2]) < 60
    np.testing.assert_array_equal(shades["light"][2], shades["dark"][2])


def test_bars_do_not_glide_where_motion_is_unwanted(open_page, served):
    durations = [
        open_page(served.address, reduced_motion=motion).evaluate(
            "getComputedStyle(document.querySelector('#bars i')).transitionDuration"
        )
        for motion in ("reduce", "no-preference")
    ]
    assert durations == ["0s", "0.08s"]


def test_without_javascript_the_page_says_what_it_needs(open_page, served):
    page = open_page(served.address, wait=False, java_script_enabled=False)
    assert "This page needs JavaScript" in page.inner_text("body")


def test_as_a_file_the_page_says_what_to_do(open_page, folder):
    page = open_page((folder / "index.html").as_uri(), wait=False)
    notice = page.locator("#notice")
    notice.wait_for(state="visible")
    assert "mnist-zoo draw" in notice.inner_text()


def test_the_drawing_and_the_digit_can_be_saved(page, tmp_path):
    draw(page, STROKES[3])
    for button, name, size in (
        ("#save-drawing", "drawing.png", (280, 280)),
        ("#save-digit", "digit.png", (28, 28)),
    ):
        with page.expect_download() as saved:
            page.click(button)
        assert saved.value.suggested_filename == name
        saved.value.save_as(tmp_path / name)
        with Image.open(tmp_path / name) as image:
            assert image.size == size
    assert read_digits(tmp_path / "drawing.png").digits == (3,)
    with Image.open(tmp_path / "digit.png") as image:
        digit = np.asarray(image.convert("L")) / 255
    np.testing.assert_array_equal(digit.astype(np.float32), seen(page))
    prepared = prepare_digit(tmp_path / "drawing.png")
    assert np.abs(digit - prepared).max() <= 1 / 255
    upload(page, (tmp_path / "drawing.png").read_bytes())
    assert np.abs(seen(page) - prepared).max() <= 4 / 255


def test_in_a_frame_the_page_is_as_high_as_what_is_on_it(chromium, folder, tmp_path):
    (tmp_path / "docs.html").write_text('<iframe src="draw/index.html" height="50"></iframe>')
    shutil.copytree(folder, tmp_path / "draw")
    with serving_files(tmp_path) as address:
        page = chromium.new_page()
        page.goto(f"{address}docs.html")
        frame = page.frames[1]
        frame.wait_for_selector("#models:enabled")
        page.wait_for_function("document.querySelector('iframe').clientHeight > 900")
        assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight + 20")
        page.close()


def test_the_page_knows_the_layers_that_python_gives_it(page):
    keys = "import('./model.js').then(m => [Object.keys(m.LAYERS), Object.keys(m.ACTIVATIONS)])"
    kinds, activations = page.evaluate(keys)
    assert set(kinds) == parameters.KINDS
    assert set(activations) == parameters.ACTIVATIONS


# How large a digit is drawn, and how thin: strokes that are too thin are redrawn wider.
PENS = ((280, 0.5), (280, 0.75), (200, 0.5), (240, 0.7))


def drawn_by_pen(x, size, least):
    """Return a digit of MNIST on a sheet as if it was drawn: in full ink, and without specks."""
    image = Image.fromarray(np.pad(x, 6)).resize((size, size), Image.Resampling.BICUBIC)
    ink = np.clip((np.asarray(image) - least) * 10 + 0.5, 0, 1)
    regions = filters.label_regions(ink > 0)
    specks = np.flatnonzero(np.bincount(regions.ravel()) < 100)  # A dot of the thinnest pen.
    ink = np.where(np.isin(regions, specks), 0, ink)
    return np.pad((255 * ink).round().astype(np.uint8), (280 - size) // 2)


def as_text(arrays):
    return base64.b64encode(np.ascontiguousarray(arrays).tobytes()).decode()


def from_text(text, *shape):
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(-1, *shape)


FROM_TEXT = "Uint8Array.from(atob(text), each => each.charCodeAt(0))"
TO_TEXT = """(all => {
  const bytes = new Uint8Array(Float32Array.from(all.flatMap(each => [...each])).buffer);
  return btoa(Array.from(bytes, each => String.fromCharCode(each)).join(""));
})"""


def prepared_by_the_page(page, pictures):
    """Return what the page makes of the ink of square pictures, from 0 to 255."""
    side = pictures.shape[1]
    program = f"""async ([text, side]) => {{
      const {{ prepare }} = await import("./prepare.js"), bytes = {FROM_TEXT}, found = [];
      for (let from = 0; from < bytes.length; from += side * side) {{
        const data = new Float32Array(bytes.subarray(from, from + side * side)).map(x => x / 255);
        found.push(prepare({{ width: side, height: side, data }}));
      }}
      return {TO_TEXT}(found);
    }}"""
    parts = [pictures[start : start + 50] for start in range(0, len(pictures), 50)]
    return np.concatenate(
        [from_text(page.evaluate(program, [as_text(part), side]), 28, 28) for part in parts]
    )


def probabilities_by_the_page(page, name, digits):
    program = f"""async ([name, text]) => {{
      const {{ loadModel, run }} = await import("./model.js"), model = await loadModel(name);
      const all = new Float32Array(({FROM_TEXT}).buffer), found = [];
      for (let from = 0; from < all.length; from += 784) {{
        found.push(run(model, all.subarray(from, from + 784)).at(-1));
      }}
      return {TO_TEXT}(found);
    }}"""
    parts = [digits[start : start + 100] for start in range(0, len(digits), 100)]
    return np.concatenate(
        [from_text(page.evaluate(program, [name, as_text(part)]), 10) for part in parts]
    )


def test_a_thousand_drawings_are_prepared_and_read_as_by_python(page, sample):
    pictures = np.array(
        [drawn_by_pen(x, *PENS[n % len(PENS)]) for n, x in enumerate(sample.train.x[:COUNT])]
    )
    expected = np.array([prepare_digit(picture) for picture in pictures])
    found = prepared_by_the_page(page, pictures)
    difference = np.abs(found - expected).reshape(COUNT, -1).max(axis=1)
    assert difference.max() <= 1 / 255
    model = page.input_value("#models")
    probabilities = probabilities_by_the_page(page, model, found)
    np.testing.assert_allclose(probabilities, predict_probabilities(expected, model), atol=1e-4)


@pytest.mark.parametrize("name", parameters.list_drawable())
def test_a_thousand_digits_get_the_probabilities_that_python_gives_them(page, sample, name):
    digits = sample.train.x[:COUNT]
    found = probabilities_by_the_page(page, name, digits)
    expected = predict_probabilities(digits, name)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", parameters.list_drawable())
def test_the_page_follows_the_hand(chromium, served, name):
    """Each frame prepares, reads and shows what is drawn; ``-s`` prints how long that takes."""
    page = chromium.new_page()
    page.add_init_script(
        """window.times = [];
        const request = requestAnimationFrame;
        window.requestAnimationFrame = (call) => request((time) => {
          const start = performance.now();
          call(time);
          times.push(performance.now() - start);
        });"""
    )
    page.goto(served.address)
    page.wait_for_selector("#models:enabled")
    choose(page, name)
    page.evaluate("times.length = 0")
    draw(page, STROKES[8])
    times = json.loads(page.evaluate("JSON.stringify(times)"))
    print(f"{name}: {len(times)} frames, {statistics.median(times):.0f} ms each")  # noqa: T201
    assert len(times) > 10
    page.close()
