"""Verdicts for eyes that lack a kind of cone: the picture is seen through their matrix, pixel by pixel.

Word and shape differ for everybody; and whatever the eye, no two loudnesses are equally bright. Matrices: Machado,
Oliveira and Fernandes 2009, for eyes that lack the cone altogether, on linear RGB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, product

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.flows.outcomes import ScanOutcome
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.receiving_words import say_scan
from app.ui.theme import DARK, LIGHT, Colours, Look, Mode, tone_of
from app.ui.widgets.verdict_panel import VerdictPanel

Matrix = tuple[tuple[float, float, float], ...]
Rgb = tuple[float, float, float]
EYES: dict[str, Matrix] = {
    "usual": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
SHOWN = {Panel.GOOD: "ok", Panel.SOFT: "covered_by_parent", Panel.ATTENTION: "near_expiry", Panel.STOP: "expired"}
LEAST_RATIO = 1.2
"""Between the brightness of two fills, as in WCAG: one in a row of lamps is seen to be another from about there."""
READ_RATIO = 3.0
MOST_ALIKE = 0.85  # of two shapes: pixels in both, of those in any
SIDE = 48


@pytest.fixture
def dressed(qapp: QApplication) -> None:
    load_fonts()
    theme.apply(qapp, Look())


def linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def seen_by(colour: QColor, eye: Matrix) -> float:
    """How bright the colour is for this eye, 0 to 1."""
    rgb: Rgb = (linear(colour.redF()), linear(colour.greenF()), linear(colour.blueF()))
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True)))) for row in eye)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_no_two_fills_are_equally_bright(colours: Colours, eye: str) -> None:
    fills = {panel: QColor(getattr(colours, tone_of(panel).value).fill) for panel in SHOWN}
    bright = {panel: seen_by(fill, EYES[eye]) for panel, fill in fills.items()}
    close = {
        (one.value, other.value): round(ratio(bright[one], bright[other]), 2)
        for one, other in combinations(SHOWN, 2)
        if ratio(bright[one], bright[other]) < LEAST_RATIO
    }
    assert close == {}


@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize(("mode", "eye"), list(product(Mode, EYES)))
def test_shape_and_word_tell_verdicts_apart_in_the_picture(qtbot: QtBot, mode: Mode, eye: str) -> None:
    texts = Texts.load()
    words, shapes = {}, {}
    for panel, reason in SHOWN.items():
        picture, place, word = picture_of(qtbot, texts, mode, panel, reason)
        words[panel] = word
        shapes[panel] = frozenset(figure(picture, place, EYES[eye]))
        assert len(shapes[panel]) > SIDE * SIDE * 0.25, f"the shape of {panel} is hardly seen"
    assert len(set(words.values())) == len(SHOWN)
    for one, other in combinations((Panel.GOOD, Panel.ATTENTION, Panel.STOP), 2):
        alike = len(shapes[one] & shapes[other]) / len(shapes[one] | shapes[other])
        assert alike < MOST_ALIKE, (one, other, alike)


def picture_of(qtbot: QtBot, texts: Texts, mode: Mode, panel: Panel, reason: str) -> tuple[QImage, QRect, str]:
    """The panel as it is painted, where its shape stands, and its word."""
    look = Look(mode)
    widget = VerdictPanel()
    qtbot.addWidget(widget)
    widget.retheme(look, texts)
    widget.resize(480, 320)
    values = {"drug": "药", "received": 1, "expected": 10}
    said = say_scan(texts, "zh", ScanOutcome(1, reason, "8" * 20, line=1, packs=1, values=values))
    assert said.panel is panel
    widget.show_outcome(said.panel, said.word, said.sentence, said.hint, holds=False)
    return widget.grab().toImage(), widget.plan().shape.toRect(), said.word


def figure(picture: QImage, place: QRect, eye: Matrix) -> Iterator[tuple[int, int]]:
    """The points of a square grid over the shape that this eye tells from the panel around it."""
    ground = seen_by(picture.pixelColor(place.left() - 6, place.center().y()), eye)
    known: dict[int, bool] = {}
    for x, y in points():
        at = picture.pixel(place.left() + x * place.width() // SIDE, place.top() + y * place.height() // SIDE)
        if at not in known:
            known[at] = ratio(seen_by(QColor.fromRgb(at), eye), ground) >= READ_RATIO
        if known[at]:
            yield x, y


def points() -> Iterable[tuple[int, int]]:
    return product(range(SIDE), range(SIDE))
