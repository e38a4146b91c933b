"""Items by measurement or test: never due by kilometres alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from catalog.advice import schedule
from catalog.advice.belief import Story
from catalog.advice.dates import add_months
from catalog.advice.facts import Done, Item, Measurement
from catalog.advice.verdict import Advice, Change, Numbers
from catalog.choices import AdviceChange, AdviceRule, AdviceVerdict, PointKind, Tone, Trigger
from catalog.points import MONTHS_A_YEAR, Point, badness, made_on, tone_of

# "Before winter" is by then (product decision).
WINTER_MONTH = 11


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest believed reading at a point that can justify an item, and what it means."""

    point: Point
    taken: Measurement
    tone: Tone
    limit: Decimal | None


def readings(item: Item, story: Story) -> list[Reading]:
    """One reading for each point that has one that still speaks for the car, the worst first."""
    if not has_readings(item, story):
        return []
    last = story.last(item.key, *item.also_done_with)
    read = [point for point in item.points if point.key in story.readings]
    found = [reading for point in read if (reading := _newest(point, last, story)) is not None]
    return sorted(found, key=_badness)


def has_readings(item: Item, story: Story) -> bool:
    """Whether anything was ever read at the item's points."""
    return any(point.key in story.readings for point in item.points)


def at_limit(item: Item, story: Story) -> Advice | None:
    """Justified by evidence where a measurement has reached its limit; None where none has."""
    found = readings(item, story)
    if not found or found[0].tone != Tone.RED:
        return None
    return _advice(item, AdviceVerdict.JUSTIFIED, AdviceRule.MEASURED_LIMIT, found[0], Numbers(), ())


def decide(item: Item, story: Story) -> Advice:
    """The verdict for an item that only a measurement can call due."""
    found = readings(item, story)
    if item.trigger == Trigger.SCHEDULE_THEN_TEST:
        return _tested_at_interval(item, story, found)
    if not found:
        return _not_measured(item, Numbers(km=story.km, km_on=story.km_on))
    worst = found[0]
    if worst.tone == Tone.RED:
        return _advice(item, AdviceVerdict.JUSTIFIED, AdviceRule.MEASURED_LIMIT, worst, Numbers(), ())
    missing = _unmeasured(item, found)
    change = (Change(AdviceChange.MEASURE, keys=missing or (worst.point.key,)),)
    if worst.tone == Tone.YELLOW:
        numbers = Numbers(until_on=_measure_again_on(worst, story.today), unmeasured=missing)
        return _advice(item, AdviceVerdict.CAN_WAIT, AdviceRule.MEASURED_WATCH, worst, numbers, change)
    return _advice(item, AdviceVerdict.NOT_NEEDED, AdviceRule.MEASURED_GOOD, worst, Numbers(unmeasured=missing), change)


def _tested_at_interval(item: Item, story: Story, found: list[Reading]) -> Advice:
    """Brake fluid: left below the watch limit, changed at the limit, and in between once the interval has passed."""
    numbers = schedule.position(item, story)
    if not found:
        return _not_measured(item, numbers or Numbers(km=story.km, km_on=story.km_on))
    worst, keys = found[0], tuple(reading.point.key for reading in found)
    measure = Change(AdviceChange.MEASURE, keys=keys)
    if worst.tone == Tone.RED:
        return _advice(item, AdviceVerdict.JUSTIFIED, AdviceRule.MEASURED_LIMIT, worst, numbers or Numbers(), ())
    if worst.tone == Tone.GREEN:
        numbers = (numbers or Numbers())._replace(until_on=_measure_again_on(worst, story.today))
        return _advice(item, AdviceVerdict.NOT_NEEDED, AdviceRule.MEASURED_GOOD, worst, numbers, (measure,))
    if numbers is None or numbers.used is None:
        change = (Change(AdviceChange.ENTRY), measure)
        rule = AdviceRule.NO_ENTRY if numbers is None else AdviceRule.NOT_COUNTABLE
        return _advice(item, AdviceVerdict.UNKNOWN, rule, worst, numbers or Numbers(), change)
    is_passed = numbers.used >= schedule.DUE
    verdict = AdviceVerdict.DUE_NOW if is_passed else AdviceVerdict.CAN_WAIT
    numbers = numbers if is_passed else schedule.until(numbers)
    return _advice(item, verdict, AdviceRule.TESTED_AND_AGED, worst, numbers, () if is_passed else (measure,))


def _newest(point: Point, last: Done | None, story: Story) -> Reading | None:
    """The newest sane reading of the part that is in the car now; of two of one day the worse one."""
    newest: Measurement | None = None
    for taken in story.readings.get(point.key, ()):  # the newest first: a record has hundreds of them
        if newest is not None and taken.on < newest.on:
            break
        if point.is_sane(taken.value, on=taken.on) and _is_of_this_part(taken, last):
            newest = taken if newest is None else max(newest, taken, key=partial(_rank, point))
    if newest is None:
        return None
    limits = _limits(point, last, story)
    tone = tone_of(point, newest.value, on=story.today, limits=limits)
    if tone is None or not _still_speaks(point, newest, tone, story):
        return None
    return Reading(point, newest, tone, limits.get(point.limit_from, point.red_at))


