"""Which camera, and which of its formats: decided from plain facts, so that it can be tried without one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WANTED_WIDTH, WANTED_HEIGHT = 1280, 720
SLOWEST_FPS, FASTEST_FPS = 10.0, 30.0
BETWEEN = "\t"


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """One camera of this machine. Its place in the list is no name: it changes with what is plugged in."""

    id: str
    description: str

    @property
    def kept(self) -> str:
        """As it is kept in the setting `camera`."""
        return f"{self.id}{BETWEEN}{self.description}"


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """What a camera offers."""

    width: int
    height: int
    most_fps: float
    is_packed: bool
    """JPEG: every frame has to be unpacked first."""


def pick_camera(choices: Sequence[CameraChoice], kept: str, number: int) -> int | None:
    """The place of the kept camera: by its id, else by its description if only one has it; else the one numbered.

    Only camera 0 means "the usual one" and follows the setting; any other number is that camera.
    """
    if number == 0 and kept:
        known_id, _, description = kept.partition(BETWEEN)
        for place, choice in enumerate(choices):
            if choice.id == known_id:
                return place
        named = [place for place, choice in enumerate(choices) if choice.description == description]
        if len(named) == 1:
            return named[0]
    return number if number < len(choices) else None


def best_format(offers: Sequence[FormatFacts]) -> int | None:
    """The place of the format nearest to 1280×720 that is quick enough; unpacked ones before JPEG."""
    if not offers:
        return None

    def cost(place: int) -> tuple[bool, float, bool, float]:
        offer = offers[place]
        away = abs(offer.width * offer.height - WANTED_WIDTH * WANTED_HEIGHT) / (WANTED_WIDTH * WANTED_HEIGHT)
        return offer.most_fps < SLOWEST_FPS, round(away, 2), offer.is_packed, abs(offer.most_fps - FASTEST_FPS)

    return min(range(len(offers)), key=cost)
