"""What a letter says: title, day, reason, whose rule, price, times, and nothing that would alarm or press anybody."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from catalog.models import Offer
from notifications import delivering
from notifications.choices import Channel
from notifications.models import Message, Notice
from reminders.choices import Source
from reminders.models import Letter
from reminders.sending.sweep import sweep
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job, lavida, minor_service
from tests.factories.reminders import AT, due_item, owned_car
from tests.factories.shops import CityFactory, ShopFactory

pytestmark = pytest.mark.django_db


def usual_prices(*yuan: int) -> None:
    """Shops that charge so much for the oil service and have no time for it."""
    for price in yuan:
        Offer.objects.create(
            shop=ShopFactory(), service=minor_service(), scope="all", labour_fen=price * 100, parts_fen=0
        )


def written() -> mail.EmailMultiAlternatives:
    """The letter that is due, as it reaches the mailbox."""
    assert sweep(at=AT) == 1
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1
    letter = mail.outbox[-1]
    assert isinstance(letter, mail.EmailMultiAlternatives)
    return letter


def html_of(letter: mail.EmailMultiAlternatives) -> str:
    return str(letter.alternatives[0][0])


def test_a_letter_says_what_when_and_from_which_price_it_can_be_had() -> None:
    bookable_job()
    due_item()
    letter = written()
    public_id = Letter.objects.get().public_id
    assert "Lavida 1.4T" in letter.subject
    for text in (str(letter.body), html_of(letter)):
        assert "By:" in text
        assert "Tue 24 Nov, 08:00" in text
        assert "¥268" in text
        assert f"/go/{public_id}/1/" in text
        assert f"/go/{public_id}/2/" in text
        assert "/unsubscribe/" in text


def test_the_usual_price_is_said_with_the_city() -> None:
    CityFactory()
    usual_prices(300, 320, 340, 360, 380)
    due_item()
    assert "usually ¥320–360 in Shanghai" in str(written().body)


def test_a_price_that_nobody_knows_is_said_to_be_unknown() -> None:
    CityFactory()
    due_item()
    assert "price not known yet" in str(written().body)


def test_what_is_no_service_has_neither_price_nor_times() -> None:
    bookable_job()
    due_item(service="", subject="owner:insurance", source=Source.INSURANCE, days=5)
    text = str(written().body)
    assert "Price:" not in text
    assert "Free times" not in text
    assert f"/go/{Letter.objects.get().public_id}/" in text


def test_law_and_likelihood_are_told_apart() -> None:
    car = owned_car()
    due_item(car, service="", subject="statute:annual_inspection", source=Source.STATUTE)
    due_item(car, is_likely=True)
    text = str(written().body)
    assert "required by law" in text
    assert "likely; only a measurement will tell" in text


def test_the_last_letter_says_that_it_is_the_last() -> None:
    due_item(days=-30)
    text = str(written().body)
    assert "This is the last letter about it. It stays on the page of your car." in text
    assert "!" not in text


def test_every_car_has_a_part_of_its_own() -> None:
    car = owned_car(nickname="Grey one", plate="沪AD8K21")
    due_item(car), due_item(owned_car(owner=car.owner, nickname="Blue one"))
    text = str(written().body)
    assert "Grey one (沪A·D8K21)" in text
    assert "Blue one" in text
    assert "and 1 more" in mail.outbox[-1].subject


def test_an_sms_is_short_and_has_one_link() -> None:
    bookable_job()
    user = UserFactory(email=None, phone="+8613800138001", language="en")
    due_item(owned_car(owner=user))
    sweep(at=AT)
    message = Message.objects.get()
    assert message.channel == Channel.SMS
    assert len(re.findall(r"https?://", message.body)) == 1
    assert len(re.sub(r"https?://\S+", "x" * 45, message.body)) <= 134
    assert message.body.endswith(f"/go/{Letter.objects.get().public_id}/")


def test_a_letter_is_in_the_language_of_its_reader() -> None:
    bookable_job()
    due_item(owned_car(owner__language="zh-hans"))
    letter = written()
    assert "11月24日 周二 08:00" in str(letter.body)
    assert "申驰汽修" in html_of(letter)


def test_words_of_shops_are_escaped_in_html() -> None:
    job = bookable_job()
    type(job.shop).objects.filter(pk=job.shop.pk).update(name_en="<b>A&B</b>")
    due_item()
    letter = written()
    assert "&lt;b&gt;A&amp;B&lt;/b&gt;" in html_of(letter)
    assert "<b>A&B</b>" in str(letter.body)


def test_the_inbox_says_it_in_short() -> None:
    bookable_job()
    due_item()
    sweep(at=AT)
    notice = Notice.objects.get()
    assert notice.text.startswith("Minor service: about 3 Dec 2026. Every 12 months by the general interval.")
    assert notice.text.endswith(". Free times from ¥268.")
    assert "http" not in notice.text
    assert notice.expires_at == AT + timedelta(days=3)


def test_the_inbox_sets_sentences_as_their_language_does() -> None:
    bookable_job()
    car = owned_car(owner__language="zh-hans")
    due_item(car)
    due_item(car, days=12, cycle="2025-12-03", subject="service:other")
    sweep(at=AT)
    text = Notice.objects.get().text
    assert text.count("小保养：") == 2
    assert "。 " not in text
    assert text == text.strip()


def test_no_price_is_asked_of_the_database_for_each_item(django_assert_num_queries: Any) -> None:
    job, car = bookable_job(), owned_car()
    lavida()
    for number in range(5):
        service = minor_service(key=f"service_{number}", name_en=f"Service {number}")
        Offer.objects.create(shop=job.shop, service=service, scope="all", labour_fen=5000, parts_fen=5000)
        due_item(car, service=service.key)
    with django_assert_num_queries(51):
        assert sweep(at=AT) == 1
