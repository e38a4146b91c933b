"""Who else may read a record: shops by a grant, a buyer by a link. The owner decides what and until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, InvalidInput
from vehicles.choices import RecordPart
from vehicles.models import HealthRecord, RecordGrant, RecordLink
from vehicles.record.known_shops import KnownShop
from vehicles.record.tokens import new_token, token_hash

# Long enough for any repair or sale, short enough that nobody forgets it (product decisions).
MAX_GRANT = timedelta(days=366)
MAX_LINK = timedelta(days=90)
MAX_ACTIVE_LINKS = 10
MAX_GRANTS = 50


class NotTheOwnerError(Conflict):
    """The record is not this person's any more: it was handed over while the page was open."""

    code = "not_the_owner"


class TooManyLinksError(Conflict):
    code = "too_many_links"


def may_read(record: HealthRecord, shop_key: str, part: RecordPart, at: datetime) -> bool:
    """Whether the owner lets a shop (by its public id) read that part of the record at that moment. One query."""
    return record.grants.active(at).opening(part).filter(shop_key=shop_key).exists()


def readers_of(record: HealthRecord, part: RecordPart, at: datetime) -> list[RecordGrant]:
    """The grants of every shop that the owner lets read that part at that moment. One query."""
    return list(record.grants.active(at).opening(part))


def readable_parts(record: HealthRecord, shop_key: str, at: datetime) -> frozenset[RecordPart]:
    """All parts that a shop may read at that moment. One query."""
    grant = record.grants.active(at).filter(shop_key=shop_key).first()
    return frozenset(RecordPart(part) for part in grant.parts) if grant else frozenset()


@transaction.atomic
def grant(
    *,
    record: HealthRecord,
    shop: KnownShop,
    parts: Iterable[RecordPart],
    until: datetime,
    by: User,
    at: datetime,
) -> RecordGrant:
    """Let a shop read parts of the record until then, instead of what it was let to read before.

    Raises NotTheOwnerError, InvalidInput with the field named.
    """
    locked = _locked(record, by)
    wanted = sorted(set(parts))
    if not wanted:
        raise InvalidInput(_("Choose what the shop may read."), field="parts")
    if not at < until <= at + MAX_GRANT:
        raise InvalidInput(_("Choose a day between tomorrow and a year from now."), field="until")
    if locked.grants.active(at).exclude(shop_key=shop.key).count() >= MAX_GRANTS:
        raise InvalidInput(_("Too many shops may read this record already. End one first."), field="shop")
    locked.grants.filter(shop_key=shop.key, revoked_at__isnull=True).update(revoked_at=at)
    return RecordGrant.objects.create(
        record=locked,
        shop_key=shop.key,
        shop_name_zh=shop.name_zh,
        shop_name_en=shop.name_en,
        parts=wanted,
        granted_by=by,
        granted_at=at,
        until=until,
    )


@transaction.atomic
def revoke(*, grant: RecordGrant, by: User, at: datetime) -> None:
    """End a grant now. Doing it twice changes nothing. Raises NotTheOwnerError."""
    _locked(grant.record, by)
    RecordGrant.objects.filter(pk=grant.pk, revoked_at__isnull=True).update(revoked_at=at)


@dataclass(frozen=True)
class NewLink:
    """A link with its token, which is shown now and never again."""

    link: RecordLink
    token: str


@transaction.atomic
def share(*, record: HealthRecord, by: User, until: datetime, at: datetime) -> NewLink:
    """Make a link by which a buyer may look at the record until then. Raises NotTheOwnerError, TooManyLinksError,
    InvalidInput."""
    locked = _locked(record, by)
    if not at < until <= at + MAX_LINK:
        raise InvalidInput(_("A link lasts 90 days at most."), field="days")
    if locked.links.active(at).count() >= MAX_ACTIVE_LINKS:
        raise TooManyLinksError(_("There are %(count)d links already. End one first.") % {"count": MAX_ACTIVE_LINKS})
    token = new_token()
    link = RecordLink.objects.create(
        record=locked, token_hash=token_hash(token), created_by=by, created_at=at, expires_at=until
    )
    return NewLink(link, token)


@transaction.atomic
def revoke_link(*, link: RecordLink, by: User, at: datetime) -> None:
    """End a link now. Doing it twice changes nothing. Raises NotTheOwnerError."""
    _locked(link.record, by)
    RecordLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(revoked_at=at)


def link_by_token(token: str) -> RecordLink | None:
    """The link of a token, whether it still opens or not. One query."""
    return RecordLink.objects.select_related("record").filter(token_hash=token_hash(token)).first()


def end_all(record: HealthRecord, *, at: datetime) -> None:
    """End every grant, link and offer of a record that leaves its owner. Inside the caller's transaction."""
    record.grants.filter(revoked_at__isnull=True).update(revoked_at=at)
    record.links.filter(revoked_at__isnull=True).update(revoked_at=at)
    record.transfers.filter(accepted_at__isnull=True, cancelled_at__isnull=True).update(cancelled_at=at)


def _locked(record: HealthRecord, by: User) -> HealthRecord:
    locked = HealthRecord.objects.select_for_update().get(pk=record.pk)
    if locked.owner_id != by.pk:
        raise NotTheOwnerError(_("This health record is not yours any more."))
    return locked
