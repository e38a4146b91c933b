"""Whatever is uploaded becomes a plain JPEG of our own, or is refused with a clear word."""

import hashlib
import random
import struct
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from core import photo_cleaning
from core.photo_cleaning import ANIMATED, DAMAGED, NO_PHOTO, TOO_LARGE, TOO_MANY_PIXELS
from core.photos import CleanPhoto, PhotoError, clean
from tests.factories.photos import (
    BLUE,
    GREEN,
    RED,
    SECRET,
    WHITE,
    apng_of_frames,
    corners,
    exif,
    heic,
    jpeg_of_scans,
    png,
    saved,
    webp_of_frames,
)


def cleaned(data: bytes) -> CleanPhoto:
    return clean(BytesIO(data))


def shown(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def refused(data: bytes) -> str:
    with pytest.raises(PhotoError) as caught:
        clean(BytesIO(data), field="scratch")
    assert (caught.value.field, caught.value.status, caught.value.code) == ("scratch", 400, "invalid_photo")
    return str(caught.value.message)


def assert_corners(image: Image.Image, expected: list[tuple[int, int, int]]) -> None:
    width, height = image.size
    places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    for (x, y), colour in zip(places, expected, strict=True):
        got = image.getpixel((int(width * x), int(height * y)))
        assert isinstance(got, tuple)
        assert all(abs(one - two) < 16 for one, two in zip(got, colour, strict=True)), (got, colour)


# --- What is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photo_of_a_common_kind_becomes_a_jpeg(kind: str) -> None:
    photo = cleaned(saved(corners(), kind))
    full, thumbnail = shown(photo.full), shown(photo.thumbnail)
    assert (full.format, full.mode, full.size) == ("JPEG", "RGB", (400, 300))
    assert (photo.width, photo.height) == (400, 300)
    assert photo.sha256 == hashlib.sha256(photo.full).hexdigest()
    assert_corners(full, [RED, GREEN, BLUE, WHITE])
    assert thumbnail.format == "JPEG"


def test_heic_photo_becomes_a_jpeg() -> None:
    photo = cleaned(heic(corners(), exif=exif()))
    assert shown(photo.full).format == "JPEG"
    assert_corners(shown(photo.full), [RED, GREEN, BLUE, WHITE])
    assert SECRET not in photo.full + photo.thumbnail


def test_large_photo_is_shrunk_and_a_small_one_not_enlarged() -> None:
    photo = cleaned(saved(corners(6000, 4500), quality=50))
    assert (photo.width, photo.height) == shown(photo.full).size == (2048, 1536)
    assert shown(photo.thumbnail).size == (480, 360)
    assert_corners(shown(photo.full), [RED, GREEN, BLUE, WHITE])
    small = cleaned(saved(corners(60, 40)))
    assert shown(small.full).size == shown(small.thumbnail).size == (60, 40)


@pytest.mark.parametrize("size", [(5000, 3001), (4097, 1500), (2049, 7), (1500, 6145)])
def test_shrinking_in_strips_leaves_no_seam(size: tuple[int, int]) -> None:
    grey = Image.new("RGB", size, (120, 120, 120))
    full = shown(cleaned(saved(grey, "PNG")).full)
    assert max(full.size) == 2048
    assert all(low >= 117 and high <= 123 for low, high in full.getextrema())


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
        (77, [RED, GREEN, BLUE, WHITE]),
    ],
)
def test_photo_is_turned_upright(orientation: int, expected: list[tuple[int, int, int]]) -> None:
    for data in (saved(corners(), exif=exif(orientation)), saved(corners(), "PNG", exif=exif(orientation))):
        photo = cleaned(data)
        assert (photo.width > photo.height) is (orientation not in (5, 6, 7, 8))
        assert_corners(shown(photo.full), expected)


