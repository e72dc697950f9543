"""Replies that no hospital should give, over a real socket: each ends in bounded time and memory with a stable code."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import tracemalloc
from dataclasses import replace
from email.utils import formatdate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.changes import Site, decode_page
from sync.endpoints import middleware_items, middleware_site
from sync.endpoints.declared import SITE as DECLARED_SITE
from sync.endpoints.endpoint import decoded
from sync.endpoints.registry import ENDPOINTS, RELAY_ENDPOINTS
from sync.errors import CODES, SyncError
from sync.relay_wire import decode_heads, decode_resolved
from sync.transport import HttpTransport, call_of
from sync.verdicts import decode_answers
from tests.sync.sync_bench import FAST, Device
from tests.sync.sync_middleware import Middleware
from tests.sync.sync_wire import HEAD, LIMITS, SITE, RawServer, as_json, code_of, ok, said

MB = 1024 * 1024
BRIEF = replace(LIMITS, connect_s=0.3, read_s=0.3)


def flood(piece: bytes, times: int, before: bytes = b""):
    def talk(peer: socket.socket, _: bytes) -> None:
        peer.sendall(before)
        for _ in range(times):
            peer.sendall(piece)

    return talk


@pytest.mark.parametrize("how", ["announced", "chunked", "until it closes"])
def test_a_reply_of_100_megabytes_is_left_unread(how: str) -> None:
    piece = b" " * MB
    talk = {
        "announced": flood(piece, 100, HEAD + b"Content-Length: %d\r\n\r\n" % (100 * MB)),
        "chunked": flood(b"%x\r\n" % MB + piece + b"\r\n", 100, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        "until it closes": flood(piece, 100, HEAD + b"\r\n"),
    }[how]
    tracemalloc.start()
    try:
        with RawServer(talk) as server:
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            error = said(server.url, replace(LIMITS, read_s=20.0))
            grown = tracemalloc.get_traced_memory()[1] - before
            small = said(server.url, replace(LIMITS, read_s=20.0), call_of(DECLARED_SITE))
    finally:
        tracemalloc.stop()
    assert (code_of(error), error.may_have_left) == ("reply_too_large", True)
    assert code_of(small) == "reply_too_large"
    assert grown < 48 * MB, grown / MB


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}", None),
        (b"HTTP/1.1 102 Wait\r\n\r\n" * 5 + ok(b"{}"), None),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "reply_too_large"),
        (b"HTTP/1.1 103 Hints\r\nLink: " + b"x" * 90_000 + b"\r\n\r\n", "reply_too_large"),
        (HEAD + b"X-Large: " + b"x" * MB + b"\r\n\r\n", "reply_too_large"),
        (HEAD + b"X-Many: x\r\n" * 100_000 + b"\r\n", "reply_too_large"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "connection_lost"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "connection_lost"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", "connection_lost"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100_000, "connection_lost"),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "connection_lost"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}", "connection_lost"),
        (HEAD + b"Content-Length: minus\r\n\r\n{}", "connection_lost"),
        (HEAD + b"Content-Length: 99\r\n\r\n{}", "connection_lost"),
        (HEAD, "connection_lost"),
        (b"HTTP/9.9 200 OK\r\n\r\n{}", None),
        (b"HTTP/1.1 20 OK\r\n\r\n", "connection_lost"),
        (b"HTTP/1.1 204 None\r\n\r\n", "bad_reply"),
        (b"HTTP/1.1 206 Part\r\nContent-Length: 2\r\n\r\n{}", "bad_reply"),
        (ok(b"<html>log in</html>", "text/html; charset=gbk"), "html_reply"),
        (ok(b"\n <!DOCTYPE html>", "text/plain"), "html_reply"),
        (ok(gzip.compress(b"{}"), more="Content-Encoding: gzip\r\n"), "bad_reply"),
        (ok(gzip.compress(b"0" * 50 * MB)[:-20], more="Content-Encoding: gzip\r\n"), "bad_reply"),
        (ok(b"\x28\xb5\x2f\xfd", more="Content-Encoding: zstd\r\n"), "bad_reply"),
    ],
    ids=lambda value: (value or "fine") if isinstance(value, str | None) else f"{value[:24]!r}+{len(value)}",
)  # fmt: skip
def test_http_as_it_should_not_be(reply: bytes, code: str | None) -> None:
    with RawServer(reply) as server:
        answer = said(server.url, replace(LIMITS, read_s=20.0))
    if code is None:
        assert answer == b"{}"
    else:
        assert (code_of(answer), answer.may_have_left) == (code, True)


@pytest.mark.parametrize("piece", [b"X", b"HTTP/1.1 100 Continue\r\n\r\n", b"X-A: b\r\n"], ids=["x", "1xx", "header"])
def test_a_head_that_drips_ends_in_time(piece: bytes) -> None:
    def drip(peer: socket.socket, _: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nX: " if piece == b"X" else b"" if piece[:1] == b"H" else HEAD)
        while not server.ended.wait(0.05):
            peer.sendall(piece)

    with RawServer(drip) as server:
        began = time.monotonic()
        answer = said(server.url, BRIEF)
        took_s = time.monotonic() - began
    assert (code_of(answer), answer.may_have_left) == ("server_timeout", True)
    assert took_s < 20


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
@pytest.mark.parametrize("member", ["site_id", "a_word_of_tomorrow", "capabilities"])
def test_nested_brackets(middleware: Middleware, depth: int, member: str) -> None:
    body = json.dumps({**middleware.site(), member: "HERE"}).encode().replace(b'"HERE"', b"[" * depth + b"]" * depth)
    with RawServer(ok(body)) as server:
        transport = HttpTransport(server.url, "pda-1", settings=replace(LIMITS, read_s=20.0))
        with pytest.raises(SyncError) as caught:
            middleware_site.get(transport)
        transport.close()
    assert caught.value.code in ("bad_reply", "reply_too_large")


def test_what_is_missing_is_named(middleware: Middleware) -> None:
    for member in ("site_id", "zone", "addresses", "limits"):
        told = {name: value for name, value in middleware.site().items() if name != member}
        with RawServer(as_json(told)) as server:
            transport = HttpTransport(server.url, "pda-1", settings=LIMITS)
            with pytest.raises(SyncError) as caught:
                middleware_site.get(transport)
            transport.close()
        assert (caught.value.code, caught.value.subject) == ("reply_lacks", member)
    change = {"kind": "packages", "delivery": "D", "packages": [{"code": "1", "level": 1, "parent": None}]}
    with pytest.raises(SyncError) as caught:
        decoded(decode_page, json.dumps({"changes": [change], "cursor": "c", "more": False}).encode())
    assert (caught.value.code, caught.value.subject) == ("reply_lacks", "packages[…].line")


def test_a_missing_member_reaches_the_status_by_name(middleware: Middleware, device: Device) -> None:
    plain = middleware.site
    middleware.site = lambda: {name: value for name, value in plain().items() if name != "zone"}  # type: ignore[method-assign]
    device.scan()
    summary = device.drain(middleware.url, limit_s=0.3)
    assert (summary.trouble, summary.subject, summary.waiting) == ("reply_lacks", "zone", 1)
    status = device.engines[-1].status()
    assert (status.subject, [one.name for one in status.endpoints]) == ("zone", ["site"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
GOOD = {
    "answers": {"items": [{"id": "a", "result": "accepted", "with": [], "retry_after_s": 1, "code": "x", "text": "y"}]},
    "page": {"changes": [{"kind": "recall", "drug": "d", "batch": "b", "active": True, "reason": None}], "cursor": "c",
             "more": False},
    "heads": {"heads": [{"kind": "event", "id": "e", "verb": "add", "at_ms": 1, "supplier": "s", "children": ["1"]}],
              "cursor": "c", "more": False},
    "resolved": {"codes": [{"code": "1", "source": "relay", "at_ms": 1, "children": None}]},
}  # fmt: skip
DECODERS = {"answers": decode_answers, "page": decode_page, "heads": decode_heads, "resolved": decode_resolved}


def spoilt(good: object, path: list[int], value: object) -> object:
    """`good` with something else at the place that `path` walks to."""
    if not path or not isinstance(good, dict | list) or not good:
        return value
    keys = list(good) if isinstance(good, dict) else list(range(len(good)))
    key = keys[path[0] % len(keys)]
    copy = dict(good) if isinstance(good, dict) else list(good)
    copy[key] = spoilt(good[key], path[1:], value)
    return copy


@pytest.mark.parametrize("name", sorted(GOOD))
@given(path=st.lists(st.integers(0, 20), max_size=5), value=JSON)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_wrong_types_anywhere_are_a_bad_reply_or_none(name: str, path: list[int], value: object) -> None:
    body = json.dumps(spoilt(GOOD[name], path, value)).encode()
    met: list[SyncError] = []
    try:
        decoded(DECODERS[name], body)
    except SyncError as error:
        met.append(error)
    assert all(error.code in ("bad_reply", "reply_lacks") and error.may_have_left for error in met)


def test_members_of_tomorrow_are_passed_over(middleware: Middleware, device: Device) -> None:
    middleware.changes = [{"kind": "recall", "drug": "d", "batch": "b", "active": True, "shelf": {"x": [1]}}]
    assert device.drain(middleware.url).trouble is None
    assert len(device.applied) == 1
    assert isinstance(device.sites[0], Site)


@pytest.mark.parametrize(
    "fault", ["strangers", "twice", "missing", "bad_word", "bad_type", "garbage", "deep", "truncated"]
)
def test_answers_that_are_not_one_per_item_lose_and_double_nothing(
    middleware: Middleware, device: Device, fault: str
) -> None:
    middleware.faults["items"].extend([fault] * 2)
    middleware.faults["ask"].extend([fault] * 2)
    boxes = [device.scan() for _ in range(5)]
    summary = device.drain(middleware.url)
    assert (summary.accepted, summary.unsure, summary.waiting, summary.trouble) == (5, 0, 0, None)
    assert middleware.effects == dict.fromkeys(boxes, 1)


@pytest.mark.parametrize(
    ("retry_after", "date", "wait_s"),
    [
        ("7", "", 7), ("  7 ", "", 7), ("-1", "", None), ("7.5", "", None), ("", "", None), ("soon", "", None),
        ("999999999999", "", 3600), ("٧", "", None),
        (formatdate(1_000_000_090, usegmt=True), formatdate(1_000_000_000, usegmt=True), 90),
        (formatdate(1_000_000_000, usegmt=True), formatdate(1_000_000_090, usegmt=True), 0),
        (formatdate(4_000_000_000, usegmt=True), "", 3600), ("Wed, 99 Foo 2026 00:00:00 GMT", "", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", formatdate(784_111_770, usegmt=True), 7),
    ],
)  # fmt: skip
def test_retry_after_in_seconds_and_as_a_date(retry_after: str, date: str, wait_s: int | None) -> None:
    letters = f"Retry-After: {retry_after}\r\n" + (f"Date: {date}\r\n" if date else "")
    reply = f"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n{letters}\r\n".encode()
    with RawServer(reply) as server:
        error = said(server.url)
    assert isinstance(error, SyncError)
    assert error.retry_after_s == wait_s
    assert error.code == ("server_error" if wait_s is None else "throttled")


def test_every_endpoint_declares_its_bounds() -> None:
    for endpoint in (*ENDPOINTS, *RELAY_ENDPOINTS):
        assert 0 <= endpoint.reply_bytes <= FAST.reply_bytes
        assert (endpoint.reply_bytes == 0) is (endpoint.name == "relay_rows")
        assert endpoint.opens_after >= 2
        assert endpoint.probe_s >= 10
    assert len(set(CODES)) == len(CODES)


def test_a_large_request_to_somebody_who_hangs_up_early() -> None:
    """He answers before he has read it all, or does not answer: either way it may have left."""

    def close_early(peer: socket.socket, _: bytes) -> None:
        peer.close()

    with RawServer(close_early) as server:
        transport = HttpTransport(server.url, "pda-1", settings=LIMITS)
        with pytest.raises(SyncError) as caught:
            middleware_items.post(transport, [b"1" * 100_000] * 50)
        transport.close()
    assert (caught.value.code, caught.value.may_have_left) == ("connection_lost", True)


def test_nobody_reads_what_we_send() -> None:
    held = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        call = replace(SITE, method="POST", body=b"1" * 50 * MB)
        error = said(url, BRIEF, call)
        held.set()
    assert (code_of(error), error.may_have_left) == ("server_timeout", True)
