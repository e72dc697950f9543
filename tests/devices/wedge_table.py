"""The truth table of the keyboard scanner: every GS1 sign under every setting of scanner and computer, and its count.

Run through the pure decoder; the computer is that of `wedge_typist`. Each label must come out equal, or be refused with
a reason: what is handed out changed, or vanishes without a word, is a failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from devices.wedge import WedgeDecoder
from devices.wedge_layouts import LAYOUTS
from devices.wedge_reading import WedgeProfile
from tests.devices.wedge_typist import GS1_SIGNS, HOSTS, SEPARATORS, Setting, Typist, hear

GAPS_US = (0, 2_000, 10_000, 20_000, 35_000, 50_000)
F8 = 0x01000037
INPUT_METHODS = ("", "eats", "composes")


@dataclass(frozen=True, slots=True)
class Case:
    """One label under one setting."""

    sign: str
    setting: Setting
    editing: bool
    f8_is_gs: bool

    @property
    def text(self) -> str:
        return f"]d2010952999900101610L{self.sign}b\x1d21{self.sign}7"


@dataclass(slots=True)
class Count:
    """What came of the cases."""

    equal: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    changed: list[Case] = field(default_factory=list)
    silent: list[Case] = field(default_factory=list)
    shown_beside_scan: list[Case] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.equal + sum(self.refused.values()) + len(self.changed) + len(self.silent)


def cases(every: int = 1) -> Iterator[Case]:
    """All cases, or one of `every`, spread over all settings and signs.

    An input method in a field that is being edited is asked where it is at home: at a US keyboard.
    """
    settings = product(HOSTS, (True, False), (False, True), INPUT_METHODS, SEPARATORS, GAPS_US, (False, True))
    number = 0
    for host, places, caps, method, separator, gap_us, editing in settings:
        if method and editing and host not in ("us", "zh"):
            continue
        setting = Setting(
            host=host, places=places, caps=caps, input_method=method, separator=separator, gap_us=gap_us
        )  # fmt: skip
        for f8_is_gs in (False, True) if separator == "f8" else (False,):
            for sign in GS1_SIGNS:
                number += 1
                if number % every == 0:
                    yield Case(sign, setting, editing, f8_is_gs)


def judge(case: Case, count: Count) -> None:
    """Type it and see."""
    profile = WedgeProfile(host=LAYOUTS[case.setting.host], gs_keys=frozenset({F8} if case.f8_is_gs else ()))
    heard = hear(WedgeDecoder(profile), list(Typist(case.setting).label(case.text)), editing=case.editing)
    if heard.labels and heard.text_shown.strip():
        count.shown_beside_scan.append(case)
    if heard.labels == [case.text.encode()] and not heard.refusals:
        count.equal += 1
    elif heard.labels:
        count.changed.append(case)
    elif heard.refusals:
        count.refused[heard.refusals[0]] += 1
    else:
        count.silent.append(case)


def run(every: int = 1) -> Count:
    """The whole table, or a part of it."""
    count = Count()
    for case in cases(every):
        judge(case, count)
    return count
