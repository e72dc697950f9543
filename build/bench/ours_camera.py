"""Ours, for `camera`: drawn frames through the decoder's own loop, worn labels and photographs. One JSON line."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from app.ui.turner import QtTurner
from devices.camera import CameraDriver, CameraSource, Eyes, Mailbox
from devices.dock_photo import read_photo
from devices.spec import ScannerSpec
from devices.symbols import GreyPicture, read_symbols
from tests.fixtures.labels import Wear, grey, gs1_element, label, page, printed, trace_code, worn

WIDTH, HEIGHT, VIEWS, HELD, ROUNDS = 1280, 720, 10, 4, 20
SHARED = 400
"""Labels of each kind that other decoders read, too."""
DECODERS = Path("out/bench/decoders/bin/python")
"""An environment with Pillow, pyzbar and pylibdmtx, made by hand where the comparison is wanted."""
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
    turner, found, truth = QtTurner(), dict[str, list[float]](), list[tuple[str, str]]()
    for kind, count in (("Code128", linear), ("DataMatrix", matrix)):
        dice, read, bare, invented, single = random.Random(20261122), 0, 0, 0, 0
        for seed in range(count):
            text = trace_code(dice) if kind == "Code128" else gs1_element(dice)
            drawn = label(text, kind, dice.choice((2, 3, 4)), Wear.drawn(dice), seed)
            if seed < SHARED:
                drawn.save(folder / f"{len(truth)}.png")
                truth.append((kind, printed(text).hex()))
            picture = grey(drawn)
            alone = [one.payload for one in read_symbols(picture)]
            bare += printed(text) in alone
            single += sum(one != printed(text) for one in alone)
            counted = [code.payload for code in read_photo(picture, turner, nobody).codes if code.counts]
            read += printed(text) in counted
            invented += sum(one != printed(text) for one in counted)
        found |= {
            f"{kind}_missed_percent": [100 - 100 * read / count], f"{kind}_bare_percent": [100 * bare / count],
            f"{kind}_read_percent": [100 * read / count], f"{kind}_invented": [invented],
            f"{kind}_bare_invented": [single],
        }  # fmt: skip
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return found | others(folder)


def others(folder: Path) -> Found:
    """The same labels through other decoders, where they are."""
    if not DECODERS.is_file():
        print(f"no comparison: {DECODERS} is not here (Pillow, pyzbar, pylibdmtx)", file=sys.stderr)
        return {}
    program = Path(__file__).parent / "bare_decoders.py"
    done = subprocess.run([str(DECODERS), str(program), str(folder)], stdout=subprocess.PIPE, check=False)
    found: Found = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def photo(runs: int) -> Found:
    """48 codes on a picture of twelve megapixels, of bars and of both kinds."""
    took_s, missed = [], 0
    for run in range(runs):
        dice = random.Random(run)
        texts = [(trace_code(dice), "Code128") for _ in range(36)] + [
            (gs1_element(dice), "DataMatrix") for _ in range(12)
        ]
        dice.shuffle(texts)
        picture = grey(page(texts, (4000, 3000), 6, dice, 3))
        began = time.perf_counter()
        result = read_photo(picture, QtTurner(), nobody)
        took_s.append(time.perf_counter() - began)
        counted = {code.payload for code in result.codes if code.counts}
        missed += len({printed(text) for text, _ in texts} ^ counted)
    return {"photo_s": took_s, "photo_missed": [missed]}


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
