"""The national library as a stand-in that these tests build: answers, hangs, falls over, floods its buffer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.patient.library import Called
from app.patient.library_decoder import LibraryDecoder, decoded_of
from app.patient.link import command_of
from app.patient.plan import LIBRARY, LibraryPlan, Plan, Who
from app.patient.ports import Decoded, PatientTrouble

COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="the stand-in is built by a C compiler, and there is none"),
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is built for POSIX"),
]
WHO = Who("1002", "演示员乙")
SOURCE = Path(__file__).with_name("stand_in.c")
WANTED = Decoded("测试甲", "99999919900101001X", "01", "999999ecLIBRARY", "990100")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    assert COMPILER is not None
    words = ["-shared", "-fPIC", "-O1", f'-DMOOD="{folder / "mood"}"', "-o", str(folder / "stand_in.so"), str(SOURCE)]
    subprocess.run([COMPILER, *words], check=True, capture_output=True)
    return folder / "stand_in.so"


@pytest.fixture
def decoder_of(built: Path, tmp_path: Path) -> Iterator[Callable[..., LibraryDecoder]]:
    made: list[LibraryDecoder] = []

    def make(mood: str = "", limit_s: float = 60.0, **more: object) -> LibraryDecoder:
        (built.parent / "mood").write_text(mood, encoding="ascii")
        library = replace(LibraryPlan(str(built), limit_s=limit_s), **more)  # type: ignore[arg-type]
        plan = Plan(backend=LIBRARY, org="TEST0001", library=library)
        made.append(LibraryDecoder(plan, (*command_of(tmp_path, None), "--library")))
        return made[-1]

    yield make
    for one in made:
        one.close()


def asked(decoder: LibraryDecoder, business: str = "01302") -> Decoded:
    return decoder.decode("", business, WHO)


def trouble_of(decoder: LibraryDecoder, business: str = "01302") -> PatientTrouble:
    with pytest.raises(PatientTrouble) as caught:
        asked(decoder, business)
    return caught.value


@pytest.mark.parametrize(
    ("mood", "more"),
    [
        ("", {}),
        ("utf8", {"charset": "utf-8"}),
        ("", {"style": "ecquery", "init": '{"IP":"127.0.0.1"}'}),
        ("", {"buffer": 1024}),
    ],
)
def test_both_ways_of_calling_and_both_encodings(
    decoder_of: Callable[..., LibraryDecoder], mood: str, more: dict[str, object]
) -> None:
    decoder = decoder_of(mood, **more)
    assert asked(decoder) == WANTED
    assert asked(decoder) == WANTED, "and once more"


def test_data_that_is_a_text_is_read_again(decoder_of: Callable[..., LibraryDecoder]) -> None:
    assert asked(decoder_of("nested")) == replace(WANTED, area="")


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("crashes", "library_crashed"),
        ("aborts", "library_crashed"),
        ("rubbish", "library_rubbish"),
        ("bytes", "library_rubbish"),
        ("lacks", "library_rubbish"),
        ("refuses", "library_refused"),
        ("cancelled", "decoder_silent"),
        ("foreign", "voucher_not_one"),
    ],
)
def test_whatever_it_does_has_a_name_and_the_next_patient_is_served(
    decoder_of: Callable[..., LibraryDecoder], built: Path, mood: str, code: str
) -> None:
    decoder = decoder_of(mood)
    assert trouble_of(decoder).code == code
    (built.parent / "mood").write_text("", encoding="ascii")
    assert asked(decoder) == WANTED


def test_its_own_words_are_passed_on(decoder_of: Callable[..., LibraryDecoder]) -> None:
    trouble = trouble_of(decoder_of(), "01101")
    assert (trouble.code, trouble.values) == ("voucher_refused", {"number": "-1", "said": "type"})
    refused = trouble_of(decoder_of("refuses"))
    assert refused.values == {"number": "0007", "said": "no reader"}


def test_a_hundred_thousand_bytes_into_four_thousand(decoder_of: Callable[..., LibraryDecoder]) -> None:
    assert trouble_of(decoder_of("floods", buffer=4096)).code == "library_overran"


def test_one_that_hangs_is_ended(decoder_of: Callable[..., LibraryDecoder], built: Path) -> None:
    decoder = decoder_of("hangs", limit_s=2.0)
    trouble = trouble_of(decoder)
    assert (trouble.code, trouble.values) == ("library_hangs", {"seconds": "2"})
    (built.parent / "mood").write_text("", encoding="ascii")
    assert decoder._child is None
    decoder._plan = replace(decoder._plan, library=replace(decoder._plan.library, limit_s=60.0))
    assert asked(decoder) == WANTED


def test_one_that_is_missing_no_library_or_without_the_function(
    decoder_of: Callable[..., LibraryDecoder], tmp_path: Path
) -> None:
    assert trouble_of(decoder_of(path=str(tmp_path / "none.so"))).code == "library_missing"
    (tmp_path / "text.so").write_text("no library", encoding="ascii")
    assert trouble_of(decoder_of(path=str(tmp_path / "text.so"))).code == "library_unusable"
    libc = next(Path("/lib").glob("*/libm.so.6"), None)
    if libc is not None:
        assert trouble_of(decoder_of(path=str(libc))).code == "library_unusable"


def test_init_that_says_no(decoder_of: Callable[..., LibraryDecoder]) -> None:
    assert trouble_of(decoder_of(style="ecquery", init="{}")).code == "library_refused"


@pytest.mark.parametrize("out", ["", "[]", "{", "null", '{"code":0}', '{"code":0,"data":"{"}', '{"code":0,"data":[1]}'])
def test_rubbish_is_named(out: str) -> None:
    with pytest.raises(PatientTrouble) as caught:
        decoded_of(Called("", "0000", out), ())
    assert caught.value.code in ("library_rubbish", "voucher_refused")


def test_nothing_of_it_is_in_a_repr() -> None:
    assert "99999919900101001X" not in repr(WANTED)
    assert "999999ecLIBRARY" not in repr(WANTED)
    assert "x" not in repr(Called("", "0000", "xxx"))
