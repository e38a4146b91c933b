"""Reading reviews of a shop with 50 and of one with 50,000, beside one SQL statement that reads the same page; the
scores of 10,000 shops at the turn of a month; what one publication costs at both shops.

The rows are written by SQL with triggers off, into the copy of the world that the run throws away.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from django.db import connection, transaction

from benchmarks import engine
from benchmarks.measures.base import Bench, Line, ms
from reviews import publication, ranking, reading, summaries, tallies
from reviews.limits import PAGE
from reviews.models import Listing, Review, Subject
from reviews.reading import Sort

FEW, MANY = 50, 50_000
SCORED_SHOPS, MONTHS = 10_000, 24
AT = datetime(2026, 11, 22, 4, tzinfo=UTC)

# Ids of the rows made here: far above those of the world.
_BASE = 100_000_000

# Visits like one that the world has, each with a review of one version. $1: shop, $2: first id, $3: how many.
_REVIEWS = """
INSERT INTO bookings_booking
SELECT made.* FROM bookings_booking AS like_this
CROSS JOIN generate_series(1, %(count)s) AS n
CROSS JOIN LATERAL jsonb_populate_record(like_this, jsonb_build_object(
    'id', %(base)s + n, 'public_id', lpad((%(base)s + n)::text, 16, 'b'), 'number', 'R-' || (%(base)s + n),
    'shop_id', %(shop)s, 'status', 'completed', 'started_at', %(at)s::timestamptz - n * interval '20 minutes',
    'ready_at', %(at)s::timestamptz - n * interval '20 minutes',
    'completed_at', %(at)s::timestamptz - n * interval '20 minutes'
)) AS made
WHERE like_this.id = (SELECT id FROM bookings_booking WHERE owner_id IS NOT NULL ORDER BY id LIMIT 1);
INSERT INTO reviews_review (id, public_id, booking_id, author_id, shop_id, service_id, model_id, visit_month, status,
    shown_id, published_at, helpful_count, created_at)
SELECT visit.id, lpad(visit.id::text, 16, 'r'), visit.id, visit.owner_id, visit.shop_id, visit.service_id,
    variant.model_id, date_trunc('month', visit.completed_at), 'published', visit.id, visit.completed_at,
    CASE WHEN visit.id %% 10 = 0 THEN visit.id %% 37 ELSE 0 END, visit.completed_at
FROM bookings_booking AS visit JOIN vehicles_variant AS variant ON variant.id = visit.variant_id
WHERE visit.id > %(base)s AND visit.id <= %(base)s + %(count)s;
INSERT INTO reviews_reviewversion (id, review_id, number, stars, workmanship, honesty, communication, waiting, price,
    would_return, text, shows_facts, written_at, status, decided_at, risk, masks)
SELECT id, id, 1, 1 + (id %% 5 * 7 %% 5), 5, 4, 5, 3, 4, true, repeat('Explained what was needed and did that. ', 6),
    true, published_at, 'approved', published_at, 0, '[]'
