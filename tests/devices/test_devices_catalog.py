"""Known models, ports of this machine, and words for every code."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.base.texts import Texts
from devices import CODES, DeviceError, DeviceState, list_ports
from devices.catalog import CATALOG, Way, recognise
from devices.ports import _stable_names


@pytest.mark.parametrize(
    ("vid", "pid", "maker", "way"),
    [
        (0x05E0, 0x1701, "Zebra/Symbol", Way.CDC),
        (0x05E0, 0x9999, "Zebra/Symbol", Way.UNKNOWN),
        (0x1EAB, 0x1D06, "Newland", Way.CDC),
        (0x1EAB, 0x0D10, "Newland", Way.HID_POS),
        (0x1EAB, 0x0001, "Newland", Way.UNKNOWN),
        (0x05F9, 0x4204, "Datalogic", Way.CDC),
        (0x28E9, 0x018A, "GigaDevice", Way.CDC),
        (0x1A86, 0x7523, "WCH", Way.BRIDGE),
        (0x0C2E, None, "Honeywell/Metrologic", Way.UNKNOWN),
    ],
)
def test_models_by_their_usb_ids(vid, pid, maker, way):
    model = recognise(vid, pid)
    assert model is not None
    assert (model.maker, model.way) == (maker, way)


@pytest.mark.parametrize(("vid", "pid"), [(None, None), (0x1D6B, 0x0002), (0x28E9, 0x0001), (None, 0x1701)])
def test_strangers_stay_strangers(vid, pid):
    assert recognise(vid, pid) is None


def test_every_row_can_be_reached():
    reached = {recognise(row.vid, (*row.pids, row.low_byte, 0xFFFF)[0]) for row in CATALOG if row.pids}
    reached |= {recognise(row.vid, 0x1200 | row.low_byte) for row in CATALOG if row.low_byte is not None}
    reached |= {recognise(row.vid, 0xFFFF) for row in CATALOG if not row.pids and row.low_byte is None}
    assert reached == set(CATALOG)


def test_listing_ports_names_each_once():
    ports = [port.port for port in list_ports()]
    assert len(ports) == len(set(ports))


def test_a_stable_name_stands_for_the_port_it_leads_to(tmp_path: Path):
    (tmp_path / "ttyACM0").touch()
    folder = tmp_path / "by-id"
    assert dict(_stable_names(folder)) == {}
    folder.mkdir()
    (folder / "usb-Scanner_0001-if00").symlink_to(Path("..") / "ttyACM0")
    assert dict(_stable_names(folder)) == {str(tmp_path / "ttyACM0"): str(folder / "usb-Scanner_0001-if00")}


@pytest.mark.parametrize("code", [*CODES, *(f"device_{state.value}" for state in DeviceState)])
def test_every_code_has_words_in_both_languages(code):
    entry = Texts.load().table[code]
    for part in ("title_zh", "title_en"):
        assert entry[part]
    if code in CODES:
        assert entry["advice_zh"]
        assert entry["advice_en"]


def test_an_unknown_code_is_a_bug():
    with pytest.raises(ValueError, match="made_up"):
        DeviceError("made_up", "x")
    assert len(set(CODES)) == len(CODES)
