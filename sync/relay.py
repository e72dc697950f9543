"""Manifests of the relay: heads by cursor, rows streamed and staged block by block, shown when all of them are proven.

Lives on the thread that calls; the sink and the cursors are written on the writer thread. A run may end between any
two blocks, by a cut, a kill or a wish: the next one goes on from the rows that are staged. A version whose rows cannot
be read or do not agree with its head is refused as a whole, and no manifest holds up another one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

import msgspec

from sync.endpoints import relay_ack, relay_heads, relay_rows
from sync.errors import OFFLINE, POINTLESS_TO_GO_ON, SyncError
from sync.ports import Clock, Database, ManifestSink, Priority, SyncSettings, Writer
from sync.relay_places import RelayPlaces
from sync.relay_wire import COMPLETE, Head, ManifestHead, ManifestRow, PackageEvent, RowReader, RunningDigest
from sync.transport import LineTransport

log = logging.getLogger(__name__)

_ILL = OFFLINE | POINTLESS_TO_GO_ON | {"throttled"}
"""The other manifests of this run would meet the same."""
_TROUBLES_OF_A_RUN = 3
"""So many manifests in trouble, and the run ends: it is the relay that is ill, not a manifest."""


@dataclass(slots=True)
class Pulled:
    """What one run did. `trouble`: the first one met; `cut`: it was told to stop before the end."""

    manifests: int = 0
    refused: int = 0
    rows: int = 0
    events: int = 0
    trouble: SyncError | None = None
    troubles: int = 0
    cut: bool = False


@dataclass(slots=True)
class _Block:
    rows: list[ManifestRow] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)


class _Refused(Exception):
    """This version is not taken in. `code` is one of `errors.REFUSALS`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class RelayPull:
    """Brings everything that the relay has and this device has not."""

    def __init__(
        self, *, transport: LineTransport, database: Database, writer: Writer, sink: ManifestSink, clock: Clock,
        settings: SyncSettings,
    ) -> None:  # fmt: skip
        self._transport = transport
        self._places = RelayPlaces(database, clock)
        self._writer = writer
        self._sink = sink
        self._clock = clock
        self._settings = settings
        self._wants_acks = True

    def run(self, realm: str, stopping: Callable[[], bool]) -> Pulled:
        """All pages to the end, or until `stopping`. Raises nothing of the world's; bugs pass.

        The cursor stays before the first page that holds a manifest in trouble; what follows is brought all the same,
        and the pages between are looked through again the next time.
        """
        done = Pulled()
        try:
            cursor = self._writer.call(partial(self._places.cursor, realm), priority=Priority.IMPORT, write=False)
            while not stopping():
                page = relay_heads.get(self._transport, cursor, self._settings.relay_heads)
                if page is None:
                    log.warning("the relay does not know our cursor any more: all heads are fetched anew")
                    self._write(partial(self._places.forget, realm))
                    cursor = None
                    continue
                if not self._take(realm, page.heads, done, stopping):
                    break
                if done.trouble is None and page.cursor != cursor:
                    self._write(partial(self._places.move, realm, page.cursor))
                cursor = page.cursor
                if not page.more:
                    return done
        except SyncError as error:
            done.trouble = done.trouble or error
            return done
        done.cut = True
        return done

    def _take(self, realm: str, heads: Sequence[Head], done: Pulled, stopping: Callable[[], bool]) -> bool:
        """The heads of a page, in order; False if told to stop. Raises SyncError when it is pointless to go on."""
        for is_event, some in groupby(heads, key=lambda head: isinstance(head, PackageEvent)):
            if is_event:
                events = [head for head in some if isinstance(head, PackageEvent)]
                self._write(partial(self._sink.events, events))
                done.events += len(events)
                continue
            for head in some:
                assert isinstance(head, ManifestHead)
                if stopping() or not self._take_one(realm, head, done, stopping):
                    return False
        return True

    def _take_one(self, realm: str, head: ManifestHead, done: Pulled, stopping: Callable[[], bool]) -> bool:
        if head.state != COMPLETE:
            self._write(partial(self._sink.withdraw, head.manifest))
            return True
        known = partial(self._sink.known, head.manifest, head.version)
        if self._writer.call(known, priority=Priority.IMPORT, write=False):
            return True
        try:
            if not self._bring(realm, head, done, stopping):
                return False
            done.manifests += 1
            self._ack(head, None)
        except _Refused as refused:
            log.warning("manifest %s version %d refused: %s", head.manifest, head.version, refused.code)
            self._write(partial(self._drop, realm, head, refused))
            done.refused += 1
            self._ack(head, refused.code)
        except SyncError as error:
            log.info("manifest %s version %d: %s", head.manifest, head.version, error)
            done.trouble = done.trouble or error
            done.troubles += 1
            ill = error.code in _ILL or error.status in (401, 403)
            if ill or done.troubles >= _TROUBLES_OF_A_RUN:
                raise
        return True

    def _bring(self, realm: str, head: ManifestHead, done: Pulled, stopping: Callable[[], bool]) -> bool:
        """Stage all rows and show them; False if told to stop before. Raises _Refused, SyncError."""
        if head.rows > self._settings.relay_rows_most:
            raise _Refused("manifest_too_large", f"{head.rows} rows")
        so_far = self._writer.call(partial(self._begin, realm, head), priority=Priority.IMPORT, write=False)
        try:
            whole = self._stream(realm, head, so_far, done, stopping)
        except _Refused:
            if not so_far.rows:
                raise
            # The rows of the earlier run may be another truth under the same number: once more, from the first row.
            whole = self._stream(realm, head, RunningDigest(), done, stopping)
        if whole:
            self._write(partial(self._complete, realm, head))
        return whole

    def _begin(self, realm: str, head: ManifestHead) -> RunningDigest:
        """How far an earlier run came, if what it staged is still there."""
        kept = self._places.staged(realm, head)
        return kept if kept.rows <= min(self._sink.staged(head), head.rows) else RunningDigest()

    def _stream(
        self, realm: str, head: ManifestHead, so_far: RunningDigest, done: Pulled, stopping: Callable[[], bool]
    ) -> bool:  # fmt: skip
        digest = so_far
        try:
            with relay_rows.lines(self._transport, head, so_far.rows) as lines:
                for block, end in self._blocks(head, so_far.rows, lines):
                    digest = self._stage(realm, head, digest, block, done)
                    if end is None and stopping():
                        return False
        except SyncError as error:
            if relay_rows.is_gone(error):
                raise _Refused("manifest_gone", f"status {error.status}") from error
            raise
        if digest.value.hex() != head.digest:
            raise _Refused("manifest_digest_wrong", f"{digest.rows} rows")
        return True

    def _blocks(self, head: ManifestHead, first: int, lines: Iterator[bytes]) -> Iterator[tuple[_Block, int | None]]:
        """Blocks of rows; the last one with the number that the last line gave.

        What was read before the line broke comes as a block of its own, then the trouble.
        """
        reader, block, rows = RowReader(), _Block(), first
        try:
            for line in lines:
                read = _read(reader, line, rows)
                if isinstance(read, int):
                    if read != rows or rows != head.rows:
                        raise _Refused(
                            "manifest_rows_wrong", f"{head.rows} in the head, {read} at the end, {rows} read"
                        )
                    yield block, read
                    return
                rows += 1
                if rows > head.rows:
                    raise _Refused("manifest_rows_wrong", f"more than the {head.rows} in the head")
                block.rows.append(read)
                block.lines.append(line)
                if len(block.rows) == self._settings.relay_block:
                    yield block, None
                    block = _Block()
            raise SyncError("bad_reply", "the row stream ends before its last line", may_have_left=True)
        except SyncError:
            if block.rows:
                yield block, None
            raise

    def _stage(
        self, realm: str, head: ManifestHead, digest: RunningDigest, block: _Block, done: Pulled
    ) -> RunningDigest:
        if not block.rows:
            return digest
        after = digest.after(block.lines)
        self._writer.run_sliced(
            lambda: self._sink.stage(head, block.rows, digest.rows),
            finish=lambda: self._places.keep_staged(realm, head, after),
        )
        done.rows += len(block.rows)
        return after

    def _complete(self, realm: str, head: ManifestHead) -> None:
        self._sink.complete(head)
        self._places.drop_staged(realm)

    def _drop(self, realm: str, head: ManifestHead, refused: _Refused) -> None:
        self._sink.refuse(head, refused.code, refused.detail)
        self._places.drop_staged(realm)

    def _ack(self, head: ManifestHead, refusal: str | None) -> None:
        """Tell the supplier, if this relay wants to hear it; nothing depends on it."""
        if not self._wants_acks:
            return
        try:
            relay_ack.post(self._transport, head, refusal=refusal, at_ms=self._clock.now_ms())
        except SyncError as error:
            log.info("no acknowledgement of %s version %d: %s", head.manifest, head.version, error)
            self._wants_acks = error.status is None

    def _write(self, job: Callable[[], None]) -> None:
        self._writer.call(job, priority=Priority.IMPORT)


def _read(reader: RowReader, line: bytes, number: int) -> ManifestRow | int:
    try:
        return reader.read(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _Refused("manifest_unreadable", f"row {number + 1}: {error}") from error
