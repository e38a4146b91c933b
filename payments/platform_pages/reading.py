"""What the pages on reconciliation and payouts show. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments import payouts
from payments.choices import AccountKind, Bucket, PayoutStatus, ProviderKey
from payments.models import Difference, LedgerAccount, PayoutAccount, PayoutBatch, ProviderBill
from payments.payouts import Skip
from shops.models import Shop

DAYS_SHOWN = 31
# Upper ends of the ages of open differences, days.
_AGES: tuple[tuple[int, str | Promise], ...] = (
    (1, _("Up to a day")),
    (3, _("2 to 3 days")),
    (7, _("4 to 7 days")),
    (10_000, _("Longer than a week")),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """How many movements of a day are in a bucket, and what they come to."""

    bucket: Bucket
    count: int
    ours_fen: int
    theirs_fen: int

    @property
    def fen(self) -> int:
        return self.theirs_fen or self.ours_fen

    @property
    def tone(self) -> str:
        calm = {Bucket.MATCHED: "ok", Bucket.TIMING: "info"}
        return calm.get(self.bucket, "bad") if self.count else "mute"


@dataclass(frozen=True, slots=True)
class DayRow:
    """A provider's bill of a day and how it compared."""

    bill: ProviderBill
    cells: list[Cell]
    open_count: int


@dataclass(frozen=True, slots=True)
class Age:
    label: str | Promise
    count: int
    off_fen: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What a provider has of ours: by our books, and by all of its bills. What is between them has moved since the last
    bill, or is an open difference."""

    provider: ProviderKey
    books_fen: int
    bills_fen: int

    @property
    def between_fen(self) -> int:
        return self.books_fen - self.bills_fen


def balances() -> list[Balance]:
    """Our money at each provider whose bills are read. Two queries."""
    sums = ProviderBill.objects.order_by().values_list("provider").annotate(fen=Sum("total_fen"))
    billed: dict[str, int] = dict(sums)
    accounts = LedgerAccount.objects.filter(kind=AccountKind.PSP_CLEARING, provider__in=billed, currency="CNY")
    books: dict[str, int] = dict(accounts.values_list("provider", "balance_fen"))
    return [Balance(ProviderKey(key), books.get(key, 0), fen) for key, fen in sorted(billed.items())]


def cells(bill: ProviderBill) -> list[Cell]:
    """Every bucket of a bill, in order."""
    return [Cell(bucket, *bill.buckets.get(bucket, (0, 0, 0))) for bucket in Bucket]


def day_rows(*, since: date) -> list[DayRow]:
    """The bills from a day on, the newest first, with how many differences are open. Two queries."""
    is_open = Difference.objects.filter(resolved_at__isnull=True).order_by()
    counted = is_open.values_list("provider", "day").annotate(count=Count("pk"))
    open_counts = {(provider, day): count for provider, day, count in counted}
    bills = ProviderBill.objects.filter(day__gte=since).order_by("-day", "provider")
    return [DayRow(bill, cells(bill), open_counts.get((bill.provider, bill.day), 0)) for bill in bills]


def ages(differences: Iterable[Difference], *, today: date) -> list[Age]:
    """Open differences by how long they have been open."""
    found: dict[int, list[Difference]] = defaultdict(list)
    for difference in differences:
        age = (today - difference.day) / timedelta(days=1)
        found[next(place for place, (most, _label) in enumerate(_AGES) if age <= most)].append(difference)
    return [
        Age(label, len(found[place]), sum(off_fen(difference) for difference in found[place]))
        for place, (_most, label) in enumerate(_AGES)
    ]


def off_fen(difference: Difference) -> int:
    """How much more our books say than the bill, fen."""
    return (difference.ours_fen or 0) - (difference.theirs_fen or 0)


# --- Payouts ----------------------------------------------------------------------------------------

WHY_SKIPPED: dict[Skip, str | Promise] = {
    Skip.NO_ACCOUNT: _("The shop has not named an account."),
    Skip.NOT_VERIFIED: _("Its account has not been verified."),
    Skip.ON_ITS_WAY: _("A payout to it is on its way."),
}


@dataclass(frozen=True, slots=True)
class Owed:
    """A shop in the preview of a batch: what it gets, or why it gets nothing."""

    shop: Shop
    net_fen: int
    why_not: str | Promise


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would be paid by a batch made now."""

    paid: list[Owed]
    skipped: list[Owed]

    @property
    def total_fen(self) -> int:
        return sum(owed.net_fen for owed in self.paid)


def preview(channel: str) -> Preview:
    """Who would be paid through a channel now, and who not, and why. Two queries."""
    owed = payouts.owed(channel)
    shops = Shop.objects.select_related("city").in_bulk([shop_id for shop_id, _fen, _reason in owed])
    everybody = [Owed(shops[shop_id], fen, WHY_SKIPPED[why] if why else "") for shop_id, fen, why in owed]
    return Preview([row for row in everybody if not row.why_not], [row for row in everybody if row.why_not])


def batches(*, limit: int) -> QuerySet[PayoutBatch]:
    """The newest batches with what became of their payouts."""

    def counted(*statuses: PayoutStatus) -> Count:
        return Count("payouts", filter=Q(payouts__status__in=statuses))

    return PayoutBatch.objects.order_by("-created_at", "-pk").annotate(
        total_fen=Sum("payouts__amount_fen"),
        count=Count("payouts"),
        open_count=counted(PayoutStatus.CREATED, PayoutStatus.SENT),
        paid_count=counted(PayoutStatus.PAID),
        failed_count=counted(PayoutStatus.FAILED),
    )[:limit]


def accounts_to_verify() -> QuerySet[PayoutAccount]:
    """Shops' accounts that wait for somebody to verify them, the oldest first."""
    waiting = PayoutAccount.objects.filter(verified_at__isnull=True, replaced_at__isnull=True)
    return waiting.select_related("shop", "added_by").order_by("added_at", "pk")


def grouped(number: str) -> str:
    """An account number as people compare it, in groups of four."""
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))
