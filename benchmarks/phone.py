"""What a phone makes of a sheet: light, shadows, the table, the other side, noise and JPEG.

A *scene* is what the lens sees, and each effect is a function of a scene, a strength from 0 to 1,
and a generator.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from benchmarks.writing import Colour, Plane


class Scene(NamedTuple):
    """A sheet in some light, before a camera.

    Attributes
    ----------
    colours : ndarray of float32, shape (height, width, 3)
        The share of light that each point reflects.
    light : ndarray of float32, shape (height, width)
        The light that falls on it.
    tint : tuple of float
        The colour of the light.
    noise : float
        The standard deviation of the sensor's noise, as a share of white.
    quality : int
        Of the JPEG.
    """

    colours: Plane
    light: Plane
    tint: Colour = (1.0, 0.97, 0.92)
    noise: float = 0.008
    quality: int = 88


Effect = Callable[[Scene, float, np.random.Generator], Scene]


def scene(ink: Plane, rng: np.random.Generator) -> Scene:
    """Return a sheet in good light, which falls by a tenth or so across it."""
    paper = rng.uniform(0.82, 0.92)
    grain = ndimage.gaussian_filter(rng.normal(size=ink.shape[:2]).astype(np.float32), 1.0)
    colours = (paper + 0.02 * grain[..., None]) * (1.0 - ink)
    down, across = _grid(ink.shape[:2])
    angle = rng.uniform(0.0, 2.0 * np.pi)
    light = 0.92 - 0.08 * (np.cos(angle) * down + np.sin(angle) * across)
    return Scene(colours.astype(np.float32), light.astype(np.float32))


def photo(seen: Scene, rng: np.random.Generator) -> bytes:
    """Return the JPEG file that a phone writes."""
    exposed = seen.colours * seen.light[..., None] * np.array(seen.tint, np.float32)
    exposed = ndimage.gaussian_filter(exposed, (0.6, 0.6, 0.0))
    # Photons come at random: bright parts have more noise, and dark ones a larger share of it.
    deviation = seen.noise * np.sqrt(0.15 + np.clip(exposed, 0.0, 1.0))
    exposed = exposed + deviation * rng.normal(size=exposed.shape).astype(np.float32)
    file = io.BytesIO()
    pixels = np.rint(255.0 * np.clip(exposed, 0.0, 1.0)).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=seen.quality)
    return file.getvalue()


def _grid(shape: tuple[int, ...]) -> tuple[Plane, Plane]:
    """Return how far each pixel is down and across from the middle; the longer half side is 1."""
    rows, columns = np.indices(shape, np.float32)
    half = max(shape) / 2.0
    return (rows - shape[0] / 2.0) / half, (columns - shape[1] / 2.0) / half


def _turned(
    shape: tuple[int, ...], middle: tuple[float, float], angle: float
) -> tuple[Plane, Plane]:
    """Return the grid around another middle, turned by an angle in radians."""
    down, across = _grid(shape)
    down, across = down - middle[0], across - middle[1]
    return np.cos(angle) * down - np.sin(angle) * across, np.sin(angle) * down + np.cos(
        angle
    ) * across


def _step(away: NDArray[np.floating[Any]], softness: float) -> Plane:
    """Return 1 inside (where `away` is below 0) and 0 outside, over so many units of the grid."""
    place = np.clip(0.5 - away / max(softness, 1e-6), 0.0, 1.0)
    smooth: Plane = (place * place * (3.0 - 2.0 * place)).astype(np.float32)
    return smooth


def _shaded(seen: Scene, inside: Plane, left: float) -> Scene:
    """Leave a share of the light inside of a shadow."""
    return seen._replace(light=seen.light * (1.0 - (1.0 - left) * inside))


def vignette(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Let the light fall from the middle to the corners: to 0.37 of it at full strength."""
    down, across = _turned(seen.light.shape, tuple(rng.uniform(-0.15, 0.15, 2)), 0.0)
    radius = np.hypot(down, across)
    fall = np.clip(radius / 1.25, 0.0, 1.2) ** 2
    light = seen.light * (1.0 - 0.63 * strength * np.clip(fall, 0.0, 1.0))
    return seen._replace(light=light.astype(np.float32))


