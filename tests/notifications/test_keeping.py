import pytest
from django.utils import timezone

from accounts import actions
from notifications import delivery
from notifications.models import Message
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_messages_are_exported_and_erased_with_the_person() -> None:
    person = UserFactory(email="a@example.com", phone="+8613800138001")
    for recipient in ("a@example.com", "+8613800138001", "other@example.com"):
        channel = "email" if "@" in recipient else "sms"
        delivery.send(channel=channel, kind="t", recipient=recipient, subject="s", body="your visit")
    exported = actions.export(user=person, at=timezone.now())["messages"]
    assert {message["recipient"] for message in exported} == {"a@example.com", "+8613800138001"}
    actions.erase(user=person, at=timezone.now())
    assert set(Message.objects.values_list("recipient", "body")) == {("—", ""), ("other@example.com", "your visit")}
