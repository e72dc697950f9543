"""Ours, for `camera`: drawn frames through the decoder's own loop, worn labels and photographs. One JSON line."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.ui.turner import QtTurner
from devices.camera import CameraDriver, CameraSource, Eyes, Mailbox
from devices.dock_photo import read_photo
from devices.spec import ScannerSpec
from devices.symbols import GreyPicture, read_symbols
from tests.fixtures.labels import Wear, address, ean, grey, gs1_element, label, page, printed, trace_code, worn

WIDTH, HEIGHT, VIEWS, HELD, ROUNDS = 1280, 720, 10, 4, 20
SHARED = 400
"""Labels of each kind that other decoders read, too."""
DECODERS = Path("out/bench/decoders/bin/python")
"""An environment with the other decoders, made by hand where the comparison is wanted."""
PACKAGES = "pillow pyzbar pylibdmtx opencv-python-headless, and of Debian libzbar0 libdmtx0b"
OTHERS = ("pyzbar", "libdmtx", "opencv")
TEXTS = {"Code128": trace_code, "DataMatrix": gs1_element, "EAN13": ean, "QRCode": address}
Found = dict[str, list[float]]


def nobody(_label: bytes) -> bool:
    return False


class NoFrames:
    """The mailbox is filled by hand."""

    mailbox = Mailbox()

    def start(self, _camera: int, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    def stop(self, _mailbox: Mailbox) -> None: ...


def draw(folder: Path) -> Found:
    """Frames of a hand over a shelf: every view is held for a few frames, each with a noise of its own."""
    dice = random.Random(1)
    with (folder / "frames.bin").open("wb") as out:
        for view in range(VIEWS):
            count = dice.randint(1, 6)
            texts = [
                (gs1_element(dice), "DataMatrix") if dice.random() < 0.25 else (trace_code(dice), "Code128")
                for _ in range(count)
            ]
            for _ in range(HELD):
                seeded = random.Random(view)
                picture = page(texts, (WIDTH, HEIGHT), min(2, count), seeded, 2, wear=Wear(blur=0.2))
                out.write(worn(picture, Wear(noise=0.08), 2, dice.randrange(1 << 30)).tobytes())
    return {"frames": [VIEWS * HELD]}


def frames(folder: Path) -> Found:
    """The loop of the device thread with a frame always waiting, as from a camera quicker than the decoder.

    Of the processor, as the bare run: the machine is not ours alone."""
    pixels, size = (folder / "frames.bin").read_bytes(), WIDTH * HEIGHT
    pictures = [GreyPicture(pixels[at : at + size], WIDTH, HEIGHT, WIDTH) for at in range(0, len(pixels), size)]
    source_of = NoFrames()
    source = CameraDriver(ScannerSpec.parse("camera:0"), lambda: 0, Eyes(source_of, turner=QtTurner())).open()
    scans = 0
    began = time.process_time()
    waiting = iter(pictures * ROUNDS)
    source_of.mailbox.put(next(waiting))
    for _ in range(ROUNDS * len(pictures)):
        scans += len(read_one(source, source_of.mailbox, next(waiting, None)))
    took_s = time.process_time() - began
    return {"frame_ms": [took_s * 1000 / (ROUNDS * len(pictures))], "scans": [scans]}


def read_one(source: CameraSource, mailbox: Mailbox, following: GreyPicture | None) -> tuple[object, ...]:
    """One read, during which the next frame arrives."""
    take = mailbox.take

    def take_and_refill(wait_s: float) -> GreyPicture | None:
        picture = take(wait_s)
        if following is not None:
            mailbox.put(following)
        return picture

    mailbox.take = take_and_refill  # type: ignore[method-assign]
    try:
        return source.read()
    finally:
        mailbox.take = take  # type: ignore[method-assign]


def labels(linear: int, matrix: int, folder: Path) -> Found:
    """Worn labels through the reading of pictures, with the single bare pass and other decoders beside."""
    found, truth = dict[str, list[float]](), list[tuple[str, str]]()
    found["shared_found_ours"] = found["shared_invented_ours"] = [0]
    for kind, count in {"Code128": linear, "DataMatrix": matrix, "EAN13": SHARED, "QRCode": SHARED}.items():
        seen = worn_labels(kind, count, folder, truth)
        found |= {
            f"{kind}_missed_percent": [100 - 100 * sum(seen.read) / count],
            f"{kind}_read_percent": [100 * sum(seen.read) / count],
            f"{kind}_bare_percent": [100 * sum(seen.bare) / count],
            f"{kind}_invented": [sum(seen.invented)],
            f"{kind}_bare_invented": [sum(seen.bare_invented)],
        }
        found["shared_found_ours"] = [found["shared_found_ours"][0] + sum(seen.read[:SHARED])]
        found["shared_invented_ours"] = [found["shared_invented_ours"][0] + sum(seen.invented[:SHARED])]
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return found | {"shared_labels": [len(truth)]} | others(folder)


@dataclass(slots=True)
class Tally:
    """What was read of each label, by ours and by one bare pass."""

    read: list[int] = field(default_factory=list)
    invented: list[int] = field(default_factory=list)
    bare: list[int] = field(default_factory=list)
    bare_invented: list[int] = field(default_factory=list)


def worn_labels(kind: str, count: int, folder: Path, truth: list[tuple[str, str]]) -> Tally:
    """Labels of one kind; the first of them are put down for the other decoders."""
    dice, turner, seen = random.Random(20261122), QtTurner(), Tally()
    for seed in range(count):
        text = TEXTS[kind](dice)
        drawn = label(text, kind, dice.choice((2, 3, 4)), Wear.drawn(dice), seed)
        if seed < SHARED:
            drawn.save(folder / f"{len(truth)}.png")
            truth.append((kind, printed(text).hex()))
        picture = grey(drawn)
        alone = [one.payload for one in read_symbols(picture)]
        counted = [code.payload for code in read_photo(picture, turner, nobody).codes if code.counts]
        for right, wrong, payloads in ((seen.bare, seen.bare_invented, alone), (seen.read, seen.invented, counted)):
            right.append(printed(text) in payloads)
            wrong.append(sum(one != printed(text) for one in payloads))
    return seen


def others(folder: Path) -> Found:
    """The same labels through other decoders, where they are."""
    if not DECODERS.is_file():
        print(f"no comparison: {DECODERS} is not here ({PACKAGES})", file=sys.stderr)
        return {}
    found: Found = {}
    for name in OTHERS:
        program = Path(__file__).parent / "bare_decoders.py"
        done = subprocess.run(
            [str(DECODERS), str(program), name, str(folder)],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            print(f"no comparison with {name}: {done.stderr.decode().strip().splitlines()[-1:]}", file=sys.stderr)
        else:
            found |= json.loads(done.stdout)
    return found


def photo(runs: int) -> Found:
    """48 codes on a picture of twelve megapixels, of bars and of both kinds."""
    took_s, processor_s, missed = [], [], 0
    for run in range(runs):
        dice = random.Random(run)
        texts = [(trace_code(dice), "Code128") for _ in range(36)] + [
            (gs1_element(dice), "DataMatrix") for _ in range(12)
        ]
        dice.shuffle(texts)
        picture = grey(page(texts, (4000, 3000), 6, dice, 3))
        began, began_processor = time.perf_counter(), time.process_time()
        result = read_photo(picture, QtTurner(), nobody)
        took_s.append(time.perf_counter() - began)
        processor_s.append(time.process_time() - began_processor)
        counted = {code.payload for code in result.codes if code.counts}
        missed += len({printed(text) for text, _ in texts} ^ counted)
    return {"photo_s": took_s, "photo_processor_s": processor_s, "photo_missed": [missed]}


def main() -> int:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("draw", "frames", "labels", "photo"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--linear", type=int, default=5000)
    parser.add_argument("--matrix", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    found = {
        "draw": lambda: draw(args.folder),
        "frames": lambda: frames(args.folder),
        "labels": lambda: labels(args.linear, args.matrix, args.folder),
        "photo": lambda: photo(args.runs),
    }[args.what]()
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
