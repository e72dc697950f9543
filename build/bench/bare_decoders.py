"""Bare, for `camera`: other decoders on single labels, by an interpreter that has them; which are missing is said.

OpenCV is left out: its bar code reader knows the EAN family only. libdmtx drops the separator of GS1, so that a batch
runs into its serial; here it is compared without.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

KINDS = {"pyzbar": "Code128", "libdmtx": "DataMatrix"}


def reader_of(name: str) -> Callable[[Any], list[bytes]]:
    """A function from a Pillow image to payloads. ImportError where the library is not here."""
    if name == "pyzbar":
        pyzbar = import_module("pyzbar.pyzbar")
        return lambda image: [one.data for one in pyzbar.decode(image)]
    dmtx = import_module("pylibdmtx.pylibdmtx")
    return lambda image: [one.data for one in dmtx.decode(image, timeout=300, max_count=1)]


def main() -> None:
    """Argument: a folder of NUMBER.png, and truth.json with kind and payload (hexadecimal) of each."""
    folder, found = Path(sys.argv[1]), dict[str, list[float]]()
    pillow = import_module("PIL.Image")
    truth = [(kind, bytes.fromhex(payload)) for kind, payload in json.loads((folder / "truth.json").read_text())]
    for name, known in KINDS.items():
        try:
            read = reader_of(name)
        except ImportError as error:
            print(f"{name} is not here: {error}", file=sys.stderr)
            continue
        right = wrong = of = 0
        for number, (kind, payload) in enumerate(truth):
            if kind == known:
                got, bare = read(pillow.open(folder / f"{number}.png")), payload.replace(b"\x1d", b"")
                of, right = of + 1, right + (bare in got or payload in got)
                wrong += sum(one not in (bare, payload) for one in got)
        found |= {f"{name}_percent": [100 * right / of], f"{name}_invented": [wrong]}
    print(json.dumps(found))


main()
