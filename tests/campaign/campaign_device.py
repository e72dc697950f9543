"""One device of the campaign: the real program on a real file, that can die in the middle of any write to it.

A death is a copy of the file pair (database, journal) with the journal cut somewhere in what the dying transaction
wrote; the program that is still in memory is thrown away, and another opens the copy. The campaign's thread.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import ssl
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TypeVar
from unittest import mock

import sync
from app.base.options import Environment
from app.domain.rights import Operator
from app.flows.receiving import Receiving
from app.wiring import Call, Program
from sync import Summary, SyncEngine
from sync.ports import SyncSettings
from tests.campaign.campaign_goods import OWN, SHARED

T = TypeVar("T")
CLERK = Operator("1001", "演示员甲", "clerk", frozenset({"receive", "close", "exempt"}))
HASTY = SyncSettings(
    linger_s=0.01, connect_s=0.15, read_s=0.15, backoff_base_s=0.002, backoff_cap_s=0.01, run_cap_s=0.01,
    relay_backoff_cap_s=0.01, drain_items=20,
)  # fmt: skip
PATIENT = SyncSettings(backoff_base_s=0.002, backoff_cap_s=0.01, run_cap_s=0.01, relay_backoff_cap_s=0.01)
LEFT = "SELECT count(*) FROM sync_outbox WHERE state IN ('queued', 'in_flight', 'unsure')"
_trust = cache(ssl.create_default_context)
"""Reading the system's certificates takes longer than a whole exchange here, and they are the same each time."""


class Died(Exception):
    """The program is dead: nothing that it was asked is answered."""


class CampaignDevice:
    """`name` is the model's; `root` holds the data folder."""

    def __init__(self, name: str, root: Path, url: str, ca: str | None = None) -> None:
        self.name, self.root = name, root
        self._url, self._ca = url, ca
        self.settings = HASTY
        self.off_ms = 0
        self.commits = 0
        self.deaths = 0
        self._dies_in: int | None = None
        self._dice = random.Random(0)
        self.survived: object = None
        """What the dying transaction would have answered, if it is whole in the copy."""
        self.open()

    @property
    def file(self) -> Path:
        return self.root / "matou.db"

    def open(self) -> None:
        """Start the program."""
        if self._ca is not None:
            (self.root / "site.toml").write_text(f'ca_file = "{self._ca}"\n', encoding="utf-8")
        self.program = Program(Call("campaign", self.root, self._url, Environment()))
        self._engine: SyncEngine | None = None
        self._desks: dict[str, Receiving] = {}
        self.dead = False
        self._guard()
        self.jump(0)

    def close(self) -> None:
        """A clean end."""
        if self._engine is not None:
            self._engine.stop()
        self.program.close()

    def jump(self, by_ms: int) -> None:
        """The wall clock is set to another time, and runs on from there."""
        self.off_ms += by_ms
        self.program.clock.start_at(type(self.program.clock)().now_ms() + self.off_ms)

    def desk(self, number: str) -> Receiving:
        """Raises Trouble if it is closed."""
        if number not in self._desks:
            self._desks[number] = self.program.receiving(number, CLERK, holds=False)
        return self._desks[number]

    def run(self, limit_s: float) -> Summary:
        """One drain of the queue, or what the network lets through of it; waits for nothing that is to go later."""
        if self._engine is None:
            patient = partial(SyncEngine, settings=self.settings)
            with mock.patch.object(sync, "SyncEngine", patient), mock.patch("ssl.create_default_context", _trust):
                self._engine = self.program.engine()
        with mock.patch("ssl.create_default_context", _trust):
            return self._engine.run_until_empty(limit_s=limit_s, until_empty=False)

    def die_in(self, writes: int, dice: random.Random) -> None:
        """So many write transactions from now; the present answer, if there is one, is not given."""
        self._dies_in, self._dice, self.survived = writes, dice, None

    def live_on(self) -> None:
        """No death is planned any more."""
        self._dies_in = None

    def rise(self) -> None:
        """Throw the dead program away and start another on what the disk has."""
        database, journal = self._copy
        self.close()
        for path in self.root.glob("matou.db*"):
            path.unlink()
        self.file.write_bytes(database)
        self._journal.write_bytes(journal)
        self._dies_in = None
        self.deaths += 1
        self.open()

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """What the file says to anybody."""
        with contextlib.closing(sqlite3.connect(self.file)) as file:
            return file.execute(statement).fetchall()

    def waiting(self) -> int:
        return int(str(self.sql(LEFT)[0][0]))

    @property
    def _journal(self) -> Path:
        return self.file.with_name("matou.db-wal")

    def _guard(self) -> None:
        writer = self.program.writer
        real = writer._run

        def run(job: Callable[[], T], *, write: bool) -> T:
            if self.dead:
                raise Died
            if not write or writer._inside:
                return real(job, write=write)
            self.commits += 1
            if self._dies_in is None:
                return real(job, write=True)
            self._dies_in -= 1
            return real(job, write=True) if self._dies_in > 0 else self._die(partial(real, job, write=True))

        writer._run = run  # type: ignore[method-assign]

    def _die(self, last: Callable[[], T]) -> T:
        before = self._length()
        result = last()
        after = self._length()
        self.dead = True
        whole = after == before or self._dice.random() < 0.4
        cut = after if whole else self._dice.randrange(before, after)
        self.survived = result if whole else None
        self._copy = self.file.read_bytes(), self._journal.read_bytes()[:cut] if after else b""
        raise Died

    def _length(self) -> int:
        return self._journal.stat().st_size if self._journal.exists() else 0


def made(root: Path, url: str) -> None:
    """A folder that has met the hospital, for copies: a device of its own each."""
    device = CampaignDevice("template", root, url)
    device.settings = PATIENT
    try:
        assert device.run(60).trouble is None
        for number in (SHARED, *OWN.values()):
            assert device.program.knows_delivery(number)
    finally:
        device.close()
