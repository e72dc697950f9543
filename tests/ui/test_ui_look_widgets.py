"""How the widgets behave: lists, keypad, verdict, progress, labels, choices. Offscreen; UI thread."""

from __future__ import annotations

from collections.abc import Callable
from statistics import quantiles
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.theme import DARK, Look, Mode, Size, Tone, font_of
from app.ui.widgets.buttons import Button, PlainButton
from app.ui.widgets.choices import Choice, Switch
from app.ui.widgets.fitting import Fit, Label, in_one_line, lay_out, line_height, shrink
from app.ui.widgets.keypad import Keypad
from app.ui.widgets.progress import Counts, TotalProgress
from app.ui.widgets.row_words import lay_out_detail
from app.ui.widgets.rows import Row, RowList, RowPlan, RowsModel
from app.ui.widgets.verdict_panel import VerdictPanel

MANY = 10_000


@pytest.fixture
def texts(qapp: QApplication, qtbot: QtBot) -> Texts:
    load_fonts()
    theme.apply(qapp, Look())
    return Texts.load()


def show(
    qtbot: QtBot, texts: Texts, part: QWidget, size: tuple[int, int] = (360, 480), look: Look | None = None
) -> None:
    qtbot.addWidget(part)
    if isinstance(part, theme.Themed):
        part.retheme(look or Look(), texts)
    theme.theme_tree(part, look or Look(), texts)
    part.resize(*size)
    with qtbot.waitExposed(part):
        part.show()


def rows(count: int) -> list[Row]:
    return [Row(f"k{i}", f"药品 {i}", f"8{i:019d}", f"{i % 20}/20", counts=Counts(i % 20, 0, 20)) for i in range(count)]


def test_ten_thousand_rows_lay_out_only_what_is_seen(qtbot: QtBot, texts: Texts) -> None:
    lines = RowList("ui_screen_tasks", bars=True)
    show(qtbot, texts, lines)
    lines.set_rows(rows(MANY))
    drawn: set[str] = set()
    plan = lines.drawer.plan

    def watched(row: Row, width_px: int) -> RowPlan:
        drawn.add(row.key)
        return plan(row, width_px)

    lines.drawer.plan = watched  # type: ignore[method-assign]
    lines.viewport().repaint()
    assert 0 < len(drawn) < 12


def test_scrolling_ten_thousand_rows_keeps_the_frame_time_of_ten(
    qtbot: QtBot, texts: Texts, record_property: Callable[[str, object], None]
) -> None:
    """A ratio, not a time: the slowest frames of a long list against those of a short one."""
    slow = {}
    for count in (60, MANY):
        lines = RowList("ui_screen_tasks", bars=True)
        show(qtbot, texts, lines, (480, 800))
        lines.set_rows(rows(count))
        bar = lines.verticalScrollBar()
        took = []
        for step in range(120):
            bar.setValue(step * 37 % max(1, bar.maximum()))
            began = perf_counter()
            lines.viewport().repaint()
            took.append((perf_counter() - began) * 1000)
        slow[count] = quantiles(took, n=20)[-1]
    record_property("p95_ms", slow)
    assert slow[MANY] < 3 * slow[60] + 5


