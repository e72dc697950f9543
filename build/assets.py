"""Makes what lies in resources/ and is not written by hand: sounds, the subset font, the icons. Run by path.

    python build/assets.py sounds
    python build/assets.py font FOLDER      # NotoSansCJK-*.ttc of Debian's fonts-noto-cjk; needs fonttools
    python build/assets.py icons FOLDER     # the npm package lucide-static, unpacked

The results are committed, so nobody needs this to build or to run the program. The sounds are ours: they are
computed here from sine waves. The same input gives the same bytes, but for the font, where fonttools may differ.
"""

from __future__ import annotations

import argparse
import math
import re
import struct
import sys
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESOURCES = ROOT / "resources"
RATE_HZ = 44_100
PEAK = 0.86 * 32_767


@dataclass(frozen=True, slots=True)
class Tone:
    """One stroke of a sound: from one pitch to another, with a bright or dull colour, then a silence."""

    from_hz: float
    to_hz: float
    long_ms: int
    overtones: tuple[float, ...] = (1.0,)  # strengths of the 1st, 2nd, 3rd … partial
    attack_ms: int = 4
    release_ms: int = 30
    level: float = 1.0
    rest_ms: int = 0


BRIGHT = (1.0, 0.35, 0.12)
HOLLOW = (1.0, 0.0, 0.5, 0.0, 0.25)  # odd partials: a horn that cuts through a noisy hall
SOUNDS: dict[str, tuple[Tone, ...]] = {
    "good": (Tone(1320, 1980, 110, BRIGHT, release_ms=45),),
    "soft": (Tone(420, 400, 60, release_ms=45, level=0.7),),
    "attention": (Tone(988, 988, 130, BRIGHT, rest_ms=40), Tone(740, 740, 190, BRIGHT, release_ms=60)),
    "stop": (
        Tone(233, 226, 150, HOLLOW, rest_ms=50),
        Tone(233, 226, 150, HOLLOW, rest_ms=50),
        Tone(208, 196, 250, HOLLOW, release_ms=60),
    ),
}


