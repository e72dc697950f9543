"""Bare, for `camera`: another decoder on single labels of the kinds it knows. libdmtx drops the separator of GS1."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

KINDS = {"pyzbar": ("Code128", "EAN13", "QRCode"), "libdmtx": ("DataMatrix",), "opencv": ("EAN13", "QRCode")}
NAME, FOLDER = sys.argv[1], Path(sys.argv[2])
"""The folder holds NUMBER.png, and truth.json with kind and payload (hexadecimal) of each."""
LIBRARY = import_module({"pyzbar": "pyzbar.pyzbar", "libdmtx": "pylibdmtx.pylibdmtx", "opencv": "cv2"}[NAME])


def read(image: Any) -> list[bytes]:
    """All payloads of a Pillow image."""
    if NAME == "pyzbar":
        return [one.data for one in LIBRARY.decode(image)]
    if NAME == "libdmtx":
        return [one.data for one in LIBRARY.decode(image, timeout=300, max_count=1)]
    grey = import_module("numpy").asarray(image.convert("L"))
    texts = [text for one in DETECTORS for text in one.detectAndDecodeMulti(grey)[1]]
    return [text.encode() for text in texts if text]


DETECTORS = [LIBRARY.barcode.BarcodeDetector(), LIBRARY.QRCodeDetector()] if NAME == "opencv" else []
truth = [(kind, bytes.fromhex(payload)) for kind, payload in json.loads((FOLDER / "truth.json").read_text())]
right, of, invented = dict.fromkeys(KINDS[NAME], 0), dict.fromkeys(KINDS[NAME], 0), 0
for number, (kind, payload) in enumerate(truth):
    if kind in right:
        got = read(import_module("PIL.Image").open(FOLDER / f"{number}.png"))
        fits = {payload, payload.replace(b"\x1d", b"")}
        of[kind], right[kind] = of[kind] + 1, right[kind] + any(one in fits for one in got)
        invented += sum(one not in fits for one in got)
found = {f"{kind}_{NAME}_percent": [100 * right[kind] / of[kind]] for kind in right}
print(json.dumps(found | {f"shared_found_{NAME}": [sum(right.values())], f"shared_invented_{NAME}": [invented]}))
