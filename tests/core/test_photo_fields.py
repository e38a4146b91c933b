"""Photos in forms and in the API: errors beside the field, limits of number and size."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client
from django.urls import path
from django.utils import translation
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from core.photo_fields import MAX_PHOTO_BODY_BYTES, MultiplePhotosField, PhotoField, PhotoUploadField, accepts_photos
from core.photos import CleanPhoto, GridPhoto
from o2o_platform import urls
from tests.factories.photos import corners, heic, saved


class OneForm(forms.Form):
    front = PhotoField(label="Front")


class SeveralForm(forms.Form):
    sides = MultiplePhotosField(label="Sides", max_count=3, required=False)


class PhotoSerializer(serializers.Serializer[Any]):
    photo = PhotoUploadField()


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def upload(name: str = "a.jpg", data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, saved(corners(40, 30)) if data is None else data)


def several(*uploads: SimpleUploadedFile) -> SeveralForm:
    return SeveralForm({}, MultiValueDict({"sides": list(uploads)}))


def render(source: str, **context: Any) -> str:
    return engines["django"].from_string("{% load ui %}" + source).render(context)


# --- Forms --------------------------------------------------------------------------------------


def test_photo_field_gives_a_clean_photo() -> None:
    form = OneForm({}, MultiValueDict({"front": [upload("IMG_1.HEIC", heic(corners(64, 64)))]}))
    assert form.is_valid(), form.errors
    assert isinstance(form.cleaned_data["front"], CleanPhoto)
    assert OneForm({}, {"front": upload()}).is_valid()


def test_photo_that_is_needed_and_missing_is_asked_for() -> None:
    assert OneForm({}, MultiValueDict()).errors == {"front": ["Take or choose a photo."]}
    assert OneForm({}, {}).errors == {"front": ["Take or choose a photo."]}


def test_second_photo_is_refused_where_one_is_asked_for() -> None:
    form = OneForm({}, MultiValueDict({"front": [upload(), upload()]}))
    assert form.errors == {"front": ["Send at most one photo."]}


def test_several_photos_are_kept_in_order() -> None:
    form = several(upload(), upload("b.png", saved(corners(80, 30), "PNG")))
    assert form.is_valid(), form.errors
    assert [photo.width for photo in form.cleaned_data["sides"]] == [40, 80]
    assert form.has_changed()


def test_no_photo_is_an_empty_list() -> None:
    form = several()
    assert form.is_valid()
    assert form.cleaned_data["sides"] == []
    assert not form.has_changed()


def test_too_many_photos_are_refused_before_any_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.photo_fields.clean", lambda _upload: pytest.fail("decoded"))
    assert several(*[upload()] * 4).errors == {"sides": ["Send at most 3 photos at once."]}


def test_errors_name_the_photo_they_are_about() -> None:
    form = several(upload("good.jpg"), upload("evil<b>.svg", b"<svg/>"), upload("cut.jpg", saved(corners())[:900]))
    errors = form.errors["sides"]
    assert errors[0].startswith("evil<b>.svg: This is not a photo")
    assert errors[1].startswith("cut.jpg: The photo is incomplete")
    assert len(errors) == 2
    assert "evil&lt;b&gt;.svg" in render("{% field form.sides %}", form=form)
    assert several(upload("only.jpg", b"x")).errors["sides"][0].startswith("This is not a photo")


# --- API ----------------------------------------------------------------------------------------


def test_api_field_gives_a_clean_photo() -> None:
    serializer = PhotoSerializer(data={"photo": upload()})
    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data["photo"].width == 40


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"photo": SimpleUploadedFile("a.jpg", b"<svg/>")}, "invalid_photo"),
        ({"photo": SimpleUploadedFile("a.jpg", b"")}, "empty"),
        ({"photo": "a.jpg"}, "invalid"),
        ({"photo": ["x"]}, "invalid"),
        ({"photo": None}, "null"),
        ({}, "required"),
    ],
)
def test_api_field_refuses_what_is_no_photo(data: dict[str, Any], code: str) -> None:
    serializer = PhotoSerializer(data=data)
    assert not serializer.is_valid()
    assert [error.code for error in serializer.errors["photo"]] == [code]


# --- Pages --------------------------------------------------------------------------------------


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]


def test_photo_input_offers_camera_and_gallery_under_one_name() -> None:
    page = Elements(render("{% field form.sides hint='All four.' %}", form=SeveralForm()))
    camera, gallery = page.all("input")
    assert camera["name"] == gallery["name"] == "sides"
    assert (camera["capture"], "capture" in gallery) == ("environment", False)
    assert ("multiple" in camera, "multiple" in gallery) == (False, True)
    assert camera["id"] != gallery["id"]
    assert camera["aria-describedby"] == "id_sides_helptext"
    assert page.all("legend")
    assert not any("style" in attrs or "required" in attrs for _tag, attrs in page.found)


def test_input_for_one_photo_takes_one_and_the_form_is_multipart() -> None:
    page = Elements(render("{% field form.front %}", form=OneForm()))
    assert not any("multiple" in attrs for attrs in page.all("input"))
    assert OneForm().is_multipart()


def test_photo_grid_works_as_links() -> None:
    photos = [GridPhoto("/p/1/", "/p/1/small/", "Front <left>", "Scratch"), GridPhoto("/p/2/", "/p/2/small/", "Rear")]
    html = render("{% include 'ui/photo_grid.html' %}", photos=photos)
    page = Elements(html)
    assert [link["href"] for link in page.all("a")] == ["/p/1/", "/p/2/"]
    assert [(image["src"], image["alt"]) for image in page.all("img")] == [
        ("/p/1/small/", "Front <left>"),
        ("/p/2/small/", "Rear"),
    ]
    assert render("{% include 'ui/photo_grid.html' %}", photos=[]).strip() == ""


# --- Size of a request --------------------------------------------------------------------------


class Unread:
    def read(self, *_args: Any) -> bytes:
        raise AssertionError("read")

    readline = read


@accepts_photos
def photo_view(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


def sent(url: str, size: int, settings: Any) -> HttpResponse:
    settings.ROOT_URLCONF = (path("photo-test/", photo_view), path("api/photo-test/", photo_view), *urls.urlpatterns)
    extra: dict[str, Any] = {"CONTENT_LENGTH": str(size), "wsgi.input": Unread()}
    return Client(headers={"Accept-Language": "en"}).post(url, content_type="multipart/form-data; boundary=x", **extra)


@pytest.mark.django_db
def test_view_that_takes_photos_takes_large_requests(settings: Any) -> None:
    assert sent("/photo-test/", settings.MAX_BODY_BYTES + 1, settings).content == b"seen"
    assert sent("/photo-test/", MAX_PHOTO_BODY_BYTES, settings).content == b"seen"
    assert sent("/", settings.MAX_BODY_BYTES + 1, settings).status_code == 413
    assert sent("/nowhere/", settings.MAX_BODY_BYTES + 1, settings).status_code == 413


@pytest.mark.django_db
def test_too_large_a_request_is_refused_unread_with_a_page_that_says_so(settings: Any) -> None:
    answer = sent("/photo-test/", MAX_PHOTO_BODY_BYTES + 1, settings)
    assert answer.status_code == 413
    assert "more than 100 MB" in answer.content.decode()


@pytest.mark.django_db
def test_too_large_a_request_to_the_api_is_refused_with_a_problem_document(settings: Any) -> None:
    answer = sent("/api/photo-test/", MAX_PHOTO_BODY_BYTES + 1, settings)
    assert answer.status_code == 413
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "too_large"
    assert "100 MB" in answer.json()["detail"]
