"""Any photo that a phone sends, turned into a plain JPEG of our own making. Nothing of the upload's bytes is kept.

Decoders are the part of a platform most often broken into and most easily filled up, so what they are given is bounded
first: bytes, sides, pixels, pictures in a file and passes over a picture. One photo needs 280 MB of memory at most, and
a process decodes one at a time.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import IO, Any

import pi_heif
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, UnidentifiedImageError

from core.errors import InvalidInput

logger = logging.getLogger(__name__)

# A phone's photo has 2–8 MB, at its best setting 15 MB.
MAX_UPLOAD_BYTES = 20 * 1024 * 1024
# 4 bytes a pixel once decoded, so 160 MB. Phones take 12 or 24 million pixels unless told otherwise.
MAX_PIXELS = 40_000_000
# WebP is decoded through four buffers of the whole picture, CMYK through one that cannot be shrunk while reading.
MAX_PIXELS_COSTLY = 12_000_000
# A panorama is long, but a strip of one pixel is no photo of a car; JPEG itself ends at 65,535.
MAX_SIDE = 20_000
# The few pictures a phone puts into one HEIC file (burst, portrait); only the primary one is decoded.
MAX_HEIF_IMAGES = 16
# Progressive JPEGs have about ten scans; each costs a pass over all pixels, however short it is in the file.
MAX_JPEG_SCANS = 64
MAX_JPEG_SEGMENTS = 10_000

# Enough to read a caliper's scale in a photo taken at arm's length, in about 500 KB.
FULL_SIDE = 2048
THUMBNAIL_SIDE = 480
JPEG_QUALITY = 82

_FORMATS = ("JPEG", "PNG", "WEBP")
_HEIF_TYPES = ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence")
_ORIENTATION_TAG = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A marker that is neither stuffing nor a restart within a scan.
_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MAX_PROFILE_BYTES = 1024 * 1024
_STRIP_ROWS = 64

# Pillow and libheif release the GIL, so without it every thread of a server could hold a decoded photo at once.
_one_at_a_time = Lock()

pi_heif.options.THUMBNAILS = False
pi_heif.options.DEPTH_IMAGES = False
pi_heif.options.AUX_IMAGES = False
pi_heif.options.DECODE_THREADS = 2

TOO_LARGE = _("The photo has more than 20 MB. Choose a smaller one.")
NO_PHOTO = _("This is not a photo that can be read. Send a JPEG, PNG, WebP or HEIC picture.")
TOO_MANY_PIXELS = _("The photo has too many pixels. Take it with at most 40 million pixels, or send a smaller copy.")
ANIMATED = _("The file contains several pictures. Send a single photo.")
DAMAGED = _("The photo is incomplete or damaged. Take it again, or send another copy.")


class PhotoError(InvalidInput):
    """The upload is no photo that can be kept; `field` names the input."""

    code = "invalid_photo"


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """A photo ready to keep: two JPEGs in sRGB without any metadata, upright, `width` × `height` those of `full`.

    `sha256` is the hex digest of `full`, the bytes that are stored.
    """

    full: bytes
    thumbnail: bytes
    width: int
    height: int
    sha256: str


def clean(upload: File[bytes] | IO[bytes], *, field: str = "photo") -> CleanPhoto:
    """Turn an uploaded JPEG, PNG, WebP or HEIC picture into a plain JPEG of at most 2048 pixels and a thumbnail of 480.

    What the file is, its decoder says, never its name or declared type. Turned upright, colours brought to sRGB,
    transparency laid on white; position, camera, comments and whatever hides behind the picture are gone.
    Takes up to 280 MB and two seconds for the largest. Raises `PhotoError` on `field`, and nothing else.
    """
    try:
        data = _read(upload)
        with _one_at_a_time:
            return _encode(_decode(data))
    except PhotoError as error:
        raise PhotoError(error.message, field=field) from None
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        bomb = isinstance(error, Image.DecompressionBombError)
        raise PhotoError(TOO_MANY_PIXELS if bomb else NO_PHOTO, field=field) from None
    except Exception as error:
        # Broken input makes decoders raise whatever they come across: OSError, SyntaxError, struct.error, MemoryError …
        logger.info("photo refused: %s: %s", type(error).__name__, error)
        raise PhotoError(DAMAGED, field=field) from None


def _read(upload: File[bytes] | IO[bytes]) -> bytes:
    upload.seek(0)
    data = upload.read(MAX_UPLOAD_BYTES + 1)
    if len(data) > MAX_UPLOAD_BYTES:
        raise PhotoError(TOO_LARGE)
    return data


def _decode(data: bytes) -> Image.Image:
    """The picture upright, in sRGB, opaque, at most FULL_SIDE on its long side, and with nothing attached to it."""
    return _decode_heif(data) if data[4:8] == b"ftyp" else _decode_common(data)


def _decode_common(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        costly = image.format == "WEBP" or image.mode == "CMYK"
        _check_size(image.size, MAX_PIXELS_COSTLY if costly else MAX_PIXELS)
        if image.format in ("JPEG", "MPO"):
            # MPO is a phone's JPEG with more pictures behind it (depth, gain map); the first is the photo.
            _check_jpeg(data)
            image.draft(None, _fitted(image.size, FULL_SIDE))
        elif getattr(image, "n_frames", 1) > 1:
            raise PhotoError(ANIMATED)
        image.load()
        small = _shrunk(image.size, lambda top, bottom: image.crop((0, top, image.width, bottom)))
        return _upright(_in_srgb(small, image.info.get("icc_profile")), _orientation(image))


def _decode_heif(data: bytes) -> Image.Image:
    """The primary image. libheif turns it upright itself, so what EXIF says of orientation is not heeded."""
    if pi_heif.get_file_mimetype(data) not in _HEIF_TYPES:
        raise PhotoError(NO_PHOTO)
    container = pi_heif.open_heif(data, convert_hdr_to_8bit=True)
    if len(container) > MAX_HEIF_IMAGES:
        raise PhotoError(ANIMATED)
    photo = container[container.primary_index]
    width, height = photo.size
    _check_size((width, height), MAX_PIXELS)
    pixels, mode, stride = memoryview(photo.data), photo.mode, photo.stride
    if photo.size != (width, height):
        raise PhotoError(DAMAGED)

    def strip(top: int, bottom: int) -> Image.Image:
        part = bytes(pixels[top * stride : bottom * stride])
        return Image.frombytes(mode, (width, bottom - top), part, "raw", mode, stride, 1)

    return _in_srgb(_shrunk((width, height), strip), photo.info.get("icc_profile"))


# --- Bounds -------------------------------------------------------------------------------------


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PhotoError(DAMAGED)
    if max(size) > MAX_SIDE or width * height > max_pixels:
        raise PhotoError(TOO_MANY_PIXELS)


def _check_jpeg(data: bytes) -> None:
    """Refuse a JPEG whose first picture wants more passes than any camera's (a kilobyte can ask for hours of work)."""
    position = scans = 0
    for _segment in range(MAX_JPEG_SEGMENTS):
        marker = _JPEG_MARKER.search(data, position)
        kind = data[marker.start() + 1] if marker else 0xD9
        if marker is None or kind == 0xD9:
            return
        position = marker.end()
        if kind not in (0x01, 0xD8):
            position += int.from_bytes(data[position : position + 2], "big")
        scans += kind == 0xDA
        if scans > MAX_JPEG_SCANS:
            break
    raise PhotoError(DAMAGED)


