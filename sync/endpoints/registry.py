"""Every remote call of this package, in one list per party that answers. Pure."""

from __future__ import annotations

from sync.endpoints import (
    declared,
    middleware_ask,
    middleware_changes,
    middleware_items,
    middleware_site,
    relay_ack,
    relay_heads,
    relay_resolve,
    relay_rows,
)
from sync.endpoints.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    middleware_site.ENDPOINT,
    middleware_changes.ENDPOINT,
    middleware_items.ENDPOINT,
    middleware_ask.ENDPOINT,
)

RELAY_ENDPOINTS: tuple[Endpoint, ...] = (
    relay_heads.ENDPOINT,
    relay_rows.ENDPOINT,
    relay_ack.ENDPOINT,
    relay_resolve.ENDPOINT,
)

INSURANCE_ENDPOINTS: tuple[Endpoint, ...] = (
    declared.HIS_VOUCHER,
    declared.TXN_SIGN_IN,
    declared.TXN_VOUCHER,
    declared.TXN_PERSON,
    declared.TXN_HAND_OVER,
)
"""Their modules are loaded where a patient comes, and that is in no window that receives."""
