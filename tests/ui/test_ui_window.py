"""The main window: it shows, its words fit, it opens and closes. Qt's offscreen platform; UI thread."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtWidgets import QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.base.texts import Texts
from app.ui.window import DARK, LIGHT, Look, MainWindow, has_screen, open_window, run_window

SHAPES = ((360, 640), (1280, 800))


@pytest.fixture
def texts() -> Texts:
    return Texts.load()


def shown(qtbot: QtBot, window: MainWindow, size: tuple[int, int]) -> MainWindow:
    qtbot.addWidget(window)
    window.resize(*size)
    with qtbot.waitExposed(window):
        window.show()
    return window


def labels_of(window: MainWindow) -> list[QLabel]:
    return list(cast("Iterable[QLabel]", window.findChildren(QLabel)))  # the 6.8 stubs say Iterable[Never]


def clipped(label: QLabel) -> bool:
    """True if a word is wider, or the wrapped text higher, than the label."""
    metrics = label.fontMetrics()
    room = label.contentsRect()
    if any(metrics.horizontalAdvance(word) > room.width() for word in label.text().split() if word.isascii()):
        return True
    needed = metrics.boundingRect(QRect(0, 0, room.width(), 100_000), int(Qt.TextFlag.TextWordWrap), label.text())
    return needed.height() > room.height() or needed.width() > room.width()


def beside_the_page(label: QLabel, window: MainWindow) -> bool:
    """True if the label reaches out of the visible page to the left or right (up and down it can be scrolled)."""
    page = window.centralWidget()
    assert isinstance(page, QScrollArea)
    left = label.mapTo(page.viewport(), label.rect().topLeft()).x()
    return left < 0 or left + label.width() > page.viewport().width()


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("text_scale", [1.0, 2.0])
@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_shows_its_words_without_clipping(
    qtbot: QtBot, texts: Texts, tmp_path: Path, size: tuple[int, int], text_scale: float, look: Look
) -> None:
    window = shown(qtbot, MainWindow(texts, look=look, text_scale=text_scale), size)

    labels = labels_of(window)
    picture = window.grab().toImage()

    assert window.windowTitle() == "Matou 码头"
    assert (window.width(), window.height()) == size
    assert any("matou receive" in label.text() for label in labels)
    assert [label.text() for label in labels if clipped(label) or beside_the_page(label, window)] == []
    assert picture.save(str(tmp_path / "window.png"))
    assert (picture.width(), picture.height()) == size
    assert len({picture.pixel(x, size[1] // 2) for x in range(size[0])}) > 1, "an empty picture"


def test_no_label_lies_over_another(qtbot: QtBot, texts: Texts) -> None:
    window = shown(qtbot, MainWindow(texts), SHAPES[0])
    places = [QRect(label.mapTo(window, label.rect().topLeft()), label.size()) for label in labels_of(window)]
    assert len(places) == 6
    assert not [(a, b) for i, a in enumerate(places) for b in places[:i] if a.intersects(b)]


def test_cannot_be_made_smaller_than_a_pda(qtbot: QtBot, texts: Texts) -> None:
    window = shown(qtbot, MainWindow(texts), (100, 100))
    assert (window.width(), window.height()) == (360, 640)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_inks_have_aa_contrast(look: Look) -> None:
    pairs = [(ink, ground) for ink in (look.ink, look.quiet_ink, look.accent) for ground in (look.ground, look.card)]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two #rrggbb colours."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("fullscreen", [False, True])
def test_runs_until_it_is_closed(qtbot: QtBot, texts: Texts, fullscreen: bool) -> None:
    seen: list[tuple[bool, bool]] = []

    def close_soon(window: MainWindow) -> None:
        seen.append((window.isVisible(), window.isFullScreen()))
        QTimer.singleShot(0, window.close)

    assert run_window(["matou"], texts=texts, fullscreen=fullscreen, on_shown=close_soon) == 0
    assert seen == [(True, fullscreen)]


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"QT_QPA_PLATFORM": "offscreen"}, True),
        ("win32", {}, True),
    ],
)
def test_knows_where_no_window_can_be_shown(platform: str, environment: Mapping[str, str], expected: bool) -> None:
    assert has_screen(platform, environment) is expected


def test_without_a_screen_says_so_instead_of_aborting(monkeypatch: pytest.MonkeyPatch, texts: Texts) -> None:
    monkeypatch.setattr("app.ui.window.has_screen", lambda _platform, _environment: False)
    with pytest.raises(Trouble) as caught:
        open_window(argparse.Namespace(fullscreen=False))
    assert texts.has(caught.value.code)
