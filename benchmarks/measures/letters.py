"""Letters to many owners at once: writing them with real times, sending them by a sender in this process, and what a
channel that hangs takes from the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import cycle

import psutil
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from benchmarks.measures.base import Bench, Line
from bookings.choices import Status
from bookings.engine.jobs import new_number
from bookings.models import Booking
from catalog.models import Service
from notifications import delivering
from notifications.channels.base import Receipt
from notifications.choices import Channel, MessageStatus
from notifications.models import Message
from reminders.choices import By, Source
from reminders.models import CarState, DueItem, Letter
from reminders.sending import sweep as sending
from shops.models import Shop
from vehicles.models import Car, Variant

# Noon in Shanghai: nobody is in quiet hours.
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
BUILT_AT_ONCE = 5_000
# Seconds for which a channel that hangs keeps a sender with each message.
HANGS = 5.0


class Letters:
    """Taken once, not in rounds: `bench.letters` letters."""

    def __init__(self, bench: Bench) -> None:
        self.count = bench.letters

    def take_round(self) -> str:
        return ""

    def lines(self) -> list[Line]:
        _build(self.count)
        before = _megabytes()
        written = list(_written())
        if Letter.objects.count() < self.count:
            raise RuntimeError("not all letters were written")
        between = _megabytes()
        alone = _delivered(self.count // 2)
        with _hanging_sms():
            beside = _delivered(self.count - self.count // 2)
        after = _megabytes()
        return [
            Line(f"{self.count:,} letters written", _speed(written), _tenths(written), "≈ 1"),
            Line(
                f"{self.count:,} letters sent",
                f"{alone:.0f}/s",
                f"{beside:.0f}/s while SMS hangs: × {beside / alone:.2f}",
                "≈ 1",
            ),
            Line("memory: before, written, sent", f"{before:.0f} → {between:.0f} → {after:.0f} MB", "", "flat"),
        ]


class _Taking:
    """Takes every letter at once."""

    def __enter__(self) -> _Taking:
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, message: Message) -> Receipt:
        return Receipt(reference=message.public_id)

    def ask(self, _message: Message) -> Receipt | None:
        return None


class _Hanging(_Taking):
    def send(self, message: Message) -> Receipt:
        time.sleep(HANGS)
        return super().send(message)


def _written() -> Iterator[tuple[int, float]]:
    """How many each sweep wrote, and in how many seconds."""
    while True:
        began = time.perf_counter()
        count = sending.sweep(at=AT)
        if not count:
            return
        yield count, time.perf_counter() - began


def _delivered(count: int) -> float:
    """Letters sent a second, of the next `count`."""
    due = list(Message.objects.filter(channel=Channel.EMAIL, status=MessageStatus.QUEUED).values_list("pk", flat=True))
    Message.objects.filter(pk__in=due[count:]).update(due_at=AT + timedelta(days=1))
    delivering.open_sender = lambda channel: _Hanging() if channel == Channel.SMS else _Taking()  # type: ignore[attr-defined]
    sent, began = 0, time.perf_counter()
    while some := delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT):
        sent += some
    spent = time.perf_counter() - began
    Message.objects.filter(pk__in=due[count:]).update(due_at=AT)
    return sent / spent


@contextmanager
def _hanging_sms() -> Iterator[None]:
    """Meanwhile two senders hang over text messages."""
    texts = [
        Message(channel=Channel.SMS, kind="sms", recipient="+8613800138001", body="x", status="queued", due_at=AT)
        for _ in range(100)
    ]
    Message.objects.bulk_create(texts)
    over = threading.Event()

    def hang() -> None:
        def clock() -> datetime:
            return AT + (timedelta(days=1) if over.is_set() else timedelta())

        try:
            delivering.deliver(channel=Channel.SMS, clock=clock)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=hang) for _ in range(delivering.SLOTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _build(count: int) -> None:
    """Owners with a car, of every kind that burns petrol, that is due for an oil service in ten days. Every other owner
    was at one of the shops a year ago."""
    variants = cycle(Variant.objects.filter(powertrain="ice").select_related("model").order_by("pk"))
    shops = cycle(Shop.objects.filter(is_listed=True).select_related("city").order_by("pk"))
    service = Service.objects.get(key="minor_service")
    due_on = date(2026, 12, 3)
    facts = {"kind": "interval", "interval_months": 12, "last_on": "2025-12-03", "name_en": service.name_en}
    facts["name_zh"] = service.name_zh
    for first in range(0, count, BUILT_AT_ONCE):
        numbers = range(first, min(first + BUILT_AT_ONCE, count))
        people = User.objects.bulk_create(User(email=f"letter{n}@example.com", language="en") for n in numbers)
        cars = Car.objects.bulk_create(Car(owner=person, variant=next(variants)) for person in people)
        Booking.objects.bulk_create(_visit(next(shops), service, car) for car in cars[::2])
        CarState.objects.bulk_create(CarState(car=car, computed_on=timezone.localdate(AT)) for car in cars)
        DueItem.objects.bulk_create(
            DueItem(
                car=car,
                owner_id=car.owner_id,
                source=Source.SCHEDULE,
                subject="service:minor_service",
                cycle="2025-12-03",
                service=service.key,
                by=By.DATE,
                due_on=due_on,
                earliest_on=due_on,
                latest_on=due_on,
                facts=facts,
                next_stage_on=due_on - timedelta(days=30),
                opened_at=AT,
            )
            for car in cars
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _visit(shop: Shop, service: Service, car: Car) -> Booking:
    """A visit of a year ago."""
    local = (AT - timedelta(days=365)).astimezone(shop.zone)
    return Booking(
        number=new_number(local),
        shop=shop,
        service=service,
        variant=car.variant,
        owner_id=car.owner_id,
        status=Status.COMPLETED,
        starts_at=local,
        ends_at=local + timedelta(minutes=40),
        completed_at=local + timedelta(minutes=40),
        timezone=shop.city.timezone,
        local_date=local.date(),
        local_time=local.time(),
        labour_fen=8400,
        parts_fen=18400,
        free_cancel_until=local - timedelta(hours=1),
        confirmed_at=local - timedelta(days=1),
    )


def _speed(written: list[tuple[int, float]]) -> str:
    return f"{sum(count for count, _ in written) / sum(spent for _, spent in written):.1f}/s"


def _tenths(written: list[tuple[int, float]]) -> str:
    """The speed of the first tenth beside that of the last."""
    tenth = max(1, len(written) // 10)
    first, last = (sum(n for n, _ in some) / sum(s for _, s in some) for some in (written[:tenth], written[-tenth:]))
    return f"first tenth {first:.1f}/s, last {last:.1f}/s: × {first / last:.2f}"


def _megabytes() -> float:
    return float(psutil.Process().memory_info().rss) / 1_048_576
