"""States of money and the moves between them. Imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ProviderKey(models.TextChoices):
    """Through whom money comes and goes."""

    ALIPAY = "alipay", _("Alipay")
    WECHAT = "wechat", _("WeChat Pay")
    STRIPE = "stripe", _("Bank card (Stripe)")
    SANDBOX = "sandbox", _("Test payment")
    SHOP = "shop", _("At the shop")
    BANK = "bank", _("Bank transfer")


# Those that owners can pay with online, in the order in which they are offered.
ONLINE = (ProviderKey.ALIPAY, ProviderKey.WECHAT, ProviderKey.STRIPE, ProviderKey.SANDBOX)


class AccountKind(models.TextChoices):
    """The accounts of the ledger. What each is for, and which way it grows: docs/rules/money.md."""

    PSP_CLEARING = "psp_clearing", _("At the provider")
    HELD = "held", _("Held for the owner")
    DISPUTE_RESERVE = "dispute_reserve", _("Held for a dispute")
    SHOP_PAYABLE = "shop_payable", _("Owed to the shop")
    SHOP_RECEIVABLE = "shop_receivable", _("Owed by the shop")
    COMMISSION = "commission", _("Commission")
    FEES = "fees", _("Payment fees")
    COUPON_FUNDING = "coupon_funding", _("Coupons paid for")
    POINTS_LIABILITY = "points_liability", _("Points given out")
    PAYOUT_CLEARING = "payout_clearing", _("Payouts on their way")
    REFUND_CLEARING = "refund_clearing", _("Refunds on their way")
    SUSPENSE = "suspense", _("Not explained")


# Accounts that grow with debits: what is owned or owed to the platform. The others grow with credits.
DEBIT_KINDS = (AccountKind.PSP_CLEARING, AccountKind.SHOP_RECEIVABLE, AccountKind.COUPON_FUNDING)
# Accounts that can never fall below zero: nobody is given what is not there.
FLOORED_KINDS = (
    AccountKind.HELD,
    AccountKind.DISPUTE_RESERVE,
    AccountKind.SHOP_PAYABLE,
    AccountKind.SHOP_RECEIVABLE,
    AccountKind.PAYOUT_CLEARING,
    AccountKind.REFUND_CLEARING,
)
# What an account belongs to: one account for each provider, order or shop; the others are the platform's, one of each.
ORDER_KINDS = (AccountKind.HELD, AccountKind.DISPUTE_RESERVE)
SHOP_KINDS = (AccountKind.SHOP_PAYABLE, AccountKind.SHOP_RECEIVABLE)
PROVIDER_KINDS = (AccountKind.PSP_CLEARING, AccountKind.PAYOUT_CLEARING, AccountKind.REFUND_CLEARING)


class TransactionKind(models.TextChoices):
    """What moved money (`payments.postings` says between which accounts)."""

    PAID = "paid", _("Paid online")
    PAID_AT_SHOP = "paid_at_shop", _("Paid at the shop")
    REFUND_REQUESTED = "refund_requested", _("Refund on its way")
    REFUND_DONE = "refund_done", _("Refund arrived")
    REFUNDED_AT_SHOP = "refunded_at_shop", _("Refunded at the shop")
    COUPON_USED = "coupon_used", _("Coupon used")
    COUPON_RETURNED = "coupon_returned", _("Coupon given back")
    DISPUTE_HELD = "dispute_held", _("Held for a dispute")
    DISPUTE_RELEASED = "dispute_released", _("Dispute closed")
    SETTLED = "settled", _("Settled with the shop")
    LATE_REFUND = "late_refund", _("Taken back from the shop")
    PAYOUT_STARTED = "payout_started", _("Payout on its way")
    PAYOUT_DONE = "payout_done", _("Payout arrived")
    PAYOUT_FAILED = "payout_failed", _("Payout came back")
    SUSPENDED = "suspended", _("Put aside, not explained")
    CLEARED = "cleared", _("Explained")
    PROVIDER_FEE = "provider_fee", _("Fee of the provider")
    WITHDRAWAL = "withdrawal", _("Withdrawn from the provider to the bank")


class OrderStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("an order", "Open")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


class LineKind(models.TextChoices):
    WORK = "work", _("Work")
    LATE_CANCEL = "late_cancel", _("Late cancellation")
    NO_SHOW = "no_show", _("No-show")


class Purpose(models.TextChoices):
    """What a payment is for."""

    DEPOSIT = "deposit", _("Deposit")
    BALANCE = "balance", _("Price of the visit")
    FEE = "fee", _("Fee")


class PaymentStatus(models.TextChoices):
    CREATED = "created", _("Started")
    PENDING = "pending", _("Waiting for the payment")
    CLOSED = "closed", _("Not paid")
    PAID = "paid", _("Paid")


# A late word never lowers a state: paid is the last, also of a payment that was closed before.
PAYMENT_RANK = {PaymentStatus.CREATED: 0, PaymentStatus.PENDING: 1, PaymentStatus.CLOSED: 2, PaymentStatus.PAID: 3}


class ShopMethod(models.TextChoices):
    """How an owner paid at the counter."""

    CASH = "cash", _("Cash")
    CARD = "card", _("Card")
    WECHAT = "wechat", _("WeChat at the counter")
    ALIPAY = "alipay", _("Alipay at the counter")
    TRANSFER = "transfer", _("Transfer")


class RefundReason(models.TextChoices):
    CANCELLED = "cancelled", _("The visit was cancelled")
    LATE_PAYMENT = "late_payment", _("Paid after the visit was off")
    OVERPAID = "overpaid", _("Paid more than the visit cost")
    DISPUTE = "dispute", _("Decided in a dispute")
    GOODWILL = "goodwill", _("Given back by the shop")
    CORRECTION = "correction", _("Put right by the platform")


class RefundStatus(models.TextChoices):
    REQUESTED = "requested", _("On its way")
    DONE = "done", _("Given back")
    FAILED = "failed", _("Refused by the provider")


class NoticeVerdict(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")


class AlarmKind(models.TextChoices):
    """What a person has to look at."""

    WRONG_AMOUNT = "wrong_amount", _("Wrong amount paid")
    WRONG_CURRENCY = "wrong_currency", _("Wrong currency paid")
    UNKNOWN_PAYMENT = "unknown_payment", _("Payment that we never asked for")
    NOTICE_REFUSED = "notice_refused", _("Notice refused")
    REFUND_FAILED = "refund_failed", _("Refund refused")
    PAYOUT_FAILED = "payout_failed", _("Payout refused")
    SETTLEMENT_PARKED = "settlement_parked", _("Settlement given up")
    FREEZE_ENDS = "freeze_ends", _("Provider releases the money soon")
    DIFFERENCE = "difference", _("Difference to the provider's bill")
    BOOKS_OFF = "books_off", _("The books do not balance")
    BILL_MISSING = "bill_missing", _("Provider's bill is missing")


class CouponFunder(models.TextChoices):
    PLATFORM = "platform", _("Platform")
    SHOP = "shop", _("Shop")
    SHARED = "shared", _("Shared")


class CouponUseStatus(models.TextChoices):
    USED = "used", _("Used")
    RETURNED = "returned", _("Given back")


class SettlementKind(models.TextChoices):
    VISIT = "visit", _("Visit")
    FEE = "fee", _("Fee")
    DISPUTE = "dispute", _("After a dispute")


class SettlementStatus(models.TextChoices):
    DUE = "due", _("To be settled")
    SETTLED = "settled", _("Settled")


class StatementKind(models.TextChoices):
    """What changed what a shop is owed."""

    WORK = "work", _("Work")
    FEE = "fee", _("Fee")
    PAID_AT_SHOP = "paid_at_shop", _("Paid at the shop")
    REFUNDED_AT_SHOP = "refunded_at_shop", _("Refunded at the shop")
    LATE_REFUND = "late_refund", _("Refund after settlement")


class StatementSide(models.TextChoices):
    PAYABLE = "payable", _("Owed to the shop")
    RECEIVABLE = "receivable", _("Owed by the shop")


class PayoutStatus(models.TextChoices):
    CREATED = "created", _("To be sent")
    SENT = "sent", _("On its way")
    PAID = "paid", _("Paid out")
    FAILED = "failed", _("Came back")


class DisputeReason(models.TextChoices):
    NOT_DONE = "not_done", _("It was not done")
    BADLY_DONE = "badly_done", _("It was done badly")
    NOT_AGREED = "not_agreed", _("I did not agree to it")
    OVERCHARGED = "overcharged", _("It cost more than agreed")
    DAMAGE = "damage", _("Something was damaged")
    OTHER = "other", _("Another reason")


class DisputeStatus(models.TextChoices):
    OPEN = "open", _("Waiting for the shop")
    ANSWERED = "answered", _("Waiting for the decision")
    DECIDED = "decided", _("Decided")
    WITHDRAWN = "withdrawn", _("Withdrawn")


DISPUTE_OPEN = (DisputeStatus.OPEN, DisputeStatus.ANSWERED)


class DisputeStep(models.TextChoices):
    """What happened in a dispute."""

    OPENED = "opened", _("Dispute opened")
    ANSWERED = "answered", _("Shop answered")
    COMMENTED = "commented", _("Word added")
    DECIDED = "decided", _("Platform decided")
    WITHDRAWN = "withdrawn", _("Owner withdrew it")


class MoneyRole(models.TextChoices):
    """As what somebody moved money."""

    OWNER = "owner", _("Owner")
    SHOP = "shop", _("Shop")
    PLATFORM = "platform", _("Platform")
    SYSTEM = "system", _("System")


class Bucket(models.TextChoices):
    """How a movement compares with the provider's bill."""

    MATCHED = "matched", _("Matched")
    OURS_ONLY = "ours_only", _("Only in our books")
    THEIRS_ONLY = "theirs_only", _("Only on the provider's bill")
    AMOUNT = "amount", _("Amounts differ")
    TIMING = "timing", _("On another day")


class BillSubject(models.TextChoices):
    """What a row of a provider's bill, or a movement beside it, is about."""

    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    PAYOUT = "payout", _("Payout")
    FEE = "fee", _("Fee of the provider")
    WITHDRAWAL = "withdrawal", _("Withdrawn from the provider to the bank")
    OTHER = "other", _("Something else")
