"""What a site wants of the patient process, as plain values that may cross its pipe: no secret is among them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

OFF, HIS, HTTP, LIBRARY = "off", "his-service", "http", "library"
BACKENDS = (OFF, HIS, HTTP, LIBRARY)
TOKEN_LIFE_S = 7200.0  # e-voucher-6101.md §1
BUSINESS_TYPES = (
    "01101", "01102", "01103", "01104", "01201", "01202", "01203", "01204",
    "01301", "01302", "01303", "01304", "01305", "02121", "02122", "03131",
)  # fmt: skip
"""§3.6; leading zeros belong to them."""
SETTLING = frozenset({"2207", "2207A", "2304", "2304A"})
"""Transactions for which a site may want the voucher scanned a second time."""


@dataclass(frozen=True, slots=True)
class LibraryPlan:
    """The national library of this machine and how it is called (§3.1)."""

    path: str = ""
    style: str = "nation"  # nation: NationEcTrans(url, in, out); ecquery: Init(in), EcQuery(in, out)
    url: str = ""
    charset: str = "gbk"
    buffer: int = 8192
    init: str = "{}"  # what `Init` is given
    limit_s: float = 60.0  # the patient has to find the telephone


@dataclass(frozen=True, slots=True)
class Plan:
    """How a patient is identified here."""

    backend: str = OFF
    org: str = ""
    office: str = ""
    office_name: str = ""
    life_s: float = TOKEN_LIFE_S
    margin_s: float = 300.0
    credential: str = "01"  # used after decoding: 01 with the token, 02 with the identity number
    settle_again: bool = False
    silent: tuple[str, ...] = ("-2",)  # codes of the voucher centre at which nothing is said: the patient gave up
    url: str = ""  # of the envelope gateway, for HTTP
    library: LibraryPlan = LibraryPlan()

    @property
    def holds_s(self) -> float:
        """How long a token is used."""
        return max(0.0, self.life_s - self.margin_s)


@dataclass(frozen=True, slots=True)
class Who:
    """The operator on whose behalf calls are made."""

    id: str
    name: str
