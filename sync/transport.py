"""One HTTP client for one thread; every foreign error becomes a SyncError here and nowhere else.

The caller learns two things from an error: its stable code, and whether the request may have left. Only a failure to
connect is certain to have had no effect. No redirect is followed, neither to another host nor to the same one.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol

import httpcore
import httpx
import msgspec

from sync.credentials import BEARER, Credential, Signed, headers_of
from sync.endpoints.endpoint import Endpoint
from sync.errors import SyncError
from sync.ports import SyncSettings
from sync.trust import Trust, code_of
from sync.wire import Budget, Wire

_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEEP_ALIVE_S = 3.0
"""Under the five seconds after which servers commonly drop an idle connection: a request must not meet a dead one."""
_LINE_MOST = 65_536
_BEGUN_BYTES = 1024
_WAIT_MOST_S = 3600
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_ANSWERS = frozenset({"application/json", "application/problem+json"})
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its path relative to the server's address. `read_s`, `reply_bytes` replace the usual limits.

    `headers` come over the usual ones. Body and headers may be a patient's or a secret: no repr shows them.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    read_s: float | None = None
    reply_bytes: int | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply. `retry_after_s` is None where the server named no time; `kind` is its content type."""

    status: int
    retry_after_s: int | None
    body: bytes = field(repr=False)
    kind: str = "application/json"


