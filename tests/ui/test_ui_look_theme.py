"""Tokens: contrast of every pair of ink and surface, sizes, and what is made of them. UI thread."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.reasons import SCAN_REASONS, Panel
from app.ui import theme
from app.ui.theme import DARK, LIGHT, Colours, Look, Mode, Paint, Size, Tone, tone_of
from app.ui.widgets.verdict_panel import Words, arrange
from tests.ui.picture_check import contrast

PAINTS = ("accent", "good", "soft", "attention", "stop")
MODES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


def paints_of(colours: Colours) -> dict[str, Paint]:
    return {name: getattr(colours, name) for name in PAINTS}


@MODES
def test_every_ink_has_aa_contrast_where_it_is_used(colours: Colours) -> None:
    surfaces = {name: getattr(colours, name) for name in ("ground", "card", "raised", "sunken")}
    pairs = [(ink, where) for ink in (colours.ink, colours.quiet_ink) for where in surfaces.values()]
    for paint in paints_of(colours).values():
        pairs += [(paint.on_fill, paint.fill), (paint.tint_ink, paint.tint), (colours.ink, paint.tint)]
        pairs += [(paint.tint_ink, colours.card), (paint.tint_ink, colours.ground)]
    weak = [(ink, on, round(contrast(QColor(ink), QColor(on)), 2)) for ink, on in pairs]
    assert [pair for pair in weak if pair[2] < 4.5] == []


@MODES
def test_a_bar_is_seen_on_its_track(colours: Colours) -> None:
    for fill in (colours.accent.fill, colours.good.fill):
        assert contrast(QColor(fill), QColor(colours.sunken)) >= (3.0 if colours is LIGHT else 1.9)


@MODES
def test_verdicts_differ_in_brightness_or_shape_not_only_in_hue(colours: Colours) -> None:
    """For eyes that do not tell red from green: tone of grey differs, or the shape does (see shapes)."""
    greys = {name: QColor(paint.fill).lightness() for name, paint in paints_of(colours).items()}
    assert abs(greys["attention"] - greys["stop"]) > 15


def test_every_reason_has_one_short_word_in_both_languages() -> None:
    texts = Texts.load()
    for reason in SCAN_REASONS:
        assert texts.has(f"ui_word_{reason}")
        assert 2 <= len(texts.title(f"ui_word_{reason}")) <= 4
        assert 0 < len(texts.title(f"ui_word_{reason}", "en")) <= 12


def test_text_size_and_touch_parts_grow_together() -> None:
    for percent in range(100, 201, 5):
        tokens = Look(text_scale=percent / 100).tokens
        assert tokens.text_px(Size.BODY) == round(16 * percent / 100)
        assert tokens.touch_px() >= 48
        assert tokens.touch_px() > tokens.text_px(Size.BODY) * 1.3
    assert Look(text_scale=2.0).for_chrome.text_scale == 1.4


@pytest.mark.parametrize(("scale", "lang"), [(0.9, "zh"), (2.1, "zh"), (1.0, "fr")])
def test_a_look_that_cannot_be_drawn_is_refused(scale: float, lang: str) -> None:
    with pytest.raises(ValueError, match=r"text scale|language"):
        Look(text_scale=scale, lang=lang)


def test_look_changes_one_thing_at_a_time() -> None:
    look = Look().with_mode(Mode.DARK).with_scale(1.5).with_lang("en")
    assert look == Look(Mode.DARK, 1.5, "en")
    assert dataclasses.replace(look, mode=Mode.LIGHT).tokens.colours is LIGHT


def test_each_panel_has_a_tone() -> None:
    assert {tone_of(panel) for panel in Panel} == {Tone.GOOD, Tone.SOFT, Tone.ATTENTION, Tone.STOP}


def test_apply_puts_the_whole_program_under_the_tokens(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp, Look(Mode.DARK, 1.5))
    assert qapp.font().pixelSize() == 24
    assert qapp.palette().window().color().name() == DARK.ground
    theme.apply(qapp, Look())
    assert qapp.palette().window().color().name() == LIGHT.ground


WORD = st.text("已收非本单重复码Received", min_size=1, max_size=12)
SENTENCE = st.text("阿莫西林胶囊 0.25g×24粒不在本单", max_size=60)


@given(
    panel=st.sampled_from([None, *Panel]),
    word=WORD,
    sentence=SENTENCE,
    width=st.integers(200, 2000),
    height=st.integers(140, 1400),
    scale=st.floats(1.0, 2.0),
)
def test_the_parts_of_a_verdict_never_lie_over_each_other(
    qapp: QApplication, panel: Panel | None, word: str, sentence: str, width: int, height: int, scale: float
) -> None:
    plan = arrange(Words(panel, word, sentence, "请放到一边"), QRectF(0, 0, width, height), scale)
    bottom = -1e9
    for block, left, top in plan.blocks:
        assert top >= bottom - 1
        bottom = top + block.height
        if plan.fits:
            place = QRectF(left, top, block.width, block.height)
            assert not place.adjusted(2, 2, -2, -2).intersects(plan.shape) or block.layout.textOption().alignment()
    if plan.fits:
        assert bottom <= height + 1
        assert plan.blocks[0][1] >= 0
        assert plan.shape.width() >= 24
