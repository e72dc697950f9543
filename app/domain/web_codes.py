"""A web address that carries a code (trace-codes.md §6). Pure: nothing is ever fetched."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

_SCHEMES = ("http://", "https://")
_DROPPED = re.compile(r"[\t\r\n]")
_RUN = re.compile(r"(?<![0-9])[0-9]{20}(?![0-9])")


def is_address(text: str) -> bool:
    """True for http and https, in small letters or in the capitals of a QR code's short form."""
    return text[:8].lower().startswith(_SCHEMES)


def is_whole(address: str) -> bool:
    """False for an address with a line end or tab inside: whoever takes it apart would drop that without a word."""
    return _DROPPED.search(address) is None


def code_in(address: str) -> str | None:
    """What the parameter `code` says; where there is none, the only run of exactly twenty digits. Else None."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    codes = [value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name.lower() == "code"]
    if codes:
        return codes[0] if len(codes) == 1 and not is_address(codes[0]) else None
    runs = _RUN.findall(unquote("\n".join((parts.path, parts.query, parts.fragment))))
    return runs[0] if len(runs) == 1 else None
