"""From the wire to the disk: nothing lost, nothing changed, in order per scanner."""

from __future__ import annotations

from tests.devices.path_campaign import scan_all


def test_a_thousand_codes_of_two_scanners_lie_on_the_disk_as_they_were_shot(tmp_path):
    assert scan_all(tmp_path, 1_000) == {
        "stored": 1_000,
        "counted": 1_000,
        "missing": 0,
        "made_up": 0,
        "disordered": 0,
        "notes": 0,
    }
