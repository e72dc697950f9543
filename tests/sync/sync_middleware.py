"""A small hospital middleware that is alive: keeps items, refuses nonsense, counts calls, misbehaves on order.

One thread per connection; all state behind one lock. Faults are queued per endpoint and each is used once.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SITE_ID = "hospital-a"


class Middleware:
    """State and rules; `faults[endpoint]` names what goes wrong with the next calls of that endpoint."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.site_id = SITE_ID
        self.limits = {"items": 500, "bytes": 1_000_000}
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.calls: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.batches: list[list[str]] = []
        self.contents: dict[str, dict] = {}
        self.answers: dict[str, dict] = {}
        self.effects: dict[str, int] = defaultdict(int)
        self.order: list[str] = []
        self.later: dict[str, list[str]] = defaultdict(list)
        self.poison: set[str] = set()
        self.changes: list[dict] = []
        self.page_rows = 1000
        self.arrived = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.server = _Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.world = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), name="middleware")
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.let_go.set()
        self.server.shutdown()
        self.thread.join(5)
        self.server.server_close()

    def count(self, endpoint: str) -> int:
        return self.calls.count(endpoint)

    def site(self) -> dict:
        return {
            "site_id": self.site_id, "name": "演示医院", "synthetic": True, "zone": "+08:00", "near_expiry_days": 180,
            "now_ms": 1795327200000, "addresses": {"middleware": self.url, "relay": None, "evoucher": None},
            "limits": self.limits, "capabilities": ["changes", "items", "ask"], "a_word_of_tomorrow": {"x": 1},
        }  # fmt: skip

    def page(self, query: dict[str, str]) -> tuple[int, dict]:
        start = query.get("cursor", "0")
        if not start.isdigit() or int(start) > len(self.changes):
            return 410, {"code": "cursor_gone", "text": "游标失效"}
        first = int(start)
        rows = self.changes[first : first + min(self.page_rows, int(query.get("limit", "1000")))]
        end = first + len(rows)
        return 200, {"changes": rows, "cursor": str(end), "more": end < len(self.changes)}

    def take(self, items: list[dict]) -> list[dict]:
        self.batches.append([item["id"] for item in items])
        put_off: set[str] = set()
        answers = []
        for item in items:
            answers.append(self._answer(item, put_off))
            if answers[-1]["result"] == "later":
                put_off.update((item["id"], item.get("receipt", "")))
        return answers

    def ask(self, ids: list[str]) -> list[dict]:
        return [
            {"id": item_id, **self.answers[item_id]}
            if item_id in self.answers
            else {"id": item_id, "result": "unknown"}
            for item_id in ids
        ]

    def _answer(self, item: dict, put_off: set[str]) -> dict:
        item_id = item["id"]
        if item_id in self.contents:
            if self.contents[item_id] != item:
                return {"id": item_id, "result": "refused", "code": "id_reused"}
            known = self.answers[item_id]
            return {"id": item_id, **known, "result": "duplicate" if known["result"] == "accepted" else known["result"]}
        if self.later[item_id]:
            return {"id": item_id, "result": "later", "code": self.later[item_id].pop(0)}
        if item["kind"] == "reversal" and item["negates"] in put_off:
            return {"id": item_id, "result": "later", "code": "waits_for_negated"}
        if item["kind"] == "close" and item["receipt"] in put_off:
            return {"id": item_id, "result": "later", "code": "receipt_incomplete"}
        answer = self._judge(item)
        self.contents[item_id] = item
        self.answers[item_id] = answer
        self.order.append(item_id)
        if answer["result"] == "accepted":
            self.effects[item_id] += 1
        return {"id": item_id, **answer}

    def _judge(self, item: dict) -> dict:
        if item.get("code") == "conflicting":
            return {"result": "conflict", "code": "same_code", "with": [item["id"]]}
        if item.get("code") == "bad":
            return {"result": "refused", "code": "bad_item", "text": "格式不对"}
        if item["kind"] == "reversal" and item["negates"] not in self.contents:
            return {"result": "refused", "code": "negates_unknown"}
        return {"result": "accepted"}


