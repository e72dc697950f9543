"""How each remote call is treated, as data: nothing else in the program knows these numbers. Pure.

`SyncSettings` begins with what stands here, and a test or a site may put other numbers in force.
"""

from __future__ import annotations

from sync.endpoints.endpoint import Endpoint, Repeat

_KB, _MB = 1024, 1024 * 1024

SITE = Endpoint("site", "GET", "/v1/site", "middleware.yaml", Repeat.SAFE, 256 * _KB)
CHANGES = Endpoint("changes", "GET", "/v1/changes", "middleware.yaml", Repeat.SAFE, 16 * _MB, few=1000, many=1000)
ITEMS = Endpoint(
    "items", "POST", "/v1/items", "middleware.yaml", Repeat.ASK_FIRST, 4 * _MB, linger_s=4.0, few=50, many=500
)
ASK = Endpoint("ask", "POST", "/v1/items/ask", "middleware.yaml", Repeat.SAFE, 4 * _MB, few=500, many=500)

_VERSION = "/v1/manifests/{manifest}/versions/{version}"
RELAY_HEADS = Endpoint(
    "relay_heads", "GET", "/v1/manifests", "relay.yaml", Repeat.SAFE, 4 * _MB, few=200, many=200, probe_s=120.0
)
RELAY_ROWS = Endpoint("relay_rows", "GET", f"{_VERSION}/rows", "relay.yaml", Repeat.SAFE, 0, few=500, many=500)
RELAY_ACK = Endpoint("relay_ack", "POST", f"{_VERSION}/ack", "relay.yaml", Repeat.SAFE, 64 * _KB)
RELAY_RESOLVE = Endpoint("relay_resolve", "POST", "/v1/resolve", "relay.yaml", Repeat.SAFE, 4 * _MB, few=100, many=100)

_INSURANCE = "evoucher.yaml"
HIS_VOUCHER = Endpoint("his_voucher", "POST", "/v1/evoucher/decode", _INSURANCE, Repeat.ASK_FIRST, 64 * _KB)
TXN_SIGN_IN = Endpoint("txn9001", "POST", "", _INSURANCE, Repeat.SAFE, 64 * _KB)
TXN_VOUCHER = Endpoint("txn6101", "POST", "", _INSURANCE, Repeat.ASK_FIRST, 256 * _KB)
TXN_PERSON = Endpoint("txn1101", "POST", "", _INSURANCE, Repeat.SAFE, 256 * _KB)
TXN_HAND_OVER = Endpoint("txn_passthrough", "POST", "", _INSURANCE, Repeat.ASK_FIRST, 1 * _MB)
"""Transactions in an envelope: the form of the site says where each is posted to. None is repeated by itself."""
