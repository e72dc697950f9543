#!/usr/bin/env python3
"""The one door for people who build Matou: python3 build/dev.py demo | test | check | bench | lock | package | rig.

Needs nothing but Python 3.11 to 3.13. Every command first makes the machine ready: system libraries, a virtual
environment, the locked packages, the project itself as an editable install. What is ready already is not done again.

MATOU_VENV names another place for the environment (default `.venv`; the one without Qt stands beside it, `-noqt`).
Exit status: that of the command; 2 wrong use; 3 the machine cannot be made ready, or the part is not here yet.
One process, one thread.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ((3, 11), (3, 13))  # the upper end is that of the pinned PySide6
LOCK = ROOT / "requirements.lock"
LOCK_NOQT = ROOT / "requirements-noqt.lock"
QT_TESTS = ("tests/ui", "tests/journeys", "tests/packaged", "tests/rig")
QT_PACKAGES = ("pyside6", "pyside6-addons", "pyside6-essentials", "shiboken6")
EXIT_WRONG_USE, EXIT_NOT_POSSIBLE, PYTEST_NOTHING_RUN = 2, 3, 5

# What QtWidgets, QtMultimedia and the X11 platform of the PySide6 6.8.3 wheels load from the system, and the package
# that brings it on Debian 12 (found by walking NEEDED through the wheel). glibc and libstdc++ come with Python.
SYSTEM_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libXext.so.6": "libxext6",
    "libXrandr.so.2": "libxrandr2",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdrm.so.2": "libdrm2",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libpulse.so.0": "libpulse0",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


class NotPossible(Exception):
    """The machine cannot be made ready; the text is the one line that people read."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # tests print Chinese; an old console must not stop them
    args, rest = build_parser().parse_known_args(words)
    try:
        check_python(sys.version_info[:2])
        command: Callable[[list[str]], int] = args.run
        return command(rest)
    except NotPossible as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return EXIT_NOT_POSSIBLE
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """One sub-command per chore; what a chore does not know itself it hands on to its tool."""
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__.splitlines()[0] if __doc__ else None)
    chores = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, run, text in (
        ("demo", demo, "the demo hospital and the window (without a screen: the same, offscreen)"),
        ("test", test, "every test, then those without Qt in an environment without Qt; arguments go to pytest"),
        ("check", check, "format, lint, types, imports"),
        ("bench", bench, "the measurements; arguments go to build/bench/run.py"),
        ("lock", lock, "make the two lock files again from pyproject.toml; --upgrade takes newer releases"),
        ("package", package, "the stand-alone program, made and tried out; arguments go to pytest"),
        ("rig", rig, "scanners made by a virtual machine's kernel; arguments go to pytest"),
    ):
        chores.add_parser(
            name, help=text, add_help=name not in {"test", "bench", "demo", "package", "rig"}
        ).set_defaults(run=run)
    return parser


# ---------------------------------------------------------------------------------------------------- the chores


def demo(rest: list[str]) -> int:
    """Hand over to build/demo.py."""
    return run_part("demo.py", rest)


def bench(rest: list[str]) -> int:
    """Hand over to build/bench/run.py."""
    return run_part("bench/run.py", rest)


def package(rest: list[str]) -> int:
    """Make the stand-alone program, then try it out: the tests of tests/packaged make it if it does not fit."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return run([str(environment()), "-m", "pytest", "tests/packaged", *rest])


def run_part(name: str, rest: list[str]) -> int:
    """Run a script of build/ with the environment's Python."""
    script = ROOT / "build" / name
    if not script.is_file():
        raise NotPossible(f"build/{name} comes with its own part; not here yet")
    return run([str(environment()), str(script), *rest])


def rig(rest: list[str]) -> int:
    """Hand over to build/rig.py with the Python that has no Qt: that is what starts fast in the virtual machine."""
    return run([str(environment_noqt()), str(ROOT / "build" / "rig.py"), *rest])


def check(rest: list[str]) -> int:
    """Format, lint, types and imports; all four always run, then one line each."""
    if rest:
        return wrong_use(rest)
    python = environment(with_qt_libraries=False)
    failed = 0
    lines = []
    for name, words in (
        ("format", ("-m", "ruff", "format", "--check", ".")),
        ("lint", ("-m", "ruff", "check", ".")),
        ("types", ("-m", "mypy")),
        ("imports", ("-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())")),
    ):
        status = run([str(python), *words])
        failed += status != 0
        lines.append(f"{name:8} {'ok' if status == 0 else 'failed'}")
    print("\n".join(lines), flush=True)
    return 1 if failed else 0


