"""The screens by name, which of them is in front, and a scan on its way. Plain values; any thread.

Apart from `app.ui.routing`, because the first paint needs the names and not what reads codes.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Front(enum.StrEnum):
    """The screens, by the names of the registry."""

    SIGN_IN = "sign_in"
    TASKS = "tasks"
    RECEIVING = "receiving"
    LOOKUP = "lookup"
    UPLOADS = "uploads"
    CONFLICTS = "conflicts"
    ACCEPTANCE = "acceptance"
    IDENTITY = "identity"
    CAMERA = "camera"
    DEVICES = "devices"
    SETTINGS = "settings"
    ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Shot:
    """A scan on its way: from a scanner, or typed in the window (then `at_ms` is None: now)."""

    device: str
    payload: bytes = field(repr=False)  # may be a patient's credential
    at_ms: int | None = None


@dataclass(slots=True)
class Stage:
    """Which screen is in front. Written by the UI thread, and by the worker when it opens or leaves a receipt."""

    front: Front = Front.SIGN_IN
