"""Turns grey pictures with QImage, for the decoder: fills `devices.places.Turner`. Any thread; touches no window."""

from __future__ import annotations

import math

from PySide6.QtGui import QImage, QPainter

from devices.places import Turn
from devices.symbols import GreyPicture

GROUND = 150
"""Brightness of what a turned picture does not cover: neither paper nor ink."""


class QtTurner:
    """`devices.places.Turner`."""

    def turn(self, picture: GreyPicture, turn: Turn) -> GreyPicture:
        """Painted into a grey picture: Qt's own `transformed` goes through 32 bits and takes three times as long."""
        angle = math.radians(turn.degrees)
        cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
        width = math.ceil((picture.width * cos + picture.height * sin) * turn.across)
        height = math.ceil((picture.width * sin + picture.height * cos) * turn.down)
        out = QImage(width, height, QImage.Format.Format_Grayscale8)
        out.fill(GROUND)
        painter = QPainter(out)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.translate(width / 2, height / 2)
        painter.scale(turn.across, turn.down)
        painter.rotate(turn.degrees)
        painter.translate(-picture.width / 2, -picture.height / 2)
        painter.drawImage(0, 0, image_of(picture))
        painter.end()
        return grey_of(out)


def image_of(picture: GreyPicture) -> QImage:
    """The picture as Qt's, sharing its bytes where they lie close together: keep the picture as long."""
    pixels, stride = picture.pixels, picture.stride
    if picture.step != 1:
        rows = (pixels[row * stride : row * stride + picture.width * picture.step] for row in range(picture.height))
        pixels, stride = b"".join(row[:: picture.step] for row in rows), picture.width
        return QImage(pixels, picture.width, picture.height, stride, QImage.Format.Format_Grayscale8).copy()
    return QImage(pixels, picture.width, picture.height, stride, QImage.Format.Format_Grayscale8)


def grey_of(image: QImage) -> GreyPicture:
    """Any picture of Qt's as the decoder takes it; one that is empty has no pixels."""
    plain = image if image.format() == QImage.Format.Format_Grayscale8 else _without_colour(image)
    if plain.isNull():
        return GreyPicture(b"", 0, 0, 0)
    return GreyPicture(bytes(plain.constBits()), plain.width(), plain.height(), plain.bytesPerLine())


def _without_colour(image: QImage) -> QImage:
    return image.convertToFormat(QImage.Format.Format_Grayscale8)
