"""Telling a shop what concerns it: a new review, an unhappy owner with the clock, that the platform steps in, the
answer to an appeal and what the second person decided, a reply that is not published. A line and a link to those who
lead the shop, over the channels they chose.

Nothing says how many stars there were: the review does, once it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import day_words, outbox
from core.models import OutboxEvent
from notifications import keys, telling
from notifications.telling import Word
from reviews.choices import FOLLOW_UP_OPEN, Act, AppealStatus, RemovalStatus, ReplyStatus, ReviewStatus, Side
from reviews.message_kinds import SHOP_NEWS
from reviews.models import Appeal, FollowUp, ModerationEvent, Review
from reviews.moderation import reasons
from reviews.moderation.intake import SETTLED_AFTER
from reviews.moderation.undoing import stands
from shops.access import people_who_may
from shops.choices import Permission

_PUBLISHED_FOR_SHOP = "review.published_for_shop"

# What each message says: its subject and its line.
_SAID: dict[str, tuple[str | Promise, str | Promise]] = {
    "published": (_("New review"), _("A new review of visit %(number)s is published. You can reply in public.")),
    "opened": (
        _("An owner is not happy"),
        _("The owner of visit %(number)s is not happy. Get in touch until %(due)s and put it right."),
    ),
    "late": (
        _("Get in touch with an owner"),
        _("The time to get in touch with the owner of visit %(number)s is over. Do it now."),
    ),
    "escalated": (
        _("The platform stepped in"),
        _("The platform has written to you and the owner of visit %(number)s. Read it in the follow-up."),
    ),
    "upheld": (
        _("Your appeal is upheld"),
        _("Your appeal about the review of visit %(number)s is upheld. A second person confirms before it is removed."),
    ),
    "dismissed": (
        _("Your appeal is dismissed"),
        _("Your appeal about the review of visit %(number)s is dismissed. The review stays. Read why."),
    ),
    "kept": (
        _("The review stays"),
        _("A second person has looked at the review of visit %(number)s that you appealed against. It stays."),
    ),
    "removed": (
        _("The review is removed"),
        _("A second person has looked at the review of visit %(number)s that you appealed against. It is removed."),
    ),
    "reply_rejected": (
        _("Your reply is not published"),
        _(
            "Your reply to the review of visit %(number)s is not published. %(why)s "
            "Change it on the page of the review and send it again."
        ),
    ),
}


def connect() -> None:
    """Subscribe; called once when the app is ready."""
    outbox.subscribe("review.published")(wait_for_undo)
    outbox.subscribe(_PUBLISHED_FOR_SHOP)(tell_published)
    outbox.subscribe("follow_up.opened")(tell_follow_up)
    outbox.subscribe("follow_up.late")(tell_follow_up)
    outbox.subscribe("follow_up.escalated")(tell_stepped_in)
    outbox.subscribe("appeal.decided")(tell_appeal)
    outbox.subscribe("review.kept")(tell_second_look)
    outbox.subscribe("review.removed")(tell_second_look)
    outbox.subscribe("reply.decided")(tell_reply)


def wait_for_undo(event: OutboxEvent) -> None:
    """A review was published for the first time: the shop is told once that cannot be undone any more."""
    outbox.schedule(topic=_PUBLISHED_FOR_SHOP, key=event.key, due_at=event.due_at + SETTLED_AFTER)


def tell_published(event: OutboxEvent) -> None:
    """Say that there is a new review; nothing of one that is not shown any more, or was published anew since (that has
    an event of its own)."""
    review = Review.objects.select_related("shop__city", "booking").filter(public_id=event.key).first()
    if review is None or review.status != ReviewStatus.PUBLISHED or review.published_at is None:
        return
    if review.published_at + SETTLED_AFTER <= event.due_at:
        _tell_review(event, review, "published")


def tell_follow_up(event: OutboxEvent) -> None:
    """Say that an owner is not happy, or that the time to get in touch is over; nothing once the shop has."""
    cases = FollowUp.objects.select_related("shop__city", "booking")
    case = cases.filter(public_id=event.key, contacted_at=None, status__in=FOLLOW_UP_OPEN).first()
    if case is not None:
        _tell_case(event, case, event.topic.removeprefix("follow_up."))


def tell_stepped_in(event: OutboxEvent) -> None:
    """Say that the platform has written to owner and shop."""
    case = FollowUp.objects.select_related("shop__city", "booking").filter(public_id=event.key).first()
    if case is not None:
        _tell_case(event, case, "escalated")


def tell_appeal(event: OutboxEvent) -> None:
    """Say how an appeal of the shop was decided; an author's is not the shop's business."""
    appeals = Appeal.objects.select_related("review__shop__city", "review__booking")
    appeal = appeals.filter(public_id=event.payload.get("appeal", ""), side=Side.SHOP).first()
    if appeal is None or appeal.status not in (AppealStatus.UPHELD, AppealStatus.DISMISSED):
        return
    _tell_review(event, appeal.review, str(appeal.status))


def tell_second_look(event: OutboxEvent) -> None:
    """Say what the second person decided, to a shop whose appeal about that version the first one upheld."""
    line = _line(event)
    removal = line.item.removal if line is not None and line.item is not None else None
    if line is None or removal is None or not stands(line):
        return
    if not Appeal.objects.filter(version=removal.version_id, side=Side.SHOP, status=AppealStatus.UPHELD).exists():
        return
    _tell_review(event, line.review, "kept" if removal.status == RemovalStatus.KEPT else "removed")


def tell_reply(event: OutboxEvent) -> None:
    """Say that a reply is not published and why; nothing once that was undone or the shop has written another."""
    line = _line(event)
    reply = line.item.reply if line is not None and line.item is not None else None
    if line is None or reply is None or line.act != Act.REJECTED or not stands(line):
        return
    review = line.review
    if reply.status != ReplyStatus.REJECTED or review.replies.filter(number__gt=reply.number).exists():
        return
    _tell_review(event, review, "reply_rejected", why=reasons.explain(line.reason).why)


def _line(event: OutboxEvent) -> ModerationEvent | None:
    lines = ModerationEvent.objects.select_related(
        "review__shop__city", "review__booking", "item__reply", "item__removal"
    )
    return lines.filter(pk=event.payload.get("event")).first()


def _tell_review(event: OutboxEvent, review: Review, what: str, **values: str | Promise) -> None:
    path = reverse("shop_reviews:detail", args=[review.shop.slug, review.public_id])
    _tell(event, review, what, path, values)


def _tell_case(event: OutboxEvent, case: FollowUp, what: str) -> None:
    path = reverse("shop_reviews:follow_up", args=[case.shop.slug, case.public_id])
    _tell(event, case, what, path, {})


def _tell(
    event: OutboxEvent, about: Review | FollowUp, what: str, path: str, values: Mapping[str, str | Promise]
) -> None:
    words = [
        Word(
            kind=SHOP_NEWS,
            key=keys.make(SHOP_NEWS, about.public_id, what, event.pk, person.pk),
            to=person,
            context=partial(_facts, about, what, path, values),
            path=path,
        )
        for person in people_who_may(about.shop, Permission.REVIEWS, Permission.STAFF)
    ]
    telling.tell_all(words, at=timezone.now())


def _facts(about: Review | FollowUp, what: str, path: str, values: Mapping[str, str | Promise]) -> dict[str, str]:
    title, said = _SAID[what]
    due = day_words.day_time(about.contact_due_at, zone=about.shop.zone) if isinstance(about, FollowUp) else ""
    return {
        "title": str(title),
        "said": str(said) % {"number": about.booking.number, "due": due, **values},
        "shop_name": about.shop.name,
        "url": settings.SITE_URL.rstrip("/") + path,
        "action_words": gettext("Open it"),
    }
