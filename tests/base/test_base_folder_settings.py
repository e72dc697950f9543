"""The data folder and its lock (two real processes), settings, options, PIN proofs, texts and masking."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import EXIT_WRONG_USE, Trouble, WrongUse
from app.base.folder import DataFolder
from app.base.log import LogBook, masked
from app.base.options import Environment
from app.base.paths import DataPaths, default_data_dir, resources_dir
from app.base.secrets import PinVerifier
from app.base.settings import SETTINGS, Settings
from app.base.texts import Texts
from app.domain.own_forms import VOUCHER

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 30.0
HOLDER = (
    "import sys; from pathlib import Path; from app.base.folder import DataFolder\n"
    "folder = DataFolder(Path(sys.argv[1]), 'the other one'); print('held', flush=True); sys.stdin.read()\n"
)
PATIENT = "4240000000000000000000990000"


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the folder until its standard input ends."""
    made = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert made.stdout is not None
    assert made.stdout.readline() == "held\n"
    return made


def test_one_program_at_a_time(tmp_path: Path) -> None:
    root = tmp_path / "a" / "data"
    with holder(root) as other:
        with pytest.raises(Trouble) as caught:
            DataFolder(root, "me")
        assert caught.value.code == "data_folder_in_use"
        assert caught.value.values == {"folder": "data", "pid": other.pid, "purpose": "the other one"}
        assert "the other one" in Texts.load().line("data_folder_in_use", **caught.value.values)
        other.communicate(timeout=LIMIT_S)
    DataFolder(root, "me").close()


def test_a_killed_program_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        other.kill()
        other.communicate(timeout=LIMIT_S)
    folder = DataFolder(tmp_path, "me")
    assert json.loads((tmp_path / "matou.lock.json").read_text())["purpose"] == "me"
    folder.close()
    assert not (tmp_path / "matou.lock.json").exists()


def test_twice_in_one_process_is_refused_too(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, "first")
    (tmp_path / "matou.lock.json").write_text("not json")
    with pytest.raises(Trouble, match="data_folder_in_use") as caught:
        DataFolder(tmp_path, "second")
    assert caught.value.values["purpose"] == "?"
    folder.close()


def test_whoever_closes_lets_go(tmp_path: Path) -> None:
    made: list[DataFolder] = []
    opener = threading.Thread(target=lambda: made.append(DataFolder(tmp_path, "thread")))
    opener.start()
    opener.join(LIMIT_S)
    made[0].close()
    DataFolder(tmp_path, "again").close()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "under"):
        with pytest.raises(Trouble, match="data_folder_bad"):
            DataFolder(root, "me")
    (tmp_path / "data" / "matou.lock").mkdir(parents=True)
    with pytest.raises(Trouble, match="data_folder_"):
        DataFolder(tmp_path / "data", "me")


def test_places(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    found = {paths.database, paths.lock, paths.logs, paths.backups, paths.site_file, paths.device_file}
    assert {path.name for path in found} == {
        "matou.db", "matou.lock", "logs", "backups", "site.toml", "device.toml"
    }  # fmt: skip
    assert {path.parent for path in found} == {tmp_path}
    assert (resources_dir() / "texts").is_dir()
    assert default_data_dir().name == "matou"


def test_settings_have_defaults_and_files_over_them(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    assert Settings.load(paths).values == {setting.key: setting.default for setting in SETTINGS}
    paths.site_file.write_text('\ufeffserver = "http://127.0.0.1:1"\nstop_holds = false\n', encoding="utf-8")
    paths.device_file.write_text('scanners = ["keys", "serial:X"]\n', encoding="utf-8")
    found = Settings.load(paths)
    assert (found.text("server"), found.flag("stop_holds")) == ("http://127.0.0.1:1", False)
    assert (found.words("scanners"), found.words("server")) == (("keys", "serial:X"), ())


@pytest.mark.parametrize(
    ("file", "text", "key", "why"),
    [
        ("site.toml", b"server = 1", "server", "not str"),
        ("site.toml", b"stop_holds = 1", "stop_holds", "not bool"),
        ("site.toml", b"sever = 'x'", "sever", "unknown"),
        ("site.toml", b"scanners = []", "scanners", "unknown"),  # stands in the other file
        ("device.toml", b"server = 'x'", "server", "unknown"),
        ("device.toml", b"scanners", "-", "TOMLDecodeError"),
        ("device.toml", b"\xff\xfes\x00", "-", "UnicodeDecodeError"),
    ],
)
def test_a_bad_settings_file_is_named(tmp_path: Path, file: str, text: bytes, key: str, why: str) -> None:
    (tmp_path / file).write_bytes(text)
    with pytest.raises(Trouble) as caught:
        Settings.load(DataPaths(tmp_path))
    assert caught.value.code == "setting_bad"
    assert caught.value.values == {"file": file, "key": key, "why": why}


def test_environment() -> None:
    assert Environment.read({"PATH": "x"}) == Environment()
    found = Environment.read(
        {"MATOU_PIN": "1", "MATOU_WITNESS_PIN": "2", "MATOU_NOW": "2026-11-22T06:00:00Z", "MATOU_LANG": "en"}
    )
    assert found == Environment("1", "2", 1_795_327_200_000, "en")
    assert Environment.read({"MATOU_NOW": ""}).now_ms is None


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("MATOU_PINN", "1", "variable_unknown"),
        ("MATOU_", "", "variable_unknown"),
        ("MATOU_LANG", "fr", "variable_bad"),
        ("MATOU_NOW", "soon", "variable_bad"),
    ],
)
def test_a_mistyped_variable_is_wrong_use(name: str, value: str, code: str) -> None:
    with pytest.raises(WrongUse) as caught:
        Environment.read({name: value})
    assert (caught.value.code, caught.value.values["name"]) == (code, name)
    assert caught.value.exit_status == EXIT_WRONG_USE


