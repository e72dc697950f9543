"""Whom we believe and who we are: certificates, pins, hosts, redirects, credentials. Against real TLS on a socket."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sync.credentials import BEARER, HMAC, SCHEMES, TIF, Credential, Signed, headers_of, scheme_of
from sync.errors import SyncError
from sync.questions import Questions
from sync.relay_line import RelayRoute
from sync.sandbox.tls import make_certificates, server_context
from sync.transport import HttpTransport, body_of
from sync.trust import Trust, pin_of
from tests.fixtures.sandbox import SandboxProcess
from tests.sync.sync_bench import FAST, Device, SystemTime
from tests.sync.sync_wire import LIMITS, SITE, RawServer, as_json, code_of, said

SECRET = "demo-secret-31"
FINE = as_json({})


def der(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text().partition("-----END PRIVATE KEY-----\n")[2])


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    make_certificates(folder)
    return folder


def secured(papers: Path, *, ask_client: bool = False) -> RawServer:
    return RawServer(FINE, server_context(papers, lambda: False, ask_client=ask_client))


def test_the_sites_authority_is_believed_and_the_systems_alone_is_not(papers: Path) -> None:
    with secured(papers) as server:
        assert said(server.url, ca=papers / "ca.pem") == b"{}"
        assert code_of(said(server.url)) == "tls_failed"


def test_a_certificate_made_for_another_host(tmp_path: Path) -> None:
    make_certificates(tmp_path, names=[x509.DNSName("hospital.example")])
    with secured(tmp_path) as server:
        error = said(server.url, ca=tmp_path / "ca.pem")
    assert (code_of(error), error.may_have_left) == ("certificate_other_host", False)
    assert server.requests == []


def test_a_certificate_that_expires_in_the_middle_of_a_run(tmp_path: Path) -> None:
    """The connection that stands is good to its end; the next one is not opened, and nothing is sent over it."""
    make_certificates(tmp_path, valid_s=3.0)
    transport = None
    with secured(tmp_path) as server:
        transport = HttpTransport(server.url, "pda-1", ca=tmp_path / "ca.pem", settings=LIMITS)
        assert body_of(transport.exchange(SITE)) == b"{}"
        over = threading.Event()
        for _ in range(100):
            heard = len(server.requests)
            try:
                transport.exchange(SITE)
            except SyncError as error:
                caught = error
                break
            over.wait(0.1)
        else:
            pytest.fail("it never expired")
        transport.close()
        assert len(server.requests) == heard
    assert (caught.code, caught.may_have_left) == ("certificate_expired", False)


def test_a_pinned_key_is_the_only_one(papers: Path, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    right, wrong = pin_of(der(papers / "server.pem")), pin_of(der(tmp_path / "server.pem"))
    with secured(papers) as server:
        assert said(server.url, trust=Trust(papers / "ca.pem", pins=(wrong, right))) == b"{}"
        heard = len(server.requests)
        for pins in ((wrong,), ("sha256/",), ("码",)):
            error = said(server.url, trust=Trust(papers / "ca.pem", pins=pins))
            assert (code_of(error), error.may_have_left) == ("certificate_not_pinned", False)
        assert len(server.requests) == heard


def test_a_pinned_host_is_the_only_one() -> None:
    with RawServer(FINE) as server:
        assert said(server.url, trust=Trust(hosts=("127.0.0.1",))) == b"{}"
        assert code_of(said(server.url, trust=Trust(hosts=("hospital.example",)))) == "host_not_allowed"
        assert len(server.requests) == 1


def test_a_client_certificate_opens_the_door(papers: Path, tmp_path: Path) -> None:
    text = (papers / "client.pem").read_bytes()
    key = serialization.load_pem_private_key(text, None)
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"open")
    )
    (tmp_path / "key.pem").write_bytes(locked)
    (tmp_path / "cert.pem").write_bytes(text[text.index(b"-----BEGIN CERTIFICATE") :])
    ca, mine = papers / "ca.pem", papers / "client.pem"
    with secured(papers, ask_client=True) as server:
        assert said(server.url, trust=Trust(ca, certificate=mine)) == b"{}"
        split = Trust(ca, certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem", key_password="open")
        assert said(server.url, trust=split) == b"{}"
        assert code_of(said(server.url, trust=Trust(ca))) == "client_certificate_refused"
        for bad in (
            replace(split, key_password="wrong"), replace(split, key_password=None),
            replace(split, certificate=tmp_path / "absent.pem"), replace(split, key=papers / "server.pem"),
        ):  # fmt: skip
            error = said(server.url, trust=bad)
            assert code_of(error) == "client_certificate_bad"
            assert "open" not in str(error)
            assert "wrong" not in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_nowhere_and_takes_no_credentials_along(status: int) -> None:
    with RawServer(FINE) as other:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/v1/site\r\nContent-Length: 0\r\n\r\n"
        with RawServer(head.encode()) as server:
            error = said(server.url, credential=Credential(BEARER, SECRET))
            assert (code_of(error), error.may_have_left) == ("redirected", True)
            assert SECRET.encode() in server.requests[0]
        assert other.requests == []


@pytest.mark.parametrize("demand", ["bearer", "hmac"])
def test_a_hospital_that_demands_to_know_who_calls(device: Device, demand: str) -> None:
    scheme, now = SCHEMES[demand], SystemTime()
    with SandboxProcess(seed=31, auth=demand) as sandbox:
        mine = Credential(scheme, SECRET, "demo-key")
        answer = said(sandbox.url, credential=mine)
        assert isinstance(answer, bytes)
        assert b'"site_id":"sandbox-31"' in answer
        for wrong in (None, Credential(scheme, "another", "demo-key"), Credential(SCHEMES["api_key"], SECRET)):
            error = said(sandbox.url, credential=wrong)
            assert (code_of(error), error.status, error.problem) == ("credentials_refused", 401, "credentials_refused")
        engine = device.engine(sandbox.url, FAST, credential=mine)
        assert engine.run_until_empty(limit_s=30, until_empty=True).trouble is None
        if demand == "hmac":
            late = HttpTransport(
                sandbox.url, "pda-1", settings=LIMITS, credential=mine, now_ms=lambda: now.now_ms() - 400_000
            )
            with pytest.raises(SyncError) as caught:
                body_of(late.exchange(SITE))
            late.close()
            assert caught.value.code == "clock_skew"


def test_a_signature_covers_the_call_and_is_never_used_twice() -> None:
    call = Signed("POST", "/v1/items", "a=1", "pda-1", b"{}")
    mine = Credential(HMAC, SECRET, "k")
    first = headers_of(mine, call, 1_795_327_200_999, lambda: "n" * 32)
    assert first == headers_of(mine, call, 1_795_327_200_000, lambda: "n" * 32)
    others = [
        replace(call, method="PUT"), replace(call, path="/v1/item"), replace(call, query=""),
        replace(call, device="pda-2"), replace(call, body=b"{ }"),
    ]  # fmt: skip
    assert len({headers_of(mine, one, 1_795_327_200_000, lambda: "n" * 32)["Authorization"] for one in others}) == 5
    with RawServer(FINE) as server:
        for _ in range(3):
            said(server.url, credential=mine)
        assert len({line for request in server.requests for line in request.split(b"\r\n") if b"nonce=" in line}) == 3


def test_the_gateway_of_some_provinces_is_data() -> None:
    made = headers_of(Credential(TIF, "token", "paas"), Signed("GET", "/", "", "d", b""), 5_000, lambda: "abc")
    assert made["x-tif-timestamp"] == "5"
    assert made["x-tif-signature"] == hashlib.sha256(b"5tokenabc5").hexdigest()


def test_a_scheme_of_the_sites_own() -> None:
    table = {
        "mac": "hmac", "digest": "sha512", "encoding": "base64", "unit": "ms", "joint": "|",
        "canonical": ["timestamp", "path"], "headers": {"X-Sign": "{key}:{signature}", "X-Time": "{timestamp}"},
    }  # fmt: skip
    made = headers_of(Credential(scheme_of(table), "s", "me"), Signed("GET", "/v1/site", "", "d", b""), 7, lambda: "n")
    assert made["X-Time"] == "7"
    assert made["X-Sign"].startswith("me:")
    for bad in (
        {}, {"headers": {}}, {"headers": {"X": 1}}, {"headers": {"X": "{secret.__class__}"}}, {"headers": {"X": "{0}"}},
        {**table, "mac": "rot13"}, {**table, "digest": "no"}, {**table, "canonical": ["id_no"]}, {**table, "more": "x"},
        {**table, "canonical": "path"}, {"headers": {"X": "{key!r:>{secret}}"}},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            scheme_of(bad)


@pytest.mark.parametrize("secret", ["", "密", "a\r\nX: y"])
def test_a_secret_that_no_header_can_carry(secret: str) -> None:
    with pytest.raises(SyncError) as caught:
        Credential(BEARER, secret)
    assert caught.value.code == "credentials_missing"
    assert secret == "" or secret not in str(caught.value)


def test_no_secret_and_no_patient_in_a_log_or_an_error(papers: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Everything that any library says at any level, through calls that go well and calls that go wrong."""
    secret, patient = "s3cr3t-0f-th3-s1t3", "110101199003071234"
    trust = Trust(papers / "ca.pem", certificate=papers / "client.pem", key_password="k3y-p4ss")
    mine = Credential(HMAC, secret, "k")
    told: list[str] = [repr(trust), repr(mine), repr(RelayRoute(token=secret))]
    caplog.set_level(logging.DEBUG)
    call = replace(SITE, method="POST", path="/v1/items", body=f'{{"id_no": "{patient}"}}'.encode())
    spoken = patient.encode()
    replies = [
        FINE, as_json([patient]), b"HTTP/1.1 500 Oh\r\nContent-Length: 18\r\n\r\n" + spoken, spoken,
        b"HTTP/1.1 302 Go\r\nLocation: https://x.example/?id=" + spoken + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + spoken, b"HTTP/1.1 200 OK\r\n" + spoken + b"\r\n\r\n",
    ]  # fmt: skip
    for reply in replies:
        for context in (None, server_context(papers, lambda: False)):
            with RawServer(reply, context) as server:
                answer = said(server.url, call=call, trust=trust, credential=mine)
            if isinstance(answer, SyncError):
                told += [str(answer), repr(answer), answer.detail, str(answer.subject), str(answer.problem)]
    told += [record.getMessage() for record in caplog.records]
    text = "\n".join(told)
    for word in (secret, "k3y-p4ss", patient):
        assert word not in text


def test_an_address_with_a_password_in_it_is_refused_and_not_repeated() -> None:
    for url in ("https://u:pass-w0rd@hospital.example", "https://u:pass-w0rd@hospital.example:99999999/"):
        error = said(url)
        assert code_of(error) == "bad_server_url"
        assert "pass-w0rd" not in str(error)


def test_addresses_of_the_loopback_only_go_without_tls() -> None:
    for host in ("127.0.0.1", "[::1]", "localhost"):
        assert code_of(said(f"http://{host}:9", replace(LIMITS, connect_s=0.5))) != "insecure_url"
    assert code_of(said(f"http://{ipaddress.ip_address('10.1.2.3')}")) == "insecure_url"


def test_a_question_uses_the_same_trust(papers: Path) -> None:
    with secured(papers) as server:
        questions = Questions(lambda: HttpTransport(server.url, "pda-1", settings=LIMITS, trust=Trust(pins=("x",))))
        assert isinstance(questions.ask_by_ids(["a"], 1.0).exception(20), SyncError)
        questions.stop(5)
