"""Finding scanners without opening them: by ids, serial number, socket or a name that stays; presets; the registry."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from devices import DeviceManager, DeviceState, FoundPort, ScannerSpec, registry
from devices.catalog import CATALOG, Way, recognise
from devices.errors import DeviceError, KindNotSupported, PortError
from devices.framing import Suffix
from devices.ports import Found, address_of, list_scanners, scanner_ports
from devices.registry import DRIVERS, Entry, driver_for
from devices.serial_port import SerialDriver, settings_for
from devices.spec import UsbAddress
from tests.fixtures.ptyport import PtyPort


def port(name: str, vid: int | None = None, pid: int | None = None, serial: str | None = None, **more) -> FoundPort:
    return FoundPort(name, more.pop("stable", name), vid, pid, serial, None, recognise(vid, pid), **more)


ZEBRA = port("COM7", 0x05E0, 0x1701, "S7", location="1-1.2")
TWIN = port("COM8", 0x05E0, 0x1701, "S8", location="1-1.3")
NAMELESS = port("COM9", 0x1EAB, 0x0C06, None, location="1-2")
MODEM = port("COM1", 0x0403, 0x6001, "FT1")
HERE = (ZEBRA, TWIN, NAMELESS, MODEM)


@pytest.mark.parametrize(
    ("found", "spec"),
    [
        (ZEBRA, "serial:05E0:1701:S7"),
        (NAMELESS, "serial:1EAB:0C06@1-2"),
        (replace(NAMELESS, location=None), "serial:COM9"),
        (replace(ZEBRA, stable_port="/dev/serial/by-id/usb-Z"), "serial:/dev/serial/by-id/usb-Z"),
        (replace(ZEBRA, serial="A?B"), "serial:05E0:1701@1-1.2"),
        (port("/dev/ttyS0"), "serial:/dev/ttyS0"),
    ],
)
def test_a_port_is_named_by_what_survives_replugging(found, spec):
    assert found.spec == spec
    assert ScannerSpec.parse(spec).device == spec


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        ("serial:05e0:1701:S8", "COM8"),
        ("serial:05E0:1701@1-1.2", "COM7"),
        ("serial:05E0:1701", "COM7"),
        ("serial:1EAB:0C06", "COM9"),
        ("serial:05E0:1701:S9", None),
        ("serial:COM3", "COM3"),
    ],
)
def test_a_name_finds_the_port_wherever_it_is_now(spec, address):
    assert address_of(ScannerSpec.parse(spec), lambda: HERE)[0] == address


def test_the_same_scanner_on_another_port_is_the_same_scanner():
    spec = ScannerSpec.parse(ZEBRA.spec)
    moved = replace(ZEBRA, port="COM12", stable_port="COM12", location="1-4")
    assert address_of(spec, lambda: (TWIN, moved)) == ("COM12", recognise(0x05E0, 0x1701))


def test_a_scanner_that_is_not_plugged_in_is_said_so_and_nothing_is_opened():
    driver = SerialDriver(ScannerSpec.parse("serial:05E0:1701:S9"), lambda: 0, lambda: HERE)
    with pytest.raises(PortError) as caught:
        driver.open()
    assert (caught.value.code, caught.value.subject) == ("port_not_found", "05E0:1701:S9")


def test_a_scanner_named_by_its_ids_is_ready_again_wherever_it_comes_back(tmp_path, recorder):
    """As Windows does it: the same scanner returns as another port."""
    plugged: dict[str, str] = {}

    def ports() -> tuple[FoundPort, ...]:
        return tuple(replace(ZEBRA, port=path, stable_port=path) for path in plugged.values())

    manager = DeviceManager(
        [ScannerSpec.parse(ZEBRA.spec)],
        on_scan=recorder.on_scan,
        on_status=recorder.on_status,
        now_ms=recorder.now_ms,
        factories={"serial": lambda spec, now_ms: SerialDriver(spec, now_ms, ports)},
    )
    with PtyPort(tmp_path, "ttyACM0") as first, PtyPort(tmp_path, "ttyACM1") as second:
        manager.start()
        try:
            recorder.wait_status(DeviceState.TROUBLE, "port_not_found")
            plugged["it"] = str(first.path)
            recorder.wait_status(DeviceState.READY)
            first.write(b"ONE")  # this maker leaves the suffix off: silence ends the label
            assert recorder.wait_scans(1) == [b"ONE"]
            del plugged["it"]
            first.unplug()
            recorder.wait_status(DeviceState.LOST, "port_lost")
            began_s = time.monotonic()
            plugged["it"] = str(second.path)
            recorder.wait_status(DeviceState.READY, times=2)
            assert time.monotonic() - began_s < 2
            second.write(b"TWO\rTHREE\r")
            assert recorder.wait_scans(3) == [b"ONE", b"TWO", b"THREE"]
            assert {scan.device for scan in recorder.scans} == {"serial:05E0:1701:S7"}
        finally:
            manager.stop()


def test_one_device_is_opened_anew_or_let_go_while_the_others_go_on(tmp_path, recorder, start):
    with PtyPort(tmp_path, "left") as left, PtyPort(tmp_path, "right") as right:
        manager = start(left.spec, right.spec)
        recorder.wait_status(DeviceState.READY, times=2)
        manager.open(ScannerSpec.parse(f"{left.spec}?suffix=TAB"))
        recorder.wait_status(DeviceState.READY, times=3)
        assert [status.device for status in manager.statuses()] == [left.spec, right.spec]
        assert manager.spec_of(left.spec).option("suffix") == "TAB"
        left.write(b"A\rB\t")
        right.write(b"C\r")
        recorder.wait_scans(2)
        assert sorted(recorder.payloads) == [b"A\rB", b"C"]
        manager.close(left.spec)
        assert [status.device for status in manager.statuses()] == [right.spec]
        assert manager.spec_of(left.spec) is None
        with pytest.raises(DeviceError):
            manager.open(ScannerSpec.parse("keys"))
        right.write(b"D\r")
        recorder.wait_scans(3)


def test_a_usb_address_reads_back_as_it_is_written():
    for address in (UsbAddress(0x05E0, 0x1701), UsbAddress(1, 2, "a:b c"), UsbAddress(1, 2, None, "1-1.2:1.0")):
        assert ScannerSpec.parse(f"serial:{address}").usb_address() == address
    assert ScannerSpec.parse("serial:/dev/ttyACM0").usb_address() is None


def test_makers_habits_hold_where_the_spec_says_nothing():
    zebra, newland = recognise(0x05E0, 0x1701), recognise(0x1EAB, 0x0C06)
    bare, said = ScannerSpec.parse("serial:X"), ScannerSpec.parse("serial:X?suffix=TAB")
    assert settings_for(bare, zebra).profile.suffix is Suffix.EITHER
    assert settings_for(bare, newland).profile.suffix is Suffix.AUTO
    assert settings_for(bare, None).profile.suffix is Suffix.AUTO
    assert settings_for(said, zebra).profile.suffix is Suffix.TAB


def test_lines_of_a_real_rs232_are_set_as_written():
    settings = ScannerSpec.parse("serial:COM1?bits=7&parity=e&stop=2&rtscts=on&dtr=off&rts=OFF").serial_settings()
    assert (settings.data_bits, settings.parity, settings.stop_bits) == (7, "E", 2)
    assert (settings.rtscts, settings.dtr, settings.rts) == (True, False, False)


def test_only_what_can_be_nothing_but_a_scanner_is_opened_unasked():
    assert [spec.device for spec in scanner_ports(lambda: HERE)] == [
        "serial:05E0:1701:S7",
        "serial:05E0:1701:S8",
        "serial:1EAB:0C06@1-2",
    ]
    for model in CATALOG:
        assert not (model.opens_by_itself and model.way in (Way.BRIDGE, Way.KEYBOARD, Way.HID_POS))
    assert not recognise(0x05E0, 0x9999).opens_by_itself  # the maker is known, the product is not


def test_the_list_has_every_bus_and_a_bus_that_fails_keeps_nobody_away(monkeypatch):
    def broken() -> tuple[Found, ...]:
        raise OSError("no bus here")

    monkeypatch.setattr("devices.ports.BUSES", (("devices.no_such_part", "x"), ("devices.ports", "broken")))
    monkeypatch.setattr("devices.ports.broken", broken, raising=False)
    assert [found.spec for found in list_scanners(lambda: HERE)] == [each.spec for each in HERE]
    monkeypatch.setattr("devices.ports.broken", lambda: (Found("hid", "hid:0C2E:0B81"),))
    assert [found.kind for found in list_scanners(lambda: HERE)] == ["serial"] * 4 + ["hid"]


def test_a_part_that_is_not_on_this_machine_is_a_kind_that_is_not_supported(monkeypatch):
    monkeypatch.setattr(registry, "DRIVERS", {"hid": Entry("devices.no_such_part", "X")})
    for text in ("hid:0C2E:0B81", "serial:X"):
        with pytest.raises(KindNotSupported):
            driver_for(ScannerSpec.parse(text), lambda: 0)


def test_a_window_hands_in_the_driver_of_what_only_it_can_feed(recorder):
    made = []

    class Source:
        ready = True

        def read(self):
            return None

        def close(self):
            return ()

    class Driver:
        keeps_trying = False

        def __init__(self, spec, now_ms):
            self.device = spec.device
            made.append(spec)

        def open(self):
            return Source()

    spec = ScannerSpec.parse("keys")
    manager = DeviceManager(
        [spec],
        on_scan=recorder.on_scan,
        on_status=recorder.on_status,
        now_ms=recorder.now_ms,
        factories={"keys": Driver},
    )
    manager.start()
    assert manager.wait_finished(20)
    manager.stop()
    assert made == [spec]
    recorder.wait_status(DeviceState.CLOSED)


@pytest.mark.parametrize("kind", sorted(set(DRIVERS) - {"serial", "replay"}))
def test_every_kind_of_the_registry_can_be_written_as_a_spec(kind):
    text = {"keys": "keys", "camera": "camera:0"}.get(kind, f"{kind}:0C2E:0B81")
    assert ScannerSpec.parse(text).kind == kind


def test_unframed_hands_out_everything_between_two_silences():
    spec = ScannerSpec.parse("serial:X?suffix=CR&prefix=STX&baud=115200").unframed()
    settings = spec.serial_settings()
    assert (settings.profile.suffix, settings.profile.prefix, settings.profile.idle_ms) == (Suffix.NONE, b"", 100)
    assert settings.baud == 115200
    assert ScannerSpec.parse("keys").unframed() == ScannerSpec.parse("keys")
    ScannerSpec.parse("hid:0C2E:0B81?suffix=CR").unframed().profile()


def test_a_prefix_may_be_any_bytes_and_bad_ones_are_refused():
    assert ScannerSpec.parse("serial:X?prefix=0x5D4331").profile().prefix == b"]C1"
    for wrong in ("0x", "0x5", "0xZZ", "ETB"):
        with pytest.raises(DeviceError):
            ScannerSpec.parse(f"serial:X?prefix={wrong}")
