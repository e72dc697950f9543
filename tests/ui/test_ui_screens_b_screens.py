"""The screens look-up, uploads, devices, settings and about in a person's hands: what they show and what they wish."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TypeVar, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.base.log import LogBook
from app.base.texts import Texts
from app.domain.own_forms import VOUCHER
from app.domain.reasons import Panel
from app.flows.views import UploadsView
from app.ui.feedback import Feedback
from app.ui.screens.about import AboutScreen
from app.ui.screens.code_cards import Branch
from app.ui.screens.devices import DevicesScreen, ScannerCard
from app.ui.screens.installation import Check, Inspection, Place, libraries, place_of_data
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.ports import PortFinder
from app.ui.screens.screen import Form, Screen
from app.ui.screens.settings import SettingsScreen
from app.ui.screens.settings_parts import SavedField, SavedText
from app.ui.screens.upload_pages import PAGE
from app.ui.screens.uploads import UploadsScreen
from app.ui.theme import Look, Mode
from app.ui.widgets.rows import Row, RowPlan
from sync import SyncStatus
from tests.ui import screens_b_views as views

VOUCHER_TEXT = "424" + "7" * 25
Part = TypeVar("Part", bound=QWidget)
ALL_SCREENS = (LookupScreen, UploadsScreen, DevicesScreen, SettingsScreen, AboutScreen)


def words(widget: QWidget) -> str:
    """All that labels say now."""
    return "\n".join(label.text() for label in seen(widget, QLabel))


def seen(widget: QWidget, kind: type[Part]) -> list[Part]:
    """Parts of that kind that can be seen. Qt shows parts that were added just now with the next round of events."""
    QApplication.processEvents()
    return [part for part in cast("list[Part]", widget.findChildren(kind)) if part.isVisibleTo(widget)]


def named(widget: QWidget, name: str) -> list[QWidget]:
    return [part for part in seen(widget, QWidget) if part.accessibleName() == name]


def shown(qtbot: QtBot, screen: Screen, form: Form = Form.POCKET) -> None:
    qtbot.addWidget(screen)
    screen.set_form(form)
    screen.resize(360, 560)
    screen.show()


def click(qtbot: QtBot, part: QWidget) -> None:
    qtbot.mouseClick(part, Qt.MouseButton.LeftButton)


def test_lookup_tells_what_where_and_what_happened(qtbot: QtBot) -> None:
    screen = LookupScreen(Look(), Texts.load())
    shown(qtbot, screen)
    screen.set_site(views.SITE)
    screen.set_sync(views.ONLINE)
    screen.draw(views.known_bundle())
    told = words(screen)
    for fact in ("阿莫西林胶囊", "260701", "2029-06-30", "DEMO-20261122-11", "截至 2026-11-22 14:00", "已入库", "中包"):
        assert fact in told
    assert "撤销 操作员 1001" in screen.history.story.accessibleName()
    assert "已不作数" in screen.history.story.accessibleName()
    branches = seen(screen, Branch)
    assert len(branches) == 1 + 1 + 12
    with qtbot.waitSignal(screen.asked) as asked:
        click(qtbot, branches[0])
    assert asked.args == [views.CARTON]
    screen.packages._show_more()
    assert len(seen(screen, Branch)) == 1 + 1 + 20


def test_a_voucher_shows_nothing_and_what_was_typed_is_forgotten(qtbot: QtBot) -> None:
    screen = LookupScreen(Look(), Texts.load())
    shown(qtbot, screen)
    screen.draw(views.known_bundle())
    qtbot.keyClicks(screen.field.edit, VOUCHER_TEXT)
    with qtbot.waitSignal(screen.asked) as asked:
        qtbot.keyClick(screen.field.edit, Qt.Key.Key_Return)
    assert asked.args == [VOUCHER_TEXT]
    assert screen.field.edit.text() == ""
    screen.draw(views.bare("voucher"))
    told = words(screen)
    assert "医保凭证" in told
    assert "阿莫西林" not in told
    assert not re.search(r"[0-9]{4}", told)


def test_a_code_that_nobody_knows_says_so(qtbot: QtBot) -> None:
    screen = LookupScreen(Look(), Texts.load())
    shown(qtbot, screen)
    assert "扫一个码" in words(screen)
    screen.draw(views.bare("trace20", views.CARTON))
    assert "本机没有这个码的记录" in words(screen)
    assert "医院那边没有这个码的记录" in words(screen)
    screen.draw(views.bare("product_code"))
    assert "不是追溯码" in words(screen)
    assert not screen.hospital.isVisibleTo(screen)


def test_uploads_filter_tell_why_and_act(qtbot: QtBot) -> None:
    screen = UploadsScreen(Look(), Texts.load())
    shown(qtbot, screen)
    view = views.refused_uploads()
    with qtbot.waitSignal(screen.wanted) as wanted:
        click(qtbot, screen.tiles["refused"])
    assert wanted.args == [("refused",), PAGE, None]
    screen.draw(view)
    assert [tile.count for tile in screen.tiles.values()] == [0, 6, 0, 0, 1234]
    assert [row.detail for row in screen.rows.rows][-1] == "这个码已由另一条记录收过"
    screen.rows.chosen.emit(view.rows[-1].id)
    assert "请药师在冲突清单中核对" in words(screen.detail)
    assert "该码已由 pda-07 收过" in words(screen.detail)
    with qtbot.waitSignal(screen.retried) as retried:
        click(qtbot, screen.detail.retry)
    assert retried.args == [(view.rows[-1].id,)]
    with qtbot.waitSignal(screen.put_aside) as aside:
        screen.detail.aside.click()
        screen.detail.asider.reason.edit.setText("等药师核对")
        screen.detail.asider.do.click()
    assert aside.args == [(view.rows[-1].id,), "pharmacist", "等药师核对"]
    with qtbot.waitSignal(screen.code_asked) as asked:
        click(qtbot, screen.detail.look_up)
    assert asked.args == [view.rows[-1].payload]
    click(qtbot, screen.detail.back)
    with qtbot.waitSignal(screen.retried) as retried:
        click(qtbot, screen.retry_all)
    assert retried.args == [tuple(row.id for row in view.rows)]
    with qtbot.waitSignal(screen.synced):
        click(qtbot, screen.sync)


def test_an_item_that_left_the_filter_is_not_shown_any_more(qtbot: QtBot) -> None:
    screen = UploadsScreen(Look(), Texts.load())
    shown(qtbot, screen)
    screen.choose("refused")
    view = views.refused_uploads()
    screen.draw(view)
    screen.rows.chosen.emit(view.rows[0].id)
    assert screen.detail.row == view.rows[0]
    screen.draw(views.uploads(*view.rows[1:]))
    assert view.rows[0].id not in {row.key for row in screen.rows.rows}
    assert not screen.detail.isVisibleTo(screen)
    assert screen.rows.isVisibleTo(screen)


def test_ten_thousand_rows_come_in_pages_and_cost_what_is_seen(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = UploadsScreen(Look(), Texts.load())
    rows = [views.upload(number) for number in range(10_000, 0, -1)]
    asked: list[int | None] = []

    def answer(_states: object, limit: int, before: int | None) -> None:
        asked.append(before)
        page = [row for row in rows if before is None or row.n < before][:limit]
        total = UploadsView(len(rows), 0, 0, 0, 0, 0, tuple(page))
        screen.draw(total)

    screen.wanted.connect(answer)
    shown(qtbot, screen)
    screen.choose("waiting")
    bar = screen.rows.verticalScrollBar()
    while len(screen.rows.rows) < len(rows):
        before = len(screen.rows.rows)
        bar.setValue(0)
        QApplication.processEvents()
        bar.setValue(bar.maximum())
        assert len(screen.rows.rows) > before
    assert [row.key for row in screen.rows.rows] == [row.id for row in rows]
    assert len([one for one in asked if one is not None]) == 10_000 // PAGE - 1
    drawn: set[str] = set()
    plan = screen.rows.drawer.plan

    def counted(row: Row, width_px: int) -> RowPlan:
        drawn.add(row.key)
        return plan(row, width_px)

    monkeypatch.setattr(screen.rows.drawer, "plan", counted)
    bar.setValue(bar.maximum() // 2)
    screen.rows.grab()
    assert 0 < len(drawn) <= screen.rows.height() // screen.rows.drawer.height_px() + 2


def test_devices_tell_state_cure_bytes_and_ports(qtbot: QtBot) -> None:
    screen = DevicesScreen(Look(), Texts.load())
    shown(qtbot, screen)
    assert "没有设置扫码枪" in words(screen)
    screen.draw(views.SCANNERS)
    cards = seen(screen, ScannerCard)
    assert [card.state.text() for card in cards] == ["就绪", "断开", "不可用"]
    assert "重新插好" in cards[1].cure.text()
    assert "dialout" in cards[2].cure.text()
    screen.draw_bytes("serial:/dev/ttyACM1", views.GS1_BYTES)
    assert "C␝21A1B2C3D4E5␍" in screen.test.text
    assert "GS1 DataMatrix" in words(screen.test)
    assert "1D 32 31" in words(screen.test)
    screen.draw_settings(views.settings(may_change=True))
    screen.draw_ports(views.PORTS)
    assert "Newland · USB 虚拟串口" in words(screen)
    with qtbot.waitSignal(screen.chosen) as chosen:
        click(qtbot, named(screen, "设为扫码枪")[0])
    assert chosen.args == ["serial:/dev/serial/by-id/usb-Newland\nserial:/dev/ttyUSB0"]
    screen.draw_settings(views.settings(may_change=False))
    assert named(screen, "设为扫码枪") == []


def test_ports_are_found_on_another_thread(qtbot: QtBot) -> None:
    finder = PortFinder(look_for=lambda: views.PORTS)
    with qtbot.waitSignal(finder.found, timeout=5_000) as found:
        finder.look()
        finder.look()
    assert found.args == [views.PORTS]


def test_settings_change_at_once_and_locked_ones_say_why(qtbot: QtBot) -> None:
    screen = SettingsScreen(Look(), Texts.load())
    shown(qtbot, screen)
    screen.set_operator(views.CLERK)
    screen.draw(views.settings(may_change=False))
    assert "只有信息科" in words(screen)
    assert not screen.server.part.isVisibleTo(screen)
    for part, value, expected in (
        (screen.lang, "en", ["lang", "en"]),
        (screen.theme, "dark", ["theme", "dark"]),
        (screen.scale, "1.5", ["text_scale", "1.5"]),
    ):
        with qtbot.waitSignal(screen.changed) as changed:
            click(qtbot, part._segments[value])
        assert changed.args == expected
    with qtbot.waitSignal(screen.changed) as changed:
        click(qtbot, screen.sound)
    assert changed.args == ["sound", "false"]
    with qtbot.waitSignal(screen.tried) as tried:
        click(qtbot, screen.tones[Panel.STOP])
    assert tried.args == [Panel.STOP]
    with qtbot.waitSignal(screen.signed_off):
        click(qtbot, screen.sign_out)


def test_a_technician_saves_what_was_typed_and_keeps_it_over_a_refresh(qtbot: QtBot) -> None:
    screen = SettingsScreen(Look(), Texts.load())
    shown(qtbot, screen)
    screen.draw(views.settings(may_change=True))
    server, scanners = screen.server.part, screen.scanners.part
    assert isinstance(server, SavedField)
    assert isinstance(scanners, SavedText)
    assert not server.save.isVisibleTo(screen)
    server.field.edit.setText("https://new.example")
    screen.draw(views.settings(may_change=True))
    assert server.field.edit.text() == "https://new.example"
    with qtbot.waitSignal(screen.changed) as changed:
        click(qtbot, server.save)
    assert changed.args == ["server", "https://new.example"]
    screen.draw(views.settings(may_change=True, server="https://new.example"))
    assert not server.save.isVisibleTo(screen)
    scanners.edit.setPlainText("serial:COM3\nserial:COM4")
    with qtbot.waitSignal(screen.changed) as changed:
        click(qtbot, scanners.save)
    assert changed.args == ["scanners", "serial:COM3\nserial:COM4"]


def test_about_shows_folder_log_licences_and_checks(qtbot: QtBot, tmp_path: Path) -> None:
    log = LogBook(tmp_path / "logs", VOUCHER)
    try:
        logging.getLogger("test").warning("a line for the technician")
        screen = AboutScreen(Look(), Texts.load())
        shown(qtbot, screen)
        screen.opened()
        assert place_of_data().folder == tmp_path
        assert str(tmp_path) in screen.folder.text()
        screen.show_part("log")
        assert "a line for the technician" in screen.log.toPlainText()
        screen.show_part("licences")
        names = [row.title for row in screen.licences.rows]
        assert "图标 Lucide" in names
        assert "peewee" in names
        screen.licences.chosen.emit("LICENSE-OFL.txt")
        assert "SIL OPEN FONT LICENSE" in screen.licence.toPlainText()
        screen.show_part("check")
        screen.draw([Check("python", "pass", {"found": "3.11"}), Check("space", "attention", {"found": 10})])
        assert "有 1 项要看一下" in words(screen)
        assert [row.detail for row in screen.checks.rows] == ["", "请腾出至少 500 MB"]
    finally:
        log.close()
    assert {one.name for one in libraries()} >= {"PySide6", "peewee", "httpx"}


def test_the_inspection_fails_in_words_without_a_folder(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ui.screens.installation.place_of_data", lambda: Place(None, ()))
    inspection = Inspection(feedback=Feedback(opener=lambda _files, _volume: None))
    with qtbot.waitSignal(inspection.done, timeout=20_000) as done:
        inspection.run(SyncStatus("online", trouble="reply_lacks", subject="items.0.state"))
    assert done.args is not None
    checks = {check.name: check for check in done.args[0]}
    assert checks["folder"].state == "fail"
    about = AboutScreen(Look(), Texts.load())
    shown(qtbot, about)
    about.show_part("check")
    about.draw([checks["server"]])
    assert [row.title for row in about.checks.rows] == ["前置机 医院前置机的回应缺少内容：items.0.state"]
    assert checks["python"].state == "pass"
    assert checks["sound"].values == {"found": "no_sound_device"}


@pytest.mark.parametrize("make", ALL_SCREENS)
def test_language_theme_and_size_change_keep_what_is_shown(qtbot: QtBot, make: type[Screen]) -> None:
    texts = Texts.load()
    screen = make(Look(), texts)
    shown(qtbot, screen)
    if isinstance(screen, LookupScreen):
        screen.draw(views.known_bundle())
    if isinstance(screen, SettingsScreen):
        screen.draw(views.settings(may_change=False))
    before = words(screen)
    screen.retheme(Look(Mode.DARK, 2.0, "en"), texts)
    screen.set_form(Form.DESK)
    assert words(screen) != before or not before
    assert screen.accessibleName() == texts.title(screen.title_code, "en")
    screen.set_form(Form.POCKET)
    screen.retheme(Look(), texts)
    assert words(screen) == before
