"""Outcomes and views of a receipt as words and rows that are ready to be drawn. Pure; called on the UI thread."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.base.texts import Texts
from app.domain.packages import code_of
from app.domain.reasons import LIST_OWNERS, OK, SCAN_REASONS, Lists, Panel
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.views import EntryView, LineView, ListedCode, ReceiptView
from app.flows.wording import scan_text
from app.ui.icons import Icon
from app.ui.theme import Tone, tone_of
from app.ui.widgets.progress import Counts
from app.ui.widgets.rows import Row

DETAILS_SAID = 3
"""So many lines are named when a close is refused; the others are counted."""
CODE_TAIL = 8
"""Signs of a long code that tell two boxes apart."""
SEVERE = frozenset({"not_recorded", "voucher_at_dock"})
UNDO = "undo"
LEADS = {
    "unknown_code": ("recv_learn", Icon.FLAG),
    "source_conflict": ("recv_sides", Icon.LAYERS),
    "other_delivery": ("recv_go_there", Icon.DELIVERY),
}
"""The way on from a verdict that a person can do something about: its words and icon. F4 goes there, too."""
ENDS_LEAD = frozenset({"level", "open", "undo", "close"})
OUTCOME_ICONS = {
    "short": Icon.SHORT,
    "over": Icon.OVER,
    "exempt": Icon.CHECK,
    "damaged": Icon.DAMAGED,
    "reject": Icon.CLOSE,
}
PACKAGE_ICONS = {"open": Icon.BOX_OPEN, "level": Icon.FLAG}
"""What a person says about a package; it can be taken back like an outcome."""
GUESS_MARKS = {"estimated": "recv_guess_mark_ratio", "line_guessed": "recv_guess_mark_line"}
GUESS_NOTES = {"ratio": "estimated", "line": "line_guessed"}
"""What a scan's answer calls a guess → how the journal notes it."""
MOVED = "line "  # the note of a `restated` that changed the line and not the number
CONTRADICTED = "contradicted"  # another record contradicts a scan; its note is the kind
CORRECTED = "corrected"  # a source says something else of a code that is in; its note says what
_CORRECTIONS = ("level", "parent", "line", "amount", "drug", "batch", "expiry", "made")
_CORRECTION = re.compile(
    rf"({'|'.join(_CORRECTIONS)}) (.*?) → (.*?)(?:, (?=(?:{'|'.join(_CORRECTIONS)}) )|$)", re.DOTALL
)
RESTATED = "restated"  # a manifest came, and an estimate of before was counted anew
REOPENED = "reopened"  # the hospital did not take the close; its note is why
SHOWN = frozenset({"scan", RESTATED, CONTRADICTED, CORRECTED, REOPENED})
_PANEL_ICONS = {
    Panel.GOOD: Icon.GOOD,
    Panel.SOFT: Icon.GOOD,
    Panel.ATTENTION: Icon.ATTENTION,
    Panel.STOP: Icon.STOP,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What the verdict panel shows."""

    panel: Panel
    word: str
    sentence: str
    hint: str


def say_scan(texts: Texts, lang: str, outcome: ScanOutcome) -> Said:
    """A scan's verdict; a package of several boxes says how many it stands for."""
    code = scan_text(outcome) if outcome.reason == "scan_not_allowed" else outcome.reason
    sentence = texts.title(code, lang, **outcome.values)
    hint = texts.advice(code, lang, **outcome.values)
    if outcome.counted and (outcome.packs or 0) > 1:
        whole = texts.title("recv_whole_package", lang, packs=outcome.packs)
        hint = f"{whole} · {hint}" if hint else whole
    for code, holds in ((f"recv_guess_{outcome.guess}", outcome.guess), ("recv_piece", outcome.pieces)):
        if holds:
            more = texts.title(code, lang, count=outcome.pieces)
            hint = f"{hint} · {more}" if hint else more
    if outcome.as_of:
        sentence = f"{sentence} · {texts.title('as_of', lang, moment=outcome.as_of)}"
    return Said(outcome.panel, texts.title(f"ui_word_{outcome.reason}", lang), sentence, hint)


def say_command(texts: Texts, lang: str, outcome: CommandOutcome) -> Said:
    """A command's answer: pale where it worked, amber where it did not, with what to do."""
    values = {**outcome.values, "details": _details(texts, lang, outcome)}
    sentence = texts.title(outcome.text, lang, **values)
    hint = texts.advice(outcome.text, lang, **values)
    if outcome.ok:
        panel = Panel.GOOD if outcome.command == "close" else Panel.SOFT
        word = texts.title(f"recv_done_{outcome.command}", lang)
        if sentence == word:  # nothing is said twice
            sentence, hint = hint, ""
        return Said(panel, word, sentence, hint)
    panel = Panel.STOP if outcome.reason in SEVERE else Panel.ATTENTION
    code = f"ui_word_{outcome.reason}" if outcome.reason in SEVERE else "recv_not_done"
    if outcome.reason == "outcome_missing":
        code, sentence = "recv_not_closed", str(values["details"])
    return Said(panel, texts.title(code, lang), sentence, hint)


def say_missing(texts: Texts, lang: str, lines: tuple[LineView, ...]) -> str:
    """Why the receipt cannot be closed yet, in one sentence; empty if it can."""
    open_lines = [line for line in lines if line.missing]
    parts = [
        texts.title("line_lacks" if line.missing > 0 else "line_exceeds", lang, line=line.line, count=abs(line.missing))
        for line in open_lines[:DETAILS_SAID]
    ]
    return _joined(texts, lang, parts, len(open_lines))


def say_others(texts: Texts, lang: str, view: ReceiptView) -> str:
    """How much other devices have of this receipt, and how old that is; empty if nothing."""
    if not view.others:
        return ""
    moment = view.others_as_of or texts.title("recv_others_never", lang)
    return texts.title("recv_others", lang, count=f"{view.others:,}", moment=moment)


def line_row(texts: Texts, lang: str, line: LineView) -> Row:
    """A line: what it is, how much of it is in, and whether something is wrong with it."""
    otherwise = line.short + line.damaged + line.rejected + line.exempt
    counts = Counts(line.received, otherwise, line.expected)
    icon, tone = Icon.BOX, Tone.INK
    if line.missing < 0:
        icon, tone = Icon.ATTENTION, Tone.ATTENTION
    elif line.missing == 0:
        icon, tone = Icon.GOOD, Tone.GOOD
    elif counts.received or otherwise:
        icon, tone = Icon.BOX_OPEN, Tone.ACCENT
    value_tone = Tone.GOOD if line.missing == 0 else (Tone.ATTENTION if line.missing < 0 else Tone.INK)
    return Row(
        str(line.line),
        " ".join(part for part in (f"{line.line} ·", line.name, line.spec) if part),
        _line_detail(texts, lang, line),
        f"{line.received}/{line.expected}",
        value_tone,
        icon,
        tone,
        counts,
        badge=_guess_badge(texts, lang, line),
    )


def with_scan(line: LineView, outcome: ScanOutcome) -> LineView:
    """The line after a counted scan on it, before the receipt is drawn anew."""
    packs = outcome.packs or 0
    estimated = line.estimated + (packs if outcome.guess == "ratio" else 0)
    guessed = line.guessed + (packs if outcome.guess == "line" else 0)
    return replace(line, received=outcome.received or 0, estimated=estimated, guessed=guessed)


def say_guesses(texts: Texts, lang: str, lines: Iterable[LineView], *, more: str = "") -> str:
    """How much of what is in was counted by a ratio, or stands on a line by a guess; empty if nothing.

    A sentence where one thing is to be said; beside the other, or beside `more`, a few words.
    """
    lines = tuple(lines)
    counts = (
        ("recv_estimated", [(line.estimated, line.unit) for line in lines if line.estimated]),
        ("recv_guessed", [(line.guessed, line.unit) for line in lines if line.guessed]),
    )
    found = [(code, each) for code, each in counts if each]
    said = [more] if more else []
    for code, each in found:
        units, count = {unit for _, unit in each}, f"{sum(count for count, _ in each):,}"
        short = "_badge" if more or len(found) > 1 else ""
        said.append(texts.title(code + short, lang, count=count, unit=units.pop() if len(units) == 1 else ""))
    return " · ".join(said)


def _guess_badge(texts: Texts, lang: str, line: LineView) -> str:
    """One only: that the number is a guess says more than that the line is."""
    counts = (("recv_estimated_badge", line.estimated), ("recv_guessed_badge", line.guessed))
    return next((texts.title(code, lang, count=f"{count:,}") for code, count in counts if count), "")


def outcomes_of(texts: Texts, lang: str, line: LineView) -> str:
    """What of a line did not simply come in: `短少 2 · 破损 1`; empty if nothing."""
    kinds = ("short", "damaged", "rejected", "exempt", "over")
    counts = [(kind, getattr(line, kind)) for kind in kinds]
    return " · ".join(f"{texts.title(f'recv_kind_{kind}', lang)} {count}" for kind, count in counts if count)


def entry_row(texts: Texts, lang: str, entry: EntryView, name: str) -> Row:
    """One of the last scans or outcomes; `name` is that of its line's drug. Undone ones are faded."""
    if entry.what == CONTRADICTED:
        title = texts.title(f"conflict_short_{entry.note or 'other_conflict'}", lang)
        parts = (texts.title("recv_done_contradicted", lang), code_tail(entry.code or ""))
        detail = " · ".join(part for part in parts if part)
        return Row(str(entry.seq), title, detail, f"#{entry.seq}", Tone.ATTENTION, Icon.ATTENTION, Tone.INK)
    if entry.what == REOPENED:
        code = f"recv_reopened_{entry.note}"
        why = texts.title(code if texts.has(code) else "recv_reopened_other", lang, code=entry.note or "")
        title = texts.title("recv_reopened", lang)
        return Row(str(entry.seq), title, why, f"#{entry.seq}", Tone.ATTENTION, Icon.ATTENTION, Tone.INK)
    if entry.what == CORRECTED:
        return _corrected_row(texts, lang, entry)
    if entry.what == RESTATED:
        return _restated_row(texts, lang, entry)
    undone = entry.undoable is False and not entry.in_force and _had_effect(entry)
    if entry.what == "scan":
        rule = SCAN_REASONS[entry.reason]
        word, icon, tone = texts.title(f"ui_word_{entry.reason}", lang), _PANEL_ICONS[rule.panel], tone_of(rule.panel)
    elif entry.reason == OK:
        word, icon, tone = texts.title(f"recv_done_{entry.what}", lang), _icon_of(entry.what), Tone.ACCENT
    else:
        word, icon, tone = texts.title("recv_not_done", lang), Icon.ATTENTION, Tone.ATTENTION
    if (entry.packs or 0) > 1:
        word = f"{word} ×{entry.packs}"
    if entry.note in GUESS_MARKS and entry.in_force:
        word = f"{word} · {texts.title(GUESS_MARKS[entry.note], lang)}"
    if undone:
        word = texts.title("recv_undone", lang, word=word)
    parts = (name, code_tail(entry.code or entry.payload or ""))
    # The tint of a loud row is for what still waits for a person; here it has passed.
    quiet = {Tone.ATTENTION, Tone.STOP}
    value_tone = tone if tone in quiet else Tone.QUIET
    return Row(
        str(entry.seq), word, " · ".join(part for part in parts if part), f"#{entry.seq}", value_tone, icon,
        Tone.INK if tone in quiet else tone, faded=undone,
    )  # fmt: skip


def _corrected_row(texts: Texts, lang: str, entry: EntryView) -> Row:
    """What the source said before and says now: it is for a person to look at the box."""
    untold = texts.title("recv_corrected_untold", lang)
    said = [code_tail(entry.code or "")]
    for name, *values in _CORRECTION.findall(entry.note or ""):
        shown = [code_tail(value) if name == "parent" else value for value in values]
        before, now = (untold if value == "-" else value for value in shown)
        said.append(texts.title(f"recv_corrected_{name}", lang, before=before, now=now))
    title = texts.title("recv_corrected", lang)
    return Row(str(entry.seq), title, " · ".join(said), f"#{entry.seq}", Tone.ATTENTION, Icon.ATTENTION, Tone.INK)


def _restated_row(texts: Texts, lang: str, entry: EntryView) -> Row:
    """Packs before and now; what does not count any more says why in the row of its new verdict, which is above."""
    before, _, now = (entry.note or "").removeprefix(MOVED).partition(" → ")
    code = "recv_restated" if now.isdigit() else "recv_restated_out"
    if now and (entry.note or "").startswith(MOVED):
        code = "recv_moved"
    title = texts.title(code, lang, before=before, now=now)
    tail = code_tail(entry.code or "")
    detail = tail if code == "recv_moved" else texts.title("recv_restated_detail", lang, code=tail)
    return Row(str(entry.seq), title, detail, f"#{entry.seq}", Tone.QUIET, Icon.DOCUMENT, Tone.ACCENT)


def is_shown(entry: EntryView) -> bool:
    """Undo and the like change a row that stands already: a row of their own would push it from under the finger."""
    return entry.what in SHOWN or entry.what in OUTCOME_ICONS or entry.what in PACKAGE_ICONS


def list_rows(texts: Texts, lang: str, view: ReceiptView, opened: str = "") -> list[Row]:
    """The lists beside the equation that hold something: whose turn it is, and what to do; under `opened` its codes."""
    rows: list[Row] = []
    for name, count in view.lists:
        if not count:
            continue
        owner = texts.title(f"owner_{LIST_OWNERS[Lists(name)]}", lang)
        detail = f"{owner} · {texts.advice(f'recv_list_{name}', lang)}"
        title = texts.title(f"recv_list_{name}", lang)
        rows.append(Row(name, title, detail, str(count), Tone.ATTENTION, Icon.FLAG))
        if name == opened:
            rows += [_listed_row(texts, lang, view, one) for one in view.listed if one.list_name == name]
    return rows


def _listed_row(texts: Texts, lang: str, view: ReceiptView, one: ListedCode) -> Row:
    """A code in a list: which one, of what drug, how often it was shot."""
    name = next((line.name for line in view.lines if line.line == one.line), "")
    times = texts.title("recv_times", lang, count=one.times) if one.times > 1 else ""
    detail = " · ".join(part for part in (name, times) if part)
    return Row(listed_key(one), code_tail(one.code), detail, f"#{one.seq}", Tone.QUIET, Icon.BOX, Tone.INK)


def listed_key(one: ListedCode) -> str:
    """Of its row: no list is called so."""
    return f"#{one.seq}"


def code_tail(code: str) -> str:
    """The end of a long code, by which a person finds it on the box; control signs are not shown."""
    shown = "".join(sign for sign in code_of(code) if sign.isprintable())
    return f"…{shown[-CODE_TAIL:]}" if len(shown) > CODE_TAIL + 4 else shown


def _had_effect(entry: EntryView) -> bool:
    said = entry.what in OUTCOME_ICONS or entry.what in PACKAGE_ICONS
    return entry.counted or (said and entry.reason == OK)


def _icon_of(what: str) -> Icon:
    return OUTCOME_ICONS.get(what) or PACKAGE_ICONS.get(what, Icon.CHECK)


def _line_detail(texts: Texts, lang: str, line: LineView) -> str:
    parts = [
        outcomes_of(texts, lang, line),
        texts.title("recv_batch", lang, batch=line.batch) if line.batch else "",
        texts.title("recv_expiry", lang, expiry=line.expiry) if line.expiry else "",
        texts.title("recv_no_code", lang) if line.exempt_reason else "",
    ]
    return " · ".join(part for part in parts if part)


def _details(texts: Texts, lang: str, outcome: CommandOutcome) -> str:
    parts = [texts.title(code, lang, **values) for code, values in outcome.details[:DETAILS_SAID]]
    return _joined(texts, lang, parts, len(outcome.details))


def _joined(texts: Texts, lang: str, parts: list[str], count: int) -> str:
    joint = "，" if lang == "zh" else ", "
    if count > len(parts):
        parts = [*parts, texts.title("recv_and_more", lang, count=count - len(parts))]
    return joint.join(parts)
