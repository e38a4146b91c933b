"""What money says no to. Nothing has moved when one of these is raised."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, InvalidInput, NotAllowed, Refusal


class AmountError(InvalidInput):
    """Not a whole positive amount of fen, or more than there is."""

    code = "amount"
    message = _("This amount is not possible.")


class NothingDueError(Conflict):
    code = "nothing_due"
    message = _("There is nothing to pay.")


class OrderClosedError(Conflict):
    code = "order_closed"
    message = _("This visit is closed: nothing more can be paid or changed.")


class NotRefundableError(AmountError):
    """More than what was paid and not given back yet."""

    code = "not_refundable"
    message = _("More than was paid cannot be given back.")


class ProviderNotOfferedError(InvalidInput):
    code = "provider_not_offered"
    message = _("This way of paying is not offered.")


class ProviderSilentError(Refusal):
    """The provider gave no answer: whether it has heard of the payment is not known. The same again does no harm."""

    code = "provider_silent"
    message = _("The payment provider does not answer. Try again in a moment.")
    status = 503


class PaymentRefusedError(Conflict):
    """The provider does not take this payment."""

    code = "payment_refused"
    message = _("The payment provider did not accept this payment. Choose another way to pay.")


class PaymentReplacedError(Conflict):
    """Another payment of the same order was started while this one was."""

    code = "payment_replaced"
    message = _("Another payment was started for this visit in the meantime.")


class RefundNotWaitingError(Conflict):
    """The refund is not one that can be sent again, or confirmed, by hand."""

    code = "refund_not_waiting"
    message = _("This refund is already done or on its way.")


class CouponError(InvalidInput):
    """The coupon cannot be used here. The message says why; `code` is the same for all."""

    code = "coupon"
    message = _("This coupon cannot be used here.")


class CouponStaysError(Conflict):
    """Without this coupon the visit would be booked without its deposit."""

    code = "coupon_stays"
    message = _("The coupon stands for the deposit and stays with this visit.")


class WindowClosedError(Conflict):
    code = "window_closed"
    message = _("The time for a dispute is over.")


class LineInDisputeError(Conflict):
    code = "line_in_dispute"
    message = _("There is an open dispute about this line. It is decided there.")


class OwnInterestError(NotAllowed):
    """Who works at the shop, or pays for the visit, does not act for the platform in it."""

    code = "own_interest"
    message = _("You are part of this shop or this visit. Somebody else of the platform has to do this.")


class AccountNotVerifiedError(NotAllowed):
    code = "account_not_verified"
    message = _("The shop's account has not been verified.")
    status = 409
