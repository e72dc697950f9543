"""What a technician may type into a setting of the site: the code of what is wrong with it, or None. Pure but for one
look whether a file is there; UI thread.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from app.base.settings import setting_of
from app.ui.screens.installation import place_of_data

Check = Callable[[str], str | None]
PIN = "sha256/"
PIN_BYTES = 32
SCHEME_FILE = ".toml"
_HOST = re.compile(r"[^\s/:@?#\[\]*]+")


def anything(_text: str) -> str | None:
    """Nothing can be wrong with it."""
    return None


def pins(text: str) -> str | None:
    """Lines of `sha256/` and the base64 of 32 bytes; a wrong one would shut the hospital out."""
    for line in text.split():
        try:
            raw = base64.b64decode(line.removeprefix(PIN), validate=True) if line.startswith(PIN) else b""
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != PIN_BYTES:
            return "settings_bad_pin"
    return None


def hosts(text: str) -> str | None:
    """Names or addresses, one on each line, without scheme, port and path."""
    return None if all(_is_host(line.strip()) for line in text.splitlines()) else "settings_bad_host"


def address(text: str) -> str | None:
    """Nothing, or an address of a server; without TLS on this machine only."""
    try:
        url = urlsplit(text)
        host = url.hostname or ""
        valid = url.scheme in ("http", "https") and bool(host) and url.port != 0
    except ValueError:
        return "settings_bad_address"
    if not text:
        return None
    if not valid or url.query or url.fragment or "@" in url.netloc or any(sign.isspace() for sign in text):
        return "settings_bad_address"
    return "settings_bad_http" if url.scheme == "http" and not _is_here(host) else None


def file(text: str) -> str | None:
    """Nothing, or a file that is there, named from the data folder."""
    folder = place_of_data().folder
    if not text or folder is None:
        return None
    try:
        return None if (folder / Path(text)).is_file() else "settings_bad_file"
    except (OSError, ValueError):
        return "settings_bad_file"


def scheme_file(text: str) -> str | None:
    """The file of a scheme of the site's own."""
    return file(text) if text.endswith(SCHEME_FILE) else "settings_bad_scheme"


def days(text: str) -> str | None:
    """A whole number within the setting's limits."""
    setting = setting_of("upload_log_days")
    fits = text.isascii() and text.isdigit() and len(text) < 6 and setting.accepts(float(text))
    return None if fits else "settings_bad_days"


def ranges(text: str) -> str | None:
    """Lines of a storage word and its two temperatures."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return None if setting_of("storage_ranges").accepts(lines) else "settings_bad_range"


def _is_host(text: str) -> bool:
    return not text or _HOST.fullmatch(text) is not None or _is_address(text)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_here(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
