"""Qt's ends of the camera: planes of frames, turned pictures, which camera and which format, words of refusals."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QMediaDevices, QVideoFrame, QVideoFrameFormat, QVideoSink
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.camera_choice import CameraChoice, FormatFacts, best_format, pick_camera
from app.ui.camera_source import PLANES, CameraEye, code_of, grey_plane
from app.ui.turner import QtTurner, grey_of, image_of
from devices.camera import CameraError, Mailbox
from devices.dock_photo import read_photo
from devices.places import Turn, middle, turned_back
from devices.symbols import GreyPicture, read_symbols
from tests.fixtures.labels import PillowTurner, grey, label, page, trace_code

CODE = b"89990139836900602677"
ONE, TWO, TWIN = CameraChoice("usb-1", "前置"), CameraChoice("usb-2", "后置"), CameraChoice("usb-3", "后置")


@pytest.mark.parametrize("pixel_format", list(PLANES), ids=lambda one: one.name)
def test_the_grey_plane_of_every_layout(qapp: QApplication, pixel_format: QVideoFrameFormat.PixelFormat) -> None:
    drawn = grey(label(CODE.decode()))
    frame = QVideoFrame(QVideoFrameFormat(QSize(drawn.width // 2 * 2, drawn.height // 2 * 2), pixel_format))
    first, step = PLANES[pixel_format]
    if not frame.map(QVideoFrame.MapMode.WriteOnly):
        pytest.skip(f"Qt makes no frames of {pixel_format.name} itself")
    plane = frame.bits(0)
    for row in range(frame.height()):
        start = row * frame.bytesPerLine(0) + first
        line = drawn.pixels[row * drawn.stride : row * drawn.stride + frame.width()]
        plane[start : start + frame.width() * step - first : step] = line  # type: ignore[index]
    frame.unmap()
    picture = grey_plane(frame)
    assert (picture.width, picture.height, picture.step) == (frame.width(), frame.height(), 1)
    assert [symbol.payload for symbol in read_symbols(picture)] == [CODE]
    assert not frame.isMapped(), "a frame that stays mapped starves the camera"


def test_a_frame_without_anything_has_no_pixels(qapp: QApplication) -> None:
    assert not grey_plane(QVideoFrame()).is_whole
    assert not grey_of(QImage()).is_whole


def test_qt_turns_as_the_other_turner_does() -> None:
    drawn = grey(label(CODE.decode()))
    for turn in (Turn(25), Turn(-40, 2.0, 2.0), Turn(90, 1.0, 0.5), Turn(0, 0.5, 0.5)):
        ours, other = QtTurner().turn(drawn, turn), PillowTurner().turn(drawn, turn)
        assert (ours.width, ours.height) == (other.width, other.height)
        assert ours.is_whole
    tilted = grey(label(CODE.decode()).rotate(30, expand=True, fillcolor=150))
    (found,) = read_symbols(QtTurner().turn(tilted, Turn(30)))
    x, y = middle(turned_back(found.place, QtTurner().turn(tilted, Turn(30)), Turn(30), tilted))
    assert abs(x - tilted.width / 2) < 6
    assert abs(y - tilted.height / 2) < 6


def test_a_picture_with_bytes_between_is_turned_too() -> None:
    drawn = grey(label(CODE.decode()))
    spread = bytearray(2 * len(drawn.pixels))
    spread[::2] = drawn.pixels
    picture = GreyPicture(bytes(spread), drawn.width, drawn.height, 2 * drawn.stride, 2)
    assert image_of(picture) == image_of(drawn)


def test_a_photo_through_qt() -> None:
    dice = random.Random(5)
    texts = [(trace_code(dice), "Code128") for _ in range(12)]
    result = read_photo(grey(page(texts, (2000, 1500), 3, dice, 3)), QtTurner(), lambda _label: False)
    assert {code.payload.decode() for code in result.codes if code.counts} == {text for text, _ in texts}


@pytest.mark.parametrize(
    ("choices", "kept", "number", "place"),
    [
        ((ONE, TWO), "", 0, 0),
        ((ONE, TWO), "", 1, 1),
        ((ONE, TWO), "", 2, None),
        ((), "", 0, None),
        ((ONE, TWO), TWO.kept, 0, 1),
        ((TWO, ONE), TWO.kept, 0, 0),
        ((ONE, TWO), "usb-9\t后置", 0, 1),
        ((ONE, TWO, TWIN), "usb-9\t后置", 0, 0),
        ((ONE, TWO, TWIN), TWIN.kept, 0, 2),
        ((ONE, TWO), TWO.kept, 1, 1),
        ((ONE,), TWO.kept, 0, 0),
    ],
)
def test_the_camera_that_was_kept(choices: tuple[CameraChoice, ...], kept: str, number: int, place: int | None) -> None:
    assert pick_camera(choices, kept, number) == place


def test_the_format_nearest_to_what_is_wanted() -> None:
    vga, hd, packed, full, slow = (
        FormatFacts(640, 480, 30, False), FormatFacts(1280, 720, 30, False), FormatFacts(1280, 720, 60, True),
        FormatFacts(1920, 1080, 30, False), FormatFacts(1280, 720, 5, False),
    )  # fmt: skip
    assert best_format(()) is None
    assert best_format((vga, full, packed, slow, hd)) == 4
    assert best_format((vga, full, packed, slow)) == 2
    assert best_format((full, vga, slow)) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Device or resource busy", "camera_busy"),
        ("Camera is in use", "camera_busy"),
        ("Permission denied", "camera_refused"),
        ("Could not load", "camera_fault"),
        ("", "camera_fault"),
    ],
)
def test_what_the_system_says_is_sorted(words: str, code: str) -> None:
    assert code_of(words) == code


@pytest.mark.qt_log_ignore("Couldn't (load|resolve) ")  # Qt's own words on video libraries that a machine may lack
def test_without_a_camera_the_answer_is_at_once(qtbot: QtBot, qapp: QApplication) -> None:
    if QMediaDevices.videoInputs():
        pytest.skip("this machine has a camera")
    eye, mailbox = CameraEye(), Mailbox()
    eye.start(0, "", mailbox)
    with pytest.raises(CameraError, match="camera_not_found"):
        mailbox.take(0)
    eye.stop(mailbox)
    eye.stop(Mailbox())
    assert eye.current is None
    assert not eye.has_torch
    eye.set_torch(True)
    eye.focus_at(0.5, 0.5)


@pytest.mark.qt_log_ignore("Couldn't (load|resolve) ")
def test_a_frame_goes_into_the_mailbox_and_nothing_of_an_old_camera_does(qtbot: QtBot, qapp: QApplication) -> None:
    eye, mailbox, shown = CameraEye(), Mailbox(), list[GreyPicture]()
    eye.framed.connect(lambda picture, _turned: shown.append(picture))
    now, before = QVideoSink(eye), QVideoSink(eye)
    for sink in (now, before):
        sink.videoFrameChanged.connect(eye._take)
    eye._sink, eye._mailbox = now, mailbox
    frame = QVideoFrame(QVideoFrameFormat(QSize(64, 48), QVideoFrameFormat.PixelFormat.Format_Y8))
    before.setVideoFrame(frame)
    assert mailbox.take(0) is None
    now.setVideoFrame(frame)
    picture = mailbox.take(0)
    assert picture is not None
    assert picture.width == 64
    assert shown == [picture]
