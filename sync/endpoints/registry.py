"""Every remote call of this package, in one list. Pure."""

from __future__ import annotations

from sync.endpoints import middleware_ask, middleware_changes, middleware_items, middleware_site
from sync.endpoints.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    middleware_site.ENDPOINT,
    middleware_changes.ENDPOINT,
    middleware_items.ENDPOINT,
    middleware_ask.ENDPOINT,
)
