"""A technician's day and the pipeline by stage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from bookings.board import stages
from bookings.board.pages import day_asked, member, rights
from bookings.floor_lists import my_day as day_list
from bookings.floor_lists import pipeline as pipeline_list
from bookings.floor_lists.looks import Place
from bookings.floor_lists.pages import ListPage, people_of, person_asked
from bookings.floor_lists.steps import more_steps, next_step
from shops.choices import Permission, ResourceKind
from shops.models import Resource, Shop
from shops.rules import may


def _my_day(request: HttpRequest, shop: Shop, at: datetime) -> dict[str, Any]:
    """A day of a technician: the member's own by default, `?who=` another's or `all`, `?date=`."""
    technicians = people_of(shop, ResourceKind.TECHNICIAN)
    own = next((one for one in technicians if _user_of(one) == member(request).pk), None)
    everybody = request.GET.get("who") == day_list.EVERYBODY
    person = None if everybody else person_asked(request, technicians, "who") or own
    day = day_asked(request, shop=shop, at=at)
    may_read_again = may(shop.viewer_role, Permission.CHECK_IN)
    found = day_list.load(shop=shop, day=day, at=at, person=person, user=member(request), may_read_again=may_read_again)
    return {
        "day": found,
        "own": own,
        "technicians": sorted(technicians, key=lambda one: one != own),
        "is_today": at.astimezone(shop.zone).date() == day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "now": found.now,
        "now_step": next_step(found.now, shop) if found.now else None,
        "more_steps": more_steps(found.now, shop) if found.now else [],
        "entries": [(entry, entry.is_running(at), _step_of(entry, shop)) for entry in found.entries],
        "to_check": [(job, next_step(job, shop)) for job in found.to_check],
        "to_read_again": found.to_read_again,
        "check_count": len(found.to_check) + len(found.to_read_again),
        **rights(shop),
    }


def _step_of(entry: day_list.Entry, shop: Shop) -> object:
    return next_step(entry.job, shop) if entry.job and entry.is_first else None


def _user_of(person: Resource) -> int | None:
    return person.technician.user_id if hasattr(person, "technician") else None


def _pipeline(request: HttpRequest, shop: Shop, at: datetime) -> dict[str, Any]:
    """Every car by stage: `?person=` an advisor or technician, `?stage=` one stage."""
    people = people_of(shop)
    person = person_asked(request, people, "person")
    found = pipeline_list.load(shop=shop, at=at, person=person)
    asked = request.GET.get("stage", "")
    stage = Place(asked) if asked in Place else None
    shown = [column for column in found.columns if stage in (None, column.place)]
    return {
        "pipeline": found,
        "people": people,
        "person": person,
        "stage": stage,
        "columns": [(column, [(job, next_step(job, shop)) for job in column.jobs]) for column in shown],
        "inbox": [(job.card, stages.next_stage(job.booking, role=shop.viewer_role)) for job in found.requests],
        **rights(shop),
    }


MY_DAY = ListPage("my_day", _my_day)
PIPELINE = ListPage("pipeline", _pipeline)
