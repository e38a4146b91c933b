"""The job card, through HTTP: what it shows, to whom, with how many queries."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.choices import Stage, Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.bookings.test_board import signed_in
from tests.factories.board import visit
from tests.factories.jobs import bookable_job

pytestmark = pytest.mark.django_db

NOW = local(13, 20)


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def url(name: str, booking: Booking, *more: object) -> str:
    return reverse(f"floor:{name}", args=[booking.shop.slug, booking.public_id, *more])


@pytest.mark.parametrize("status", [Status.CHECKED_IN, Status.IN_SERVICE, Status.READY, Status.COMPLETED])
@pytest.mark.parametrize("role", Role)
def test_card_is_shown_to_every_role_while_the_car_is_here_and_after(
    client: Client, job: Job, status: Status, role: Role
) -> None:
    booking = visit(job, starts_at=local(13), status=status)
    with time_machine.travel(NOW, tick=False):
        response = signed_in(client, job.shop, role).get(url("card", booking))
    assert response.status_code == 200
    assert "Minor service" in response.content.decode()
