"""What the patient process tells the window: masked views and opaque handles, nothing that a thief could use. Pure."""

from __future__ import annotations

from dataclasses import dataclass

EXPIRED, NEXT, SIGNED_OUT, LOCKED, LEFT, IDLE, GONE = (
    "expired", "next", "signed_out", "locked", "left", "idle", "gone",
)  # fmt: skip
ENDS = (EXPIRED, NEXT, SIGNED_OUT, LOCKED, LEFT, IDLE, GONE)
"""Why nothing is held of a patient any more; each has a text `patient_ended_WHY`."""
TOKEN, ID_CARD, SOCIAL_CARD = "01", "02", "03"
"""`mdtrt_cert_type`: with what the patient proves who they are (e-voucher-6101.md §8)."""


@dataclass(frozen=True, slots=True)
class InsuredView:
    """One kind of insurance (险种) of a patient, as it may be seen."""

    place: int  # in the list of the answer; what `choose` takes
    kind: str  # insutype
    area: str  # insuplc_admdvs
    active: bool
    away: bool  # not of this hospital's area
    person_kind: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A transaction that the middleware took, and the ids that came back."""

    infno: str
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PatientView:
    """A patient as the window knows them. `handle` names the patient to the patient process and to nobody else."""

    handle: str
    business: str  # businessType (§3.6): what the voucher was shown for
    name: str  # masked
    number: str  # masked
    credential: str  # TOKEN, ID_CARD, SOCIAL_CARD
    expires_in_s: float  # of the moment when this was said
    insured: tuple[InsuredView, ...] = ()
    chosen: int | None = None
    handed: tuple[HandedOver, ...] = ()
    wants_scan: str = ""  # the transaction that waits for the patient's voucher to be scanned again

    @property
    def must_choose(self) -> bool:
        """Several kinds of insurance, and nobody said which one."""
        return self.chosen is None and len(self.insured) > 1
