"""The rows of money: orders and payments, the ledger, settlement and payouts, disputes, reconciliation."""

from payments.models.coupons import Coupon, CouponUse
from payments.models.disputes import Dispute, DisputedLine, DisputeEvent, DisputePhoto
from payments.models.inbox import Alarm, ProviderNotice
from payments.models.ledger import LedgerAccount, LedgerEntry, LedgerTransaction
from payments.models.orders import MAX_AMOUNT_FEN, Order, OrderLine, Payment, Refund
from payments.models.reconciling import BillLine, BookCheck, Difference, ProviderBill
from payments.models.settling import (
    MAX_COMMISSION_BP,
    MAX_PROCESSING_BP,
    FeeRule,
    FeeSchedule,
    Payout,
    PayoutAccount,
    PayoutBatch,
    Settlement,
    Statement,
    StatementLine,
)

__all__ = [
    "MAX_AMOUNT_FEN",
    "MAX_COMMISSION_BP",
    "MAX_PROCESSING_BP",
    "Alarm",
    "BillLine",
    "BookCheck",
    "Coupon",
    "CouponUse",
    "Difference",
    "Dispute",
    "DisputeEvent",
    "DisputePhoto",
    "DisputedLine",
    "FeeRule",
    "FeeSchedule",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerTransaction",
    "Order",
    "OrderLine",
    "Payment",
    "Payout",
    "PayoutAccount",
    "PayoutBatch",
    "ProviderBill",
    "ProviderNotice",
    "Refund",
    "Settlement",
    "Statement",
    "StatementLine",
]
