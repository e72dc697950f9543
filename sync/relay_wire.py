"""What a cloud-code relay (云码平台) tells: heads of manifests, their rows, events after shipping, facts of a code.

Wire words of docs/remote/relay.yaml. Pure; any thread. Levels count from the smallest coded pack (1) upwards. What a
supplier sends is a claim: rows may contradict each other, and nobody here repairs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from sync.changes import Count, Day, Level, Ordinal, Word

ManifestId: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")]
Digest: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]

COMPLETE = "complete"
WITHDRAWN = "withdrawn"


class ManifestHead(Struct, frozen=True, tag_field="kind", tag="manifest"):
    """One version of a supplier's manifest. `state`: complete or withdrawn; `delivery` None: of no note known yet.

    A version is whole: it does not add to the version that it supersedes, it takes its place.
    """

    manifest: ManifestId
    version: Ordinal
    supplier: str
    made_ms: Count
    rows: Count
    digest: Digest
    state: str
    delivery: str | None = None
    supplier_code: str | None = None
    supersedes: Ordinal | None = None


class PackageEvent(Struct, frozen=True, tag_field="kind", tag="event"):
    """What happened to packages after shipping; it is known by its `id`, and telling it twice is the same as once.

    `verb`:

    * `add`: from `at_ms` on `children` stand under `parent`. With `replaces` the only child is a new code for that old
      one, which is dead; `parent` None: it stands where the old one stood.
    * `delete`: `children` left `parent`; without children all did, and nothing is in it any more.
    * `observe`: seen like this; changes nothing.
    * `declare_error`: the event `declares` never was true; it stays in the history.
    """

    id: Word
    verb: str
    at_ms: Count
    supplier: str
    parent: str | None = None
    children: tuple[Word, ...] = ()
    replaces: str | None = None
    declares: str | None = None
    manifest: str | None = None
    note: str | None = None


Head: TypeAlias = ManifestHead | PackageEvent

KINDS = frozenset({"manifest", "event"})


class ManifestRow(Struct, frozen=True):
    """One coded pack of a manifest; a child may stand before its parent. `amount`: smallest packs, where told.

    `drug` is what the supplier says it is: a prefix of seven digits, a GTIN-14 or a drug id; a hint, no key of ours.
    """

    code: Word
    level: Level
    parent: str | None = None
    drug: str | None = None
    batch: str | None = None
    expiry: Day | None = None
    made: Day | None = None
    amount: Ordinal | None = None


class CodeFacts(Struct, frozen=True):
    """What the relay knows of one code: the facts, where it stands, who says so and since when.

    `children` None: they are not known here (or too many to be told at once). `state`: normal, replaced or withdrawn.
    """

    code: Word
    source: str
    at_ms: Count
    level: Level | None = None
    parent: str | None = None
    children: tuple[Word, ...] | None = None
    drug: str | None = None
    batch: str | None = None
    expiry: Day | None = None
    made: Day | None = None
    amount: Ordinal | None = None
    state: str = "normal"
    replaced_by: str | None = None
    supplier: str | None = None
    manifest: str | None = None
    version: Ordinal | None = None


@dataclass(frozen=True, slots=True)
class HeadsPage:
    """One page of heads. `passed_over` counts heads of kinds that this program does not know."""

    heads: tuple[Head, ...]
    cursor: str
    more: bool
    passed_over: int


class _HeadsPage(Struct):
    heads: list[msgspec.Raw]
    cursor: Word
    more: bool


class _Kind(Struct):
    kind: str


class _Resolved(Struct):
    codes: tuple[CodeFacts, ...]


class _End(Struct):
    end: bool
    rows: Count


def decode_heads(body: bytes) -> HeadsPage:
    """A reply of `GET /v1/manifests`. Raises msgspec.ValidationError or DecodeError.

    A head of a known kind that does not decode spoils its page on purpose, as in the hospital's feed.
    """
    page = msgspec.json.decode(body, type=_HeadsPage)
    decoder: msgspec.json.Decoder[Head] = msgspec.json.Decoder(Head)
    kinds = msgspec.json.Decoder(_Kind)
    known = [raw for raw in page.heads if kinds.decode(raw).kind in KINDS]
    return HeadsPage(tuple(decoder.decode(raw) for raw in known), page.cursor, page.more, len(page.heads) - len(known))


def decode_resolved(body: bytes) -> tuple[CodeFacts, ...]:
    """A reply of `POST /v1/resolve`. Raises msgspec.ValidationError or DecodeError."""
    return msgspec.json.decode(body, type=_Resolved).codes


class RowReader:
    """Lines of a row stream → rows; the last line says how many there were."""

    def __init__(self) -> None:
        self._rows = msgspec.json.Decoder(ManifestRow)
        self._ends = msgspec.json.Decoder(_End)

    def read(self, line: bytes) -> ManifestRow | int:
        """A row, or the number on the last line. Raises msgspec.ValidationError or DecodeError."""
        if line.startswith(b'{"end"'):
            return self._ends.decode(line).rows
        return self._rows.decode(line)


@dataclass(frozen=True, slots=True)
class RunningDigest:
    """The digest of a row stream up to a row, as a value that can be kept and gone on from.

    The digest of no rows is SHA-256 of nothing; each row makes it SHA-256(digest so far ‖ line without its LF).
    """

    rows: int = 0
    value: bytes = hashlib.sha256().digest()

    def after(self, lines: Iterable[bytes]) -> RunningDigest:
        """The digest after these lines, too."""
        rows, value = self.rows, self.value
        for line in lines:
            value = hashlib.sha256(value + line).digest()
            rows += 1
        return RunningDigest(rows, value)
