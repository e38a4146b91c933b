"""Photos of cars and of the work on them: private, kept as files beside their rows.

`clean` an upload, `store` it as a row of a model built on `StoredPhoto`, answer with `photo_response` to those who may
see it (the calling view asks that). A file is written before its row and removed after it, so a row never lacks its
files; a file that never got its row is removed by `sweep_orphans`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Literal, TypeVar

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from core.photo_cleaning import CleanPhoto, PhotoError, clean

__all__ = [
    "CleanPhoto",
    "GridPhoto",
    "PhotoError",
    "StoredPhoto",
    "clean",
    "photo_response",
    "store",
    "sweep_all_orphans",
    "sweep_orphans",
]

Size = Literal["full", "thumbnail"]
# A transaction that writes a photo lasts seconds; a day leaves room for clocks and for whoever looks for a lost file.
ORPHAN_AGE = timedelta(days=1)


def file_name(instance: models.Model, filename: str) -> str:
    """Where a photo's file goes: a folder of its model, then 256 folders by the random name `store` made."""
    return f"{_folder(type(instance))}/{filename[:2]}/{filename}"


def _folder(model: type[models.Model]) -> str:
    return f"photos/{model._meta.label_lower}"


class StoredPhoto(PublicIdModel):
    """A photo kept privately; build on it with the foreign key to what it shows, and fill it by `store`.

    A subclass with a Meta of its own inherits `StoredPhoto.Meta` and adds to its constraints.
    """

    file = models.FileField(_("photo"), upload_to=file_name, max_length=200, unique=True, editable=False)
    thumbnail = models.FileField(_("thumbnail"), upload_to=file_name, max_length=200, unique=True, editable=False)
    width = models.PositiveSmallIntegerField(_("width (pixels)"), editable=False)
    height = models.PositiveSmallIntegerField(_("height (pixels)"), editable=False)
    bytes = models.PositiveIntegerField(_("size (bytes)"), editable=False)
    sha256 = models.CharField(
        _("SHA-256"), max_length=64, editable=False, help_text=_("of the stored photo, not of the upload")
    )
    uploaded_at = models.DateTimeField(_("uploaded at"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(width__gte=1, height__gte=1, bytes__gte=1),
                name="%(app_label)s_%(class)s_not_empty",
            ),
            models.CheckConstraint(
                condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="%(app_label)s_%(class)s_sha256_is_hex"
            ),
        ]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A signal, because rows also go by a queryset's delete and by a cascade, past `delete()`.
        post_delete.connect(_forget_files, sender=cls)

    def __str__(self) -> str:
        return self.public_id


P = TypeVar("P", bound=StoredPhoto)


def store(photo: P, cleaned: CleanPhoto) -> P:
    """Write the cleaned photo's files, then insert `photo`, an unsaved row whose other fields the caller has set.

    `uploaded_at` (and `uploaded_by`, if a person did it) are the caller's. The files go at once if the insert fails;
    if a transaction around it is rolled back later, the sweep removes them.
    """
    token = secrets.token_hex(16)
    photo.width, photo.height = cleaned.width, cleaned.height
    photo.bytes, photo.sha256 = len(cleaned.full), cleaned.sha256
    try:
        photo.file.save(f"{token}.jpg", ContentFile(cleaned.full), save=False)
        photo.thumbnail.save(f"{token}-small.jpg", ContentFile(cleaned.thumbnail), save=False)
        with transaction.atomic():
            photo.save(force_insert=True)
    except BaseException:
        _remove(_stored_names(photo))
        raise
    return photo


def _stored_names(photo: StoredPhoto) -> list[str]:
    return [name for name in (photo.file.name, photo.thumbnail.name) if name]


def _forget_files(*, instance: StoredPhoto, using: str, **_kwargs: Any) -> None:
    """Remove a deleted row's files once the deletion is certain."""
    names = _stored_names(instance)
    transaction.on_commit(lambda: _remove(names), using=using, robust=True)


def _remove(names: Iterable[str], storage: Storage = default_storage) -> None:
    for name in names:
        storage.delete(name)


# --- Serving ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GridPhoto:
    """What `ui/photo_grid.html` shows of a photo: where its view answers, and in words what is to be seen on it."""

    url: str
    thumbnail_url: str
    alt: str
    caption: str = ""


def photo_response(request: HttpRequest, photo: StoredPhoto, size: Size = "full") -> HttpResponseBase:
    """Answer with the photo's JPEG, or 304 if the browser has it. Whether the person may see it, the view has asked.

    Kept by the browser for a day: the bytes behind an address never change. Raises Http404 if the file is missing.
    """
    etag = f'"{photo.sha256}-{size}"'
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if response is None:
        response = _file_response(photo, size)
    headers = {
        "Cache-Control": "private, max-age=86400, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _file_response(photo: StoredPhoto, size: Size) -> HttpResponseBase:
    stored = photo.file if size == "full" else photo.thumbnail
    try:
        opened = stored.open("rb")
    except (FileNotFoundError, ValueError) as error:
        raise Http404(f"photo {photo.public_id} has no file") from error
    return FileResponse(opened, content_type="image/jpeg", filename=f"{photo.public_id}.jpg")


# --- Sweeping -----------------------------------------------------------------------------------


def sweep_orphans(model: type[StoredPhoto], *, at: datetime, storage: Storage = default_storage) -> int:
    """Remove files of `model` older than a day that no row names: what a crash or a rollback left. Returns how many.

    A table without any row is left alone: more likely the wrong database than a shop that deleted every photo.
    """
    folder = _folder(model)
    if not storage.exists(folder) or not model._default_manager.exists():
        return 0
    removed = 0
    for shard in storage.listdir(folder)[0]:
        removed += _sweep_folder(model, f"{folder}/{shard}", at - ORPHAN_AGE, storage)
    return removed


def _sweep_folder(model: type[StoredPhoto], folder: str, before: datetime, storage: Storage) -> int:
    rows = model._default_manager.filter(file__startswith=f"{folder}/").values_list("file", "thumbnail")
    known = {PurePosixPath(name).name for row in rows for name in row}
    strays = [f"{folder}/{name}" for name in storage.listdir(folder)[1] if name not in known]
    old = [name for name in strays if storage.get_modified_time(name) < before]
    _remove(old, storage)
    return len(old)


def sweep_all_orphans(*, at: datetime) -> int:
    """`sweep_orphans` for every model built on `StoredPhoto`. Returns how many files were removed."""
    kinds = [model for model in apps.get_models() if issubclass(model, StoredPhoto)]
    return sum(sweep_orphans(model, at=at) for model in kinds)