def _rank(point: Point, taken: Measurement) -> tuple[Decimal, int]:
    """Of readings of one day the worse one is believed; the kilometres only so that their order never matters."""
    return badness(point, taken.value), _km(taken)


def of_this_part(point: Point, item: Item, story: Story) -> tuple[list[Measurement], Decimal | None]:
    """Every sane reading of the part that is in the car now, the first one first, and the limit of that part."""
    last = story.last(item.key, *item.also_done_with)
    limit = _limits(point, last, story).get(point.limit_from, point.red_at)
    return sorted(_sane(point, last, story), key=lambda taken: (taken.on, _km(taken), taken.value)), limit


def _sane(point: Point, last: Done | None, story: Story) -> list[Measurement]:
    return [
        taken
        for taken in story.readings.get(point.key, ())
        if point.is_sane(taken.value, on=taken.on) and _is_of_this_part(taken, last)
    ]


def _limits(point: Point, last: Done | None, story: Story) -> dict[str, Decimal]:
    """The limit stamped on the part, as last read; of two of one day the stricter for the owner's safety."""
    if not point.limit_from:
        return {}
    taken = [
        reading
        for reading in story.readings.get(point.limit_from, ())
        if reading.value.is_finite() and reading.value > 0 and _is_of_this_part(reading, last)
    ]
    return {point.limit_from: max(taken, key=lambda reading: (reading.on, reading.value)).value} if taken else {}


def _is_of_this_part(taken: Measurement, last: Done | None) -> bool:
    """What was read before the part was replaced, or in the same visit, says nothing of the new one."""
    if last is None or taken.on > last.on:
        return True
    is_after = taken.km is not None and last.km is not None and taken.km > last.km
    return taken.on == last.on and is_after


def _still_speaks(point: Point, taken: Measurement, tone: Tone, story: Story) -> bool:
    """A date of make stays; a part that only gets worse stays at its limit; else for so many months and kilometres."""
    if point.kind == PointKind.DATE or (point.only_gets_worse and tone == Tone.RED):
        return True
    if story.today > add_months(taken.on, point.valid_months):
        return False
    return taken.km is None or story.km is None or story.km - taken.km <= point.valid_km


def _badness(reading: Reading) -> tuple[int, Decimal, str]:
    """The worst first: by tone, then by how far beyond its limit."""
    tones = (Tone.RED, Tone.YELLOW, Tone.GREEN)
    distance = -badness(reading.point, reading.taken.value)
    if reading.limit is not None and reading.point.kind != PointKind.DATE:
        distance += badness(reading.point, reading.limit)
    return tones.index(reading.tone), distance, reading.point.key


def _unmeasured(item: Item, found: list[Reading]) -> tuple[str, ...]:
    """The points of the same kind that have no reading: the other wheels. A look needs no instrument to be missing."""
    measured = {reading.point.key for reading in found}
    kinds = {reading.point.kind for reading in found}
    return tuple(point.key for point in item.points if point.key not in measured and point.kind in kinds)


def _measure_again_on(reading: Reading, today: date) -> date:
    """Until when a reading speaks for the car: a battery's to winter, a tyre's date until the tyre is too old."""
    if reading.point.is_tested_before_winter:
        return winter_after(today)
    made = made_on(reading.taken.value) if reading.point.kind == PointKind.DATE else None
    if made is not None and reading.point.red_at is not None:
        return add_months(made, int(reading.point.red_at * MONTHS_A_YEAR))
    return max(today, add_months(reading.taken.on, reading.point.valid_months))


def winter_after(day: date) -> date:
    """The first day of the next winter, or the day itself where that begins it."""
    winter = date(day.year, WINTER_MONTH, 1)
    return winter if day <= winter else add_months(winter, 12)


def _km(taken: Measurement) -> int:
    return -1 if taken.km is None else taken.km


def _not_measured(item: Item, numbers: Numbers) -> Advice:
    keys = tuple(point.key for point in item.points)
    change = Change(AdviceChange.MEASURE, keys=keys) if keys else Change(AdviceChange.EVIDENCE)
    return Advice(
        subject=item.key,
        verdict=AdviceVerdict.UNKNOWN,
        rule=AdviceRule.NOT_MEASURED,
        numbers=numbers._replace(unmeasured=keys),
        change=(change,),
        source=item.source,
        confidence=item.confidence,
        alternative=item.alternative,
    )


def _advice(
    item: Item,
    verdict: AdviceVerdict,
    rule: AdviceRule,
    reading: Reading,
    numbers: Numbers,
    change: tuple[Change, ...],
) -> Advice:
    numbers = numbers._replace(
        point=reading.point.key,
        value=reading.taken.value,
        unit=reading.point.unit,
        limit=reading.limit,
        measured_on=reading.taken.on,
    )
    return Advice(
        subject=item.key,
        verdict=verdict,
        rule=rule,
        numbers=numbers,
        change=change,
        source=reading.point.source or item.source,
        confidence=reading.point.confidence or item.confidence,
        alternative=item.alternative,
    )
