"""The strokes of ten digits, as a hand may draw them: places from 0 to 1 on the sheet."""

from __future__ import annotations

import math

Place = tuple[float, float]


def arc(
    x: float, y: float, width: float, height: float, start: float, end: float, steps: int = 12
) -> list[Place]:
    """Return places on a part of an ellipse; angles are in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(x + width * math.cos(a), y + height * math.sin(a)) for a in angles]


STROKES: dict[int, list[list[Place]]] = {
    0: [arc(0.5, 0.5, 0.2, 0.32, -70, 285)],
    1: [[(0.4, 0.3), (0.52, 0.17), (0.5, 0.5), (0.48, 0.84)]],
    2: [[*arc(0.5, 0.35, 0.19, 0.18, 195, 380), (0.32, 0.8), (0.5, 0.78), (0.72, 0.81)]],
    3: [[*arc(0.48, 0.34, 0.18, 0.16, 205, 450), *arc(0.48, 0.66, 0.21, 0.17, -85, 155)]],
    4: [[(0.38, 0.18), (0.3, 0.52), (0.72, 0.53)], [(0.62, 0.2), (0.6, 0.5), (0.58, 0.86)]],
    5: [
        [(0.36, 0.2), (0.34, 0.45), *arc(0.48, 0.62, 0.21, 0.19, 230, 510)],
        [(0.36, 0.2), (0.52, 0.21), (0.68, 0.18)],
    ],
    6: [[(0.6, 0.16), (0.46, 0.3), *arc(0.5, 0.65, 0.17, 0.18, 200, 560)]],
    7: [[(0.3, 0.22), (0.5, 0.23), (0.7, 0.2), (0.58, 0.5), (0.47, 0.85)]],
    8: [[*arc(0.5, 0.34, 0.15, 0.16, 60, -240), *arc(0.5, 0.68, 0.18, 0.17, -90, 270)]],
    9: [[*arc(0.5, 0.36, 0.17, 0.17, -20, -360), (0.66, 0.55), (0.6, 0.85)]],
}
