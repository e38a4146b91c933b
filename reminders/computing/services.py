"""Due items by schedule, measurement, test and the owner's own word: the first lines of the plan, written so that the
same fact always gives the same item. Pure.

An item is of one cycle: it is counted from the last time that the work was done ("2025-03-01") or from new. To a test
belongs the newest reading of the part ("~"): with another reading it is the next test. A part at its limit is another
matter than one that will get there ("!"), and what the owner put off comes back as they said ("+").
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from catalog.advice import measured
from catalog.advice.belief import Story
from catalog.advice.dates import MONTHS_A_YEAR, add_months
from catalog.advice.facts import Item, Measurement, Schedule
from catalog.choices import AdviceRule, Direction, PointKind, Tone, Trigger
from catalog.models import CheckPoint
from catalog.needs.shape import By as LineBy
from catalog.needs.shape import Deferred, Line, Remembered
from catalog.needs.words import km_a_month
from catalog.points import Point, made_on, tone_of
from reminders.choices import By, Source
from reminders.computing.shape import LIMIT, NEW, OWN, PUT_OFF, READ, SERVICE, Computed, Known

_TESTED = (Trigger.SCHEDULE_THEN_TEST, Trigger.TEST)
_MAX_TITLE = 120


def items(known: Known) -> Iterator[Computed]:
    """One item for each service with a line, but for the inspection by law."""
    for line in known.firsts.lines:
        if line.by == LineBy.LAW:
            continue
        yield _of_line(line, known)


def own_work(known: Known) -> Iterator[Computed]:
    """What shops proposed in their own words and the owner put off, where they said until when."""
    for row in known.firsts.remembered:
        if row.on is not None or row.deferred.until_km is not None:
            yield _remembered(row, known)


def start(item: Item, story: Story) -> str:
    """From which time on a service is counted, as the beginning of a cycle."""
    last = story.last(item.key, *item.also_done_with)
    return last.on.isoformat() if last else NEW


def newest_reading(item: Item, story: Story) -> tuple[Point, Measurement] | None:
    """The newest sane reading of the part that is in the car now, whether or not it still speaks for the car."""
    found: tuple[Point, Measurement] | None = None
    for point in item.points if story.readings else ():
        readings, _limit = measured.of_this_part(point, item, story)
        if readings and (found is None or readings[-1].on > found[1].on):
            found = point, readings[-1]
    return found


def _of_line(line: Line, known: Known) -> Computed:
    adviser = known.firsts.adviser
    item = adviser.book.items[line.key]
    begins = start(item, adviser.story)
    if line.by == LineBy.DEFERRED and line.deferred is not None:
        return _put_off(line, line.deferred, begins, known)
    if line.by == LineBy.LIMIT:
        return _at_limit(line, item, begins, known)
    if item.trigger in _TESTED:
        return _to_test(line, item, begins, known)
    return _item(line, begins, known)


def _item(line: Line, cycle: str, known: Known, **changed: Any) -> Computed:
    """The line as it stands: by kilometres, by the calendar, or along measurements."""
    is_worn = line.by in (LineBy.TREND, LineBy.AGE)
    is_test = line.by == LineBy.TEST
    values: dict[str, Any] = {
        "source": Source.MEASURED if is_worn else Source.TEST if is_test else Source.SCHEDULE,
        "by": By.WEAR if line.by == LineBy.TREND else _by(line),
        "due_on": line.true_on,
        "earliest_on": line.true_earliest,
        "latest_on": line.true_latest,
        "due_km": line.trend.km if line.trend and line.trend.by_km else line.numbers.due_km,
        "is_likely": is_worn or is_test,
        "facts": _facts("trend" if is_worn else "test" if is_test else "interval", line, known),
    }
    return Computed(
        **{**values, **changed},
        subject=f"{SERVICE}:{line.key}",
        cycle=cycle,
        service=line.key,
        is_by_prior=line.is_by_prior,
    )


def _by(line: Line) -> By:
    """What comes first of kilometres and the calendar."""
    if line.by in (LineBy.KM, LineBy.MONTHS):
        return By.KM if line.by == LineBy.KM else By.DATE
    numbers = line.numbers
    return By.KM if numbers.due_km is not None and line.true_on != numbers.due_on else By.DATE


def _at_limit(line: Line, item: Item, begins: str, known: Known) -> Computed:
    """Needed since the measurement that showed it, not since the newest one."""
    story, numbers = known.firsts.adviser.story, line.advice.numbers
    is_measured = numbers.measured_on is not None
    on = _at_limit_since(numbers.point, item, story) or line.true_on
    return _item(
        line,
        begins + LIMIT,
        known,
        source=Source.MEASURED,
        by=By.WEAR if is_measured else By.DATE,
        due_on=on,
        earliest_on=on,
        latest_on=on,
        due_km=None,
        is_likely=False,
        facts=_facts("limit" if is_measured else "evidence", line, known),
        holds_day=not is_measured,
    )


def _at_limit_since(key: str, item: Item, story: Story) -> date | None:
    """The first of the readings that have been at the limit ever since; of a tyre the day on which it was too old."""
    point = next((point for point in item.points if point.key == key), None)
    if point is None:
        return None
    readings, limit = measured.of_this_part(point, item, story)
    if limit is None or not readings:
        return None
    if point.kind == PointKind.DATE:
        made = made_on(readings[-1].value)
        return None if made is None else max(add_months(made, int(limit) * MONTHS_A_YEAR), readings[0].on)
    sign = 1 if point.direction == Direction.HIGH_IS_BAD else -1
    since = None
    for taken in reversed(readings):
        over = sign * (taken.value - limit)
        if over < 0 or (over == 0 and not point.is_red_at_limit):
            break
        since = taken.on
    return since


def _to_test(line: Line, item: Item, begins: str, known: Known) -> Computed:
    """When a part is to be tested (again): what a good reading put off stays put off once that reading is old."""
    newest = newest_reading(item, known.firsts.adviser.story)
    if newest is None:
        return _item(line, begins, known)
    point, taken = newest
    cycle = f"{begins}{READ}{taken.on.isoformat()}"
    again_on = _again_on(point, taken)
    if line.by != LineBy.TEST or again_on is None or again_on <= line.true_on:
        return _item(line, cycle, known)
    return _item(line, cycle, known, by=By.DATE, due_on=again_on, earliest_on=again_on, latest_on=again_on, due_km=None)


def _again_on(point: Point, taken: Measurement) -> date | None:
    """The day until which a reading that was good puts the next test off; None for one that was not, of which the
    plan says when to test again, but for a weak battery: before the winter after it."""
    tone = tone_of(point, taken.value, on=taken.on)
    if tone == Tone.GREEN:
        return add_months(taken.on, point.valid_months)
    return measured.winter_after(taken.on) if point.is_tested_before_winter and tone == Tone.YELLOW else None


def _put_off(line: Line, word: Deferred, begins: str, known: Known) -> Computed:
    is_by_day = word.until_on is not None and word.until_on <= line.true_on
    return _item(
        line,
        f"{begins}{PUT_OFF}{word.decided_on.isoformat()}",
        known,
        source=Source.DEFERRED,
        by=By.DATE if is_by_day else By.KM,
        due_km=word.until_km,
        is_likely=False,
        facts=_facts("put_off", line, known),
    )


def _remembered(row: Remembered, known: Known) -> Computed:
    word, quoted = row.deferred, row.quoted
    reached = known.firsts.adviser.story.reached(word.until_km) if word.until_km is not None else None
    is_by_km = reached is not None and (word.until_on is None or reached.on < word.until_on)
    span = (reached.earliest, min(reached.latest, word.until_on or date.max)) if is_by_km and reached else (row.on,) * 2
    zh, en = quoted.names
    return Computed(
        source=Source.DEFERRED,
        subject=f"{OWN}:{quoted.version}",
        cycle=word.decided_on.isoformat(),
        by=By.KM if is_by_km or row.on is None else By.DATE,
        due_on=row.on,
        earliest_on=span[0],
        latest_on=span[1],
        due_km=word.until_km,
        title=quoted.name[:_MAX_TITLE],
        facts={
            "kind": "own",
            "name_zh": zh or quoted.name,
            "name_en": en or quoted.name,
            "put_off_on": word.decided_on.isoformat(),
            "shop": quoted.shop,
            "price_fen": quoted.price_fen,
        },
    )


# --- What words are made of ------------------------------------------------------------------------


def _facts(kind: str, line: Line, known: Known) -> dict[str, Any]:
    """The numbers behind a line. Nothing in it depends on the day on which it is computed."""
    book = known.firsts.adviser.book
    service = book.services[line.key]
    found: dict[str, Any] = {
        "kind": kind,
        "name_zh": service.name_zh,
        "name_en": service.name_en,
        "source": line.advice.source,
        "confidence": line.advice.confidence,
    }
    if line.deferred is not None:
        found["put_off_on"] = line.deferred.decided_on.isoformat()
    if kind in ("interval", "test"):
        found |= _interval(line, known)
    if kind == "trend" and line.trend is not None:
        trend = line.trend
        found |= _point(book.points.get(trend.point))
        found |= {
            "value": _number(trend.value),
            "unit": trend.unit,
            "limit": _number(trend.limit),
            "measured_on": trend.measured_on.isoformat(),
            "readings": trend.readings,
        }
    elif line.advice.numbers.value is not None:
        numbers = line.advice.numbers
        found |= _point(book.points.get(numbers.point))
        found |= {
            "value": _number(numbers.value),
            "unit": numbers.unit,
            "limit": _number(numbers.limit),
            "measured_on": numbers.measured_on.isoformat() if numbers.measured_on else None,
        }
    return found


def _interval(line: Line, known: Known) -> dict[str, Any]:
    """Whose interval it is, how long, counted from when, and how far the car goes in a month."""
    numbers, story = line.numbers, known.firsts.adviser.story
    schedule = known.firsts.adviser.book.items[line.key].schedule
    found: dict[str, Any] = {
        "interval_km": _interval_km(line, schedule),
        "interval_months": numbers.interval_months,
        "last_on": numbers.last_on.isoformat() if numbers.last_on else None,
        "last_km": numbers.last_km,
        "from_new": numbers.is_from_new,
        "is_first": line.advice.rule == AdviceRule.FIRST_SERVICE,
    }
    if numbers.interval_km is not None and (numbers.engine_percent is not None or numbers.lacks_engine_km):
        found["engine_percent"] = numbers.engine_percent
    if numbers.is_from_about:
        found["about_km"] = numbers.from_km
    if schedule.is_of_maker:
        make = known.firsts.car.variant.model.make
        found |= {"make_zh": make.name_zh, "make_en": make.name_en}
    rate = story.curve.rate or story.prior
    if numbers.due_km is not None:
        found |= {"km": story.km, "km_on": story.km_on.isoformat() if story.km_on else None}
        found["km_a_month"] = km_a_month(rate) if rate else None
    return found


def _interval_km(line: Line, schedule: Schedule) -> int | None:
    """The interval as the schedule has it; that of a plug-in's engine is longer on the odometer."""
    if line.numbers.engine_percent is None:
        return line.numbers.interval_km
    return schedule.first_km if line.numbers.is_from_new and schedule.first_km is not None else schedule.km


def _point(point: CheckPoint | None) -> dict[str, str]:
    return {"point_zh": point.name_zh, "point_en": point.name_en} if point else {}


def _number(value: object) -> str | None:
    """A decimal number as text without the zeros that say nothing."""
    text = "" if value is None else format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or None
