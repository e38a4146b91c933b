"""Photos are kept privately beside their rows, and answered only by a view that asked."""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import path

from core.photos import CleanPhoto, StoredPhoto, photo_response, store, sweep_all_orphans, sweep_orphans
from core.private_files import PrivateStorage
from o2o_platform import urls

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
FULL, SMALL = b"\xff\xd8full\xff\xd9", b"\xff\xd8small\xff\xd9"
CLEANED = CleanPhoto(FULL, SMALL, 400, 300, hashlib.sha256(FULL).hexdigest())


@pytest.fixture
def model(db: None, settings: Any, tmp_path: Path) -> Iterator[type[StoredPhoto]]:
    """A model built on StoredPhoto that exists for one test, with an empty folder of uploads."""
    settings.MEDIA_ROOT = tmp_path / "uploads"

    class SamplePhoto(StoredPhoto):
        class Meta(StoredPhoto.Meta):
            app_label = "core"

    with connection.schema_editor() as editor:
        editor.create_model(SamplePhoto)
    yield SamplePhoto
    del apps.all_models["core"]["samplephoto"]
    apps.clear_cache()


@pytest.fixture
def photo(model: type[StoredPhoto]) -> StoredPhoto:
    return store(model(uploaded_at=NOW), CLEANED)


def files(folder: Path | None = None) -> list[Path]:
    root = folder or Path(default_storage.path(""))
    return sorted(place for place in root.rglob("*") if place.is_file())


def made_at(place: Path, moment: datetime) -> None:
    os.utime(place, (moment.timestamp(), moment.timestamp()))


# --- Keeping ------------------------------------------------------------------------------------


def test_stored_photo_has_both_files_and_says_what_they_are(photo: StoredPhoto) -> None:
    photo.refresh_from_db()
    assert (photo.width, photo.height, photo.bytes, photo.sha256) == (400, 300, len(FULL), CLEANED.sha256)
    assert photo.file.read() == FULL
    assert photo.thumbnail.read() == SMALL
    assert len(files()) == 2


def test_names_of_files_tell_nothing_and_never_repeat(model: type[StoredPhoto], photo: StoredPhoto) -> None:
    twin = store(model(uploaded_at=NOW), CLEANED)
    assert twin.file.name != photo.file.name
    assert not any(secret in photo.file.name for secret in (photo.sha256[:8], photo.public_id))
    assert len(Path(photo.file.name).stem) == 32


def test_files_are_for_the_application_alone_and_have_no_address(photo: StoredPhoto) -> None:
    place = Path(photo.file.path)
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert isinstance(default_storage._wrapped, PrivateStorage)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="private"):
        _ = photo.file.url


def test_uploads_have_no_route(photo: StoredPhoto, client: Client) -> None:
    for prefix in ("/media/", "/uploads/", "/static/", "/"):
        assert client.get(prefix + photo.file.name).status_code == 404


def test_files_go_when_the_row_cannot_be_inserted(model: type[StoredPhoto], photo: StoredPhoto) -> None:
    with pytest.raises(IntegrityError):
        store(model(uploaded_at=NOW, public_id=photo.public_id), CLEANED)
    assert len(files()) == 2
    assert model._default_manager.count() == 1


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 63 + "G"}, {"width": 0}])
def test_row_that_cannot_be_right_is_refused(model: type[StoredPhoto], wrong: dict[str, Any]) -> None:
    values = {"full": FULL, "thumbnail": SMALL, "width": 1, "height": 1, "sha256": CLEANED.sha256}
    with pytest.raises(IntegrityError):
        store(model(uploaded_at=NOW), CleanPhoto(**{**values, **wrong}))
    assert files() == []


def test_files_go_with_the_row_once_the_deletion_is_certain(
    model: type[StoredPhoto], photo: StoredPhoto, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        model._default_manager.all().delete()
        assert len(files()) == 2
    assert files() == []


def test_files_stay_when_the_deletion_is_rolled_back(
    photo: StoredPhoto, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks, transaction.atomic():
        photo.delete()
        transaction.set_rollback(True)
    assert callbacks == []
    assert len(files()) == 2


# --- Sweeping -----------------------------------------------------------------------------------


def test_files_of_a_rolled_back_row_are_swept_after_a_day(model: type[StoredPhoto], photo: StoredPhoto) -> None:
    kept = files()
    with transaction.atomic():
        store(model(uploaded_at=NOW), CLEANED)
        transaction.set_rollback(True)
    for place in files():
        made_at(place, NOW)
    assert sweep_orphans(model, at=NOW + timedelta(hours=24)) == 0
    assert len(files()) == 4
    assert sweep_all_orphans(at=NOW + timedelta(hours=24, seconds=1)) == 2
    assert files() == kept


def test_sweep_leaves_a_table_without_rows_alone(model: type[StoredPhoto], photo: StoredPhoto) -> None:
    model._default_manager.all()._raw_delete("default")
    for place in files():
        made_at(place, NOW)
    assert sweep_orphans(model, at=NOW + timedelta(days=9)) == 0
    assert len(files()) == 2


def test_sweep_of_a_model_leaves_other_files_alone(model: type[StoredPhoto], photo: StoredPhoto) -> None:
    other = Path(default_storage.path("photos/other.model/ab/abc.jpg"))
    other.parent.mkdir(parents=True)
    other.write_bytes(FULL)
    made_at(other, NOW - timedelta(days=30))
    assert sweep_all_orphans(at=NOW) == 0
    assert other.exists()


# --- Serving ------------------------------------------------------------------------------------


def answered(photo: StoredPhoto, settings: Any, size: str = "full", **headers: str) -> HttpResponse:
    """Through all middleware, as a browser gets it."""

    def view(request: HttpRequest) -> HttpResponseBase:
        return photo_response(request, photo, size)  # type: ignore[arg-type]

    settings.ROOT_URLCONF = (path("photo/", view), *urls.urlpatterns)
    return Client().get("/photo/", headers=headers)


@pytest.mark.parametrize(("size", "body"), [("full", FULL), ("thumbnail", SMALL)])
def test_photo_is_answered_as_an_inert_private_picture(
    photo: StoredPhoto, settings: Any, size: str, body: bytes
) -> None:
    answer = answered(photo, settings, size)
    assert b"".join(answer.streaming_content) == body  # type: ignore[attr-defined]
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'inline; filename="{photo.public_id}.jpg"'
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "private, max-age=86400, immutable"
    assert answer["ETag"] == f'"{photo.sha256}-{size}"'


def test_photo_the_browser_has_is_not_sent_again(photo: StoredPhoto, settings: Any) -> None:
    etag = f'"{photo.sha256}-full"'
    answer = answered(photo, settings, **{"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    assert answer["Cache-Control"] == "private, max-age=86400, immutable"
    assert answered(photo, settings, "thumbnail", **{"If-None-Match": etag}).status_code == 200


def test_missing_file_is_not_found(photo: StoredPhoto) -> None:
    default_storage.delete(photo.thumbnail.name)
    with pytest.raises(Http404):
        photo_response(RequestFactory().get("/"), photo, "thumbnail")
