"""What payments give out about a person, what they let go of, and when that has to wait."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.utils import IntegrityError

from accounts import actions as accounts
from accounts.models import User
from core.photos import clean
from payments import late_refunds, privacy, settlement
from payments.choices import DisputeReason, MoneyRole, RefundStatus
from payments.disputes import actions
from payments.disputes.actions import Said
from payments.models import Dispute, DisputeEvent, DisputePhoto, Order, Refund
from payments.orders import DISPUTE_WINDOW
from payments.privacy import MoneyUnderWayError, OpenDisputeError
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, completed_order, money_order, paid_online
from tests.factories.photos import corners, saved

pytestmark = pytest.mark.django_db
AT = CLOSED + timedelta(days=1)
END = CLOSED + DISPUTE_WINDOW


def payer_of(order: Order) -> User:
    assert order.payer is not None
    return order.payer


def disputed(order: Order) -> Dispute:
    return actions.open_dispute(
        order=order,
        claims={order.lines.order_by("position")[0].pk: 5000},
        reason=DisputeReason.DAMAGE,
        said=Said("Mr Chen scratched the door.", [clean(SimpleUploadedFile("door.jpg", saved(corners())))]),
        by=payer_of(order),
        at=AT,
    )


def settle_all(order: Order) -> None:
    for due in order.settlements.order_by("pk"):
        settlement.settle(settlement_id=due.pk, at=END)


def test_export_tells_orders_payments_refunds_and_disputes() -> None:
    order = completed_order((20000, 6800))
    dispute = disputed(order)
    actions.answer(dispute=dispute, said=Said("Sorry."), agrees=True, by=UserFactory(), at=AT)
    told = privacy.export(payer_of(order))
    assert json.loads(json.dumps(told)) == told
    (one,) = told["orders"]
    assert (one["number"], one["payments"][0]["amount_fen"], one["refunds"][0]["amount_fen"]) == (
        order.number,
        26800,
        5000,
    )
    assert one["disputes"][0]["record"][0]["text"] == "Mr Chen scratched the door."
    assert privacy.export(UserFactory()) == {"orders": [], "coupons": []}


def test_erasing_empties_words_and_photos_and_keeps_the_books() -> None:
    order = completed_order((20000, 6800))
    dispute = disputed(order)
    actions.answer(dispute=dispute, said=Said("It was there before."), agrees=False, by=UserFactory(), at=AT)
    actions.withdraw(dispute=dispute, by=payer_of(order), at=AT)
    settle_all(order)
    accounts.erase(user=payer_of(order), at=END)
    words = dict(DisputeEvent.objects.filter(dispute=dispute).exclude(text="").values_list("role", "text"))
    assert words == {MoneyRole.SHOP: "It was there before."}
    assert not DisputePhoto.objects.filter(dispute=dispute).exists()
    order.refresh_from_db()
    assert (order.paid_fen, payer_of(order).name) == (26800, "")


def test_erasing_waits_for_an_open_dispute() -> None:
    order = completed_order((20000,), online_fen=0)
    disputed(order)
    with pytest.raises(OpenDisputeError):
        privacy.erase(payer_of(order), AT)


def test_erasing_waits_while_money_paid_online_is_held() -> None:
    order = money_order()
    privacy.erase(payer_of(order), AT)
    paid_online(order, 5000)
    with pytest.raises(MoneyUnderWayError):
        privacy.erase(payer_of(order), AT)

    done = completed_order()
    with pytest.raises(MoneyUnderWayError):
        privacy.erase(payer_of(done), AT)
    settle_all(done)
    privacy.erase(payer_of(done), END)


def test_erasing_waits_for_a_refund_on_its_way_and_not_for_cash_that_the_shop_has() -> None:
    order = completed_order((20000,), online_fen=0)
    privacy.erase(payer_of(order), AT)
    late_refunds.give_back(order=order, line=order.lines.get(), amount_fen=100, by=None, note="", at=AT)
    with pytest.raises(MoneyUnderWayError):
        privacy.erase(payer_of(order), AT)
    Refund.objects.filter(order=order).update(status=RefundStatus.DONE, done_at=AT, next_try_at=None)
    privacy.erase(payer_of(order), AT)


def test_words_of_shop_and_platform_cannot_be_emptied_and_no_word_can_be_changed() -> None:
    order = completed_order((20000,))
    dispute = disputed(order)
    actions.answer(dispute=dispute, said=Said("No."), agrees=False, by=UserFactory(), at=AT)
    for role, text in ((MoneyRole.SHOP, ""), (MoneyRole.OWNER, "Something else.")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            DisputeEvent.objects.filter(dispute=dispute, role=role).update(text=text)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        DisputeEvent.objects.filter(dispute=dispute, role=MoneyRole.OWNER).update(text="", step="decided")
