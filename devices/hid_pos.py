"""HID POS reports → labels. Pure: no library, no thread; the caller says when the device was silent. One per device.

The length in a report counts, never a zero byte. Reports are joined only while nothing speaks against it: what may be
two halves of different labels is dropped and told, never glued.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from devices.framing import Profile, Suffix
from devices.hid_layout import COMMON, SHIFTED, WITHOUT_AIM, Described, LabelLayout
from devices.scan import Dropped

JOIN_MS = 300
"""Silence after which a label that should have gone on never will."""
SETTLE_MS = 50
"""Silence after opening that tells that no label is under way."""
QUEUE_REPORTS = 63
"""What the kernel keeps of unread reports; it drops the newest beyond that (hidraw, Linux 6.1)."""

_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_FIRST_VENDOR_BYTE = 61
"""Up to here every form is zero behind its data."""
_GUESSES = ((COMMON, 2), (SHIFTED, 3))
_LINE_ENDS = {
    Suffix.AUTO: (b"\r\n", b"\r", b"\n"),
    Suffix.EITHER: (b"\r\n", b"\r", b"\n"),
    Suffix.CR: (b"\r",),
    Suffix.LF: (b"\n",),
    Suffix.CRLF: (b"\r\n",),
    Suffix.TAB: (b"\t",),
    Suffix.ETX: (b"\x03",),
    Suffix.NONE: (),
}


@dataclass(frozen=True, slots=True)
class HidLabel:
    """One whole label, without prefix and suffix."""

    payload: bytes = field(repr=False)
    aim: str | None
    """None where the report carries no AIM identifier."""

    @property
    def label(self) -> bytes:
        """What the rules read: the payload behind its AIM identifier."""
        return self.payload if self.aim is None else self.aim.encode() + self.payload


@dataclass(frozen=True, slots=True)
class Habits:
    """What a maker's devices do that no descriptor says."""

    answers: frozenset[str] = frozenset()
    """AIM identifiers under which answers to commands come: no labels."""
    form: LabelLayout | None = None
    """Known beforehand; holds against the descriptor too."""
    likely_form: LabelLayout | None = None
    """Where the descriptor says nothing."""


@dataclass(frozen=True, slots=True)
class _Piece:
    layout: LabelLayout
    aim: str | None
    data: bytes = field(repr=False)
    goes_on: bool


@dataclass(frozen=True, slots=True)
class _Misfit:
    code: str
    goes_on: bool | None
    """None: the report does not say."""


