"""What must be true of all visits and claims, asked of the tables in plain SQL: nothing of the engine is used.

Each question returns the rows that break one promise; no rows, no fault.
"""

from __future__ import annotations

from collections import Counter

from django.db import connection

LIVE = "('held', 'requested', 'confirmed', 'checked_in', 'in_service', 'ready', 'completed')"
# Their plan is claimed in full: nothing has been given back yet.
WHOLE = "('held', 'requested', 'confirmed')"

# Minutes from one place to the next, by the great circle: 1.35 times as far at 25 km/h, as `shops.routing` says.
_WAY = """2 * 6371 * asin(sqrt(power(sin(radians({lat} - from_lat) / 2), 2)
    + cos(radians(from_lat)) * cos(radians({lat})) * power(sin(radians({lng} - from_lng) / 2), 2))) * 1.35 / 25 * 60"""
# Every stop of every team with the stop before it on the same local day, or the shop.
_STOPS = f"""SELECT *, {_WAY.format(lat="lat", lng="lng")} AS way FROM (
    SELECT w.resource_id, w.booking_id, w.during, b.visit_latitude AS lat, b.visit_longitude AS lng,
        lag(upper(w.during)) OVER day AS free_from,
        coalesce(lag(b.visit_latitude) OVER day, s.latitude) AS from_lat,
        coalesce(lag(b.visit_longitude) OVER day, s.longitude) AS from_lng
    FROM bookings_allocation w JOIN bookings_booking b ON b.id = w.booking_id JOIN shops_shop s ON s.id = b.shop_id
    WHERE s.kind = 'on_site' AND w.kind = 'work' AND b.visit_latitude IS NOT NULL
    WINDOW day AS (PARTITION BY w.resource_id, b.local_date ORDER BY w.during)) stop"""

