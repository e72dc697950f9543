"""Who is at work: the operator and their PIN, checked against verifiers that the hospital sent. Works offline."""

from __future__ import annotations

from app.base.errors import Trouble
from app.domain.rights import Operator
from app.store.catalogue import Catalogue
from app.store.writer import SCAN, StoreWriter


def sign_in(writer: StoreWriter, catalogue: Catalogue, operator_id: str, pin: str) -> Operator:
    """The operator behind an id and a PIN. Raises Trouble: operator_unknown, pin_wrong."""
    found = writer.call(lambda: catalogue.operator(operator_id), priority=SCAN, write=False)
    if found is None or not found[0].active:
        raise Trouble("operator_unknown", operator=operator_id)
    operator, verifier = found
    if not verifier.matches(pin):
        raise Trouble("pin_wrong", operator=operator_id)
    return operator
