"""Photos to test with, made on the spot."""

import struct
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 30), (30, 30, 220), (255, 255, 255)
ORIENTATION, GPS_IFD, GPS_LATITUDE, MAKE = 0x0112, 0x8825, 2, 0x010F
SECRET = b"SECRET-CAMERA-OF-CHEN"


def corners(width: int = 400, height: int = 300) -> Image.Image:
    """A picture whose four quarters tell how it was turned: red, green / blue, white."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def heic(image: Image.Image, *others: Image.Image, exif: bytes = b"") -> bytes:
    file = pillow_heif.from_pillow(image)
    for other in others:
        file.add_from_pillow(other)
    out = BytesIO()
    # Lossless enough for the colours of the corners.
    file.save(out, quality=95, exif=exif or None)
    return out.getvalue()


def exif(orientation: int = 1) -> bytes:
    """What a phone notes: which way up, where, with which camera."""
    notes = Image.Exif()
    notes[ORIENTATION] = orientation
    notes[MAKE] = SECRET.decode()
    notes.get_ifd(GPS_IFD)[GPS_LATITUDE] = (31.0, 13.0, 49.0)
    return notes.tobytes()


def png(width: int, height: int, chunks: Iterable[tuple[bytes, bytes]] = (), pixels: bytes = b"") -> bytes:
    """A PNG of any stated size, whatever its data holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def webp_of_frames(count: int) -> bytes:
    frames = [Image.new("RGB", (8, 8), (index % 256, index // 256, 90)) for index in range(count)]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, method=0)


def apng_of_frames(count: int) -> bytes:
    return png(8, 8, [(b"acTL", struct.pack(">II", count, 0))], b"\x00" * (8 * 25))


def jpeg_of_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is there many times over."""
    plain = saved(corners(), progressive=True)
    last = plain.rindex(b"\xff\xda")
    return plain[:last] + plain[last:-2] * count + plain[-2:]
