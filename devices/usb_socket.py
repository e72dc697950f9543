"""The USB socket behind an entry of /sys (Linux): `1-2.3` is the third port of a hub at port 2. Any thread."""

from __future__ import annotations

import re
from pathlib import Path

_SOCKET = re.compile(r"[0-9]+-[0-9]+(\.[0-9]+)*")


def socket_of(entry: Path) -> str | None:
    """The socket; None for what hangs on no USB, or where there is no /sys."""
    try:
        parts = entry.resolve(strict=True).parts
    except OSError:
        return None
    return next((part for part in reversed(parts) if _SOCKET.fullmatch(part)), None)


def same_socket(wanted: str | None, socket: str | None) -> bool:
    """Whether a device may be meant; the name of an interface (`1-2:1.0`) means the socket of its device."""
    return wanted is None or (socket is not None and wanted.partition(":")[0] == socket)