def test(rest: list[str]) -> int:
    """Two runs in random order: all tests, and without PySide6 all that must live without it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    runs: list[tuple[str, Callable[[], Path], list[str]]] = [("all tests", environment, rest)]
    chosen = for_the_run_without_qt(rest)
    if chosen is not None:
        words = ["-c", "tests/pytest-noqt.ini", "--rootdir", str(ROOT), *chosen]
        runs.append(("tests without Qt installed", environment_noqt, words))
    closing = []
    failed = 0
    for title, make_ready, words in runs:
        python = make_ready()
        print(f"== {title}", flush=True)
        status, last = run_and_keep_last([str(python), "-m", "pytest", *words])
        if status == PYTEST_NOTHING_RUN and rest:
            status = 0  # a chosen test may belong to the other run
        failed += status != 0
        closing.append(f"{title}: {'ok' if status == 0 else f'failed ({status})'}\n{last}")
    print("\n".join(closing), flush=True)
    return 1 if failed else 0


def for_the_run_without_qt(rest: list[str]) -> list[str] | None:
    """The arguments without the paths of tests that need Qt; None if no other test was chosen."""
    paths = [word for word in rest if (ROOT / word.split("::")[0]).exists()]
    needing_qt = [word for word in paths if any((ROOT / word).is_relative_to(ROOT / place) for place in QT_TESTS)]
    if paths and len(needing_qt) == len(paths):
        return None
    return [word for word in rest if word not in needing_qt]


def lock(rest: list[str]) -> int:
    """Resolve pyproject.toml for every system and Python that we support, with the hash of every file."""
    if rest not in ([], ["--upgrade"]):
        return wrong_use(rest)
    python = environment(with_qt_libraries=False)
    resolve(python, LOCK, "dev", rest)
    resolve(python, LOCK_NOQT, "noqt", ["--constraints", str(LOCK), *rest], leave_out=QT_PACKAGES)
    return 0


def resolve(python: Path, target: Path, group: str, more: list[str], leave_out: Sequence[str] = ()) -> None:
    """Write one lock file; it holds names, versions, markers and hashes, and no address."""
    words = ["pip", "compile", "pyproject.toml", "--group", group, "--output-file", str(target), "--quiet"]
    words += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"]
    words += ["--no-emit-index-url", "--no-emit-find-links"]
    for name in leave_out:
        words += ["--no-emit-package", name]
    if run([str(python), "-m", "uv", *words, *more]):
        raise NotPossible(f"uv could not resolve {target.name} (see above)")
    first = f"# From pyproject.toml, group {group}, by `python3 build/dev.py lock`: every system, every file hashed.\n"
    kept = [row for row in target.read_text(encoding="utf-8").splitlines() if not row.lstrip().startswith("#")]
    target.write_text(first + "\n".join(kept) + "\n", encoding="utf-8")


# ----------------------------------------------------------------------------------------- making the machine ready


def check_python(version: tuple[int, int]) -> None:
    """Refuse a Python that the pinned Qt does not run on."""
    low, high = PYTHONS
    if not low <= version <= high:
        wanted = f"{low[0]}.{low[1]} to {high[0]}.{high[1]}"
        raise NotPossible(f"Python {wanted} is needed, this is {version[0]}.{version[1]}: call it with another python3")


def environment(*, with_qt_libraries: bool = True) -> Path:
    """The Python of the full environment, made ready."""
    ensure_system_packages(with_qt_libraries=with_qt_libraries)
    return ensure_environment(venv_place(), LOCK)


def environment_noqt() -> Path:
    """The Python of the environment that has no Qt, made ready."""
    ensure_system_packages(with_qt_libraries=False)
    place = venv_place()
    return ensure_environment(place.with_name(place.name + "-noqt"), LOCK_NOQT)


def venv_place() -> Path:
    """Where the full environment stands."""
    return ROOT / os.environ.get("MATOU_VENV", ".venv")


def missing_system_packages(*, with_qt_libraries: bool) -> list[str]:
    """Debian names of what this machine lacks; empty on Windows and macOS, where the wheels bring all."""
    if not sys.platform.startswith("linux"):
        return []
    importlib.invalidate_caches()
    missing = [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]
    if with_qt_libraries:
        missing += [package for library, package in SYSTEM_LIBRARIES.items() if not can_load(library)]
    return missing


def can_load(library: str) -> bool:
    """True if the system's loader finds this shared library and all that it needs."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def ensure_system_packages(*, with_qt_libraries: bool) -> None:
    """Install what is missing where that is allowed, else say what to install."""
    missing = missing_system_packages(with_qt_libraries=with_qt_libraries)
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        raise NotPossible(f"these system packages are missing (names as on Debian): {names}")
    if os.geteuid() != 0:
        raise NotPossible(f"system packages are missing; run as root: apt-get install {names}")
    print(f"dev.py: installing system packages: {names}", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    if run(["apt-get", "update", "-qq"], quiet):
        print("dev.py: apt-get update failed; trying with the lists that are here", file=sys.stderr)
    if run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], quiet):
        raise NotPossible(f"apt-get could not install {names} (see above)")
    left = missing_system_packages(with_qt_libraries=with_qt_libraries)
    if left:
        raise NotPossible(f"installed, but {sys.executable} still lacks what these bring: {' '.join(left)}")