def test_a_list_changes_row_by_row_and_tells_the_chosen_key(qtbot: QtBot, texts: Texts) -> None:
    lines = RowList("ui_screen_tasks")
    show(qtbot, texts, lines)
    lines.set_rows(rows(3))
    lines.replace_row(Row("k1", "换过"))
    lines.model_of_rows.insert(0, Row("new", "最新"))
    lines.model_of_rows.remove("k2")
    lines.model_of_rows.remove("not there")
    assert [row.title for row in lines.rows] == ["最新", "药品 0", "换过"]
    lines.model_of_rows.keep_first(2)
    assert [lines.model_of_rows.place_of(key) for key in ("new", "k0", "k1")] == [0, 1, None]
    with qtbot.waitSignal(lines.chosen) as caught:
        place = lines.visualRect(lines.model_of_rows.index(1)).center()
        QTest.mouseClick(lines.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == ["k0"]


def test_two_rows_with_one_key_are_a_bug(qtbot: QtBot, texts: Texts) -> None:
    lines = RowList("ui_screen_tasks")
    qtbot.addWidget(lines)
    with pytest.raises(ValueError, match="one key"):
        lines.set_rows([Row("a", "一"), Row("a", "二")])
    lines.set_rows([Row("a", "一")])
    with pytest.raises(ValueError, match="one key"):
        lines.model_of_rows.insert(0, Row("a", "二"))


@given(
    operations=st.lists(
        st.tuples(st.sampled_from(["insert", "remove", "replace", "keep"]), st.integers(0, 8), st.integers(0, 9))
    )
)
def test_places_in_a_list_follow_every_change(qapp: QApplication, operations: list[tuple[str, int, int]]) -> None:
    model = RowsModel()
    told: list[Row] = []
    for what, key, place in operations:
        row, there = Row(str(key), f"{what}{place}"), next((i for i, r in enumerate(told) if r.key == str(key)), None)
        if what == "insert" and there is None:
            told.insert(min(place, len(told)), row)
            model.insert(min(place, model.rowCount()), row)
        elif what == "remove":
            told = [one for one in told if one.key != str(key)]
            model.remove(str(key))
        elif what == "replace":
            told = [row if one.key == str(key) else one for one in told] if there is not None else [*told, row]
            model.replace(row)
        elif what == "keep":
            told = told[:place]
            model.keep_first(place)
        assert list(model.rows) == told
        assert [model.place_of(one.key) for one in told] == list(range(len(told)))


def test_a_pin_is_typed_by_touch_and_by_keys_and_not_kept(qtbot: QtBot, texts: Texts) -> None:
    pad = Keypad()
    show(qtbot, texts, pad)
    pad.setFocus()
    with qtbot.waitSignal(pad.entered) as caught:
        QTest.keyClicks(pad, "12x9")
        QTest.keyClick(pad, Qt.Key.Key_Backspace)
        QTest.keyClicks(pad, "34")
    assert caught.args == ["1234"]
    assert "1234" not in repr(vars(pad))


def test_a_pad_without_fixed_length_waits_for_the_tick(qtbot: QtBot, texts: Texts) -> None:
    pad = Keypad(digits=0)
    show(qtbot, texts, pad)
    told: list[str] = []
    pad.entered.connect(told.append)
    QTest.keyClick(pad, Qt.Key.Key_Return)
    QTest.keyClicks(pad, "123456789012345")
    assert told == []
    QTest.keyClick(pad, Qt.Key.Key_Return)
    assert told == ["123456789012"]


@pytest.mark.parametrize("panel", list(Panel))
@pytest.mark.parametrize("size", [(328, 238), (328, 400), (700, 500), (1400, 900)])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_verdict_fits_and_is_told_by_colour_and_words(
    qtbot: QtBot, texts: Texts, panel: Panel, size: tuple[int, int], lang: str, scale: float
) -> None:
    look = Look(Mode.DARK, scale, lang)
    verdict = VerdictPanel()
    show(qtbot, texts, verdict, size, look)
    verdict.resize(size[0], max(size[1], verdict.minimumSizeHint().height()))
    reason = "duplicate_in_receipt"
    word, sentence, hint = texts.title(f"ui_word_{reason}", lang), texts.title(reason, lang), texts.advice(reason, lang)
    verdict.show_outcome(panel, word, sentence, hint, holds=panel is Panel.STOP)
    assert verdict.plan().fits
    assert verdict.holding is (panel is Panel.STOP)
    assert verdict.accessibleName() == f"{word} {sentence} {hint}"
    fill = verdict.grab().toImage().pixelColor(verdict.width() // 2, 6)
    assert fill.name() == QColor(getattr(DARK, panel.value).fill).name()


def test_a_stop_is_confirmed_and_nothing_moves_when_it_comes(qtbot: QtBot, texts: Texts) -> None:
    verdict = VerdictPanel()
    show(qtbot, texts, verdict, (328, 300))
    before = verdict.minimumSizeHint()
    verdict.show_outcome(Panel.STOP, "非本单", holds=True)
    assert verdict.minimumSizeHint() == before
    button = verdict.childAt(QPoint(164, 270))
    assert isinstance(button, Button)
    with qtbot.waitSignal(verdict.confirmed):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert verdict.holding, "it holds until the confirm is recorded"
    verdict.release()
    assert (verdict.holding, verdict.said.word) == (False, "非本单"), "the words stay until the next scan"


def test_the_idle_words_follow_the_language_and_a_verdict_does_not_vanish(qtbot: QtBot, texts: Texts) -> None:
    verdict = VerdictPanel()
    show(qtbot, texts, verdict)
    assert verdict.said.word == texts.title("ui_idle")
    verdict.retheme(Look(lang="en"), texts)
    assert verdict.said.word == texts.title("ui_idle", "en")
    verdict.show_outcome(Panel.GOOD, "已收")
    verdict.retheme(Look(Mode.DARK), texts)
    assert verdict.said.word == "已收"
    verdict.show_idle("ui_idle_closed")
    assert verdict.said.panel is None


@pytest.mark.parametrize(
    ("counts", "shares", "missing"),
    [
        (Counts(0, 0, 0), (0.0, 0.0), 0),
        (Counts(5, 0, 10), (0.5, 0.0), 5),
        (Counts(5, 5, 10), (0.5, 0.5), 0),
        (Counts(15, 5, 10), (0.75, 0.25), 0),
    ],
)
def test_a_bar_is_never_longer_than_its_track(counts: Counts, shares: tuple[float, float], missing: int) -> None:
    assert counts.shares() == shares
    assert counts.missing == missing
    assert counts.complete is (missing == 0 and counts.expected > 0)


def test_numbers_show_at_once_and_the_bar_is_there_soon(qtbot: QtBot, texts: Texts) -> None:
    total = TotalProgress()
    show(qtbot, texts, total)
    total.set_counts(50, 0, 200)
    assert total.words() == ("50", " / 200", texts.title("ui_progress_missing", missing=150))
    assert "150" in total.accessibleName()
    qtbot.waitUntil(lambda: total.shown_shares == (0.25, 0.0), timeout=2_000)
    total.set_counts(200, 0, 200)
    total.settle()
    assert total.shown_shares == (1.0, 0.0)
    assert total.words()[2] == texts.title("ui_progress_done")


TEXT = st.text("药品阿莫西林胶囊0123456789ABC -·（）", max_size=80)


@given(text=TEXT, size=st.sampled_from(list(Size)), width=st.integers(40, 900))
def test_laid_out_text_stays_within_its_width_and_loses_nothing(
    qapp: QApplication, text: str, size: Size, width: int
) -> None:
    block = lay_out(text, font_of(size), width)
    covered = sum(block.layout.lineAt(i).textLength() for i in range(block.layout.lineCount()))
    assert covered == len(text)
    assert block.width <= max(width, size * 2)
    assert block.height == block.lines * line_height(font_of(size))


@given(text=TEXT, width=st.integers(60, 400), height=st.integers(24, 200))
def test_shrinking_never_enlarges_and_stops_at_a_readable_size(
    qapp: QApplication, text: str, width: int, height: int
) -> None:
    font = shrink(text, font_of(Size.TITLE), width, height)
    assert 12 <= font.pixelSize() <= Size.TITLE
    if font.pixelSize() < Size.TITLE:
        larger = lay_out(text, font_of(font.pixelSize() + 1), width)
        assert larger.height > height or larger.width > width or larger.breaks_words, "no smaller than it must be"
    line = in_one_line(text, font_of(Size.TITLE), width)
    assert line.lines == 1
    assert line.width <= width + 1


def test_a_label_follows_language_and_size_and_data_does_not(qtbot: QtBot, texts: Texts) -> None:
    said, data = Label("ui_idle", fit=Fit.SHRINK), Label(tone=Tone.QUIET)
    data.show_text("81234567890123456789")
    page = QWidget()
    said.setParent(page)
    data.setParent(page)
    show(qtbot, texts, page)
    assert said.text() == texts.title("ui_idle")
    theme.theme_tree(page, Look(Mode.DARK, 2.0, "en"), texts)
    assert said.text() == texts.title("ui_idle", "en")
    assert data.text() == "81234567890123456789"
    assert said.font().pixelSize() == 32
    assert data.ink.name() == DARK.quiet_ink


def test_a_choice_and_a_switch_tell_what_a_person_did_and_nothing_else(qtbot: QtBot, texts: Texts) -> None:
    choice = Choice("ui_screen_settings", (("light", "ui_screen_tasks"), ("dark", "ui_screen_more")))
    switch = Switch("ui_confirm_stop")
    show(qtbot, texts, choice)
    show(qtbot, texts, switch, (300, 60))
    told: list[str] = []
    choice.chosen.connect(told.append)
    choice.set_value("light")
    assert (choice.value, told) == ("light", [])
    QTest.mouseClick(choice, Qt.MouseButton.LeftButton)
    second = choice.childAt(QPoint(300, choice.height() // 2))
    assert second is not None
    QTest.mouseClick(second, Qt.MouseButton.LeftButton)
    assert (choice.value, told) == ("dark", ["dark"])
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert switch.isChecked(), "the whole row can be pressed"


def test_the_focus_ring_is_for_keys_only(qtbot: QtBot, texts: Texts) -> None:
    button = PlainButton("ui_dismiss")
    show(qtbot, texts, button, (200, 60))
    button.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not button.ring
    button.clearFocus()
    button.setFocus(Qt.FocusReason.TabFocusReason)
    assert button.ring


@pytest.mark.usefixtures("texts")
@pytest.mark.parametrize(
    ("text", "width_px", "free_px", "words"),
    [
        ("批号 260701 · 效期 2029-06-30", 400, 0, "批号 260701 · 效期 2029-06-30"),
        ("批号 260701 · 效期 2029-06-30", 130, 0, "批号 260701 …"),
        ("批号 260701 · 效期 2029-06-30", 130, 40, "批号 260701 · 效期 2029-06-30"),
        ("DEMO-20261122-12 · 蒙脱石散等 5 行", 150, 0, "DEMO-20261122-12 …"),
        ("冷链 · 特殊药品 · 227 盒 · DEMO-20261122-11", 170, 40, "冷链 · 特殊药品 · 227 盒 · DEMO-20261122-11"),
    ],
)
def test_a_detail_leaves_whole_parts_out_and_never_cuts_a_number(
    text: str, width_px: int, free_px: int, words: str
) -> None:
    block = lay_out_detail(text, Look().tokens.font(Size.SMALL), width_px, free_px)
    assert block.layout.text() == words
    assert block.width <= width_px
    assert block.height <= line_height(Look().tokens.font(Size.SMALL)) + free_px


def test_a_label_measures_a_width_once_and_its_words_anew(qtbot: QtBot, texts: Texts) -> None:
    label = Label()
    qtbot.addWidget(label)
    label.retheme(Look(), texts)
    heights = []
    for words in ("短", "很长的一句话，一行放不下，要放到好几行里去才行"):
        label.show_text(words)
        heights.append([label.heightForWidth(width) for width in (80, 80, 400)])
    assert heights[0][0] < heights[1][0]
    assert heights[1][0] == heights[1][1] > heights[1][2]
    label.retheme(Look(text_scale=2.0), texts)
    assert label.heightForWidth(80) > heights[1][0]
    for width in range(50, 150):
        label.heightForWidth(width)
    assert len(label._heights) <= 16
