"""Whom we believe a remote to be, and what we show of ourselves: authorities, client certificate, pins, hosts.

Pure but for reading the certificate files; any thread. A pin is `sha256/` and the base64 of the SHA-256 of the public
key (SubjectPublicKeyInfo) of the server's own certificate, so that a renewed certificate of the same key still fits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from sync.errors import SyncError

_PIN = "sha256/"
_CODES = {
    "CERTIFICATE_REQUIRED": "client_certificate_refused",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "client_certificate_refused",
    "TLSV1_ALERT_UNKNOWN_CA": "client_certificate_refused",
    "SSLV3_ALERT_BAD_CERTIFICATE": "client_certificate_refused",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "client_certificate_refused",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "client_certificate_refused",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "client_certificate_refused",
}
"""What a server's alert says of us."""
_EXPIRED, _OTHER_HOST = {9, 10}, {62, 63, 64}
"""Numbers of OpenSSL's X509_V_ERR_…: not yet valid or expired; host, mail or address mismatch."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed of one remote. Without anything: the system's authorities.

    `ca`: the site's own authority, instead of the system's unless `system` says: beside them.
    """

    ca: Path | None = None
    system: bool = False
    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    pins: tuple[str, ...] = ()
    """The server's key must be one of these; empty: any that an authority vouches for."""
    hosts: tuple[str, ...] = ()
    """Calls go to these hosts only; empty: to the one of the address."""

    def context(self) -> ssl.SSLContext:
        """Raises SyncError: tls_failed (the `ca` file is none), client_certificate_bad (file, key or password)."""
        try:
            context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
            if self.system:
                context.load_default_certs()
        except (OSError, ssl.SSLError) as error:
            raise SyncError("tls_failed", "the certificate file cannot be read") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            try:
                # Never asked for at the terminal: without a password an encrypted key is one that cannot be read.
                context.load_cert_chain(self.certificate, self.key, password=self.key_password or "")
            except (OSError, ssl.SSLError, ValueError) as error:
                raise SyncError("client_certificate_bad", type(error).__name__) from None
        return context

    def admits(self, host: str) -> bool:
        """Whether calls may go to this host."""
        return not self.hosts or host.lower() in {one.lower() for one in self.hosts}

    def check(self, certificate: bytes | None) -> None:
        """The DER certificate that a server showed. Raises SyncError certificate_not_pinned."""
        if not self.pins:
            return
        shown = "" if certificate is None else pin_of(certificate)
        if not any(hmac.compare_digest(shown, pin.strip()) for pin in self.pins if pin.isascii()):
            raise SyncError("certificate_not_pinned")


def pin_of(certificate: bytes) -> str:
    """The pin of a DER certificate."""
    # Here and not above: six megabytes of memory that only a site which pins its hosts needs.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    key = x509.load_der_x509_certificate(certificate).public_key()
    public = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _PIN + base64.b64encode(hashlib.sha256(public).digest()).decode()


def code_of(error: BaseException | None) -> str | None:
    """The code of what went wrong with TLS, None if it was something else."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            if error.verify_code in _EXPIRED:
                return "certificate_expired"
            return "certificate_other_host" if error.verify_code in _OTHER_HOST else "tls_failed"
        if isinstance(error, ssl.SSLError):
            return _CODES.get(error.reason or "", "tls_failed")
        error = error.__cause__ or error.__context__
    return None
