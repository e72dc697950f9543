"""Where on a picture a symbol lies: whether two places are one, and where a place of a turned picture was. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from devices.symbols import GreyPicture, Point, Quad

SLACK_PX = 3.0
"""Corners of one symbol differ by so much from one read to the next."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Clockwise by `degrees`, then stretched across and down."""

    degrees: float
    across: float = 1.0
    down: float = 1.0


class Turner(Protocol):
    """Turns pictures, which needs a library that this package does not know."""

    def turn(self, picture: GreyPicture, turn: Turn) -> GreyPicture:
        """The picture turned, on a canvas that holds all of it and has the same middle. Any thread."""


def overlap(one: Quad, other: Quad, slack_px: float = SLACK_PX) -> bool:
    """Whether two four-sided places share a point, or come nearer than `slack_px`."""
    for quad in (one, other):
        for start, end in zip(quad, quad[1:] + quad[:1], strict=True):
            across = (start[1] - end[1], end[0] - start[0])
            length = math.hypot(*across)
            if length == 0:
                continue
            mine, theirs = (_span(shape, across, length) for shape in (one, other))
            if mine[1] + slack_px < theirs[0] or theirs[1] + slack_px < mine[0]:
                return False  # a line lies between them
    return True


def _span(quad: Quad, axis: Point, length: float) -> tuple[float, float]:
    along = [(x * axis[0] + y * axis[1]) / length for x, y in quad]
    return min(along), max(along)


def middle(quad: Quad) -> Point:
    """The middle of a place."""
    return sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4


def turned_back(quad: Quad, turned: GreyPicture, turn: Turn, original: GreyPicture) -> Quad:
    """Where a place of the turned picture lies on the original."""
    cos, sin = math.cos(math.radians(turn.degrees)), math.sin(math.radians(turn.degrees))

    def back(point: Point) -> Point:
        x, y = (point[0] - turned.width / 2) / turn.across, (point[1] - turned.height / 2) / turn.down
        return x * cos + y * sin + original.width / 2, y * cos - x * sin + original.height / 2

    first, second, third, fourth = (back(point) for point in quad)
    return first, second, third, fourth


def shifted(quad: Quad, right: float, down: float) -> Quad:
    """The place, moved."""
    first, second, third, fourth = ((x + right, y + down) for x, y in quad)
    return first, second, third, fourth


def cut(picture: GreyPicture, place: Quad, edge_px: int) -> tuple[int, int, GreyPicture]:
    """What lies around a place, with its left and top on the whole picture."""
    across, down = [x for x, _ in place], [y for _, y in place]
    left, right = max(0, int(min(across)) - edge_px), min(picture.width, int(max(across)) + edge_px + 1)
    top, bottom = max(0, int(min(down)) - edge_px), min(picture.height, int(max(down)) + edge_px + 1)
    step, stride = picture.step, picture.stride
    rows = (picture.pixels[row * stride + left * step : row * stride + right * step] for row in range(top, bottom))
    return left, top, GreyPicture(b"".join(rows), right - left, bottom - top, (right - left) * step, step)
