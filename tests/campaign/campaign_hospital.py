"""The real sandbox on a real socket, on a thread of this process: it starts in milliseconds, and again after a stop.

Its first life is made from `campaign_goods`; what it has answered it keeps in a folder, as `matou sandbox --state` does
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import threading
from pathlib import Path
from typing import Self
from unittest import mock

from sync.sandbox import server
from sync.sandbox.api import Addresses
from sync.sandbox.hospital import Hospital
from sync.sandbox.options import Options
from sync.sandbox.orders import carry_out, check_order, read_order
from sync.sandbox.seeding import load_texts
from sync.sandbox.tls import make_certificates
from sync.sandbox.world import open_world
from tests.campaign.campaign_goods import POISONED, order
from tests.fixtures.sandbox import SandboxProcess, SandboxSaidNo

SEED = 7
START_S = 60.0
TRIES, RETRY_S = 200, 0.05
POISON = {f"poison:{code}": 1 for code in POISONED}


class _Goods:
    """In place of the demonstration's data: only what the campaign needs."""

    site_name, near_expiry_days, patients, texts = "演示医院", 30, (), load_texts()

    def fill(self, hospital: Hospital, size: str) -> None:
        goods = read_order(order())
        carry_out(goods, check_order(goods, hospital), hospital)


class LocalHospital(SandboxProcess):
    """Speaks through its control door like the process that it is not. Use as a context manager."""

    def __init__(self, state: Path, *, tls: Path | None = None) -> None:
        """`tls`: a folder with certificates of `certificates`."""
        self._state, self._tls = state, tls
        self._port = 0
        self.ca = None if tls is None else str(tls / "ca.pem")
        self._begin()

    def __enter__(self) -> Self:
        return self

    def restart(self) -> None:
        """Stop in the middle of whatever it does, and come up again from what was kept."""
        self.stop()
        self._begin()

    def order_faults(self, order: dict[str, object]) -> None:
        """Other faults; the poison stays.

        A port that was shut may be somebody else's for a moment, and then it cannot be opened again yet.
        """
        for _ in range(TRIES):
            try:
                return self.faults(POISON | order)
            except SandboxSaidNo as no:
                if no.status != 500:
                    raise
            threading.Event().wait(RETRY_S)
        raise AssertionError("the port stays taken")

    def stop(self) -> int:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)
        assert not self._thread.is_alive()
        return 0

    def _begin(self) -> None:
        ready = threading.Event()

        def heard(addresses: Addresses, control: int, ca: Path | None) -> None:
            self.url, self.control = addresses.middleware, f"http://127.0.0.1:{control}"
            ready.set()

        with mock.patch.object(server, "_say_first_line", heard):
            self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="hospital")
            self._thread.start()
            assert ready.wait(START_S)
        self._port = int(self.url.rpartition(":")[2])

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        for _ in range(TRIES):
            try:
                await self._life()
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), RETRY_S)

    async def _life(self) -> None:
        world = open_world(SEED, "small", self._state, _Goods())
        options = Options(self._port, SEED, "small", self._state, json.dumps(POISON), self._tls is not None)
        sandbox = server.Sandbox(world, options, self._tls)
        sandbox.board.replace(options.faults.encode())
        try:
            await sandbox.run(self._stop)
        finally:
            world.journal.close()


def certificates(folder: Path) -> Path:
    """A folder with an authority and its certificates."""
    folder.mkdir()
    make_certificates(folder)
    return folder
