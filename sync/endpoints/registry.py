"""Every remote call of this package, in one list per party that answers. Pure."""

from __future__ import annotations

from sync.endpoints import (
    his_voucher,
    middleware_ask,
    middleware_changes,
    middleware_items,
    middleware_site,
    relay_ack,
    relay_heads,
    relay_resolve,
    relay_rows,
    txn1101,
    txn6101,
    txn9001,
    txn_passthrough,
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
    his_voucher.ENDPOINT,
    txn9001.ENDPOINT,
    txn6101.ENDPOINT,
    txn1101.ENDPOINT,
    txn_passthrough.ENDPOINT,
)
