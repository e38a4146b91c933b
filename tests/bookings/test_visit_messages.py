"""What owner and shop say to each other on the visit's page, its photos, and what owners are told while their car is in
the shop."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings import actions, workshop
from bookings.actions import Actor
from bookings.choices import ActorRole, DecisionWay, EventKind
from bookings.floor import checking_in, deciding, handing_over, lines, links, messages, progress
from bookings.floor.deciding import Choice, Voice
from bookings.floor.lines import Author
from bookings.floor.messages import Speaker
from bookings.floor_notifications import LinkJustSentError, NobodyToReachError, send_link
from bookings.models import LineDecision, VisitLink
from core import outbox
from core.secret_addresses import MASK
from core.tasks import dispatch_outbox
from notifications import delivering, preferences
from notifications.choices import Channel, Topic
from notifications.models import Message, Notice
from shops.choices import Role
from tests.bookings.owner_pages import page, text
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.floor import Asked
from tests.factories.jobs import CONTACT, NOW, bookable_job
from tests.factories.photos import corners, saved

pytestmark = pytest.mark.django_db
THEN = NOW + timedelta(minutes=20)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(THEN, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _developer_outbox(settings: Any) -> None:
    """Messages are read where developers read them, links in the clear."""
    settings.DEBUG = True


@pytest.fixture
def asked(client: Client) -> Asked:
    client.cookies["django_language"] = "en"
    owner = UserFactory(email="lin@example.com", language="en")
    client.force_login(owner)
    return floor.asked(at=NOW, owner=owner)


def deliver() -> list[Message]:
    """What the outbox has to say, sent now."""
    before = set(Message.objects.values_list("pk", flat=True))
    for event_id in outbox.due_ids(at=THEN + timedelta(days=1)):
        assert outbox.handle(event_id=event_id, at=THEN)
    return list(Message.objects.exclude(pk__in=before).order_by("pk"))


def shop_says(asked: Asked, words: str, at: object = THEN) -> None:
    messages.say(booking=asked.booking, text=words, by=Speaker(False, asked.advisor, Role.ADVISOR), at=at)


def jpeg(name: str = "scratch.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, saved(corners()), "image/jpeg")


# --- On the page ----------------------------------------------------------------------------------


def test_a_message_with_a_photo_is_kept_and_shown(client: Client, asked: Asked) -> None:
    response = client.post(page("visit_say", asked.booking), {"text": "See here", "photos": [jpeg()]})
    assert response["Location"] == page("detail", asked.booking) + "#messages"
    said = asked.booking.messages.get()
    assert (said.text, said.is_from_owner, said.author) == ("See here", True, asked.owner)
    assert said.photos.count() == 1
    assert "See here" in text(client.get(page("detail", asked.booking)))


@pytest.mark.parametrize("words", ["", "   ", "x" * 1001, "a\x00b", "x" * 100_000])
def test_a_message_that_cannot_be_is_refused_and_kept_in_the_field(client: Client, asked: Asked, words: str) -> None:
    response = client.post(page("visit_say", asked.booking), {"text": words})
    assert response.status_code == 400
    assert "field-error" in text(response)
    if words.strip() and "\x00" not in words:
        assert words in text(response)
    assert not asked.booking.messages.exists()


def test_what_is_no_photo_is_said_beside_the_field(client: Client, asked: Asked) -> None:
    bad = SimpleUploadedFile("evil.jpg", b"<?php", "image/jpeg")
    response = client.post(page("visit_say", asked.booking), {"text": "Look", "photos": [bad]})
    assert response.status_code == 400
    assert "Look</textarea>" in text(response)
    assert not asked.booking.messages.exists()


def test_looking_at_the_page_reads_the_shops_messages(client: Client, asked: Asked) -> None:
    shop_says(asked, "Hello")
    assert "<strong>new</strong>" in text(client.get(page("detail", asked.booking)))
    assert "<strong>new</strong>" not in text(client.get(page("detail", asked.booking)))
    asked.booking.refresh_from_db()
    assert asked.booking.owner_read_at == THEN


def test_photos_are_the_owners_alone(client: Client, asked: Asked) -> None:
    client.post(page("visit_say", asked.booking), {"photos": [jpeg()]})
    photo = asked.booking.photos.get()
    there = reverse("bookings:visit_photo", args=[asked.booking.public_id, photo.public_id, "full"])
    response = client.get(there)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert response["Cache-Control"] == "private, max-age=86400, immutable"
    other = floor.asked(at=NOW, owner=asked.owner)
    crossed = reverse("bookings:visit_photo", args=[other.booking.public_id, photo.public_id, "full"])
    assert client.get(crossed).status_code == 404
    assert client.get(there.replace("/full/", "/huge/")).status_code == 404
    client.force_login(UserFactory())
    assert client.get(there).status_code == 404
    unknown = Client().get(there)
    assert (unknown.status_code, "no-store" in unknown["Cache-Control"]) == (302, True)


# --- What owners are told -------------------------------------------------------------------------


def test_a_proposal_is_told_with_what_it_costs_and_a_link_that_opens(asked: Asked) -> None:
    (told,) = [message for message in deliver() if message.kind == "bookings/proposed"]
    assert (told.channel, told.recipient) == ("email", "lin@example.com")
    for words in ("¥420", "¥688", "Nothing is done or charged without your approval", "12:25"):
        assert words in told.body
    address = told.body.split("http")[1].split()[0]
    assert Client().get("/v/" + address.split("/v/")[1]).status_code == 200


def test_the_link_is_in_the_mail_and_in_no_row(asked: Asked, settings: Any) -> None:
    settings.DEBUG = False
    assert {message.kind for message in deliver()} == {"bookings/checked_in", "bookings/proposed"}
    assert delivering.deliver(channel=Channel.EMAIL, clock=timezone.now) == 2
    for message, sent in zip(Message.objects.order_by("pk"), mail.outbox, strict=True):
        token = sent.body.split("/v/")[1].split("/")[0]
        assert Client().get(reverse("bookings:link", args=[token])).status_code == 200
        assert f"/v/{MASK}/" in message.body
        assert token not in json.dumps(list(Message.objects.values("subject", "body", "html", "error")))
        assert token not in json.dumps(list(Notice.objects.values("title", "text", "path")))


def test_a_car_that_came_is_to_be_confirmed(asked: Asked) -> None:
    kinds = [message.kind for message in deliver()]
    assert kinds.count("bookings/checked_in") == 1
    assert "bookings/inspected" not in kinds  # the proposal says more


def test_news_that_is_no_longer_true_is_not_sent(asked: Asked) -> None:
    version = checking_in.version(asked.booking, asked.booking.check_in)
    checking_in.confirm(booking=asked.booking, way=DecisionWay.ACCOUNT, by=asked.owner, at=THEN, seen=version)
    choice = Choice(asked.line.public_id, 1, "decline")
    voice = Voice(DecisionWay.ACCOUNT, owner=asked.owner)
    deciding.decide(booking=asked.booking, choices=[choice], voice=voice, at=THEN)
    kinds = {message.kind for message in deliver()}
    assert "bookings/proposed" not in kinds
    assert "bookings/checked_in" not in kinds
    assert LineDecision.objects.filter(line=asked.line).exists()


def test_a_changed_line_is_told_once_with_the_present_price(asked: Asked) -> None:
    author = Author(asked.advisor, Role.ADVISOR)
    lines.change(line=asked.line, draft=floor.pads_draft(labour_fen=18_000), version=1, by=author, at=THEN)
    told = [message for message in deliver() if message.kind == "bookings/proposed"]
    assert len(told) == 1
    assert "¥480" in told[0].body


def test_a_new_promise_is_told_unless_the_owner_moved_it(asked: Asked) -> None:
    deliver()
    choice = Choice(asked.line.public_id, 1, "approve")
    voice = Voice(DecisionWay.ACCOUNT, owner=asked.owner)
    deciding.decide(booking=asked.booking, choices=[choice], voice=voice, at=THEN)
    assert deliver() == []
    asked.booking.refresh_from_db()
    staff, later = Actor(ActorRole.STAFF, asked.advisor), asked.booking.ends_at + timedelta(minutes=15)
    progress.promise(booking=asked.booking, ends_at=later, reason="The part is late", by=staff, at=THEN)
    (told,) = deliver()
    assert told.kind == "bookings/promise"
    for words in ("12:40", "12:25", "The part is late"):
        assert words in told.body


def sweep(clock: time_machine.Traveller, *, at: datetime) -> list[str]:
    """What the messages say that leave by a sweep at `at`."""
    clock.move_to(at, tick=False)
    before = set(Message.objects.values_list("pk", flat=True))
    dispatch_outbox()
    told = Message.objects.exclude(pk__in=before).order_by("pk")
    assert {message.kind for message in told} <= {"bookings/message"}
    return [message.body.split(": ", 1)[1].split("\n")[0] for message in told]


def test_a_burst_of_messages_is_told_with_its_first_and_its_last(asked: Asked, clock: time_machine.Traveller) -> None:
    deliver()
    for count in range(4):
        shop_says(asked, f"Part {count}", THEN + timedelta(seconds=100 * count))
        assert sweep(clock, at=THEN + timedelta(seconds=100 * count)) == (["Part 0"] if count == 0 else [])
    assert sweep(clock, at=THEN + timedelta(seconds=419)) == []
    assert sweep(clock, at=THEN + timedelta(seconds=420)) == ["Part 3"]
    assert sweep(clock, at=THEN + timedelta(days=1)) == []
    shop_says(asked, "Something else", THEN + timedelta(days=1))
    assert sweep(clock, at=THEN + timedelta(days=1)) == ["Something else"]


def test_a_second_message_is_told_when_the_worker_was_away(asked: Asked, clock: time_machine.Traveller) -> None:
    deliver()
    shop_says(asked, "One")
    shop_says(asked, "Two", THEN + timedelta(minutes=1))
    assert sweep(clock, at=THEN + timedelta(minutes=30)) == ["One"]
    assert sweep(clock, at=THEN + timedelta(minutes=30)) == ["Two"]


def test_the_last_of_a_burst_is_not_told_to_who_has_read_it(
    client: Client, asked: Asked, clock: time_machine.Traveller
) -> None:
    deliver()
    shop_says(asked, "One")
    shop_says(asked, "Two", THEN + timedelta(seconds=50))
    assert sweep(clock, at=THEN + timedelta(seconds=60)) == ["One"]
    client.get(page("detail", asked.booking))
    assert sweep(clock, at=THEN + timedelta(minutes=10)) == []


def test_own_and_read_messages_are_not_told(client: Client, asked: Asked) -> None:
    deliver()
    client.post(page("visit_say", asked.booking), {"text": "Mine"})
    shop_says(asked, "Yours")
    client.get(page("detail", asked.booking))
    assert deliver() == []


def test_a_ready_car_is_told_with_the_final_price(asked: Asked) -> None:
    choice = Choice(asked.line.public_id, 1, "approve")
    voice = Voice(DecisionWay.ACCOUNT, owner=asked.owner)
    deciding.decide(booking=asked.booking, choices=[choice], voice=voice, at=THEN)
    deliver()
    floor.make_ready(asked.booking, by=asked.advisor, at=THEN)
    (told,) = deliver()
    assert told.kind == "bookings/ready"
    assert "¥688" in told.body
    assert "/v/" in told.body


def test_what_is_not_needed_is_told_with_its_reason(asked: Asked) -> None:
    choice = Choice(asked.line.public_id, 1, "approve")
    voice = Voice(DecisionWay.ACCOUNT, owner=asked.owner)
    deciding.decide(booking=asked.booking, choices=[choice], voice=voice, at=THEN)
    deliver()
    asked.line.refresh_from_db()
    lines.mark_not_needed(line=asked.line, reason="The pads were new", by=asked.advisor, at=THEN)
    (told,) = [message for message in deliver() if message.kind == "bookings/not_needed"]
    assert "The pads were new" in told.body


def test_the_chosen_channels_are_used(asked: Asked) -> None:
    asked.owner.phone, asked.owner.phone_verified_at = "+8613816420957", NOW
    asked.owner.save(update_fields=["phone", "phone_verified_at"])
    both = {(Topic.VISITS, channel): True for channel in (Channel.SMS, Channel.EMAIL)}
    preferences.choose(user=asked.owner, choices=both, at=NOW)
    told = [message for message in deliver() if message.kind == "bookings/proposed"]
    assert {message.channel for message in told} == {"sms", "email"}
    # each link is the same one, made once for the event
    assert len({message.body.split("/v/")[1].split("/")[0] for message in told}) == 1


def test_a_walk_in_without_account_gets_an_sms_for_what_needs_an_answer() -> None:
    asked = floor.asked(at=NOW)
    told = deliver()
    assert [(message.channel, message.kind, message.recipient) for message in told] == [
        ("sms", "bookings/checked_in", "+8613816420957"),
        ("sms", "bookings/proposed", "+8613816420957"),
    ]
    assert all("/v/" in message.body for message in told)
    actions.record(booking=asked.booking, kind=EventKind.INSPECTED, by=Actor(ActorRole.STAFF, asked.advisor), at=THEN)
    lines.withdraw(line=asked.line, by=Author(asked.advisor, Role.ADVISOR), at=THEN)
    assert deliver() == []


def test_a_walk_in_without_account_is_told_that_the_shop_has_written() -> None:
    asked = floor.asked(at=NOW)
    deliver()
    shop_says(asked, "Hello")
    (told,) = deliver()
    assert (told.channel, told.kind) == ("sms", "bookings/message")
    assert "/v/" in told.body


def test_nothing_is_told_twice(asked: Asked) -> None:
    assert deliver()
    assert deliver() == []


# --- At the end, on the phone, and a link again -----------------------------------------------------


def handed_over(asked: Asked) -> None:
    """The proposal is approved, everything is done and checked, and the owner has the car back."""
    choice = Choice(asked.line.public_id, 1, "approve")
    deciding.decide(booking=asked.booking, choices=[choice], voice=Voice(DecisionWay.LINK), at=THEN)
    floor.make_ready(asked.booking, by=asked.advisor, at=THEN)
    deliver()
    workshop.hand_over(booking=asked.booking, by=asked.advisor, at=THEN)


def opened_by(body: str) -> VisitLink:
    return links.find(body.split("/v/")[1].split("/", maxsplit=1)[0], at=THEN)


def test_a_handover_is_told_with_bill_warranty_and_a_link_for_seven_days(asked: Asked) -> None:
    handed_over(asked)
    (told,) = deliver()
    assert told.kind == "bookings/completed"
    for words in ("¥688", "Front brake pads, warranty until", "82,263 km", "confirm that you have the car"):
        assert words in told.body
    assert opened_by(told.body).expires_at == THEN + timedelta(days=7)


def test_a_walk_in_is_told_of_the_handover_and_confirms_it_by_the_link() -> None:
    asked = floor.asked(at=NOW)
    handed_over(asked)
    (told,) = deliver()
    assert (told.channel, told.kind) == ("sms", "bookings/completed")
    token = told.body.split("/v/")[1].split("/")[0]
    assert Client().post(reverse("bookings:link_confirm_handover", args=[token])).status_code == 302
    asked.booking.refresh_from_db()
    assert asked.booking.handover_confirmed_way == DecisionWay.LINK


def test_a_handover_that_was_confirmed_is_not_asked_for_again(asked: Asked) -> None:
    handed_over(asked)
    handing_over.confirm(booking=asked.booking, way=DecisionWay.ACCOUNT, by=asked.owner, at=THEN)
    (told,) = deliver()
    assert "¥688" in told.body
    assert "confirm that you have the car" not in told.body


def test_a_handover_of_last_week_is_not_told(asked: Asked, clock: time_machine.Traveller) -> None:
    handed_over(asked)
    clock.shift(timedelta(days=7, seconds=1))
    for event_id in outbox.due_ids(at=THEN + timedelta(days=1)):
        assert outbox.handle(event_id=event_id, at=THEN)
    assert not Message.objects.filter(kind="bookings/completed").exists()


def phoned(asked: Asked, decision: str) -> None:
    voice = Voice(DecisionWay.PHONE, recorded_by=asked.advisor, role=Role.ADVISOR, spoke_with="Ms Lin")
    choice = Choice(asked.line.public_id, 1, decision)
    deciding.decide(booking=asked.booking, choices=[choice], voice=voice, at=THEN)


def test_what_was_said_on_the_phone_is_sent_as_a_copy(asked: Asked) -> None:
    deliver()
    phoned(asked, "approve")
    told = [message for message in deliver() if message.kind == "bookings/phone"]
    assert len(told) == 1
    for words in ("Front brake pads, ¥420: Approved.", "by Chen Jianguo", "spoke with Ms Lin"):
        assert words in told[0].body
    assert opened_by(told[0].body).expires_at == THEN + links.LIFE


def test_two_calls_are_two_copies_and_an_answer_that_was_replaced_is_in_none() -> None:
    asked = floor.asked(at=NOW, drafts=[floor.pads_draft(), floor.flush_draft()])
    deliver()
    phoned(asked, "approve")
    voice = Voice(DecisionWay.PHONE, recorded_by=asked.advisor, role=Role.ADVISOR, spoke_with="Ms Lin")
    both = [Choice(asked.lines[0].public_id, 1, "decline"), Choice(asked.lines[1].public_id, 1, "approve")]
    deciding.decide(booking=asked.booking, choices=both, voice=voice, at=THEN + timedelta(minutes=1))
    told = [message for message in deliver() if message.kind == "bookings/phone"]
    assert [message.channel for message in told] == ["sms"]
    assert "¥420" in told[0].body
    assert "¥88" in told[0].body


def test_own_answers_are_not_copied_back(asked: Asked) -> None:
    deliver()
    choice = Choice(asked.line.public_id, 1, "decline")
    for way in (DecisionWay.ACCOUNT, DecisionWay.LINK):
        deciding.decide(booking=asked.booking, choices=[choice], voice=Voice(way, owner=asked.owner), at=THEN)
        choice = Choice(asked.line.public_id, 1, "approve")
    assert deliver() == []


def test_a_link_is_sent_again_at_most_once_a_minute(asked: Asked) -> None:
    deliver()
    send_link(booking=asked.booking, at=THEN)
    with pytest.raises(LinkJustSentError):
        send_link(booking=asked.booking, at=THEN + timedelta(seconds=59))
    (told,) = deliver()
    assert (told.kind, told.recipient) == ("bookings/link", "lin@example.com")
    assert opened_by(told.body).booking == asked.booking
    send_link(booking=asked.booking, at=THEN + timedelta(seconds=60))
    assert len(deliver()) == 1


def test_a_link_for_a_walk_in_goes_to_the_number_or_is_refused() -> None:
    asked = floor.asked(at=NOW)
    deliver()
    send_link(booking=asked.booking, at=THEN)
    (told,) = deliver()
    assert (told.channel, told.recipient) == ("sms", "+8613816420957")
    asked.booking.contact_phone = ""
    asked.booking.save(update_fields=["contact_phone"])
    with pytest.raises(NobodyToReachError):
        send_link(booking=asked.booking, at=THEN + timedelta(hours=1))


def test_nobody_writes_before_the_car_has_come(client: Client, asked: Asked) -> None:
    later = actions.book(
        job=bookable_job(), starts_at=NOW + timedelta(days=1), by=asked.owner, contact=CONTACT, car=None, at=NOW
    )
    assert client.post(page("visit_say", later), {"text": "Hello"}).status_code == 409
    assert not later.messages.exists()
