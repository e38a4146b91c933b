"""How honest shops and technicians are, counted from the visits of the last year (`docs/rules/integrity.md`).

`refresh` counts, in SQL, for everybody at once; `rates` makes of the counts what is shown. Small samples say little, so
a rate is drawn towards the platform's mean, and below `FEW` it is not said at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from bookings.choices import EventKind, LineOrigin, LineState, Status
from bookings.models import IntegrityFigure
from catalog.choices import AdviceVerdict
from shops.models import Shop

WINDOW = timedelta(days=365)
# The platform's mean counts as much as this many cases of one's own (product decision): with 20 cases half of what is
# shown is one's own, with 180 nine tenths.
STRENGTH = 20
# Fewer cases than this say nothing about anybody (product decision, as for prices).
FEW = 5

UNJUSTIFIED = (AdviceVerdict.NOT_NEEDED, AdviceVerdict.MOSTLY_UNNECESSARY)
# Lines that the owner approved, whatever became of them then.
_APPROVED = (LineState.APPROVED, LineState.DONE, LineState.NOT_NEEDED)
# A comeback that did not take place shows nothing.
_GONE = (Status.CANCELLED, Status.EXPIRED, Status.NO_SHOW)


# --- Counting ---------------------------------------------------------------------------------------

_REFRESH = """
WITH visit AS (
    SELECT booking.id, booking.shop_id, booking.ready_at, booking.agreed_end_at,
        booking.labour_fen + booking.parts_fen - booking.discount_fen AS quoted_fen,
        coalesce(said.fen, booking.labour_fen + booking.parts_fen - booking.discount_fen) AS approved_fen,
        coalesce(booking.final_fen, booking.labour_fen + booking.parts_fen - booking.discount_fen) AS final_fen
    FROM bookings_booking AS booking
    LEFT JOIN (
        SELECT line.booking_id, coalesce(sum(version.labour_fen + version.parts_fen - version.discount_fen)
            FILTER (WHERE line.state = ANY(%(approved)s)), 0) AS fen
        FROM bookings_line AS line
        JOIN bookings_lineversion AS version ON version.line_id = line.id AND version.number = line.version
        GROUP BY line.booking_id
    ) AS said ON said.booking_id = booking.id
    WHERE booking.status = %(completed)s AND booking.completed_at > %(since)s AND booking.completed_at <= %(at)s
),
back AS (
    SELECT again.comeback_of_id AS visit_id, event.data -> 'lines' AS lines
    FROM bookings_booking AS again
    JOIN visit ON visit.id = again.comeback_of_id
    LEFT JOIN bookings_bookingevent AS event ON event.booking_id = visit.id AND event.kind = %(comeback)s
        AND event.data ->> 'visit' = again.public_id
    WHERE again.status <> ALL(%(gone)s)
),
part AS (
    SELECT visit.shop_id, NULL::bigint AS technician_id, visit.id,
        EXISTS (SELECT FROM back WHERE back.visit_id = visit.id) AS came_back
    FROM visit
    UNION ALL
    SELECT visit.shop_id, line.technician_id, visit.id,
        bool_or(EXISTS (SELECT FROM back WHERE back.visit_id = visit.id AND back.lines ? line.public_id))
    FROM visit
    JOIN bookings_line AS line ON line.booking_id = visit.id AND line.state = %(done)s
    JOIN shops_resource AS person ON person.id = line.technician_id AND person.shop_id = visit.shop_id
    GROUP BY visit.shop_id, line.technician_id, visit.id
),
sent AS (
    SELECT line.id AS line_id, line.booking_id, version.number, version.created_by_id,
        version.advice_verdict = ANY(%(unjustified)s) AS is_unjustified
    FROM bookings_line AS line
    JOIN bookings_lineversion AS version ON version.line_id = line.id
    WHERE line.origin = %(added)s AND line.sent_at > %(since)s AND line.sent_at <= %(at)s
        AND (version.number = line.version OR EXISTS (
            SELECT FROM bookings_bookingevent AS event
            WHERE event.booking_id = line.booking_id AND event.kind = %(proposed)s AND event.data -> 'lines'
                @> jsonb_build_array(jsonb_build_object('line', line.public_id, 'version', version.number))
        ))
),
said AS (
    SELECT DISTINCT ON (line_id) booking_id, created_by_id, is_unjustified
    FROM sent ORDER BY line_id, is_unjustified DESC, number DESC
),
proposal AS (
    SELECT booking.shop_id, author.technician_id, said.is_unjustified
    FROM said
    JOIN bookings_booking AS booking ON booking.id = said.booking_id
    LEFT JOIN LATERAL (
        SELECT min(person.id) AS technician_id
        FROM shops_technician AS technician
        JOIN shops_resource AS person ON person.id = technician.resource_id
        WHERE technician.user_id = said.created_by_id AND person.shop_id = booking.shop_id
    ) AS author ON true
),
counted AS (
    SELECT part.shop_id, part.technician_id, 1 AS visits, 0 AS proposals, 0 AS unjustified,
        visit.quoted_fen, visit.approved_fen, visit.final_fen,
        (visit.ready_at IS NOT NULL AND visit.agreed_end_at IS NOT NULL)::int AS promised,
        coalesce(visit.ready_at <= visit.agreed_end_at, false)::int AS on_time,
        part.came_back::int AS comebacks
    FROM part JOIN visit ON visit.id = part.id
    UNION ALL
    SELECT shop_id, NULL, 0, 1, is_unjustified::int, 0, 0, 0, 0, 0, 0 FROM proposal
    UNION ALL
    SELECT shop_id, technician_id, 0, 1, is_unjustified::int, 0, 0, 0, 0, 0, 0 FROM proposal
    WHERE technician_id IS NOT NULL
)
INSERT INTO bookings_integrityfigure AS known (shop_id, technician_id, since, computed_at, visits, proposals,
    unjustified, quoted_fen, approved_fen, final_fen, promised, on_time, comebacks)