def test_heic_photo_is_turned_upright_once() -> None:
    photo = cleaned(heic(corners(), exif=exif(6)))
    assert (photo.width, photo.height) == (300, 400)
    assert_corners(shown(photo.full), [BLUE, RED, WHITE, GREEN])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_position_camera_and_comments_are_dropped(kind: str) -> None:
    options = {"comment": SECRET} if kind == "JPEG" else {}
    source = saved(corners(), kind, exif=exif(), xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>", **options)
    assert SECRET in source
    photo = cleaned(source)
    for data in (photo.full, photo.thumbnail):
        assert SECRET not in data
        for mark in (b"Exif", b"GPS", b"http://ns.adobe.com", b"ICC_PROFILE", b"xmpmeta"):
            assert mark not in data
        assert not shown(data).getexif()


def test_colours_are_brought_to_srgb_and_the_profile_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    odd = cleaned(saved(corners(), icc_profile=profile))
    assert_corners(shown(odd.full), [RED, GREEN, BLUE, WHITE])
    for junk in (b"no profile at all", b"\x00" * 500):
        assert_corners(shown(cleaned(saved(corners(), icc_profile=junk)).full), [RED, GREEN, BLUE, WHITE])
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert b"ICC_PROFILE" not in cleaned(saved(corners(), icc_profile=plain)).full


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_any_mode_of_png_becomes_rgb(mode: str) -> None:
    image = Image.new("I;16", (40, 30), 0x8000) if mode == "I;16" else Image.new("L", (40, 30), 128).convert(mode)
    full = shown(cleaned(saved(image, "PNG")).full)
    assert full.mode == "RGB"
    if mode not in ("1", "P"):
        assert abs(full.getpixel((20, 15))[0] - 128) < 4


def test_transparency_is_laid_on_white() -> None:
    layer = Image.new("RGBA", (40, 30), (200, 0, 0, 0))
    layer.paste((0, 0, 200, 255), (0, 0, 20, 30))
    palette = layer.convert("P")
    palette.info["transparency"] = palette.getpixel((30, 15))
    for source in (saved(layer, "PNG"), saved(palette, "PNG"), saved(layer, "WEBP", lossless=True)):
        full = shown(cleaned(source).full)
        assert min(full.getpixel((35, 15))) > 245
        assert full.getpixel((5, 15))[2] > 150


def test_cmyk_jpeg_and_a_picture_of_one_pixel_are_photos() -> None:
    assert shown(cleaned(saved(corners().convert("CMYK"))).full).mode == "RGB"
    assert shown(cleaned(saved(Image.new("RGB", (1, 1), RED), "PNG")).full).size == (1, 1)


def test_only_the_primary_image_of_a_heic_file_is_kept() -> None:
    photo = cleaned(heic(corners(), Image.new("RGB", (64, 64), BLUE)))
    assert_corners(shown(photo.full), [RED, GREEN, BLUE, WHITE])


def test_first_picture_of_a_phones_mpo_is_the_photo() -> None:
    data = saved(corners(), "MPO", save_all=True, append_images=[Image.new("RGB", (400, 300), BLUE)])
    assert Image.open(BytesIO(data)).format == "MPO"
    photo = cleaned(data)
    assert_corners(shown(photo.full), [RED, GREEN, BLUE, WHITE])
    assert photo.full.count(b"\xff\xd8\xff") == 1


def test_what_hides_behind_or_inside_a_picture_is_gone() -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("Evil.class", "payload" * 50)
    script = b"<html><script>alert(1)</script></html>"
    for source in (
        saved(corners()) + script,
        saved(corners()) + archive.getvalue(),
        saved(corners(), comment=b"*/=1;alert(1)//" + script),
        saved(corners(), "PNG") + b"%PDF-1.7" + script,
        heic(corners()) + script,
    ):
        photo = cleaned(source)
        for mark in (b"<script", b"alert(1)", b"Evil.class", b"%PDF", b"PK\x03\x04"):
            assert mark not in photo.full + photo.thumbnail
        assert photo.full.endswith(b"\xff\xd9")


def test_name_and_declared_type_do_not_matter() -> None:
    photo = clean(SimpleUploadedFile("invoice.exe", saved(corners()), content_type="application/x-msdownload"))
    assert photo.width == 400
    with pytest.raises(PhotoError):
        clean(SimpleUploadedFile("photo.jpg", b"MZ\x90\x00" + bytes(500), content_type="image/jpeg"))


def test_a_file_read_before_is_read_from_its_start() -> None:
    upload = SimpleUploadedFile("photo.jpg", saved(corners()))
    upload.read()
    assert clean(upload).width == 400


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"MZ\x90\x00" + bytes(500),
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>',
        b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        b"PK\x03\x04" + bytes(200),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"GIF89a;<script>alert(1)</script>",
        b"\x00\x00\x00\x18ftypisom" + bytes(200),
        b"\x00\x00\x00\x18ftypqt  " + bytes(200),
    ],
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with translation.override("en"):
        assert refused(data) == str(NO_PHOTO)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO", "TGA", "JPEG2000", "AVIF"])