FROM reviews_review WHERE id > %(base)s AND id <= %(base)s + %(count)s;
INSERT INTO reviews_reviewperson (review_id, person_id, role)
SELECT review.id, (SELECT min(id) FROM shops_resource WHERE shop_id = %(shop)s AND kind = 'technician'), 'technician'
FROM reviews_review AS review WHERE id > %(base)s AND id <= %(base)s + %(count)s;
"""
_SUBJECT = """
INSERT INTO reviews_listing (subject_id, review_id, published_at, stars, helpful_count)
SELECT %(subject)s, review.id, review.published_at, version.stars, review.helpful_count
FROM reviews_review AS review JOIN reviews_reviewversion AS version ON version.id = review.shown_id
WHERE review.id > %(base)s AND review.id <= %(base)s + %(count)s;
INSERT INTO reviews_monthtally (subject_id, month, {columns})
SELECT %(subject)s, review.visit_month, {sums}
FROM reviews_review AS review JOIN reviews_reviewversion AS version ON version.id = review.shown_id
WHERE review.id > %(base)s AND review.id <= %(base)s + %(count)s GROUP BY review.visit_month;
UPDATE reviews_subject SET ({columns}) = (
    SELECT {totals} FROM reviews_monthtally WHERE subject_id = %(subject)s
) WHERE id = %(subject)s;
"""
# Ten thousand more shops, unlisted, each with reviews of two years.
_SHOPS = """
INSERT INTO shops_shop
SELECT made.* FROM shops_shop AS like_this
CROSS JOIN generate_series(1, %(shops)s) AS n
CROSS JOIN LATERAL jsonb_populate_record(like_this, jsonb_build_object(
    'id', %(base)s + n, 'public_id', lpad((%(base)s + n)::text, 16, 's'), 'slug', 'scored-' || n, 'is_listed', false
)) AS made
WHERE like_this.id = (SELECT min(id) FROM shops_shop);
INSERT INTO reviews_subject (id, shop_id, {columns}, score_milli, scored_month)
SELECT %(base)s + n, %(base)s + n, {zeros}, 4000, %(before)s FROM generate_series(1, %(shops)s) AS n;
INSERT INTO reviews_monthtally (subject_id, month, {columns})
SELECT %(base)s + n, (%(before)s::date - m * interval '1 month')::date, {some}
FROM generate_series(1, %(shops)s) AS n CROSS JOIN generate_series(0, %(months)s - 1) AS m;
UPDATE reviews_subject SET n4 = 3 * %(months)s, n5 = 5 * %(months)s WHERE id > %(base)s;
"""
# What a page shows, in one statement.
_PAGE = """
SELECT review.public_id, review.published_at, review.helpful_count, version.stars, version.text, version.masks,
    author.name, booking.labour_fen, booking.parts_fen, booking.final_fen, booking.ready_at, booking.agreed_end_at,
    service.name_en, model.name_en,
    (SELECT json_agg(person.name_en) FROM reviews_reviewperson AS who
        JOIN shops_resource AS person ON person.id = who.person_id WHERE who.review_id = review.id),
    (SELECT json_agg(photo.photo_id) FROM (SELECT reviewphoto_id AS photo_id FROM reviews_reviewversion_photos AS p
        WHERE p.reviewversion_id = version.id) AS photo),
    (SELECT reply.text FROM reviews_reply AS reply WHERE reply.review_id = review.id AND reply.status = 'published')
