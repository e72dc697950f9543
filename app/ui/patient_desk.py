"""What a person wishes of the identity screen, carried out for the window, one at a time. Worker.

What comes of it is told from the patient process's own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import SignalInstance

from app.domain.rights import Operator
from app.flows.identity import Identity
from app.patient.link import command_of
from app.patient.patients import Patients
from app.ui.signals import Signals

if TYPE_CHECKING:
    from app.wiring import Program


class Say(Protocol):
    """Emits a signal on the UI thread."""

    def __call__(self, signal: SignalInstance, *values: object) -> None: ...


class PatientDesk:
    """Patients in one window."""

    def __init__(self, program: Program, to: Signals, say: Say) -> None:
        command = command_of(program.paths.root, program.server)
        self._identity = Identity(
            lambda: program.settings, partial(Patients, command), partial(say, to.patient_changed), program.device
        )
        self._say, self._to = say, to

    @property
    def identity(self) -> Identity:
        return self._identity

    def tell(self) -> None:
        """How it stands, once more."""
        self._say(self._to.patient_changed, self._identity.view)

    def scan(self, raw: bytes) -> None:
        """Raises Trouble as `Identity.scan` does."""
        self._identity.scan(raw)

    def act(self, name: str, values: tuple[object, ...]) -> None:
        """One act by its name in `ACTS`. Raises Trouble as the flow does."""
        ACTS[name](self._identity, values)

    def sign_in(self, operator: Operator) -> None:
        self._identity.sign_in(operator)

    def sign_out(self) -> None:
        self._identity.sign_out()

    def follow_settings(self) -> None:
        self._identity.follow_settings()

    def close(self) -> None:
        self._identity.close()


Act = Callable[[Identity, tuple[object, ...]], None]
ACTS: dict[str, Act] = {
    "scene": lambda identity, values: identity.choose_scene(str(values[0])),
    "library": lambda identity, _: identity.read_by_library(),
    "card": lambda identity, values: identity.take_card(*map(str, values)),
    "choose": lambda identity, values: identity.choose(int(str(values[0]))),
    "hand_over": lambda identity, values: identity.hand_over(str(values[0])),
    "end": lambda identity, values: identity.end(str(values[0])),
}
"""What the screen may wish for."""
