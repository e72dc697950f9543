"""A small living relay that misbehaves on order, and a sink on a real SQLite file."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from sync.ports import Hooks, SyncSettings
from sync.relay import RelayPull
from sync.relay_wire import ManifestHead, ManifestRow, PackageEvent
from sync.transport import HttpTransport
from tests.sync.sync_bench import FAST, Device, SystemTime

REALM = "hospital-a"
TOKEN = "toy-token"


def row(number: int, **more: object) -> dict[str, object]:
    return {"code": f"8999011{number:013d}", "level": 1, "parent": None, **more}


def line_of(told: object) -> bytes:
    return told if isinstance(told, bytes) else json.dumps(told, separators=(",", ":")).encode()


def digest_of(lines: Sequence[bytes]) -> str:
    running = hashlib.sha256().digest()
    for line in lines:
        running = hashlib.sha256(running + line).digest()
    return running.hex()


class ToyRelay:
    """Keeps heads and rows; `faults[endpoint]` are used up one per call, `always[path]` strikes every call."""

    def __init__(self) -> None:
        self.heads: list[dict[str, object]] = []
        self.rows: dict[str, list[bytes]] = {}
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.always: dict[str, str] = {}
        self.calls: list[str] = []
        self.starts: list[int] = []
        self.acks: list[dict[str, object]] = []
        self.page_heads = 100
        self.forget_cursors = False
        self.let_go = threading.Event()
        self.arrived = threading.Semaphore(0)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.relay = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="toy-relay")
        self._thread.start()

    def manifest(self, name: str, rows: Sequence[object], /, version: int = 1, **more: object) -> str:
        """Publish a version; returns the path of its rows."""
        lines = [line_of(one) for one in rows]
        path = f"/v1/manifests/{name}/versions/{version}/rows"
        self.rows[path] = lines
        head = {
            "kind": "manifest", "manifest": name, "version": version, "delivery": "D-1", "supplier": "演示",
            "made_ms": 1, "rows": len(lines), "digest": digest_of(lines), "state": "complete", **more,
        }  # fmt: skip
        self.heads.append(head)
        return path

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    @property
    def relay(self) -> ToyRelay:
        return self.server.relay  # type: ignore[attr-defined]

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/v1/manifests":
            self._serve("relay_heads", lambda fault: self._heads(query, fault))
        else:
            self._serve("relay_rows", lambda fault: self._lines(url.path, int(query["from"]), fault))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/resolve":
            known = [{"code": code, "source": "manifest", "at_ms": 1, "state": "normal"} for code in body["codes"]]
            self._serve("relay_resolve", lambda fault: self._say(200, {"codes": known}))
        else:
            self.relay.acks.append({"path": self.path, **body})
            self._serve("relay_ack", lambda fault: self._say(200, {}))

    def _serve(self, endpoint: str, act) -> None:
        self.relay.calls.append(endpoint)
        self.relay.arrived.release()
        faults = self.relay.faults[endpoint]
        fault = faults.popleft() if faults else self.relay.always.get(urlsplit(self.path).path, "")
        name, _, value = fault.partition(":")
        if name == "drop":
            self.close_connection = True
            return
        if name == "hang":
            self.relay.let_go.wait(20)
            self.close_connection = True
            return
        if name == "status":
            self._say(int(value), {"code": "busy", "text": "忙"})
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401, {"code": "token_wrong", "text": "凭证不对"})
            return
        try:
            act(fault)
        except OSError:
            self.close_connection = True

    def _heads(self, query: dict[str, str], fault: str) -> None:
        relay = self.relay
        if relay.forget_cursors and "cursor" in query:
            relay.forget_cursors = False
            self._say(410, {"code": "cursor_gone", "text": "没有"})
            return
        start = int(query.get("cursor", "0"))
        stop = min(start + relay.page_heads, len(relay.heads))
        page = {"heads": relay.heads[start:stop], "cursor": str(stop), "more": stop < len(relay.heads)}
        self._say(200, {"data": None} if fault == "wrong_schema" else page)

    def _lines(self, path: str, first: int, fault: str) -> None:
        lines = self.relay.rows.get(path)
        if lines is None:
            self._say(410, {"code": "manifest_withdrawn", "text": "撤回"})
            return
        self.relay.starts.append(first)
        name, _, value = fault.partition(":")
        if name == "html":
            self._raw(b"<html>\n<body>login</body>\n</html>\n", "text/html")
            return
        told = b"".join(line + b"\n" for line in lines[first:])
        end = json.dumps({"end": True, "rows": len(lines)}, separators=(",", ":")).encode() + b"\n"
        if name == "cut":
            # Whole lines, then half a line, then nothing more although more was promised.
            some = b"".join(line + b"\n" for line in lines[first : first + int(value)])
            self._raw(some + b'{"code":"8999', "application/x-ndjson", length=len(told) + len(end) + 99)
            self.close_connection = True
        elif name == "no_end":
            self._raw(told, "application/x-ndjson")
        elif name == "wrong_end":
            self._raw(told + b'{"end":true,"rows":7}\n', "application/x-ndjson")
        else:
            self._raw(told + end, "application/x-ndjson")

    def _say(self, status: int, reply: object) -> None:
        self._raw(json.dumps(reply).encode(), "application/json", status=status)

    def _raw(self, body: bytes, kind: str, *, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


class Sink:
    """Keeps manifests in tables of the device's own file; can be killed in the middle of a block."""

    def __init__(self, device: Device) -> None:
        self._sql = device.database.execute_sql
        self.steps_before_crash: int | None = None
        self.dies = False
        self.most_rows = 0

    def create(self) -> None:
        self._sql("CREATE TABLE IF NOT EXISTS m_rows (manifest, version, n, code, PRIMARY KEY (manifest, version, n))")
        self._sql(
            "CREATE TABLE IF NOT EXISTS m_heads (manifest, version, state, detail, PRIMARY KEY (manifest, version))"
        )
        self._sql("CREATE TABLE IF NOT EXISTS m_events (id PRIMARY KEY, verb)")

    def known(self, manifest: str, version: int) -> bool:
        found = self._sql(
            "SELECT 1 FROM m_heads WHERE manifest = ? AND version >= ? AND state = 'complete'", (manifest, version)
        )
        return bool(found.fetchall())

    def staged(self, head: ManifestHead) -> int:
        found = self._sql(
            "SELECT count(*) FROM m_rows WHERE manifest = ? AND version = ?", (head.manifest, head.version)
        )
        return int(found.fetchall()[0][0])

    def stage(self, head: ManifestHead, rows: Sequence[ManifestRow], first: int) -> Iterator[None]:
        if first == 0:
            self._drop(head)
        self.most_rows = max(self.most_rows, len(rows))
        for place, one in enumerate(rows):
            if self.steps_before_crash is not None:
                self.steps_before_crash -= 1
                if self.steps_before_crash < 0:
                    if self.dies:
                        os._exit(9)
                    raise RuntimeError("killed in the middle of a block")
            self._sql(
                "INSERT OR REPLACE INTO m_rows VALUES (?, ?, ?, ?)",
                (head.manifest, head.version, first + place, one.code),
            )
            yield

    def complete(self, head: ManifestHead) -> None:
        self._sql("INSERT OR REPLACE INTO m_heads VALUES (?, ?, 'complete', NULL)", (head.manifest, head.version))

    def refuse(self, head: ManifestHead, code: str, detail: str) -> None:
        self._drop(head)
        self._sql("INSERT OR REPLACE INTO m_heads VALUES (?, ?, ?, ?)", (head.manifest, head.version, code, detail))

    def withdraw(self, manifest: str) -> None:
        self._sql("DELETE FROM m_rows WHERE manifest = ?", (manifest,))
        self._sql("UPDATE m_heads SET state = 'withdrawn' WHERE manifest = ?", (manifest,))

    def events(self, events: Sequence[PackageEvent]) -> None:
        for event in events:
            self._sql("INSERT OR REPLACE INTO m_events VALUES (?, ?)", (event.id, event.verb))

    def _drop(self, head: ManifestHead) -> None:
        self._sql("DELETE FROM m_rows WHERE manifest = ? AND version = ?", (head.manifest, head.version))