QUESTIONS: dict[str, str] = {
    "two claims on one resource overlap": """
        SELECT a.resource_id, a.id, b.id FROM bookings_allocation a JOIN bookings_allocation b
        ON a.resource_id = b.resource_id AND a.id < b.id AND a.during && b.during""",
    "a visit to come claims nothing": f"""
        SELECT id, status FROM bookings_booking b WHERE status IN {WHOLE} AND NOT EXISTS (
            SELECT FROM bookings_allocation a WHERE a.booking_id = b.id AND a.kind = 'work')
            -- A plan may need nobody and nothing: a wash without a bay of its own.
            AND jsonb_path_exists(plan, '$.phases[*].claims[*]')""",
    "an ended visit still claims": f"""
        SELECT b.id, b.status, a.id FROM bookings_booking b JOIN bookings_allocation a ON a.booking_id = b.id
        WHERE b.status NOT IN {LIVE}""",
    "a claim of work belongs to no visit": """
        SELECT a.id FROM bookings_allocation a LEFT JOIN bookings_booking b ON b.id = a.booking_id
        WHERE a.kind IN ('work', 'travel') AND b.id IS NULL""",
    "a claim is on somebody of another shop": """
        SELECT a.id FROM bookings_allocation a JOIN bookings_booking b ON b.id = a.booking_id
        JOIN shops_resource r ON r.id = a.resource_id WHERE r.shop_id <> b.shop_id""",
    "a claim lapses at another time than its visit": f"""
        SELECT b.id, b.status, a.held_until FROM bookings_booking b JOIN bookings_allocation a ON a.booking_id = b.id
        WHERE b.status IN {LIVE} AND a.held_until IS DISTINCT FROM
            CASE WHEN b.status IN ('held', 'requested') THEN b.hold_expires_at END""",
    "a drive does not end where its stop begins": """
        SELECT t.id FROM bookings_allocation t WHERE t.kind = 'travel' AND NOT EXISTS (
            SELECT FROM bookings_allocation w WHERE w.kind = 'work' AND w.resource_id = t.resource_id
            AND w.booking_id = t.booking_id AND lower(w.during) = upper(t.during))""",
    "a visit has no drive though there is time for one": f"""
        SELECT w.id FROM bookings_allocation w JOIN bookings_booking b ON b.id = w.booking_id
        JOIN shops_shop s ON s.id = b.shop_id
        WHERE s.kind = 'on_site' AND w.kind = 'work' AND b.status IN {WHOLE}
        AND (b.visit_latitude, b.visit_longitude) <> (s.latitude, s.longitude)
        AND NOT EXISTS (SELECT FROM bookings_allocation t WHERE t.kind <> 'block'
            AND t.resource_id = w.resource_id AND upper(t.during) = lower(w.during))""",
    "a team cannot be at its next stop in time": f"""
        SELECT resource_id, booking_id, during, way FROM ({_STOPS}) stop
        WHERE extract(epoch FROM lower(during) - free_from) / 60 < way - 0.5""",
    "a drive is shorter than the way": f"""
        SELECT t.id, t.during, way FROM ({_STOPS}) stop JOIN bookings_allocation t
            ON t.kind = 'travel' AND t.resource_id = stop.resource_id AND t.booking_id = stop.booking_id
        WHERE extract(epoch FROM upper(t.during) - lower(t.during)) / 60 < way - 0.5""",
    "the events do not lead to the status": """
        SELECT b.id, b.status FROM bookings_booking b WHERE b.status IS DISTINCT FROM (
            SELECT e.to_status FROM bookings_bookingevent e WHERE e.booking_id = b.id ORDER BY e.id DESC LIMIT 1)""",
    "an event does not follow from the one before": """
        SELECT * FROM (
            SELECT e.booking_id, e.id, e.kind, e.from_status, e.to_status,
                lag(e.to_status, 1, '') OVER (PARTITION BY e.booking_id ORDER BY e.id) AS before
            FROM bookings_bookingevent e) step
        WHERE CASE WHEN before = '' THEN from_status <> ''
            WHEN from_status = '' THEN to_status <> before
            ELSE from_status <> before OR to_status = before END""",
    "a visit's revisions are not its events": """
        SELECT b.id, b.revision, count(*) FROM bookings_booking b JOIN bookings_bookingevent e ON e.booking_id = b.id
        GROUP BY b.id HAVING b.revision > count(*)""",
    "an event was not told to the other rooms": """
        SELECT b.public_id, e.kind, count(*) FROM bookings_bookingevent e JOIN bookings_booking b
            ON b.id = e.booking_id
        GROUP BY b.public_id, e.kind HAVING count(*) <> (SELECT count(*) FROM core_outboxevent o
            WHERE o.key = b.public_id AND o.topic = 'booking.' || e.kind)""",
    "a visit has not the services that were priced": """
        SELECT b.id FROM bookings_booking b LEFT JOIN bookings_bookedservice s ON s.booking_id = b.id
        GROUP BY b.id HAVING count(s.id) = 0 OR sum(s.labour_fen) <> b.labour_fen
            OR sum(s.parts_fen) <> b.parts_fen""",
    "somebody holds two times at one shop": """
        SELECT shop_id, owner_id, visitor_key, count(*) FROM bookings_booking WHERE status = 'held'
        GROUP BY shop_id, owner_id, visitor_key HAVING count(*) > 1""",
    "an offer is not held": """
        SELECT w.id, b.status FROM bookings_waitingentry w LEFT JOIN bookings_booking b ON b.id = w.offered_id
        WHERE w.status = 'offered' AND (b.id IS NULL OR b.status <> 'held' OR b.source <> 'waiting'
            OR b.owner_id <> w.owner_id OR b.shop_id <> w.shop_id
            OR b.starts_at < w.not_before OR b.starts_at >= w.not_after)""",
    "a hold from the waiting list is nobody's offer": """
        SELECT b.id FROM bookings_booking b WHERE b.status = 'held' AND b.source = 'waiting' AND 1 <> (
            SELECT count(*) FROM bookings_waitingentry w WHERE w.offered_id = b.id AND w.status = 'offered')""",
    "a place has two live offers": """
        SELECT w.id, count(*) FROM bookings_waitingentry w JOIN bookings_booking b
            ON b.owner_id = w.owner_id AND b.shop_id = w.shop_id AND b.source = 'waiting' AND b.status = 'held'
        WHERE w.status IN ('waiting', 'offered') GROUP BY w.id HAVING count(*) > 1""",
    "somebody waits twice at one shop": """
        SELECT shop_id, owner_id FROM bookings_waitingentry WHERE status IN ('waiting', 'offered')
        GROUP BY shop_id, owner_id HAVING count(*) > 1""",
    "a place was taken without a booking": """
        SELECT w.id, b.status FROM bookings_waitingentry w LEFT JOIN bookings_booking b ON b.id = w.offered_id
        WHERE w.status = 'taken' AND (b.id IS NULL OR b.status = 'held')""",
    # Walk through the phases of each visit, waiting at most as long as was agreed: is there a way on which every phase
    # finds its claims, and which ends when the visit was promised to be ready?
    "the claims do not cover the phases": f"""
        WITH RECURSIVE visit AS (
            SELECT id, starts_at, ends_at, plan -> 'phases' AS phases FROM bookings_booking WHERE status IN {WHOLE}
        ), way AS (
            SELECT id, 0 AS done, starts_at AS ready FROM visit
            UNION
            SELECT visit.id, way.done + 1, begun.at + (phase ->> 'ticks')::int * interval '5 min'
            FROM way JOIN visit ON visit.id = way.id
            CROSS JOIN LATERAL (SELECT visit.phases -> way.done AS phase) this
            CROSS JOIN LATERAL (
                SELECT way.ready + wait * interval '5 min' AS at FROM generate_series(
                    0, CASE way.done WHEN 0 THEN 0 ELSE (phase ->> 'max_wait')::int END) wait) begun
            WHERE phase IS NOT NULL AND NOT EXISTS (
                SELECT FROM jsonb_array_elements(phase -> 'claims') claim WHERE NOT EXISTS (
                    SELECT FROM bookings_allocation a JOIN shops_resource r ON r.id = a.resource_id
                    WHERE a.booking_id = visit.id AND a.kind = 'work' AND r.kind = claim ->> 0
                    AND to_jsonb(r.capabilities) @> (claim -> 1)
                    AND a.during @> tstzrange(begun.at + (claim ->> 2)::int * interval '5 min',
                        begun.at + ((claim ->> 2)::int + (claim ->> 3)::int) * interval '5 min')))
        )
        SELECT visit.id FROM visit WHERE NOT EXISTS (SELECT FROM way WHERE way.id = visit.id
            AND way.done = jsonb_array_length(visit.phases) AND way.ready = visit.ends_at)""",
}


