"""A campaign reaches those who agreed and whose car is due, once, in the words of the platform's own computing."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.cache import cache

from bookings.models import Booking
from catalog.models import Offer, Service
from core.models import OutboxEvent
from notifications import delivering, preferences
from notifications.choices import Channel, DropReason, Topic
from notifications.models import Message, Notice
from notifications.quiet import Quiet
from reminders.choices import CampaignStatus, ItemState, LetterKind
from reminders.models import Campaign, CarState, DueItem, Letter, LetterReturn, OwnerTurn, Reminder
from reminders.sending import campaigns, returns
from reminders.sending.campaigns import sweep_campaigns
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job, minor_service
from tests.factories.reminders import AT, TODAY, due_item
from tests.factories.shops import ShopFactory
from tests.factories.visits import completed_visit, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    job = bookable_job()
    row: Campaign = Campaign.objects.create(
        shop=job.shop,
        service=job.service,
        text="Our new lift is free on Tuesdays.",
        due_from=TODAY - timedelta(days=90),
        due_until=TODAY + timedelta(days=30),
        status=CampaignStatus.SENDING,
        created_by=UserFactory(),
        created_at=AT,
        started_at=AT,
    )
    return row


def customer(campaign: Campaign, *, agreed: bool = True, **fields: object) -> DueItem:
    """An item of an owner who was at the shop last year and agreed to hear from shops they know."""
    item = due_item(**fields)  # type: ignore[arg-type]
    completed_visit(campaign.shop, 40, starts_at=AT - timedelta(days=300), car=item.car, owner=item.owner)
    if agreed:
        preferences.choose(user=item.owner, choices={(Topic.CAMPAIGNS, Channel.EMAIL): True}, at=AT)
    return item


def test_who_agreed_hears_of_it_once(campaign: Campaign) -> None:
    item = customer(campaign)
    assert sweep_campaigns(at=AT) == 1
    assert sweep_campaigns(at=AT) == 0
    letter = Letter.objects.get()
    assert (letter.kind, letter.campaign, letter.owner) == (LetterKind.CAMPAIGN, campaign, item.owner)
    assert {slot.shop for slot in letter.slots.all()} == {campaign.shop}
    assert OwnerTurn.objects.get().last_campaign_at == AT
    campaign.refresh_from_db()
    assert (campaign.status, campaign.ended_at) == (CampaignStatus.SENT, AT)


def test_time_that_is_up_is_no_fault_of_a_letter(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise SoftTimeLimitExceeded

    customer(campaign)
    with monkeypatch.context() as patch:
        patch.setattr(campaigns, "_write", late)
        with pytest.raises(SoftTimeLimitExceeded):
            sweep_campaigns(at=AT)
    assert sweep_campaigns(at=AT) == 1


def test_it_takes_no_stage_away(campaign: Campaign) -> None:
    item = customer(campaign)
    sweep_campaigns(at=AT)
    assert not Reminder.objects.exists()
    before = item.next_stage_on
    item.refresh_from_db()
    assert item.next_stage_on == before


def test_the_letter_has_the_shops_words_our_reason_and_how_to_stop(campaign: Campaign) -> None:
    customer(campaign)
    sweep_campaigns(at=AT)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1
    letter = mail.outbox[0]
    assert isinstance(letter, mail.EmailMultiAlternatives)
    for text in (str(letter.body), str(letter.alternatives[0][0])):
        assert "Our new lift is free on Tuesdays." in text
        assert "by our own rules" in text
        assert "Tue 24 Nov, 08:00" in text
        assert "¥268" in text
        assert "/me/messages/" in text
        assert "/unsubscribe/" in text


def offer_check(campaign: Campaign) -> None:
    check = minor_service(key="full_inspection", name_zh="全车检测", name_en="Full inspection")
    Offer.objects.create(shop=campaign.shop, service=check, scope="all", labour_fen=9_800, parts_fen=0)


def test_what_only_a_measurement_tells_is_offered_as_the_measuring(campaign: Campaign) -> None:
    offer_check(campaign)
    item = customer(campaign, is_likely=True)
    assert sweep_campaigns(at=AT) == 1
    letter = Letter.objects.get()
    assert {tuple(slot.services) for slot in letter.slots.all()} == {("full_inspection",)}
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1
    sent = mail.outbox[0]
    assert isinstance(sent, mail.EmailMultiAlternatives)
    assert sent.subject == f"{campaign.shop.name_en}: Full inspection for your Lavida 1.4T"
    for text in (str(sent.body), str(sent.alternatives[0][0])):
        assert "Minor service" in text
        assert "which tells whether it is needed: Full inspection." in text
        assert "Free times for Full inspection" in text
        assert "¥98" in text
    assert "Minor service may be due (about 3 Dec 2026)." in Notice.objects.get().text
    inspection = Service.objects.get(key="full_inspection")
    booking = visit(campaign.shop, services=(inspection,), car=item.car, owner=item.owner)
    Booking.objects.update(created_at=AT)
    returns.booked(OutboxEvent(key=booking.public_id))
    assert LetterReturn.objects.get().letter == letter


def test_what_is_sure_is_offered_itself_where_the_shop_measures_too(campaign: Campaign) -> None:
    offer_check(campaign)
    customer(campaign)
    sweep_campaigns(at=AT)
    assert {tuple(slot.services) for slot in Letter.objects.get().slots.all()} == {(campaign.service.key,)}


def test_a_shop_that_does_not_measure_offers_nothing_for_what_is_only_likely(campaign: Campaign) -> None:
    minor_service(key="full_inspection", name_zh="全车检测", name_en="Full inspection")
    customer(campaign, is_likely=True)
    assert sweep_campaigns(at=AT) == 0
    assert not Letter.objects.exists()


@pytest.mark.parametrize("why_not", ["not agreed", "another shop", "booked", "not due", "told lately", "stale"])
def test_nobody_else_hears_of_it(campaign: Campaign, why_not: str) -> None:
    item = customer(campaign, agreed=why_not != "not agreed", days=60 if why_not == "not due" else 10)
    match why_not:
        case "another shop":
            Campaign.objects.update(shop=ShopFactory())
        case "booked":
            visit(ShopFactory(), car=item.car, owner=item.owner)
        case "told lately":
            OwnerTurn.objects.create(owner=item.owner, last_campaign_at=AT - timedelta(days=29))
        case "stale":
            CarState.objects.update(stale_since=AT)
    assert sweep_campaigns(at=AT) == 0
    assert not Notice.objects.exists()


def test_who_sleeps_is_met_again_in_the_next_round(campaign: Campaign) -> None:
    item = customer(campaign)
    preferences.keep_quiet(user=item.owner, quiet=Quiet("", time(9), time(17)), at=AT)
    assert sweep_campaigns(at=AT) == 0
    campaign.refresh_from_db()
    assert (campaign.status, campaign.cursor) == (CampaignStatus.SENDING, 0)
    assert sweep_campaigns(at=AT + timedelta(hours=6)) == 1
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.SENT


def test_a_campaign_goes_on_where_another_sweep_left_off(campaign: Campaign) -> None:
    items = [customer(campaign) for _ in range(3)]
    assert sweep_campaigns(at=AT, limit=2) == 2
    campaign.refresh_from_db()
    assert campaign.cursor == sorted(item.owner_id for item in items)[1]
    assert sweep_campaigns(at=AT) == 1


def test_without_a_free_time_nobody_is_written_to(campaign: Campaign) -> None:
    customer(campaign)
    campaign.shop.resources.update(is_active=False)
    assert sweep_campaigns(at=AT) == 0
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.SENT


def test_a_campaign_that_nobody_can_be_told_of_ends_after_a_week(campaign: Campaign) -> None:
    item = customer(campaign)
    CarState.objects.update(stale_since=AT)
    preferences.keep_quiet(user=item.owner, quiet=Quiet("", time(9), time(17)), at=AT)
    assert sweep_campaigns(at=AT + timedelta(days=8)) == 0
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.SENT


def test_a_campaign_that_was_stopped_meanwhile_writes_nothing_more(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer(campaign)
    best = campaigns.slots.best

    def stop_then_find(*args: object, **more: object) -> object:
        Campaign.objects.update(status=CampaignStatus.STOPPED, ended_at=AT)
        return best(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(campaigns.slots, "best", stop_then_find)
    assert sweep_campaigns(at=AT) == 0
    assert not Letter.objects.exists()
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.STOPPED


@pytest.mark.parametrize("change", ["stopped", "done"])
def test_what_is_over_before_it_leaves_is_not_sent(campaign: Campaign, change: str) -> None:
    customer(campaign)
    sweep_campaigns(at=AT)
    if change == "stopped":
        Campaign.objects.update(status=CampaignStatus.STOPPED)
    else:
        DueItem.objects.update(state=ItemState.DONE, closed_at=AT, next_stage_on=None)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
    assert Message.objects.get().dropped_for == DropReason.NOT_TRUE


def test_who_was_tried_in_vain_is_tried_again(campaign: Campaign) -> None:
    customer(campaign), customer(campaign)
    campaign.shop.resources.update(is_active=False)
    assert sweep_campaigns(at=AT, limit=1) == 0
    Campaign.objects.update(status=CampaignStatus.SENDING, ended_at=None, cursor=0)
    campaign.shop.resources.update(is_active=True)
    assert sweep_campaigns(at=AT) == 0
    Campaign.objects.update(status=CampaignStatus.SENDING, ended_at=None, cursor=0)
    cache.clear()  # hours later it has forgotten
    assert sweep_campaigns(at=AT) == 2
