"""The screens by name, in the order in which the frame offers them; each is imported when it is wanted. UI thread.

A screen's module holds two things, found here by name:

- its class, a `Screen` (app.ui.screens.screen), made of a look and the texts;
- a function `join(screen, conductor)` that connects the conductor's signals with the screen's drawing and the
  screen's wishes with the conductor's methods. The window calls it once and knows nothing of any screen.

A screen that wants another one in front says so by its signal `goes`, with the name of that screen.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from app.base.texts import Texts
from app.ui.conductor import Conductor
from app.ui.fronts import Front
from app.ui.screens.screen import Screen
from app.ui.theme import Look

Join = Callable[[Screen, Conductor], None]


class Make(Protocol):
    """What a screen's class is to the window."""

    def __call__(self, look: Look, texts: Texts) -> Screen: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One screen and where it is found."""

    front: Front
    made_by: str

    @property
    def module(self) -> str:
        return f"app.ui.screens.{self.front.value}"

    def load(self, look: Look, texts: Texts) -> tuple[Screen, Join]:
        """The screen, new, and what joins it to a conductor. Imports its module."""
        module = importlib.import_module(self.module)
        return cast("Make", getattr(module, self.made_by))(look, texts), cast("Join", module.join)


SCREENS: tuple[Entry, ...] = (
    Entry(Front.SIGN_IN, "SignInScreen"),
    Entry(Front.TASKS, "TasksScreen"),
    Entry(Front.RECEIVING, "ReceivingScreen"),
    Entry(Front.LOOKUP, "LookupScreen"),
    Entry(Front.UPLOADS, "UploadsScreen"),
    Entry(Front.CONFLICTS, "ConflictsScreen"),
    Entry(Front.ACCEPTANCE, "AcceptanceScreen"),
    Entry(Front.IDENTITY, "IdentityScreen"),
    Entry(Front.CAMERA, "CameraScreen"),
    Entry(Front.DEVICES, "DevicesScreen"),
    Entry(Front.SETTINGS, "SettingsScreen"),
    Entry(Front.ABOUT, "AboutScreen"),
)
_BY_FRONT = {entry.front: entry for entry in SCREENS}


def entry_of(front: Front) -> Entry:
    """The entry of a screen."""
    return _BY_FRONT[front]
