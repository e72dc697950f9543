"""A certificate authority and a server certificate of the sandbox's own, made at start. Runs before the event loop."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HERE = (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"))


def make_certificates(
    folder: Path, *, valid_s: float = 30 * 86_400.0, names: Sequence[x509.GeneralName] | None = None
) -> Path:
    """Write `ca.pem`, and with their keys `server.pem`, `expired.pem` and `client.pem`, into a folder; returns the path
    of the CA. `valid_s`: how long `server.pem` is good for; `names`: for whom it was made, else this machine."""
    now = datetime.now(UTC)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("演示 CA")
    ca = (
        _builder(ca_name, ca_name, ca_key, now - timedelta(days=400), now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    path = folder / "ca.pem"
    path.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    periods = {
        "server": (now - timedelta(days=1), now + timedelta(seconds=valid_s)),
        "expired": (now - timedelta(days=300), now - timedelta(days=1)),
        "client": (now - timedelta(days=1), now + timedelta(days=30)),
    }
    for name, (since, until) in periods.items():
        (folder / f"{name}.pem").write_bytes(_signed(ca_name, ca_key, since, until, names or _HERE))
    return path


def server_context(folder: Path, expired: Callable[[], bool], *, ask_client: bool = False) -> ssl.SSLContext:
    """The context of the server; `expired` is asked at each handshake whether to show the expired certificate.

    `ask_client`: only who shows a certificate of our authority comes in.
    """
    client_ca = folder / "ca.pem" if ask_client else None
    stale = _context(folder / "expired.pem", client_ca)
    context = _context(folder / "server.pem", client_ca)

    def choose(connection: ssl.SSLObject, name: str | None, initial: ssl.SSLContext) -> None:
        del name, initial
        if expired():
            connection.context = stale

    context.sni_callback = choose
    return context


def _context(path: Path, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _signed(
    ca_name: x509.Name,
    ca_key: ec.EllipticCurvePrivateKey,
    since: datetime,
    until: datetime,
    names: Sequence[x509.GeneralName],
) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name("127.0.0.1"), ca_name, key, since, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()) + certificate.public_bytes(pem)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )
