"""The step that follows for a car in a list, and where it is taken. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.board import stages
from bookings.choices import Status
from bookings.floor_lists.jobs import Job
from bookings.floor_lists.looks import Place
from shops.choices import Permission
from shops.models import Shop
from shops.rules import may


@dataclass(frozen=True)
class Step:
    """A step: one of the board's (`stage`, a tap or its dialog), or a link to the page on which it is taken."""

    label: str | Promise
    icon: str
    stage: stages.Stage | None = None
    url: str = ""


def next_step(job: Job, shop: Shop) -> Step | None:
    """What follows for the car, if the looking member's role may do it."""
    role, place = shop.viewer_role, job.place
    if place == Place.WAITING_PARTS and may(role, Permission.BOARD):
        return Step(_("See the parts"), "package", url=parts_address(shop, job))
    stage = stages.next_stage(job.booking, role=role)
    return Step(stage.label, stage.icon, stage) if stage else None


def start(job: Job, shop: Shop) -> Step | None:
    """Begin the work at once, for a car that has come and needs no inspection before."""
    if job.booking.status != Status.CHECKED_IN or not may(shop.viewer_role, Permission.CHECK_IN):
        return None
    return Step(stages.START.label, stages.START.icon, stages.START)


def parts_address(shop: Shop, job: Job) -> str:
    """The list of what waits for parts, at the first line of this car."""
    at = f"#line-{job.waiting[0].public_id}" if job.waiting else ""
    return reverse("floor_lists:parts", args=[shop.slug]) + at
