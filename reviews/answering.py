"""The owner's short word on a visit: happy or not. An unhappy one is followed up by the shop."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.models import Booking
from core.errors import Conflict
from reviews import invitations, rules
from reviews import words as kept_words
from reviews.choices import FollowUpCause
from reviews.follow_ups import opening
from reviews.models import VisitAnswer

MAX_WORDS = 1000


class FollowedUpError(Conflict):
    """The owner was not happy, and the shop is at it: whether it was put right is said in the follow-up."""

    code = "followed_up"
    message = _(
        "You said that you were not happy, and the shop was told. Say in the follow-up whether it was put right."
    )


@transaction.atomic
def answer(*, booking: Booking, by: User, is_happy: bool, words: str = "", at: datetime) -> VisitAnswer:
    """Say whether one was happy with a visit; `by` is its owner (the caller fetched the visit by `visible_to`).

    The same answer again changes nothing. Happy may become unhappy (trouble often shows on the way home), not the other
    way round. Raises what `rules.why_not_review` gives, FollowedUpError, InvalidInput with the field. Side effects, in
    order: the invitation ends; an unhappy answer opens a follow-up.
    """
    words = kept_words.checked(words, limit=MAX_WORDS, field="words", needed=False)
    refusal = rules.why_not_review(by, booking, at=at)
    if refusal is not None:
        raise refusal
    said, is_news = _said(booking, is_happy=is_happy, words=words, at=at)
    if not is_news and said.is_happy == is_happy:
        return said
    if not is_news:
        if is_happy:
            raise FollowedUpError
        said.is_happy, said.words, said.at = False, words, at
        said.save(update_fields=["is_happy", "words", "at"])
    invitations.end(booking, at=at)
    if not is_happy:
        opening.open_for(booking=booking, cause=FollowUpCause.UNHAPPY_ANSWER, at=at)
    return said


def _said(booking: Booking, *, is_happy: bool, words: str, at: datetime) -> tuple[VisitAnswer, bool]:
    """The answer of a visit, its row locked, and whether it was written just now. Two windows write one."""
    known = VisitAnswer.objects.select_for_update(no_key=True)
    if (found := known.filter(booking=booking).first()) is not None:
        return found, False
    try:
        with transaction.atomic():
            return VisitAnswer.objects.create(booking=booking, is_happy=is_happy, words=words, at=at), True
    except IntegrityError:
        return known.get(booking=booking), False
