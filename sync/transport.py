"""One HTTP client for one thread; every foreign error becomes a SyncError here and nowhere else.

The caller learns two things from an error: its stable code, and whether the request may have left. Only a failure to
connect is certain to have had no effect.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import msgspec

from sync.errors import SyncError
from sync.ports import SyncSettings

_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEEP_ALIVE_S = 3.0
"""Under the five seconds after which servers commonly drop an idle connection: a request must not meet a dead one."""
_LINE_MOST = 65_536


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its path relative to the server's address. `read_s` replaces the usual time limit."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    read_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply. `retry_after_s` is None where the server gave no number."""

    status: int
    retry_after_s: int | None
    body: bytes


class Transport(Protocol):
    """Sends a call and brings its reply."""

    def exchange(self, call: Call) -> Reply:
        """The reply, whatever its status. Raises SyncError when none came."""

    def close(self) -> None: ...


class LineTransport(Transport, Protocol):
    """A transport that also brings a long reply line by line."""

    def lines(self, call: Call, kind: str) -> AbstractContextManager[Iterator[bytes]]:
        """The lines of a 200 of this content type, without their LF. Raises SyncError, also between two lines."""


class Problem(msgspec.Struct, frozen=True):
    """The body of a reply that is a no."""

    code: str
    text: str


class HttpTransport:
    """httpx with our limits: no redirects, no proxies of the environment, bounded time and size."""

    def __init__(
        self, server: str, device: str, *, ca: Path | None, settings: SyncSettings, token: str | None = None,
        trust_system: bool = False,
    ) -> None:  # fmt: skip
        """`token` goes with every call; `trust_system`: what the system trusts is good beside `ca`, too.

        Raises SyncError: bad_server_url, insecure_url, bad_device, tls_failed (the `ca` file is no certificate).
        """
        base = checked_address(server)
        if not _DEVICE.fullmatch(device):
            raise SyncError("bad_device")
        self._settings = settings
        limits = settings.read_s
        letters = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(
            base_url=base,
            headers={"Matou-Device": device, "User-Agent": "matou", "Accept-Encoding": "identity", **letters},
            timeout=httpx.Timeout(limits, connect=settings.connect_s),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=_KEEP_ALIVE_S),
            follow_redirects=False,
            trust_env=False,
            verify=_trust(ca, system=trust_system) if base.scheme == "https" else True,
        )

    def exchange(self, call: Call) -> Reply:
        """The reply, whatever its status. Raises SyncError when none came whole within the limits."""
        read_s = self._settings.read_s if call.read_s is None else call.read_s
        headers = {"Content-Type": "application/json"} if call.body is not None else {}
        timeout = httpx.Timeout(read_s, connect=min(self._settings.connect_s, read_s))
        # httpx limits each read, not all of them together: a server that drips would hold the thread for ever.
        deadline = time.monotonic() + self._settings.connect_s + 2 * read_s
        with (
            _sorted(),
            self._client.stream(
                call.method,
                call.path.lstrip("/"),
                params=dict(call.query) or None,
                content=call.body,
                headers=headers,
                timeout=timeout,
            ) as response,
        ):
            body = self._bounded(response, deadline)
            return Reply(response.status_code, _seconds(response.headers.get("Retry-After")), body)

    @contextmanager
    def lines(self, call: Call, kind: str) -> Iterator[Iterator[bytes]]:
        """The lines of a long reply, held in memory one piece at a time. Leaving early drops the connection.

        Raises SyncError, also between two lines: what was brought before it is whole.
        """
        timeout = httpx.Timeout(self._settings.read_s, connect=min(self._settings.connect_s, self._settings.read_s))
        with (
            _sorted(),
            self._client.stream(
                call.method, call.path.lstrip("/"), params=dict(call.query) or None, timeout=timeout
            ) as response,
        ):
            if response.status_code != 200:
                deadline = time.monotonic() + 2 * self._settings.read_s
                wait_s = _seconds(response.headers.get("Retry-After"))
                body_of(Reply(response.status_code, wait_s, self._bounded(response, deadline)))
            given = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if given != kind or response.headers.get("Content-Encoding", "identity") != "identity":
                raise SyncError("bad_reply", f"not {kind}", may_have_left=True)
            yield self._whole_lines(response)

    def close(self) -> None:
        self._client.close()

    def _whole_lines(self, response: httpx.Response) -> Iterator[bytes]:
        # Sorted here, too: whoever reads the lines keeps what came before the trouble.
        with _sorted():
            yield from cut_lines(response.iter_raw(), time.monotonic, 2 * self._settings.read_s)

    def _bounded(self, response: httpx.Response, deadline: float) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise SyncError("bad_reply", "compressed although we asked for plain", may_have_left=True)
        parts = bytearray()
        for part in response.iter_raw():
            parts += part
            if len(parts) > self._settings.reply_bytes:
                raise SyncError("bad_reply", "larger than the limit", may_have_left=True)
            if time.monotonic() > deadline:
                raise SyncError("server_timeout", "the reply drips", may_have_left=True)
        return bytes(parts)


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
        raise SyncError("bad_server_url", str(error)) from error
    if url.scheme not in ("http", "https") or not url.host or url.query or url.userinfo:
        raise SyncError("bad_server_url")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise SyncError("insecure_url")
    return url.copy_with(path=url.path.rstrip("/") + "/", fragment=None)


def body_of(reply: Reply) -> bytes:
    """The body of a 200. Raises SyncError for every other status, with `status`, `problem` and `retry_after_s`."""
    status = reply.status
    if status == 200:
        return reply.body
    problem = _problem(reply.body)
    if status == 429 or (status == 503 and reply.retry_after_s is not None):
        code = "throttled"
    elif status >= 500:
        code = "server_error"
    elif status >= 400:
        code = "call_refused"
    else:
        code = "bad_reply"
    raise SyncError(
        code,
        f"status {status}",
        may_have_left=not 400 <= status < 500,
        status=status,
        problem=problem,
        retry_after_s=reply.retry_after_s,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _trust(ca: Path | None, *, system: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        if system:
            context.load_default_certs()
    except (OSError, ssl.SSLError) as error:
        raise SyncError("tls_failed", "the certificate file cannot be read") from error
    return context


def _problem(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=Problem).code
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _seconds(text: str | None) -> int | None:
    if text is None or not text.strip().isascii() or not text.strip().isdigit():
        return None
    return min(int(text.strip()[:9]), 3600)


@contextmanager
def _sorted() -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise SyncError("bad_server_url", str(error)) from error
    except httpx.ConnectTimeout as error:
        raise SyncError("server_unreachable", "time limit of the connection") from error
    except (httpx.ConnectError, httpx.PoolTimeout) as error:
        code = "tls_failed" if _is_tls(error) else "server_unreachable"
        raise SyncError(code, str(error)) from error
    except httpx.TimeoutException as error:
        raise SyncError("server_timeout", type(error).__name__, may_have_left=True) from error
    except httpx.HTTPError as error:
        code = "tls_failed" if _is_tls(error) else "connection_lost"
        raise SyncError(code, type(error).__name__, may_have_left=True) from error


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
