"""The shipped udev rule names the makers of the catalogue, all of them and nobody else, in each of its parts."""

from __future__ import annotations

import re
from pathlib import Path

from devices.catalog import CATALOG, Way

RULE = Path(__file__).resolve().parents[2] / "resources" / "udev" / "60-matou-scanners.rules"
MAKERS = {f"{model.vid:04x}" for model in CATALOG if model.way is not Way.BRIDGE}


def lines() -> list[str]:
    return [line for line in RULE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def test_every_maker_of_the_catalogue_is_in_every_part_and_no_bridge_is():
    rights = 'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
    for match, then in (
        ("idVendor", rights),
        ("id/vendor", rights),
        ("idVendor", 'ENV{ID_MM_DEVICE_IGNORE}="1", TAG+="uaccess"'),
    ):
        named = re.compile(rf'ATTRS\{{{match}\}}=="([0-9a-f]{{4}})", {re.escape(then)}')
        assert {found[1] for line in lines() if (found := named.fullmatch(line))} == MAKERS


def test_every_jump_has_its_label_and_every_line_is_known():
    gone = {found[1] for line in lines() if (found := re.search(r'GOTO="(\w+)"', line))}
    labels = {found[1] for line in lines() if (found := re.fullmatch(r'LABEL="(\w+)"', line))}
    assert gone == labels
    assert all(re.match(r"ATTRS|GOTO|LABEL|SUBSYSTEM|KERNEL|ACTION", line) for line in lines())
