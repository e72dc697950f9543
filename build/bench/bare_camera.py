"""Bare, for `camera`: zxing-cpp alone on the frames of a run of ours, quick on each, thorough on every fifth."""

import json
import sys
import time
from pathlib import Path

import zxingcpp

WIDTH, HEIGHT = 1280, 720
ROUNDS = 20
FORMATS = zxingcpp.barcode_formats_from_str("Code128,EAN13,EAN8,DataMatrix,QRCode")


def main() -> None:
    """Argument: the folder with frames.bin, grey frames one after the other."""
    pixels = (Path(sys.argv[1]) / "frames.bin").read_bytes()
    size = WIDTH * HEIGHT
    frames = [pixels[at : at + size] for at in range(0, len(pixels), size)]
    read = count = 0
    began = time.process_time()
    for _ in range(ROUNDS):
        for frame in frames:
            view = zxingcpp.ImageView(frame, WIDTH, HEIGHT, zxingcpp.ImageFormat.Lum)
            thorough = count % 5 == 0
            found = zxingcpp.read_barcodes(view, FORMATS, thorough, thorough, try_invert=False)
            read += len(found)
            count += 1
    took_s = time.process_time() - began
    print(json.dumps({"frame_ms": [took_s * 1000 / count], "read": [read]}))


main()
