"""Form and API fields whose cleaned value is a photo ready to keep (`core.photos.CleanPhoto`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from rest_framework import serializers

from core.photo_cleaning import MAX_UPLOAD_BYTES, CleanPhoto, PhotoError, clean

# Every side of a car, its dials and some scratches. Twelve photos as phones take them fit into MAX_PHOTO_BODY_BYTES.
MAX_PHOTOS = 12
# The whole of a request with photos; twelve of 8 MB. Files over 2.5 MB wait on the disk, not in memory.
MAX_PHOTO_BODY_BYTES = 100 * 1024 * 1024

_TOO_MANY = ngettext_lazy("Send at most one photo.", "Send at most %(count)d photos at once.", "count")
_MISSING = _("Take or choose a photo.")

View = TypeVar("View", bound=Callable[..., Any])


def accepts_photos(view: View) -> View:
    """Let requests to this view be as large as photos are; elsewhere `settings.MAX_BODY_BYTES` is the limit (413).

    For a class, `method_decorator(accepts_photos, name="dispatch")`, DRF's views too.
    """
    view.max_body_bytes = MAX_PHOTO_BODY_BYTES  # type: ignore[attr-defined]
    return view


class PhotoInput(forms.FileInput):
    """Two buttons: the camera, and photos taken before. With JavaScript, what was chosen is shown and can be removed.

    Both are inputs of one name, so it works without JavaScript too. `max_count` above 1 lets several be chosen.
    """

    template_name = "ui/photo_input.html"
    needs_multipart_form = True

    def __init__(self, attrs: dict[str, Any] | None = None, *, max_count: int = 1) -> None:
        super().__init__(attrs)
        self.max_count = max_count

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        # Either of the two inputs will do, which HTML cannot say.
        context["widget"]["attrs"].pop("required", None)
        context["widget"] |= {
            "max_count": self.max_count,
            "max_bytes": MAX_UPLOAD_BYTES,
            "max_total_bytes": MAX_PHOTO_BODY_BYTES,
        }
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile] | None:
        """All uploads of this name; None if there is none."""
        if isinstance(files, MultiValueDict):
            return files.getlist(name) or None
        one: UploadedFile | None = super().value_from_datadict(data, files, name)
        return None if one is None else [one]


class MultiplePhotosField(forms.Field):
    """Up to `max_count` photos; the cleaned value is a list of `CleanPhoto`, empty if none was sent.

    An error names the photo it is about, since a browser forgets what was chosen.
    """

    widget = PhotoInput

    def __init__(self, *, max_count: int = MAX_PHOTOS, **kwargs: Any) -> None:
        self.max_count = max_count
        kwargs.setdefault("widget", PhotoInput(max_count=max_count))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """Decode every upload; all errors are told at once."""
        uploads: list[UploadedFile] = list(value or [])
        if self.required and not uploads:
            raise ValidationError(_MISSING, code="required")
        if len(uploads) > self.max_count:
            raise ValidationError(_TOO_MANY % {"count": self.max_count}, code="too_many")
        photos: list[CleanPhoto] = []
        errors: list[ValidationError] = []
        for upload in uploads:
            try:
                photos.append(clean(upload))
            except PhotoError as error:
                errors.append(_named(error, upload, alone=len(uploads) == 1))
        if errors:
            raise ValidationError(errors)
        return photos


def _named(error: PhotoError, upload: UploadedFile, *, alone: bool) -> ValidationError:
    name = (upload.name or "")[-60:]
    text = str(error.message) if alone or not name else f"{name}: {error.message}"
    return ValidationError(text, code=error.code)


class PhotoField(MultiplePhotosField):
    """One photo; the cleaned value is a `CleanPhoto`, or None if none was sent and none is required."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_count=1, **kwargs)

    def clean(self, value: Any) -> CleanPhoto | None:
        photos: list[CleanPhoto] = super().clean(value)
        return photos[0] if photos else None


class PhotoUploadField(serializers.FileField):
    """A photo in a multipart request to the API; validated, it is a `CleanPhoto`. The view needs a MultiPartParser."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(write_only=True, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        upload = super().to_internal_value(data)
        try:
            return clean(upload)
        except PhotoError as error:
            raise serializers.ValidationError(str(error.message), code=error.code) from None