def samples_of(tones: Sequence[Tone]) -> list[float]:
    """The sound as numbers from -1 to 1, at 44.1 kHz."""
    found: list[float] = []
    for tone in tones:
        count = RATE_HZ * tone.long_ms // 1000
        attack, release = RATE_HZ * tone.attack_ms // 1000, RATE_HZ * tone.release_ms // 1000
        phase, loudest = 0.0, sum(tone.overtones)
        for i in range(count):
            phase += 2 * math.pi * (tone.from_hz + (tone.to_hz - tone.from_hz) * i / count) / RATE_HZ
            edge = min(1.0, i / attack, (count - i) / release)
            partials = sum(part * math.sin(n * phase) for n, part in enumerate(tone.overtones, start=1))
            found.append(tone.level * edge * partials / loudest)
        found += [0.0] * (RATE_HZ * tone.rest_ms // 1000)
    return found


def make_sounds(folder: Path) -> None:
    """Write the four tones: 16-bit mono WAV, each under 60 kB."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, tones in SOUNDS.items():
        values = [round(PEAK * value) for value in samples_of(tones)]
        with wave.open(str(folder / f"{name}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes(struct.pack(f"<{len(values)}h", *values))


FONT_NAME = "Matou Sans SC"
CHINESE_FACE = "SC"
EXTRA_MARKS = "·•…—–‘’“”„‹›«»×÷±≤≥≠≈√°℃℉µμΩ№§¶©®™€£¥¢†‡←↑→↓↔↕↩↪⇧⌫①②③④⑤⑥⑦⑧⑨⑩■□▲△▼▽●○◆◇★☆✓✕ㄧ〇㎎㎏㎜㎝㎡㏄"


def gb2312() -> Iterable[int]:
    """Every character of GB 2312: 6,763 Chinese characters of two levels, and its signs."""
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                sign = bytes((row, cell)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            if not (0x3040 <= ord(sign) < 0x3130 or 0x2500 <= ord(sign) < 0x2580):  # kana and box lines: never shown
                yield ord(sign)


def wanted_characters() -> set[int]:
    """What the font must show: GB 2312, Latin, Chinese and full-width punctuation, and every word of resources/."""
    found = set(gb2312()) | set(range(0x20, 0x7F)) | set(range(0xA0, 0x180))
    found |= set(range(0x3000, 0x3020)) | set(range(0xFF01, 0xFF5F)) | set(range(0xFFE0, 0xFFE7))
    found |= {ord(sign) for sign in EXTRA_MARKS}
    for path in RESOURCES.rglob("*.toml"):
        found |= {ord(sign) for sign in path.read_text(encoding="utf-8")}
    return {code for code in found if code >= 0x20}


def make_font(source: Path, folder: Path) -> None:
    """Cut both weights down and give them a name of their own, with the licence beside them."""
    from fontTools import subset  # noqa: PLC0415 - of this script only
    from fontTools.ttLib import TTCollection  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    for weight in ("Regular", "Bold"):
        collection = TTCollection(str(source / f"NotoSansCJK-{weight}.ttc"))
        font = next(one for one in collection.fonts if one["name"].getDebugName(1).endswith(f"CJK {CHINESE_FACE}"))
        options = subset.Options()
        options.layout_features = ["kern", "locl", "ccmp", "mark", "mkmk"]
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
        options.notdef_outline = True
        options.hinting = False  # a fifth of the size; Chinese strokes are not drawn better by it
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=sorted(wanted_characters()))
        cutter.subset(font)
        rename(font, weight)
        font.save(str(folder / f"MatouSansSC-{weight}.otf"))
    licence = next(source.rglob("copyright"), None) or next(source.parents[3].rglob("fonts-noto-cjk/copyright"))
    (folder / "LICENSE-OFL.txt").write_text(licence_of_font(licence.read_text(encoding="utf-8")), encoding="utf-8")


def rename(font: object, weight: str) -> None:
    """A changed font must not bear a reserved name (condition 3 of its licence)."""
    compact = FONT_NAME.replace(" ", "")
    names = {1: FONT_NAME, 2: weight, 3: f"{compact}-{weight}", 4: f"{FONT_NAME} {weight}", 6: f"{compact}-{weight}"}
    for record in font["name"].names:  # type: ignore[index]
        if record.nameID in names:
            record.string = names[record.nameID]
    table = font["CFF "].cff if "CFF " in font else None  # type: ignore[operator,index]
    if table is not None:
        table.fontNames[0] = names[6]
        table.topDictIndex[0].FullName, table.topDictIndex[0].FamilyName = names[4], names[1]


def licence_of_font(debian_copyright: str) -> str:
    """The licence's own words, out of the package's copyright file."""
    words = re.search(r"^License: SIL-1\.1\n( ---.*?)\n\n", debian_copyright, re.MULTILINE | re.DOTALL)
    if words is None:
        raise SystemExit("assets.py: no SIL-1.1 text in the copyright file")
    text = "\n".join("" if line == " ." else line.removeprefix(" ") for line in words.group(1).splitlines())
    return (
        f"{FONT_NAME} (MatouSansSC-Regular.otf, MatouSansSC-Bold.otf) is a subset of Noto Sans CJK SC, renamed.\n\n"
        "Copyright 2014-2021 Adobe (http://www.adobe.com/), with Reserved Font Name 'Source'.\n"
        "Noto is a trademark of Google Inc.\n\n"
        "This Font Software is licensed under the SIL Open Font License, Version 1.1, given below and at\n"
        f"https://openfontlicense.org\n\n{text}\n"
    )


def make_icons(source: Path, folder: Path) -> None:
    """Copy the icons that app/ui/icons.py names, without their comments, and the set's licence."""
    listed = (ROOT / "app" / "ui" / "icons.py").read_text(encoding="utf-8")
    names = re.findall(r'^    [A-Z_]+ = "([a-z0-9-]+)"', listed, re.MULTILINE)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.svg"):
        path.unlink()
    for name in names:
        drawing = (source / "icons" / f"{name}.svg").read_text(encoding="utf-8")
        drawing = re.sub(r"<!--.*?-->\s*", "", drawing, flags=re.DOTALL)
        (folder / f"{name}.svg").write_text(re.sub(r'\s*class="[^"]*"', "", drawing), encoding="utf-8", newline="\n")
    (folder / "LICENSE-lucide.txt").write_text((source / "LICENSE").read_text(encoding="utf-8"), encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """One chore a call; 0 when it is done."""
    parser = argparse.ArgumentParser(prog="assets.py", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("chore", choices=("sounds", "font", "icons"))
    parser.add_argument("source", nargs="?", type=Path, help="where the original font or icons lie")
    args = parser.parse_args(words)
    if args.chore == "sounds":
        make_sounds(RESOURCES / "sounds")
    elif args.source is None:
        parser.error(f"{args.chore} needs the folder of the originals")
    elif args.chore == "font":
        make_font(args.source, RESOURCES / "fonts")
    else:
        make_icons(args.source, RESOURCES / "icons")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