SELECT shop_id, technician_id, %(since)s, %(at)s, sum(visits), sum(proposals), sum(unjustified), sum(quoted_fen),
    sum(approved_fen), sum(final_fen), sum(promised), sum(on_time), sum(comebacks)
FROM counted GROUP BY shop_id, technician_id ORDER BY shop_id, technician_id
ON CONFLICT (shop_id, technician_id) DO UPDATE SET
    since = excluded.since, computed_at = excluded.computed_at, visits = excluded.visits,
    proposals = excluded.proposals, unjustified = excluded.unjustified, quoted_fen = excluded.quoted_fen,
    approved_fen = excluded.approved_fen, final_fen = excluded.final_fen, promised = excluded.promised,
    on_time = excluded.on_time, comebacks = excluded.comebacks
"""


@transaction.atomic
def refresh(*, at: datetime) -> int:
    """Count the last `WINDOW` before `at` (UTC) anew for every shop and technician; who has nothing has no row.

    Three statements, however many shops and visits. While another run is at it, nothing is done. Returns how many rows
    there are now, 0 where another run was at it.
    """
    parameters: dict[str, Any] = {
        "since": at - WINDOW,
        "at": at,
        "completed": Status.COMPLETED,
        "comeback": EventKind.COMEBACK,
        "proposed": EventKind.PROPOSED,
        "done": LineState.DONE,
        "added": LineOrigin.ADDED,
        "approved": [str(state) for state in _APPROVED],
        "gone": [str(status) for status in _GONE],
        "unjustified": [str(verdict) for verdict in UNJUSTIFIED],
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('bookings.figures', 0))")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_REFRESH, parameters)
        count: int = cursor.rowcount
        cursor.execute("DELETE FROM bookings_integrityfigure WHERE computed_at <> %s", [at])
    return count


# --- Rates ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prior:
    """What is usual on the platform: the means of all shops together, None where nothing was counted."""

    unjustified: float | None = None
    on_time: float | None = None
    comebacks: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """`part` of `whole`, and the share that is shown for it: drawn towards the mean, None for too few to say."""

    part: int
    whole: int
    mean: float | None
    value: float | None

    @property
    def percent(self) -> int | None:
        """The share in whole percent."""
        return None if self.value is None else round(self.value * 100)

    @property
    def mean_percent(self) -> int | None:
        return None if self.mean is None else round(self.mean * 100)


@dataclass(frozen=True, slots=True)
class Rates:
    """What is said about a shop or a technician."""

    visits: int
    unjustified: Rate
    on_time: Rate
    comebacks: Rate
    quoted_fen: int
    approved_fen: int
    final_fen: int

    @property
    def has_enough(self) -> bool:
        """Whether there are enough visits to say something about what they cost."""
        return self.visits >= FEW

    @property
    def quoted_each_fen(self) -> int:
        """The mean of a visit, fen, as the two that follow."""
        return self._each(self.quoted_fen)

    @property
    def approved_each_fen(self) -> int:
        return self._each(self.approved_fen)

    @property
    def final_each_fen(self) -> int:
        return self._each(self.final_fen)

    def _each(self, fen: int) -> int:
        return fen // self.visits if self.visits else 0


def shrunk(part: int, whole: int, mean: float) -> float:
    """The mean of a beta distribution that began at `mean` with the weight of `STRENGTH` cases and has seen `part` of
    `whole`: between `part / whole` and `mean`, the nearer to the first the more cases there are."""
    return (part + STRENGTH * mean) / (whole + STRENGTH)


def rates(figure: IntegrityFigure, prior: Prior) -> Rates:
    """What is shown of counts, with what is usual on the platform. Pure."""
    return Rates(
        visits=figure.visits,
        unjustified=_rate(figure.unjustified, figure.proposals, prior.unjustified),
        on_time=_rate(figure.on_time, figure.promised, prior.on_time),
        comebacks=_rate(figure.comebacks, figure.visits, prior.comebacks),
        quoted_fen=figure.quoted_fen,
        approved_fen=figure.approved_fen,
        final_fen=figure.final_fen,
    )


def _rate(part: int, whole: int, mean: float | None) -> Rate:
    value = shrunk(part, whole, mean) if whole >= FEW and mean is not None else None
    return Rate(part, whole, mean, value)


# --- Reading ----------------------------------------------------------------------------------------

# The rows of a shop, each with the sums over all shops: one statement for a page.
_OF_SHOP = """
SELECT figure.*, platform.* FROM bookings_integrityfigure AS figure
CROSS JOIN (
    SELECT sum(unjustified)::float8 / nullif(sum(proposals), 0) AS mean_unjustified,
        sum(on_time)::float8 / nullif(sum(promised), 0) AS mean_on_time,
        sum(comebacks)::float8 / nullif(sum(visits), 0) AS mean_comebacks
    FROM bookings_integrityfigure WHERE technician_id IS NULL
) AS platform
WHERE figure.shop_id = %s
"""


def of_shop(shop: Shop) -> Mapping[int | None, Rates]:
    """The rates of a shop (key None) and of its technicians (resource ids), of those that have any. One query."""
    rows = IntegrityFigure.objects.raw(_OF_SHOP, [shop.pk])
    return {row.technician_id: rates(row, _prior(row)) for row in rows}


def _prior(row: Any) -> Prior:
    return Prior(row.mean_unjustified, row.mean_on_time, row.mean_comebacks)
