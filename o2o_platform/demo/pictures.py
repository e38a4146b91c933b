"""Pictures for the demo city's visits, drawn here: no camera was there."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw, ImageFont

from core import photos
from core.photos import CleanPhoto

_SIZE = (1280, 960)
_INK, _STEEL, _PALE = "#11201f", "#9aa7a5", "#eef2f2"
_RED, _AMBER, _TEAL = "#d1343a", "#e59a2c", "#0b7a6e"


def pad(millimetres: str) -> CleanPhoto:
    """A brake disc with its worn pad and a gauge that shows the thickness."""
    image, draw = _canvas("#2a3433")
    draw.ellipse((60, 120, 780, 840), fill="#8f9b99", outline="#c9d2d0", width=14)
    draw.ellipse((270, 330, 570, 630), fill="#5f6f6d", outline="#b4c4c2", width=10)
    for x, y in ((420, 370), (500, 440), (470, 560), (370, 560), (340, 440)):
        draw.ellipse((x - 16, y - 16, x + 16, y + 16), fill="#2a3433")
    draw.rectangle((800, 210, 880, 760), fill="#3b4a49")
    draw.rectangle((880, 210, 935, 760), fill="#8a5a34")
    draw.line((880, 480, 935, 480), fill=_AMBER, width=10)
    _label(draw, f"{millimetres} mm", (960, 420))
    return _cleaned(image)


def dashboard(km: int, seed: int = 0) -> CleanPhoto:
    """Two dials and the odometer between them."""
    image, draw = _canvas("#0b1313")
    for left in (90, 790):
        draw.ellipse((left, 220, left + 400, 620), outline=_STEEL, width=12)
        draw.arc((left + 30, 250, left + 370, 590), 140, 250 + seed % 60, fill="#2bbfa9", width=16)
    draw.rounded_rectangle((500, 360, 780, 500), 24, fill="#1b2929")
    draw.text((640, 430), f"{km:,} km", fill="#e9f1f0", font=_font(48), anchor="mm")
    return _cleaned(image)


def car(colour: str = "#9fb0b8", *, scratch: bool = False) -> CleanPhoto:
    """A car from the side, with a marked scratch where there is one."""
    image, draw = _canvas(_PALE)
    draw.rectangle((0, 720, 1280, 960), fill="#d5dddc")
    draw.polygon([(180, 640), (330, 470), (480, 380), (820, 380), (980, 480), (1120, 540), (1140, 660)], fill=colour)
    draw.polygon([(490, 410), (640, 410), (640, 480), (410, 480)], fill="#33484c")
    draw.polygon([(670, 410), (800, 410), (910, 480), (670, 480)], fill="#33484c")
    for middle in (370, 930):
        draw.ellipse((middle - 90, 580, middle + 90, 760), fill="#22302f")
        draw.ellipse((middle - 45, 625, middle + 45, 715), fill=_STEEL)
    if scratch:
        draw.line((700, 590, 800, 570), fill=_RED, width=8)
        draw.ellipse((660, 530, 840, 630), outline=_RED, width=8)
    return _cleaned(image)


def oil_filter() -> CleanPhoto:
    """The old oil filter on the bench."""
    image, draw = _canvas("#3a332b")
    draw.rectangle((470, 250, 790, 720), fill="#c4762a")
    for x in range(490, 790, 40):
        draw.line((x, 260, x, 710), fill="#9a5a1d", width=6)
    draw.rectangle((440, 210, 820, 270), fill="#22302f")
    draw.ellipse((860, 620, 1010, 770), fill="#1c1a17", outline="#7a6a4a", width=8)
    return _cleaned(image)


def tread(millimetres: str) -> CleanPhoto:
    """A tyre's tread with a depth gauge."""
    image, draw = _canvas("#1d2423")
    for x in range(120, 1200, 220):
        draw.rounded_rectangle((x, 60, x + 150, 900), 40, fill="#39423f")
        for y in range(90, 900, 130):
            draw.line((x, y, x + 150, y + 60), fill="#1d2423", width=18)
    draw.rectangle((600, 300, 680, 760), fill="#c9d2d0")
    _label(draw, f"{millimetres} mm", (720, 480))
    return _cleaned(image)


def _canvas(ground: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", _SIZE, ground)
    return image, ImageDraw.Draw(image)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _label(draw: ImageDraw.ImageDraw, text: str, at: tuple[int, int]) -> None:
    draw.rounded_rectangle((at[0], at[1], at[0] + 260, at[1] + 110), 20, fill=_AMBER)
    draw.text((at[0] + 130, at[1] + 55), text, fill=_INK, font=_font(56), anchor="mm")


def _cleaned(image: Image.Image) -> CleanPhoto:
    """Through the same door as a camera's picture."""
    written = BytesIO()
    image.save(written, "JPEG", quality=88)
    return photos.clean(ContentFile(written.getvalue()))
