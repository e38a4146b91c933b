"""What the platform takes of a line: versions of rules, and which rule of a version applies.

The version is the one in force when the visit was booked. Of its rules the most particular one applies: shop and
service, then shop, then kind of shop and service, then kind of shop, then service, then the general one. Of several
equally particular ones the one for the highest turnover that the shop has reached applies; a step without a rule whose
turnover is reached is passed over. Without any version nothing is taken. In words: docs/rules/money.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service
from core.errors import Conflict, InvalidInput
from payments.choices import StatementKind
from payments.models import MAX_COMMISSION_BP, MAX_PROCESSING_BP, FeeRule, FeeSchedule, StatementLine
from shops.choices import ShopKind
from shops.models import Shop

# Hundredths of a percent in a whole.
WHOLE_BP = 10_000


class ScheduleError(InvalidInput):
    """Rules that cannot be published. The message says why."""

    code = "fee_schedule"
    message = _("These commission rules are not possible.")


class ScheduleInThePastError(Conflict):
    code = "fee_schedule_past"
    message = _("Rules can only be changed from now on.")


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule to be published. What is left out holds for all; a rule names a shop or a kind of shop, not both."""

    commission_bp: int
    processing_bp: int = 0
    shop: Shop | None = None
    shop_kind: str = ""
    service: Service | None = None
    min_volume_fen: int = 0

    @property
    def is_general(self) -> bool:
        return self.shop is None and not self.shop_kind and self.service is None and self.min_volume_fen == 0


@dataclass(frozen=True, slots=True)
class Rate:
    """What is taken, in hundredths of a percent, and by which rule; by none where nothing is."""

    rule_id: int | None = None
    commission_bp: int = 0
    processing_bp: int = 0


NOTHING = Rate()


def part(amount_fen: int, bp: int) -> int:
    """`bp` hundredths of a percent of an amount, fen; a part of a fen is left to the shop."""
    return amount_fen * bp // WHOLE_BP


def pick(
    rules: Iterable[FeeRule], *, shop_id: int, shop_kind: str, service_id: int | None, turnover_fen: int
) -> FeeRule | None:
    """The rule of one version for a service at a shop with a turnover, None if there is none. Pure."""
    fitting = [
        rule
        for rule in rules
        if rule.shop_id in {None, shop_id}
        and rule.shop_kind in {"", shop_kind}
        and rule.service_id in {None, service_id}
        and rule.min_volume_fen <= turnover_fen
    ]
    return max(fitting, key=lambda rule: (*particular(rule), rule.min_volume_fen), default=None)


def particular(rule: FeeRule) -> tuple[bool, bool, bool]:
    """How particular a rule is; the greater goes first: shop before kind of shop before service."""
    return rule.shop_id is not None, bool(rule.shop_kind), rule.service_id is not None


class FeeBook:
    """The versions of the rules, read once for a sweep, with the turnovers it has asked for.

    A version published meanwhile is in force for visits booked later, and never for one that is due already.
    """

    def __init__(self) -> None:
        schedules = FeeSchedule.objects.order_by("-valid_from", "-version").prefetch_related("rules")
        self._versions = [(schedule.valid_from, list(schedule.rules.all())) for schedule in schedules]
        self._turnovers: dict[tuple[int, str, datetime], int] = {}

    def rate(
        self, *, shop: Shop, service_id: int | None, currency: str, opened_at: datetime, closed_at: datetime
    ) -> Rate:
        """What is taken of a line of a visit booked at `opened_at` and closed at `closed_at`.

        One query the first time a shop's month is asked for, where the version has rules by turnover. The turnover is
        that of the calendar month before the visit was closed, in the shop's zone: whenever it is settled, and however
        often a settlement is tried, the rule is the same.
        """
        rules = next((rules for valid_from, rules in self._versions if valid_from <= opened_at), [])
        if not rules:
            return NOTHING
        has_tiers = any(rule.min_volume_fen for rule in rules)
        turnover_fen = self._turnover(shop, currency, closed_at) if has_tiers else 0
        rule = pick(rules, shop_id=shop.pk, shop_kind=shop.kind, service_id=service_id, turnover_fen=turnover_fen)
        return Rate(rule.pk, rule.commission_bp, rule.processing_bp) if rule else NOTHING

    def _turnover(self, shop: Shop, currency: str, at: datetime) -> int:
        starts_at, ends_at = month_before(at, shop.zone)
        key = (shop.pk, currency, starts_at)
        if key not in self._turnovers:
            self._turnovers[key] = turnover_fen(shop.pk, currency, starts_at, ends_at)
        return self._turnovers[key]


