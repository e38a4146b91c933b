"""Bays, mobile units, loaner cars, technicians with their certificates, service advisors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from shops import planned, staffing
from shops.actions import changes
from shops.actions.asking import ask
from shops.choices import ChangeKind, ResourceKind
from shops.models import Certificate, Resource, Shop, Technician
from shops.planned import PlannedVisit

_OF_THE_PERSON = ("title_zh", "title_en", "works_since_year", "user")
_LOGGED_AS = {
    ResourceKind.BAY: ChangeKind.BAY,
    ResourceKind.MOBILE_UNIT: ChangeKind.BAY,
    ResourceKind.TECHNICIAN: ChangeKind.TECHNICIAN,
    ResourceKind.ADVISOR: ChangeKind.ADVISOR,
    ResourceKind.LOANER: ChangeKind.LOANER,
}


@transaction.atomic
def save_bay(
    *,
    shop: Shop,
    by: User,
    at: datetime,
    values: Mapping[str, Any],
    bay: Resource | None = None,
    despite_visits: bool = False,
) -> Resource:
    """Add a bay or mobile unit, or change one: `kind`, names, capabilities, position.

    Raises VisitsInTheWayError when planned visits on it need what is taken away, unless `despite_visits`: they stay.
    """
    shop = changes.lock(shop)
    row = _fresh(bay) if bay else Resource(shop=shop)
    if bay and not despite_visits:
        ask(_left_in_need(shop, row, values, at=at))
    return _save(row, by, at, values)


@transaction.atomic
def save_technician(
    *,
    shop: Shop,
    by: User,
    at: datetime,
    values: Mapping[str, Any],
    person: Resource | None = None,
    despite_visits: bool = False,
) -> Resource:
    """Add a technician or change one: names, skills, title, years, the linked account.

    Raises VisitsInTheWayError when planned visits of theirs need a skill that is taken away, or the shop's rules need
    it and nobody else has it, unless `despite_visits`: the visits stay with them.
    """
    shop = changes.lock(shop)
    row = _fresh(person) if person else Resource(shop=shop, kind=ResourceKind.TECHNICIAN)
    if person and not despite_visits:
        skills = values.get("capabilities", row.capabilities)
        ask(
            _left_in_need(shop, row, values, at=at),
            staffing.lost_without(shop, row, capabilities=skills),
        )
    profile = row.technician if person else Technician(resource=row)
    claims = {field: value for field, value in values.items() if field not in _OF_THE_PERSON}
    before, after = changes.apply(row, claims)
    if person is None or after:
        row.save(update_fields=list(after) if person else None)
        profile.resource = row
    about = {field: value for field, value in values.items() if field in _OF_THE_PERSON}
    was, becomes = changes.apply(profile, about)
    if person is None or becomes:
        profile.save(update_fields=list(becomes) if person else None)
    if person is None or after or becomes:
        old = {**before, **was} if person else {}
        new = {**after, **becomes}
        changes.log(shop=shop, by=by, at=at, kind=ChangeKind.TECHNICIAN, subject=row.name, before=old, after=new)
    return row


@transaction.atomic
def save_advisor(
    *, shop: Shop, by: User, at: datetime, values: Mapping[str, Any], advisor: Resource | None = None
) -> Resource:
    """Add a service advisor or change one: names, position."""
    shop = changes.lock(shop)
    return _save(_fresh(advisor) if advisor else Resource(shop=shop, kind=ResourceKind.ADVISOR), by, at, values)


@transaction.atomic
def save_loaner(
    *, shop: Shop, by: User, at: datetime, values: Mapping[str, Any], loaner: Resource | None = None
) -> Resource:
    """Add a loaner car or change one: names, position."""
    shop = changes.lock(shop)
    return _save(_fresh(loaner) if loaner else Resource(shop=shop, kind=ResourceKind.LOANER), by, at, values)


@transaction.atomic
def retire(*, resource: Resource, by: User, at: datetime, despite_visits: bool = False) -> None:
    """Take something or somebody out of use: no new visits. It keeps its past and can come back (`restore`).

    Raises VisitsInTheWayError when visits are booked on it from now on, or when the shop's rules need it and there is
    no other, unless `despite_visits`: the visits stay on it.
    """
    shop = changes.lock(resource.shop)
    if not despite_visits:
        ask(planned.visits(shop, start=at, resource=resource), staffing.lost_without(shop, resource))
    _set_active(resource, by, at, is_active=False)


@transaction.atomic
def restore(*, resource: Resource, by: User, at: datetime) -> None:
    """Put to use again what was retired."""
    changes.lock(resource.shop)
    _set_active(resource, by, at, is_active=True)


def logged_as(resource: Resource) -> ChangeKind:
    """What a change of the resource is called in the log."""
    return _LOGGED_AS[ResourceKind(resource.kind)]


def _fresh(row: Resource) -> Resource:
    """The row as it is stored: the one at hand may carry what a form has just put on it."""
    return Resource.objects.select_related("technician__user").get(pk=row.pk)


def _left_in_need(shop: Shop, row: Resource, values: Mapping[str, Any], *, at: datetime) -> list[PlannedVisit]:
    """Planned visits on the resource, as it is stored, that need something of it which `values` take away.

    A bay that becomes a mobile unit, or the other way round, is taken away as a whole.
    """
    lost = set(row.capabilities) - set(values.get("capabilities", row.capabilities))
    changes_kind = values.get("kind", row.kind) != row.kind
    if not lost and not changes_kind:
        return []
    visits = planned.visits(shop, start=at, resource=row)
    return visits if changes_kind else [visit for visit in visits if visit.needs & lost]


def _save(row: Resource, by: User, at: datetime, values: Mapping[str, Any]) -> Resource:
    is_new = row.pk is None
    before, after = changes.apply(row, values)
    if is_new or after:
        row.save(update_fields=None if is_new else list(after))
        before = {} if is_new else before
        changes.log(shop=row.shop, by=by, at=at, kind=logged_as(row), subject=row.name, before=before, after=after)
    return row


def _set_active(resource: Resource, by: User, at: datetime, *, is_active: bool) -> None:
    _save(_fresh(resource), by, at, {"is_active": is_active})
    resource.is_active = is_active


@transaction.atomic
def add_certificate(*, person: Resource, by: User, at: datetime, values: Mapping[str, Any]) -> Certificate:
    """Enter a technician's certificate. It is shown to owners once a platform admin has seen it."""
    shop = changes.lock(person.shop)
    certificate = Certificate.objects.create(technician=person.technician, **values)
    changes.log(shop=shop, by=by, at=at, kind=ChangeKind.CERTIFICATE, subject=_of(certificate), after=values)
    return certificate


@transaction.atomic
def remove_certificate(*, certificate: Certificate, by: User, at: datetime) -> None:
    """Remove a certificate that was entered by mistake or is no longer held."""
    resource = certificate.technician.resource
    shop = changes.lock(resource.shop)
    before = {"name_zh": certificate.name_zh, "name_en": certificate.name_en, "number": certificate.number}
    subject = _of(certificate)
    if certificate.delete()[0]:
        changes.log(shop=shop, by=by, at=at, kind=ChangeKind.CERTIFICATE, subject=subject, before=before)


def _of(certificate: Certificate) -> str:
    return f"{certificate.technician.resource.name} · {certificate.name}"[:254]
