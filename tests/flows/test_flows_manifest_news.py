"""What a manifest that comes or is refused means for people: told for the receipt that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.flows.manifest_news import Arrival, Came
from tests.fixtures.hospital import DELIVERY
from tests.flows.package_desk import PackageDock, carton, carton_of

RECEIPT = f"{DELIVERY}-R1"


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[PackageDock]:
    with PackageDock(tmp_path) as found:
        found.set_up()
        yield found


def test_every_source_is_heard_of_and_means_something_for_its_own_receipt(dock: PackageDock) -> None:
    heard: list[Came] = []
    dock.program.hear_packages(heard.append)
    dock.desk().scan(carton().encode())
    dock.tell(carton_of(range(3)))
    dock.tell(carton_of(range(100, 104), number=9), manifest="M-9", delivery_no="T-9")
    assert [came.receipts for came in heard] == [(RECEIPT,), ()]
    assert [dock.program.arrival(came, RECEIPT) for came in heard] == [Arrival("relay", 1), None]
    entries = dock.program.receipt_views.of(RECEIPT).entries
    assert [(entry.what, entry.note) for entry in entries] == [
        ("scan", None), ("restated", "4 → 3"), ("scan", "estimated"),
    ]  # fmt: skip


def test_a_source_that_did_not_stay_is_no_news(dock: PackageDock) -> None:
    heard: list[Came] = []
    dock.program.hear_packages(heard.append)
    dock.tell(carton_of(range(3)))
    dock.program.writer.call(lambda: dock.program._manifests.withdraw("M-1"))
    assert [dock.program.arrival(came, RECEIPT) for came in heard] == [None]


def test_a_refused_manifest_is_told_until_a_version_comes_or_it_is_taken_back(dock: PackageDock) -> None:
    manifests, writer = dock.program._manifests, dock.program.writer

    def refuse(manifest: str, version: int, code: str) -> None:
        rows = carton_of(range(3))
        dock.stage(rows, manifest=manifest, version=version)
        writer.call(lambda: manifests.refuse(dock.head(rows, manifest, version, DELIVERY), code, "7 rows"))

    refuse("M-1", 1, "manifest_digest_wrong")
    refuse("M-1", 2, "manifest_rows_wrong")
    refuse("M-2", 1, "manifest_gone")
    found = dock.program.refused_manifests()
    assert [(one.manifest, one.delivery, one.code) for one in found] == [
        ("M-1", DELIVERY, "manifest_rows_wrong"), ("M-2", DELIVERY, "manifest_gone"),
    ]  # fmt: skip
    dock.tell(carton_of(range(3)), version=3)
    assert [one.manifest for one in dock.program.refused_manifests()] == ["M-2"]