FROM (
    SELECT review_id FROM reviews_listing WHERE subject_id = %s
    ORDER BY helpful_count DESC, published_at DESC, review_id DESC LIMIT 21
) AS listed
JOIN reviews_review AS review ON review.id = listed.review_id
JOIN reviews_reviewversion AS version ON version.id = review.shown_id
JOIN accounts_user AS author ON author.id = review.author_id
JOIN bookings_booking AS booking ON booking.id = review.booking_id
JOIN catalog_service AS service ON service.id = review.service_id
JOIN vehicles_carmodel AS model ON model.id = review.model_id
"""


class Reviews:
    """Reads and rolled back writes on two shops of the world; the scores of 10,000 more are due anew in each round."""

    def __init__(self, bench: Bench) -> None:
        self.repeats = max(20, bench.repeats // 4)
        with transaction.atomic():
            _without_triggers()
            self.few, self.many = _reviewed(1, _BASE, FEW), _reviewed(2, _BASE * 2, MANY)
            _scored_shops()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        self.asks = self._asks()
        self.taken: dict[str, list[float]] = {}
        self.scored: list[float] = []

    def take_round(self) -> str:
        for name, ask in self.asks.items():
            self.taken.setdefault(name, []).append(median(engine.timed(ask, self.repeats)))
        self.scored.append(SCORED_SHOPS / _turn_of_a_month())
        few, many = (1000 * self.taken[f"{Sort.USEFUL.value}, {count}"][-1] for count in ("few", "many"))
        return f"a page {few:.1f} ms of {FEW}, {many:.1f} ms of {MANY}; {self.scored[-1]:.0f} shops scored a second"

    def lines(self) -> list[Line]:
        found = [
            self._grown(name)
            for name in (*(sort.value for sort in Sort), "a page in the middle", "summary", "publication")
        ]
        beside = self.taken[f"{Sort.USEFUL.value}, many"]
        raw = self.taken["raw SQL, many"]
        ratio = median(ours / theirs for ours, theirs in zip(beside, raw, strict=True))
        queries, _spent = engine.asked(self.asks[f"{Sort.USEFUL.value}, many"])
        text = f"SQL {ms(raw)}, × {ratio:.1f}; {queries} queries"
        found.append(Line(f"a page of {MANY:,} reviews beside one statement", ms(beside), text))
        found.append(Line(f"turn of a month, {SCORED_SHOPS:,} shops", f"{median(self.scored):.0f} shops/s"))
        return found

    def _grown(self, name: str) -> Line:
        few, many = (self.taken[f"{name.lower()}, {count}"] for count in ("few", "many"))
        ratio = median(b / a for a, b in zip(few, many, strict=True))
        return Line(
            f"reviews, {name.lower()}: {FEW} to {MANY:,}", f"{ms(few)} → {ms(many)}", f"× **{ratio:.2f}**", "≤ 1.5 ×"
        )

    def _asks(self) -> dict[str, Callable[[], object]]:
        asks: dict[str, Callable[[], object]] = {}
        for count, subject in (("few", self.few), ("many", self.many)):
            for sort in Sort:
                asks[f"{sort.value}, {count}"] = _page(subject, sort, "")
            middle = _middle(subject)
            asks[f"a page in the middle, {count}"] = _page(subject, Sort.USEFUL, middle)
            asks[f"summary, {count}"] = lambda of=subject: summaries.with_course(of, at=AT)  # type: ignore[misc]
            asks[f"publication, {count}"] = _publication(subject)
        asks["raw SQL, many"] = lambda: _raw(self.many)
        return asks


def _page(subject: Subject, sort: Sort, after: str) -> Callable[[], object]:
    return lambda: reading.page(subject, sort=sort, after=after)


def _middle(subject: Subject) -> str:
    """The place of the review in the middle of the most useful ones."""
    rows = Listing.objects.filter(subject=subject).order_by("-helpful_count", "-published_at", "-review_id")
    row = rows.select_related("review")[subject.reviews // 2 - 1]
    return str(reading.Place(row.helpful_count, row.stars, row.published_at, row.review.public_id))


def _publication(subject: Subject) -> Callable[[], object]:
    """Putting the one review into counts and lists that is not in them yet, rolled back."""
    review = Review.objects.filter(shop=subject.shop_id).exclude(listings__subject=subject).get(pk__gt=_BASE)

    def move() -> None:
        with transaction.atomic():
            one = publication.locked(review)
            if one.shown is None:
                raise RuntimeError("the review is not shown")
            tallies.put_in(one, one.shown, at=AT)
            transaction.set_rollback(True)

    return move


def _raw(subject: Subject) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, [subject.pk])
        if len(cursor.fetchall()) != PAGE + 1:
            raise RuntimeError("the page is not full")


def _turn_of_a_month() -> float:
    """Seconds in which all scores become those of the present month; they are made due first."""
    before = ranking.month_of(AT).replace(month=10)
    Subject.objects.filter(pk__gt=_BASE * 3).update(scored_month=before)
    began = time.perf_counter()
    while ranking.refresh_due(at=AT):
        pass
    return time.perf_counter() - began


# --- Rows ----------------------------------------------------------------------------------------------------


def _without_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")


def _reviewed(shop_number: int, base: int, count: int) -> Subject:
    """A shop of the world with `count` reviews; the subject that it is."""
    columns = ("n1", "n2", "n3", "n4", "n5")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shops_shop ORDER BY id OFFSET %s LIMIT 1", [shop_number])
        shop = cursor.fetchone()[0]
        numbers = {"shop": shop, "base": base, "count": count, "at": AT}
        cursor.execute(_REVIEWS, {**numbers, "count": count + 1})  # the last one is neither counted nor listed
        subject = Subject.objects.create(shop_id=shop, scored_month=ranking.month_of(AT))
        one_each = [f"count(*) FILTER (WHERE version.stars = {stars})" for stars in range(1, 6)]
        rest = [name for name in tallies.COLUMNS if name not in columns]
        sql = _SUBJECT.format(
            columns=", ".join([*columns, *rest]),
            sums=", ".join([*one_each, *("0" for _ in rest)]),
            totals=", ".join(f"sum({name})" for name in [*columns, *rest]),
        )
        cursor.execute(sql, {**numbers, "subject": subject.pk})
    return Subject.objects.get(pk=subject.pk)


def _scored_shops() -> None:
    zeros = ", ".join("0" for _ in tallies.COLUMNS)
    some = ", ".join({"n4": "3", "n5": "5"}.get(name, "0") for name in tallies.COLUMNS)
    sql = _SHOPS.format(columns=", ".join(tallies.COLUMNS), zeros=zeros, some=some)
    before = ranking.month_of(AT).replace(month=10)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"shops": SCORED_SHOPS, "base": _BASE * 3, "months": MONTHS, "before": before})
