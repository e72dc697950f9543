"""What must hold of the checkout as a whole: the locks, the entry point, the texts, no trace of one machine."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

TEXT_FIELDS = ("title_zh", "advice_zh", "title_en", "advice_en")
CHINESE = re.compile(r"[\u3400-\u9fff]")
PLACE = re.compile(r"\{(\w*)\}")
LOCKS = ("requirements.lock", "requirements-noqt.lock")
PIN = re.compile(r"^[a-z0-9][a-z0-9._-]*==\S+( ; .+)?$")
HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")

# Written in pieces, so that this file does not find itself.
OF_ONE_MACHINE = (
    "/" + "work/",
    "/" + "home/",
    "/" + "root/",
    "/" + "Users/",
    "/" + "tmp/",
    "/" + "opt/",
    "C:" + "\\Users",
    "pypi" + ".org",
    "python" + "hosted",
    "index" + "-url",
    "find" + "-links",
    "npmjs" + ".",
    "deb.debian" + ".org",
)
ALLOWED = frozenset(
    {("build/dev.py", "index" + "-url"), ("build/dev.py", "find" + "-links")}  # the switches that keep addresses out
)


def entries(lock: Path) -> dict[str, list[str]]:
    """Each requirement of a lock file with the words that follow it."""
    joined = lock.read_text(encoding="utf-8").replace("\\\n", "\0")
    rows = [row for row in joined.splitlines() if row and not row.startswith("#")]
    return {row.split("\0")[0].strip(): [word.strip() for word in row.split("\0")[1:]] for row in rows}


def test_no_file_names_a_place_of_one_machine(tracked: tuple[Path, ...], checkout: Path) -> None:
    found = []
    for path in tracked:
        name = path.relative_to(checkout).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {word}" for word in OF_ONE_MACHINE if word in text and (name, word) not in ALLOWED]
    assert found == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_file_has_a_hash_and_nothing_else(checkout: Path, name: str) -> None:
    found = entries(checkout / name)
    assert len(found) > 20
    assert [pin for pin in found if not PIN.match(pin)] == []
    assert [pin for pin, words in found.items() if not words or not all(HASH.match(word) for word in words)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_no_address(checkout: Path, name: str) -> None:
    text = (checkout / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert [row for row in text.splitlines() if row.startswith(("-", "file:"))] == []


def test_lock_covers_windows_and_every_supported_python(checkout: Path) -> None:
    found = entries(checkout / "requirements.lock")
    names = {pin.split("==")[0] for pin in found}
    assert {"pywin32-ctypes", "pefile", "colorama", "secretstorage"} <= names
    assert any("python_full_version < '3.12'" in pin for pin in found), "resolved for one Python only"


def test_qt_is_pinned_and_absent_from_the_other_lock(checkout: Path) -> None:
    full = {pin.split(" ")[0] for pin in entries(checkout / "requirements.lock")}
    without = {pin.split(" ")[0] for pin in entries(checkout / "requirements-noqt.lock")}
    assert {"pyside6==6.8.3", "shiboken6==6.8.3"} <= full
    assert [pin for pin in without if pin.startswith(("pyside6", "shiboken6", "pytest-qt"))] == []
    assert without <= full, "the two locks name different versions"


def test_command_is_installed(checkout: Path) -> None:
    commands = importlib.metadata.entry_points(group="console_scripts", name="matou")
    assert [command.value for command in commands] == ["app.__main__:main"]
    assert callable(commands["matou"].load())


def test_wheel_ships_the_program_and_not_the_workshop(checkout: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=checkout,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("matou-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"app", "devices", "sync", "resources"}
    assert {"app/__main__.py", "resources/texts/window.toml"} <= set(names)
    assert [name for name in names if "__pycache__" in name] == []


def test_every_text_is_complete_in_both_languages(checkout: Path) -> None:
    files = sorted((checkout / "resources" / "texts").glob("*.toml"))
    assert files, "no texts at all"
    seen: dict[str, str] = {}
    for path in files:
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            where = f"{path.name} [{code}]"
            assert code not in seen, f"{where} stands in {seen[code]} too"
            seen[code] = path.name
            assert set(entry) == set(TEXT_FIELDS), where
            assert all(isinstance(entry[field], str) for field in TEXT_FIELDS), where
            assert entry["title_zh"].strip(), where
            assert entry["title_en"].strip(), where
            assert bool(entry["advice_zh"].strip()) == bool(entry["advice_en"].strip()), where
            assert CHINESE.search(entry["title_zh"]) or not PLACE.sub("", entry["title_zh"]).strip(), where
            assert not CHINESE.search(entry["title_en"].replace("码头", "")), where
            for part in ("title", "advice"):
                zh, en = (set(PLACE.findall(entry[f"{part}_{lang}"])) for lang in ("zh", "en"))
                assert zh == en, f"{where}: {part} fills different places"


def test_people_find_both_readmes(checkout: Path) -> None:
    english, chinese = ((checkout / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    assert "(README.zh.md)" in english
    assert "(README.md)" in chinese
    for command in ("python3 build/dev.py demo", "python3 build/dev.py test"):
        assert command in english
        assert command in chinese
