#!/usr/bin/env python3
"""The virtual test bench: boots a throw-away Linux in qemu and runs tests/rig inside, where the kernel makes scanners.

The guest sees this machine's files read-only (same Python, same sources) under a layer that is forgotten at its end. It
has what a build machine's kernel lacks: /dev/uhid and hidraw, /dev/uinput, USB gadgets that can be unplugged, udev, and
V4L2 cameras whose pictures a test draws (a module that is compiled once; where it cannot be, its tests are skipped).
Where the machine has no qemu, says so and ends with 0: a skip is no failure. Arguments go to pytest; `--record` also
writes the recordings of tests/data/scans anew. One process, one thread; artefacts go to out/rig.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "out" / "rig"
TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "modprobe": "kmod", "cpio": "cpio"}
PACKAGERS = ("apt-get", "apt-cache", "dpkg-deb")
KERNEL = "linux-image-amd64"
LAYER_PACKAGES = ("udev", "libsystemd-shared")
PYTEST_NOTHING_RUN = 5
CAMERA_TESTS = "tests/rig/test_rig_camera.py"
CAMERA_SOURCE = "v4l2loopback-dkms"
CAMERAS = "devices=2 exclusive_caps=1,1 card_label=RigBack,RigFront"
BOOT_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
GUEST_MODULES = ("uhid", "hid-generic", "usbhid", "uinput", "evdev", "cdc-acm", "usb_f_acm", "usb_f_hid")
SOCKETS = 3  # of the dummy host controller
LIMIT_S = 600
SYSTEM_PATHS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")

INIT = """#!/bin/busybox sh
box=/bin/busybox
$box mount -t proc proc /proc; $box mount -t sysfs sys /sys; $box mount -t devtmpfs dev /dev
for module in $($box cat /modules.list); do $box insmod /modules/$module || echo "rig: no module $module"; done
share="trans=virtio,version=9p2000.L,msize=524288"
for name in root layer modules; do
  $box mkdir -p /$name; $box mount -t 9p -o ro,cache=loose,$share $name /$name || echo "rig: no share $name"
done
$box mkdir /scratch /guest; $box mount -t tmpfs scratch /scratch; $box mkdir /scratch/up /scratch/work
$box mount -t overlay -o lowerdir=/layer:/root,upperdir=/scratch/up,workdir=/scratch/work overlay /guest
for name in proc sys dev; do $box mount --move /$name /guest/$name; done
$box mkdir -p /guest/lib/modules /guest/mnt/out /guest/run /guest/dev/pts /guest/dev/shm
$box mount --move /modules /guest/lib/modules
$box mount -t 9p -o rw,cache=none,$share out /guest/mnt/out
for name in run dev/shm; do $box mount -t tmpfs tmpfs /guest/$name; done
$box mount -t devpts -o ptmxmode=666 pts /guest/dev/pts
exec $box switch_root /guest /bin/sh /mnt/out/job.sh
"""


class NotHere(Exception):
    """What this machine lacks; the text is the reason of the skip."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and give pytest's exit status; 0 where it cannot be run here."""
    parser = argparse.ArgumentParser(prog="dev.py rig", description="the virtual test bench", add_help=False)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--accel", default="tcg,thread=multi")
    args, rest = parser.parse_known_args(argv)
    try:
        check_machine()
        release, kernel = kernel_tree()
        layer = layer_tree()
    except NotHere as reason:
        print(f"rig: skipped: {reason}")
        return 0
    camera = camera_module(release)
    if isinstance(camera, str):
        print(f"rig: cameras skipped: {camera}")
    with tempfile.TemporaryDirectory(prefix="rig-") as folder:
        out = Path(folder)
        (out / "job.sh").write_text(job(rest, record=args.record, camera=camera), encoding="utf-8")
        initramfs = out / "initramfs.gz"
        build_initramfs(initramfs, kernel, release)
        began_s = time.monotonic()
        boot(kernel, release, initramfs, layer, out, args.accel)
        print(f"rig: the guest ran {time.monotonic() - began_s:.1f} s")
        report_figures(out / "figures.jsonl")
        if args.record:
            take_recordings(out / "recordings")
        return exit_status(out / "status")


# ------------------------------------------------------------------------------------------- what the guest is made of


