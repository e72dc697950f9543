"""Makes the stand-alone program in out/package/SYSTEM/matou and says where it is; what fits already is not made again.

Run by `python3 build/dev.py package` and by tests/packaged. PyInstaller makes a program for the system that it runs on.
Standard output: the path of the program, one line. Exit status: 0; 1 PyInstaller failed. One thread.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEM = {"linux": "linux", "win32": "windows", "darwin": "macos"}[sys.platform]
OUT = ROOT / "out" / "package"
FOLDER = OUT / SYSTEM / "matou"
PROGRAM = FOLDER / ("matou.exe" if SYSTEM == "windows" else "matou")
STAMP = OUT / f"{SYSTEM}.stamp"
SOURCES = ("app", "devices", "sync", "resources")
SINGLE = ("build/matou.spec", "pyproject.toml", "requirements.lock")


def main() -> int:
    """Make it if anything changed since it was made."""
    stamp = digest()
    if not (PROGRAM.is_file() and STAMP.is_file() and STAMP.read_text(encoding="ascii") == stamp):
        status = make()
        if status:
            return status
        STAMP.write_text(stamp, encoding="ascii")
    print(PROGRAM)
    return 0


def make() -> int:
    """Run PyInstaller; its words go to standard error."""
    STAMP.unlink(missing_ok=True)
    words = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    words += ["--distpath", str(OUT / SYSTEM), "--workpath", str(OUT / "work"), str(ROOT / "build" / "matou.spec")]
    return 1 if subprocess.run(words, cwd=ROOT, stdout=sys.stderr, check=False).returncode else 0


def digest() -> str:
    """All that the program is made of, and by which Python, as one name."""
    found = hashlib.sha256(sys.version.encode())
    for path in files():
        found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def files() -> Iterator[Path]:
    """Every source, in a fixed order."""
    for name in SOURCES:
        yield from sorted(
            path for path in (ROOT / name).rglob("*") if path.is_file() and path.parent.name != "__pycache__"
        )
    yield from (ROOT / name for name in SINGLE)


if __name__ == "__main__":
    sys.exit(main())