class _Server(ThreadingHTTPServer):
    world: Middleware


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def world(self) -> Middleware:
        return self.server.world  # type: ignore[attr-defined]

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/v1/site":
            self._serve("site", lambda: (200, self.world.site()))
        elif url.path == "/v1/changes":
            self.world.queries.append(query)
            self._serve("changes", lambda: self.world.page(query))
        else:
            self._reply(404, {"code": "not_found", "text": "没有"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/items":
            self._serve("items", lambda: self._items(body))
        elif self.path == "/v1/items/ask":
            self._serve("ask", lambda: (200, {"items": self.world.ask(json.loads(body)["ids"])}))
        else:
            self._reply(404, {"code": "not_found", "text": "没有"})

    def _items(self, body: bytes) -> tuple[int, dict]:
        items = json.loads(body)["items"]
        if len(items) > self.world.limits["items"] or len(body) > self.world.limits["bytes"]:
            return 413, {"code": "too_large", "text": "太大"}
        if any(item["id"] in self.world.poison for item in items):
            return 400, {"code": "bad_request", "text": "看不懂"}
        return 200, {"items": self.world.take(items)}

    def _serve(self, endpoint: str, act) -> None:
        with self.world.lock:
            self.world.calls.append(endpoint)
            fault = self.world.faults[endpoint].popleft() if self.world.faults[endpoint] else ""
        try:
            self._act(fault, act)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        finally:
            self.world.arrived.release()

    def _act(self, fault: str, act) -> None:
        name, _, value = fault.partition(":")
        if name == "drop":
            self.close_connection = True
            return
        if name in ("status", "html", "retry_after"):
            self._refuse(name, value)
            return
        if name in ("hang", "slow"):
            self.world.arrived.release()
            self.world.let_go.wait(10)
        with self.world.lock:
            status, reply = act()
        if name in ("lost", "hang"):
            self.close_connection = True
            return
        self._reply(status, self._spoil(name, reply) if status == 200 else reply, name)

    def _refuse(self, name: str, value: str) -> None:
        if name == "html":
            self._raw(int(value), b"<html>gateway</html>", "text/html")
        elif name == "retry_after":
            self._reply(503, {"code": "busy", "text": "忙"}, retry_after=value)
        else:
            self._reply(int(value), {"code": "busy", "text": "忙"})

    @staticmethod
    def _spoil(name: str, reply: dict) -> dict:
        items = reply.get("items", [])
        if name == "missing":
            return {"items": items[1:]}
        if name == "twice":
            return {"items": [*items, items[0]]}
        if name == "strangers":
            return {"items": [*items, {"id": "somebody-else", "result": "accepted"}]}
        if name == "bad_word":
            return {"items": [{**items[0], "result": "perhaps"}, *items[1:]]}
        if name == "bad_type":
            return {"items": [{**items[0], "code": 7}, *items[1:]]}
        if name == "wrong_schema":
            return {"data": "nothing of the sort"}
        return reply

    def _reply(self, status: int, reply: object, name: str = "", retry_after: str | None = None) -> None:
        body = json.dumps(reply, ensure_ascii=False).encode()
        if name == "garbage":
            body = b"\xff\xfe{not json"
        elif name == "deep":
            body = b'{"items":[' + b"[" * 100_000
        elif name == "truncated":
            self._raw(status, body[: len(body) // 2], "application/json", length=len(body))
            self.close_connection = True
            return
        self._raw(status, body, "application/json", retry_after=retry_after)

    def _raw(
        self, status: int, body: bytes, kind: str, length: int | None = None, retry_after: str | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        if 300 <= status < 400:
            self.send_header("Location", "/v1/site")
        self.end_headers()
        self.wfile.write(body)