# --- Pixels -------------------------------------------------------------------------------------


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size that keeps the shape and has at most `side` pixels on its long side; never larger than `size`."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk(size: tuple[int, int], crop: Callable[[int, int], Image.Image]) -> Image.Image:
    """The picture as opaque RGB, shrunk. `crop(top, bottom)` gives its rows; strip by strip, so no second full copy."""
    width, height = size
    factor = max(1, max(size) // FULL_SIDE)
    rows = _STRIP_ROWS * factor
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        strip = _opaque(crop(top, min(top + rows, height)))
        small.paste(strip.reduce(factor), (0, top // factor))
    return small.resize(_fitted(size, FULL_SIDE), Image.Resampling.LANCZOS)


def _opaque(strip: Image.Image) -> Image.Image:
    """RGB of any mode: 16 bits cut to 8, transparency laid on white."""
    if strip.mode.startswith("I"):
        strip = strip.convert("I").point(lambda value: value / 256).convert("L")
    if not strip.has_transparency_data:
        return strip.convert("RGB")
    layer = strip.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Colours as browsers show them without a profile. A profile that does not fit or cannot be read is dropped."""
    if not isinstance(profile, bytes) or not 0 < len(profile) <= _MAX_PROFILE_BYTES:
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), inPlace=True)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        logger.info("colour profile dropped: %s", error)
    return image


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception as error:  # Pillow raises whatever broken EXIF leads it to; the picture itself is whole
        logger.info("EXIF not read: %s", error)
        return 1
    return value if isinstance(value, int) else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else image


def _encode(image: Image.Image) -> CleanPhoto:
    full = _jpeg(image)
    small = image.resize(_fitted(image.size, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return CleanPhoto(full, _jpeg(small), image.width, image.height, hashlib.sha256(full).hexdigest())


def _jpeg(image: Image.Image) -> bytes:
    # Comments and profiles would be taken over from `info`.
    image.info.clear()
    out = BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    return out.getvalue()
