"""Bays, mobile units, technicians and their certificates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from shops import planned
from shops.actions import changes
from shops.actions.settings import VisitsInTheWayError
from shops.choices import ChangeKind, ResourceKind
from shops.models import Certificate, Resource, Shop, Technician

_OF_THE_PERSON = ("title_zh", "title_en", "works_since_year", "user")


@transaction.atomic
def save_bay(*, shop: Shop, by: User, at: datetime, values: Mapping[str, Any], bay: Resource | None = None) -> Resource:
    """Add a bay or mobile unit, or change one: `kind`, names, capabilities, position. Visits booked on it stay."""
    shop = changes.lock(shop)
    row = _fresh(bay) if bay else Resource(shop=shop)
    before, after = changes.apply(row, values)
    if bay is None or after:
        row.save(update_fields=list(after) if bay else None)
        changes.log(
            shop=shop, by=by, at=at, kind=ChangeKind.BAY, subject=row.name, before=before if bay else {}, after=after
        )
    return row


@transaction.atomic
def save_technician(
    *, shop: Shop, by: User, at: datetime, values: Mapping[str, Any], person: Resource | None = None
) -> Resource:
    """Add a technician or change one: names, skills, title, years, the linked account."""
    shop = changes.lock(shop)
    row = _fresh(person) if person else Resource(shop=shop, kind=ResourceKind.TECHNICIAN)
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
def retire(*, resource: Resource, by: User, at: datetime, despite_visits: bool = False) -> None:
    """Take a bay or technician out of use: no new visits. It keeps its past and can come back (`restore`).

    Raises VisitsInTheWayError when visits are booked on it from now on, unless `despite_visits`: they stay on it.
    """
    shop = changes.lock(resource.shop)
    if not despite_visits and (found := planned.visits(shop, start=at, resource=resource)):
        raise VisitsInTheWayError(found)
    _set_active(resource, shop, by, at, is_active=False)


@transaction.atomic
def restore(*, resource: Resource, by: User, at: datetime) -> None:
    """Put a retired bay or technician to use again."""
    _set_active(resource, changes.lock(resource.shop), by, at, is_active=True)


def _fresh(row: Resource) -> Resource:
    """The row as it is stored: the one at hand may carry what a form has just put on it."""
    return Resource.objects.select_related("technician__user").get(pk=row.pk)


def _set_active(resource: Resource, shop: Shop, by: User, at: datetime, *, is_active: bool) -> None:
    before, after = changes.apply(resource, {"is_active": is_active})
    if after:
        resource.save(update_fields=["is_active"])
        kind = ChangeKind.TECHNICIAN if resource.kind == ResourceKind.TECHNICIAN else ChangeKind.BAY
        changes.log(shop=shop, by=by, at=at, kind=kind, subject=resource.name, before=before, after=after)


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
