"""Whose turn it is: every reason for which an item did not simply arrive has an owner. Pure.

The sentence and the next step of a reason are its text (title and advice). A test holds this table against the codes
that the exchange and the contract know.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Owner(enum.StrEnum):
    """Who has to do something; the text is `owner_<word>`."""

    CLERK = "clerk"
    PHARMACIST = "pharmacist"
    IT = "it"
    SUPPLIER = "supplier"
    INSURANCE = "insurance"  # 医保办
    NOBODY = "nobody"  # it goes on by itself


OWNERS: Mapping[str, Owner] = {
    # conflicts: two records of one thing
    "same_code": Owner.CLERK,
    "different_children": Owner.CLERK,
    "other_receipt": Owner.PHARMACIST,
    # the goods or the papers
    "wrong_drug": Owner.PHARMACIST,
    "wrong_line": Owner.PHARMACIST,
    "not_in_delivery": Owner.PHARMACIST,
    "poisoned": Owner.PHARMACIST,
    "receipt_closed": Owner.PHARMACIST,
    "equation_open": Owner.PHARMACIST,
    "close_differs": Owner.PHARMACIST,
    "not_reversible": Owner.PHARMACIST,
    "negates_unknown": Owner.PHARMACIST,
    "delivery_withdrawn": Owner.SUPPLIER,
    "unknown_delivery": Owner.SUPPLIER,
    "unknown_line": Owner.SUPPLIER,
    # rows for the insurance
    "claim_incomplete": Owner.INSURANCE,
    "claim_refused": Owner.INSURANCE,
    "claim_serial_used": Owner.INSURANCE,
    "claim_serial_unknown": Owner.INSURANCE,
    # the program and the line
    "bad_item": Owner.IT,
    "id_reused": Owner.IT,
    "negates_other_receipt": Owner.IT,
    "body_damaged": Owner.IT,
    "too_large": Owner.IT,
    "bad_request": Owner.IT,
    "unspecified": Owner.IT,
    "ask_unavailable": Owner.IT,
    # set aside by a person, who said for whom
    "set_aside": Owner.PHARMACIST,
    "aside_clerk": Owner.CLERK,
    "aside_pharmacist": Owner.PHARMACIST,
    "aside_it": Owner.IT,
    "aside_supplier": Owner.SUPPLIER,
    "aside_insurance": Owner.INSURANCE,
    "waits_for_held": Owner.PHARMACIST,
    # these go on by themselves
    "busy": Owner.NOBODY,
    "receipt_incomplete": Owner.NOBODY,
    "waits_for_negated": Owner.NOBODY,
    "person_arrived": Owner.NOBODY,
    "receipt_open": Owner.NOBODY,
    "claim_waits": Owner.NOBODY,
    "superseded": Owner.NOBODY,
}

ASIDE: Mapping[Owner, str] = {
    Owner.CLERK: "aside_clerk",
    Owner.PHARMACIST: "aside_pharmacist",
    Owner.IT: "aside_it",
    Owner.SUPPLIER: "aside_supplier",
    Owner.INSURANCE: "aside_insurance",
}
"""For whom something is set aside → its code."""

TROUBLED = ("refused", "held", "unsure")
"""States in which an item may wait for somebody."""


def owner_of(state: str, code: str | None) -> Owner:
    """Whose turn it is. A code that this version does not know is for IT to ask about."""
    if state not in TROUBLED or (state == "unsure" and code != "ask_unavailable"):
        return Owner.NOBODY
    found = OWNERS.get(code or "", Owner.IT)
    return Owner.IT if found is Owner.NOBODY else found


def codes_of(owner: Owner) -> frozenset[str]:
    """The reasons that are this owner's."""
    return frozenset(code for code, found in OWNERS.items() if found is owner)