@dataclass(frozen=True, slots=True)
class Begun:
    """What came of a reply that broke off; of its body the first bytes at the most."""

    status: int
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Sends a call and brings its reply."""

    def exchange(self, call: Call) -> Reply:
        """The reply, whatever its status. Raises SyncError when none came."""

    def close(self) -> None: ...


class TracedTransport(Transport, Protocol):
    """A transport that keeps what came of a reply that broke off."""

    @property
    def begun(self) -> Begun | None:
        """Of the last exchange; None where not even the head came, or all of it."""


class LineTransport(Transport, Protocol):
    """A transport that also brings a long reply line by line."""

    def lines(self, call: Call, kind: str) -> AbstractContextManager[Iterator[bytes]]:
        """The lines of a 200 of this content type, without their LF. Raises SyncError, also between two lines."""


class Problem(msgspec.Struct, frozen=True):
    """The body of a reply that is a no."""

    code: str
    text: str


class HttpTransport:
    """httpx with our limits: no redirects, no proxies of the environment, bounded time, size and head."""

    def __init__(
        self, server: str, device: str, *, ca: Path | None = None, settings: SyncSettings, token: str | None = None,
        trust_system: bool = False, trust: Trust | None = None, credential: Credential | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:  # fmt: skip
        """`trust` before `ca` and `trust_system` (what the system trusts is good beside `ca`, too); `credential`
        before `token`, a bearer's; one of them goes with every call.

        Raises SyncError: bad_server_url, insecure_url, bad_device, host_not_allowed, credentials_missing, tls_failed
        (the `ca` file is no certificate), client_certificate_bad.
        """
        base = checked_address(server)
        if not _DEVICE.fullmatch(device):
            raise SyncError("bad_device")
        trust = trust or Trust(ca, system=trust_system)
        if not trust.admits(base.host):
            raise SyncError("host_not_allowed", base.host)
        self._settings = settings
        self._device = device
        self._credential = credential or (None if token is None else Credential(BEARER, token))
        self._now_ms = now_ms
        self._budget = Budget()
        self.begun: Begun | None = None
        self._client = httpx.Client(
            base_url=base,
            headers={"Matou-Device": device, "User-Agent": "matou", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
            transport=Wire(trust, self._budget, secure=base.scheme == "https", keep_s=_KEEP_ALIVE_S),
        )

    def exchange(self, call: Call) -> Reply:
        """The reply, whatever its status. Raises SyncError when none came whole within the limits."""
        most = min(call.reply_bytes or self._settings.reply_bytes, self._settings.reply_bytes)
        self.begun, parts = None, bytearray()
        with _sorted(), self._sent(call) as response:
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            try:
                reply = Reply(response.status_code, _wait_of(response), _bounded(response, most, parts), kind)
            except BaseException:
                self.begun = Begun(response.status_code, bytes(parts[:_BEGUN_BYTES]))
                raise
            return reply

    @contextmanager
    def lines(self, call: Call, kind: str) -> Iterator[Iterator[bytes]]:
        """The lines of a long reply, held in memory one piece at a time. Leaving early drops the connection.

        Raises SyncError, also between two lines: what was brought before it is whole.
        """
        with _sorted(), self._sent(call) as response:
            if response.status_code != 200:
                body = _bounded(response, self._settings.reply_bytes, bytearray())
                body_of(Reply(response.status_code, _wait_of(response), body))
            given = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if given != kind or response.headers.get("Content-Encoding", "identity") != "identity":
                raise SyncError("bad_reply", f"not {kind}", may_have_left=True)
            yield self._whole_lines(response)

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _sent(self, call: Call) -> Iterator[httpx.Response]:
        read_s = self._settings.read_s if call.read_s is None else call.read_s
        connect_s = min(self._settings.connect_s, read_s)
        self._budget.begin(self._settings.connect_s + 2 * read_s)
        request = self._client.build_request(
            call.method,
            call.path.lstrip("/"),
            params=dict(call.query) or None,
            content=call.body,
            headers=({"Content-Type": "application/json"} if call.body is not None else {}) | dict(call.headers),
            timeout=httpx.Timeout(read_s, connect=connect_s),
        )
        if self._credential is not None:
            request.headers.update(self._letters(self._credential, request, call.body or b""))
        response = self._client.send(request, stream=True)
        try:
            yield response
        finally:
            response.close()

    def _letters(self, credential: Credential, request: httpx.Request, body: bytes) -> dict[str, str]:
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        signed = Signed(request.method, path, query, self._device, body)
        return headers_of(credential, signed, self._now_ms(), lambda: secrets.token_hex(16))

    def _whole_lines(self, response: httpx.Response) -> Iterator[bytes]:
        # Sorted here, too: whoever reads the lines keeps what came before the trouble.
        line_s = 2 * self._settings.read_s
        with _sorted():
            for line in cut_lines(self._moving(response, line_s), time.monotonic, line_s):
                self._budget.extend(line_s)
                yield line

    def _moving(self, response: httpx.Response, line_s: float) -> Iterator[bytes]:
        self._budget.extend(line_s)
        yield from response.iter_raw()


def call_of(
    endpoint: Endpoint, query: tuple[tuple[str, str], ...] = (), *, path: str | None = None,
    body: bytes | None = None, read_s: float | None = None,
) -> Call:  # fmt: skip
    """A call of a declared endpoint; `path` where its own has names to fill in."""
    return Call(endpoint.method, path or endpoint.path, query, body, read_s, endpoint.reply_bytes or None)


def cut_lines(parts: Iterator[bytes], monotonic: Callable[[], float], line_s: float) -> Iterator[bytes]:
    """Whole lines out of pieces; what stands behind the last LF is dropped. `line_s`: time limit of one line.

    Raises SyncError: server_timeout (the reply drips), bad_reply (a line without an end).
    """
    rest = b""
    until = monotonic() + line_s
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
        if whole:
            until = monotonic() + line_s
        elif monotonic() > until:
            raise SyncError("server_timeout", "the reply drips", may_have_left=True)
        if len(rest) > _LINE_MOST:
            raise SyncError("bad_reply", "a line without an end", may_have_left=True)


def checked_address(server: str) -> httpx.URL:
    """The address with a closing slash. Raises SyncError: bad_server_url, insecure_url (http is for loopback)."""
    try:
        url = httpx.URL(server.strip())
    except httpx.InvalidURL as error:
        raise SyncError("bad_server_url", type(error).__name__) from error
    if url.scheme not in ("http", "https") or not url.host or url.query or url.userinfo:
        raise SyncError("bad_server_url")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise SyncError("insecure_url")
    return url.copy_with(path=url.path.rstrip("/") + "/", fragment=None)


def body_of(reply: Reply) -> bytes:
    """The body of a 200. Raises SyncError for every other status, with `status`, `problem` and `retry_after_s`.

    A web page where an answer was due is a trouble of its own: it comes from a gateway that stands in between.
    """
    status = reply.status
    if status == 200:
        if reply.kind in _PAGES or (reply.kind not in _ANSWERS and reply.body.lstrip()[:1] == b"<"):
            raise SyncError("html_reply", may_have_left=True)
        return reply.body
    problem = _problem(reply.body)
    raise SyncError(
        _code_of(status, problem, waits=reply.retry_after_s is not None),
        f"status {status}",
        may_have_left=not 400 <= status < 500,
        status=status,
        problem=problem,
        retry_after_s=reply.retry_after_s,
    )


def _code_of(status: int, problem: str | None, *, waits: bool) -> str:
    if status == 429 or (status == 503 and waits):
        return "throttled"
    if status >= 500:
        return "server_error"
    if status in (400, 401, 403) and problem == "clock_skew":
        return "clock_skew"
    if status == 401:
        return "credentials_refused"
    if status >= 400:
        return "call_refused"
    return "redirected" if status in _ELSEWHERE else "bad_reply"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _problem(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=Problem).code
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _wait_of(response: httpx.Response) -> int | None:
    """Retry-After in seconds (RFC 9110, 10.2.3), also as a date: by the server's own clock where it tells it."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _WAIT_MOST_S)
    until = _moment(text)
    if until is None:
        return None
    now = _moment(response.headers.get("Date", "")) or datetime.now(UTC)
    return min(max(0, round((until - now).total_seconds())), _WAIT_MOST_S)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _bounded(response: httpx.Response, most: int, parts: bytearray) -> bytes:
    """The whole body; what came until it broke off stands in `parts`."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise SyncError("bad_reply", "compressed although we asked for plain", may_have_left=True)
    for part in response.iter_raw():
        parts += part
        if len(parts) > most:
            raise SyncError("reply_too_large", f"more than {most} bytes", may_have_left=True)
    return bytes(parts)


@contextmanager
def _sorted() -> Iterator[None]:
    """Only the kind of an error is kept, never its own words nor its trace: they could hold what a server said."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol) as error:
        raise SyncError("bad_server_url", type(error).__name__) from None
    except httpcore.ConnectTimeout:
        raise SyncError("server_unreachable", "time limit of the connection") from None
    except (httpcore.ConnectError, httpcore.PoolTimeout) as error:
        raise SyncError(code_of(error) or "server_unreachable", type(error).__name__) from None
    except httpcore.TimeoutException as error:
        raise SyncError("server_timeout", type(error).__name__, may_have_left=True) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, httpx.HTTPError) as error:
        raise SyncError(code_of(error) or "connection_lost", type(error).__name__, may_have_left=True) from None
