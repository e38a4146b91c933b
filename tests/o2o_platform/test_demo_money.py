"""The demo city's money: paid, settled, paid out and reconciled, and the books agree."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from o2o_platform.demo import money
from o2o_platform.demo.people import address
from payments.choices import PayoutStatus
from payments.models import Alarm, Coupon, Difference, Dispute, Payout, PayoutAccount, ProviderBill
from payments.reconciliation import book_check
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, completed_order
from tests.payments.books import check_books

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 12, 6, 30, tzinfo=UTC)


@pytest.fixture
def _visits(db: None) -> None:
    """Two visits paid online and settled by the time of the batch, one paid at the counter yesterday."""
    UserFactory(admin=True, email=address("admin"))
    for fen in (26800, 9900):
        completed_order((fen,), at=CLOSED)
    completed_order((5000,), online_fen=0, at=datetime(2026, 11, 11, 3, 0, tzinfo=UTC))


@pytest.mark.usefixtures("_visits")
def test_money_of_the_demo_city_is_whole_and_made_once() -> None:
    assert money.load(at=NOW) is True
    check_books()
    assert all(equation.holds for equation in book_check.find(is_full=True))
    assert Coupon.objects.filter(code="NEWCAR30").exists()
    assert list(Payout.objects.values_list("status", flat=True)) == [PayoutStatus.PAID]
    assert PayoutAccount.objects.filter(verified_at=None).count() == 1
    assert Dispute.objects.get().order.paid_fen == 5000
    assert ProviderBill.objects.get().buckets == {"matched": [2, 36700, 36700]}
    assert not Difference.objects.exists()
    assert not Alarm.objects.exists()
    assert money.load(at=NOW) is False


def test_city_without_an_admin_has_no_money() -> None:
    assert not User.objects.filter(is_superuser=True).exists()
    assert money.load(at=NOW) is False