def check_machine() -> None:
    """NotHere with every missing thing named."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        raise NotHere("the virtual machine is made for Linux on x86-64")
    search = os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_PATHS))
    missing = [tool for tool in TOOLS if shutil.which(tool, path=search) is None]
    if missing:
        packages = " ".join(TOOLS[tool] for tool in missing)
        raise NotHere(f"{', '.join(missing)} not found (Debian: apt-get install {packages})")
    if any(shutil.which(tool) is None for tool in PACKAGERS):
        raise NotHere("the kernel of the guest comes from a Debian package, and there is no apt-get here")


def kernel_tree() -> tuple[str, Path]:
    """Release and folder of a Debian kernel, fetched and unpacked once, never installed."""
    tree = CACHE / "kernel"
    if not list(tree.glob("boot/vmlinuz-*")):
        asked = output(["apt-cache", "depends", KERNEL])
        found = re.search(r"Depends: (linux-image-\S+)", asked)
        if found is None:
            raise NotHere(f"apt knows no {KERNEL} (apt-get update?)")
        unpack((found[1],), tree)
    release = next(tree.glob("boot/vmlinuz-*")).name.removeprefix("vmlinuz-")
    base = modules_base(tree)
    if not (base / "lib/modules" / release / "modules.dep.bin").is_file():
        run([tool("depmod"), "-b", str(base), release])
    return release, tree


def modules_base(tree: Path) -> Path:
    """The folder above `lib/modules`, which newer packages have in usr."""
    return tree / "usr" if (tree / "usr/lib/modules").is_dir() else tree


def layer_tree() -> Path:
    """udev, unpacked once: it is laid over the guest's root."""
    tree = CACHE / "layer"
    if not tree.is_dir():
        unpack(LAYER_PACKAGES, tree)
        for name in ("lib", "bin", "sbin"):  # under these names the root has links into usr
            if (tree / name).is_dir():
                shutil.copytree(tree / name, tree / "usr" / name, symlinks=True, dirs_exist_ok=True)
                shutil.rmtree(tree / name)
    return tree


def camera_module(release: str) -> Path | str:
    """The module that makes cameras, compiled once for the guest's kernel; or why there is none."""
    made = CACHE / f"camera-{release}.ko"
    if not python_with_qt().is_file():
        return "there is no environment with Qt beside this one (python3 build/dev.py test makes it)"
    if made.is_file():
        return made
    missing = [name for name in ("make", "gcc") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not found (Debian: apt-get install make gcc)"
    headers = f"linux-headers-{release}"
    try:
        asked = output(["apt-cache", "depends", headers])
        needed = re.findall(r"Depends: (linux-headers-\S+-common|linux-kbuild-\S+)", asked)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            tree = Path(folder) / "headers"
            unpack((headers, *needed, CAMERA_SOURCE), tree)
            makefile = (
                tree / "usr/src" / headers / "Makefile"
            )  # it names its neighbour by where that would be installed
            makefile.write_text(makefile.read_text(encoding="ascii").replace("/usr/src", f"{tree}/usr/src"), "ascii")
            (source,) = tree.glob("usr/src/v4l2loopback-*")
            words = [tool("make"), "--silent", "-C", str(makefile.parent), f"M={source}", "modules"]
            subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
            shutil.copyfile(source / "v4l2loopback.ko", made)
    except (NotHere, OSError, ValueError, subprocess.CalledProcessError) as reason:
        return f"the module for cameras could not be made: {reason}"
    return made


def unpack(packages: Sequence[str], tree: Path) -> None:
    """Fetch Debian packages through apt and unpack them into one folder, whole or not at all."""
    tree.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree.parent) as folder:
        print(f"rig: fetching {' '.join(packages)}", flush=True)
        if run(["apt-get", "-qq", "download", *packages], cwd=Path(folder)):
            raise NotHere(f"apt-get could not download {' '.join(packages)}")
        unpacked = Path(folder) / "tree"
        for package in sorted(Path(folder).glob("*.deb")):
            if run(["dpkg-deb", "-x", str(package), str(unpacked)]):
                raise NotHere(f"{package.name} cannot be unpacked")
        unpacked.rename(tree)


