"""Acceptance in words and rows: what a finding, a difference and an event of the journal read like. Pure."""

from __future__ import annotations

from typing import Protocol

from app.domain.acceptance import (
    Concluded,
    Event,
    GoodsLine,
    InvoiceLineSeen,
    InvoiceSeen,
    LicenceSeen,
    PhotoKept,
    PutAway,
    ReportSeen,
    Signed,
    TemperatureRead,
)
from app.domain.acceptance_rules import Difference, Stage
from app.flows.acceptance_view import AcceptanceTask, AcceptanceView
from app.ui.icons import Icon
from app.ui.screens.moments import moment
from app.ui.theme import Tone
from app.ui.widgets.rows import Row

SILENT = "—"
SHORT_VALUE = 10
STAGE_LOOKS = {
    Stage.RECEIVING: (Icon.BOX_OPEN, Tone.ACCENT),
    Stage.TO_ACCEPT: (Icon.LIST, Tone.ATTENTION),
    Stage.ACCEPTED: (Icon.GOOD, Tone.GOOD),
    Stage.REJECTED: (Icon.STOP, Tone.STOP),
    Stage.STOCKED: (Icon.BOXES, Tone.GOOD),
}


class Say(Protocol):
    """The title of a text in the present language."""

    def __call__(self, code: str, /, **values: object) -> str: ...


def task_row(task: AcceptanceTask, say: Say) -> Row:
    icon, tone = STAGE_LOOKS[task.stage]
    marks = [say(code) for code, holds in (("acceptance_cold", task.cold), ("tasks_special", task.special)) if holds]
    detail = " · ".join((*marks, say("acceptance_packs", packs=task.packs), task.delivery))
    return Row(task.receipt, task.supplier, detail, say(f"acceptance_stage_{task.stage}"), tone, icon, tone)


def line_row(line: GoodsLine, *, unqualified: bool, say: Say) -> Row:
    """A touch turns it from accepted to not accepted."""
    icon, tone = (Icon.STOP, Tone.STOP) if unqualified else (Icon.GOOD, Tone.GOOD)
    marks = [say("tasks_special")] if line.special else []
    detail = " · ".join(word for word in (line.batch, line.expiry, *marks) if word)
    return Row(str(line.line), line.name, detail, f"{line.received}/{line.expected}", tone, icon, tone)


def difference_words(row: Difference, say: Say) -> tuple[str, str]:
    """What it is about, and what each of the three says."""
    about = say(f"acceptance_differs_{row.what}")
    if row.line is not None:
        about = say("acceptance_line", line=row.line, drug=row.name) + " · " + about
    values = {"invoice": row.invoice or SILENT, "note": row.note or SILENT, "goods": row.goods or SILENT}
    said = say("acceptance_three", **values)
    compared = max(map(len, values.values())) > SHORT_VALUE
    return about, said.replace(" · ", "\n") if compared else said  # long numbers are compared under each other


def temperature_words(found: TemperatureRead | None, say: Say) -> str:
    if found is None:
        return say("acceptance_none_yet")
    span = f"{found.least_c:g}" if found.least_c == found.most_c else f"{found.least_c:g}~{found.most_c:g}"
    if found.source == "typed":
        return f"{span} ℃"
    return say("acceptance_logger_says", span=span, readings=found.readings, outside=found.outside)


def event_row(event: Event, *, in_force: bool, zone: str, say: Say) -> Row:
    title = say(f"acceptance_event_{event.kind}")
    told = _told(event, say)
    detail = " · ".join(word for word in (told, event.operator) if word)
    when = moment(event.at_ms, zone)[-11:]
    undone = not in_force and event.kind != "undo"
    icon = Icon.UNDO if event.kind == "undo" else Icon.HISTORY
    return Row(str(event.seq), title, detail, when, icon=icon, tone=Tone.QUIET, faded=undone)


def _told(event: Event, say: Say) -> str:
    match event.fact:
        case TemperatureRead() as fact:
            return temperature_words(fact, say)
        case InvoiceSeen(no, code):
            return f"{no} {code}".strip()
        case InvoiceLineSeen(line, packs):
            return f"{line} · {packs}"
        case LicenceSeen(no, expiry):
            return f"{no} {expiry}"
        case ReportSeen(line, report, no):
            return f"{line} · {say(f'acceptance_report_{report}')} {no}"
        case PhotoKept(name=name):
            return name
        case Concluded(qualified, unqualified, note):
            lines = " ".join(map(str, unqualified))
            verdict = say("acceptance_qualified" if qualified else "acceptance_unqualified")
            return " · ".join(word for word in (verdict, lines, note) if word)
        case Signed(witness=witness):
            return witness
        case PutAway(shelf=shelf):
            return shelf
    return ""


def areas_words(view: AcceptanceView, say: Say) -> str:
    """Where the packs lie, without the places where none does."""
    return " · ".join(f"{say(f'acceptance_area_{area}')} {packs}" for area, packs in view.areas if packs)
