"""What lies in resources/ for the look: font, icons, sounds. Real files; UI thread."""

from __future__ import annotations

import array
import importlib.util
import itertools
import re
import sys
import wave
from pathlib import Path

import pytest
from PySide6.QtGui import QRawFont
from pytestqt.qtbot import QtBot

from app.base.paths import resources_dir
from app.domain.reasons import Panel
from app.ui.feedback import Feedback, Player, open_sound_system, sound_files
from app.ui.fonts import FACES, load_fonts
from app.ui.icons import Icon, pixmap

RESOURCES = resources_dir()
CHECKOUT = RESOURCES.parent


def gb2312_level_1_and_2() -> str:
    found = []
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.append(bytes((row, cell)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return "".join(found)


def words_of_resources() -> str:
    """Every character of every text and of the sandbox's catalogue, comments too."""
    paths = sorted(RESOURCES.rglob("*.toml"))
    assert any(path.name == "catalogue.toml" for path in paths)
    return "".join(path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "signs",
    [
        pytest.param(gb2312_level_1_and_2(), id="gb2312"),
        pytest.param("".join(map(chr, range(0x20, 0x7F))), id="ascii_and_gs1"),
        pytest.param("，。、；：？！“”‘’（）《》〈〉【】…—·～￥％", id="punctuation"),
        pytest.param("".join(map(chr, range(0xFF01, 0xFF5F))), id="full_width"),
    ],
)
def test_the_font_has_every_character(qtbot: QtBot, face: str, signs: str) -> None:
    font = QRawFont(str(RESOURCES / "fonts" / face), 16.0)
    assert font.isValid()
    assert [sign for sign in signs if not font.supportsCharacter(ord(sign))] == []


@pytest.mark.parametrize("face", FACES)
def test_every_word_that_we_ship_has_its_glyphs(qtbot: QtBot, face: str) -> None:
    font = QRawFont(str(RESOURCES / "fonts" / face), 16.0)
    lacking = {sign for sign in words_of_resources() if sign != "\n" and not font.supportsCharacter(ord(sign))}
    assert lacking == set()


def test_gb2312_is_whole() -> None:
    assert len(gb2312_level_1_and_2()) == 6_763


def test_the_font_is_small_licensed_and_renamed(qtbot: QtBot) -> None:
    files = [RESOURCES / "fonts" / face for face in FACES]
    assert sum(path.stat().st_size for path in files) < 6_000_000
    licence = (RESOURCES / "fonts" / "LICENSE-OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Reserved Font Name 'Source'" in licence
    assert QRawFont(str(files[0]), 16.0).familyName() == "Matou Sans SC"


def test_a_missing_font_is_told_and_not_raised(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / FACES[0]).write_bytes(b"this is no font")
    loaded = load_fonts(tmp_path)
    assert loaded.missing == FACES
    assert loaded.trouble == "font_missing"
    assert load_fonts().trouble is None


def test_icons_here_are_those_named_and_each_is_drawn(qtbot: QtBot) -> None:
    assert {path.stem for path in (RESOURCES / "icons").glob("*.svg")} == {icon.value for icon in Icon}
    assert "ISC License" in (RESOURCES / "icons" / "LICENSE-lucide.txt").read_text(encoding="utf-8")
    for icon in Icon:
        image = pixmap(icon, "#ff0000", 24, 2.0).toImage()
        inked = {image.pixelColor(x, y).name() for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha()}
        assert inked, icon
        assert (image.width(), image.height()) == (48, 48)


def test_icons_hold_shapes_only() -> None:
    drawings = {path.name: path.read_text(encoding="utf-8") for path in (RESOURCES / "icons").glob("*.svg")}
    strange = re.compile(r"<(?:script|image|foreignObject|a|use)\b|https?://(?!www\.w3\.org/)")
    assert [name for name, drawing in drawings.items() if strange.search(drawing)] == []


def samples_of(path: Path) -> tuple[wave._wave_params, array.array[int]]:
    with wave.open(str(path)) as sound:
        return sound.getparams(), array.array("h", sound.readframes(sound.getnframes()))


def pitch_hz(samples: array.array[int], part: slice) -> float:
    """By crossings of zero upwards."""
    piece = samples[part]
    return sum(1 for one, after in itertools.pairwise(piece) if one < 0 <= after) * 44_100 / len(piece)


def strokes(samples: array.array[int]) -> int:
    """Sounding stretches that are parted by at least 20 ms of silence."""
    count, silent = 0, 10_000
    for value in samples:
        if abs(value) > 600:
            count += silent > 882
            silent = 0
        else:
            silent += 1
    return count


@pytest.mark.parametrize("panel", list(Panel))
def test_sounds_are_small_mono_and_end_softly(panel: Panel) -> None:
    path = sound_files()[panel.value]
    params, samples = samples_of(path)
    assert (params.nchannels, params.sampwidth, params.framerate) == (1, 2, 44_100)
    assert path.stat().st_size < 60_000
    assert max(map(abs, samples)) > 12_000
    assert abs(samples[0]) < 600
    assert abs(samples[-1]) < 600


def test_the_script_makes_the_sounds_that_are_committed(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("matou_assets_under_test", CHECKOUT / "build" / "assets.py")
    assert spec is not None
    assert spec.loader is not None
    assets = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = assets  # dataclasses look their module up
    try:
        spec.loader.exec_module(assets)
        assets.make_sounds(tmp_path)
    finally:
        del sys.modules[spec.name]
    for panel in Panel:
        made, kept = tmp_path / f"{panel.value}.wav", sound_files()[panel.value]
        assert samples_of(made)[0] == samples_of(kept)[0]
        steps = zip(samples_of(made)[1], samples_of(kept)[1], strict=True)
        assert max(abs(one - other) for one, other in steps) <= 1, "another libm may round differently"


def test_sounds_differ_in_length_pitch_and_rhythm() -> None:
    heard = {panel: samples_of(sound_files()[panel.value])[1] for panel in Panel}
    good, soft, attention, stop = (heard[panel] for panel in (Panel.GOOD, Panel.SOFT, Panel.ATTENTION, Panel.STOP))
    assert [strokes(one) for one in (good, soft, attention, stop)] == [1, 1, 2, 3]
    assert len(soft) < len(good) < len(attention) < len(stop)
    half = len(good) // 2
    assert pitch_hz(good, slice(half, None)) > 1.15 * pitch_hz(good, slice(0, half)), "it rises"
    assert pitch_hz(soft, slice(None)) < 500
    assert pitch_hz(stop, slice(0, 6_000)) < 300


class Spy(Player):
    """Stands for the loudspeaker, which a machine for tests does not have."""

    def __init__(self) -> None:
        self.played: list[str] = []
        self.volume = 1.0
        self.patterns: list[tuple[int, ...]] = []

    def play(self, name: str) -> None:
        self.played.append(name)

    def set_volume(self, volume: float) -> None:
        self.volume = volume

    def vibrate(self, pattern_ms: tuple[int, ...]) -> None:
        self.patterns.append(pattern_ms)


def test_feedback_plays_and_vibrates_differently_for_each_verdict() -> None:
    spy = Spy()
    feedback = Feedback(opener=lambda files, volume: spy if len(files) == 4 and volume else None, vibration=spy)
    feedback.play(Panel.GOOD)
    assert spy.played == [], "silent before it is awake"
    feedback.wake()
    for panel in Panel:
        feedback.play(panel)
    feedback.set_volume(0.5)
    assert spy.played == ["good", "soft", "attention", "stop"]
    assert len(set(spy.patterns)) == 4
    assert spy.volume == 0.5
    assert feedback.trouble is None


def test_a_machine_without_sound_stays_silent_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_files: dict[str, Path], _volume: float) -> Player | None:
        raise ImportError("libpulse")

    for opener in (broken, lambda _files, _volume: None):
        feedback = Feedback(opener=opener)
        assert feedback.trouble is None
        feedback.wake()
        feedback.play(Panel.STOP)
        assert feedback.trouble == "no_sound_device"


@pytest.mark.qt_log_ignore("PulseAudioService: pa_context_connect", extend=True)  # what Qt says of a bare machine
def test_the_real_sound_system_opens_or_says_that_there_is_none(qtbot: QtBot) -> None:
    player = open_sound_system(sound_files(), 0.0)
    if player is not None:
        player.play("good")
        player.set_volume(0.0)
    feedback = Feedback()
    feedback.wake()
    assert feedback.trouble == ("no_sound_device" if player is None else None)
