"""What a person wishes of the identity screen, carried out for the window, one at a time. Worker.

What comes of it is told from the patient process's own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import SignalInstance

from app.domain.rights import Operator
from app.patient.plan import OFF
from app.ui.signals import Signals

if TYPE_CHECKING:
    from app.flows.identity import Identity
    from app.wiring import Program

    Act = Callable[[Identity, tuple[object, ...]], None]


class Say(Protocol):
    """Emits a signal on the UI thread."""

    def __call__(self, signal: SignalInstance, *values: object) -> None: ...


class PatientDesk:
    """Patients in one window. Where nobody reads their vouchers nothing of it is loaded: no scan waits for it."""

    def __init__(self, program: Program, to: Signals, say: Say) -> None:
        self._program, self._to, self._say = program, to, say
        self._operator: Operator | None = None

    @cached_property
    def identity(self) -> Identity:
        """From when it is wanted on."""
        from app.flows.identity import Identity  # noqa: PLC0415
        from app.patient.link import command_of  # noqa: PLC0415
        from app.patient.patients import Patients  # noqa: PLC0415

        program = self._program
        command = command_of(program.paths.root, program.server)
        made = Identity(
            lambda: program.settings,
            partial(Patients, command),
            partial(self._say, self._to.patient_changed),
            program.device,
        )
        if self._operator is not None:
            made.sign_in(self._operator)
        return made

    @property
    def _is_here(self) -> bool:
        return "identity" in self.__dict__

    @property
    def _is_wanted(self) -> bool:
        return self._is_here or self._program.settings.text("evoucher") != OFF

    def tell(self) -> None:
        """How it stands, once more."""
        if self._is_wanted:
            self._say(self._to.patient_changed, self.identity.view)

    def scan(self, raw: bytes) -> None:
        """Raises Trouble as `Identity.scan` does."""
        self.identity.scan(raw)

    def act(self, name: str, values: tuple[object, ...]) -> None:
        """One act by its name in `ACTS`. Raises Trouble as the flow does."""
        ACTS[name](self.identity, values)

    def sign_in(self, operator: Operator) -> None:
        self._operator = operator
        if self._is_wanted:
            self.identity.sign_in(operator)

    def sign_out(self) -> None:
        self._operator = None
        if self._is_here:
            self.identity.sign_out()

    def follow_settings(self) -> None:
        if self._is_wanted:
            self.identity.follow_settings()

    def close(self) -> None:
        if self._is_here:
            self.identity.close()


ACTS: dict[str, Act] = {
    "scene": lambda identity, values: identity.choose_scene(str(values[0])),
    "library": lambda identity, _: identity.read_by_library(),
    "card": lambda identity, values: identity.take_card(*map(str, values)),
    "choose": lambda identity, values: identity.choose(int(str(values[0]))),
    "hand_over": lambda identity, values: identity.hand_over(str(values[0])),
    "end": lambda identity, values: identity.end(str(values[0])),
}
"""What the screen may wish for."""
