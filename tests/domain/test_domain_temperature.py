"""Temperatures as people and loggers write them: forms, ranges, out of range, and that nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.logger_file import EXCURSIONS_KEPT, LoggerReport, read_logger
from app.domain.temperature import Range, range_of, read_temperature
from app.flows.acceptance_tables import AcceptanceWords

WORDS = AcceptanceWords.load()
COLD = Range(2.0, 8.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.2", 5.2),
        ("5,2", 5.2),
        ("５．２℃", 5.2),
        (" 5.2 °C ", 5.2),
        ("-18", -18.0),
        ("−18.5", -18.5),
        ("41F", 5.0),
        ("41 ℉", 5.0),
        ("0", 0.0),
        ("52", 52.0),
        ("520", "temperature_implausible"),
        ("-99", "temperature_implausible"),
        ("", "temperature_unreadable"),
        ("五度", "temperature_unreadable"),
        ("2~8", "temperature_unreadable"),
        ("5.2.1", "temperature_unreadable"),
        ("1e3", "temperature_unreadable"),
        ("nan", "temperature_unreadable"),
    ],
)
def test_what_somebody_types(text: str, expected: float | str) -> None:
    assert read_temperature(text) == expected


@given(st.text(max_size=12))
def test_any_text_has_an_answer(text: str) -> None:
    found = read_temperature(text)
    assert isinstance(found, str) or -90 <= found <= 70


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("2-8℃", Range(2, 8)),
        ("2～8℃冷藏保存", Range(2, 8)),
        ("遮光，2℃至8℃", Range(2, 8)),
        ("-25℃~-10℃", Range(-25, -10)),
        ("不超过20℃", Range(-273, 20)),
        ("≤25℃", Range(-273, 25)),
        ("-20℃以下", Range(-273, -20)),
        ("冷藏", Range(2, 8)),
        ("密封，置阴凉干燥处", Range(-273, 20)),
        ("常温", Range(10, 30)),
        ("密封保存", None),
        ("", None),
        (None, None),
    ],
)
def test_what_a_storage_condition_demands(storage: str | None, expected: Range | None) -> None:
    assert range_of(storage, WORDS.storage) == expected


@given(st.text(max_size=20))
def test_any_condition_has_an_answer(storage: str) -> None:
    found = range_of(storage, WORDS.storage)
    assert found is None or found.least_c <= found.most_c


ROWS = [("08:00", "4.1"), ("08:10", "9.5"), ("08:20", "11.0"), ("08:30", "5.0"), ("08:40", "1.0")]
PLAIN = "\n".join(["时间,温度(℃),湿度(%RH)", *(f"2026-11-22 {at},{degrees},60" for at, degrees in ROWS)])
WITH_HEAD = "Serial,LG-1\nMax temperature,11.0,at,08:20\nStart time,2026-11-22 08:00,Temperature unit,C\n\n" + PLAIN
GERMAN = "\n".join(
    ["Date;Time;Temperature °C", *(f"22.11.2026;{at};{degrees.replace('.', ',')}" for at, degrees in ROWS)]
)
TABS = "\n".join(["No.\tTime\tTemp", *(f"{n}\t{at}\t{degrees} ℃" for n, (at, degrees) in enumerate(ROWS))])
FAHRENHEIT = "\n".join(["Time,Temperature(°F)", *(f"{at},{float(degrees) * 1.8 + 32:.2f}" for at, degrees in ROWS)])


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("gb18030"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        WITH_HEAD.encode(),
        GERMAN.encode(),
        TABS.encode(),
        FAHRENHEIT.encode(),
    ],
    ids=["utf-8", "bom", "gb18030", "utf-16", "crlf", "lead lines", "semicolons", "tabs", "fahrenheit"],
)
def test_common_forms_of_a_loggers_file(content: bytes) -> None:
    found = read_logger(content, WORDS.columns, COLD)
    assert isinstance(found, LoggerReport), found
    assert (found.readings, found.least_c, found.most_c, found.bad_rows) == (5, 1.0, 11.0, 0)
    assert found.first.at.endswith("08:00")
    assert found.last.at.endswith("08:40")
    assert found.outside == 3
    warm, cold = found.excursions
    assert (warm.begins[-5:], warm.ends[-5:], warm.readings, warm.worst_c) == ("08:10", "08:20", 2, 11.0)
    assert (cold.begins[-5:], cold.readings, cold.worst_c) == ("08:40", 1, 1.0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "logger_no_column"),
        (b"\xff\xff\x00\x01" * 10, "logger_not_text"),
        (b"PK\x03\x04\x00\x00", "logger_not_text"),
        (b"a,b\n1,2", "logger_no_column"),
        ("时间,温度1,温度2\n08:00,4,5".encode(), "logger_no_column"),
        ("时间,温度(℃)\n".encode(), "logger_no_column"),
        ("时间,温度(℃)\n08:00,--\n08:10,Err".encode(), "logger_no_column"),
    ],
)
def test_what_is_not_clear_is_refused(content: bytes, expected: str) -> None:
    assert read_logger(content, WORDS.columns, COLD) == expected


def test_rows_without_a_reading_are_counted_and_nothing_is_made_of_them() -> None:
    found = read_logger(f"{PLAIN}\n2026-11-22 08:50,--,60\n2026-11-22 09:00\n".encode(), WORDS.columns, None)
    assert isinstance(found, LoggerReport)
    assert (found.readings, found.bad_rows, found.outside, found.excursions) == (5, 2, 0, ())


def test_a_long_and_restless_file_stays_small() -> None:
    rows = "\n".join(f"t{n},{9 if n % 2 else 5}" for n in range(20_000))
    found = read_logger(f"time,temp\n{rows}".encode(), WORDS.columns, COLD)
    assert isinstance(found, LoggerReport)
    assert (found.readings, found.outside, len(found.excursions)) == (20_000, 10_000, EXCURSIONS_KEPT)


@given(st.binary(max_size=300) | st.text(alphabet='time,temp;\t\n0123456789.-℃"', max_size=200).map(str.encode))
def test_any_bytes_have_an_answer(content: bytes) -> None:
    found = read_logger(content, WORDS.columns, COLD)
    assert isinstance(found, str) or found.least_c <= found.most_c


@given(st.lists(st.floats(-40, 60), min_size=1, max_size=40))
def test_what_is_reported_is_what_stands_there(degrees: list[float]) -> None:
    written = [f"{one:.2f}" for one in degrees]
    kept = [float(one) for one in written]
    found = read_logger("\n".join(["time,temp", *(f"t,{one}" for one in written)]).encode(), WORDS.columns, COLD)
    assert isinstance(found, LoggerReport)
    assert (found.readings, found.least_c, found.most_c) == (len(kept), min(kept), max(kept))
    assert found.outside == sum(not COLD.holds(one) for one in kept)
