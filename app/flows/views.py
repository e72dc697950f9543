"""What screens draw: frozen pictures of the store, made on the writer's thread and handed to the UI. Pure.

A screen never reads the store. It gets one of these when it opens, and afterwards only what changed
(`app.flows.outcomes`), never ten thousand codes per scan.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.documents import Equation


@dataclass(frozen=True, slots=True)
class OperatorChoice:
    """A person who may sign in here."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class RefusedManifest:
    """A manifest of the relay that is not taken in; `code` has a text, and the supplier has to mend it."""

    manifest: str
    delivery: str  # may be empty
    code: str
    made_ms: int


@dataclass(frozen=True, slots=True)
class DeliveryTask:
    """A delivery in the task list. Counts are smallest packs."""

    delivery: str
    supplier: str
    state: str  # waiting, under_way, paused, closed
    lines: int
    expected: int
    accounted: int  # received, short, damaged, rejected or exempt
    first_drug: str
    shipped_ms: int | None
    special: bool
    gift: bool
    manifest: str  # complete, late, wrong, missing
    manifest_refused: str | None = None  # the relay brought one, and why it was not taken in
    reopened: str | None = None  # the hospital did not take its close: the code of why


@dataclass(frozen=True, slots=True)
class TasksView:
    """The first screen after sign-in, sorted: under way first, then waiting by age."""

    tasks: tuple[DeliveryTask, ...]
    refused: int  # items that the hospital refused
    held: int  # items set aside
    waiting: int  # items not yet answered
    replica_ms: int | None  # when everybody's codes were last fetched (epoch ms)
    refused_manifests: tuple[RefusedManifest, ...] = ()  # the supplier has to mend them
    conflicts: int = 0  # contradictions that wait for this person's answer


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of a receipt. Counts are smallest packs."""

    line: int
    drug: str
    name: str
    spec: str
    batch: str
    expiry: str
    unit: str
    expected: int
    received: int
    short: int
    damaged: int
    rejected: int
    exempt: int
    exempt_reason: str | None
    coded: bool
    over: int = 0  # beside the equation
    estimated: int = 0  # of `received`: counted by a pack ratio, because nobody named the boxes
    guessed: int = 0  # of `received`: on this line by a guess, because nobody named their batch

    @property
    def missing(self) -> int:
        return self.expected - self.received - self.short - self.damaged - self.rejected - self.exempt


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of the journal, newest first in a list."""

    seq: int
    at_ms: int
    what: str  # scan, or a command's name
    reason: str
    code: str | None
    payload: str | None
    line: int | None
    packs: int | None
    counted: bool
    in_force: bool
    undoable: bool
    note: str | None = None  # of `restated`: packs before and now, as in `40 → 47`


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A code in one of the lists beside the equation, as shot last; how often it was shot."""

    list_name: str  # of app.domain.reasons.Lists
    code: str
    line: int | None
    seq: int
    times: int


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt as it is opened on the screen."""

    receipt: str
    delivery: str
    supplier: str
    invoice_no: str
    store_room: str
    lines: tuple[LineView, ...]
    equation: Equation
    lists: tuple[tuple[str, int], ...]  # (name of app.domain.reasons.Lists, distinct codes)
    entries: tuple[EntryView, ...]  # the latest, newest first
    held: bool  # a stop waits for its confirmation
    closed: bool
    manifest_refused: str | None = None  # why the manifest of this delivery was not taken in
    listed: tuple[ListedCode, ...] = ()  # the codes of the lists, newest first
    others: int = 0  # smallest packs that other devices have in this receipt, as far as is known here
    others_as_of: str = ""  # when the hospital last told, by its own clock: `11-22 09:12`


@dataclass(frozen=True, slots=True)
class UploadRow:
    """An item of the outbox in words for a person."""

    id: str
    receipt: str
    seq: int
    kind: str  # scan, reversal, outcome, close
    state: str  # queued, in_flight, accepted, refused, unsure, held
    code: str | None  # the answer's stable code
    text: str | None  # what the hospital said
    payload: str | None
    attempts: int
    created_ms: int
    n: int = 0  # its place in the order of creation; page on with the last row's
    owner: str = "nobody"  # whose turn it is (app.domain.upload_owners)
    operator: str = ""
    settled_ms: int | None = None
    result: str | None = None  # the answer's word; a conflict has the state refused


@dataclass(frozen=True, slots=True)
class UploadFilter:
    """Which records; what is empty or None does not matter. Moments are those of making, epoch ms.

    `reason`: an answer's code; `code`: as scanned or typed; `delivery`: its number.
    """

    states: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None
    owner: str = ""
    reason: str = ""
    delivery: str = ""
    operator: str = ""
    code: str = ""
    batch: int | None = None

    @property
    def plain(self) -> bool:
        """Nothing but states matters."""
        return self == UploadFilter(self.states)


@dataclass(frozen=True, slots=True)
class UploadsView:
    """The upload queue: totals and the rows of one filter, newest first."""

    queued: int
    in_flight: int
    accepted: int
    refused: int
    unsure: int
    held: int
    rows: tuple[UploadRow, ...]
    owners: tuple[tuple[str, int], ...] = ()  # whose turn it is → records
    filter: UploadFilter | None = None  # that the rows answer; None: only their states are known
    next: int | None = None  # the `before` of what may follow


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as shown: its value, and whether the present operator may change it."""

    key: str
    value: str
    default: str
    file: str
    may_change: bool


@dataclass(frozen=True, slots=True)
class SiteView:
    """The hospital behind this data folder. `zone` as in `+08:00`; moments are shown in it."""

    name: str
    synthetic: bool  # a demonstration: say so on every screen
    zone: str
