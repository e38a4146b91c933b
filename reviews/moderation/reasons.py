"""What the author of a text that is not shown is told, for each reason code."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reviews.choices import ReasonCode


@dataclass(frozen=True, slots=True)
class Explanation:
    """`why` says what is wrong, `what_next` what can be done about it."""

    why: str | Promise
    what_next: str | Promise


_EXPLANATIONS: dict[ReasonCode, Explanation] = {
    ReasonCode.ADVERTISING: Explanation(
        _("The text advertises something, or sends readers elsewhere."),
        _("Leave out names, links and offers of other businesses, and say how your visit was."),
    ),
    ReasonCode.NOT_THIS_VISIT: Explanation(
        _("The text is not about this visit: it is about another shop, another time or something else."),
        _("Write about the work that was done on your car at this visit."),
    ),
    ReasonCode.COPIED: Explanation(
        _("The text, or most of it, stands in another review or on another site."),
        _("Say in your own words how your visit was."),
    ),
    ReasonCode.THREAT: Explanation(
        _("The text threatens somebody, or asks for something in return for a better review."),
        _("Say what happened. If you want your money back, open a dispute on the visit: we deal with it there."),
    ),
    ReasonCode.PAID: Explanation(
        _("The text says, or there are clear signs, that something was given or promised for it."),
        _("Reviews are written without any reward. You can write it anew without one."),
    ),
    ReasonCode.INSULT: Explanation(
        _("The text insults somebody. Strong criticism is welcome, insults are not."),
        _("Say what was wrong without the insults."),
    ),
    ReasonCode.PERSONAL_DATA: Explanation(
        _("The text or a photo shows personal data of others, for example a face, a plate or a full name."),
        _("Leave it out, or cover it on the photo."),
    ),
    ReasonCode.OWN_SHOP: Explanation(
        _("There are clear signs that you belong to this shop or do business with it."),
        _("If that is wrong, appeal and say how you know the shop."),
    ),
    ReasonCode.UNLAWFUL: Explanation(
        _("The text or a photo is against the law, or asks others to break it."),
        _("Leave that part out."),
    ),
}


def explain(reason: str) -> Explanation:
    """The words for a reason code, in the reader's language when they are shown."""
    return _EXPLANATIONS[ReasonCode(reason)]
