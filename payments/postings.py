"""Which accounts each event moves: the whole of the platform's bookkeeping on one page.

Each function gives a `Movement` for `payments.ledger.post`. What is held for an owner has an account of its own for
each order, so that no order can ever give back or settle more than was paid for it. Drawn in docs/rules/money.md.
"""

from __future__ import annotations

from payments.choices import PROVIDER_KINDS, AccountKind, ProviderKey, TransactionKind
from payments.ledger import AccountRef, Leg, Movement, lock
from payments.models import (
    BillLine,
    CouponUse,
    Dispute,
    Order,
    OrderLine,
    Payment,
    Payout,
    ProviderBill,
    Refund,
    Settlement,
)


def at_provider(provider: str, currency: str = "CNY") -> AccountRef:
    """Our money at a provider (or at our bank)."""
    return AccountRef(AccountKind.PSP_CLEARING, currency, provider=provider)


def held(order: Order) -> AccountRef:
    """What was paid for an order and belongs to nobody yet."""
    return AccountRef(AccountKind.HELD, order.currency, order_id=order.pk)


def reserve(order: Order) -> AccountRef:
    """What is held back of an order for a dispute."""
    return AccountRef(AccountKind.DISPUTE_RESERVE, order.currency, order_id=order.pk)


def payable(shop_id: int, currency: str = "CNY") -> AccountRef:
    """What the platform owes a shop."""
    return AccountRef(AccountKind.SHOP_PAYABLE, currency, shop_id=shop_id)


def receivable(shop_id: int, currency: str = "CNY") -> AccountRef:
    """What a shop owes the platform: what it took at the counter, what was refunded after settlement."""
    return AccountRef(AccountKind.SHOP_RECEIVABLE, currency, shop_id=shop_id)


def coupons_of(shop_id: int | None, currency: str = "CNY") -> AccountRef:
    """Coupons paid for by a shop, or (None) by the platform."""
    return AccountRef(AccountKind.COUPON_FUNDING, currency, shop_id=shop_id)


def platform(kind: AccountKind, currency: str = "CNY") -> AccountRef:
    """One of the platform's own accounts: commission, fees, suspense, points."""
    return AccountRef(kind, currency)


def lock_all_of(order: Order) -> None:
    """Lock every account that several movements of one locked order in one transaction can touch."""
    providers = order.payments.values_list("provider", flat=True).distinct()
    lock(
        [
            held(order),
            payable(order.shop_id, order.currency),
            receivable(order.shop_id, order.currency),
            coupons_of(None, order.currency),
            coupons_of(order.shop_id, order.currency),
            platform(AccountKind.COMMISSION, order.currency),
            platform(AccountKind.FEES, order.currency),
            *(
                AccountRef(kind, order.currency, provider=provider)
                for provider in providers
                if provider != ProviderKey.SHOP
                for kind in PROVIDER_KINDS
            ),
        ]
    )


def _legs(*pairs: tuple[AccountRef, int]) -> tuple[Leg, ...]:
    return tuple(Leg(account, fen) for account, fen in pairs if fen != 0)


# --- Money comes in ---------------------------------------------------------------------------------


def paid(payment: Payment) -> Movement:
    """An owner has paid: at the counter the shop has it and owes it, online the provider has it."""
    order, fen = payment.order, payment.amount_fen
    at_shop = payment.provider == ProviderKey.SHOP
    source = receivable(order.shop_id, order.currency) if at_shop else at_provider(payment.provider, order.currency)
    return Movement(
        key=f"paid:{payment.request_no}",
        kind=TransactionKind.PAID_AT_SHOP if at_shop else TransactionKind.PAID,
        legs=_legs((source, fen), (held(order), -fen)),
        currency=order.currency,
        order_id=order.pk,
        shop_id=order.shop_id,
    )


def coupon_used(use: CouponUse) -> Movement:
    """Whoever gives the coupon pays this part of the price."""
    return _coupon(use, TransactionKind.COUPON_USED, 1)


def coupon_returned(use: CouponUse) -> Movement:
    """The coupon was not needed: its money goes back to who gives it."""
    return _coupon(use, TransactionKind.COUPON_RETURNED, -1)


