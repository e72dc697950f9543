"""The upload log and the conflicts as pictures, in both shells, and the picture check over them; what they wish.

The pictures lie under out/ui/uploads, for eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.upload_owners import Owner, owner_of
from app.flows.contradictions import OWNERS, ConflictsView, ConflictView, SideView
from app.flows.upload_search import Evidence, UploadStory
from app.flows.views import UploadFilter, UploadsView
from app.store.contradictions import Act
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.conflicts import ConflictsScreen
from app.ui.screens.uploads import UploadsScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from sync import SyncStatus
from sync.status import EndpointStatus, RelayStatus
from sync.upload_log import Attempt
from tests.ui import screens_b_views as views
from tests.ui.picture_check import look_over, telling

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "uploads"
SIZES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "light_en": Look(lang="en"),
}
SETTLED = 12
NOW = views.NOW_MS
Scene = tuple[str, str, Callable[[], object]]
GONE = EndpointStatus("site", "closed", "server_timeout", None, 4, NOW - 190_000, NOW + 180_000)
AWAY = SyncStatus("offline", 12, trouble="server_timeout", endpoints=(GONE,), again_ms=NOW + 180_000)
PARTLY = SyncStatus(
    "online", 12, last_exchange_ms=NOW - 900_000, trouble="reply_lacks", subject="items[].result",
    endpoints=(
        EndpointStatus("items", "open", "reply_lacks", "items[].result", 7, NOW - 600_000, NOW + 240_000),
        EndpointStatus("changes", "closed", "server_error", None, 2, NOW - 60_000, NOW + 20_000),
    ),
    relay=RelayStatus("offline", "relay_busy", breaker="open"),
)  # fmt: skip


def attempt(batch: int, word: str, code: str = "", *, endpoint: str = "items", **more: object) -> Attempt:
    values: dict[str, object] = {
        "text": "", "sent_ms": NOW + batch * 60_000, "answered_ms": NOW + batch * 60_000 + 300, "status": 200,
        "request": "3f8a90c1d2e3f4a5b6c7d8e9f0a1b2c3", "reply": "9b1c22d3e4f5a6b7c8d9e0f1a2b3c4d5",
        "outcome": "answered", "items": 50, "fragment": None, "times": 1,
    }  # fmt: skip
    return Attempt(batch, word, code, endpoint=endpoint, **(values | more))  # type: ignore[arg-type]


def log_view(*, filtered: UploadFilter | None = None) -> UploadsView:
    view = views.refused_uploads()
    rows = tuple(replace(row, owner=owner_of(row.state, row.code).value, operator="1001") for row in view.rows)
    owners = (("clerk", 12), ("pharmacist", 3), ("it", 128), ("supplier", 1))
    return replace(view, rows=rows, owners=owners, filter=filtered)


def story(state: str, code: str, *, acts: tuple[Act, ...] = ()) -> UploadStory:
    row = replace(
        log_view().rows[3], state=state, code=code, operator="演示员甲 1001", owner=owner_of(state, code).value
    )
    attempts = (
        attempt(7, "no_answer", "bad_reply", fragment="<html><body>502 Bad Gateway"),
        attempt(8, "no_answer", "ask_unavailable", endpoint="ask", times=3),
        attempt(9, "refused", code, text="该码已由 pda-07 收过"),
    )
    return UploadStory(row, attempts, acts, Evidence("in", "pda-07", NOW, NOW))


ACTS = (
    Act(NOW + 90_000, "演示员乙 1002", "set_aside", "等供应商补随货单"),
    Act(NOW + 990_000, "演示员乙 1002", "retried", None),
)


def conflict(number: int, kind: str, **more: object) -> ConflictView:
    ours = SideView("演示员甲 1001", NOW - 3_600_000, "device-5f2c9a01", "DEMO-20261122-12-R1")
    other = SideView("演示员乙 1002", NOW - 3_500_000, "demo-pda-02", "DEMO-20261122-11-R1")
    values: dict[str, object] = {
        "at_ms": NOW, "code": views.BOXES[0], "drug": "阿莫西林胶囊", "owner": OWNERS[kind], "seq": 4, "ours": ours,
        "other": other, "asked_ms": None, "answer": None, "answered_ms": None, "answered_by": None,
        "may_take_back": True, "acts": (),
    }  # fmt: skip
    return ConflictView(number, kind=kind, **(values | more))  # type: ignore[arg-type]


def conflicts() -> ConflictsView:
    asked = Act(NOW, "演示员甲 1001", "asked", None)
    left = Act(NOW + 60_000, "演示员乙 1002", "left", "货在乙处，甲处多扫一次")
    unknown = SideView(None, NOW, None, None)
    return ConflictsView(
        3,
        (
            conflict(5, "same_code"),
            conflict(4, "other_receipt", other=unknown, asked_ms=NOW, acts=(asked,)),
            conflict(3, "reversed_elsewhere", may_take_back=False),
            conflict(2, "different_children", answer="left", answered_by="演示员乙 1002", acts=(asked, left),
                     may_take_back=False),
        ),
        NOW,
    )  # fmt: skip


def scenes(frame: Frame) -> Iterator[Scene]:
    uploads, clash = frame.screen_named("uploads"), frame.screen_named("conflicts")
    assert isinstance(uploads, UploadsScreen)
    assert isinstance(clash, ConflictsScreen)
    yield "uploads_empty", "uploads", lambda: uploads.draw(views.uploads())
    yield "uploads_queue", "uploads", lambda: (uploads.choose("refused"), uploads.draw(log_view()))
    yield "uploads_story", "uploads", lambda: open_story(uploads, story("refused", "same_code", acts=ACTS))
    yield "uploads_story_end", "uploads", partial(scroll_down, uploads)
    yield "uploads_aside", "uploads", uploads.detail.aside.click
    yield "uploads_doubt", "uploads", lambda: open_story(uploads, story("unsure", "ask_unavailable"))
    yield "uploads_filter", "uploads", lambda: (uploads._close(), uploads.search.click())
    yield "uploads_none_found", "uploads", partial(search_in_vain, uploads)
    yield "uploads_line_silent", "uploads", partial(see_line, uploads, AWAY)
    yield "uploads_line_calls", "uploads", partial(see_line, uploads, PARTLY)
    yield "uploads_line_page", "uploads", uploads.line.panel.more.click
    yield "conflicts_empty", "conflicts", lambda: clash.draw(ConflictsView(0, (), NOW))
    yield "conflicts_list", "conflicts", lambda: clash.draw(conflicts())
    yield "conflicts_open", "conflicts", lambda: clash.rows.chosen.emit("5")
    yield "conflicts_reason", "conflicts", clash.detail.leave.click
    yield "conflicts_untold", "conflicts", lambda: clash.rows.chosen.emit("4")
    yield "conflicts_left", "conflicts", lambda: clash.rows.chosen.emit("2")


def see_line(screen: UploadsScreen, status: SyncStatus) -> None:
    screen._show_over(None)
    screen.choose("refused")
    screen.draw(log_view())
    screen.line.now_ms = lambda: NOW
    screen.set_sync(status)


def open_story(screen: UploadsScreen, told: UploadStory) -> None:
    screen.rows.chosen.emit(told.row.id)
    screen.draw_story(told)


def scroll_down(screen: UploadsScreen) -> None:
    bar = screen.detail._page.verticalScrollBar()
    bar.setValue(bar.maximum())


def search_in_vain(screen: UploadsScreen) -> None:
    wanted = UploadFilter(owner=Owner.SUPPLIER.value)
    screen.search_for(wanted)
    screen.draw(replace(views.uploads(), filter=wanted))


def window(qtbot: QtBot, qapp: QApplication, size: str, look: Look) -> Frame:
    texts = Texts.load()
    assert not load_fonts().missing
    theme.apply(qapp, look)
    frame = Frame([UploadsScreen(look, texts), ConflictsScreen(look, texts)], look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("FR27", True),), Network.ONLINE, 3, 0, "演示员甲", True))
    frame.resize(*SIZES[size])
    frame.show()
    return frame


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
def test_every_state_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, size: str, name: str) -> None:
    frame = window(qtbot, qapp, size, LOOKS[name])
    problems: list[str] = []
    for scene, screen, put in scenes(frame):
        frame.go(screen)
        put()
        for _ in range(SETTLED):
            qapp.processEvents()
        problems += [f"{scene}: {problem}" for problem in look_over(frame, OUT / f"{scene}_{size}_{name}.png")]
    assert not problems, "\n".join(problems)


def test_what_a_person_does_is_wished(qtbot: QtBot, qapp: QApplication) -> None:
    frame = window(qtbot, qapp, "desk", Look())
    uploads, clash = frame.screen_named("uploads"), frame.screen_named("conflicts")
    assert isinstance(uploads, UploadsScreen)
    assert isinstance(clash, ConflictsScreen)
    uploads.choose("refused")
    uploads.draw(log_view())
    told = story("unsure", "ask_unavailable")
    with qtbot.waitSignal(uploads.story_asked) as asked:
        uploads.rows.chosen.emit(told.row.id)
    assert asked.args == [told.row.id]
    assert not uploads.detail.doubt.isVisibleTo(uploads)
    uploads.draw_story(told)
    with qtbot.waitSignal(uploads.decided) as decided:
        uploads.detail.doubt.again.click()
    assert decided.args == [told.row.id, False]

    uploads.draw_story(story("refused", "same_code"))
    uploads.detail.aside.click()
    uploads.detail.asider.do.click()
    assert uploads.detail.asider.missing.isVisibleTo(uploads), "a reason is asked for"
    uploads.detail.asider.choices[1].chosen.emit("supplier")
    uploads.detail.asider.reason.edit.setText("等补单")
    with qtbot.waitSignal(uploads.put_aside) as aside:
        uploads.detail.asider.do.click()
    assert aside.args == [(told.row.id,), "supplier", "等补单"]

    uploads.search.click()
    uploads.form_of_search.fields["from"].edit.setText("昨天")
    uploads.form_of_search.apply.click()
    assert uploads.form_of_search.bad.isVisibleTo(uploads)
    uploads.form_of_search.fields["from"].edit.setText("2026-11-22")
    uploads.form_of_search.fields["batch"].edit.setText("9")
    with qtbot.waitSignal(uploads.wanted) as wanted:
        uploads.form_of_search.apply.click()
    assert wanted.args[0] == UploadFilter(since_ms=1795276800000, batch=9)
    with qtbot.waitSignal(uploads.wanted) as wanted:
        uploads.take_code(views.BOXES[0])
    assert wanted.args[0] == UploadFilter(code=views.BOXES[0])
    uploads.draw(replace(log_view(filtered=UploadFilter(code=views.BOXES[0]))))
    uploads.draw(log_view(filtered=UploadFilter(code="older")))
    assert len(uploads.rows.rows) == 6, "an older answer changes nothing"

    clash.draw(conflicts())
    clash.rows.chosen.emit("5")
    with qtbot.waitSignal(clash.answered) as answered:
        clash.detail.take_back.click()
    assert answered.args == [5, "take_back", ""]
    clash.detail.leave.click()
    clash.detail.leave_do.click()
    assert clash.detail.missing.isVisibleTo(clash)
    clash.detail.reason.edit.setText("同一盒")
    clash.draw(conflicts())
    assert clash.detail.reason.edit.text() == "同一盒", "an exchange does not wipe what is being written"
    with qtbot.waitSignal(clash.answered) as answered:
        clash.detail.leave_do.click()
    assert answered.args == [5, "leave", "同一盒"]
