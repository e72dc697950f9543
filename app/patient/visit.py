"""One patient, as long as they are held: token, number and person, and what may be told. Patient process only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.patient.masks import masked_name, masked_number
from app.patient.plan import SETTLING, Plan
from app.patient.ports import Credential, Insured, PatientTrouble, Person
from app.patient.views import TOKEN, HandedOver, InsuredView, PatientView


def awake_and_asleep_s() -> float:
    """Seconds that never go back and go on while the machine sleeps; a wall clock that is set counts for nothing."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(slots=True)
class Visit:
    """A patient from the first answer of 6101 (or of a card) until the process ends."""

    handle: str
    business: str
    credential: Credential = field(repr=False)
    person: Person = field(repr=False)
    area: str
    plan: Plan
    until_s: float  # of the clock
    clock: Callable[[], float] = awake_and_asleep_s
    chosen: int | None = None
    handed: tuple[HandedOver, ...] = ()
    waits: str = ""  # the transaction that wants the voucher once more
    seen_again: bool = False

    def __post_init__(self) -> None:
        if len(self.person.insured) == 1:
            self.chosen = 0

    @property
    def left_s(self) -> float:
        """How long the token may still be used."""
        return max(0.0, self.until_s - self.clock())

    @property
    def insured(self) -> Insured | None:
        """The kind of insurance that was chosen, or is the only one."""
        return None if self.chosen is None else self.person.insured[self.chosen]

    @property
    def known(self) -> dict[str, str]:
        """The ids that came back so far; later ones stand over earlier ones."""
        return {name: value for each in self.handed for name, value in each.ids}

    def choose(self, place: int) -> None:
        """Raises PatientTrouble insurance_not_there."""
        if not 0 <= place < len(self.person.insured):
            raise PatientTrouble("insurance_not_there")
        self.chosen = place

    def check_hand_over(self, infno: str) -> None:
        """Raises PatientTrouble: patient_expired, insurance_not_chosen, scan_again_to_settle (kept in `waits`)."""
        if self.left_s <= 0:
            raise PatientTrouble("patient_expired")
        if self.chosen is None and self.person.insured:
            raise PatientTrouble("insurance_not_chosen")
        if infno in SETTLING and self.plan.settle_again and self.credential.kind == TOKEN and not self.seen_again:
            self.waits = infno
            raise PatientTrouble("scan_again_to_settle")

    def take_again(self, other: Visit) -> None:
        """The same patient showed the voucher once more. Raises PatientTrouble patient_is_another."""
        if not other.person.id_no or other.person.id_no != self.person.id_no:
            raise PatientTrouble("patient_is_another")
        self.credential, self.until_s, self.seen_again = other.credential, other.until_s, True

    def keep(self, infno: str, ids: tuple[tuple[str, str], ...]) -> None:
        """A transaction was taken."""
        self.handed = (*self.handed, HandedOver(infno, ids))
        if infno in SETTLING:
            self.seen_again = False  # the next settlement asks again

    def view(self) -> PatientView:
        """What the window may know."""
        person = self.person
        rows = tuple(
            InsuredView(place, one.kind, one.area, one.active, self._away(one), one.person_kind)
            for place, one in enumerate(person.insured)
        )
        return PatientView(
            self.handle, self.business, masked_name(person.name), masked_number(person.id_no), self.credential.kind,
            self.left_s, rows, self.chosen, self.handed, self.waits,
        )  # fmt: skip

    def _away(self, one: Insured) -> bool:
        """Insured in another place than where this hospital lies; areas are compared by their city."""
        return bool(self.area and one.area) and one.area[:4] != self.area[:4]
