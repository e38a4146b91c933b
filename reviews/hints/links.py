"""What connects an author with the shop they write about. Each finder asks the database a fixed number of times.

A link is a hint, not a verdict: staff lend a telephone, an owner signs in on the tablet at the counter.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Length, Lower, StrIndex

from accounts.models import KnownDevice, User
from bookings.models import Booking
from payments.choices import CouponFunder
from payments.models import Coupon
from reviews import affiliations
from reviews.choices import HintKind, SignalKind
from reviews.hints import copies
from reviews.hints.found import Found
from reviews.hints.plain import plain
from reviews.hints.words import any_of
from reviews.models import Affiliation, FollowUpOffer, Review, ReviewVersion, Signal
from shops.models import Invitation, Shop, ShopMember, Technician
from vehicles.models import Car

# A browser that both were seen on within this time.
_DEVICE_WITHIN = timedelta(days=180)
_NEW_WITHIN = timedelta(days=7)
_RECIPROCAL_WITHIN = timedelta(days=180)
# A burst: so many within a day or a week, and so many times the usual of the eight weeks before (product decision).
_BURST_DAY, _BURST_WEEK = 10, 20
_TIMES_USUAL = 5
_USUAL_WEEKS = 8
_CHEAPER = any_of(r"\bcheaper\b|\bgo to\b|\bbetter (?:at|go)\b", r"便宜|不如去|建议去|推荐去")


def same_device(version: ReviewVersion, at: datetime) -> list[Found]:
    """The author and somebody of the shop use one browser. One query."""
    review = version.review
    shared = KnownDevice.objects.filter(
        user__in=_people_of(review), key_hash=OuterRef("key_hash"), last_seen_at__gt=at - _DEVICE_WITHIN
    )
    mine = KnownDevice.objects.filter(Exists(shared), user=review.author, last_seen_at__gt=at - _DEVICE_WITHIN)
    count = mine.count()
    return [Found(HintKind.SAME_DEVICE, 40, data={"devices": count})] if count else []


def known_to_shop(version: ReviewVersion, at: datetime) -> list[Found]:
    """The author, or the contact or car of the visit, is known to the shop in another way. Five queries."""
    review = version.review
    booking, author, shop = review.booking, review.author, review.shop
    contacts = {contact for contact in (author.email, author.phone, booking.contact_phone) if contact}
    found = []
    if shop.phone and shop.phone in contacts:
        found.append("shop_phone")
    reached = Q(email__in=contacts) | Q(phone__in=contacts)
    if User.objects.filter(reached, pk__in=_people_of(review)).exists():
        found.append("member_contact")
    if Invitation.objects.filter(reached, shop=shop).exists():
        found.append("invited")
    found += sorted(_ties(booking, author, at))
    if _is_car_of_member(version):
        found.append("member_car")
    return [Found(HintKind.SHOP_LINK, 40, data={"how": found})] if found else []


def _ties(booking: Booking, author: User, at: datetime) -> set[str]:
    """Ties that forbid no review: those that are over, and those declared after the visit was booked."""
    ties = Affiliation.objects.filter(affiliations.ties_of(author), shop=booking.shop_id)
    return {
        "affiliation_over" if until is not None and until <= at else "affiliation_later"
        for since, until in ties.values_list("since", "until")
        if since > booking.created_at or (until is not None and until <= at)
    }


def _is_car_of_member(version: ReviewVersion) -> bool:
    booking, car = version.review.booking, version.review.booking.car
    plates = {plate for plate in (booking.plate, car.plate if car else "") if plate}
    vins = {vin for vin in (booking.vin, car.vin if car else "") if vin}
    members = ShopMember.objects.filter(shop=version.review.shop).exclude(user=version.review.author_id)
    owned = Car.objects.filter(owner__in=members.values("user"))
    return owned.filter(Q(plate__in=plates) | Q(vin__in=vins)).exists()


def money(version: ReviewVersion, _at: datetime) -> list[Found]:
    """The shop paid for a coupon of the author's that was made before they wrote. Vouchers of a follow-up are not
    counted: they come after a bad review, and everybody sees them. One query."""
    review = version.review
    put_right = FollowUpOffer.objects.filter(coupon=OuterRef("pk"))
    paid = Coupon.objects.filter(
        ~Exists(put_right),
        person=review.author,
        shop=review.shop,
        funder__in=[CouponFunder.SHOP, CouponFunder.SHARED],
        created_at__lt=version.written_at,
    )
    values = list(paid.values_list("value_fen", flat=True)[:20])
    return [Found(HintKind.MONEY_LINK, 30, data={"coupons": len(values), "fen": max(values)})] if values else []


def new_account(version: ReviewVersion, _at: datetime) -> list[Found]:
    """The author signed up less than a week before writing: good to know, no risk, for everybody is new once. No
    query."""
    age = version.written_at - version.review.author.date_joined
    if version.number > 1 or not timedelta(0) <= age < _NEW_WITHIN:
        return []
    return [Found(HintKind.NEW_ACCOUNT, 0, data={"days": age.days})]


def reciprocal(version: ReviewVersion, at: datetime) -> list[Found]:
    """The author works at another shop, and somebody of this shop reviewed that one lately. One query."""
    review = version.review
    here = ShopMember.objects.filter(shop=review.shop).exclude(user=review.author).values("user")
    theirs = Review.objects.filter(
        shop__members__user=review.author, author__in=here, created_at__gt=at - _RECIPROCAL_WITHIN
    )
    slug = theirs.exclude(shop=review.shop).values_list("shop__slug", flat=True).first()
    return [Found(HintKind.RECIPROCAL, 30, data={"shop": slug})] if slug else []


def burst(version: ReviewVersion, at: datetime) -> list[Found]:
    """Many more reviews of the shop than usual come in at once. One query, along an index, of nine weeks."""
    week = timedelta(weeks=1)
    since = at - week * (_USUAL_WEEKS + 1)
    times = Review.objects.filter(shop=version.review.shop, created_at__gt=since, created_at__lte=at)
    counts = times.aggregate(day=_count(at - timedelta(days=1)), week=_count(at - week), all=Count("pk"))
    usual = (counts["all"] - counts["week"]) / _USUAL_WEEKS
    for span, few, per_week in (("day", _BURST_DAY, 7), ("week", _BURST_WEEK, 1)):
        count = counts[span]
        if count >= few and count >= _TIMES_USUAL * usual / per_week:
            data = {"span": span, "count": count, "usual": round(usual / per_week, 1)}
            return [Found(HintKind.BURST, 15, data=data)]
    return []


def vote_ring(version: ReviewVersion, _at: datetime) -> list[Found]:
    """The author belongs to an open pattern of people who vote for each other. One query, of open patterns."""
    rings = Signal.objects.filter(
        kind=SignalKind.VOTE_RING, is_harmless=False, data__authors__contains=[version.review.author_id]
    )
    row = rings.order_by("-last_seen_at").values_list("data", flat=True).first()
    return [Found(HintKind.VOTE_RING, 20, data={"people": len({*row["users"], *row["authors"]})})] if row else []


def copied(version: ReviewVersion, _at: datetime) -> list[Found]:
    """The text was written before (`reviews.hints.copies`)."""
    return copies.find(version)


def other_shop(version: ReviewVersion, _at: datetime) -> list[Found]:
    """The text sends readers to another shop of the city by name. One query, only where it speaks of a better price."""
    text = plain(version.text).text
    if not _CHEAPER.search(text):
        return []
    named = (
        Shop.objects.filter(city_id=version.review.shop.city_id)
        .exclude(pk=version.review.shop_id)
        .annotate(
            zh=StrIndex(Value(text), Lower("name_zh")),
            en=StrIndex(Value(text), Lower("name_en")),
            zh_length=Length("name_zh"),
            en_length=Length("name_en"),
        )
        .filter(Q(zh__gt=0, zh_length__gte=4) | Q(en__gt=0, en_length__gte=6))
    )
    row = named.order_by("pk").first()
    return [Found(HintKind.ADVERTISING, 15, data={"what": "other_shop", "shop": row.slug})] if row else []


def _people_of(review: Review) -> QuerySet[ShopMember, Any]:
    """The accounts of who works at the shop of a review, without its author, for use in another query."""
    members = ShopMember.objects.filter(shop=review.shop).exclude(user=review.author).order_by().values("user")
    people = Technician.objects.filter(resource__shop=review.shop, user__isnull=False).exclude(user=review.author)
    return members.union(people.values("user"))


def _count(since: datetime) -> Count:
    return Count("pk", filter=Q(created_at__gt=since))