def test_other_formats_are_refused(kind: str) -> None:
    assert refused(saved(corners(64, 64), kind)) == str(NO_PHOTO)


@pytest.mark.parametrize("size", [(30_000, 30_000), (65_000, 1), (8000, 5001), (20_001, 1)])
def test_too_many_pixels_are_refused_before_decoding(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_args: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    assert refused(png(*size)) == str(TOO_MANY_PIXELS)


def test_webp_and_cmyk_have_a_lower_limit_of_pixels() -> None:
    assert refused(saved(Image.new("RGB", (4001, 3000)), "WEBP", method=0)) == str(TOO_MANY_PIXELS)
    assert refused(saved(Image.new("CMYK", (4001, 3000)))) == str(TOO_MANY_PIXELS)


@pytest.mark.parametrize("size", [(8000, 5001), (100, 100)])
def test_heic_that_lies_about_its_size_is_refused(size: tuple[int, int]) -> None:
    data = bytearray(heic(corners()))
    place = data.index(b"ispe") + 8
    assert struct.unpack(">II", data[place : place + 8]) == (400, 300)
    data[place : place + 8] = struct.pack(">II", *size)
    assert refused(bytes(data)) in {str(TOO_MANY_PIXELS), str(DAMAGED)}


@pytest.mark.parametrize("data", [apng_of_frames(10_000), webp_of_frames(300), apng_of_frames(2)])
def test_animation_is_refused(data: bytes) -> None:
    assert refused(data) == str(ANIMATED)


def test_heic_of_many_images_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_cleaning, "MAX_HEIF_IMAGES", 2)
    small = Image.new("RGB", (64, 64), BLUE)
    assert cleaned(heic(small, small)).width == 64
    assert refused(heic(small, small, small)) == str(ANIMATED)


def test_jpeg_of_many_scans_is_refused() -> None:
    assert cleaned(jpeg_of_scans(2)).width == 400
    assert refused(jpeg_of_scans(5_000)) == str(DAMAGED)


def test_scans_behind_the_picture_do_not_count() -> None:
    assert cleaned(saved(corners()) + b"\xff\xda\x00\x02" * 500).width == 400
    assert cleaned(saved(corners(), comment=b"\xff\xda\x00\x02" * 500)).width == 400


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_photo_is_refused(share: float) -> None:
    noise = Image.effect_noise((300, 200), 80).convert("RGB")
    for data in (saved(noise), saved(noise, "PNG"), saved(noise, "WEBP"), heic(noise)):
        refused(data[: int(len(data) * share)])


def test_too_many_bytes_are_refused_without_reading_all() -> None:
    class Endless(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= 20 * 1024 * 1024 + 1
            return bytes(size)

    with pytest.raises(PhotoError) as caught:
        clean(Endless())
    assert caught.value.message == TOO_LARGE


def test_decoder_that_runs_out_of_memory_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", exhausted)
    assert refused(saved(corners(), "PNG")) == str(DAMAGED)


_SOURCES = [
    saved(corners(48, 36), exif=exif(6)),
    saved(corners(48, 36), progressive=True),
    saved(corners(48, 36), "PNG"),
    saved(corners(48, 36), "WEBP"),
    heic(corners(64, 64), exif=exif(6)),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_SOURCES), st.integers(0, 2**32), st.integers(1, 40))
def test_mutated_photo_is_cleaned_or_refused(source: bytes, seed: int, changes: int) -> None:
    luck = random.Random(seed)
    data = bytearray(source)
    for _change in range(changes):
        data[luck.randrange(len(data))] = luck.randrange(256)
    try:
        photo = clean(BytesIO(bytes(data)))
    except PhotoError:
        return
    assert shown(photo.full).size == (photo.width, photo.height)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\x00\x00\x00WEBPVP8 ", _SOURCES[4][:40]]
    ),
    st.binary(max_size=400),
)
def test_random_bytes_are_refused(start: bytes, rest: bytes) -> None:
    with pytest.raises(PhotoError):
        clean(BytesIO(start + rest))