def _coupon(use: CouponUse, kind: TransactionKind, sign: int) -> Movement:
    order = use.order
    return Movement(
        key=f"{kind}:{use.pk}",
        kind=kind,
        legs=_legs(
            (coupons_of(None, order.currency), sign * use.platform_fen),
            (coupons_of(order.shop_id, order.currency), sign * use.shop_fen),
            (held(order), -sign * use.amount_fen),
        ),
        currency=order.currency,
        order_id=order.pk,
        shop_id=order.shop_id,
    )


def suspended(*, provider: str, currency: str, amount_fen: int, request_no: str) -> Movement:
    """Money has come that nobody can explain: wrong amount, or never asked for."""
    return Movement(
        key=f"suspended:{provider}:{request_no}",
        kind=TransactionKind.SUSPENDED,
        legs=_legs(
            (at_provider(provider, currency), amount_fen), (platform(AccountKind.SUSPENSE, currency), -amount_fen)
        ),
        currency=currency,
        data={"request_no": request_no},
    )


def cleared(*, provider: str, currency: str, amount_fen: int, request_no: str) -> Movement:
    """Unexplained money was sent back to where it came from."""
    return Movement(
        key=f"cleared:{provider}:{request_no}",
        kind=TransactionKind.CLEARED,
        legs=_legs(
            (platform(AccountKind.SUSPENSE, currency), amount_fen), (at_provider(provider, currency), -amount_fen)
        ),
        currency=currency,
        data={"request_no": request_no},
    )


# --- Money goes back --------------------------------------------------------------------------------


def refund_requested(refund: Refund) -> Movement:
    """Money of an order is to go back: through the provider, or by the shop, which is then owed it."""
    order, fen = refund.order, refund.amount_fen
    at_shop = refund.payment.provider == ProviderKey.SHOP
    to = payable(order.shop_id, order.currency) if at_shop else _on_its_way_back(refund)
    return Movement(
        key=f"refund:{refund.public_id}",
        kind=TransactionKind.REFUNDED_AT_SHOP if at_shop else TransactionKind.REFUND_REQUESTED,
        legs=_legs((held(order), fen), (to, -fen)),
        currency=order.currency,
        order_id=order.pk,
        shop_id=order.shop_id,
    )


def refund_done(refund: Refund) -> Movement:
    """The provider has given the money back."""
    order, fen = refund.order, refund.amount_fen
    return Movement(
        key=f"refund_done:{refund.public_id}",
        kind=TransactionKind.REFUND_DONE,
        legs=_legs((_on_its_way_back(refund), fen), (at_provider(refund.payment.provider, order.currency), -fen)),
        currency=order.currency,
        order_id=order.pk,
        shop_id=order.shop_id,
    )


def _on_its_way_back(refund: Refund) -> AccountRef:
    return AccountRef(AccountKind.REFUND_CLEARING, refund.currency, provider=refund.payment.provider)


def late_refund(line: OrderLine, *, amount_fen: int, commission_fen: int) -> Movement:
    """What was settled of a line comes back from the shop, and its commission from the platform, before it is refunded.

    To be asked for before `line.refunded_fen` grows by it: that is what makes each time another.
    """
    order = line.order
    return Movement(
        key=f"late_refund:{line.pk}:{line.refunded_fen}",
        kind=TransactionKind.LATE_REFUND,
        legs=_legs(
            (receivable(order.shop_id, order.currency), amount_fen - commission_fen),
            (platform(AccountKind.COMMISSION, order.currency), commission_fen),
            (held(order), -amount_fen),
        ),
        currency=order.currency,
        order_id=order.pk,
        shop_id=order.shop_id,
    )


# --- Disputes ---------------------------------------------------------------------------------------


def dispute_held(dispute: Dispute, amount_fen: int) -> Movement:
    """The disputed lines wait; the rest of the order does not."""
    return _dispute(dispute, TransactionKind.DISPUTE_HELD, amount_fen)


def dispute_released(dispute: Dispute, amount_fen: int) -> Movement:
    """The dispute is closed: what was held back is refunded or settled next."""
    return _dispute(dispute, TransactionKind.DISPUTE_RELEASED, -amount_fen)


