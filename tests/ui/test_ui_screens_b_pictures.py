"""Every state of the look-up, upload, device, settings and about screens as a picture, and the picture check over it.

The pictures lie under out/ui/screens_b, for eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.about import AboutScreen
from app.ui.screens.devices import DevicesScreen
from app.ui.screens.installation import Check
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.settings import SettingsScreen
from app.ui.screens.uploads import UploadsScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from app.ui.widgets.cards import Page
from tests.ui import screens_b_views as views
from tests.ui.picture_check import look_over, telling

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "screens_b"
SIZES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "light_en": Look(lang="en"),
}
CHECKS = (
    Check("python", "pass", {"found": "3.11"}),
    Check("serial", "attention", {"found": 0}),
    Check("database", "fail", {"found": "database_damaged"}),
)
SETTLED = 12  # rounds of events after which a column that scrolls has found its height
Scene = tuple[str, str, Callable[[], object]]


def scenes(frame: Frame) -> Iterator[Scene]:
    """Name, screen, and what puts it into that state."""
    lookup, uploads = frame.screen_named("lookup"), frame.screen_named("uploads")
    devices, settings, about = (frame.screen_named(name) for name in ("devices", "settings", "about"))
    assert isinstance(lookup, LookupScreen)
    assert isinstance(uploads, UploadsScreen)
    assert isinstance(devices, DevicesScreen)
    assert isinstance(settings, SettingsScreen)
    assert isinstance(about, AboutScreen)
    lookup.set_site(views.SITE)
    lookup.set_sync(views.ONLINE)
    settings.set_operator(views.CLERK)
    refused = views.refused_uploads()
    yield "lookup_empty", "lookup", lambda: None
    yield "lookup_bundle", "lookup", lambda: lookup.draw(views.known_bundle())
    yield "lookup_unknown", "lookup", lambda: lookup.draw(views.bare("trace20", views.CARTON))
    yield "lookup_broken", "lookup", lambda: lookup.draw(views.bare("gs1", "0109529", ("gs1_broken", "full_width")))
    yield "lookup_voucher", "lookup", lambda: lookup.draw(views.bare("voucher"))
    yield "uploads_empty", "uploads", lambda: uploads.draw(views.uploads())
    yield "uploads_refused", "uploads", lambda: draw_refused(uploads)
    yield "uploads_detail", "uploads", lambda: uploads.rows.chosen.emit(refused.rows[3].id)
    yield "devices_none", "devices", lambda: None
    yield "devices", "devices", lambda: draw_devices(devices)
    yield "devices_recording", "devices", lambda: draw_recording(frame, devices)
    yield "devices_recording_over", "devices", lambda: draw_recording(frame, devices, over=True)
    yield "settings_clerk", "settings", lambda: settings.draw(views.settings(may_change=False))
    yield "settings_it", "settings", lambda: settings.draw(views.settings(may_change=True))
    yield from lower_settings(settings)
    yield "about", "about", lambda: None
    yield "about_check", "about", lambda: draw_checks(about)
    yield "about_licences", "about", lambda: about.show_part("licences")
    yield "about_log", "about", lambda: about.show_part("log")


def lower_settings(settings: SettingsScreen) -> Iterator[Scene]:
    """Further down the page: every card of the site, once as whoever may change it and once as a clerk."""

    def see(part: QWidget, *, may_change: bool) -> None:
        settings.draw(views.settings(may_change=may_change))
        QApplication.processEvents()
        (page,) = settings.findChildren(Page)
        bar = page.verticalScrollBar()
        bar.setValue(part.mapTo(page.widget(), QPoint(0, 0)).y())

    for group, cards in (("work", settings.work), ("line", settings.line)):
        for number, card in enumerate(cards.cards):
            yield f"settings_{group}_{number}", "settings", partial(see, card, may_change=True)
        yield f"settings_{group}_locked", "settings", partial(see, cards.locked, may_change=False)
    yield "settings_line_low", "settings", partial(see, settings.line.parts["pinned_keys"], may_change=True)


def draw_refused(screen: UploadsScreen) -> None:
    screen.choose("refused")
    screen.draw(views.refused_uploads())


def draw_checks(screen: AboutScreen) -> None:
    screen.show_part("check")
    screen.draw(CHECKS)


def draw_devices(screen: DevicesScreen) -> None:
    screen.draw(views.SCANNERS)
    screen.draw_settings(views.settings(may_change=True))
    screen.draw_ports(views.PORTS)
    screen.draw_bytes("serial:/dev/ttyACM1", views.GS1_BYTES)


def draw_recording(frame: Frame, screen: DevicesScreen, *, over: bool = False) -> None:
    """The card is low on the page: it is the one to be seen."""
    frame.strip.draw(replace(frame.strip.status, recording=not over))
    screen.recording.draw(views.RECORDED if over else views.RECORDING)
    QApplication.processEvents()
    page = screen.findChild(Page)
    assert isinstance(page, Page)
    page.ensureWidgetVisible(screen.recording)


@pytest.mark.parametrize(
    ("size", "name"),
    telling(
        (
            *((size, name) for size in ("pocket", "desk") for name in ("light", "dark", "light_200", "dark_200")),
            ("pocket", "light_en"),
            ("tall", "light"),
        )
    ),
)
def test_every_screen_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, size: str, name: str) -> None:
    look, texts = LOOKS[name], Texts.load()
    assert not load_fonts().missing
    theme.apply(qapp, look)
    screens = [make(look, texts) for make in (LookupScreen, UploadsScreen, DevicesScreen, SettingsScreen, AboutScreen)]
    frame = Frame(screens, look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("FR27", True),), Network.ONLINE, 3, 0, "演示员甲", True))
    frame.resize(*SIZES[size])
    frame.show()
    problems: list[str] = []
    for scene, screen, put in scenes(frame):
        frame.go(screen)
        put()
        for _ in range(SETTLED):
            qapp.processEvents()
        problems += [f"{scene}: {problem}" for problem in look_over(frame, OUT / f"{scene}_{size}_{name}.png")]
    assert not problems, "\n".join(problems)
