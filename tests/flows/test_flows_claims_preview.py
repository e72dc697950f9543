"""A real receipt in a real data folder, and the messages that it would make by the site's profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.flows.claim_messages import ClaimPreview
from app.flows.receiving import Receiving
from sync.changes import DeliveryChange, DeliveryLine, DrugChange
from tests.domain.claim_oracle import complaints
from tests.fixtures.hospital import DELIVERY, NOW_MS, Dock, code, operator, packages

RECEIPT = f"{DELIVERY}-R1"
BOXES = [code("8999011", number) for number in range(4)]
CARTON = code("8999013", 0)


def a_drug(name: str = "D1", *, exempt: str | None = None) -> DrugChange:
    return DrugChange(
        name, f"药{name}", "drug", {"8999011": 1, "8999013": 2}, spec="0.5g×24粒/盒", maker="演示制药",
        approval_no="国药准字H20990001", nhsa_code="X-DEMO-0001", min_pack_unit="盒", exempt=exempt,
    )  # fmt: skip


@pytest.fixture
def desk(dock: Dock) -> Receiving:
    lines = (
        DeliveryLine(1, "D1", "B1", "2029-06-30", 4, "2026-01-31"),
        DeliveryLine(2, "D2", "B7", "2028-01-31", 3, "2025-02-28"),
    )
    dock.feed(
        operator(), a_drug(), a_drug("D2", exempt="bulk"), packages({CARTON: {key: {} for key in BOXES}}),
        DeliveryChange(
            DELIVERY, "演示医药有限公司", "complete", "open", lines, supplier_licence="许可1", invoice_no="FP-1",
            invoice_code="FPD-1", shipped_ms=NOW_MS,
        ),
    )  # fmt: skip
    (dock.program.paths.root / "profile.toml").write_text('[fields.rx_flag]\notherwise = "1"\n', encoding="utf-8")
    return dock.desk()


def preview(dock: Dock, route: str = "one") -> ClaimPreview:
    dock.program.settings = type(dock.program.settings)({**dock.program.settings.values, "collection_model": route})
    return dock.program.claims().preview(RECEIPT)


def command(desk: Receiving, text: str) -> None:
    outcome = desk.command(text)
    assert outcome.ok, outcome


def test_only_the_good_packs_are_told_and_closing_makes_it_final(dock: Dock, desk: Receiving) -> None:
    desk.scan(CARTON.encode())
    command(desk, f"damaged {BOXES[1]} wet")
    command(desk, "exempt 2 3 bulk")
    assert [note.code for note in preview(dock).notes] == ["claim_not_closed"]
    command(desk, "close")
    found = preview(dock)
    assert (found.closed, found.notes, found.set_aside) == (True, (), ())
    payload = json.loads(found.messages[0].payload.text())
    assert complaints("3503A", payload, "national") == []
    lines = payload["purcinfoDetail"]
    assert [(line["fixmedins_hilist_id"], line["purc_retn_cnt"]) for line in lines] == [("D1", 3), ("D2", 3)]
    first = lines[0]
    assert (first["dynt_no"], first["spler_name"], first["purc_invo_no"]) == (DELIVERY, "演示医药有限公司", "FP-1")
    assert (first["manu_date"], first["expy_end"], first["manu_lotnum"]) == ("2026-01-31", "2029-06-30", "B1")
    assert first["purc_retn_stoin_time"].startswith("2026-11-22 14:00")
    assert first["purc_retn_opter_name"] == "演示员1001"


def test_codes_go_where_the_message_has_a_place_for_them(dock: Dock, desk: Receiving) -> None:
    desk.scan(CARTON.encode())
    command(desk, f"reject {BOXES[0]} dirty")
    found = preview(dock, "one_with_codes")
    assert [message.payload.infno for message in found.messages] == ["3503A"]
    # Nobody says what it cost: the row with the codes waits, by name.
    assert [(each.row.trade, [problem.name for problem in each.problems]) for each in found.set_aside] == [
        ("stock_in", ["pric"])
    ]
    priced = '[fields.rx_flag]\notherwise = "1"\n[fields.pric]\notherwise = "0"\n'
    (dock.program.paths.root / "profile.toml").write_text(priced, encoding="utf-8")
    found = preview(dock, "one_with_codes")
    line = json.loads(found.messages[1].payload.text())["invinfoDetail"][0]
    assert [each["drug_trac_codg"] for each in line["drugtracinfo"]] == BOXES[1:]
    assert (line["cnt"], line["inv_chg_type"], line["trdn_flag"]) == (3, "108", "0")


def test_an_undo_before_anything_was_sent_leaves_nothing_behind(dock: Dock, desk: Receiving) -> None:
    desk.scan(BOXES[0].encode())
    desk.scan(BOXES[1].encode())
    command(desk, f"undo {BOXES[0]}")
    line = json.loads(preview(dock).messages[0].payload.text())["purcinfoDetail"][0]
    assert line["purc_retn_cnt"] == 1


def test_a_receipt_of_nothing_tells_nothing(dock: Dock, desk: Receiving) -> None:
    assert (preview(dock).messages, preview(dock).set_aside) == ((), ())


@pytest.mark.parametrize(
    ("receipt", "own", "code"),
    [
        ("none", "", "receipt_not_here"),
        (RECEIPT, "[fields", "profile_bad"),
        (RECEIPT, "[fields.rx_flag]\nmoost = 3\n", "profile_bad"),
        (RECEIPT, 'nonsense = "1"\n', "profile_bad"),
    ],
)
def test_what_cannot_be_is_said_by_name(dock: Dock, desk: Receiving, receipt: str, own: str, code: str) -> None:
    file: Path = dock.program.paths.root / "profile.toml"
    file.write_text(own, encoding="utf-8")
    with pytest.raises(Trouble) as caught:
        dock.program.claims().preview(receipt)
    assert caught.value.code == code
    if code == "profile_bad":
        assert caught.value.values["file"] == "profile.toml"


def test_a_route_or_a_profile_that_nobody_knows(dock: Dock, desk: Receiving) -> None:
    assert [note.code for note in preview(dock, "seven").notes] == ["claim_route_unknown"]
    dock.program.settings = type(dock.program.settings)({**dock.program.settings.values, "claims_profile": "../x"})
    with pytest.raises(Trouble, match="profile_unknown"):
        dock.program.claims().preview(RECEIPT)
