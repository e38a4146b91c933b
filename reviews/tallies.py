"""Counts and lists of published reviews, moved by one review at a time and checked against all of them.

Only `reviews.publication` calls `put_in` and `take_out`, inside its transaction and under the review's row lock.
Subjects are locked in ascending order, last, so that two publications cannot wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F, Q

from reviews import ranking
from reviews.choices import Dimension
from reviews.models import Listing, MonthTally, Review, ReviewVersion, Subject

COLUMNS = (
    *(f"n{stars}" for stars in range(1, 6)),
    *(f"{dimension.value}_{part}" for dimension in Dimension for part in ("sum", "n")),
    "return_yes",
    "return_no",
)


def put_in(review: Review, version: ReviewVersion, *, at: datetime) -> None:
    """Count a version and list its review under each of its subjects."""
    subjects = _locked_subjects(review)
    _move(subjects, review, version, sign=1)
    Listing.objects.bulk_create(
        Listing(
            subject=subject,
            review=review,
            published_at=review.published_at or at,
            stars=version.stars,
            helpful_count=review.helpful_count,
        )
        for subject in subjects
    )
    ranking.rescore(_fresh(subjects), at=at)


def take_out(review: Review, version: ReviewVersion, *, at: datetime) -> None:
    """Count a version no more and take its review off the lists."""
    subjects = _locked_subjects(review)
    _move(subjects, review, version, sign=-1)
    Listing.objects.filter(review=review).delete()
    ranking.rescore(_fresh(subjects), at=at)


def exchange(review: Review, old: ReviewVersion, new: ReviewVersion, *, at: datetime) -> None:
    """Count `new` in the place of `old`."""
    subjects = _locked_subjects(review)
    _move(subjects, review, old, sign=-1)
    _move(subjects, review, new, sign=1)
    Listing.objects.filter(review=review).update(stars=new.stars)
    ranking.rescore(_fresh(subjects), at=at)


def _locked_subjects(review: Review) -> list[Subject]:
    """The subjects of a review, made where there are none yet, locked in ascending order. Four queries."""
    wanted = _wanted(review)
    Subject.objects.bulk_create(wanted, ignore_conflicts=True)
    matching = Q()
    for subject in wanted:
        matching |= Q(
            **{f"{name}_id": getattr(subject, f"{name}_id") for name in _KEYS if getattr(subject, f"{name}_id")}
        ) & Q(**{f"{name}__isnull": True for name in _KEYS if not getattr(subject, f"{name}_id")})
    return list(Subject.objects.filter(matching).order_by("pk").select_for_update(no_key=True))


def _wanted(review: Review) -> list[Subject]:
    """What a review is about, in one order for all reviews: who makes a new row waits for nobody who waits for it."""
    services = {line.service_id for line in review.booking.booked_services.all()} | {review.service_id}
    people = sorted(row.person_id for row in review.people.all())
    wanted = [Subject(shop_id=review.shop_id), Subject(shop_id=review.shop_id, model_id=review.model_id)]
    wanted += [Subject(shop_id=review.shop_id, technician_id=person_id) for person_id in people]
    for service_id in sorted(services):
        wanted += [Subject(shop_id=review.shop_id, service_id=service_id), Subject(service_id=service_id)]
    return wanted


_KEYS = ("shop", "technician", "service", "model")


def _move(subjects: Sequence[Subject], review: Review, version: ReviewVersion, *, sign: int) -> None:
    ids = [subject.pk for subject in subjects]
    months = [MonthTally(subject_id=pk, month=review.visit_month) for pk in ids]
    MonthTally.objects.bulk_create(months, ignore_conflicts=True)
    moves = {name: F(name) + sign * by for name, by in columns_of(version).items()}
    MonthTally.objects.filter(subject__in=ids, month=review.visit_month).update(**moves)
    Subject.objects.filter(pk__in=ids).update(**moves)


def columns_of(version: ReviewVersion) -> dict[str, int]:
    """What a version adds to which column of `Counts`. Pure."""
    found = {f"n{version.stars}": 1}
    for dimension in Dimension:
        given = version.rating(dimension)
        if given is not None:
            found |= {f"{dimension.value}_sum": given, f"{dimension.value}_n": 1}
    if version.would_return is not None:
        found["return_yes" if version.would_return else "return_no"] = 1
    return found


def _fresh(subjects: Sequence[Subject]) -> list[Subject]:
    return list(Subject.objects.filter(pk__in=[subject.pk for subject in subjects]).order_by("pk"))


# --- Checking -----------------------------------------------------------------------------------------

_SHOULD_BE = """
WITH told AS (
    SELECT review.id, review.shop_id, review.model_id, review.visit_month, version.*
    FROM reviews_review AS review
    JOIN LATERAL (
        SELECT {columns} FROM reviews_reviewversion AS v WHERE v.id = review.shown_id
    ) AS version ON true
    WHERE review.status = 'published'
),
named AS (
    SELECT told.id, told.shop_id, NULL::bigint AS technician_id, NULL::bigint AS service_id, NULL::bigint AS model_id
        FROM told
    UNION ALL SELECT told.id, told.shop_id, NULL, NULL, told.model_id FROM told
    UNION ALL SELECT told.id, told.shop_id, who.person_id, NULL, NULL
        FROM told JOIN reviews_reviewperson AS who ON who.review_id = told.id
    UNION ALL SELECT told.id, side.shop_id, NULL, what.service_id, NULL
        FROM told
        JOIN (
            SELECT review.id, line.service_id FROM reviews_review AS review
            JOIN bookings_bookedservice AS line ON line.booking_id = review.booking_id
            UNION SELECT review.id, review.service_id FROM reviews_review AS review
        ) AS what ON what.id = told.id
        CROSS JOIN LATERAL (VALUES (told.shop_id), (NULL::bigint)) AS side (shop_id)
),
should AS (
    SELECT named.shop_id, named.technician_id, named.service_id, named.model_id, told.visit_month, {sums}
    FROM named JOIN told ON told.id = named.id
    GROUP BY 1, 2, 3, 4, 5
),
known AS (
    SELECT subject.shop_id, subject.technician_id, subject.service_id, subject.model_id, tally.month, {tallied}
    FROM reviews_monthtally AS tally JOIN reviews_subject AS subject ON subject.id = tally.subject_id
    WHERE ({counted}) > 0
),
wrong_months AS ((TABLE should EXCEPT TABLE known) UNION ALL (TABLE known EXCEPT TABLE should)),
wrong_totals AS (
    SELECT subject.id FROM reviews_subject AS subject
    LEFT JOIN reviews_monthtally AS tally ON tally.subject_id = subject.id
    GROUP BY subject.id HAVING ({totals})
),
wrong_lists AS (
    (SELECT subject.shop_id, subject.technician_id, subject.service_id, subject.model_id, row.review_id
        FROM reviews_listing AS row JOIN reviews_subject AS subject ON subject.id = row.subject_id
     EXCEPT SELECT shop_id, technician_id, service_id, model_id, id FROM named)
    UNION ALL
    (SELECT shop_id, technician_id, service_id, model_id, id FROM named
     EXCEPT SELECT subject.shop_id, subject.technician_id, subject.service_id, subject.model_id, row.review_id
        FROM reviews_listing AS row JOIN reviews_subject AS subject ON subject.id = row.subject_id)
),
wrong_order AS (
    SELECT row.id FROM reviews_listing AS row
    JOIN reviews_review AS review ON review.id = row.review_id
    JOIN reviews_reviewversion AS version ON version.id = review.shown_id
    WHERE (row.stars, row.helpful_count, row.published_at)
        IS DISTINCT FROM (version.stars, review.helpful_count, review.published_at)
)
SELECT 'months', count(*) FROM wrong_months UNION ALL SELECT 'totals', count(*) FROM wrong_totals
UNION ALL SELECT 'lists', count(*) FROM wrong_lists UNION ALL SELECT 'order', count(*) FROM wrong_order
"""


def faults() -> dict[str, int]:
    """How many counts, totals and lists differ from what the published reviews say: all 0 when all is well. It reads
    every review: for the nightly check and for tests."""
    one_each = [f"(v.stars = {stars})::int AS n{stars}" for stars in range(1, 6)]
    for dimension in Dimension:
        name = dimension.value
        one_each += [f"coalesce(v.{name}, 0) AS {name}_sum", f"(v.{name} IS NOT NULL)::int AS {name}_n"]
    one_each += [
        "coalesce(v.would_return, false)::int AS return_yes",
        "coalesce(NOT v.would_return, false)::int AS return_no",
    ]
    sql = _SHOULD_BE.format(
        columns=", ".join(one_each),
        sums=", ".join(f"sum(told.{name})::bigint" for name in COLUMNS),
        tallied=", ".join(f"tally.{name}::bigint" for name in COLUMNS),
        counted=" + ".join(f"tally.{name}" for name in COLUMNS),
        totals=" OR ".join(f"subject.{name} <> coalesce(sum(tally.{name}), 0)" for name in COLUMNS),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {name: int(number) for name, number in cursor.fetchall()}
