"""The link to one visit without signing in: what its holder can do, and where it ends."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings import actions
from bookings.actions import Actor
from bookings.choices import ActorRole, DecisionWay, LineState
from bookings.floor import links
from bookings.models import Booking, LineDecision, VisitLink
from tests.bookings.owner_pages import booked, page, text
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.floor import Asked
from tests.factories.jobs import NOW, bookable_job

pytestmark = pytest.mark.django_db
THEN = NOW + timedelta(minutes=20)
POSTS = ("decide", "confirm_sheet", "confirm_handover", "say", "end_links")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(THEN, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


@pytest.fixture
def asked() -> Asked:
    return floor.asked(at=NOW, owner=UserFactory(), photos=1)


def token(asked: Asked) -> str:
    return links.make(booking=asked.booking, at=THEN)


def url(key: str, name: str = "") -> str:
    return reverse(f"bookings:link_{name}" if name else "bookings:link", args=[key])


def ref(asked: Asked) -> str:
    return f"{asked.line.public_id}.1"


def test_the_link_opens_its_visit_for_nobody_else_to_keep_or_find(client: Client, asked: Asked) -> None:
    key = token(asked)
    response = client.get(url(key))
    assert response.status_code == 200
    assert "Approve for ¥420" in text(response)
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "same-origin"
    assert '<meta name="robots" content="noindex">' in text(response)
    link = VisitLink.objects.get(booking=asked.booking)
    assert link.used_at == THEN
    assert key not in link.digest


def test_it_tells_no_more_of_the_person_than_is_needed(client: Client, asked: Asked) -> None:
    Booking.objects.filter(pk=asked.booking.pk).update(visit_address="天钥桥路 1 号", owner_note="Gate code 4711")
    html = text(client.get(url(token(asked))))
    assert "天钥桥路" not in html
    assert "4711" not in html
    assert "13816420957" not in html
    assert "•••• 0957" in html
    assert asked.booking.public_id not in html


@pytest.mark.parametrize(
    ("decision", "state"),
    [("approve", LineState.APPROVED), ("decline", LineState.DECLINED), ("defer", LineState.DEFERRED)],
)
def test_answers_by_the_link_are_kept_as_such(client: Client, asked: Asked, decision: str, state: str) -> None:
    response = client.post(url(token(asked), "decide"), {"decision": decision, "line": ref(asked)})
    assert response.status_code == 302
    said = LineDecision.objects.get(line=asked.line)
    assert (said.way, said.decision, said.owner) == (DecisionWay.LINK, decision, asked.owner)
    asked.line.refresh_from_db()
    assert asked.line.state == state


def test_a_walk_in_without_account_answers_by_the_link(client: Client) -> None:
    asked = floor.asked(at=NOW)
    assert client.post(url(token(asked), "decide"), {"decision": "approve", "line": ref(asked)}).status_code == 302
    said = LineDecision.objects.get(line=asked.line)
    assert (said.way, said.owner) == (DecisionWay.LINK, None)


def test_the_link_confirms_the_state_of_the_car_and_the_handover(client: Client, asked: Asked) -> None:
    key = token(asked)
    seen = text(client.get(url(key))).split('name="seen" value="')[1].split('"')[0]
    assert client.post(url(key, "confirm_sheet"), {"seen": seen}).status_code == 302
    client.post(url(key, "decide"), {"decision": "decline", "line": ref(asked)})
    floor.make_ready(asked.booking, by=asked.advisor, at=THEN)
    assert client.post(url(key, "confirm_handover")).status_code == 302
    asked.booking.refresh_from_db()
    assert asked.booking.check_in.confirmed_way == DecisionWay.LINK
    assert asked.booking.handover_confirmed_way == DecisionWay.LINK


def test_the_link_speaks_for_the_owner(client: Client, asked: Asked) -> None:
    key = token(asked)
    assert client.post(url(key, "say"), {"text": "Is it leaking?"}).status_code == 302
    said = asked.booking.messages.get()
    assert (said.text, said.is_from_owner, said.author) == ("Is it leaking?", True, None)


def test_photos_open_by_the_link_of_their_visit_only(client: Client, asked: Asked) -> None:
    other = floor.asked(at=NOW, owner=UserFactory(), photos=1)
    key, photo = token(asked), asked.booking.photos.first()
    there = reverse("bookings:link_photo", args=[key, photo.public_id, "thumbnail"])
    response = client.get(there)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Cache-Control"] == "private, max-age=86400, immutable"
    again = client.get(there, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again["Cache-Control"]) == (304, "private, max-age=86400, immutable")
    foreign = reverse("bookings:link_photo", args=[token(other), photo.public_id, "full"])
    assert client.get(foreign).status_code == 404


@pytest.mark.parametrize("name", ["", "news"])
@pytest.mark.parametrize("ending", ["unknown", "expired", "revoked", "cancelled"])
def test_a_link_that_has_ended_says_what_to_do(
    client: Client, clock: time_machine.Traveller, ending: str, name: str
) -> None:
    booking = booked(Client(), bookable_job(), UserFactory())
    key = links.make(booking=booking, at=THEN)
    if ending == "unknown":
        key = key[::-1]
    elif ending == "expired":
        clock.shift(links.LIFE)
    elif ending == "revoked":
        links.revoke_all(booking=booking, at=THEN)
    else:
        actions.cancel(booking=booking, by=Actor(ActorRole.OWNER, booking.owner), at=THEN)
    response = client.get(url(key, name), headers={"HX-Request": "true"} if name else {})
    assert response.status_code == 404
    assert "This link has ended" in text(response)
    assert "no-store" in response["Cache-Control"]
    assert response.headers.get("HX-Refresh") == ("true" if name else None)


@pytest.mark.parametrize("name", POSTS)
def test_nothing_is_done_by_a_link_that_has_ended_or_was_forged(client: Client, asked: Asked, name: str) -> None:
    key = token(asked)
    sent = {"decision": "approve", "line": ref(asked), "text": "x", "seen": "x"}
    assert client.get(url(key, name)).status_code == 405
    assert Client(enforce_csrf_checks=True).post(url(key, name), sent).status_code == 403
    links.revoke_all(booking=asked.booking, at=THEN)
    assert client.post(url(key, name), sent).status_code == 404
    asked.line.refresh_from_db()
    assert asked.line.state == LineState.PROPOSED
    assert not asked.booking.messages.exists()


def test_a_link_reaches_no_line_of_another_visit(client: Client, asked: Asked) -> None:
    other = floor.asked(at=NOW, owner=UserFactory())
    response = client.post(url(token(asked), "decide"), {"decision": "approve", "line": ref(other)})
    assert response.status_code == 404
    assert not LineDecision.objects.filter(line=other.line).exists()


def test_the_owner_ends_every_link_and_open_pages_learn_it(client: Client, asked: Asked) -> None:
    first, second = token(asked), token(asked)
    html = text(client.get(url(first)))
    poll = html.split('id="visit-poll-now" hx-get="')[1].split('"')[0]
    assert client.get(poll).status_code == 204
    owner = Client()
    owner.force_login(asked.owner)
    assert owner.post(page("visit_end_links", asked.booking)).status_code == 302
    assert client.get(poll).status_code == 200
    for key in (first, second):
        assert client.get(url(key)).status_code == 404
    assert owner.get(page("detail", asked.booking)).status_code == 200


def test_the_owner_who_is_signed_in_gets_their_own_page(client: Client, asked: Asked) -> None:
    client.force_login(asked.owner)
    assert client.get(url(token(asked)))["Location"] == page("detail", asked.booking)
    client.force_login(UserFactory())
    assert client.get(url(token(asked))).status_code == 200


def test_an_unchanged_page_of_a_link_costs_one_query(
    client: Client, asked: Asked, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    poll = text(client.get(url(token(asked)))).split('id="visit-poll-now" hx-get="')[1].split('"')[0]
    with django_assert_num_queries(1):
        assert client.get(poll).status_code == 204


def test_guessing_is_slowed_down_and_a_good_link_still_opens(client: Client, asked: Asked) -> None:
    key = token(asked)
    for number in range(30):
        assert client.get(url(f"guess-{number}")).status_code == 404
    assert client.get(url("guess-30")).status_code == 429
    assert client.get(url(key)).status_code == 200


@pytest.mark.parametrize("key", ["x" * 65, "x" * 5000, "%00", "a b"])
def test_addresses_that_are_no_tokens_are_answered_in_words(client: Client, key: str) -> None:
    assert client.get(f"/v/{key}/").status_code in (400, 404)
