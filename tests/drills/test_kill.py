"""kill -9 in the middle of bookings: afterwards every promise is kept, and one key is one booking."""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from bookings import actions, tasks, waiting
from bookings.choices import Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from core.tasks import dispatch_outbox
from notifications.models import Message
from tests.drills import servers
from tests.drills.clients import PATIENCE_SECONDS, Client, Order, token_of
from tests.factories.accounts import UserFactory
from tests.factories.jobs import STAFF, bookable_job
from tests.races import checker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CLIENTS = 16
SECONDS = int(os.environ.get("DRILL_SECONDS", "25"))


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2, holiday_policy="as_usual")


def some_clients(port: int) -> list[Client]:
    return [Client(port, token_of(UserFactory()), random.Random(n)) for n in range(CLIENTS)]


def answered(clients: list[Client]) -> int:
    return sum(len(order.answers) for client in clients for order in client.orders)


def under_load(
    clients: list[Client], job: Job, seconds: float, *, enough: Callable[[], bool] = lambda: True
) -> list[Client]:
    """Let the clients book for some time, half of what they want in one step; longer, until there was `enough` of what
    is drilled: a busy machine does less in the same time."""
    end = time.monotonic() + seconds
    last = end + PATIENCE_SECONDS

    def work(client: Client) -> None:
        while (now := time.monotonic()) < end or (now < last and not enough()):
            (client.book_in_one_step if client.dice.random() < 0.5 else client.hold_then_confirm)(job)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, clients))
    return clients


def made_by(client: Client) -> list[Order]:
    return [order for order in client.orders if order.visit]


def test_killed_web_workers_lose_no_booking_and_make_none_twice(job: Job) -> None:
    with servers.web() as (port, gunicorn):
        clients = some_clients(port)
        with servers.killing(gunicorn, every=0.5, progress=lambda: answered(clients), least=CLIENTS) as killed:
            under_load(clients, job, SECONDS, enough=lambda: len(killed) > 2)
        orders = [order for client in clients for order in client.orders]
        # The drill was one: workers died with requests in their hands.
        assert len(killed) > 2
        assert sum(order.lost for order in orders) > 0
        for client in clients:
            for order in made_by(client):
                again, body = client.place(order)
                assert (again, body["id"]) == (201, order.visit)
    visits = [order.visit for client in clients for order in made_by(client) if order.path == "/api/v1/bookings/"]
    assert len(visits) == len(set(visits)) > 5
    confirmed = set(Booking.objects.filter(status=Status.CONFIRMED).values_list("public_id", flat=True))
    assert confirmed == set(visits)
    assert checker.faults() == {}


def test_killed_celery_workers_lose_no_message_and_offer_nothing_twice(job: Job) -> None:
    """Visits are booked and cancelled while people wait; the worker's processes die, then the whole worker."""
    waiting_for = {"not_before": timezone.now(), "not_after": timezone.now() + timedelta(days=5)}
    with servers.web() as (port, _gunicorn):
        with servers.worker() as celery:
            clients = under_load(some_clients(port), job, SECONDS / 4)
            wait_until_handling()
            with servers.killing(celery, every=2) as killed:
                clients += under_load(some_clients(port), job, SECONDS / 2, enough=lambda: bool(killed))
                for _ in range(3):
                    parts = {"job": job, "owner": UserFactory(), "car": None, "at": timezone.now()}
                    waiting.join(**parts, **waiting_for)
                for visit in Booking.objects.filter(status=Status.CONFIRMED).order_by("pk")[:10]:
                    actions.cancel(booking=visit, by=STAFF, at=timezone.now())
                    time.sleep(0.3)
            celery.kill()
        assert killed
        more = under_load(some_clients(port), job, SECONDS / 4)
    assert any(made_by(client) for client in [*clients, *more])
    connections.close_all()
    sweep_until_quiet()
    assert checker.faults() == {}
    # What was told is written down in the transaction in which the event was handled: once for each event.
    events = OutboxEvent.objects.filter(topic="booking.confirmed")
    live = set(Booking.objects.filter(status=Status.CONFIRMED).values_list("public_id", flat=True))
    told = Message.objects.filter(kind="bookings/confirmed").count()
    assert len(live) <= told <= events.count()
    assert not OutboxEvent.objects.filter(parked_at__isnull=False).exists()


def wait_until_handling() -> None:
    """Until the worker is up and has handled something."""
    for _ in range(600):
        if OutboxEvent.objects.filter(handled_at__isnull=False).exists():
            return
        time.sleep(0.1)
    raise AssertionError("the worker does nothing")


def sweep_until_quiet() -> None:
    """What beat would have a new worker do."""
    for _ in range(50):
        dispatch_outbox()
        tasks.serve_waiting_lists()
        if not outbox.due_ids(at=timezone.now()):
            return
    raise AssertionError("the outbox does not get empty")
