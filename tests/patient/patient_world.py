"""The patient process with an invented world behind it, run as a child of tests: `python patient_world.py`.

A voucher's third group of digits says what becomes of it, so that one child plays every answer.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.patient.plan import Who
from app.patient.ports import Credential, Decoded, Insured, PatientTrouble, Person
from app.patient.process import PatientProcess, Tell, World
from app.patient.wire import Hello

NAME, OTHER_NAME = "测甲乙丙", "试丁戊己"
ID_NO, OTHER_ID = "99999919900101001X", "999999198505052223"
TOKEN = "999999ec7d1c0b5a4e3f29180716151413"
ONE, TWO, OTHER, USED, HANGS, BUGS, TALKS, AGAIN = (f"424{number:025d}" for number in range(1, 9))
CITY = Insured("310", "999900", active=True, person_kind="11")
AWAY = Insured("390", "888800", active=True)


class PlayedDecoder:
    """`Decoder`."""

    def decode(self, voucher: str, business: str, who: Who) -> Decoded:
        if voucher == HANGS:
            threading.Event().wait()
        if voucher == USED:
            raise PatientTrouble("voucher_used", number="1", said="二维码已使用")
        if voucher == BUGS:
            raise ValueError(f"{ID_NO} {NAME}")
        other = voucher == OTHER
        return Decoded(OTHER_NAME if other else NAME, OTHER_ID if other else ID_NO, "01", f"{TOKEN}{voucher[-2:]}")


class PlayedInsurance:
    """`Insurance`."""

    area = "999900"

    def person(self, credential: Credential, who: Who) -> Person:
        if credential.kind == "01" and not credential.number.startswith(TOKEN):
            raise PatientTrouble("person_unknown", number="-1", said="查无此人")
        if credential.number.endswith("07"):
            raise PatientTrouble("insurance_refused", number="9", said=f"{NAME} {ID_NO} {TALKS} 不能用")
        kinds = (CITY, AWAY) if credential.number.endswith("02") else (CITY,)
        return Person("P99999900001", "", "" if credential.kind == "01" else credential.number, kinds)

    def hand_over(
        self, infno: str, credential: Credential, person: Person, insured: Insured | None,
        known: Mapping[str, str], who: Who,
    ) -> Mapping[str, str]:  # fmt: skip
        if infno == "2201":
            return {"mdtrt_id": "M1"}
        return {"setl_id": "S1", "mdtrt_id": known.get("mdtrt_id", "M0")}


def make_world(hello: Hello, _tell: Tell) -> World:
    if hello.plan.org == "NOBODY":
        raise PatientTrouble("evoucher_no_address")
    return World(PlayedDecoder(), PlayedInsurance())


if __name__ == "__main__":
    PatientProcess(sys.stdout.buffer, make_world).serve(sys.stdin.buffer)
