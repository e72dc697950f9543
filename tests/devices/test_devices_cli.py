"""`matou devices` as a program of its own: lines out, words on the side, signals, exit statuses."""

from __future__ import annotations

import argparse
import json
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import pytest

from app.base.errors import Trouble
from app.base.texts import Texts
from app.cli.device_lines import scan_entry, shown
from app.cli.devices import found_entry, found_line
from app.cli.devices_doctor import run_doctor
from app.flows.credentials import is_credential
from devices import Found, FoundPort, RawScan
from devices.catalog import recognise
from devices.replay import parse_recording
from devices.sheet import SHEET
from tests.devices.hid_library import wait_until
from tests.fixtures.ptyport import PtyPort

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
VOUCHER = "424" + "0123456789" * 2 + "01234"
OPC = "opc" + "a1B2" * 6


class Program:
    """A running `matou devices …`, with both outputs read line by line."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "devices", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._lines = {"out": queue.Queue(), "err": queue.Queue()}
        self._threads = [
            threading.Thread(target=self._collect, args=(name, stream))
            for name, stream in (("out", self.process.stdout), ("err", self.process.stderr))
        ]
        for thread in self._threads:
            thread.start()

    def _collect(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._lines[name].put(line.decode("utf-8").rstrip("\r\n"))
        self._lines[name].put(None)

    def line(self, name: str) -> str | None:
        """The next line of `out` or `err`; None at its end."""
        return self._lines[name].get(timeout=LIMIT_S)

    def wait_for(self, name: str, part: str) -> str:
        """The next line that holds `part`."""
        while (line := self.line(name)) is not None:
            if part in line:
                return line
        raise AssertionError(f"no line with {part!r}")

    def rest(self, name: str) -> list[str]:
        """The lines that are left once it has ended."""
        lines = []
        while (line := self.line(name)) is not None:
            lines.append(line)
        return lines

    def end(self) -> int:
        status = self.process.wait(LIMIT_S)
        for thread in self._threads:
            thread.join(LIMIT_S)
        return status


@pytest.fixture
def program():
    """Starts programs; none outlives its test."""
    started: list[Program] = []

    def starter(*words: str) -> Program:
        started.append(Program(*words))
        return started[-1]

    yield starter
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_listen_prints_a_line_per_scan_until_a_signal(number, port, program):
    listening = program("listen", "--scanner", f"{port.spec}?suffix=CR", "--json")
    assert listening.wait_for("err", "就绪") == f"{port.spec} 就绪"
    port.write(b"]d2010690\x1d21S\r" + "中".encode("gbk") + b"\r")
    first, second = (json.loads(listening.line("out")) for _ in range(2))
    assert first.pop("at_ms") > 1_600_000_000_000
    assert first == {
        "payload": "]d2010690\x1d21S",
        "raw_hex": b"]d2010690\x1d21S".hex(),
        "aim": "]d2",
        "device": port.spec,
    }
    assert (second["payload"], second["raw_hex"], second["aim"]) == (None, "d6d0", None)
    listening.process.send_signal(number)
    assert listening.end() == 0
    assert listening.rest("out") == []
    assert listening.rest("err") == [f"{port.spec} 已关闭"]


def test_listen_survives_a_replug(port, program):
    listening = program("listen", "--scanner", port.spec, "--json")
    listening.wait_for("err", "就绪")
    port.unplug()
    listening.wait_for("err", "port_lost: ")
    port.replug()
    listening.wait_for("err", "就绪")
    port.write(b"AGAIN\r")
    assert json.loads(listening.line("out"))["payload"] == "AGAIN"
    listening.process.terminate()
    assert listening.end() == 0


def test_listen_waits_for_a_port_that_is_not_there_yet(port, program):
    port.unplug()
    listening = program("listen", "--scanner", port.spec)
    assert "没有找到扫码枪" in listening.wait_for("err", "port_not_found: ")
    port.replug()
    listening.wait_for("err", "就绪")
    port.write(b"A\x1dB\r")
    assert listening.line("out") == f"{port.spec}\tA<GS>B"
    listening.process.terminate()
    assert listening.end() == 0


def test_listen_ends_with_its_recording_and_what_it_prints_is_a_recording(tmp_path, program):
    path, again = tmp_path / "day.txt", tmp_path / "again.jsonl"
    path.write_bytes(b'83000010000000000001\n{"raw_hex": "ff1d", "at_ms": 7}\n')
    first = program("listen", "--json", "--scanner", f"replay:{path}?speed=0")
    assert first.end() == 0
    lines = first.rest("out")
    again.write_text("\n".join(lines), encoding="utf-8")
    second = program("listen", "--json", "--scanner", f"replay:{again}?speed=0")
    assert second.end() == 0
    entries = [json.loads(line) for line in second.rest("out")]
    assert [entry["raw_hex"] for entry in entries] == [b"83000010000000000001".hex(), "ff1d"]
    assert [entry["payload"] for entry in entries] == ["83000010000000000001", None]


def test_a_credential_is_never_printed(tmp_path, program):
    path = tmp_path / "window.txt"
    path.write_text(f"{VOUCHER}\n]Q1{VOUCHER}\n{OPC}\nPLAIN\n", encoding="utf-8")
    for words in (["--json"], []):
        listening = program("listen", *words, "--scanner", f"replay:{path}?speed=0")
        assert listening.end() == 0
        out, err = listening.rest("out"), listening.rest("err")
        assert len(out) == 4
        everything = "\n".join(out + err)
        assert "0123456789" not in everything
        assert "a1B2" not in everything
        assert VOUCHER.encode().hex() not in everything
        assert "PLAIN" in out[3]


@pytest.mark.parametrize(
    ("scanner", "code"),
    [
        ("lpt:1", "bad_scanner_spec"),
        ("keys", "needs_window"),
        ("camera:0", "needs_window"),
        ("replay:no-such-file", "recording_not_found"),
    ],
)
def test_what_the_world_refuses_is_one_line_and_three(scanner, code, program):
    listening = program("listen", "--scanner", scanner)
    assert listening.end() == 3
    lines = [line for line in listening.rest("err") if line.startswith(f"{code}: ")]
    assert len(lines) == 1
    assert scanner in lines[0]
    assert listening.rest("out") == []


@pytest.mark.parametrize("scanner", ["keys", "camera:0"])
def test_what_only_the_window_can_record_points_to_its_button(scanner, program, tmp_path):
    recording = program("record", "--scanner", scanner, "--to", str(tmp_path / "new.jsonl"))
    assert recording.end() == 3
    (line,) = [line for line in recording.rest("err") if line.startswith("needs_window: ")]
    assert "“设备”页" in line
    assert "开始录制" in line


def test_listen_without_a_scanner_is_wrong_use(program):
    listening = program("listen")
    assert listening.end() == 2
    assert listening.rest("err")[0].startswith("scanner_missing: ")


def test_devices_alone_is_wrong_use(program):
    assert program().end() == 2


def test_listen_ends_when_nobody_reads_any_more(port, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "app", "devices", "listen", "--scanner", port.spec],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as listening:
        try:
            while "就绪" not in listening.stderr.readline().decode("utf-8"):
                pass
            listening.stdout.close()
            port.write(b"A\rB\r")
            assert listening.wait(LIMIT_S) == 0
            assert b"Traceback" not in listening.stderr.read()
        finally:
            listening.kill()


def test_list_is_a_line_of_json_per_port(program):
    listing = program("list", "--json")
    assert listing.end() == 0
    for line in listing.rest("out"):
        assert set(json.loads(line)) == {
            "kind",
            "port",
            "vid",
            "pid",
            "serial",
            "product",
            "model",
            "scanner",
            "trouble",
        }


def test_list_for_the_eye_always_says_something(program):
    listing = program("list")
    assert listing.end() == 0
    assert listing.rest("out")


def test_a_port_as_json_and_for_the_eye():
    known = FoundPort("/dev/ttyACM0", "/dev/serial/by-id/usb-X", 0x05E0, 0x1701, "S1", "DS", recognise(0x05E0, 0x1701))
    assert found_entry(Found.of_port(known)) == {
        "kind": "serial",
        "port": "/dev/ttyACM0",
        "vid": "05e0",
        "pid": "1701",
        "serial": "S1",
        "product": "DS",
        "model": "Zebra/Symbol (cdc)",
        "scanner": "serial:/dev/serial/by-id/usb-X",
        "trouble": None,
    }

    class Words:
        def title(self, code: str) -> str:
            return code

    unknown = FoundPort("COM1", "COM1", None, None, None, None, None)
    assert found_line(Found.of_port(known), Words()).split("\t") == [
        "serial:/dev/serial/by-id/usb-X",
        "05e0:1701",
        "S1",
        "DS",
        "Zebra/Symbol (cdc)",
    ]
    assert found_line(Found.of_port(unknown), Words()).split("\t") == ["serial:COM1", "-", "-", "-", "model_unknown"]


@pytest.mark.parametrize("around", ["{}", "]d2{}", "]Q1{}\r\n", "\x02{}", "\x02]A0{}\r", " {}\t", "{}5", "5182736{}"])
@pytest.mark.parametrize("secret", [VOUCHER, OPC])
def test_credentials_are_known_with_any_prefix_and_end(around, secret):
    payload = around.format(secret).encode()
    assert is_credential(payload)
    entry = scan_entry(RawScan("serial:X", payload, 5))
    assert entry.pop("aim") in (None, "]d2", "]Q1")
    assert entry == {"payload": None, "raw_hex": None, "device": "serial:X", "at_ms": 5, "masked": True}


@pytest.mark.parametrize("payload", [VOUCHER[:-1], "0" + VOUCHER[:-1], "opc123", "]d2424", "83" + "0" * 18])
def test_other_codes_are_not_masked(payload):
    assert not is_credential(payload.encode())
    assert scan_entry(RawScan("serial:X", payload.encode(), 5))["payload"] == payload


def test_shown_names_controls_and_escapes_the_rest():
    assert shown("药A\x1dB\x1e\x04\x1c\t\n".encode()) == "药A<GS>B<RS><EOT><FS>\\t\\n"
    assert shown(b"\xff\x00") == "ff00"
    assert shown("药品".encode("gbk")) == "药品 (GB18030?)"


@pytest.mark.parametrize("secret", [VOUCHER, OPC, VOUCHER * 2, "89990112026112200017" + VOUCHER, OPC.upper()])
def test_record_masks_a_credential_before_the_file(secret, port, tmp_path, program):
    path = tmp_path / "day.jsonl"
    recording = program("record", "--scanner", port.spec, "--to", str(path), "--json")
    recording.wait_for("err", "就绪")
    wide = secret.translate({number: number + 0xFEE0 for number in range(0x21, 0x7F)})
    port.write(b"PLAIN\r" + secret.encode() + b"\r]Q1" + secret.encode() + b"\r" + wide.encode() + b"\rLAST\x1d\xff\r")
    assert wait_until(lambda: b"ff" in path.read_bytes().rpartition(b"LAST".hex().encode())[2], 30)
    assert recording.process.poll() is None
    recording.process.send_signal(signal.SIGINT)
    assert recording.end() == 0
    assert json.loads(recording.line("out")) == {"kind": "end", "scans": 5, "masked": 3, "file": str(path)}
    written = path.read_text(encoding="utf-8")
    for form in (secret, secret.encode().hex(), wide, wide.encode().hex(), json.dumps(wide)[1:-1]):
        assert form[:40] not in written
    assert [scan.payload for scan in parse_recording(path.read_bytes(), "day")] == [b"PLAIN", b"LAST\x1d\xff"]


def test_replay_says_where_it_is_not_the_same_any_more(port, tmp_path, program):
    path = tmp_path / "day.jsonl"
    recording = program("record", "--scanner", port.spec, "--to", str(path), "--json")
    recording.wait_for("err", "就绪")
    port.write(b"8999011000000000")
    port.write(b"0001\r")
    assert wait_until(lambda: b'"came"' in path.read_bytes(), 30)
    recording.process.send_signal(signal.SIGINT)
    assert recording.end() == 0
    replay = program("replay", str(path), "--json")
    assert replay.end() == 0
    said = json.loads(replay.line("out"))
    assert (said["now"], said["same"], said["kind"]) == (["89990110000000000001"], True, "raw")
    path.write_bytes(
        path.read_bytes().replace(b'"payload": "8', b'"payload": "9').replace(b'"raw_hex": "38', b'"raw_hex": "39')
    )
    replay = program("replay", str(path))
    assert replay.end() == 3
    assert "结果不同" in replay.line("out")


def test_a_recording_is_never_overwritten_and_a_folder_is_no_file(tmp_path, program):
    there = tmp_path / "there.jsonl"
    there.write_text("old", encoding="utf-8")
    for path, code in ((there, "recording_exists"), (tmp_path / "none" / "x.jsonl", "recording_unwritable")):
        recording = program("record", "--scanner", f"replay:{there}", "--to", str(path))
        assert recording.end() == 3
        assert recording.rest("err")[0].startswith(f"{code}: ")
    assert there.read_text(encoding="utf-8") == "old"


def test_probe_names_the_scanner_that_answers_and_its_line_end(tmp_path, program):
    with PtyPort(tmp_path, "left") as left, PtyPort(tmp_path, "right") as right:
        probing = program("probe", "--scanner", left.spec, "--scanner", right.spec, "--json")
        for _ in range(2):
            probing.wait_for("err", "就绪")
        right.write(b"]E06901234567892\r\n")
        assert probing.end() == 0
        found = json.loads(probing.line("out"))
        assert (found["scanner"], found["suffix"], found["aim"]) == (right.spec, "CR LF", "]E0")
        assert left.received() == right.received() == b""  # nothing is ever written to a port


def test_probe_opens_nothing_that_nobody_named(program):
    probing = program("probe", "--seconds", "0.2")
    assert probing.end() == 3
    assert any("probe_nothing_to_open" in line or "没有扫码枪回答" in line for line in probing.rest("err"))


def test_doctor_on_the_command_line_names_what_is_wrong_and_is_content_when_it_is_mended(port, program):
    words = Texts.load()
    for end, aim, state, codes in ((b"\t", False, 3, ["doctor_suffix_other", "doctor_aim_off"]), (b"\r", True, 0, [])):
        visiting = program("doctor", "--scanner", port.spec, "--json")
        visiting.wait_for("err", "就绪")
        for code in SHEET:
            port.write((code.aims[0].encode() if aim else b"") + code.label + end)
            visiting.wait_for("err", words.title(f"doctor_code_{code.key}"))
        assert visiting.end() == state
        entry = json.loads(visiting.line("out"))
        assert [finding["code"] for finding in entry["findings"]] == codes
        assert set(entry["codes"].values()) == {"good" if aim else "wrong"}


def test_doctor_says_in_words_what_to_do(tmp_path, program):
    path = tmp_path / "sheet.txt"
    path.write_bytes(b"".join(code.aims[0].encode() + code.label.replace(b"\x1d", b"~") + b"\n" for code in SHEET[:4]))
    visiting = program("doctor", "--scanner", f"replay:{path}?speed=0")
    assert visiting.end() == 3
    said = "\n".join(visiting.rest("out"))
    assert "分隔符 GS 被换成了 ~" in said
    assert "这种码扫不出来：QR 码" in said


def test_a_program_without_a_window_says_that_it_cannot_draw_the_sheet(tmp_path):
    with pytest.raises(Trouble) as caught:
        run_doctor(argparse.Namespace(sheet=tmp_path / "sheet.pdf"))
    assert caught.value.code == "qt_missing_here"


def test_doctor_examines_one_scanner(program):
    assert program("doctor", "--scanner", "serial:A", "--scanner", "serial:B").end() == 2
