"""Where a shop's money goes: named by the shop, verified by somebody else, never changed but replaced."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict, InvalidInput, NotAllowed
from payments import impartial
from payments.choices import ProviderKey
from payments.models import PayoutAccount
from shops.models import Shop

# WeChat Pay is not among them: it gives money to shops only by splitting single payments (docs/rules/money.md).
CHANNELS = (ProviderKey.BANK, ProviderKey.ALIPAY, ProviderKey.STRIPE, ProviderKey.SANDBOX)
# A bank's account or card (GB/T 14504: at most 19 digits on cards; accounts of companies have up to 32).
_BANK_NUMBER = re.compile(r"[0-9]{8,32}")
_ACCOUNT_AT_PROVIDER = re.compile(r"[A-Za-z0-9@._+-]{3,64}")
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f]")
_MAX_NAME = 120


class PayoutAccountError(InvalidInput):
    code = "payout_account"
    message = _("This account is not possible.")


class OwnAccountError(NotAllowed):
    code = "own_account"
    message = _("Somebody else has to verify an account that you added.")


class AccountReplacedError(Conflict):
    code = "account_replaced"
    message = _("This account was replaced in the meantime.")


@transaction.atomic
def add_account(  # noqa: PLR0913  (the columns of an account)
    *, shop: Shop, channel: str, holder: str, number: str, bank: str = "", by: User | None, at: datetime
) -> PayoutAccount:
    """Name a shop's account anew. It is paid to once somebody else has verified it; payouts on their way keep the old
    one. Raises PayoutAccountError with the field, AccountReplacedError where another was named at the same time."""
    values = _checked(channel, holder, number, bank)
    present = PayoutAccount.objects.select_for_update().filter(shop=shop, replaced_at__isnull=True).first()
    if present is not None:
        present.replaced_at = at
        present.save(update_fields=["replaced_at"])
    try:
        with transaction.atomic():
            return PayoutAccount.objects.create(shop=shop, added_at=at, added_by=by, **values)
    except IntegrityError as error:
        raise AccountReplacedError from error


@transaction.atomic
def verify_account(*, account: PayoutAccount, by: User, at: datetime) -> PayoutAccount:
    """Say that an account is the shop's. Verified twice is verified once. Raises OwnAccountError for who added it,
    OwnInterestError for who works at the shop, AccountReplacedError for one that was replaced."""
    account = PayoutAccount.objects.select_for_update().get(pk=account.pk)
    if account.replaced_at is not None:
        raise AccountReplacedError
    if account.verified_at is not None:
        return account
    if account.added_by_id == by.pk:
        raise OwnAccountError
    impartial.ask(by, shop=account.shop)
    account.verified_at, account.verified_by = at, by
    account.save(update_fields=["verified_at", "verified_by"])
    return account


def _checked(channel: str, holder: str, number: str, bank: str) -> dict[str, str]:
    if channel not in CHANNELS:
        raise PayoutAccountError(field="channel")
    holder, bank, number = holder.strip(), bank.strip(), re.sub(r"[\s-]", "", number)
    if not holder or len(holder) > _MAX_NAME or _NOT_PRINTED.search(holder):
        raise PayoutAccountError(_("Enter the name of the account holder."), field="holder")
    is_bank = channel == ProviderKey.BANK
    if (is_bank and not bank) or len(bank) > _MAX_NAME or _NOT_PRINTED.search(bank):
        raise PayoutAccountError(_("Enter the name of the bank."), field="bank")
    if not (_BANK_NUMBER if is_bank else _ACCOUNT_AT_PROVIDER).fullmatch(number):
        raise PayoutAccountError(_("Enter the account number."), field="number")
    return {"channel": channel, "holder": holder, "bank": bank if is_bank else "", "number": number}