def _dispute(dispute: Dispute, kind: TransactionKind, fen: int) -> Movement:
    order = dispute.order
    return Movement(
        key=f"{kind}:{dispute.public_id}",
        kind=kind,
        legs=_legs((held(order), fen), (reserve(order), -fen)),
        currency=order.currency,
        order_id=order.pk,
        shop_id=order.shop_id,
    )


# --- Settlement and payout --------------------------------------------------------------------------


def settled(
    settlement: Settlement,
    *,
    gross_fen: int,
    commission_fen: int,
    processing_fen: int,
    coupon_fen: int,
    owed_fen: int = 0,
) -> Movement:
    """What was held becomes the shop's, less commission, the fee for paying online and its share of a coupon.

    `owed_fen` is what it owes for lines of which less is left than its own coupon was worth.
    """
    order = settlement.order
    net_fen = gross_fen - commission_fen - processing_fen - coupon_fen
    return Movement(
        key=f"settled:{settlement.pk}",
        kind=TransactionKind.SETTLED,
        legs=_legs(
            (held(order), gross_fen),
            (payable(order.shop_id, order.currency), -net_fen - owed_fen),
            (receivable(order.shop_id, order.currency), owed_fen),
            (platform(AccountKind.COMMISSION, order.currency), -commission_fen),
            (platform(AccountKind.FEES, order.currency), -processing_fen),
            (coupons_of(order.shop_id, order.currency), -coupon_fen),
        ),
        currency=order.currency,
        order_id=order.pk,
        shop_id=order.shop_id,
    )


def payout_started(payout: Payout) -> Movement:
    """What a shop is owed and what it owes are netted; the rest is on its way."""
    return _payout(payout, TransactionKind.PAYOUT_STARTED, 1)


def payout_failed(payout: Payout) -> Movement:
    """The payout came back: everything is owed as before."""
    return _payout(payout, TransactionKind.PAYOUT_FAILED, -1)


def _payout(payout: Payout, kind: TransactionKind, sign: int) -> Movement:
    return Movement(
        key=f"{kind}:{payout.public_id}",
        kind=kind,
        legs=_legs(
            (payable(payout.shop_id, payout.currency), sign * payout.payable_fen),
            (receivable(payout.shop_id, payout.currency), -sign * payout.receivable_fen),
            (_on_its_way_out(payout), -sign * payout.amount_fen),
        ),
        currency=payout.currency,
        shop_id=payout.shop_id,
    )


def payout_done(payout: Payout) -> Movement:
    """The shop has its money."""
    return Movement(
        key=f"payout_done:{payout.public_id}",
        kind=TransactionKind.PAYOUT_DONE,
        legs=_legs(
            (_on_its_way_out(payout), payout.amount_fen),
            (at_provider(payout.batch.channel, payout.currency), -payout.amount_fen),
        ),
        currency=payout.currency,
        shop_id=payout.shop_id,
    )


def _on_its_way_out(payout: Payout) -> AccountRef:
    return AccountRef(AccountKind.PAYOUT_CLEARING, payout.currency, provider=payout.batch.channel)


# --- From the provider's bill -----------------------------------------------------------------------


def provider_fees(bill: ProviderBill, *, currency: str, amount_fen: int) -> Movement:
    """What the provider kept for its service in the whole of a bill (negative, as on the bill). One posting for all:
    a busy day has a fee for each of its payments."""
    return Movement(
        key=f"provider_fees:{bill.provider}:{bill.day}:{currency}",
        kind=TransactionKind.PROVIDER_FEE,
        legs=_legs(
            (platform(AccountKind.FEES, currency), -amount_fen),
            (at_provider(bill.provider, currency), amount_fen),
        ),
        currency=currency,
    )


def withdrawal(row: BillLine) -> Movement:
    """The provider has sent our money to our bank (on the bill a negative amount)."""
    return Movement(
        key=f"withdrawal:{row.bill.provider}:{row.bill.day}:{row.position}",
        kind=TransactionKind.WITHDRAWAL,
        legs=_legs(
            (at_provider(ProviderKey.BANK, row.currency), -row.amount_fen),
            (at_provider(row.bill.provider, row.currency), row.amount_fen),
        ),
        currency=row.currency,
    )