def test_pins_are_proved_by_scrypt() -> None:
    # RFC 7914 §12, third vector, cut to the 32 bytes that we use.
    proof = bytes.fromhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    verifier = PinVerifier(b"SodiumChloride", 16_384, 8, 1, proof)
    assert verifier.matches("pleaseletmein")
    assert not verifier.matches("pleaseletmeiN")
    assert not verifier.matches("")
    assert not verifier.matches("\udcff")


@pytest.mark.parametrize(
    ("n", "r", "p"), [(3, 1, 1), (0, 1, 1), (-2, 1, 1), (2**40, 8, 1), (2**70, 1, 1), (2, 2**40, 1)]
)
def test_a_proof_that_the_machine_cannot_bear_is_no_match(n: int, r: int, p: int) -> None:
    assert not PinVerifier(b"s", n, r, p, hashlib.sha256(b"").digest()).matches("1234")


def test_texts_are_complete_sentences() -> None:
    texts = Texts({"a": {"title_zh": "甲{x}", "advice_zh": "乙", "title_en": "A{x}", "advice_en": ""}})
    assert texts.line("a", x=1) == "甲1，乙"
    assert texts.line("a", "en", x="{q}") == "A{q}"
    assert texts.title("a") == "甲{x}"
    assert (texts.title("no_such"), texts.advice("no_such"), texts.line("no_such")) == ("no_such", "", "no_such")
    assert texts.has("a")
    assert not texts.has("b")


def test_a_code_that_stands_twice_is_a_bug(tmp_path: Path) -> None:
    entry = '[a]\ntitle_zh = "甲"\nadvice_zh = ""\ntitle_en = "A"\nadvice_en = ""\n'
    (tmp_path / "one.toml").write_text(entry, encoding="utf-8")
    assert Texts.load(tmp_path).line("a", "en") == "A"
    (tmp_path / "two.toml").write_text(entry, encoding="utf-8")
    with pytest.raises(ValueError, match="twice"):
        Texts.load(tmp_path)


@settings(deadline=None)
@given(st.text("ab {}x"), st.sampled_from([PATIENT, "opc" + PATIENT, "11010119900101123X", "110101199001011234"]))
def test_nobody_s_number_passes_the_mask(around: str, secret: str) -> None:
    assert secret not in masked(f"{around} {secret} {around}", VOUCHER)


def test_the_mask_spares_what_is_no_patient() -> None:
    for text in ("89990114017572284642", "6901234567892", "seq=17 device=pda-1"):
        assert masked(text, VOUCHER) == text


def test_the_log_is_masked_in_the_file_and_in_memory(tmp_path: Path) -> None:
    book = LogBook(tmp_path / "logs", re.compile(PATIENT))
    logger = logging.getLogger("tests.base.log")
    try:
        logger.info("voucher %s of %s", PATIENT, "11010119900101123X")
        try:
            raise ValueError(PATIENT)
        except ValueError:
            logger.exception("broken")
        logger.debug("not kept")
    finally:
        book.close()
    logger.error("after the end")
    text = (tmp_path / "logs" / "matou.log").read_text(encoding="utf-8")
    for found in (text, "\n".join(book.ring.lines)):
        assert "voucher *** of ***" in found
        assert "ValueError: ***" in found
        assert PATIENT not in found
        assert "not kept" not in found
        assert "after the end" not in found