class HidPosDecoder:
    """Joins the reports of one device to labels.

    With `midstream` the first report may be the second half of a label: until a moment of silence it is not trusted.
    """

    def __init__(self, described: Described, profile: Profile, habits: Habits, *, midstream: bool = False) -> None:
        layouts = (habits.form,) if habits.form else described.layouts
        self._layouts = {layout.report_id: layout for layout in layouts}
        self._input_ids = described.input_ids
        self._profile = profile
        self._habits = habits
        self._pending: _Piece | None = None
        self._data = bytearray()
        self._answering = False
        self._unsure = midstream
        self._skipping = False
        self._told_at_end: str | None = None
        self._unread = 0
        self._silent_from_ms: int | None = None

    @property
    def synchronised(self) -> bool:
        """True while the next report is known to begin a label or to continue the one at hand."""
        return not (self._unsure or self._skipping)

    @property
    def is_unsure(self) -> bool:
        """Whether the next report may be the second half of a label."""
        return self._unsure

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is half read and nothing waits in the system's queue."""
        return self._pending is None and self.synchronised and not self._answering and not self._unread

    def feed(self, report: bytes, at_ms: int) -> tuple[HidLabel | Dropped, ...]:
        """Take one report, read at `at_ms` (any steady clock)."""
        self._silent_from_ms = at_ms
        self._unread += 1
        return tuple(self._take(report))

    def quiet(self, at_ms: int) -> tuple[Dropped, ...]:
        """Nothing was waiting to be read at `at_ms`: whatever the system kept of what was sent before has been fed."""
        full, self._unread = self._unread >= QUEUE_REPORTS, 0
        if self._silent_from_ms is None:
            self._silent_from_ms = at_ms
        if full:
            # The queue may have been full: what came while it was is lost, perhaps the first half of what comes next.
            return tuple(self._pass_over(None, "hid_reports_lost", told_at_end="fragment_dropped"))
        silent_ms = at_ms - self._silent_from_ms
        if self._unsure and silent_ms >= SETTLE_MS:
            self._unsure = False
        if silent_ms < JOIN_MS:
            return ()
        self._skipping = self._answering = False
        return self._drop_pending("hid_label_cut")

    def give_up(self) -> tuple[Dropped, ...]:
        """The device is gone: what waits for its end will never be whole."""
        return self._drop_pending("fragment_dropped")

    def _take(self, report: bytes) -> Iterator[HidLabel | Dropped]:
        piece = self._read(report)
        if piece is None or self._is_answer(piece):
            if isinstance(piece, _Piece) and not piece.goes_on:
                yield Dropped("hid_answer")
            return
        if self._unread > QUEUE_REPORTS:
            # Between this report and the one before it others may be missing.
            yield from self._pass_over(piece.goes_on, "hid_reports_lost")
        elif self._unsure:
            self._unsure = False
            yield from self._pass_over(piece.goes_on, "fragment_dropped")
        elif self._skipping:
            yield from self._skip(piece.goes_on)
        elif isinstance(piece, _Misfit):
            yield from self._pass_over(piece.goes_on, piece.code, told_at_end="fragment_dropped")
        else:
            yield from self._join(piece)

    def _join(self, piece: _Piece) -> Iterator[HidLabel | Dropped]:
        before = self._pending
        # A following report may leave the identifier out; one that brings another belongs to another label.
        if before is not None and piece.aim not in (before.aim, None):
            yield from self._drop_pending("hid_label_cut")
            before = None
        self._data += piece.data
        if len(self._data) > self._profile.limit_bytes:
            yield from self._pass_over(piece.goes_on, "label_overlong")
        elif piece.goes_on:
            self._pending = before or piece
        else:
            payload = unmarked(bytes(self._data), self._profile)
            self._forget()
            if payload:
                yield HidLabel(payload, (before or piece).aim)

    def _pass_over(self, goes_on: bool | None, code: str, told_at_end: str | None = None) -> Iterator[Dropped]:
        """Drop the label at hand; if it may go on, its other reports too."""
        self._forget()
        if goes_on is not False and not self._skipping:
            self._skipping = True
            # Where it is not sure that the next end is that of the same label, the end is told as well.
            self._told_at_end = told_at_end if goes_on is None else None
        elif goes_on is False:
            self._skipping = False
        yield Dropped(code)

    def _skip(self, goes_on: bool | None) -> Iterator[Dropped]:
        if goes_on is False:
            self._skipping = False
            if self._told_at_end:
                yield Dropped(self._told_at_end)

    def _drop_pending(self, code: str) -> tuple[Dropped, ...]:
        waiting = self._pending is not None
        self._forget()
        return (Dropped(code),) if waiting else ()

    def _forget(self) -> None:
        self._pending = None
        self._data.clear()

    def _is_answer(self, piece: _Piece | _Misfit) -> bool:
        if isinstance(piece, _Misfit):
            return False
        known = piece.aim in self._habits.answers or (self._answering and piece.aim is None)
        self._answering = known and piece.goes_on
        return known

    def _read(self, report: bytes) -> _Piece | _Misfit | None:
        """One report; None for a report of this device that has nothing to do with labels."""
        if self._layouts:
            layout = self._layouts.get(report[0] if report else None) or self._layouts.get(None)
            if layout is None:
                return None if report and report[0] in self._input_ids else _Misfit("hid_report_bad", goes_on=None)
        else:
            guess = self._pending.layout if self._pending else _guess(report, self._habits.likely_form)
            if isinstance(guess, _Misfit):
                return guess
            layout = guess
        return _cut(report, layout)


def unmarked(label: bytes, profile: Profile) -> bytes:
    """A label without the configured prefix and, once, the configured suffix; nothing else is touched."""
    end = next((it for it in _LINE_ENDS[profile.suffix] if label.endswith(it)), b"")
    return label.removesuffix(end).removeprefix(profile.prefix)


def _cut(report: bytes, layout: LabelLayout) -> _Piece | _Misfit:
    if len(report) < layout.size:
        return _Misfit("hid_report_short", goes_on=None)
    goes_on = layout.more_at is not None and bool(report[layout.more_at] & layout.more_mask)
    length = report[layout.length_at]
    if length > layout.data_bytes or (layout.report_id is not None and report[0] != layout.report_id):
        return _Misfit("hid_report_bad", goes_on)
    aim = bytes(report[at] for at in layout.aim_at)
    name = aim.decode("ascii") if _AIM.fullmatch(aim) else None
    return _Piece(layout, name, report[layout.data_at : layout.data_at + length], goes_on)


def _guess(report: bytes, likely: LabelLayout | None) -> LabelLayout | _Misfit:
    """The form of a report that no descriptor explains. A reading that leaves bytes over is not believed."""
    if len(report) < COMMON.size:
        return _Misfit("hid_report_short", goes_on=None)
    if report[0] != COMMON.report_id:
        return _Misfit("hid_report_bad", goes_on=None)
    form = likely
    if form is None:
        form = next((it for it, at in _GUESSES if _AIM.fullmatch(report[at : at + 3])), WITHOUT_AIM)
    end = form.data_at + report[form.length_at]
    goes_on = bool(report[-1] & form.more_mask)
    if report[form.length_at] > form.data_bytes:
        return _Misfit("hid_report_bad", goes_on)
    # Reading the form without an identifier as one with it moves the label and takes padding in at its end.
    moved = form.data_at - WITHOUT_AIM.data_at
    believed = not any(report[end : max(form.data_at + form.data_bytes, _FIRST_VENDOR_BYTE)])
    if moved and end > form.data_at:
        believed = believed and any(report[max(form.data_at, end - moved) : end])
    return form if believed else _Misfit("hid_layout_unclear", goes_on)
