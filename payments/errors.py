"""What money says no to. Nothing has moved when one of these is raised."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, InvalidInput, NotAllowed


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


class CouponError(InvalidInput):
    """The coupon cannot be used here. The message says why; `code` is the same for all."""

    code = "coupon"
    message = _("This coupon cannot be used here.")


class WindowClosedError(Conflict):
    code = "window_closed"
    message = _("The time for a dispute is over.")


class AccountNotVerifiedError(NotAllowed):
    code = "account_not_verified"
    message = _("The shop's account has not been verified.")
    status = 409
