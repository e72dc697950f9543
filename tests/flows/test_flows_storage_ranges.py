"""What storage words mean is the program's table, and before it the site's own word."""

from __future__ import annotations

import msgspec
import pytest

from app.base.errors import Trouble
from app.base.settings import Settings, setting_of, value_of
from app.domain.temperature import Range, named_ranges
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages

BOX = code("8999011", 1)
RECEIPT = "T-1-R1"


def storage_of(dock: Dock) -> Range | None:
    (found,) = dock.program.acceptance.view(RECEIPT, dock.person()).lines
    return found.storage


@pytest.fixture
def room(dock: Dock) -> Dock:
    warm = msgspec.structs.replace(drug("D1", {"8999011": 1}), storage="密封，室温保存")
    dock.feed(operator(), warm, packages({BOX: {}}), delivery(line(1, "D1", 1)))
    assert dock.desk().scan(BOX.encode()).counted
    return dock


def test_the_sites_word_goes_before_the_programs(room: Dock) -> None:
    assert storage_of(room) == Range(10.0, 30.0)
    (room.program.paths.root / "site.toml").write_text('storage_ranges = ["室温 15 25"]\n', encoding="utf-8")
    room.program.settings = Settings.load(room.program.paths)
    assert storage_of(room) == Range(15.0, 25.0)
    (room.program.paths.root / "site.toml").write_text('storage_ranges = ["密封 2.5 -4"]\n', encoding="utf-8")
    room.program.settings = Settings.load(room.program.paths)
    assert storage_of(room) == Range(-4.0, 2.5)


@pytest.mark.parametrize("text", ["室温", "室温 15", "15 25", "室温 a b", "室温 15 25 35", "室温 15-25"])
def test_a_range_that_cannot_be_read_is_refused_at_the_door(room: Dock, text: str) -> None:
    with pytest.raises(ValueError, match="storage_ranges"):
        value_of(setting_of("storage_ranges"), text)
    assert named_ranges([text]) == {}
    (room.program.paths.root / "site.toml").write_text(f'storage_ranges = ["{text}"]\n', encoding="utf-8")
    with pytest.raises(Trouble, match="setting_bad"):
        Settings.load(room.program.paths)


def test_what_the_settings_take_is_read() -> None:
    assert value_of(setting_of("storage_ranges"), "室温 15 25\n深冷 -80 -60.5") == ["室温 15 25", "深冷 -80 -60.5"]
    assert named_ranges(["深冷 -80 -60.5"]) == {"深冷": Range(-80.0, -60.5)}
