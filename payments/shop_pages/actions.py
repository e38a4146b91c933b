"""What a shop does with its money, with the shop's own log."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from payments.models import PayoutAccount
from payments.payout_accounts import add_account
from payments.shop_pages.position import account_of
from shops.actions import changes
from shops.choices import ChangeKind
from shops.models import Shop


@transaction.atomic
def name_account(  # noqa: PLR0913  (the columns of an account)
    *, shop: Shop, channel: str, holder: str, bank: str, number: str, by: User, at: datetime
) -> PayoutAccount:
    """Name the shop's account anew; nothing is paid to it until the platform has verified it.

    Raises what `payments.payout_accounts.add_account` raises. Side effects: the account before is replaced, a row in
    the shop's log with both numbers masked.
    """
    changes.lock(shop)
    before = account_of(shop)
    account = add_account(shop=shop, channel=channel, holder=holder, bank=bank, number=number, by=by, at=at)
    changes.log(
        shop=shop,
        by=by,
        at=at,
        kind=ChangeKind.PAYOUT_ACCOUNT,
        before={"payout_account": _told(before)} if before else {},
        after={"payout_account": _told(account)},
    )
    return account


def _told(account: PayoutAccount) -> str:
    return " · ".join(part for part in (account.holder, account.bank, account.masked) if part)
