"""The picture check: it finds planted faults, and finds none in the gallery of all widgets. Offscreen; UI thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.icons import Icon
from app.ui.shell.frame import Frame
from app.ui.theme import FONT_FAMILY, Look, Mode, theme_tree
from app.ui.widgets.buttons import IconButton, PlainButton
from app.ui.widgets.fitting import Fit, Label
from app.ui.widgets.rows import Row, RowList
from app.ui.widgets.verdict_panel import VerdictPanel
from tests.ui.look_gallery import SCENES, build_frame
from tests.ui.picture_check import check, contrast, look_over

SHAPES = ((360, 640), (480, 800), (1280, 800))
UNUSUAL = ((320, 480), (3840, 2160))
OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "gallery"


@pytest.fixture(autouse=True)
def look_of_the_program(qapp: QApplication, qtbot: QtBot) -> Iterator[None]:
    """Fonts and tokens as at the program's start; the look of other tests is put back."""
    load_fonts()
    theme.apply(qapp, Look())
    yield
    theme.apply(qapp, Look())


@pytest.fixture
def texts() -> Texts:
    return Texts.load()


def settle(app: QApplication) -> None:
    """Let every layout that asks for another one have it."""
    for _ in range(4):
        app.processEvents()


def stage(
    qtbot: QtBot, app: QApplication, texts: Texts, *parts: QWidget, size: tuple[int, int] = (320, 240)
) -> QWidget:
    page = QWidget()
    qtbot.addWidget(page)
    rows = QVBoxLayout(page)
    for part in parts:
        rows.addWidget(part)
    theme_tree(page, Look(), texts)
    page.resize(*size)
    page.show()
    settle(app)
    return page


@pytest.mark.parametrize("size", SHAPES, ids=lambda size: f"{size[0]}")
@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("mode", list(Mode))
def test_the_gallery_has_no_fault(
    qtbot: QtBot, qapp: QApplication, texts: Texts, size: tuple[int, int], scale: float, mode: Mode
) -> None:
    assert faults(qtbot, qapp, texts, Look(mode, scale), size, keep=True) == []


@pytest.mark.parametrize(
    ("size", "lang"),
    [(SHAPES[0], "en"), (SHAPES[2], "en"), (UNUSUAL[0], "zh"), (UNUSUAL[1], "zh")],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else value,
)
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_unusual_screens_and_english_have_none_either(
    qtbot: QtBot, qapp: QApplication, texts: Texts, size: tuple[int, int], scale: float, lang: str
) -> None:
    assert faults(qtbot, qapp, texts, Look(Mode.LIGHT, scale, lang), size, keep=False) == []


def faults(
    qtbot: QtBot, app: QApplication, texts: Texts, look: Look, size: tuple[int, int], *, keep: bool
) -> list[tuple[str, str]]:
    theme.apply(app, look)
    frame: Frame = build_frame(look, texts)
    qtbot.addWidget(frame)
    frame.resize(*size)
    frame.show()
    found = []
    for name, scene in SCENES.items():
        scene(frame)
        settle(app)
        stem = f"{size[0]}-{look.mode.value}-{look.text_scale:.0%}-{name}"
        problems = look_over(frame, OUT / f"{stem}.png") if keep else check(frame)
        found += [(name, problem) for problem in problems]
    return found


def too_wide(_texts: Texts) -> QWidget:
    label = QLabel("一二三四五六七八九十一二三四五六七八九十")
    label.setFixedWidth(100)
    return label


def too_high(_texts: Texts) -> QWidget:
    label = Label()
    label.show_text("一二三四五六七八九十" * 8)
    label.setFixedSize(120, 40)
    return label


def cut_short(_texts: Texts) -> QWidget:
    label = Label(fit=Fit.SHRINK)
    label.show_text("81234567890123456789" * 4)
    return label


def no_glyph(_texts: Texts) -> QWidget:
    label = Label()
    label.show_text("药品 \u0e01\u0e02")
    return label


def pale(_texts: Texts) -> QWidget:
    label = QLabel("看不清")
    label.setStyleSheet("color: #d0d4d8")
    return label


def small_target(_texts: Texts) -> QWidget:
    button = PlainButton("ui_dismiss")
    button.setFixedHeight(32)
    return button


def narrow_button(_texts: Texts) -> QWidget:
    button = PlainButton("ui_confirm_stop")
    button.setFixedWidth(50)
    return button


def nameless(_texts: Texts) -> QWidget:
    button = QPushButton()
    button.setFixedSize(60, 60)
    return button


def low_verdict(texts: Texts) -> QWidget:
    panel = VerdictPanel()
    panel.show_outcome(Panel.STOP, texts.title("ui_word_wrong_batch"), "批号与随货单不符" * 6, "请放到一边", holds=True)
    panel.setFixedSize(280, 120)
    return panel


def long_row(_texts: Texts) -> QWidget:
    rows = RowList("ui_screen_tasks")
    rows.set_rows([Row("1", "注射用头孢哌酮钠舒巴坦钠" * 8)])
    return rows


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (too_wide, "words"),
        (too_high, "words"),
        (cut_short, "cut short"),
        (no_glyph, "no glyph"),
        (pale, "contrast"),
        (small_target, "target of"),
        (narrow_button, "words"),
        (nameless, "no name"),
        (low_verdict, "does not fit"),
        (long_row, "does not fit"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_planted_faults_are_found(
    qtbot: QtBot, qapp: QApplication, texts: Texts, plant: Callable[[Texts], QWidget], words: str
) -> None:
    problems = check(stage(qtbot, qapp, texts, plant(texts)))
    assert any(words in problem for problem in problems), problems


def test_words_over_words_and_out_of_their_frame_are_found(qtbot: QtBot, qapp: QApplication, texts: Texts) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    for text, left in (("第一句话", 10), ("第二句话", 40), ("右边的话", 180)):
        label = QLabel(text, page)
        label.move(left, 20)
        label.resize(100, 40)
    page.resize(220, 100)
    page.show()
    settle(qapp)
    problems = check(page)
    assert any("lies over" in problem for problem in problems)
    assert any("reaches out" in problem for problem in problems)


def test_a_clean_page_is_clean(qtbot: QtBot, qapp: QApplication, texts: Texts) -> None:
    page = stage(qtbot, qapp, texts, Label("ui_idle"), PlainButton("ui_dismiss"), IconButton("ui_dismiss", Icon.CLOSE))
    assert check(page) == []


def test_the_contrast_rule_is_that_of_wcag() -> None:
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21.0)
    assert contrast(QColor("#777777"), QColor("#ffffff")) == pytest.approx(4.48, abs=0.01)


def test_the_bundled_font_is_the_one_that_draws(qtbot: QtBot, qapp: QApplication, texts: Texts) -> None:
    label = Label("ui_idle")
    page = stage(qtbot, qapp, texts, label)
    assert page.isVisible()
    assert label.fontInfo().family() == FONT_FAMILY
    assert QFont(label.font()).exactMatch()


def test_rows_side_by_side_share_the_width(qtbot: QtBot, qapp: QApplication, texts: Texts) -> None:
    """Two buttons with long words in a narrow row get smaller words, not a wider page."""
    row = QWidget()
    box = QHBoxLayout(row)
    for _ in range(2):
        box.addWidget(PlainButton("ui_confirm_stop"))
    page = stage(qtbot, qapp, texts, row, size=(280, 120))
    assert page.width() == 280
    assert check(page) == []
