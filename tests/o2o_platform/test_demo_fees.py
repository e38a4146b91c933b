"""The demo city's commission rules."""

from datetime import UTC, datetime

import pytest

from o2o_platform.demo import fees
from payments.commission import FeeBook
from payments.models import FeeSchedule
from shops.choices import ShopKind
from tests.factories.shops import ShopFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "commission_bp"),
    [(ShopKind.INDEPENDENT, 800), (ShopKind.CHAIN, 600), (ShopKind.DEALER, 500), (ShopKind.ON_SITE, 1000)],
)
def test_each_kind_of_shop_has_its_commission(kind: ShopKind, commission_bp: int) -> None:
    fees.load(at=AT)
    shop = ShopFactory(kind=kind, service_radius_km=15 if kind == ShopKind.ON_SITE else None)
    rate = FeeBook().rate(shop=shop, service_id=None, currency="CNY", opened_at=AT, closed_at=AT)
    assert (rate.commission_bp, rate.processing_bp) == (commission_bp, 60)


def test_rules_that_are_there_stay() -> None:
    assert (fees.load(at=AT), fees.load(at=AT)) == (1, 0)
    assert FeeSchedule.objects.get().version == 1
