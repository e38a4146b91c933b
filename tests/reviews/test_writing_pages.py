"""An author writes a review, changes it, takes it back and appeals: through the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from bookings.choices import Status
from bookings.models import Booking
from core.photos import StoredPhoto
from reviews import publication, tallies, writing
from reviews.choices import Dimension, ReasonCode, ReviewStatus, Side, VersionStatus
from reviews.limits import EDIT_WITHIN, MAX_TEXT, REVIEW_WITHIN
from reviews.models import Appeal, Review, ReviewPhoto, ReviewVersion
from reviews.moderation import appeals, decisions
from reviews.writing import Draft
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW
from tests.factories.photos import corners, saved
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import ShopMemberFactory, open_shop
from tests.factories.visits import visit

pytestmark = pytest.mark.django_db

NOTHING = {"months": 0, "totals": 0, "lists": 0, "order": 0}
NASTY = '<script>alert(1)</script> <b hx-get="/x">bold</b> \u202eevil\u202c 👍'


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(WRITTEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def booking() -> Booking:
    return reviewable_visit(open_shop())


@pytest.fixture
def author(client: Client, booking: Booking) -> Client:
    client.cookies["django_language"] = "en"
    client.force_login(booking.owner)
    return client


def write_url(booking: Booking) -> str:
    return reverse("reviews:write", args=[booking.public_id])


def url(name: str, written: Review) -> str:
    return reverse(f"reviews:{name}", args=[written.public_id])


def photo(name: str = "bay.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, saved(corners()), "image/jpeg")


def text(response: HttpResponse) -> str:
    return response.content.decode()


# --- Writing ----------------------------------------------------------------------------------------


def test_a_review_is_written_with_everything(author: Client, booking: Booking) -> None:
    said = {
        "stars": "4",
        "workmanship": "5",
        "honesty": "3",
        "price": "",
        "would_return": "yes",
        "text": " Good\r\nwork ",
        "shows_facts": "on",
        "photos": [photo()],
    }
    response = author.post(write_url(booking), said)
    written = Review.objects.get(booking=booking)
    assert response["Location"] == url("own", written)
    version = written.versions.get()
    assert (version.stars, version.workmanship, version.honesty, version.price) == (4, 5, 3, None)
    assert (version.would_return, version.text, version.shows_facts) == (True, "Good\nwork", True)
    assert version.photos.count() == 1
    page = text(author.get(url("own", written)))
    assert "Being checked" in page
    assert "Good\nwork" in page


def test_the_form_names_who_worked_and_what_would_be_shown(author: Client, booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(agreed_end_at=booking.ready_at)
    page = text(author.get(write_url(booking)))
    person = booking.shop.resources.get(technician__isnull=False)
    assert person.name in page
    for fact in ("¥268", "When promised", "Minor service"):
        assert fact in page


def test_stars_from_the_address_are_chosen_already(author: Client, booking: Booking) -> None:
    assert 'value="4" class' not in text(author.get(write_url(booking)))
    chosen = text(author.get(write_url(booking) + "?stars=4"))
    assert chosen.count("checked") == text(author.get(write_url(booking) + "?stars=45")).count("checked") + 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stars", ""),
        ("stars", "0"),
        ("stars", "6"),
        ("stars", "5; DROP"),
        ("honesty", "9"),
        ("would_return", "perhaps"),
        ("text", "x" * (MAX_TEXT + 1)),
        ("text", "x" * 100_000),
        ("text", "a\x00b"),
    ],
)
def test_bad_input_is_named_beside_its_field_and_the_rest_is_kept(
    author: Client, booking: Booking, field: str, value: str
) -> None:
    said = {"stars": "5", "text": "What I typed", "workmanship": "2", field: value}
    response = author.post(write_url(booking), said)
    assert response.status_code == 400
    page = text(response)
    assert f'id="id_{field}_error"' in page
    assert field == "text" or "What I typed" in page
    assert not Review.objects.exists()


def test_line_breaks_count_once(author: Client, booking: Booking) -> None:
    lines = "\r\n".join(["x"] * (MAX_TEXT // 2))
    assert author.post(write_url(booking), {"stars": "3", "text": lines}).status_code == 302
    assert len(ReviewVersion.objects.get().text) == MAX_TEXT - 1


def test_photos_that_are_none_are_refused_and_those_sent_are_said_to_be_lost(author: Client, booking: Booking) -> None:
    fake = SimpleUploadedFile('<img src=x onerror="alert(1)">.jpg', b"<script>alert(1)</script>", "image/jpeg")
    response = author.post(write_url(booking), {"stars": "5", "text": "Kept", "photos": [photo(), fake]})
    assert response.status_code == 400
    page = text(response)
    assert "Choose your photos again" in page
    assert "Kept" in page
    assert "<img src=x" not in page
    assert not ReviewPhoto.objects.exists()


def test_seven_photos_are_too_many(author: Client, booking: Booking) -> None:
    response = author.post(write_url(booking), {"stars": "5", "photos": [photo() for _ in range(7)]})
    assert response.status_code == 400
    assert not Review.objects.exists()


def test_markup_and_turned_text_are_shown_as_what_they_are(author: Client, booking: Booking) -> None:
    author.post(write_url(booking), {"stars": "5", "text": NASTY})
    written = Review.objects.get()
    for name in ("own", "edit", "withdraw"):
        page = text(author.get(url(name, written)))
        assert "&lt;script&gt;alert(1)" in page
        assert "<b hx-get" not in page
    assert "\u202e" not in text(author.get(url("own", written)))


# --- Who and when -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_visit_looks_missing(author: Client, booking: Booking, method: str) -> None:
    others = reviewable_visit(booking.shop)
    assert getattr(author, method)(write_url(others), {"stars": "5"}).status_code == 404
    assert not Review.objects.exists()


def test_signed_out_asks_to_sign_in(client: Client, booking: Booking) -> None:
    assert client.get(write_url(booking))["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("method", ["get", "post"])
def test_before_the_handover_it_says_so(author: Client, booking: Booking, method: str) -> None:
    coming = visit(booking.shop, owner=booking.owner, starts_at=NOW + timedelta(days=3))
    response = getattr(author, method)(write_url(coming), {"stars": "5"})
    assert response.status_code == 409
    assert "once you have your car back" in text(response)


@pytest.mark.parametrize("method", ["get", "post"])
def test_after_the_window_it_says_so(
    author: Client, booking: Booking, method: str, clock: time_machine.Traveller
) -> None:
    clock.move_to(booking.completed_at + REVIEW_WITHIN)
    assert author.get(write_url(booking)).status_code == 200
    clock.move_to(booking.completed_at + REVIEW_WITHIN + timedelta(seconds=1))
    author.force_login(booking.owner)
    response = getattr(author, method)(write_url(booking), {"stars": "5"})
    assert response.status_code == 409
    assert "60 days" in text(response)
    assert not Review.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_own_shop_is_not_reviewed(author: Client, booking: Booking, method: str) -> None:
    ShopMemberFactory(shop=booking.shop, user=booking.owner)
    response = getattr(author, method)(write_url(booking), {"stars": "5"})
    assert response.status_code == 403
    assert "cannot review it" in text(response)
    assert not Review.objects.exists()


def test_twice_is_refused_and_leads_to_what_is_there(author: Client, booking: Booking) -> None:
    written = review(booking)
    assert author.get(write_url(booking))["Location"] == url("own", written)
    response = author.post(write_url(booking), {"stars": "1"})
    assert response.status_code == 409
    assert url("own", written) in text(response)
    assert ReviewVersion.objects.get().stars == 5


@pytest.mark.parametrize("name", ["own", "edit", "withdraw", "appeal"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_review_looks_missing(author: Client, booking: Booking, name: str, method: str) -> None:
    theirs = published(reviewable_visit(booking.shop))
    assert getattr(author, method)(url(name, theirs), {"stars": "1", "text": "x"}).status_code in (404, 405)
    theirs.refresh_from_db()
    assert theirs.status == ReviewStatus.PUBLISHED


# --- Changing ---------------------------------------------------------------------------------------


def test_a_change_is_a_version_and_readers_keep_what_they_see(author: Client, booking: Booking) -> None:
    written = published(booking, text="First", would_return=True, ratings={Dimension.HONESTY: 2})
    page = text(author.get(url("edit", written)))
    assert "First" in page
    response = author.post(url("edit", written), {"stars": "2", "text": "Second", "seen": "1"})
    assert response["Location"] == url("own", written)
    written.refresh_from_db()
    assert (written.shown.text, written.versions.count()) == ("First", 2)
    page = text(author.get(url("own", written)))
    assert "Change being checked" in page
    assert "readers see this one" in page
    assert "First" in page
    assert tallies.faults() == NOTHING


def test_a_stale_form_keeps_what_was_typed_and_can_be_sent_again(author: Client, booking: Booking) -> None:
    written = published(booking, text="First")
    writing.edit(review=written, by=written.author, draft=Draft(stars=3, text="Elsewhere"), seen=1, at=WRITTEN)
    response = author.post(url("edit", written), {"stars": "2", "text": "Typed here", "seen": "1"})
    assert response.status_code == 409
    page = text(response)
    assert "Typed here" in page
    assert "Elsewhere" in page
    assert 'name="seen" value="2"' in page
    assert author.post(url("edit", written), {"stars": "2", "text": "Typed here", "seen": "2"}).status_code == 302
    assert list(written.versions.values_list("status", flat=True)) == ["approved", "replaced", "waiting"]


@pytest.mark.parametrize("seen", ["", "0", "x", "9" * 30])
def test_without_the_number_that_was_seen_nothing_is_changed(author: Client, booking: Booking, seen: str) -> None:
    written = published(booking)
    assert author.post(url("edit", written), {"stars": "2", "seen": seen}).status_code in (400, 409)
    assert written.versions.count() == 1


def test_photos_stay_or_go_with_the_version(author: Client, booking: Booking) -> None:
    author.post(write_url(booking), {"stars": "5", "photos": [photo(), photo()]})
    written = Review.objects.get()
    kept, dropped = written.photos.order_by("pk")
    author.post(url("edit", written), {"stars": "5", "keep": [kept.public_id], "photos": [photo()], "seen": "1"})
    newest = written.versions.get(number=2)
    assert kept in newest.photos.all()
    assert dropped not in newest.photos.all()
    assert newest.photos.count() == 2
    assert written.versions.get(number=1).photos.count() == 2


def test_anothers_photo_cannot_be_kept(author: Client, booking: Booking) -> None:
    other = reviewable_visit(booking.shop)
    theirs = review(other, added=[_clean()]).photos.get()
    written = review(booking)
    response = author.post(url("edit", written), {"stars": "5", "keep": [theirs.public_id], "seen": "1"})
    assert response.status_code == 400
    assert written.versions.count() == 1


def test_kept_and_new_photos_are_six_together(author: Client, booking: Booking) -> None:
    written = review(booking, added=[_clean() for _ in range(4)])
    keep = list(written.photos.values_list("public_id", flat=True))
    response = author.post(
        url("edit", written), {"stars": "5", "keep": keep, "photos": [photo() for _ in range(3)], "seen": "1"}
    )
    assert response.status_code == 400
    assert "six photos" in text(response)


def test_after_its_time_a_review_is_not_changed(
    author: Client, booking: Booking, clock: time_machine.Traveller
) -> None:
    written = published(booking)
    clock.move_to(booking.completed_at + EDIT_WITHIN + timedelta(seconds=1))
    author.force_login(booking.owner)
    assert author.post(url("edit", written), {"stars": "1", "seen": "1"})["Location"] == url("own", written)
    assert written.versions.count() == 1
    assert url("edit", written) not in text(author.get(url("own", written)))


# --- Taking back ------------------------------------------------------------------------------------


def test_taking_back_asks_first_and_is_for_good(author: Client, booking: Booking) -> None:
    written = published(booking)
    assert "This is for good" in text(author.get(url("withdraw", written)))
    for _ in range(2):
        assert author.post(url("withdraw", written)).status_code == 302
    written.refresh_from_db()
    assert written.status == ReviewStatus.WITHDRAWN
    assert tallies.faults() == NOTHING
    assert "Withdrawn" in text(author.get(url("own", written)))
    assert author.get(url("withdraw", written)).status_code == 302
    assert author.post(write_url(booking), {"stars": "5"}).status_code == 409


# --- Decisions and appeals --------------------------------------------------------------------------


def _rejected(booking: Booking) -> Review:
    written = review(booking, text="Buy at my place")
    item = written.moderation_items.get()
    decisions.reject(
        item=item, by=UserFactory(admin=True), at=WRITTEN, seen=1, reason=ReasonCode.ADVERTISING, note="SECRET note"
    )
    return written


def test_a_refusal_says_why_and_what_can_be_done(author: Client, booking: Booking) -> None:
    page = text(author.get(url("own", _rejected(booking))))
    assert "Not published" in page
    assert "advertises something" in page
    assert "SECRET note" not in page
    assert "Appeal" in page


def test_an_appeal_is_made_once_and_its_answer_is_read(author: Client, booking: Booking) -> None:
    written = _rejected(booking)
    assert author.post(url("appeal", written), {"text": ""}).status_code == 400
    assert author.post(url("appeal", written), {"text": "It is a joke"})["Location"] == url("own", written)
    again = author.post(url("appeal", written), {"text": "And again"})
    assert again.status_code == 409
    assert "And again" in text(again)
    appeal = Appeal.objects.get(side=Side.AUTHOR)
    assert "Your appeal is being looked at" in text(author.get(url("own", written)))
    item = appeal.moderation_items.get()
    appeals.decide(item=item, by=UserFactory(admin=True), at=WRITTEN, uphold=True, answer="You are right.")
    page = text(author.get(url("own", written)))
    assert "Your appeal was upheld" in page
    assert "You are right." in page
    assert "Published" in page


def test_without_a_decision_there_is_nothing_to_appeal_against(author: Client, booking: Booking) -> None:
    written = published(booking)
    assert "no decision here" in text(author.get(url("appeal", written)))
    assert author.post(url("appeal", written), {"text": "Why"}).status_code == 409


def test_a_rejected_change_leaves_what_is_shown(author: Client, booking: Booking) -> None:
    written = published(booking, text="First")
    writing.edit(review=written, by=written.author, draft=Draft(stars=1, text="Ad"), seen=1, at=WRITTEN)
    item = written.moderation_items.open().get()
    decisions.reject(item=item, by=UserFactory(admin=True), at=WRITTEN, seen=2, reason=ReasonCode.ADVERTISING)
    page = text(author.get(url("own", written)))
    assert "Change not published" in page
    assert "Readers see the version before it" in page


# --- The list ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_queries_for_any_number_of_reviews(
    author: Client, booking: Booking, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        review(reviewable_visit(booking.shop, owner=booking.owner))
        reviewable_visit(booking.shop, owner=booking.owner)
    author.get(reverse("reviews:mine"))
    # session, person; count, page, versions; visits to review with claims and services
    with django_assert_num_queries(8):
        page = text(author.get(reverse("reviews:mine")))
    assert page.count("/me/reviews/") >= count
    assert page.count("/answer/") == count + 1


def test_the_list_without_anything_says_what_comes(client: Client) -> None:
    client.cookies["django_language"] = "en"
    client.force_login(UserFactory())
    assert "No reviews yet" in text(client.get(reverse("reviews:mine")))


# --- Photos -----------------------------------------------------------------------------------------


def _clean() -> Any:
    from core.photos import clean

    return clean(photo())


def _photo_url(one: StoredPhoto, size: str = "thumbnail") -> str:
    return reverse("reviews:photo", args=[one.public_id, size])


def test_photos_of_what_is_not_shown_are_for_the_author_and_the_platform(client: Client, booking: Booking) -> None:
    one = review(booking, added=[_clean()]).photos.get()
    assert client.get(_photo_url(one)).status_code == 404
    client.force_login(UserFactory())
    assert client.get(_photo_url(one)).status_code == 404
    for person in (booking.owner, UserFactory(admin=True)):
        client.force_login(person)
        for size in ("thumbnail", "full"):
            response = client.get(_photo_url(one, size))
            assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
        assert client.get(_photo_url(one, "huge")).status_code == 404


def test_photos_of_the_version_shown_are_for_everybody(client: Client, booking: Booking) -> None:
    written = published(booking, added=[_clean()])
    one = written.photos.get()
    assert client.get(_photo_url(one)).status_code == 200
    writing.edit(review=written, by=written.author, draft=Draft(stars=5, added=[_clean()]), seen=1, at=WRITTEN)
    waiting = written.photos.exclude(pk=one.pk).get()
    assert client.get(_photo_url(waiting)).status_code == 404
    publication_of_newest(written)
    assert client.get(_photo_url(waiting)).status_code == 200
    assert client.get(_photo_url(one)).status_code == 404


def publication_of_newest(written: Review) -> None:
    version = written.versions.get(status=VersionStatus.WAITING)
    version.status, version.decided_at = VersionStatus.APPROVED, WRITTEN
    version.save(update_fields=["status", "decided_at"])
    publication.show(publication.locked(written), version, at=WRITTEN)


def test_a_visit_that_came_to_nothing_cannot_be_reviewed(author: Client, booking: Booking) -> None:
    gone = visit(booking.shop, owner=booking.owner, status=Status.NO_SHOW)
    assert author.post(write_url(gone), {"stars": "1"}).status_code == 409
