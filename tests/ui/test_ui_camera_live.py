"""The camera in the real window: from drawn frames through decoder, store and outbox to the signs on the picture."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.domain.reasons import Panel
from app.ui.screens.camera import CameraScreen
from app.ui.turner import image_of
from devices.symbols import GreyPicture
from tests.fixtures.labels import grey, label, page
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.camera_eye import FRONT, DrawnEye
from tests.ui.journey_hand import DELIVERY, Goods, Hand

FOREIGN = "89990110335974782423"  # a drug of another delivery


@pytest.fixture
def eye(hand: Hand) -> Iterator[DrawnEye]:
    made = DrawnEye()
    hand.window.conductor.camera.make_eye = lambda: made
    yield made
    hand.window.close()


@pytest.fixture
def screen(hand: Hand, eye: DrawnEye) -> CameraScreen:
    """A receipt is open and the camera is in front."""
    hand.sign_in()
    hand.until(lambda: DELIVERY in {row.key for row in hand.tasks.list.rows}, "the delivery")
    hand.shoot_and_go_on(f"MATOU={DELIVERY}")
    hand.until(lambda: hand.frame.current == "receiving" and hand.dock.view is not None, "the receipt")
    hand.touch(hand.dock.header._camera)
    hand.until(lambda: eye.mailbox is not None, "the camera is open")
    return cast("CameraScreen", hand.frame.screen_named("camera"))


def shelf(*codes: str) -> GreyPicture:
    return grey(page([(code, "Code128") for code in codes], (1280, 720), 2, random.Random(2), 2, tilt=4))


def look(hand: Hand, eye: DrawnEye, picture: GreyPicture, answers: int) -> list[str]:
    """Hold the picture before the camera until so many answers came; their reasons."""
    before = len(hand.answers)

    def enough() -> bool:
        eye.show(picture)
        return len(hand.answers) >= before + answers

    hand.until(enough, f"{answers} answers, {hand.answers[before:]}")
    return [one.reason for one in hand.answers[before:]]


def test_boxes_before_the_camera_are_received_once(
    hand: Hand, goods: Goods, eye: DrawnEye, screen: CameraScreen
) -> None:
    boxes = goods[2][1][:4]
    picture = shelf(*boxes)
    assert look(hand, eye, picture, 4) == ["ok"] * 4
    for _ in range(12):
        eye.show(picture)
    hand.until(lambda: len(screen.finder.signs) == 4, "a sign on each")
    hand.until(lambda: {sign.panel for sign in screen.finder.signs} == {Panel.GOOD}, "ticks")
    assert len(hand.answers) == 4, "in view is one scan"
    assert screen.panel.said.panel is Panel.GOOD
    assert hand.tones.played.count("good") == 4
    assert hand.view.equation.received == 0 or hand.view.equation.received == 4


def test_a_stop_holds_and_what_is_in_view_counts_after_it(
    hand: Hand, goods: Goods, eye: DrawnEye, screen: CameraScreen
) -> None:
    foreign, box = shelf(FOREIGN), shelf(goods[2][1][0])
    assert look(hand, eye, foreign, 1) == ["not_in_delivery"]
    hand.until(lambda: screen.panel.holding, "the stop waits")
    assert set(look(hand, eye, box, 1)) == {"held_by_stop"}
    hand.touch(screen.panel._button)
    hand.until(lambda: not screen.panel.holding, "confirmed")
    seen: list[str] = []
    while "ok" not in seen:
        seen += look(hand, eye, box, 1)
    assert set(seen) <= {"ok", "confirm", "held_by_stop"}


def test_a_picture_of_a_table(hand: Hand, goods: Goods, eye: DrawnEye, screen: CameraScreen) -> None:
    boxes = goods[2][1][:6]
    image = image_of(
        grey(page([(code, "Code128") for code in (*boxes, FOREIGN)], (1600, 1200), 2, random.Random(4), 3))
    )
    QApplication.clipboard().setImage(image.copy())  # it may outlive the interpreter: none of Python's bytes in it
    hand.touch(screen.paste)
    hand.until(lambda: len(screen.photo.list.rows) == 7, "what was found")
    assert screen.photo.scan.text() == "记入 6 个"
    before = len(hand.answers)
    hand.touch(screen.photo.scan)
    hand.until(lambda: len(hand.answers) == before + 6, "all answered")
    assert {one.reason for one in hand.answers[before:]} == {"ok"}
    hand.until(lambda: not screen.photo.scan.isEnabled(), "all are in")
    strange = next(row.key for row in screen.photo.list.rows if row.title == FOREIGN)
    screen.photo.list.chosen.emit(strange)
    hand.until(lambda: hand.answers[-1].reason == "not_in_delivery", "one by one")
    hand.touch(screen.back)
    assert screen.photo.view.picture is None
    assert screen.photo.list.rows == ()


def test_the_dock_photo_is_the_large_still_and_the_frame_where_there_is_none(
    hand: Hand, goods: Goods, eye: DrawnEye, screen: CameraScreen
) -> None:
    boxes = goods[2][1][:6]
    eye.still = grey(page([(code, "Code128") for code in boxes], (1600, 1200), 2, random.Random(4), 3))
    eye.show(shelf(FOREIGN[::-1]))
    hand.until(screen.finder.isVisible, "the picture")
    hand.touch(screen.still)
    hand.until(lambda: len(screen.photo.list.rows) == 6, "what was found in the still")
    assert screen.photo.view.picture is eye.still
    hand.touch(screen.back)
    eye.still = None
    frame = shelf(*boxes[:2])

    def is_seen() -> bool:
        if eye.mailbox is not None:  # the camera sent nothing for a while and is opened anew
            eye.show(frame)
        return screen.finder.isVisible() and screen.finder.picture is frame

    hand.until(is_seen, "the picture again")
    hand.touch(screen.still)
    hand.until(lambda: len(screen.photo.list.rows) == 2, "what was found in the frame")
    assert (screen.photo.view.picture, eye.stills) == (frame, 2)


def test_pictures_that_are_none_are_told(hand: Hand, eye: DrawnEye, screen: CameraScreen, tmp_path: Path) -> None:
    screen.open_picture(QImage())
    assert screen.panel.said.sentence == "这不是能读的图片"
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    screen.open_file(str(bad))
    assert screen.panel.said.panel is Panel.ATTENTION
    good = tmp_path / "good.png"
    label("89990139836900602677").save(good)
    screen.open_file(str(good))
    hand.until(lambda: len(screen.photo.list.rows) == 1, "read from a file")
    screen.open_picture(QImage(16, 16, QImage.Format.Format_RGB32))
    hand.until(lambda: not screen.photo.isVisible(), "too small")


def test_a_patients_code_is_never_shown_nor_kept(
    hand: Hand, eye: DrawnEye, screen: CameraScreen, hospital: SandboxProcess
) -> None:
    voucher = hospital.patients()[0]["voucher"]
    screen.begin_photo(grey(label(voucher, "QRCode", 6)))
    hand.until(lambda: len(screen.photo.list.rows) == 1, "read")
    assert screen.photo.list.rows[0].title == "患者凭证，不显示内容"


def test_camera_light_focus_and_the_way_out(hand: Hand, eye: DrawnEye, screen: CameraScreen) -> None:
    eye.show(shelf("89990110335974782423"))
    hand.until(screen.finder.isVisible, "the picture")
    hand.until(screen.torch.isVisible, "the light")
    hand.touch(screen.torch)
    assert eye.torch is True
    hand._qtbot.mouseClick(
        screen.finder, Qt.MouseButton.LeftButton, pos=QPoint(screen.finder.width() // 2, screen.finder.height() // 2)
    )
    assert eye.focus == pytest.approx((0.5, 0.5), abs=0.02)
    hand.touch(screen.other)
    hand.until(lambda: len(eye.opened) == 2, "another one")
    assert eye.opened[1] == (0, FRONT.kept)
    hand.touch(screen.back)
    hand.until(lambda: eye.mailbox is None and hand.frame.current == "receiving", "the camera is off")
    assert [one.name for one in hand.window.status.scanners] == ["ttyScanner"]


def test_a_camera_that_goes_and_comes_back(hand: Hand, goods: Goods, eye: DrawnEye, screen: CameraScreen) -> None:
    eye.show(shelf(FOREIGN[::-1]))
    hand.until(screen.finder.isVisible, "the picture")
    eye.refusal = "camera_not_found"
    hand.until(lambda: screen.empty.isVisible() and screen.empty.title.text() == "摄像头断开了", "lost")
    eye.refusal = None
    opened = len(eye.opened)
    hand.until(lambda: len(eye.opened) > opened and eye.mailbox is not None, "a new one")
    assert look(hand, eye, shelf(goods[2][1][0]), 1) == ["ok"]
