"""The line to the hospital in words: one plain sentence for a clerk, call by call for IT. Pure; any thread."""

from __future__ import annotations

from app.base.texts import Texts
from app.ui.relay_words import state_of
from app.ui.screens.moments import moment
from app.ui.theme import Tone
from sync import SyncStatus
from sync.status import EndpointStatus

CALLS = ("site", "items", "ask", "changes")
URGENT_FIRST = ("items", "ask", "changes", "site")
SILENT = frozenset({"server_unreachable", "server_timeout", "connection_lost"})
MINUTE_MS = 60_000
HOUR, DAY = 60, 24 * 60
CLOCK_SIGNS, MOMENT_SIGNS = 5, 11  # of a moment: `14:03`, `11-22 14:03`


def is_away(status: SyncStatus) -> bool:
    """Nothing of this hospital answers; else some calls go on."""
    return status.network == "offline" or status.again_ms is not None


def line_words(texts: Texts, lang: str, status: SyncStatus, now_ms: int, zone: str) -> str:
    """What a clerk has to know of the line; empty while all is well."""
    found = {one.name: one for one in status.endpoints}
    first = next((found[name] for name in URGENT_FIRST if name in found), None)
    trouble = status.trouble or (first.trouble if first is not None else None)
    if trouble is None:
        return ""
    why = texts.title(trouble, lang, subject=status.subject or "")
    if not is_away(status) and first is not None:
        again = _again(texts, lang, first.again_ms, now_ms, zone)
        why = texts.title(first.trouble, lang, subject=first.subject or "")
        return texts.title(f"line_{first.name}", lang, why=why, again=again)
    if status.again_ms is None:
        return why
    again = _again(texts, lang, status.again_ms, now_ms, zone)
    if trouble not in SILENT:
        return texts.title("line_trouble", lang, why=why, again=again)
    since = _span(texts, lang, now_ms - min((one.since_ms for one in status.endpoints), default=now_ms))
    return texts.title("line_silent" if since else "line_silent_now", lang, since=since, again=again)


def call_lines(
    texts: Texts, lang: str, status: SyncStatus, now_ms: int, zone: str
) -> tuple[tuple[str, Tone, bool], ...]:
    """Every call to the hospital and the relay: words, tone, whether they are a heading."""
    found = {one.name: one for one in status.endpoints}
    lines: list[tuple[str, Tone, bool]] = []
    for name in CALLS:
        call = texts.title(f"line_call_{name}", lang)
        if name in found:
            lines += _in_trouble(texts, lang, call, found[name], now_ms, zone)
        elif is_away(status):
            lines.append((texts.title("line_call_waits", lang, call=call), Tone.QUIET, True))
        else:
            lines.append((texts.title("line_call_well", lang, call=call), Tone.GOOD, True))
    relay = state_of(status.relay)
    last = "" if status.relay.last_ms is None else moment(status.relay.last_ms, zone)[-MOMENT_SIGNS:]
    said = texts.title(relay.code, lang, last=last)
    lines.append((f"{texts.title('relay_title', lang)} · {said}", relay.tone, True))
    if relay.why is not None:
        lines.append((_with_code(texts, lang, relay.why, status.relay.subject), Tone.QUIET, False))
    return tuple(lines)


def last_words(texts: Texts, lang: str, status: SyncStatus, zone: str) -> str:
    """When all went well last."""
    if status.last_exchange_ms is None:
        return texts.title("line_last_none", lang)
    return texts.title("line_last", lang, time=moment(status.last_exchange_ms, zone)[-MOMENT_SIGNS:])


def _in_trouble(
    texts: Texts, lang: str, call: str, one: EndpointStatus, now_ms: int, zone: str
) -> list[tuple[str, Tone, bool]]:
    again = _again(texts, lang, one.again_ms, now_ms, zone)
    head = texts.title(f"line_call_{one.breaker}", lang, call=call, again=again)
    since = moment(one.since_ms, zone)[-MOMENT_SIGNS:]
    why = _with_code(texts, lang, one.trouble, one.subject)
    body = texts.title("line_call_why", lang, since=since, count=one.failures, why=why)
    return [(head, Tone.ATTENTION, True), (body, Tone.QUIET, False)]


def _with_code(texts: Texts, lang: str, code: str, subject: str | None) -> str:
    """IT looks the code up; the subject is the member that a reply lacks, and the like."""
    words = texts.title(code, lang, subject=subject or "")
    return " · ".join(filter(None, (words, code, "" if subject and subject in words else subject)))


def _again(texts: Texts, lang: str, again_ms: int, now_ms: int, zone: str) -> str:
    if again_ms <= now_ms:
        return texts.title("line_again_now", lang)
    return texts.title("line_again_at", lang, time=moment(again_ms, zone)[-CLOCK_SIGNS:])


def _span(texts: Texts, lang: str, for_ms: int) -> str:
    """Whole minutes, hours or days; empty under a minute."""
    minutes = max(0, for_ms) // MINUTE_MS
    if minutes < HOUR:
        return texts.title("line_minutes", lang, count=minutes) if minutes else ""
    if minutes < DAY:
        return texts.title("line_hours", lang, count=minutes // HOUR)
    return texts.title("line_days", lang, count=minutes // DAY)
