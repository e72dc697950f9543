"""Composition of the sandbox and its life: one process, one event loop, three ports.

uvicorn serves /v1 on an inner port, the proxy in front of it is what clients know, and the control door has a port of
its own. The only other thread waits for the end of standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import cast

import msgspec
import uvicorn
from starlette.types import ASGIApp

from sync.sandbox.api import Addresses, Api
from sync.sandbox.calls import Calls
from sync.sandbox.control import Control
from sync.sandbox.evoucher_api import EvoucherApi
from sync.sandbox.faults import BadFaults, FaultBoard
from sync.sandbox.gate import Gate
from sync.sandbox.identity import Identity
from sync.sandbox.options import Options
from sync.sandbox.proxy import Proxy
from sync.sandbox.relay_api import RelayApi
from sync.sandbox.seeding import Seeding, load_texts
from sync.sandbox.tls import make_certificates, server_context
from sync.sandbox.world import OtherHospital, Size, World, open_world

EXIT_DONE = 0
EXIT_WRONG_USE = 2
EXIT_WORLD = 3


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to us: there are two of it in this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture nothing."""
        yield


class Sandbox:
    """All parts of one sandbox, joined by hand."""

    def __init__(self, world: World, options: Options, certificates: Path | None) -> None:
        self.board = FaultBoard(options.seed, time.monotonic, tls=options.tls)
        self._world = world
        self._options = options
        calls = Calls()
        api = Api(world, self.board, time.time, self._addresses, claims=options.claims)
        relay = RelayApi(world, self.board)
        evoucher = EvoucherApi(world, options.seed, time.time)
        identity = Identity(options.auth, f"demo-secret-{options.seed}", time.time)
        self._gate = Gate(
            api.app([*relay.routes(), *evoucher.routes()]), self.board, calls, time.time, identity, world.texts
        )
        self._control = Control(world, calls, self._set_faults, evoucher.control_routes())
        self._certificates = certificates
        self._proxy: Proxy | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; the first line goes out when everything listens.

        Raises:
            OSError: the port is taken.
        """
        inner, door = _listen(), _listen()
        proxy = Proxy(inner.getsockname()[1], self._tls(), lambda: self.board.draw_connection("refuse_connection"))
        await proxy.open(self._options.port)
        self._proxy = self._gate.door = proxy
        servers = (_server(self._gate), _server(self._control.app()))
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(servers, (inner, door), strict=True)
        ]
        await self._shut_if_ordered()
        _say_first_line(self._addresses(), door.getsockname()[1], self._ca())
        await stop.wait()
        await proxy.close()
        # Nobody is left to be polite to: every client connection went with the proxy.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _set_faults(self, body: bytes) -> None:
        self.board.replace(body)
        await self._shut_if_ordered()

    async def _shut_if_ordered(self) -> None:
        assert self._proxy is not None
        for_s = self.board.shut_for_s()
        if for_s is None:
            await self._proxy.reopen()
        else:
            await self._proxy.shut(for_s)

    def _addresses(self) -> Addresses:
        port = self._proxy.port if self._proxy is not None else 0
        url = f"{'https' if self._options.tls else 'http'}://127.0.0.1:{port}"
        return Addresses(url, f"{url}/relay", f"{url}/evoucher")

    def _tls(self) -> ssl.SSLContext | None:
        if self._certificates is None:
            return None
        return server_context(
            self._certificates,
            lambda: self.board.draw_connection("expired_tls"),
            ask_client=self._options.client_certificates,
        )

    def _ca(self) -> Path | None:
        return self._certificates / "ca.pem" if self._certificates is not None else None


def serve(options: Options) -> int:
    """Run a sandbox until standard input ends or a signal comes; returns the exit status.

    0 done, 2 wrong faults, 3 the port is taken or the state folder cannot be used (one line on standard error).
    """
    texts = load_texts()
    with contextlib.ExitStack() as stack:
        try:
            world = open_world(options.seed, cast(Size, options.size), options.state, Seeding(options.seed))
            stack.callback(world.journal.close)
            certificates = stack.enter_context(_certificates()) if options.tls else None
            return asyncio.run(_serve(world, options, certificates))
        except BadFaults as error:
            return _complain(EXIT_WRONG_USE, "bad_faults", f"{texts['bad_faults']} ({error})")
        except OtherHospital:
            return _complain(EXIT_WORLD, "state_of_other_seed", texts["state_of_other_seed"])
        except OSError as error:
            code = "port_in_use" if error.errno == errno.EADDRINUSE else "state_unusable"
            return _complain(EXIT_WORLD, code, texts[code])


async def _serve(world: World, options: Options, certificates: Path | None) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    sandbox = Sandbox(world, options, certificates)
    sandbox.board.replace(options.faults.encode())
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows has no signals on its event loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    threading.Thread(target=_watch_stdin, args=(loop, stop), name="sandbox-stdin", daemon=True).start()
    await sandbox.run(stop)
    return EXIT_DONE


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Own thread: wait for the end of standard input, whoever held it being gone."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        # Not sys.stdin.read: its lock, held by this thread at exit, would abort the interpreter.
        number = sys.stdin.fileno()
        while os.read(number, 4096):
            pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)


def _listen() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    # asyncio does this only for sockets that name their protocol; without it each answer waits for a delayed
    # acknowledgement, because uvicorn writes head and body apart. Accepted connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    return listener


def _server(app: ASGIApp) -> _Server:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)


@contextlib.contextmanager
def _certificates() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="matou-sandbox-") as name:
        folder = Path(name)
        make_certificates(folder)
        yield folder


def _say_first_line(addresses: Addresses, control: int, ca: Path | None) -> None:
    line = {
        "url": addresses.middleware,
        "relay": addresses.relay,
        "evoucher": addresses.evoucher,
        "control": f"http://127.0.0.1:{control}",
        "ca": str(ca) if ca is not None else None,
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def _complain(status: int, code: str, text: str) -> int:
    sys.stderr.write(f"{code}: {text}\n")
    return status