def phone_shadow(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Shade a rounded rectangle, as a phone held above does; to a quarter at full strength."""
    middle = (rng.uniform(-0.5, 0.9), rng.uniform(-0.6, 0.6))
    down, across = _turned(seen.light.shape, middle, rng.uniform(-0.6, 0.6))
    half, corner = (rng.uniform(0.4, 0.7), rng.uniform(0.25, 0.4)), rng.uniform(0.03, 0.12)
    beyond: Plane = np.hypot(
        np.maximum(np.abs(down) - half[0] + corner, 0.0),
        np.maximum(np.abs(across) - half[1] + corner, 0.0),
    ).astype(np.float32)
    softness = 2.0 * rng.uniform(0.01, 0.05) * (1.4 - strength)
    return _shaded(seen, _step(beyond - corner, softness), 1.0 - 0.75 * strength)


def shadow_band(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Shade a band with hard edges from rim to rim, through the digits."""
    down, _ = _turned(seen.light.shape, tuple(rng.uniform(-0.4, 0.4, 2)), rng.uniform(0, np.pi))
    half = rng.uniform(0.06, 0.2)
    return _shaded(seen, _step(np.abs(down) - half, 0.004), 1.0 - 0.7 * strength)


def two_shadows(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Shade the sheet by a phone and by an arm."""
    seen = phone_shadow(seen, 0.8 * strength, rng)
    down, across = _turned(
        seen.light.shape, tuple(rng.uniform(-0.6, 0.6, 2)), rng.uniform(0, 2 * np.pi)
    )
    arm = np.abs(across) - 0.12 - 0.06 * down
    inside = _step(arm, rng.uniform(0.02, 0.1)) * _step(-down, 0.05)
    return _shaded(seen, inside, 1.0 - 0.6 * strength)


def table(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Show a dark table at one or two rims; the sheet's edge is tilted and casts a shadow."""
    height, width = seen.light.shape
    down, across = _grid(seen.light.shape)
    grain = ndimage.gaussian_filter(rng.normal(size=seen.light.shape), (12.0, 1.5))
    wood = rng.uniform(0.03, 0.3) * (1.0 + 2.0 * grain[..., None])
    wood = np.clip(wood * np.array([1.0, 0.85, 0.7]), 0.01, 1.0)
    sides = rng.permutation(4)[: int(rng.integers(1, 3))]
    light, colours = seen.light, seen.colours
    for side in sides:
        tilt = np.radians(rng.uniform(-1.0, 1.0) * 3.0 * strength)
        toward, along = [(down, across), (across, down)][side % 2]
        sign = 1.0 if side < 2 else -1.0
        rim = (height if side % 2 == 0 else width) / max(height, width)
        edge = rim - rng.uniform(0.02, 0.03 + 0.1 * strength)
        away = edge - (sign * toward + np.tan(tilt) * along)
        on_table = _step(away, 0.003)[..., None]
        colours = colours * (1.0 - on_table) + wood * on_table
        light = light * (1.0 - 0.4 * _step(away - 0.004, 0.012))
    return seen._replace(colours=colours.astype(np.float32), light=light.astype(np.float32))


def show_through(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Let the print of the other side be seen: text and a table, at a tenth of ink's contrast."""
    printed = printed_page(seen.light.shape, rng)[:, ::-1]
    soft = ndimage.gaussian_filter(printed, 1.2)
    return seen._replace(colours=seen.colours * (1.0 - 0.11 * strength * soft[..., None]))


def printed_page(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """Return black print on a page: lines of words, and a table with its lines."""
    height, width = shape
    image = Image.new("L", (width, height))
    pencil = ImageDraw.Draw(image)
    top, size = int(0.05 * height), int(rng.uniform(18, 30))
    while top < 0.55 * height:
        left = int(0.06 * width)
        while left < 0.9 * width:
            word = "".join(rng.choice(list("aeinorstlmdugh"), int(rng.integers(2, 9))))
            pencil.text((left, top), word, 255, font_size=size)
            left += int(pencil.textlength(word, font_size=size)) + size // 2
        top += int(1.6 * size)
    left, right, bottom = int(0.1 * width), int(0.9 * width), int(0.95 * height)
    for row in np.linspace(top, bottom, 8).astype(int):
        pencil.line((left, row, right, row), 255, 3)
    for column in np.linspace(left, right, 6).astype(int):
        pencil.line((column, top, column, bottom), 255, 3)
    return np.asarray(image, np.float32) / np.float32(255.0)


def crumpled(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Crumple the paper: facets in light of their own, with creases between them."""
    shape = seen.light.shape
    points = rng.uniform(0.0, 1.0, (int(12 + 50 * strength), 2)) * shape
    low = tuple(-(-side // 4) for side in shape)
    rows, columns = np.indices(low, np.float32) * 4.0
    away = np.stack([(rows - row) ** 2 + (columns - column) ** 2 for row, column in points])
    order = np.argsort(away, axis=0)[:2]
    nearest, second = np.take_along_axis(np.sqrt(away), order, axis=0)
    facet = rng.normal(0.0, 1.0, len(points))[order[0]]
    crease = (
        np.exp(-(((second - nearest) / 14.0) ** 2)) * rng.normal(0.0, 1.0, len(points))[order[1]]
    )
    fold = 0.07 * strength * (ndimage.gaussian_filter(facet, 1.5) + crease)
    zoom = [side / small for side, small in zip(shape, low, strict=True)]
    fold = ndimage.zoom(fold, zoom, order=1)[: shape[0], : shape[1]]
    waves = ndimage.gaussian_filter(rng.normal(size=low), 12.0)
    waves = ndimage.zoom(waves / waves.std(), zoom, order=1)[: shape[0], : shape[1]]
    light = seen.light * np.clip(1.0 + fold + 0.04 * strength * waves, 0.2, 1.5)
    return seen._replace(light=light.astype(np.float32))


def on_its_side(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Turn the sheet by 90 degrees, to either side."""
    return _turned_scene(seen, 1 if rng.random() < 0.5 else 3)


def upside_down(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Turn the sheet by 180 degrees."""
    return _turned_scene(seen, 2)


def _turned_scene(seen: Scene, quarters: int) -> Scene:
    return seen._replace(
        colours=np.rot90(seen.colours, quarters), light=np.rot90(seen.light, quarters)
    )


def coloured_light(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Light the sheet in yellow, blue or pink."""
    lamps = ((1.0, 0.85, 0.45), (0.6, 0.75, 1.0), (1.0, 0.65, 0.8))
    lamp = lamps[int(rng.integers(len(lamps)))]
    red, green, blue = (1.0 - strength * (1.0 - share) for share in lamp)
    return seen._replace(tint=(red, green, blue))


def sensor_noise(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Add the noise of a small sensor in a dim room."""
    return seen._replace(noise=0.008 + 0.06 * strength)


def jpeg_blocks(seen: Scene, strength: float, rng: np.random.Generator) -> Scene:
    """Compress much: to a quality of 15 at full strength."""
    return seen._replace(quality=round(75 - 60 * strength))
