"""Items by interval: how much of it is used, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise

from catalog.advice.belief import Story
from catalog.advice.dates import add_months
from catalog.advice.facts import Item, Schedule
from catalog.advice.verdict import Advice, Change, Numbers
from catalog.choices import AdviceChange, AdviceRule, AdviceVerdict, Fitment
from vehicles.choices import PLUG_INS, Confidence

# Product rules (docs/rules/advice.md). Between two of the marks the nearer one decides; half-way the more relaxed.
FRESH = Fraction(1, 10)
HALF = Fraction(1, 2)
LATE = Fraction(9, 10)
DUE = Fraction(1)
NOT_NEEDED_UNTIL = (FRESH + HALF) / 2
CAN_WAIT_UNTIL = (LATE + DUE) / 2


def verdict_of(used: Fraction) -> AdviceVerdict:
    """What a used fraction of the interval means."""
    if _is_up_to(used, NOT_NEEDED_UNTIL):
        return AdviceVerdict.NOT_NEEDED
    return AdviceVerdict.CAN_WAIT if _is_up_to(used, CAN_WAIT_UNTIL) else AdviceVerdict.DUE_NOW


def _is_up_to(used: Fraction, mark: Fraction) -> bool:
    """`used <= mark` for two fractions, without asking what else they could be."""
    return used.numerator * mark.denominator <= mark.numerator * used.denominator


def used_months(start: date, months: int, today: date) -> Fraction:
    """The fraction of a span of calendar months that is over, in days; exactly 1 on the day when it ends."""
    span = (add_months(start, months) - start).days
    return Fraction((today - start).days, span) if span > 0 else DUE


def decide(item: Item, story: Story) -> Advice:
    """The verdict for an item by its interval. Total: what cannot be counted is `unknown` with what to tell."""
    schedule = item.schedule
    if schedule.is_condition_based:
        return _advice(item, AdviceVerdict.NOT_NEEDED, AdviceRule.MAKER_HAS_NONE)
    if not schedule.has_interval:
        return _advice(item, AdviceVerdict.UNKNOWN, AdviceRule.NO_INTERVAL, changes=(Change(AdviceChange.EVIDENCE),))
    numbers = position(item, story)
    if numbers is None:
        return _advice(item, AdviceVerdict.UNKNOWN, AdviceRule.NO_ENTRY, _at(story), _without_entry(story))
    if numbers.used is None:
        return _advice(item, AdviceVerdict.UNKNOWN, AdviceRule.NOT_COUNTABLE, numbers, _without_numbers(item, numbers))
    if item.fitment and not is_fitment_known(item, story) and not _is_up_to(numbers.used, FRESH):
        changes = (Change(AdviceChange.CHECK, keys=(item.fitment,)),)
        return _advice(item, AdviceVerdict.UNKNOWN, AdviceRule.FITMENT_UNKNOWN, numbers, changes)
    verdict = verdict_of(numbers.used)
    if verdict == AdviceVerdict.DUE_NOW:
        return _advice(item, verdict, _rule(item, numbers), numbers, (Change(AdviceChange.ENTRY),))
    return _advice(item, verdict, _rule(item, numbers), numbers, _until(item, numbers))


def position(item: Item, story: Story) -> Numbers | None:
    """Where the car stands in the item's interval; None where there is no entry and no counting from new.

    `used` is the larger of the fractions of kilometres and months that can be counted, None if none can. An interval of
    kilometres alone is counted from what the odometer showed about the day, where nobody said it or it is not believed.
    """
    done = story.last(item.key, *item.also_done_with)
    schedule = in_force(item, story)
    if done is None and not _is_counted_from_new(schedule, story):
        return None
    km, months = _interval(schedule, is_first=done is None)
    start_on, start_km = (done.on, done.km) if done else (story.new_on, 0)
    is_about = done is not None and done.km is None and months is None
    if is_about and start_on is not None:
        start_km = story.km_about(start_on)
    used_by, used = "", None
    if km is not None and story.km is not None and start_km is not None:
        # About the day of the work, the odometer may have shown more than when it was last read.
        driven = max(story.km - start_km, 0) if is_about else story.km - start_km
        used_by, used = "km", Fraction(driven, km) if km else DUE
    if months is not None and start_on is not None:
        by_months = used_months(start_on, months, story.today)
        if used is None or not _is_up_to(by_months, used):
            used_by, used = "months", by_months
    due_km = start_km + km if km is not None and start_km is not None else None
    return Numbers(
        last_on=done.on if done else None,
        last_km=done.km if done else None,
        from_on=start_on,
        from_km=start_km,
        is_from_new=done is None,
        is_new_estimated=done is None and story.is_new_estimated,
        interval_km=km,
        interval_months=months,
        used=used,
        used_by=used_by,
        km=story.km,
        km_on=story.km_on,
        due_km=due_km,
        due_on=add_months(start_on, months) if months is not None and start_on is not None else None,
        projected_on=_projected(due_km, story),
        engine_percent=story.car.engine_percent if item.counts_engine else None,
        lacks_engine_km=item.counts_engine and km is not None and _lacks_engine_km(story),
    )


def in_force(item: Item, story: Story) -> Schedule:
    """The item's schedule as the odometer counts it. What wears with the engine of a plug-in lasts the longer on the
    odometer, the less of the way the engine drives; months stay as they are."""
    percent = story.car.engine_percent
    if percent is None or not item.counts_engine:
        return item.schedule
    km, first_km = (None if one is None else one * 100 // percent for one in (item.schedule.km, item.schedule.first_km))
    return replace(item.schedule, km=km, first_km=first_km)


def _lacks_engine_km(story: Story) -> bool:
    return story.car.powertrain in PLUG_INS and story.car.engine_percent is None


def is_skipped(item: Item, story: Story) -> bool:
    """Whether the record shows that the job was left out once: two times in a row at least two intervals apart.

    From new on it counts only in a record that is unbroken since delivery; the present stretch counts too.
    """
    schedule = in_force(item, story)
    km, months = schedule.km, schedule.months
    times = story.all_times(item.key, *item.also_done_with)
    stops: list[tuple[date | None, int | None]] = [(done.on, done.km) for done in times]
    if story.is_complete:
        stops.insert(0, (story.new_on, 0))
    if stops:
        stops.append((story.today, story.km))
    for (on, at), (next_on, next_at) in pairwise(stops):
        if km and at is not None and next_at is not None and next_at - at >= 2 * km:
            return True
        if months and on is not None and next_on is not None and next_on >= add_months(on, 2 * months):
            return True
    return False


def is_fresh(item: Item, story: Story) -> bool:
    """Whether the job was done and is not due again."""
    numbers = position(item, story)
    return numbers is not None and numbers.last_on is not None and numbers.used is not None and numbers.used < DUE


def is_counted(item: Item, story: Story) -> bool:
    """Whether there is a day or a figure from which the interval is counted."""
    return story.last(item.key, *item.also_done_with) is not None or _is_counted_from_new(in_force(item, story), story)


def _is_counted_from_new(schedule: Schedule, story: Story) -> bool:
    """While the car is younger than the interval, in kilometres and in months, or its record is unbroken."""
    if story.is_complete:
        return True
    if schedule.km is not None and (story.km is None or story.km >= schedule.km):
        return False
    if schedule.months is None:
        return True
    return story.new_on is not None and story.today < add_months(story.new_on, schedule.months)


def _interval(schedule: Schedule, *, is_first: bool) -> tuple[int | None, int | None]:
    """The interval in force; the exception for the first time takes the place of what it names."""
    if not is_first:
        return schedule.km, schedule.months
    km = schedule.km if schedule.first_km is None else schedule.first_km
    return km, schedule.months if schedule.first_months is None else schedule.first_months


def is_fitment_known(item: Item, story: Story) -> bool:
    """The maker's schedule says it, or the record: what was replaced once is there (of plugs it says no kind)."""
    if item.schedule.is_of_maker:
        return True
    return item.fitment != Fitment.PLUG_TYPE and story.last(item.key) is not None


