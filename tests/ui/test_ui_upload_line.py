"""The line to the hospital over the upload queue: a sentence for a clerk, every call for IT; live in the window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui.screens.line_card import LineView
from app.ui.screens.line_words import CALLS, call_lines, last_words, line_words
from app.ui.screens.uploads import UploadsScreen
from app.ui.theme import Look, Tone
from sync import SyncStatus
from sync.errors import CODES
from sync.status import EndpointStatus, RelayStatus
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.journey_hand import Goods, Hand

NOW = 1_795_327_200_000  # 2026-11-22 14:00 at the hospital
ZONE = "+08:00"
MINUTE = 60_000
TEXTS = Texts.load()


def silent(minutes: float, *, again_ms: int = NOW + 5 * MINUTE) -> SyncStatus:
    since = NOW - int(minutes * MINUTE)
    gone = EndpointStatus("site", "closed", "server_timeout", None, 4, since, again_ms)
    return SyncStatus("offline", 12, trouble="server_timeout", endpoints=(gone,), again_ms=again_ms)


def call(name: str, breaker: str = "closed", trouble: str = "server_error", again: int = 4) -> EndpointStatus:
    return EndpointStatus(name, breaker, trouble, None, 5, NOW - 9 * MINUTE, NOW + again * MINUTE)  # type: ignore[arg-type]


def said(status: SyncStatus, lang: str = "zh") -> str:
    return line_words(TEXTS, lang, status, NOW, ZONE)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (SyncStatus(), ""),
        (SyncStatus("online", last_exchange_ms=NOW), ""),
        (silent(3), "医院服务器 3 分钟未应答，14:05 再试"),
        (silent(0.5), "医院服务器没有应答，14:05 再试"),
        (silent(200), "医院服务器 3 小时未应答，14:05 再试"),
        (silent(60 * 24 * 30), "医院服务器 30 天未应答，14:05 再试"),
        (silent(3, again_ms=NOW), "医院服务器 3 分钟未应答，正在再试"),
        (replace(silent(3), trouble="tls_failed"), "连接有问题：医院前置机的证书不被信任或已过期，14:05 再试"),
        (SyncStatus("online", trouble="sync_bug"), TEXTS.title("sync_bug", "zh")),
        (
            SyncStatus("online", trouble="server_error", endpoints=(call("items", "open"),)),
            "记录暂时传不上去：医院前置机内部出错，14:04 再试",
        ),
        (
            SyncStatus("online", trouble="server_error", endpoints=(call("changes"), call("items", again=9))),
            "记录暂时传不上去：医院前置机内部出错，14:09 再试",
        ),
        (
            SyncStatus("online", trouble="server_error", endpoints=(call("changes"),)),
            "上传正常；医院的新数据暂时取不到：医院前置机内部出错，14:04 再试",
        ),
    ],
)
def test_a_clerk_reads_one_plain_sentence(status: SyncStatus, words: str) -> None:
    assert said(status) == words


@given(
    st.sampled_from(CODES), st.sampled_from(["offline", "online", "unknown"]), st.sampled_from(["zh", "en"]),
    st.lists(st.tuples(st.sampled_from(CALLS), st.sampled_from(["closed", "open", "half_open"]),
                       st.sampled_from(CODES), st.integers(-400, 400)), unique_by=lambda one: one[0]),
    st.none() | st.integers(-10**9, 10**9), st.none() | st.just("items[].result"),
)  # fmt: skip
def test_every_trouble_has_words_in_both_languages(
    code: str, network: str, lang: str, calls: list[tuple[str, str, str, int]], again: int | None, subject: str | None
) -> None:
    found = tuple(replace(call(name, breaker, why, off), subject=subject) for name, breaker, why, off in calls)
    status = SyncStatus(
        network,
        trouble=code,
        endpoints=found,
        again_ms=None if again is None else NOW + again,
        subject=subject,  # type: ignore[arg-type]
    )
    words = [said(status, lang), *(line[0] for line in call_lines(TEXTS, lang, status, NOW, ZONE))]
    for one in words:
        assert one
        assert "{" not in one


def test_it_reads_every_call_and_the_relay() -> None:
    status = SyncStatus(
        "online", trouble="reply_lacks", last_exchange_ms=NOW - 15 * MINUTE,
        endpoints=(
            replace(call("items", "open", "reply_lacks"), subject="items[].result"), call("ask", "half_open"),
        ),
        relay=RelayStatus("offline", "relay_busy"),
    )  # fmt: skip
    lines = call_lines(TEXTS, "zh", status, NOW, ZONE)
    assert [(words, tone) for words, tone, head in lines if head] == [
        ("核对医院身份 · 正常", Tone.GOOD),
        ("上传记录 · 连续失败已暂停，14:04 再试", Tone.ATTENTION),
        ("核实记录 · 连续失败，正在试一次", Tone.ATTENTION),
        ("取医院新数据 · 正常", Tone.GOOD),
        ("云码平台 · 暂不可用", Tone.QUIET),
    ]
    why = next(words for words, _, head in lines if not head)
    assert why.startswith("11-22 13:51 起 5 次没成；最近一次：")
    assert "reply_lacks" in why
    assert why.count("items[].result") == 1
    assert last_words(TEXTS, "zh", status, ZONE) == "最近一次全部正常：11-22 13:45"
    away = [words for words, _, head in call_lines(TEXTS, "zh", silent(3), NOW, ZONE) if head]
    assert away[1] == "上传记录 · 等连上再试", "nobody knows how a call would fare"


def test_the_minutes_pass_while_nothing_is_heard(qapp: QApplication, qtbot: QtBot) -> None:
    moment = [NOW]
    view = LineView(lambda: moment[0])
    for part in (view.panel, view.page):
        qtbot.addWidget(part)
    view.retheme(Look(), TEXTS)
    view.draw(silent(3))
    assert view.panel.words.text() == "医院服务器 3 分钟未应答，14:05 再试"
    moment[0] += 4 * MINUTE
    view.panel._clock.timeout.emit()
    assert view.panel.words.text() == "医院服务器 7 分钟未应答，14:05 再试"
    assert view.panel._clock.isActive() == view.panel.isVisible()
    view.draw(SyncStatus("online", last_exchange_ms=NOW))
    assert view.panel.isHidden()


def test_in_the_window_it_comes_with_a_dead_line_and_goes_with_it(
    hand: Hand, hospital: SandboxProcess, goods: Goods
) -> None:
    screen = hand.frame.screen_named("uploads")
    assert isinstance(screen, UploadsScreen)
    hand.sign_in()
    hand.until(lambda: hand.frame.current == "tasks", "signed in")
    hand.frame.go("uploads")
    panel, page = screen.line.panel, screen.line.page
    hand.until(panel.isVisible, "the line is dead, and that is said")
    hand.until(lambda: "再试" in panel.words.text(), "with the time of the next try")
    assert panel.words.text().startswith("医院服务器")
    hand.touch(panel.more)
    hand.until(page.isVisible, "every call")
    assert not screen.rows.isVisible()
    hand.touch(page.back)
    hand.until(lambda: screen.sync.isVisible() and not page.isVisible(), "back at the queue")

    hospital.faults({})
    hand.touch(screen.sync)
    hand.until(panel.isHidden, "all is well again")
