"""The step that follows for a car in a list, and where it is taken. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.board import stages
from bookings.choices import IN_SHOP, Status
from bookings.floor_lists.jobs import Job
from bookings.floor_lists.looks import Place
from shops.choices import Permission
from shops.models import Shop
from shops.rules import may


@dataclass(frozen=True)
class Step:
    """A step: one of the board's (`stage`), or a link to the page on which it is taken."""

    label: str | Promise
    icon: str
    stage: stages.Step | None = None
    url: str = ""


def next_step(job: Job, shop: Shop) -> Step | None:
    """What follows for the car, if the looking member's role may do it."""
    role = shop.viewer_role
    if job.place in (Place.RECEIVED, Place.INSPECTING) and may(role, Permission.CHECK_IN):
        label = _("Inspect") if job.place == Place.RECEIVED else _("Go on inspecting")
        return Step(label, "search-check", url=_address("floor:inspections", shop, job))
    # A car can be worked on while it waits; then the work cannot be reported done either.
    place = Place(stages.awaits(job.booking) or job.place)
    if place == Place.WAITING_OWNER and may(role, Permission.WALK_IN):
        return Step(_("Record the answer"), "phone", url=_address("floor:phone", shop, job))
    if place == Place.WAITING_OWNER and may(role, Permission.CHECK_IN):
        return job_card(job, shop)
    if place == Place.WAITING_PARTS and job.waiting:
        return Step(_("See the parts"), "package", url=_parts(shop, job))
    stage = stages.next_stage(job.booking, role=role)
    return Step(stage.label, stage.icon, stage) if stage else None


def more_steps(job: Job, shop: Shop) -> list[Step]:
    """What else a technician does with the car in front of them, in one tap each."""
    if not may(shop.viewer_role, Permission.CHECK_IN) or job.booking.status not in IN_SHOP:
        return []
    begin = Step(stages.START.label, stages.START.icon, stages.START)
    inspect = Step(_("Inspect"), "search-check", url=_address("floor:inspections", shop, job))
    other = begin if job.booking.status == Status.CHECKED_IN else inspect
    photo = Step(_("Add a photo"), "camera", url=_address("floor:card", shop, job) + "#photos")
    return [other, photo, job_card(job, shop)]


def job_card(job: Job, shop: Shop) -> Step:
    """The page of the car's work."""
    return Step(_("Job card"), "clipboard-list", url=_address("floor:card", shop, job))


def _address(name: str, shop: Shop, job: Job) -> str:
    return reverse(name, args=[shop.slug, job.booking.public_id])


def _parts(shop: Shop, job: Job) -> str:
    """The list of what waits for parts, at the first line of this car. Something of it waits."""
    return reverse("floor_lists:parts", args=[shop.slug]) + f"#line-{job.waiting[0].public_id}"