def _projected(due_km: int | None, story: Story) -> date | None:
    """When the car gets there at its own rate, from its last reading on; never a day that is over."""
    if due_km is None:
        return None
    if story.km is not None and due_km <= story.km:
        return story.today
    reached = story.reached(due_km)
    return None if reached is None else max(story.today, reached.on)


def _rule(item: Item, numbers: Numbers) -> AdviceRule:
    schedule = item.schedule
    has_exception = (schedule.first_km, schedule.first_months) != (None, None)
    if numbers.is_from_new and has_exception:
        return AdviceRule.FIRST_SERVICE
    return AdviceRule.MAKER_SCHEDULE if schedule.is_of_maker else AdviceRule.GENERAL_INTERVAL


def _at(story: Story) -> Numbers:
    return Numbers(km=story.km, km_on=story.km_on)


def _without_entry(story: Story) -> tuple[Change, ...]:
    missing = [Change(AdviceChange.ENTRY)]
    if story.km is None:
        missing.append(Change(AdviceChange.ODOMETER))
    if story.new_on is None:
        missing.append(Change(AdviceChange.DELIVERY))
    return tuple(missing)


def _without_numbers(item: Item, numbers: Numbers) -> tuple[Change, ...]:
    """What to tell so that the interval can be counted."""
    missing = []
    if numbers.interval_km is not None and numbers.km is None:
        missing.append(Change(AdviceChange.ODOMETER))
    if numbers.is_from_new and numbers.interval_months is not None:
        missing.append(Change(AdviceChange.DELIVERY))
    if not numbers.is_from_new and numbers.from_km is None:
        missing.append(Change(AdviceChange.ENTRY, keys=(item.key,)))
    return tuple(missing)


def _until(item: Item, numbers: Numbers) -> tuple[Change, ...]:
    """Kilometres and day at which it is due, and what could make it due before."""
    changes = []
    if numbers.due_km is not None:
        changes.append(Change(AdviceChange.KM, km=numbers.due_km))
    if numbers.due_on is not None:
        changes.append(Change(AdviceChange.DATE, on=numbers.due_on))
    if item.points:
        changes.append(Change(AdviceChange.MEASURE, keys=tuple(point.key for point in item.points)))
    return tuple(changes)


def until(numbers: Numbers) -> Numbers:
    """The numbers with until when it can wait: what comes first of the day by months and the day by kilometres."""
    days = [day for day in (numbers.due_on, numbers.projected_on) if day is not None]
    return numbers._replace(until_km=numbers.due_km, until_on=min(days, default=None))


def _advice(
    item: Item,
    verdict: AdviceVerdict,
    rule: AdviceRule,
    numbers: Numbers | None = None,
    changes: tuple[Change, ...] = (),
) -> Advice:
    numbers = numbers or Numbers()
    if verdict in (AdviceVerdict.CAN_WAIT, AdviceVerdict.NOT_NEEDED):
        numbers = until(numbers)
    schedule = item.schedule
    is_estimate = numbers.is_from_about or (numbers.is_new_estimated and numbers.used_by == "months")
    confidence = Confidence.ESTIMATE if is_estimate else schedule.confidence
    return Advice(
        subject=item.key,
        verdict=verdict,
        rule=rule,
        numbers=numbers,
        change=changes,
        source=schedule.source or item.source,
        confidence=confidence or item.confidence,
        alternative=item.alternative,
    )
