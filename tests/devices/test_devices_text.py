"""Text beside the bytes: every encoding in its turn, guesses marked, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.text_of import Encoding, text_of


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"]d2010690\x1d21S", "]d2010690\x1d21S", Encoding.ASCII),
        ("阿莫西林胶囊".encode(), "阿莫西林胶囊", Encoding.UTF_8),
        ("阿莫西林胶囊".encode("gbk"), "阿莫西林胶囊", Encoding.GB18030),
        ("药品".encode("gbk"), "药品", Encoding.GB18030),
        ("批号 A1 药品".encode("gbk"), "批号 A1 药品", Encoding.GB18030),
        ("药品".encode(), "药品", Encoding.UTF_8),
        ("Ø12 µg".encode(), "Ø12 µg", Encoding.UTF_8),
        ("㐂𠮷".encode("gb18030"), "㐂𠮷", Encoding.GB18030),
        (b"\xff\x00A", "ÿ\x00A", Encoding.NONE),
        (b"", "", Encoding.ASCII),
    ],
)
def test_the_text_beside_the_bytes(raw, text, encoding):
    read = text_of(raw)
    assert (read.text, read.encoding) == (text, encoding)
    assert read.is_guess == (encoding in (Encoding.GB18030, Encoding.NONE))


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12))
def test_chinese_is_read_from_utf_8_and_from_gbk(text):
    assert text_of(text.encode()).text == text
    try:
        raw = text.encode("gb2312")
    except UnicodeEncodeError:
        return
    assert text_of(raw).text == text


@given(st.binary(max_size=100))
def test_any_bytes_have_a_text_that_leads_back_to_them(raw):
    read = text_of(raw)
    codec = "latin-1" if read.encoding is Encoding.NONE else read.encoding.value
    assert read.text.encode(codec) == raw


def test_the_text_of_a_label_does_not_show_in_a_log():
    assert "42401" not in repr(text_of(b"42401234567890123456789012"))
