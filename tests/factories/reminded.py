"""An owner who was reminded and came back: a row of everything that reminders write."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bookings.models import Booking
from catalog.models import Service
from reminders.choices import (
    By,
    CampaignStatus,
    ItemAct,
    LetterKind,
    OwnerDateKind,
    Source,
    Stage,
    StageOutcome,
)
from reminders.models import (
    Campaign,
    CarState,
    DueEvent,
    DueItem,
    Letter,
    LetterReturn,
    LetterSlot,
    OwnerDate,
    OwnerTurn,
    Reminder,
)
from shops.models import Shop
from tests.factories.vehicles import CarFactory

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)


def reminded(shop: Shop, service: Service, booking: Booking) -> DueItem:
    """Makes them for a car of its own; returns the item."""
    car = CarFactory()
    CarState.objects.create(car=car, computed_on=date(2026, 11, 20))
    OwnerDate.objects.create(car=car, kind=OwnerDateKind.INSURANCE, on=date(2027, 3, 1), by=car.owner, at=AT)
    item = DueItem.objects.create(
        car=car,
        owner=car.owner,
        source=Source.SCHEDULE,
        subject=f"service:{service.key}",
        cycle="new",
        service=service.key,
        by=By.DATE,
        due_on=date(2026, 12, 15),
        earliest_on=date(2026, 12, 10),
        latest_on=date(2026, 12, 20),
        next_stage_on=date(2026, 12, 8),
        opened_at=AT,
    )
    DueEvent.objects.create(item=item, act=ItemAct.OPENED, at=AT)
    OwnerTurn.objects.create(owner=car.owner, last_letter_at=AT)
    letter = Letter.objects.create(owner=car.owner, kind=LetterKind.REMINDER, sent_at=AT)
    Reminder.objects.create(item=item, round=1, stage=Stage.FIRST, outcome=StageOutcome.SENT, letter=letter, at=AT)
    LetterSlot.objects.create(
        letter=letter, number=1, car=car, shop=shop, services=[service.key], starts_at=AT, price_fen=42_000
    )
    LetterReturn.objects.create(letter=letter, booking=booking, booked_at=AT)
    Campaign.objects.create(
        shop=shop,
        service=service,
        due_from=date(2026, 11, 20),
        due_until=date(2026, 12, 20),
        status=CampaignStatus.DRAFT,
        created_by=car.owner,
        created_at=AT,
    )
    return item
