"""One question to every source of package knowledge: what are these codes, what stands in what, who says so and since
when. Sources answer for what they know and are silent about the rest; asking changes nothing.

`Local` is what is on board (manifests of the relay, relation files, the hospital's own word, what clerks said, the
prefix table) and works without a network; `Relay` asks the relay itself and may wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import peewee

from app.base.errors import Trouble
from app.domain.codes import key_of, product_key_of, read
from app.domain.packages import PackageClaim
from app.store.catalogue import Catalogue
from app.store.packages import TRUST, PackageRow, Packages
from app.store.sources import PackageSources
from app.store.tables import Sql
from app.store.writer import SETTLE, StoreWriter
from sync import SyncError
from sync.relay_wire import CodeFacts

RELAY = "relay"
PREFIX_TABLE = "prefix"
PREFIX_TRUST = 20  # an estimate, yet before what a person said (trace-codes.md §8.5 R12)
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """What one source says of one code: facts, relations, source, time. None and empty where it is silent."""

    code: str  # the normalised key
    source: str  # relay, line_file, middleware, clerk, prefix
    name: str  # manifest, file, delivery …
    trust: int
    at_ms: int  # when the source was made
    level: int | None = None
    drug: str | None = None
    batch: str | None = None
    expiry: str | None = None
    made: str | None = None
    amount: int | None = None
    parent: str | None = None
    children: tuple[str, ...] = ()
    replaced_by: str | None = None


class Source(Protocol):
    """Somebody who may know codes."""

    def resolve(self, codes: Sequence[str]) -> tuple[CodeAnswer, ...]:
        """Answers for the codes (as scanned) that are known; several for one code where several speak of it.

        Raises Trouble where the source cannot be asked.
        """


class Local:
    """What is on board."""

    def __init__(
        self, writer: StoreWriter, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages
    ) -> None:
        self._writer = writer
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages

    def resolve(self, codes: Sequence[str]) -> tuple[CodeAnswer, ...]:
        """The most trusted source first; the prefix table after those that name the very code."""
        return self._writer.call(
            lambda: tuple(answer for code in codes for answer in self._of(code)), priority=SETTLE, write=False
        )

    def _of(self, code: str) -> list[CodeAnswer]:
        reading = read(code, self._catalogue.patterns())
        key, prefix = key_of(reading), product_key_of(reading)
        if key is None:
            return []
        found = [self._claimed(claim) for claim in self._packages.of(key)]
        known = self._catalogue.prefix(prefix) if prefix else None
        if known is not None:
            found.append(CodeAnswer(key, PREFIX_TABLE, prefix or "", PREFIX_TRUST, 0, known[1], known[0]))
        learnt = self._packages.learned(prefix) if prefix and known is None else None
        if learnt is not None:
            found.append(CodeAnswer(key, "clerk", prefix or "", TRUST["clerk"], 0, learnt[1], learnt[0]))
        return sorted(found, key=lambda answer: -answer.trust)

    def _claimed(self, claim: PackageRow) -> CodeAnswer:
        row = self._sql.one("SELECT name, made_ms FROM sources WHERE id = ?", claim.source)
        assert row is not None
        content = self._packages.content(claim.content)
        return CodeAnswer(
            claim.code,
            claim.kind,
            str(row[0]),
            claim.trust,
            int(str(row[1])),
            claim.level,
            (content.drug or None) if content else None,
            (content.batch or None) if content else None,
            (content.expiry or None) if content else None,
            (content.made or None) if content else None,
            claim.amount,
            claim.parent,
            self._packages.children(claim),
            self._packages.replaced_by(claim.code),
        )


class Relay:
    """The relay itself, asked over the network; what is to stay of the answer is for `Kept`."""

    def __init__(
        self, ask: Callable[[Sequence[str], float], Future[tuple[CodeFacts, ...]]], *, timeout_s: float = 5.0
    ) -> None:
        """`ask` as `SyncEngine.resolve`."""
        self._ask = ask
        self._timeout_s = timeout_s

    def resolve(self, codes: Sequence[str]) -> tuple[CodeAnswer, ...]:
        """Waits at most for the timeout per hundred codes. Raises Trouble with the relay's codes."""
        keys = [key for code in codes if (key := key_of(read(code)))]
        found: list[CodeAnswer] = []
        for start in range(0, len(keys), AT_ONCE):
            try:
                told = self._ask(keys[start : start + AT_ONCE], self._timeout_s).result(self._timeout_s + 1)
            except SyncError as error:
                raise Trouble(error.code) from error
            except TimeoutError as error:
                raise Trouble("relay_unreachable") from error
            found += map(_told, told)
        return tuple(found)


def _told(facts: CodeFacts) -> CodeAnswer:
    return CodeAnswer(
        facts.code, "relay", facts.manifest or facts.source, TRUST["relay"], facts.at_ms, facts.level, facts.drug,
        facts.batch, facts.expiry, facts.made, facts.amount, facts.parent, facts.children or (), facts.replaced_by,
    )  # fmt: skip


class Kept:
    """What the relay told of single codes stays on board, as a source of its own for each: known without a network."""

    def __init__(self, writer: StoreWriter, catalogue: Catalogue, sources: PackageSources) -> None:
        self._writer = writer
        self._catalogue = catalogue
        self._sources = sources

    def keep(self, answers: Sequence[CodeAnswer]) -> None:
        """Each answer takes the place of the one before about the same code."""
        for answer in answers:
            self._writer.call(partial(self._keep, answer), priority=SETTLE)

    def _keep(self, answer: CodeAnswer) -> None:
        version = (self._sources.newest(RELAY, answer.code) or 0) + 1
        source = self._sources.begin(RELAY, answer.code, version, at_ms=answer.at_ms)
        drug = self._drug(answer.drug)
        claims = [
            PackageClaim(
                answer.code, answer.level, answer.parent, drug, answer.batch, answer.expiry, answer.made, answer.amount
            )
        ]
        below = answer.level - 1 if answer.level == 2 else None
        told = (drug, answer.batch, answer.expiry, answer.made) if below else (drug,)
        claims += [PackageClaim(child, below, answer.code, *told) for child in answer.children]
        for _ in self._sources.stage(source, claims):
            pass
        self._sources.complete(source)

    def _drug(self, hint: str | None) -> str | None:
        """A prefix, a GTIN or a drug of ours; None if the hint means nothing here."""
        found = self._catalogue.prefix(hint) if hint else None
        if found is not None:
            return found[0]
        return hint if hint and self._catalogue.drug(hint) else None
