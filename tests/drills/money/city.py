"""Whom money goes between in a drill: shops with verified accounts and rules, owners, coupons."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from payments import coupons, payout_accounts
from payments.choices import CouponFunder, ProviderKey
from payments.commission import RuleDraft, publish
from payments.coupons import CouponDraft
from tests.factories.accounts import UserFactory
from tests.factories.shops import ShopFactory

_SHOPS, _OWNERS = 4, 6


def found_city() -> None:
    """Make it. The first person is the platform's."""
    now = timezone.now()
    platform, another = UserFactory(admin=True), UserFactory(admin=True)
    for number in range(_OWNERS):
        UserFactory(email=f"payer{number}@example.com")
    shops = ShopFactory.create_batch(_SHOPS)
    for shop in shops:
        account = payout_accounts.add_account(
            shop=shop, channel=ProviderKey.SANDBOX, holder="Repairs Ltd", number=f"acct_{shop.pk}", by=platform, at=now
        )
        payout_accounts.verify_account(account=account, by=another, at=now)
    rules = [RuleDraft(commission_bp=800, processing_bp=60), RuleDraft(commission_bp=500, shop=shops[0])]
    publish(rules=rules, note="First.", valid_from=now - timedelta(days=60), by=None, at=now - timedelta(days=60))
    for number, (funder, shop_percent) in enumerate(
        [(CouponFunder.PLATFORM, 0), (CouponFunder.SHOP, 100), (CouponFunder.SHARED, 33)]
    ):
        draft = CouponDraft(
            code=f"DRILL{number}",
            name_zh="立减",
            name_en="Drill",
            funder=funder,
            value_fen=3_333,
            starts_at=now - timedelta(days=60),
            ends_at=now + timedelta(days=60),
            shop=shops[number] if shop_percent else None,
            shop_percent=shop_percent,
            limit_per_person=1000,
        )
        coupons.create(draft, by=platform, at=now)
