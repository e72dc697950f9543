"""The main window: it opens and closes, follows its settings, and tells troubles in words. UI thread."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.base.settings import SETTINGS, text_of
from app.base.texts import Texts
from app.flows.outcomes import CommandOutcome
from app.ui import theme
from app.ui.feedback import Feedback
from app.ui.fonts import load_fonts
from app.ui.shell.status_strip import Network, Status
from app.ui.theme import Look, Mode, Tone
from app.ui.window import MainWindow, Opening, early_look, has_screen, open_window, run_window
from app.ui.window_news import GRAVE, SCAN_NOTICES, look_of, notice_of, short_name, with_scanners, with_sync
from app.wiring import Program
from devices import DeviceState, DeviceStatus
from sync import SyncStatus
from tests.ui.conductor_ear import call_of
from tests.ui.journey_hand import Tones
from tests.ui.screens_a_views import scan, setting

WAIT_MS = 20_000


@pytest.fixture
def texts() -> Texts:
    return Texts.load()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def tones() -> Tones:
    return Tones()


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, data: Path, texts: Texts, tones: Tones) -> Iterator[MainWindow]:
    load_fonts()
    theme.apply(qapp, Look())
    feedback = Feedback(opener=lambda _files, _volume: tones)
    feedback.wake()
    made = MainWindow(Opening(lambda: Program(call_of(data)), texts), feedback=feedback)
    qtbot.addWidget(made)
    yield made
    made.conductor.close()


def test_cannot_be_made_smaller_than_the_smallest_screen(window: MainWindow) -> None:
    window.resize(100, 100)
    window.show()
    assert (window.width(), window.height()) == (320, 480)


@pytest.mark.parametrize("fullscreen", [False, True])
def test_runs_until_it_is_closed(qtbot: QtBot, data: Path, texts: Texts, fullscreen: bool) -> None:
    seen: list[tuple[bool, bool]] = []

    def close_soon(window: MainWindow) -> None:
        seen.append((window.isVisible(), window.isFullScreen()))
        QTimer.singleShot(0, window.close)

    opening = Opening(lambda: Program(call_of(data)), texts, fullscreen=fullscreen)
    assert run_window(["matou"], opening, on_shown=close_soon) == 0
    assert seen == [(True, fullscreen)]


def test_the_folder_is_free_after_the_window(qtbot: QtBot, window: MainWindow, data: Path) -> None:
    with qtbot.waitSignal(window.conductor.ready, timeout=WAIT_MS):
        window.begin()
    with pytest.raises(Trouble) as caught, Program(call_of(data)):
        pass
    assert caught.value.code == "data_folder_in_use"
    assert window.close()
    with Program(call_of(data)) as program:
        assert program.operators() == ()


def test_follows_its_settings_at_run_time(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.conductor.ready, timeout=WAIT_MS):
        window.begin()
    for key, value in (("lang", "en"), ("theme", "dark"), ("text_scale", "1.5")):
        window.conductor.set_setting(key, value)
    qtbot.waitUntil(lambda: window.frame.look == Look(Mode.DARK, 1.5, "en"), timeout=WAIT_MS)
    assert window.windowTitle() == "Matou"


def test_the_next_window_begins_in_the_look_of_the_last(qtbot: QtBot, window: MainWindow, data: Path) -> None:
    assert early_look(DataPaths(data), "zh") == (Look(), True)
    with qtbot.waitSignal(window.conductor.ready, timeout=WAIT_MS):
        window.begin()
    window.conductor.set_setting("theme", "dark")
    qtbot.waitUntil(lambda: window.frame.look.mode is Mode.DARK, timeout=WAIT_MS)
    assert early_look(DataPaths(data), "zh") == (Look(Mode.DARK), False)
    (data / "device.toml").write_text("lang = 3", encoding="utf-8")
    assert early_look(DataPaths(data), "en") == (Look(lang="en"), True), "what is wrong with it is told later"


def test_scans_are_heard_as_they_are_seen(window: MainWindow, tones: Tones) -> None:
    conductor = window.conductor
    for reason in ("ok", "covered_by_parent", "near_expiry", "recalled"):
        conductor.scan_answered.emit(scan(reason))
    for name, reason in (("undo", "ok"), ("close", "ok"), ("close", "outcome_missing")):
        conductor.command_answered.emit(CommandOutcome(1, name, reason, "closed"))
    conductor.trouble.emit("scan_signed_out", {"device": "x"})
    assert tones.played == ["good", "soft", "attention", "stop", "soft", "good", "attention", "attention"]
    defaults = {one.key: text_of(one.default) for one in SETTINGS} | {"sound": "false"}
    conductor.settings_changed.emit(tuple(setting(key, value) for key, value in defaults.items()))
    assert tones.volume == 0


def test_a_scanner_notice_goes_when_it_is_ready_again(window: MainWindow) -> None:
    conductor, notices = window.conductor, window.frame.notices
    lost = DeviceStatus("serial:/dev/ttyACM0", DeviceState.LOST, "port_lost")
    conductor.scanners_changed.emit((lost,))
    conductor.trouble.emit("port_lost", {"subject": lost.device})
    assert [one.code for one in notices.told] == ["port_lost"]
    assert not window.status.scanners[0].ready
    conductor.scanners_changed.emit((DeviceStatus(lost.device, DeviceState.READY),))
    assert notices.told == ()
    assert window.status.scanners[0].ready


def test_the_notice_of_a_camera_goes_with_the_camera(window: MainWindow) -> None:
    conductor, notices = window.conductor, window.frame.notices
    away = DeviceStatus("camera:0", DeviceState.LOST, "camera_missing")
    conductor.scanners_changed.emit((away,))
    conductor.trouble.emit("camera_missing", {"subject": away.device})
    assert [one.code for one in notices.told] == ["camera_missing"]
    conductor.scanners_changed.emit(())
    assert notices.told == ()


def test_slips_of_the_pin_stand_beside_the_pad_only(window: MainWindow) -> None:
    window.conductor.trouble.emit("pin_wrong", {"operator": "1001", "left": 4})
    assert window.frame.notices.told == ()
    window.conductor.trouble.emit("disk_full", {})
    told = window.frame.notices.told
    assert [(one.code, one.tone) for one in told] == [("disk_full", Tone.STOP)]


def test_every_notice_that_the_window_knows_has_words(texts: Texts) -> None:
    assert [code for code in (*GRAVE, *SCAN_NOTICES) if not texts.has(code)] == []


def test_how_troubles_are_told() -> None:
    assert notice_of("disk_full", {}, ()).passing is False
    assert notice_of("scan_not_here", {}, ()).passing is True
    assert notice_of("server_missing", {}, ()).passing is False
    of_device = notice_of("fragment_dropped", {"subject": "a"}, ("a",))
    assert (of_device.about, of_device.passing) == ("device a", False)


@pytest.mark.parametrize(
    ("sync", "network", "waiting", "refused"),
    [
        (SyncStatus("online", waiting=3), Network.ONLINE, 3, 0),
        (SyncStatus("offline", trouble="server_unreachable"), Network.OFFLINE, 0, 0),
        (SyncStatus("online", trouble="bad_reply"), Network.TROUBLE, 0, 0),
        (SyncStatus("unknown", refused=1, held=2), Network.UNKNOWN, 0, 3),
    ],
)
def test_the_strip_says_where_the_exchange_stands(
    sync: SyncStatus, network: Network, waiting: int, refused: int
) -> None:
    status = with_sync(Status(), sync)
    assert (status.network, status.waiting, status.refused) == (network, waiting, refused)


def test_scanners_are_named_shortly() -> None:
    names = {"serial:/dev/ttyACM0": "ttyACM0", "serial:COM3": "COM3", "demo": "demo", "serial:/dev/pts/0": "pts/0"}
    names |= {"camera:0": "camera"}
    assert {device: short_name(device) for device in names} == names
    one = with_scanners(Status(), [DeviceStatus("serial:COM3", DeviceState.OPENING)]).scanners[0]
    assert (one.name, one.ready) == ("COM3", False)


@pytest.mark.parametrize(
    ("rows", "dark_outside", "look"),
    [
        ({}, False, Look()),
        ({"theme": "auto"}, True, Look(Mode.DARK)),
        ({"theme": "light"}, True, Look()),
        ({"theme": "dark", "lang": "en", "text_scale": "9"}, False, Look(Mode.DARK, 2.0, "en")),
        ({"lang": "xx", "text_scale": "large"}, False, Look()),
    ],
)
def test_the_look_that_settings_ask_for(rows: Mapping[str, str], dark_outside: bool, look: Look) -> None:
    assert look_of(rows, dark_outside=dark_outside) == look


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