def month_before(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The calendar month before the one of `at` on the wall of a zone: its first instant, and the first after it."""
    first = at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return (first - timedelta(days=1)).replace(day=1), first


def turnover_fen(shop_id: int, currency: str, starts_at: datetime, ends_at: datetime) -> int:
    """What was settled for a shop in a time, less what was given back before it was settled, fen. One query."""
    lines = StatementLine.objects.filter(shop_id=shop_id, currency=currency, at__gte=starts_at, at__lt=ends_at)
    settled = lines.filter(kind__in=[StatementKind.WORK, StatementKind.FEE])
    total: int = settled.aggregate(fen=Coalesce(Sum("gross_fen") - Sum("refunded_fen"), 0))["fen"]
    return total


@transaction.atomic
def publish(
    *, rules: Sequence[RuleDraft], note: str, valid_from: datetime, by: User | None, at: datetime
) -> FeeSchedule:
    """Publish a new version of the rules, in force for visits booked from `valid_from` on; no version ever changes.

    Raises ScheduleError for rules that cannot be (none that is general, two for the same, more than the platform ever
    takes, no note), ScheduleInThePastError for visits that were booked already.
    """
    _check(rules, note)
    if valid_from < at:
        raise ScheduleInThePastError(field="valid_from")
    with connection.cursor() as cursor:
        # Two at once would both take the next number.
        cursor.execute("LOCK TABLE payments_feeschedule IN SHARE ROW EXCLUSIVE MODE")
    newest = FeeSchedule.objects.order_by("-version").first()
    schedule = FeeSchedule.objects.create(
        version=newest.version + 1 if newest else 1,
        valid_from=valid_from,
        note=note.strip()[:300],
        published_at=at,
        published_by=by,
    )
    FeeRule.objects.bulk_create(_row(schedule, number, draft) for number, draft in enumerate(rules, start=1))
    return schedule


def _row(schedule: FeeSchedule, position: int, draft: RuleDraft) -> FeeRule:
    return FeeRule(
        schedule=schedule,
        position=position,
        shop=draft.shop,
        shop_kind=draft.shop_kind,
        service=draft.service,
        min_volume_fen=draft.min_volume_fen,
        commission_bp=draft.commission_bp,
        processing_bp=draft.processing_bp,
    )


def _check(rules: Sequence[RuleDraft], note: str) -> None:
    if not note.strip() or "\x00" in note:
        raise ScheduleError(_("Say what changed."), field="note")
    if not any(draft.is_general for draft in rules):
        raise ScheduleError(_("One rule must hold for every shop and service."), field="rules")
    for draft in rules:
        _check_rule(draft)
    whom = [(draft.shop, draft.shop_kind, draft.service, draft.min_volume_fen) for draft in rules]
    if len(set(whom)) < len(whom):
        raise ScheduleError(_("Two rules hold for the same."), field="rules")


def _check_rule(draft: RuleDraft) -> None:
    for bp, most in ((draft.commission_bp, MAX_COMMISSION_BP), (draft.processing_bp, MAX_PROCESSING_BP)):
        if type(bp) is not int or not 0 <= bp <= most:
            raise ScheduleError(_("More than the platform ever takes."), field="rules")
    if type(draft.min_volume_fen) is not int or not 0 <= draft.min_volume_fen < 2**62:
        raise ScheduleError(_("This turnover is not possible."), field="rules")
    if draft.shop and draft.shop_kind:
        raise ScheduleError(_("A rule names a shop or a kind of shop, not both."), field="rules")
    if draft.shop_kind and draft.shop_kind not in ShopKind.values:
        raise ScheduleError(_("There is no such kind of shop."), field="rules")
