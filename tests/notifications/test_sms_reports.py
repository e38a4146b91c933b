"""What the gateway reports of texts, and what people answer to them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from notifications import preferences
from notifications.choices import Channel, MessageStatus, Topic
from notifications.models import Message, UnreachableAddress
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
PHONE = "+8613800138001"
DELIVERY, ANSWERS = "/notices/sms/s3cret-of-ours/delivery/", "/notices/sms/s3cret-of-ours/answers/"


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.SMS_REPORTS_SECRET = "s3cret-of-ours"


def sent(days_ago: int = 0, **more: Any) -> Message:
    values = {"channel": "sms", "kind": "t", "recipient": PHONE, "body": "b", "status": MessageStatus.SENT}
    return Message.objects.create(**{**values, "sent_at": timezone.now() - timedelta(days=days_ago), **more})


def report(message: Message, **more: Any) -> dict[str, Any]:
    return {"phone_number": "13800138001", "success": False, "err_code": "X", "out_id": message.public_id, **more}


def post(client: Client, address: str, said: Any) -> Any:
    return client.post(address, json.dumps(said), content_type="application/json")


def test_a_number_that_does_not_exist_gets_nothing_more(client: Client) -> None:
    message = sent()
    answer = post(client, DELIVERY, [report(message, err_code="INVALID_NUMBER", err_msg="空号")])
    assert answer.json() == {"code": 0, "msg": "ok", "read": 1}
    message.refresh_from_db()
    assert (message.status, message.error) == (MessageStatus.BOUNCED, "INVALID_NUMBER 空号")
    assert UnreachableAddress.objects.get().recipient == PHONE


def test_a_phone_that_is_off_is_given_up_after_days_only(client: Client) -> None:
    for days_ago in (4, 3, 0):
        assert not UnreachableAddress.objects.exists()
        post(client, DELIVERY, [report(sent(days_ago), err_code="MOBILE_NOT_ON_SERVICE")])
    assert UnreachableAddress.objects.get().fault == "full"
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.FAILED}


def test_a_text_that_arrived_between_keeps_the_number(client: Client) -> None:
    for days_ago in (6, 5):
        post(client, DELIVERY, [report(sent(days_ago), err_code="MOBILE_NOT_ON_SERVICE")])
    sent(1)
    post(client, DELIVERY, [report(sent(0), err_code="MOBILE_NOT_ON_SERVICE")])
    assert not UnreachableAddress.objects.exists()


def test_a_text_of_which_nobody_knew_has_arrived(client: Client) -> None:
    message = sent(status=MessageStatus.UNKNOWN, sent_at=None)
    post(client, DELIVERY, [report(message, success=True, err_code="DELIVERED")])
    message.refresh_from_db()
    assert message.status == MessageStatus.SENT
    assert message.sent_at is not None


@pytest.mark.parametrize(
    "change",
    [
        {"phone_number": "13900139001"},
        {"phone_number": None},
        {"phone_number": {"a": 1}},
        {"out_id": "0000000000000000"},
        {"out_id": None},
        {"out_id": "\x00"},
        {"out_id": ["x"] * 1000},
    ],
)
def test_a_report_that_is_about_nothing_of_ours_changes_nothing(client: Client, change: dict[str, Any]) -> None:
    message = sent()
    answer = post(client, DELIVERY, [report(message, err_code="INVALID_NUMBER") | change, "x", None, 7])
    assert answer.json()["read"] == 0
    message.refresh_from_db()
    assert message.status == MessageStatus.SENT
    assert not UnreachableAddress.objects.exists()


def test_what_waits_to_be_sent_cannot_be_reported_on(client: Client) -> None:
    message = sent(status=MessageStatus.QUEUED, sent_at=None, due_at=timezone.now())
    assert post(client, DELIVERY, [report(message, err_code="INVALID_NUMBER")]).json()["read"] == 0


def wants(person: User, topic: Topic) -> bool:
    return preferences.wishes_of([person])[person.pk].is_on(topic, Channel.SMS)


@pytest.mark.parametrize("word", ["T", " td ", "退订", "退订。", "stop"])
def test_who_answers_t_gets_no_more_texts_that_can_be_left(client: Client, word: str) -> None:
    person = UserFactory(email=None, phone=PHONE, phone_verified_at=timezone.now())
    assert wants(person, Topic.REVIEWS)
    answer = post(client, ANSWERS, [{"phone_number": "13800138001", "content": word}])
    assert answer.json()["read"] == 1
    left = [wants(person, topic) for topic in (Topic.REVIEWS, Topic.REMINDERS, Topic.CAMPAIGNS)]
    assert left == [False, False, False]
    assert wants(person, Topic.VISITS)


@pytest.mark.parametrize(
    "entry",
    [{"content": "谢谢"}, {"content": None}, {"content": "T", "phone_number": "13900139001"}, {"content": ["T"]}],
)
def test_other_answers_change_nothing(client: Client, entry: dict[str, Any]) -> None:
    person = UserFactory(email=None, phone=PHONE, phone_verified_at=timezone.now())
    assert post(client, ANSWERS, [{"phone_number": "13800138001", **entry}]).json()["read"] == 0
    assert wants(person, Topic.REVIEWS)


@pytest.mark.parametrize("address", [DELIVERY, ANSWERS])
@pytest.mark.parametrize("body", ["", "{}", "null", "[" * 50_000, '{"a": ', "\x00"])
def test_nonsense_is_refused(client: Client, address: str, body: str) -> None:
    answer = client.post(address, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, 1)


def test_nobody_reports_without_the_secret(client: Client, settings: Any) -> None:
    assert post(client, DELIVERY.replace("ours", "mine"), []).status_code == 404
    assert client.get(DELIVERY).status_code == 405
    settings.SMS_REPORTS_SECRET = ""
    assert post(client, "/notices/sms/-/delivery/", []).status_code == 404
