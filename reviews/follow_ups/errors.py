"""What winning an unhappy owner back says no to, besides what `reviews.errors` has."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict


class OfferStandsError(Conflict):
    code = "offer_stands"
    message = _("An offer of this kind waits for the owner already. Withdraw it before you make another.")


class TooManyOffersError(Conflict):
    code = "too_many_offers"
    message = _("This follow-up has had many offers. Talk to the owner instead.")


class TooManyContactsError(Conflict):
    code = "too_many_contacts"
    message = _("You have written to this owner many times. Wait for an answer.")


class ComebackOpenError(Conflict):
    """The visit's car is booked to come back already."""

    code = "comeback_open"
    message = _("A visit to put this right is booked already. Have the work added to it.")


class NothingToJudgeError(Conflict):
    """The shop has not made contact, and still has time to."""

    code = "nothing_to_judge"
    message = _("The shop has not written to you yet. You can answer once it has, or once its time to write is over.")
