"""An order of the control door that is wrong. Pure."""

from __future__ import annotations


class BadOrder(Exception):
    """The order is wrong; the message says what about it."""
