"""A disk that loses its power: reads what power_recorder.c wrote, and says what may be on the disk after a cut.

What was written before a sync of the same file began is there once that sync has ended. Of everything else each
sector of 512 or 4096 bytes may be there or not, whatever the order; changes of names (made, taken away, renamed) come
in their order, but only as far as they came before a sync of the folder. Pure; any thread.
"""

from __future__ import annotations

import enum
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HEAD = struct.Struct("<IIQQQ")
FOLDER = "."


class Kind(enum.IntEnum):
    """As in power_recorder.c."""

    OPEN = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC_BEGINS = 4
    SYNC_ENDS = 5
    UNLINK = 6
    RENAME = 7
    SAID = 8


@dataclass(frozen=True, slots=True)
class Record:
    """One call. `number`: of an open, bit 0 may make the file, bit 1 empties it; of a write the place; of a truncation
    the length."""

    kind: Kind
    file: int
    number: int
    data: bytes


def read_records(path: Path) -> list[Record]:
    """In the order in which the calls were made."""
    raw = path.read_bytes()
    found, place = [], 0
    while place + _HEAD.size <= len(raw):
        kind, file, number, length, _ = _HEAD.unpack_from(raw, place)
        place += _HEAD.size
        found.append(Record(Kind(kind), file, number, raw[place : place + length]))
        place += length
    return found


@dataclass(slots=True)
class _File:
    """What is on the disk for certain, and what was done since, each with its number in the recording."""

    sure: bytearray
    since: list[tuple[int, Record]] = field(default_factory=list)

    def settle(self, before: int) -> None:
        """All that was done before this number is on the disk."""
        for _, record in self.since:
            if _ < before:
                _apply(self.sure, record)
        self.since = [(number, record) for number, record in self.since if number >= before]


def _apply(content: bytearray, record: Record) -> None:
    if record.kind is Kind.TRUNCATE:
        _resize(content, record.number)
    else:
        _put(content, record.number, record.data)


def _put(content: bytearray, place: int, data: bytes) -> None:
    if len(content) < place:
        _resize(content, place)
    content[place : place + len(data)] = data


def _resize(content: bytearray, length: int) -> None:
    del content[length:]
    content.extend(bytes(length - len(content)))


@dataclass(frozen=True, slots=True)
class Loss:
    """How much of what was not synced is lost: each write with chance `share`, whole or by sectors of so many bytes."""

    share: float
    sector: int | None


class Disk:
    """Plays a recording; `after_cut` may be asked at any moment and changes nothing."""

    def __init__(self, start: dict[str, bytes]) -> None:
        """`start`: the files that were there before, all on the disk."""
        self._files: list[_File] = []
        self._names: dict[str, int] = {}
        for name, content in start.items():
            self._names[name] = self._add(content)
        self._sure_names = dict(self._names)
        self._renamings: list[tuple[int, dict[str, int]]] = []  # number → the names as they were from then on
        self._open: dict[int, int | None] = {}  # opening → file, None: the folder
        self._syncs: dict[int, int] = {}  # opening → number of the record where its sync began
        self._number = 0
        self.said = b""

    def play(self, record: Record) -> None:
        """One call more."""
        self._number += 1
        kind = record.kind
        if kind is Kind.SAID:
            self.said += record.data
        elif kind is Kind.OPEN:
            self._opened(record)
        elif kind in (Kind.WRITE, Kind.TRUNCATE):
            file = self._open[record.file]
            assert file is not None
            self._files[file].since.append((self._number, record))
        elif kind is Kind.SYNC_BEGINS:
            self._syncs[record.file] = self._number
        elif kind is Kind.SYNC_ENDS:
            self._synced(record.file)
        else:
            self._renamed(record)

    def after_cut(self, dice: random.Random, loss: Loss) -> dict[str, bytes]:
        """The files as they may be found."""
        names = self._sure_names
        if self._renamings and loss.share < 1:
            names = dice.choice([names, *(after for _, after in self._renamings)])
        return {name: self._found(self._files[file], dice, loss) for name, file in names.items()}

    def _found(self, file: _File, dice: random.Random, loss: Loss) -> bytes:
        content = bytearray(file.sure)
        for _, record in file.since:
            if record.kind is Kind.TRUNCATE:
                if dice.random() >= loss.share:
                    _apply(content, record)
                continue
            for place, piece in _pieces(record, loss.sector):
                if dice.random() >= loss.share:
                    _put(content, place, piece)
        return bytes(content)

    def _opened(self, record: Record) -> None:
        name = record.data.decode()
        if name == FOLDER:
            self._open[record.file] = None
            return
        if name not in self._names:
            self._names = self._names | {name: self._add(b"")}
            self._renamings.append((self._number, self._names))
        file = self._names[name]
        self._open[record.file] = file
        if record.number & 2:
            self._files[file].since.append((self._number, Record(Kind.TRUNCATE, record.file, 0, b"")))

    def _synced(self, opening: int) -> None:
        before = self._syncs.pop(opening)
        file = self._open[opening]
        if file is not None:
            self._files[file].settle(before)
            return
        for number, after in self._renamings:
            if number < before:
                self._sure_names = after
        self._renamings = [(number, after) for number, after in self._renamings if number >= before]

    def _renamed(self, record: Record) -> None:
        names = dict(self._names)
        name, _, after = record.data.decode().partition("\n")
        file = names.pop(name)
        if record.kind is Kind.RENAME:
            names[after] = file
        self._names = names
        self._renamings.append((self._number, names))

    def _add(self, content: bytes) -> int:
        self._files.append(_File(bytearray(content)))
        return len(self._files) - 1


def _pieces(record: Record, sector: int | None) -> Iterator[tuple[int, bytes]]:
    """A write, whole or cut where the disk's sectors end."""
    if sector is None:
        yield record.number, record.data
        return
    done = 0
    while done < len(record.data):
        size = min(sector - (record.number + done) % sector, len(record.data) - done)
        yield record.number + done, record.data[done : done + size]
        done += size
