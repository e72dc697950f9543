"""Taking in a production line's relation file (关联关系 XML): read and checked whole first, then handed to the store.

On the caller's thread, which must not be the writer's: a large file takes minutes. What the store writes goes through
the writer in small steps, so that scans go first. A tree with a contradiction is set aside whole, because a carton
with a doubtful box must not stand for a number; the other trees come in. A file that is wrong as a file brings nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from app.base.clock import Clock
from app.base.errors import Trouble
from app.domain.documents import Drug, DrugId
from app.domain.packages import PackageClaim
from app.domain.relation_xml import BadFile
from app.flows.relation_checks import Checked, check_links, read_rows
from app.flows.relation_report import FileReport, Findings, Progress, Step, file_of
from app.store.relation_index import Interrupted, KeptRow, RelationIndex
from app.store.writer import IMPORT

T = TypeVar("T")

KIND = "line_file"
VERSION = 1  # a relation file has no versions: another content is another source
READ_BYTES = 262_144
CLAIMS_AT_ONCE = 2_000
BATCHES_SHOWN = 200


class Writer(Protocol):
    """What is asked of the one writer."""

    def call(self, job: Callable[[], T], *, priority: int = ..., write: bool = ...) -> T: ...

    def run_sliced(self, steps: Callable[[], Iterator[None]], *, finish: Callable[[], None]) -> None: ...


class Same(Protocol):
    """A source with the same content, which is here already."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def at_ms(self) -> int: ...


class Sources(Protocol):
    """Where claims go; every method is called on the writer's thread.

    What was begun and never completed is not seen by anybody; begun again, it is gone on with.
    """

    def same(self, kind: str, digest: str) -> Same | None: ...

    def begin(self, kind: str, name: str, version: int, *, at_ms: int, delivery: str | None) -> int: ...

    def stage(self, source: int, claims: Sequence[PackageClaim]) -> Iterator[None]: ...

    def complete(self, source: int) -> None: ...

    def drop(self, source: int) -> None: ...


class Drugs(Protocol):
    """The hospital's own drugs; asked on the writer's thread."""

    def prefix(self, prefix: str) -> tuple[DrugId, int] | None: ...

    def drug(self, drug: str) -> Drug | None: ...


class RelationFiles:
    """Looks into relation files and takes them in."""

    def __init__(self, writer: Writer, sources: Sources, drugs: Drugs, clock: Clock) -> None:
        self._writer = writer
        self._sources = sources
        self._drugs = drugs
        self._clock = clock

    def inspect(self, path: Path, progress: Progress = lambda _: True) -> FileReport:
        """What the file says and what is wrong with it; nothing is kept. Raises Trouble (file_missing, disk_full …)."""
        return self._work(path, progress, keep=False, delivery=None)

    def take_in(self, path: Path, progress: Progress = lambda _: True, *, delivery: str | None = None) -> FileReport:
        """As `inspect`, and the sound part is kept; `progress` answers False to stop, and then nothing is."""
        return self._work(path, progress, keep=True, delivery=delivery)

    def _work(self, path: Path, progress: Progress, *, keep: bool, delivery: str | None) -> FileReport:
        findings = Findings()
        report = FileReport(path.name, _size(path))
        try:
            if keep:
                report = replace(report, digest=_digest(path, progress))
                if known := self._known(report.digest):
                    return replace(
                        report, state="already_here", source=known.id, source_name=known.name,
                        imported_as=file_of(known.name), imported_ms=known.at_ms,
                    )  # fmt: skip
            with RelationIndex(lambda: progress(Step("check"))) as index:
                checked = read_rows(_pieces(path, progress), index, findings, self._drug)
                check_links(index, findings)
                report = _report(report, index, checked, findings)
                if keep and report.codes:
                    report = self._store(index, report, progress, delivery)
        except BadFile as error:
            findings.refuse(error)
            report = replace(report, state="refused", **findings.told())
        except Interrupted:
            report = replace(report, state="cancelled", **findings.told())
        return report

    def _store(self, index: RelationIndex, report: FileReport, progress: Progress, delivery: str | None) -> FileReport:
        name = _name(report)
        source = self._writer.call(
            lambda: self._sources.begin(KIND, name, VERSION, at_ms=self._clock.now_ms(), delivery=delivery),
            priority=IMPORT,
        )
        try:
            claims, stored = (_claim(row) for row in index.kept()), 0
            while part := tuple(islice(claims, CLAIMS_AT_ONCE)):
                if not progress(Step("store", stored, report.codes)):
                    raise Interrupted
                self._stage(source, part)
                stored += len(part)
            self._writer.call(lambda: self._sources.complete(source), priority=IMPORT)
        except BaseException:
            self._writer.call(lambda: self._sources.drop(source), priority=IMPORT)
            raise
        return replace(report, state="taken_in", source=source, source_name=name)

    def _stage(self, source: int, claims: Sequence[PackageClaim]) -> None:
        self._writer.run_sliced(lambda: self._sources.stage(source, claims), finish=lambda: None)

    def _known(self, digest: str) -> Same | None:
        """The same content, under whatever name it came."""
        return self._writer.call(lambda: self._sources.same(KIND, digest), priority=IMPORT, write=False)

    def _drug(self, product: str | None, prefix: str | None) -> tuple[str, int | None] | None:
        """The drug, and the level where the hospital's table says one: by the code's prefix, else by the productCode.

        What a productCode is, the producers do not agree on: it counts where it is a prefix or a drug of the hospital.
        """

        def ask() -> tuple[str, int | None] | None:
            if prefix and (found := self._drugs.prefix(prefix)):
                return found
            if product and (found := self._drugs.prefix(product)):
                return found[0], None
            known = self._drugs.drug(product) if product else None
            return (known.drug, None) if known else None

        return self._writer.call(ask, priority=IMPORT, write=False)


def _report(report: FileReport, index: RelationIndex, checked: Checked, findings: Findings) -> FileReport:
    aside = index.set_aside()
    counts = index.counts()
    codes = sum(number for _, number, _ in counts)
    if not codes and not aside:
        raise BadFile("relation_empty")
    return replace(
        report,
        digest=checked.digest,
        state="sound" if codes else "refused",
        codes=codes,
        cartons=sum(tops for _, _, tops in counts),
        levels=tuple((level, number) for level, number, _ in counts),
        batches=index.batches(BATCHES_SHOWN),
        drugs=checked.drugs,
        flags=checked.flags,
        set_aside=aside,
        **findings.told(),
    )


def _name(report: FileReport) -> str:
    """By which the source is found again: the same content under the same name."""
    return f"{report.file} {report.digest}"


def _claim(row: KeptRow) -> PackageClaim:
    """A batch belongs to the smallest packs: a carton may hold two of them, so what holds others claims none."""
    if row.holds:
        return PackageClaim(row.code, row.level, row.parent, row.drug)
    return PackageClaim(row.code, row.level, row.parent, row.drug, row.batch, row.expiry, row.made)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _digest(path: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(path, lambda step: progress(Step("look", step.done, step.total))):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path, progress: Progress) -> Iterator[bytes]:
    """The file's bytes. Raises Trouble, and Interrupted when `progress` says no."""
    done, total = 0, _size(path)
    try:
        with path.open("rb") as file:
            while piece := file.read(READ_BYTES):
                if not progress(Step("read", done, total)):
                    raise Interrupted
                yield piece
                done += len(piece)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Trouble:
    missing = isinstance(error, FileNotFoundError)
    return Trouble("file_missing" if missing else "file_unreadable", file=path.name, why=error.strerror or "?")
