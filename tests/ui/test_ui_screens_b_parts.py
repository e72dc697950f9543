"""Pure parts behind the screens: pages of uploads, bytes made visible, moments; and that every word exists."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.texts import LANGUAGES, Texts
from app.domain.packages import piece_of
from app.ui.demo.scanner_panel import COMMANDS, WRONG
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.moments import in_groups, moment, tail_of
from app.ui.screens.raw_bytes import AIM_CODES, aim_code, hex_of, pieces_of, visible_of
from app.ui.screens.upload_pages import PAGE, UploadPages
from app.ui.screens.uploads import FILTERS
from devices import DeviceState
from devices.catalog import Way
from tests.ui.screens_b_views import GS1_BYTES, NOW_MS, upload

ROOT = Path(__file__).resolve().parents[2]
AREA = ("lookup_", "uploads_", "devices_", "settings_", "about_", "demo_", "tour_")


@given(st.binary(max_size=200))
def test_every_byte_is_shown_and_none_is_invisible(raw: bytes) -> None:
    pieces = pieces_of(raw)
    assert bytes.fromhex(hex_of(raw)) == raw
    shown = "".join(piece.text for piece in pieces if not piece.sign)
    assert all(ord(sign) >= 0x20 for sign in shown)
    assert shown.replace("\x7f", "") == shown
    assert not (raw and not pieces)
    assert all(ord(sign) >= 0x20 for sign in visible_of(raw))


def test_a_lost_separator_is_seen_at_once() -> None:
    assert "C␝21A1" in visible_of(GS1_BYTES)
    assert visible_of(GS1_BYTES).endswith("␍")
    assert [piece.text for piece in pieces_of(GS1_BYTES) if piece.sign] == ["GS", "CR"]
    assert [piece.text for piece in pieces_of(b"A\xff\x00")] == ["A", "FF", "NUL"]
    assert aim_code(GS1_BYTES) == "aim_gs1_matrix"


@pytest.mark.parametrize(
    ("raw", "code"), [(b"", None), (b"8999", None), (b"]d", None), (b"]!1x", None), (b"]y9", "aim_unknown")]
)
def test_only_a_prefix_is_named(raw: bytes, code: str | None) -> None:
    assert aim_code(raw) == code


@given(st.integers(1, 700), st.data())
def test_pages_put_together_are_the_whole_filter(count: int, data: st.DataObject) -> None:
    """However the pages come, scrolled to the end they are every row once, newest first."""
    rows = [upload(number) for number in range(count, 0, -1)]
    pages = UploadPages()
    pages.take(rows[:PAGE], ("queued",), count)
    while not pages.complete:
        before = pages.next_page()
        assert before is not None
        assert pages.next_page() is None  # one is on its way
        if data.draw(st.booleans()):
            pages.take(rows[:PAGE], ("queued",), count)  # an exchange refreshed the newest meanwhile
        older = [row for row in rows if row.n < before][:PAGE]
        pages.take(older, ("queued",), count)
    assert list(pages.rows) == rows
    assert pages.next_page() is None


def test_a_refreshed_page_drops_what_has_left_the_filter() -> None:
    rows = [upload(number) for number in range(450, 0, -1)]
    pages = UploadPages()
    pages.take(rows[:PAGE], ("queued",), 450)
    before = pages.next_page()
    assert pages.take(rows[PAGE : 2 * PAGE], ("queued",), 450)
    assert before == rows[PAGE - 1].n
    assert not pages.take(rows[10 : 10 + PAGE], ("queued",), 440)  # ten were accepted
    assert pages.find(rows[5].id) is None
    assert len(pages.rows) <= 440
    assert all(one.n > other.n for one, other in pairwise(pages.rows))
    assert not pages.take([], ("queued",), 0)
    assert pages.rows == ()


def test_rows_of_another_filter_are_not_taken() -> None:
    pages = UploadPages()
    assert not pages.take([upload(1, "refused", "same_code")], ("queued", "in_flight"), 1)
    assert pages.rows == ()


def test_moments_are_the_hospitals() -> None:
    assert moment(NOW_MS, "+08:00") == "2026-11-22 14:00"
    assert moment(NOW_MS, "nonsense", seconds=True) == "2026-11-22 14:00:00"
    assert in_groups("89990123") == "8999 0123"
    assert in_groups("DMZY-1") == "DMZY-1"
    assert tail_of("89990123546848745268") == "…5268"
    assert tail_of("DMZY-1") == "DMZY-1"
    piece = piece_of("89990123546848745268", "01a201d7-0000-7000-8000-00000000dead")
    assert in_groups(piece) == "8999 0123 5468 4874 5268"
    assert in_groups(f"damaged {piece} 外箱压扁") == "damaged 89990123546848745268 外箱压扁"
    assert tail_of(piece) == "…5268"


def test_every_word_that_these_screens_may_say_exists() -> None:
    texts = Texts.load()
    wanted = {f"uploads_tile_{name}" for name in FILTERS} | {f"uploads_empty_{name}" for name in FILTERS}
    wanted |= {f"uploads_why_{state}" for states in FILTERS.values() for state in states}
    wanted |= {f"upload_{state}" for states in FILTERS.values() for state in states}
    wanted |= {f"uploads_kind_{kind}" for kind in ("scan", "reversal", "outcome", "close")}
    wanted |= {f"device_{state.value}" for state in DeviceState} | set(AIM_CODES.values()) | {"aim_unknown", "aim_none"}
    wanted |= {f"way_{way.value}" for way in Way} | {f"demo_{name}" for name in (*WRONG, *COMMANDS)}
    kinds = ("trace20", "gs1", "product_code", "voucher", "own_form", "unknown")
    wanted |= {f"lookup_kind_{kind}" for kind in kinds} | {f"role_{role}" for role in ("clerk", "pharmacist")}
    notes = (
        "full_width",
        "grouped",
        "benwei",
        "sscc",
        "gs1_broken",
        "unusual_order",
        "not_text",
        "too_long",
        "from_url",
    )
    wanted |= {f"lookup_note_{note}" for note in notes} | {LookupScreen.name and "ui_screen_lookup"}
    wanted |= literal_codes()
    missing = sorted(code for code in wanted if not texts.has(code))
    assert missing == []
    assert all(texts.title(code, lang) for code in wanted for lang in LANGUAGES)


def literal_codes() -> set[str]:
    """Codes of this area that stand whole in the sources."""
    pattern = re.compile(f'"((?:{"|".join(AREA)})[a-z0-9_]*[a-z0-9])"')
    found: set[str] = set()
    for folder in ("app/ui/screens", "app/ui/demo", "app/flows"):
        for path in (ROOT / folder).glob("*.py"):
            found |= set(pattern.findall(path.read_text(encoding="utf-8")))
    return found
