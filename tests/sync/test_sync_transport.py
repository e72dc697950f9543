"""The edge: each foreign error becomes a code, and says whether the request may have left."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.errors import SyncError
from sync.ports import SyncSettings
from sync.questions import Questions
from sync.transport import Call, HttpTransport, Reply, body_of
from tests.sync.sync_bench import FAST, Device
from tests.sync.sync_middleware import Middleware

SITE = Call("GET", "/v1/site")


@contextmanager
def answering(talk: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server of one connection that says what it likes."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve() -> None:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            peer.settimeout(5)
            try:
                if context is not None:
                    with context.wrap_socket(peer, server_side=True) as secured:
                        talk(secured)
                else:
                    talk(peer)
            except OSError:
                return

    thread = threading.Thread(target=serve, name="answering")
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(6)
        listener.close()


def failure(url: str, settings: SyncSettings = FAST, ca: Path | None = None) -> SyncError:
    transport = HttpTransport(url, "pda-1", ca=ca, settings=settings)
    try:
        with pytest.raises(SyncError) as caught:
            body_of(transport.exchange(SITE))
        return caught.value
    finally:
        transport.close()


def says(*parts: bytes, hold: threading.Event | None = None) -> Callable[[socket.socket], None]:
    def talk(peer: socket.socket) -> None:
        peer.recv(65536)
        for part in parts:
            peer.sendall(part)
        if hold is not None:
            hold.wait(5)

    return talk


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}")
    assert (error.code, error.may_have_left) == ("server_unreachable", False)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((), "connection_lost"),
        ((b"SSH-2.0-something\r\n",), "connection_lost"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",), "connection_lost"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000,), "reply_too_large"),
        ((b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",), "bad_reply"),
        ((b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",), "redirected"),
        ((b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",), "server_error"),
    ],
)
def test_replies_that_are_none_may_have_taken_effect(parts: tuple[bytes, ...], code: str) -> None:
    with answering(says(*parts)) as port:
        error = failure(f"http://127.0.0.1:{port}", SyncSettings(connect_s=1, read_s=1, reply_bytes=4000))
    assert (error.code, error.may_have_left) == (code, True)


def test_silence_and_dripping_end_at_the_time_limit() -> None:
    hold = threading.Event()
    settings = SyncSettings(connect_s=0.05, read_s=0.05)
    with answering(says(hold=hold)) as port:
        error = failure(f"http://127.0.0.1:{port}", settings)
        hold.set()
    assert (error.code, error.may_have_left) == ("server_timeout", True)

    ended = threading.Event()

    def drip(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not ended.wait(0.01):
            peer.sendall(b"x")

    with answering(drip) as port:
        error = failure(f"http://127.0.0.1:{port}", settings)
        ended.set()
    assert (error.code, error.may_have_left) == ("server_timeout", True)


@pytest.mark.parametrize(
    ("status", "retry_after_s", "code"),
    [(429, None, "throttled"), (503, 7, "throttled"), (503, None, "server_error"), (403, None, "call_refused")],
)
def test_a_no_keeps_its_status_its_problem_and_its_wait(status: int, retry_after_s: int | None, code: str) -> None:
    with pytest.raises(SyncError) as caught:
        body_of(Reply(status, retry_after_s, b'{"code": "busy", "text": "x"}'))
    error = caught.value
    assert (error.code, error.status, error.problem, error.retry_after_s) == (code, status, "busy", retry_after_s)
    assert error.may_have_left is (status >= 500)


def certificate(folder: Path, *, days: int) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30)).not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    ca, both = folder / "ca.pem", folder / "both.pem"
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca.write_bytes(public)
    both.write_bytes(private + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return ca, context


def test_tls_with_the_hospitals_own_authority(tmp_path: Path) -> None:
    ca, context = certificate(tmp_path, days=30)
    with answering(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), context) as port:
        transport = HttpTransport(f"https://127.0.0.1:{port}", "pda-1", ca=ca, settings=FAST)
        assert body_of(transport.exchange(SITE)) == b"{}"
        transport.close()


@pytest.mark.parametrize(("days", "trusted", "code"), [(-1, True, "certificate_expired"), (30, False, "tls_failed")])
def test_tls_that_is_expired_or_not_trusted(tmp_path: Path, days: int, trusted: bool, code: str) -> None:
    ca, context = certificate(tmp_path, days=days)
    with answering(says(), context) as port:
        error = failure(f"https://127.0.0.1:{port}", ca=ca if trusted else None)
    assert (error.code, error.may_have_left) == (code, False)


def test_a_certificate_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    for ca in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(SyncError) as caught:
            HttpTransport("https://127.0.0.1:1", "pda-1", ca=ca, settings=FAST)
        assert caught.value.code == "tls_failed"


def test_a_device_id_that_is_none(device: Device) -> None:
    with pytest.raises(SyncError) as caught:
        HttpTransport("http://127.0.0.1:1", "码头", ca=None, settings=FAST)
    assert caught.value.code == "bad_device"


def test_a_question_has_a_thread_of_its_own_and_its_error_is_its_answer(middleware: Middleware) -> None:
    questions = Questions(lambda: HttpTransport(middleware.url, "pda-1", ca=None, settings=FAST))
    middleware.faults["ask"].append("status:500")
    failed = questions.ask_by_ids(["a"], 1.0)
    answered = questions.ask_by_ids(["a"], 1.0)
    assert [(one.id, one.result) for one in answered.result(5)] == [("a", "unknown")]
    assert isinstance(failed.exception(5), SyncError)
    assert questions.submit(lambda _: threading.current_thread().name).result(5) == "sync-questions"
    questions.stop(5)
    with pytest.raises(RuntimeError):
        questions.ask_by_ids(["a"], 1.0)


def test_a_question_that_cannot_connect_says_so() -> None:
    def connect() -> HttpTransport:
        raise SyncError("tls_failed")

    questions = Questions(connect)
    assert isinstance(questions.ask_by_ids(["a"], 1.0).exception(5), SyncError)
    questions.stop(5)
