"""One line of input → a scan or a command (contracts §3, "Input of receive"). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from app.domain.own_forms import holds_voucher

_MOMENTS = range(10**13)


@dataclass(frozen=True, slots=True)
class ScanInput:
    """Bytes of one scan; `at_ms` epoch milliseconds if the line named it."""

    raw: bytes = field(repr=False)  # may be a patient's credential
    at_ms: int | None = None
    scanner: str | None = None


@dataclass(frozen=True, slots=True)
class CommandInput:
    """What stands after the `!`."""

    text: str = field(repr=False)


def parse_line(line: bytes) -> ScanInput | CommandInput:
    """`line` without or with its line end. A `{` that begins no such object is just the first sign of a code."""
    body = line.removesuffix(b"\n").removesuffix(b"\r")
    if body.startswith(b"!"):
        try:
            return CommandInput(body[1:].decode("utf-8"))
        except UnicodeDecodeError:
            return ScanInput(body)
    if body.startswith(b"{"):
        return _object(body) or ScanInput(body)
    return ScanInput(body)


def _object(body: bytes) -> ScanInput | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.keys() - {"payload", "raw_hex", "at_ms", "device"}:
        return None
    raw = _bytes(found.get("payload"), found.get("raw_hex"))
    at_ms, scanner = found.get("at_ms"), found.get("device")
    if raw is None or not (at_ms is None or (type(at_ms) is int and at_ms in _MOMENTS)):
        return None
    if not (scanner is None or (isinstance(scanner, str) and scanner.isprintable() and not holds_voucher(scanner))):
        return None
    return ScanInput(raw, at_ms, scanner)


def _bytes(payload: object, raw_hex: object) -> bytes | None:
    """Exactly one of the two; a lone surrogate is no text and stays as the bytes it would be."""
    if isinstance(payload, str) and raw_hex is None:
        return payload.encode("utf-8", "surrogatepass")
    if isinstance(raw_hex, str) and payload is None:
        try:
            return bytes.fromhex(raw_hex)
        except ValueError:
            return None
    return None