def faults() -> dict[str, list[tuple[object, ...]]]:
    """Every promise that is broken, with the rows (ten at most) that break it."""
    found = {}
    with connection.cursor() as cursor:
        for name, sql in QUESTIONS.items():
            cursor.execute(f"SELECT * FROM ({sql}) broken LIMIT 10")
            if rows := cursor.fetchall():
                found[name] = rows
    return found


# What follows from a step of the workshop besides its own event; who took the step is told of that one.
FOLLOWS = ("stage", "line_done", "check_passed")
# Happens to a visit once at most, and asking again is told the same.
ONCE = frozenset({"held", "confirmed", "requested", "cancelled"})
MOVES = ("rescheduled", "reassigned")


def lost_or_invented(reported: Counter[tuple[str, int]]) -> dict[str, Counter[tuple[str, int]]]:
    """What clients were told has happened to visits and is not written down; what is written and nobody was told.

    What the platform does by itself (lapse, replace, make room, offer) is told to nobody.
    """
    told = Counter({(kind, visit): 1 if kind in ONCE else times for (kind, visit), times in reported.items()})
    untold = f"WHERE actor_role <> 'system' AND kind NOT IN {FOLLOWS}"
    return {"lost": told - _written(""), "invented": _written(untold) - told}


def _written(which: str) -> Counter[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT kind, booking_id FROM bookings_bookingevent {which}")
        return Counter(("moved" if kind in MOVES else kind, visit) for kind, visit in cursor.fetchall())