def build_initramfs(path: Path, kernel: Path, release: str) -> None:
    """The first files of the guest: busybox, the modules that reach the shares, and the script that mounts them."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("bin", "proc", "sys", "dev", "modules"):
            (root / name).mkdir()
        shutil.copy(tool("busybox"), root / "bin" / "busybox")
        files = list(dict.fromkeys(module_files(kernel, release)))
        for file in files:
            shutil.copy(file, root / "modules")
        (root / "modules.list").write_text("\n".join(Path(file).name for file in files) + "\n", encoding="ascii")
        (root / "init").write_text(INIT, encoding="ascii")
        (root / "init").chmod(0o755)
        names = "\n".join(str(entry.relative_to(root)) for entry in sorted(root.rglob("*"))) + "\n"
        words = [tool("cpio"), "--quiet", "-o", "-H", "newc"]
        packed = subprocess.run(words, cwd=root, input=names.encode(), stdout=subprocess.PIPE, check=True).stdout
        path.write_bytes(gzip.compress(packed, compresslevel=1))


def module_files(kernel: Path, release: str) -> Iterator[str]:
    """The modules of the first boot and what they stand on, in the order of loading."""
    for name in BOOT_MODULES:
        words = [tool("modprobe"), "-d", str(modules_base(kernel)), "-S", release, "--show-depends", name]
        yield from (line.split()[1] for line in output(words).splitlines() if line.startswith("insmod"))


def job(pytest_words: Sequence[str], *, record: bool, camera: Path | str = "none was made") -> str:
    """What the guest does as root once everything is mounted."""
    path = ":".join((*os.environ["PATH"].split(":"), *SYSTEM_PATHS))
    with_cameras = isinstance(camera, Path)
    lines = [
        f"export PATH={shlex.quote(path)} HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 QT_QPA_PLATFORM=offscreen",
        f"export RIG_GUEST=/mnt/out PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {'RIG_RECORD=1' if record else ''}",
        f"cd {shlex.quote(str(ROOT))}",
        'echo "rig: up after $(cut -d" " -f1 /proc/uptime) s, kernel $(uname -r)"',
        "mkdir -p /run/lock && chmod 1777 /run/lock",
        "/usr/lib/systemd/systemd-udevd --daemon 2>/dev/null",
        f"for module in {' '.join(GUEST_MODULES)}; do modprobe $module || echo rig: no module $module; done",
        f"modprobe dummy_hcd num={SOCKETS}; mount -t configfs config /sys/kernel/config",
        f"modprobe videodev && insmod {shlex.quote(str(camera))} {CAMERAS}" if with_cameras else "true",
        "udevadm trigger --action=add; udevadm settle",
        *tests(pytest_words, with_cameras=with_cameras),
        f"{tool('busybox')} sync; {tool('busybox')} poweroff -f",
    ]
    return "\n".join(lines) + "\n"


def tests(pytest_words: Sequence[str], *, with_cameras: bool) -> Iterator[str]:
    """The lines that run pytest: with the Python that has no Qt, which starts fast, and for cameras with the other."""
    chosen = [word for word in pytest_words if word.startswith("tests/rig")]
    others = [word for word in pytest_words if word not in chosen]
    cameras = [word for word in chosen if word.startswith(CAMERA_TESTS)]
    plain = [word for word in chosen if word not in cameras] if chosen else [f"--ignore={CAMERA_TESTS}", "tests/rig"]
    yield f"status={PYTEST_NOTHING_RUN}"
    runs = [(sys.executable, plain)]
    if with_cameras and (cameras or not chosen):
        runs.append((str(python_with_qt()), cameras or [CAMERA_TESTS]))
    for python, files in runs:
        words = [python, "-m", "pytest", "-c", "tests/pytest-noqt.ini", "--rootdir", str(ROOT)]
        # The ini leaves this folder out for everybody else; few plug-ins, because each is fetched through the shares.
        words += ["--override-ini", "addopts=-ra --strict-markers --strict-config", "-p", "no:cacheprovider"]
        if files:
            yield f"{shlex.join([*words, *files, *others])}; now=$?"
            yield f"case $status in 0|{PYTEST_NOTHING_RUN}) [ $now = {PYTEST_NOTHING_RUN} ] || status=$now;; esac"
    yield "echo $status > /mnt/out/status"


def python_with_qt() -> Path:
    """The Python of the environment beside ours; ours where that has no other beside it."""
    return Path(sys.prefix.removesuffix("-noqt")) / "bin" / "python"


# ------------------------------------------------------------------------------------------------------ the machine


def boot(kernel: Path, release: str, initramfs: Path, layer: Path, out: Path, accel: str) -> None:
    """Run the guest to its end; what it prints goes where ours goes."""
    words = ["nice", "-n", "5", tool("qemu-system-x86_64"), "-accel", accel, "-cpu", "max", "-machine", "q35"]
    words += ["-m", "1536", "-smp", "1", "-nodefaults", "-display", "none", "-no-reboot", "-nic", "none"]
    words += ["-serial", "stdio", "-kernel", f"{kernel}/boot/vmlinuz-{release}", "-initrd", str(initramfs)]
    words += ["-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off tsc=reliable"]
    for name, place in (("root", Path("/")), ("layer", layer), ("modules", modules_base(kernel) / "lib/modules")):
        words += ["-virtfs", share(name, place) + ",readonly=on"]
    words += ["-virtfs", share("out", out)]
    try:
        subprocess.run(words, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        print(f"rig: the guest was stopped after {LIMIT_S} s", file=sys.stderr)


def share(name: str, place: Path) -> str:
    """A folder of this machine in the guest."""
    return f"local,path={place},mount_tag={name},security_model=none,multidevs=remap"


def exit_status(path: Path) -> int:
    """pytest's status; 1 where the guest never said one."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        print("rig: the guest did not come to its end", file=sys.stderr)
        return 1


def report_figures(path: Path) -> None:
    """What the tests measured, a line each."""
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            figure = json.loads(line)
            print(f"rig: {figure['name']}: {figure['value']:g} {figure['unit']}")


def take_recordings(folder: Path) -> None:
    """Put what the tests recorded where the other tests read it."""
    for file in sorted(folder.rglob("*.jsonl")):
        target = ROOT / "tests" / "data" / "scans" / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        print(f"rig: recorded {target.relative_to(ROOT)}")


def tool(name: str) -> str:
    """The path of a program, also where PATH leaves out the folders of the administrator."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_PATHS)))
    if found is None:
        raise NotHere(f"{name} not found")
    return found


def run(words: Sequence[str], cwd: Path | None = None) -> int:
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, check=False).returncode


def output(words: Sequence[str]) -> str:
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