class Dock(Device):
    """A device with a sink for manifests."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sink = Sink(self)
        self.writer.call(self.sink.create, priority=3)

    def hooks(self) -> Hooks:
        made = super().hooks()
        return Hooks(
            made.apply, made.on_settled, made.on_site, made.expected_realm, made.on_status, manifests=self.sink
        )

    def pull(self, relay: ToyRelay, settings: SyncSettings = FAST, stopping=lambda: False, token: str = TOKEN):
        transport = HttpTransport(relay.url, self.name, ca=None, settings=settings, token=token)
        try:
            made = RelayPull(
                transport=transport, database=self.database, writer=self.writer, sink=self.sink, clock=SystemTime(),
                settings=settings,
            )  # fmt: skip
            return made.run(REALM, stopping)
        finally:
            transport.close()

    def codes(self, manifest: str, version: int = 1) -> list[str]:
        found = self.sql("SELECT code FROM m_rows WHERE manifest = ? AND version = ? ORDER BY n", manifest, version)
        return [str(one[0]) for one in found]

    def states(self) -> dict[tuple[str, int], str]:
        found = self.sql("SELECT manifest, version, state FROM m_heads")
        return {(str(manifest), int(str(version))): str(state) for manifest, version, state in found}

    def cursor(self) -> str | None:
        found = self.sql("SELECT cursor FROM sync_cursor WHERE realm = ?", f"relay heads of {REALM}")
        return str(found[0][0]) if found else None
