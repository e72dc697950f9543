"""The figure `voucher`: what the wire of a patient's voucher costs beside httpx alone. One thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from measuring import Measure, both, folder, middle, run

from tests.fixtures.sandbox import SandboxProcess

CALLS = 12
DOORS = ("middleware", "north", "south")


def voucher(runs: int) -> list[Measure]:
    """A voucher decoded, a person asked for: every door, against httpx posting the same bodies.

    A province takes a message only once: the bodies of the bare run are made on one hospital and posted to another of
    the same seed, which therefore gives the same numbers of sign-in.
    """
    ours, bare = [], []
    for _ in range(runs):
        with folder() as place, SandboxProcess() as hospital, SandboxProcess() as same:
            told, calls = Path(place) / "told.json", Path(place) / "calls"
            first = hospital.patients()[0]
            where = {"url": hospital.url, "evoucher": hospital.first_line["evoucher"]}
            forms = {"forms": hospital.evoucher()["forms"], "voucher": first["voucher"], "card": first["id_no"]}
            told.write_text(json.dumps({**where, **forms}), encoding="utf-8")
            run("ours_voucher.py", str(told), str(CALLS), str(calls))
            calls.write_text(calls.read_text(encoding="utf-8").replace(hospital.url, same.url), encoding="utf-8")
            bare.append(run("bare_voucher.py", str(calls)))
            ours.append(run("ours_voucher.py", str(told), str(CALLS)))
    return [
        both(f"{door} {what} p50", ours, bare, f"{door}_{what}", middle)
        for door in DOORS
        for what in ("decode", "person")
    ]


FIGURES: Mapping[str, Callable[[int], list[Measure]]] = {"voucher": voucher}
