"""The closed table of what a scan or a command can be answered. Stable names; a test demands a text for each. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.upload_owners import Owner


class Verdict(enum.StrEnum):
    """The word for a scan, as scripts read it."""

    ACCEPTED = "accepted"
    COVERED = "covered"
    ATTENTION = "attention"
    REFUSED = "refused"


class Panel(enum.StrEnum):
    """How loud the screen is."""

    GOOD = "good"
    SOFT = "soft"
    ATTENTION = "attention"
    STOP = "stop"


class Lists(enum.StrEnum):
    """The lists beside the equation; each counts distinct codes as shot."""

    EXTRA = "extra"
    FOREIGN = "foreign"
    DUPLICATE = "duplicate"
    OFFERED = "offered"
    CONFLICT = "conflict"
    ALREADY = "already"
    WRONG_BATCH = "wrong_batch"
    EXPIRED = "expired"
    RECALLED = "recalled"
    NEAR_EXPIRY = "near_expiry"
    TO_CLEAR = "to_clear"


@dataclass(frozen=True, slots=True)
class Row:
    """One reason: the word, the panel, whether the scan enters the equation, and the list it shows in."""

    verdict: Verdict
    panel: Panel
    counted: bool
    shows_in: Lists | None = None


LIST_OWNERS: Mapping[Lists, Owner] = {
    Lists.EXTRA: Owner.PHARMACIST,
    Lists.FOREIGN: Owner.SUPPLIER,
    Lists.DUPLICATE: Owner.CLERK,
    Lists.OFFERED: Owner.CLERK,
    Lists.CONFLICT: Owner.CLERK,
    Lists.ALREADY: Owner.PHARMACIST,
    Lists.WRONG_BATCH: Owner.PHARMACIST,
    Lists.EXPIRED: Owner.PHARMACIST,
    Lists.RECALLED: Owner.PHARMACIST,
    Lists.NEAR_EXPIRY: Owner.PHARMACIST,
    Lists.TO_CLEAR: Owner.CLERK,
}
"""Whose turn it is. A list's reason and next step are the title and advice of `recv_list_<name>`."""

OK = "ok"

SCAN_REASONS: dict[str, Row] = {
    OK: Row(Verdict.ACCEPTED, Panel.GOOD, True),
    "near_expiry": Row(Verdict.ATTENTION, Panel.ATTENTION, True, Lists.NEAR_EXPIRY),
    "covered_by_parent": Row(Verdict.COVERED, Panel.SOFT, False),
    "children_all_in": Row(Verdict.COVERED, Panel.SOFT, False),
    "duplicate_in_receipt": Row(Verdict.ATTENTION, Panel.ATTENTION, False, Lists.DUPLICATE),
    "over_quantity": Row(Verdict.ATTENTION, Panel.STOP, False, Lists.EXTRA),
    "other_delivery": Row(Verdict.ATTENTION, Panel.ATTENTION, False, Lists.OFFERED),
    "parent_opened": Row(Verdict.ATTENTION, Panel.STOP, False, Lists.CONFLICT),
    "source_conflict": Row(Verdict.ATTENTION, Panel.STOP, False, Lists.CONFLICT),
    "already_received": Row(Verdict.REFUSED, Panel.STOP, False, Lists.ALREADY),
    "already_dispensed": Row(Verdict.REFUSED, Panel.STOP, False, Lists.ALREADY),
    "not_in_delivery": Row(Verdict.REFUSED, Panel.STOP, False, Lists.FOREIGN),
    "wrong_batch": Row(Verdict.REFUSED, Panel.STOP, False, Lists.WRONG_BATCH),
    "expired": Row(Verdict.REFUSED, Panel.STOP, False, Lists.EXPIRED),
    "recalled": Row(Verdict.REFUSED, Panel.STOP, False, Lists.RECALLED),
    "product_code": Row(Verdict.ATTENTION, Panel.ATTENTION, False, Lists.TO_CLEAR),
    "unknown_code": Row(Verdict.ATTENTION, Panel.ATTENTION, False, Lists.TO_CLEAR),
    "ambiguous": Row(Verdict.ATTENTION, Panel.ATTENTION, False, Lists.TO_CLEAR),
    "scan_not_allowed": Row(Verdict.REFUSED, Panel.STOP, False),
    "delivery_withdrawn": Row(Verdict.REFUSED, Panel.STOP, False),
    "voucher_at_dock": Row(Verdict.REFUSED, Panel.STOP, False),
    "held_by_stop": Row(Verdict.REFUSED, Panel.STOP, False),
    "not_recorded": Row(Verdict.REFUSED, Panel.STOP, False),
}

# Why a command did not work (reason `ok` when it did). Their texts are `command_…` unless the scan's text serves.
COMMAND_REASONS: frozenset[str] = frozenset(
    {
        OK,
        "nothing_to_undo",
        "nothing_to_confirm",
        "outcome_missing",
        "bad_command",
        "unknown_command",
        "command_unavailable",
        "no_such_line",
        "quantity_bad",
        "not_in_delivery",
        "unknown_code",
        "ambiguous",
        "product_code",
        "voucher_at_dock",
        "no_right",
        "other_store_room",
        "acceptance_unfinished",
        "delivery_withdrawn",
        "witness_pin_missing",
        "acceptance_same_person",
        "acceptance_not_concluded",
        "operator_unknown",
        "pin_wrong",
        "pin_locked",
        "no_such_drug",
        "not_a_package",
        "level_known",
        "held_by_stop",
        "not_recorded",
    }
)
