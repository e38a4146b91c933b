"""Who sees a shop's money is told of payouts and statements, once, in the morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from core.models import OutboxEvent
from notifications.models import Message, Notice
from payments import shop_messages
from payments.choices import PayoutStatus
from payments.statements import closing
from shops.choices import Role
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.payments import follow_up
from tests.factories.shops import ShopMemberFactory, open_shop
from tests.factories.statements import paid_out, settled_order

pytestmark = pytest.mark.django_db
SETTLED = datetime(2026, 11, 3, 2, tzinfo=UTC)


@pytest.fixture
def shop() -> Shop:
    return open_shop(slug="xuhui")


@pytest.fixture
def boss(shop: Shop) -> User:
    boss = UserFactory(language="en")
    ShopMemberFactory(shop=shop, user=boss, role=Role.OWNER)
    ShopMemberFactory(shop=shop, user=UserFactory(), role=Role.ADVISOR)
    return boss


@pytest.mark.parametrize(
    ("status", "kind"),
    [(PayoutStatus.PAID, "payments/payout_paid"), (PayoutStatus.FAILED, "payments/payout_failed")],
)
def test_a_payout_is_told_once_with_its_sum(shop: Shop, boss: User, status: str, kind: str) -> None:
    settled_order(shop=shop, at=SETTLED)
    payout = paid_out(shop, at=SETTLED + timedelta(days=1), status=status)
    event = OutboxEvent(topic=f"payout.{status}", key=payout.public_id)
    shop_messages.tell_payout(event)
    shop_messages.tell_payout(event)
    notice = Notice.objects.get()
    assert (notice.kind, notice.person, notice.topic, notice.path) == (kind, boss, "shop", "/shop/xuhui/money/payouts/")
    assert "¥" in notice.text


def test_a_payout_on_its_way_is_not_told(shop: Shop, boss: User) -> None:
    settled_order(shop=shop, at=SETTLED)
    payout = paid_out(shop, at=SETTLED + timedelta(days=1), status=PayoutStatus.SENT)
    shop_messages.tell_payout(OutboxEvent(topic="payout.paid", key=payout.public_id))
    assert not boss.notices.exists()


def test_a_closed_statement_is_told_with_what_it_came_to(shop: Shop, boss: User) -> None:
    settled_order(shop=shop, at=SETTLED)
    closing.close_ended(at=datetime(2026, 11, 20, tzinfo=UTC))
    follow_up("statement.closed", at=timezone.now() + timedelta(days=1))
    notice = boss.notices.get()
    assert notice.path == "/shop/xuhui/money/statements/202611A/"
    assert "Nov 2026, first half" in notice.title
    message = Message.objects.get()
    assert message.recipient == boss.email
    assert f"{settings.SITE_URL}{notice.path}" in message.body