def ensure_environment(place: Path, lock_file: Path) -> Path:
    """A virtual environment that holds exactly the lock and the project; two stamps say what is done already."""
    if not lock_file.is_file():
        raise NotPossible(f"{lock_file.name} is missing from the checkout")
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = digest(lock_file.read_bytes(), sys.version.encode(), str(place).encode())
    project = digest((ROOT / "pyproject.toml").read_bytes(), packages.encode(), str(ROOT).encode())
    if not python.is_file() or not same_python(python):
        print(f"dev.py: making {place.name}", flush=True)
        if run([sys.executable, "-m", "venv", "--clear", str(place)]):
            raise NotPossible(f"could not make a virtual environment in {place}")
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
    if read_stamp(place, "packages") != packages:
        print(f"dev.py: installing {lock_file.name} into {place.name}", flush=True)
        if run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(lock_file)]):
            raise NotPossible(f"pip could not install {lock_file.name} (see above): is there a network?")
        write_stamp(place, "packages", packages)
    if read_stamp(place, "project") != project:
        if run([*pip, "--no-build-isolation", "--no-deps", "--editable", str(ROOT)]):
            raise NotPossible("pip could not install the project itself (see above)")
        write_stamp(place, "project", project)
    return python


def same_python(python: Path) -> bool:
    """True if the environment was made by this very version and still starts."""
    words = [str(python), "-c", "import sys; print(sys.version)"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return False
    return done.stdout.strip() == sys.version.strip()


def digest(*parts: bytes) -> str:
    """A short name for all these bytes together."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def read_stamp(place: Path, name: str) -> str:
    """What was done last; empty if nothing."""
    stamp = place / f"matou-{name}.stamp"
    return stamp.read_text(encoding="ascii") if stamp.is_file() else ""


def write_stamp(place: Path, name: str, value: str) -> None:
    """Say that it is done."""
    (place / f"matou-{name}.stamp").write_text(value, encoding="ascii")


# --------------------------------------------------------------------------------------------------- running things


def run(words: list[str], more_environment: dict[str, str] | None = None) -> int:
    """Run a program in the checkout, without input, its output where ours goes; gives its exit status."""
    surroundings = {**os.environ, **(more_environment or {})}
    try:
        return subprocess.run(words, cwd=ROOT, env=surroundings, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as error:
        raise NotPossible(f"cannot start {words[0]}: {error.strerror}") from error


def run_and_keep_last(words: list[str]) -> tuple[int, str]:
    """Like `run`, and also gives the last line that was printed, which is pytest's own sum."""
    last = ""
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode, last


def wrong_use(rest: list[str]) -> int:
    """Say which words were not understood."""
    print(f"dev.py: not understood: {' '.join(rest)}", file=sys.stderr)
    return EXIT_WRONG_USE


if __name__ == "__main__":
    sys.exit(main())
