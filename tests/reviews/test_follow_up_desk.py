"""The platform reads a case and steps in."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from reviews.choices import FollowUpStep
from reviews.models import FollowUp
from tests.factories.accounts import UserFactory
from tests.factories.follow_ups import OPENED, someone_at, unhappy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(OPENED, tick=False):
        yield


@pytest.fixture
def moderator() -> User:
    return UserFactory(admin=True)


@pytest.fixture
def admin(client: Client, moderator: User) -> Client:
    client.force_login(moderator)
    client.cookies["django_language"] = "en"
    return client


def address(case: FollowUp) -> str:
    return reverse("platform_reviews:follow_up", args=[case.public_id])


def test_a_case_opens_from_the_list_with_its_record(admin: Client) -> None:
    case = unhappy()
    assert address(case) in admin.get(reverse("platform_reviews:follow_ups")).content.decode()
    page = admin.get(address(case)).content.decode()
    assert case.booking.number in page
    assert case.owner.email not in page


def test_words_of_the_platform_reach_owner_and_shop(admin: Client, client: Client) -> None:
    case = unhappy()
    assert admin.post(address(case), {"text": "We look into it."}).status_code == 302
    event = case.events.get(step=FollowUpStep.ESCALATED)
    assert (event.text, event.side) == ("We look into it.", "")
    for reader, page in (
        (case.owner, reverse("reviews:follow_up", args=[case.public_id])),
        (someone_at(case.shop), reverse("shop_reviews:follow_up", args=[case.shop.slug, case.public_id])),
    ):
        client.force_login(reader)
        assert "We look into it." in client.get(page).content.decode()


@pytest.mark.parametrize("text", ["", "x" * 1001, "a\x00b"])
def test_words_that_cannot_be_are_refused_beside_the_field(admin: Client, text: str) -> None:
    case = unhappy()
    answer = admin.post(address(case), {"text": text})
    assert answer.status_code == 400
    assert answer.context["form"].errors["text"]
    assert not case.events.filter(step=FollowUpStep.ESCALATED).exists()


def test_who_belongs_to_the_shop_does_not_step_in(client: Client) -> None:
    case = unhappy()
    part = someone_at(case.shop)
    User.objects.filter(pk=part.pk).update(is_staff=True)
    client.force_login(User.objects.get(pk=part.pk))
    assert client.post(address(case), {"text": "All is well."}).status_code == 403
    assert not case.events.filter(step=FollowUpStep.ESCALATED).exists()


def test_the_page_does_not_exist_for_owner_and_shop(client: Client) -> None:
    case = unhappy()
    for reader in (case.owner, someone_at(case.shop)):
        client.force_login(reader)
        assert client.get(address(case)).status_code == 404
