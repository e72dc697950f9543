"""How transactions travel, as each profile says it: what comes of it makes envelopes that pass the printed tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.domain.profile_wire import wire_of
from app.flows.claim_profiles import load_profile, profile_names
from sync.envelope import Sender, build_envelope, envelope_bytes
from sync.envelope_form import form_of
from tests.domain.claim_oracle import envelope_complaints

SITE = {"area": "990100", "institution": "H99010000001", "institution_name": "演示医院"}
AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize("name", profile_names())
def test_the_envelope_of_every_province_passes(name: str) -> None:
    profile = load_profile(name)
    form = form_of(wire_of(profile, SITE))
    nodes = {"data": {"psn_no": "P1", "n": 1}}
    envelope = build_envelope(
        form, "2201", nodes, sender=Sender("1002", "演示员乙"), at=AT, insuplc="990100",
        msgid="H99010000001202611230902030001",
    )  # fmt: skip
    found = json.loads(envelope_bytes(form, envelope))
    assert envelope_complaints(found) == []
    inside = json.loads(found["input"]) if profile.input == "string" else found["input"]
    number = "1" if profile.forms.numbers == "string" else 1
    assert inside == {"data": {"psn_no": "P1", "n": number}}


def test_the_provinces_differ_as_their_files_say() -> None:
    forms = {name: form_of(wire_of(load_profile(name), SITE)) for name in profile_names()}
    assert {name: form.input for name, form in forms.items() if form.input != "object"} == {"hubei": "string"}
    assert {name: form.numbers for name, form in forms.items() if form.numbers != "number"} == {
        "inner_mongolia": "string"
    }
    assert {name: form.seal.kind for name, form in forms.items()} == {
        "national": "none", "hubei": "cainfo_sm2", "inner_mongolia": "api_key", "shenzhen": "none",
    }  # fmt: skip
    assert forms["shenzhen"].length_of("fixmedins_name") == 20


def test_the_site_says_what_is_its_own(tmp_path: Path) -> None:
    own = tmp_path / "profile.toml"
    own.write_text(
        '[wire]\narea = "990100"\ninstitution = "H99010000001"\ninstitution_name = "x"\n[wire.paths]\n1101 = "own"\n',
        encoding="utf-8",
    )
    form = form_of(wire_of(load_profile("national", own), {"path": "all"}))
    assert (form.path_of("1101"), form.path_of("2201"), form.area) == ("own", "all", "990100")
    own.write_text("wire = 1\n", encoding="utf-8")
    with pytest.raises(Trouble):
        load_profile("national", own)
