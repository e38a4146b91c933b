"""What tests of the owner's pages share: a clock, holds and visits made through HTTP, and reading the page."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.engine.jobs import Job
from bookings.models import Booking
from tests.bookings.test_availability import local

ONE_PM = local(13)


def hold_url(job: Job) -> str:
    return reverse("bookings:hold", args=[job.shop.slug, job.service.key])


def slots_url(job: Job, **query: Any) -> str:
    url = reverse("bookings:slots", args=[job.shop.slug, job.service.key])
    return f"{url}?{urlencode({'variant': job.variant.slug, **query})}"


def post_hold(client: Client, job: Job, start: datetime = ONE_PM, **fields: Any) -> HttpResponse:
    return client.post(hold_url(job), {"variant": job.variant.slug, "starts_at": start.isoformat(), **fields})


def held(client: Client, job: Job, start: datetime = ONE_PM) -> Booking:
    """A hold of this browser, made by its page."""
    response = post_hold(client, job, start)
    assert response.status_code == 302, response.content[:2000]
    return Booking.objects.get(public_id=response["Location"].strip("/").split("/")[-1])


def booked(client: Client, job: Job, owner: User, start: datetime = ONE_PM) -> Booking:
    """A confirmed visit of `owner`, made by the pages."""
    client.force_login(owner)
    booking = held(client, job, start)
    response = client.post(page("confirm", booking), {"plate": ""})
    assert response.status_code == 302, response.content[:2000]
    booking.refresh_from_db()
    return booking


def page(name: str, booking: Booking) -> str:
    return reverse(f"bookings:{name}", args=[booking.public_id])


def text(response: HttpResponse) -> str:
    return response.content.decode()
