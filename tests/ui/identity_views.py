"""Views of the identity screen for tests: every state of it, all people invented."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from app.flows.identity_view import ASKING, ENDED, KNOWN, TROUBLE, WAITING, IdentityView
from app.patient.views import HandedOver, InsuredView, PatientView

FIVE = ("01302", "01101", "01201", "01301", "01303")
CITY = InsuredView(0, "310", "990100", active=True, away=False, person_kind="11")
AWAY = InsuredView(1, "390", "990300", active=False, away=True, person_kind="15")
ODD = InsuredView(2, "999", "990100", active=True, away=False)
PATIENT = PatientView("h1", "01302", "演****", "990*************1X", "01", 6890.0, (CITY,), 0)
SEVERAL = replace(PATIENT, insured=(CITY, AWAY, ODD), chosen=None)
WAITS = IdentityView("his-service", FIVE, "01302", WAITING, idle_s=600.0, open=True)


def known(patient: PatientView = PATIENT, **more: object) -> IdentityView:
    """Somebody stands at the window."""
    until_s = time.monotonic() + patient.expires_in_s
    return replace(WAITS, state=KNOWN, patient=patient, until_s=until_s, **more)  # type: ignore[arg-type]


def trouble(code: str, said: str = "", number: str = "") -> IdentityView:
    values = (("said", said), ("number", number)) if said else ()
    return replace(WAITS, state=TROUBLE, trouble=code, values=values)


HANDED = replace(
    PATIENT,
    business="01301",
    handed=(
        HandedOver("2206A", (("mdtrt_id", "M20260102000001"),)),
        HandedOver("2207A", (("setl_id", "S20260102000007"),)),
    ),
)
STATES: Mapping[str, IdentityView] = {
    "waits": WAITS,
    "waits_library": replace(WAITS, backend="library"),
    "asking": replace(WAITS, state=ASKING),
    "known": known(),
    "several": known(SEVERAL),
    "uninsured": known(replace(PATIENT, insured=(), chosen=None)),
    "handed": known(HANDED, business="01301", hand_overs=("2206A", "2207A", "2303A", "2304A")),
    "scan_again": known(
        replace(HANDED, wants_scan="2207A"), business="01301", hand_overs=("2206A", "2207A"),
        trouble="scan_again_to_settle",
    ),
    "expired": trouble("voucher_expired", "二维码已过期，请刷新后重试", "500160"),
    "used": trouble("voucher_used"),
    "not_activated": trouble("voucher_not_activated", "该参保人未激活医保电子凭证", "-1"),
    "down": trouble("insurance_down"),
    "library_crashed": replace(trouble("library_crashed"), backend="library"),
    "ended": replace(WAITS, state=ENDED, why="expired"),
}  # fmt: skip
