"""Every page of /admin/ opens for every model that is registered, with rows in it.

Pages take turns with the two languages; `make drill` opens each in both.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from bookings.floor import messages
from bookings.floor.messages import Speaker
from bookings.models import (
    Allocation,
    Booking,
    BookingEvent,
    CalendarFeed,
    CheckIn,
    Inspection,
    LearnedDuration,
    Line,
    LineDecision,
    QualityCheck,
    VisitMessage,
    VisitPhoto,
    WaitingEntry,
)
from catalog.choices import PointKind, PointSection
from catalog.models import CheckPoint, InspectionTemplate, Offer, PriceChange
from core.models import OutboxEvent
from reviews.models import TextPrint
from shops.choices import ChangeKind
from shops.models import Invitation, Shop, ShopChange
from shops.standings import ShopStanding
from tests.factories import floor, jobs
from tests.factories.accounts import UserFactory
from tests.factories.board import busy_day
from tests.factories.books import eventful_books
from tests.factories.catalog import MakerScheduleFactory, OverMaintenanceRuleFactory, PriceGuideFactory
from tests.factories.notices import machine_at_work
from tests.factories.records import recorded_car
from tests.factories.reminded import reminded
from tests.factories.shops import CertificateFactory, InvitationFactory, PlaceFactory
from tests.factories.vehicles import CarFactory, WmiFactory
from tests.factories.word_of_mouth import talked_about
from vehicles.choices import RecordPart
from vehicles.models import Car, HealthEntry, HealthRecord, RecordGrant, RecordTransfer
from vehicles.record import sharing, transfers
from vehicles.record.known_shops import KnownShop

pytestmark = pytest.mark.django_db

# Written by the platform itself or by people on their own pages; the admin reads them.
SEEN_ONLY = {
    Allocation,
    Booking,
    BookingEvent,
    CalendarFeed,
    Car,
    CheckIn,
    Inspection,
    Invitation,
    LearnedDuration,
    Line,
    LineDecision,
    HealthEntry,
    HealthRecord,
    Offer,
    OutboxEvent,
    PriceChange,
    QualityCheck,
    RecordGrant,
    RecordTransfer,
    ShopChange,
    VisitMessage,
    VisitPhoto,
    WaitingEntry,
    *apps.get_app_config("notifications").get_models(),
    *apps.get_app_config("payments").get_models(),
    *(model for model in apps.get_app_config("reviews").get_models() if model is not TextPrint),
    *apps.get_app_config("reminders").get_models(),
    ShopStanding,
}
# Their history page stands for all, which are one page of Django's; `make drill` opens every one.
SHOWS_HISTORY = {Shop, Booking}
DRILL = bool(os.environ.get("DRILL"))
LANGUAGES = ("zh-hans", "en")
AFTERNOON = datetime(2026, 11, 21, 6, 49, tzinfo=UTC)  # a Saturday, 14:49 in Shanghai


@pytest.fixture
def platform(client: Client) -> Client:
    """A superuser's browser."""
    client.force_login(UserFactory(admin=True))
    return client


@pytest.fixture
def _rows() -> None:
    """At least one row of everything: a shop's busy day, and what that does not need."""
    with time_machine.travel(AFTERNOON, tick=False):
        shop = busy_day(AFTERNOON).shop
    for factory in (PriceGuideFactory, MakerScheduleFactory, OverMaintenanceRuleFactory, WmiFactory):
        factory()
    PlaceFactory(city=shop.city)
    CertificateFactory()
    InvitationFactory(shop=shop)
    CarFactory()
    ShopChange.objects.create(shop=shop, kind=ChangeKind.HOURS, subject="Monday", at=AFTERNOON)
    machine_at_work(AFTERNOON)
    Group.objects.create(name="Moderators")
    _waits_and_learns(shop)
    _is_recorded(shop)
    _goes_through_the_floor()
    eventful_books()
    talked_about()
    visit = Booking.objects.filter(shop=shop).earliest("pk")
    reminded(shop, visit.service, visit)
    names = {"name_zh": "雨刮片", "name_en": "Wiper blades"}
    section = PointSection.values[0]
    wipers = CheckPoint.objects.create(key="wipers", section=section, kind=PointKind.LOOK, highest=2, **names)
    template = InspectionTemplate.objects.create(key="quick", powertrains=["ice"], **names)
    template.points.create(point=wipers, position=1)


