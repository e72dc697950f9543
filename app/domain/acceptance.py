"""收货 → 验收 → 入库: the events of an acceptance, and what of them is in force. Rules are in acceptance_rules. Pure.

The journal is append-only: an undo is an event that negates one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from app.domain.logger_file import Excursion
from app.domain.temperature import Range

REPORT_KINDS = ("inspection", "import")
PHOTO_ABOUTS = ("damage", "paper")


@dataclass(frozen=True, slots=True)
class TemperatureRead:
    """Arrival temperature, typed or from a logger's file (`digest`, `excursions`); degrees Celsius."""

    least_c: float
    most_c: float
    source: str = "typed"  # typed, logger
    readings: int = 1
    outside: int = 0
    bad_rows: int = 0
    digest: str | None = None
    begins: str = ""
    ends: str = ""
    excursions: tuple[Excursion, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoiceSeen:
    no: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceLineSeen:
    """What the invoice says of one line, in smallest packs."""

    line: int
    packs: int


@dataclass(frozen=True, slots=True)
class LicenceSeen:
    """The supplier's licence; `expiry` is an ISO day."""

    no: str
    expiry: str


@dataclass(frozen=True, slots=True)
class ReportSeen:
    """An inspection report or an import paper of a line, by its number."""

    line: int
    report: str  # one of REPORT_KINDS
    no: str


@dataclass(frozen=True, slots=True)
class PhotoKept:
    """A file that lies in the data folder under its digest."""

    digest: str
    about: str  # one of PHOTO_ABOUTS
    name: str
    size: int
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Concluded:
    """The conclusion. `unqualified`: lines that are not accepted; all, where `qualified` is false."""

    qualified: bool
    unqualified: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """The second person of the conclusion with that seq."""

    conclusion: int
    witness: str


@dataclass(frozen=True, slots=True)
class PutAway:
    """Into stock, after the conclusion with that seq."""

    conclusion: int
    shelf: str = ""


@dataclass(frozen=True, slots=True)
class Undone:
    """Takes back the event with that seq."""

    negates: int


Fact = (
    TemperatureRead | InvoiceSeen | InvoiceLineSeen | LicenceSeen | ReportSeen | PhotoKept | Concluded | Signed
    | PutAway | Undone
)  # fmt: skip
KINDS: Mapping[str, type[Fact]] = {
    "temperature": TemperatureRead,
    "invoice": InvoiceSeen,
    "invoice_line": InvoiceLineSeen,
    "licence": LicenceSeen,
    "report": ReportSeen,
    "photo": PhotoKept,
    "conclusion": Concluded,
    "signature": Signed,
    "put_away": PutAway,
    "undo": Undone,
}
F = TypeVar("F", bound=Fact)
KIND_OF = {made: name for name, made in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the journal."""

    seq: int
    id: str
    at_ms: int
    operator: str
    fact: Fact

    @property
    def kind(self) -> str:
        return KIND_OF[type(self.fact)]


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """A line as counted. Counts are smallest packs; `storage`: what its condition demands."""

    line: int
    name: str
    batch: str
    expiry: str
    expected: int
    received: int
    damaged: int = 0
    rejected: int = 0
    over: int = 0
    storage: Range | None = None
    special: bool = False

    @property
    def came(self) -> int:
        return self.received + self.damaged + self.rejected + self.over


@dataclass(frozen=True, slots=True)
class Goods:
    """A receipt and its note, as far as acceptance asks. Empty texts: the note is silent."""

    lines: tuple[GoodsLine, ...]
    closed: bool
    store_room: str | None = None
    invoice_no: str = ""
    invoice_code: str = ""
    licence: str = ""
    licence_expiry: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is in force. `invoice_lines`: line → packs."""

    temperature: TemperatureRead | None = None
    invoice: InvoiceSeen | None = None
    licence: LicenceSeen | None = None
    conclusion: Concluded | None = None
    conclusion_seq: int | None = None
    concluded_by: str = ""
    witness: str | None = None
    put_away: PutAway | None = None
    reports: tuple[ReportSeen, ...] = ()
    photos: tuple[PhotoKept, ...] = ()
    invoice_lines: Mapping[int, int] = field(default_factory=dict)


def in_force(events: Sequence[Event]) -> tuple[Event, ...]:
    """Events that nothing takes back. What stands on a conclusion falls with it; an undo is not undone."""
    negated = {event.fact.negates for event in events if isinstance(event.fact, Undone)}
    kept = [event for event in events if event.seq not in negated and not isinstance(event.fact, Undone)]
    conclusion = next((event.seq for event in reversed(kept) if isinstance(event.fact, Concluded)), None)
    return tuple(
        event for event in kept if not isinstance(event.fact, Signed | PutAway) or event.fact.conclusion == conclusion
    )


def findings_of(events: Sequence[Event]) -> Findings:
    """What is known now: of each kind the last event in force, of lists all."""
    kept = in_force(events)
    concluded = [event for event in kept if isinstance(event.fact, Concluded)][-1:]
    signed = _last(kept, Signed)
    return Findings(
        _last(kept, TemperatureRead),
        _last(kept, InvoiceSeen),
        _last(kept, LicenceSeen),
        _last(kept, Concluded),
        concluded[0].seq if concluded else None,
        concluded[0].operator if concluded else "",
        signed.witness if signed else None,
        _last(kept, PutAway),
        tuple({(one.line, one.report): one for one in _all(kept, ReportSeen)}.values()),
        tuple({one.digest: one for one in _all(kept, PhotoKept)}.values()),
        {one.line: one.packs for one in _all(kept, InvoiceLineSeen)},
    )


def _all(events: Sequence[Event], made: type[F]) -> list[F]:
    return [event.fact for event in events if isinstance(event.fact, made)]


def _last(events: Sequence[Event], made: type[F]) -> F | None:
    return next(iter(reversed(_all(events, made))), None)
