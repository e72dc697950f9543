"""Words, rows and parts of a receipt on the screen, without a program behind them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.commands import Command, parse
from app.domain.packages import piece_of
from app.domain.reasons import COMMAND_REASONS, SCAN_REASONS, Lists, Panel
from app.flows.outcomes import CommandOutcome
from app.store.packages import Content
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.icons import Icon
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import DIFFERENCES, RECENT
from app.ui.screens.receiving_lacking import ask_of
from app.ui.screens.receiving_lists import EntryList
from app.ui.screens.receiving_sheet import REASONS, Ask, OutcomeSheet
from app.ui.screens.receiving_words import entry_row, is_shown, line_row, say_command, say_missing, say_scan
from app.ui.theme import Look, Tone
from app.ui.widgets.panes import Form
from app.ui.widgets.rows import RowsModel
from tests.ui import screens_a_views as views

LANGUAGES = ("zh", "en")
FRAME_MS = 33


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.fixture
def shown(qtbot: QtBot, qapp: QApplication) -> Callable[[QWidget, tuple[int, int]], None]:
    load_fonts()
    theme.apply(qapp, Look())

    def show(part: QWidget, size: tuple[int, int]) -> None:
        qtbot.addWidget(part)
        part.resize(*size)
        with qtbot.waitExposed(part):
            part.show()

    return show


def dock(texts: Texts) -> ReceivingScreen:
    screen = ReceivingScreen(Look(), texts)
    screen.retheme(Look(), texts)
    screen.open(views.receipt())
    return screen


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_answer_has_words(texts: Texts, lang: str) -> None:
    for reason in SCAN_REASONS:
        said = say_scan(texts, lang, views.scan(reason))
        assert said.word, reason
        assert said.word != f"ui_word_{reason}"
        assert "{" not in said.sentence + said.hint, said
    for reason in COMMAND_REASONS - {"ok"}:
        said = say_command(texts, lang, CommandOutcome(1, "undo", reason, f"command_{reason}"))
        assert said.panel in (Panel.ATTENTION, Panel.STOP)
        assert not said.word.startswith(("recv_", "ui_")), said
    for name in ("undo", "short", "over", "exempt", "damaged", "reject", "confirm", "pause", "close"):
        done = say_command(texts, lang, CommandOutcome(1, name, "ok", "closed"))
        assert done.panel is (Panel.GOOD if name == "close" else Panel.SOFT)
        assert not done.word.startswith("recv_")
    for each in Lists:
        assert texts.has(f"recv_list_{each.value}")


def test_a_refused_close_names_the_lines_and_counts_the_rest(texts: Texts) -> None:
    said = say_command(texts, "zh", views.refused_close())
    assert said.sentence == "第 1 行还差 39，第 3 行还差 16，第 4 行还差 20，还有 1 行"
    assert say_missing(texts, "zh", views.receipt().lines).startswith("第 1 行还差 39，第 3 行还差 16")
    assert say_missing(texts, "zh", views.complete().lines) == ""


def test_a_line_is_told_by_its_state(texts: Texts) -> None:
    states = {
        "begun": (views.line(1, 10, 3), Icon.BOX_OPEN, Tone.ACCENT),
        "untouched": (views.line(1, 10), Icon.BOX, Tone.INK),
        "complete": (views.line(1, 10, 8, short=2), Icon.GOOD, Tone.GOOD),
        "too much": (views.line(1, 10, 9, short=2), Icon.ATTENTION, Tone.ATTENTION),
    }
    for name, (line, icon, tone) in states.items():
        row = line_row(texts, "zh", line)
        assert (row.icon, row.tone) == (icon, tone), name
        assert row.value == f"{line.received}/{line.expected}"
    assert "短少 2" in line_row(texts, "zh", states["complete"][0]).detail


def test_undone_entries_are_faded_and_commands_without_effect_have_no_row(texts: Texts) -> None:
    undone = entry_row(texts, "zh", views.entry(3, in_force=False, undoable=False), "阿莫西林胶囊")
    assert (undone.faded, undone.title) == (True, "已收（已撤销）")
    refused = entry_row(texts, "zh", views.entry(4, "not_in_delivery"), "")
    assert not refused.faded
    assert [is_shown(views.entry(5, what=what)) for what in ("scan", "short", "undo", "confirm", "close")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("note", "detail"),
    [
        ("line 1 → 2", "…17572284 · 行号 1 → 2"),
        (
            "batch - → A, line 2 → 3, parent 89990139836900602677 → 89990139836900602691",
            "…17572284 · 批号 未说明 → A · 行号 2 → 3 · 所在大包装 …00602677 → …00602691",
        ),
        ("batch A → B, expiry 2027-01-01 → -", "…17572284 · 批号 A → B · 有效期 2027-01-01 → 未说明"),
        (None, "…17572284"),
    ],
)
def test_what_a_source_corrected_and_what_contradicts_is_told_in_words(
    texts: Texts, note: str | None, detail: str
) -> None:
    code = piece_of("89990110174017572284", "01a201d7-0000-7000-8000-00000000dead")
    entry = replace(views.entry(7, what="corrected"), note=note, code=code)
    row = entry_row(texts, "zh", entry, "")
    assert is_shown(entry)
    assert (row.title, row.detail, row.value) == ("来源更正了这个码", detail, "#7")
    told = entry_row(texts, "zh", replace(entry, what="contradicted", note="same_code"), "")
    assert "…17572284" in told.detail
    assert "#" not in told.detail
    assert told.title == texts.title("conflict_short_same_code")


def test_every_member_that_can_be_corrected_has_a_word(texts: Texts) -> None:
    names = ("level", "parent", "line", "amount", *(one.name for one in fields(Content)))
    missing = [name for name in names if not texts.has(f"recv_corrected_{name}")]
    assert missing == []


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        (views.line(3, 30, 12, short=2), "short", "short 3 18 x"),  # 16 missing on top of the 2 that are recorded
        (views.line(3, 30, 12, short=2), "exempt", "exempt 3 16 x"),
        (views.line(3, 30, 29, short=2), "short", "short 3 1 x"),  # one too many: the shortage shrinks
    ],
)
def test_what_a_touch_on_a_lacking_line_records(line: object, name: str, text: str) -> None:
    assert isinstance(line, type(views.line(1, 1)))
    ask = ask_of(line, name)
    assert ask.text("x") == text
    command = parse(ask.text("x"))
    assert isinstance(command, Command)
    assert command.line == 3


@pytest.mark.parametrize("command", sorted(REASONS))
def test_the_sheet_records_at_one_touch_or_in_own_words(
    qtbot: QtBot, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts, command: str
) -> None:
    sheet = OutcomeSheet()
    sheet.retheme(Look(), texts)
    theme.theme_tree(sheet, Look(), texts)
    shown(sheet, (360, 600))
    by_line = command in ("short", "exempt", "over")
    ask = Ask(command, "1 · 药", line=1, count=2, most=2) if by_line else Ask(command, "药", code="8" * 20)
    wished: list[str] = []
    sheet.decided.connect(wished.append)
    sheet.open(ask)
    qtbot.mouseClick(sheet._reasons[1], Qt.MouseButton.LeftButton)
    head = f"{command} 1 2" if by_line else f"{command} {'8' * 20}"
    assert wished == [f"{head} {texts.title(REASONS[command][1])}"]
    assert not sheet._record.isEnabled()
    qtbot.keyClicks(sheet._own.edit, "  my  own ")
    qtbot.mouseClick(sheet._record, Qt.MouseButton.LeftButton)
    assert wished[-1] == f"{head} my own"
    assert all(isinstance(parse(text), Command) for text in wished)


def test_the_count_of_the_sheet_stays_between_one_and_what_is_missing(
    qtbot: QtBot, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    sheet = OutcomeSheet()
    shown(sheet, (360, 600))
    sheet.retheme(Look(), texts)
    sheet.open(Ask("short", "1 · 药", line=1, count=3, already=1, most=3))
    assert not sheet._more.isEnabled()
    for _ in range(2):
        qtbot.mouseClick(sheet._fewer, Qt.MouseButton.LeftButton)
    assert not sheet._fewer.isEnabled()
    assert sheet.ask is not None
    assert sheet.ask.text("x") == "short 1 2 x"


def test_a_quick_second_touch_undoes_nothing_more(
    qtbot: QtBot, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    entries = EntryList()
    entries.retheme(Look(), texts)
    shown(entries, (360, 400))
    rows = [entry_row(texts, "zh", views.entry(seq), "药") for seq in (3, 2, 1)]
    entries.set_rows(rows)
    entries.set_undoable(frozenset({"3", "2"}))
    undone: list[str] = []
    chosen: list[str] = []
    entries.undo.connect(undone.append)
    entries.chosen.connect(chosen.append)
    place = entries.undo_centre("3")
    assert place is not None
    qtbot.mouseClick(entries.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(entries.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert undone == ["3"]
    assert entries.undo_centre("1") is None
    qtbot.mouseClick(entries.viewport(), Qt.MouseButton.LeftButton, pos=place - QPoint(200, 0))
    assert chosen == ["3"]
    entries.setCurrentIndex(entries.model_of_rows.index(1))
    qtbot.keyClick(entries, Qt.Key.Key_Delete)
    assert undone == ["3", "2"]


def test_a_scan_moves_its_line_the_total_and_the_latest(
    shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = dock(texts)
    shown(screen, (480, 600))
    screen.show_scan(views.scan(seq=20, received=61))
    assert screen.line_list.marked == "1"
    assert screen.line_list.rows[0].value == "61/100"
    assert screen.totals.large.counts.received == 93
    assert screen.entry_list.rows[0].key == "20"
    assert screen.differences.chosen is not None
    assert screen.differences.chosen.key == "89990110000000000020"
    screen.show_scan(views.scan("duplicate_in_receipt", seq=21, received=61))
    assert screen.totals.large.counts.received == 93
    assert not screen.entry_list.can_undo("21")
    screen.show_scan(views.scan("voucher_at_dock", seq=None, payload=None, line=None, received=None))
    assert screen.entry_list.rows[0].key == "21", "of a voucher nothing is kept"


def test_a_stop_holds_until_it_is_confirmed_or_the_site_says_otherwise(
    shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = dock(texts)
    shown(screen, (480, 600))
    held: list[bool] = []

    def then(act: Callable[[], None]) -> None:
        act()
        held.append(screen.panel.holding)

    then(lambda: screen.show_scan(views.scan("not_in_delivery", line=None, received=None)))
    then(lambda: screen.draw(views.receipt(held=True)))
    then(lambda: screen.show_command(CommandOutcome(22, "undo", "ok", "undone_scan", {"seq": 3})))
    then(lambda: screen.show_command(CommandOutcome(23, "confirm", "ok", "confirmed")))
    then(lambda: screen.show_scan(views.scan("not_recorded", seq=None)))  # nothing was written, nothing can be held
    screen.take_settings((views.setting("stop_holds", "false"),))
    then(lambda: screen.show_scan(views.scan("expired")))
    assert held == [True, True, True, False, False, False]


def test_the_keys_stay_in_the_screen_when_the_sheet_goes(
    qtbot: QtBot, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = dock(texts)
    shown(screen, (480, 600))
    screen.opened()
    screen.show_tab(DIFFERENCES)
    assert screen.focusWidget() is screen
    screen.differences.ask(ask_of(views.receipt().lines[2], "short"))
    assert screen.focusWidget() is screen.differences.sheet._reasons[0]
    qtbot.keyClick(screen.differences.sheet, Qt.Key.Key_Escape)
    assert screen.differences.sheet.ask is None
    assert screen.focusWidget() is screen.differences.close_button


def test_a_closed_receipt_offers_nothing_but_the_way_back(
    shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = dock(texts)
    shown(screen, (480, 600))
    screen.draw(replace(views.complete(), closed=True))
    screen.show_tab(DIFFERENCES)
    assert screen.panel.said.word == texts.title("ui_idle_closed")
    assert not any(button.isEnabled() for button in screen.differences.code_buttons.values())
    assert not any(screen.entry_list.can_undo(row.key) for row in screen.entry_list.rows)
    lefts: list[bool] = []
    screen.left.connect(lambda: lefts.append(True))
    screen.differences.close_button.click()
    assert lefts == [True]


def test_language_and_shape_change_keep_tab_sheet_and_scroll(
    qapp: QApplication, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = dock(texts)
    screen.draw(views.long_receipt(300))
    shown(screen, (480, 600))
    bar = screen.line_list.verticalScrollBar()
    bar.setValue(9_000)
    screen.show_tab(RECENT)
    screen.differences.ask(ask_of(views.receipt().lines[2], "short"))
    for form in (Form.DESK, Form.POCKET):
        screen.set_form(form)
        screen.resize(1100, 700) if form is Form.DESK else screen.resize(480, 600)
        screen.retheme(Look(lang="en"), texts)
        qapp.processEvents()
    assert bar.value() == 9_000
    assert screen.tab == RECENT
    assert screen.differences.sheet.ask is not None
    assert screen.differences.sheet._title.text() == "Record short"


def test_ten_thousand_lines_scroll_within_a_frame(
    qapp: QApplication, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    """Ratio and count: the slowest of a hundred steps may not cost more than a few frames on a busy machine."""
    screen = dock(texts)
    screen.draw(views.long_receipt(10_000))
    shown(screen, (480, 700))
    bar = screen.line_list.verticalScrollBar()
    took_ms = []
    for step in range(100):
        bar.setValue(step * bar.maximum() // 100)
        began = time.perf_counter()
        qapp.processEvents()
        screen.line_list.viewport().repaint()
        took_ms.append((time.perf_counter() - began) * 1000)
    assert len(screen.line_list.rows) == 10_000
    assert sorted(took_ms)[len(took_ms) // 2] < FRAME_MS


def test_a_scan_does_not_lay_ten_thousand_lines_out_anew(
    qapp: QApplication, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt asks for the number of rows at each row that it lays out: counted, because times depend on the machine."""
    screen = dock(texts)
    screen.draw(views.long_receipt(10_000))
    shown(screen, (480, 700))
    asked: list[int] = []
    count_rows = RowsModel.rowCount

    def count(model: RowsModel, *parent: object) -> int:
        asked.append(1)
        return count_rows(model)

    monkeypatch.setattr(RowsModel, "rowCount", count)
    for place, reason in enumerate(("ok", "near_expiry", "expired", "ok")):
        screen.show_scan(views.scan(reason, seq=30 + place, line=5_000 + place, received=3))
        qapp.processEvents()
    assert len(asked) < 1_000


def test_a_line_of_the_last_scan_is_brought_into_view(
    shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = dock(texts)
    screen.draw(views.long_receipt(300))
    shown(screen, (480, 700))
    screen.show_scan(views.scan(line=250, received=8))
    index = screen.line_list.model_of_rows.index(249)
    assert screen.line_list.viewport().rect().intersects(screen.line_list.visualRect(index))
    assert screen.line_list.rows[249].value == "8/10"


def test_a_view_draws_only_the_lines_that_changed(
    shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = dock(texts)
    view = views.long_receipt(500)
    screen.draw(view)
    shown(screen, (480, 700))
    resets: list[bool] = []
    changed: list[int] = []
    screen.line_list.model_of_rows.modelReset.connect(lambda: resets.append(True))
    screen.line_list.model_of_rows.dataChanged.connect(lambda first, *_: changed.append(first.row()))
    lines = (*view.lines[:7], replace(view.lines[7], received=9), *view.lines[8:])
    screen.draw(replace(view, lines=lines))
    assert (resets, changed) == ([], [7])