def _is_recorded(shop: Shop) -> None:
    """A car's health record that a shop may read and that is being handed over."""
    car = recorded_car()
    transfers.offer_transfer(car=car, by=car.owner, at=AFTERNOON)
    sharing.grant(
        record=car.record,
        shop=KnownShop(shop.public_id, shop.slug, shop.name_zh, shop.name_en),
        parts=[RecordPart.VISITS],
        until=AFTERNOON + timedelta(days=7),
        by=car.owner,
        at=AFTERNOON,
    )


def _goes_through_the_floor() -> None:
    """A visit with a decision, a quality check, a message and photos besides its sheet, inspection and lines."""
    asked = floor.asked(at=jobs.NOW, photos=1)
    floor.answer(asked, at=jobs.NOW)
    messages.say(booking=asked.booking, text="How long?", by=Speaker(is_owner=True), at=jobs.NOW)
    floor.make_ready(asked.booking, by=asked.advisor, at=jobs.NOW)


def _waits_and_learns(shop: Shop) -> None:
    visit = Booking.objects.filter(shop=shop)[0]
    WaitingEntry.objects.create(
        shop=shop,
        owner=UserFactory(),
        variant=visit.variant,
        not_before=AFTERNOON,
        not_after=AFTERNOON + timedelta(days=3),
    )
    LearnedDuration.objects.create(
        shop=shop,
        service=visit.service,
        price_class="economy",
        visits=8,
        actual_minutes=50,
        standard_minutes=40,
        minutes=45,
        learned_at=AFTERNOON,
    )
    CalendarFeed.objects.create(token="a" * 43, user=UserFactory())


@pytest.mark.usefixtures("_rows")
def test_every_page_opens(platform: Client) -> None:
    """Start page, list, add (where rows are added by hand), change and history, over the real registry."""
    pages = [reverse("admin:index"), *(page for model in admin.site._registry for page in _pages(model))]
    answers = {
        (page, language): _status(platform, page, language)
        for place, page in enumerate(pages)
        for language in (LANGUAGES if DRILL else [LANGUAGES[place % 2]])
    }
    assert not {page: status for page, status in answers.items() if status != 200}


def _status(platform: Client, page: str, language: str) -> int:
    platform.cookies["django_language"] = language
    return platform.get(page).status_code


def _pages(model: type[Model]) -> list[str]:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    assert row is not None, f"there is no {model._meta.label} to open"
    changelist = reverse(f"{name}_changelist")
    pages = [changelist, reverse(f"{name}_change", args=[row.pk])]
    if DRILL or model in SHOWS_HISTORY:
        pages.append(reverse(f"{name}_history", args=[row.pk]))
    return pages if model in SEEN_ONLY else [*pages, reverse(f"{name}_add")]


@pytest.mark.usefixtures("_rows")
def test_every_list_can_be_searched(rf: RequestFactory) -> None:
    """The search of every list is asked of the database."""
    request = rf.get("/", {"q": "x"})
    for model, page in admin.site._registry.items():
        found, _has_doubles = page.get_search_results(request, page.get_queryset(request), "x")
        assert len(found[:1]) <= 1, model


def test_lists_have_a_search_and_name_their_columns() -> None:
    """No list without a search box, and no column whose heading is a name from the code."""
    for model, page in admin.site._registry.items():
        assert page.search_fields, model
        fields = {field.name for field in model._meta.get_fields()}
        described = {name for name in page.list_display if hasattr(getattr(page, name, None), "short_description")}
        assert set(page.list_display) <= fields | described, model


def test_every_model_of_the_side_bar_has_an_icon_of_its_own(platform: Client) -> None:
    groups = platform.get(reverse("admin:index")).context["sidebar_navigation"]
    icons = [item["icon"] for group in groups for item in group["items"]]
    links = {item["link"] for group in groups for item in group["items"]}
    assert links == {
        reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in admin.site._registry
    }
    assert len(set(icons)) == len(icons) == len(admin.site._registry)
    assert "article" not in icons


def test_only_history_and_what_others_own_cannot_be_added_by_hand(platform: Client) -> None:
    refused = {
        model
        for model in admin.site._registry
        if platform.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")).status_code == 403
    }
    assert refused == SEEN_ONLY


@pytest.mark.usefixtures("_rows")
def test_start_page_counts_what_its_links_list(platform: Client) -> None:
    """Every number links to exactly its rows."""
    with time_machine.travel(AFTERNOON, tick=False):
        figures = platform.get(reverse("admin:index")).context["figures"]
        listed = {figure.link: platform.get(figure.link).context["cl"].result_count for figure in figures}
    assert {figure.link: figure.count for figure in figures} == listed
    assert sum(listed.values()) > 0
