"""What the identity screen draws. Pure; made by the flow, read on the UI thread."""

from __future__ import annotations

from dataclasses import dataclass

from app.patient.plan import LIBRARY, OFF
from app.patient.views import PatientView

WAITING, ASKING, KNOWN, TROUBLE, ENDED = "waiting", "asking", "known", "trouble", "ended"
STATES = (WAITING, ASKING, KNOWN, TROUBLE, ENDED)


@dataclass(frozen=True, slots=True)
class IdentityView:
    """The identity screen. `trouble` with its `values` may stand beside a patient who is still known."""

    backend: str = OFF
    scenes: tuple[str, ...] = ()
    business: str = ""
    state: str = WAITING
    patient: PatientView | None = None
    until_s: float = 0.0  # of the monotonic clock: when the patient is let go of
    hand_overs: tuple[str, ...] = ()  # for this business
    trouble: str = ""
    values: tuple[tuple[str, str], ...] = ()
    why: str = ""  # of an end
    idle_s: float = 0.0
    open: bool = False  # the person who is signed in may identify patients here

    @property
    def reads_itself(self) -> bool:
        """The library has a scanner of its own, and takes no text."""
        return self.backend == LIBRARY
