"""Twenty devices on one delivery at once: ids never collide, every box is in once, nobody's answer is lost."""

from __future__ import annotations

from tests.sync.wire_devices import BOXES, campaign

DEVICES = 20


def test_twenty_devices_on_one_delivery() -> None:
    told = campaign(DEVICES, children=0)
    assert told.ids == told.different == DEVICES * (BOXES + 1)
    assert (told.missing, told.double) == (0, 0)
    assert told.accepted == DEVICES * BOXES
    assert told.conflicts == DEVICES  # each first box was shot by two
