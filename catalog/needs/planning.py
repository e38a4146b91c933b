"""What a car needs in the next 24 months: facts that are believed in, plan out. Pure and total (docs/rules/plan.md).

Each service is asked of `catalog.advice`: whether it is due today, and where it stands in its interval. A day to come
is found by the same question about a story in which the job was done when it was due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import NamedTuple

from catalog.advice import measured, schedule, statute
from catalog.advice.belief import Story
from catalog.advice.dates import add_days, add_months
from catalog.advice.decide import judge
from catalog.advice.facts import Done, Item, Measure, Proposal
from catalog.advice.verdict import Advice, Numbers
from catalog.choices import AdviceRule, AdviceVerdict, Tone, Trigger
from catalog.needs import trends
from catalog.needs.shape import By, Deferred, Kind, Line, Needs, NotOnIt, Price, Remembered, Span, Trend
from catalog.needs.visits import NEAR, order, visits
from catalog.points import Point
from vehicles.record.projection import Basis, Projected

WINDOW_MONTHS = 24
# Months for which a shop's own work that was put off is still brought up (product decision).
FORGOTTEN_AFTER = 12
# An interval of a fortnight would be a typing error in the catalogue; the plan stays a list that can be read.
MAX_TIMES = 24
_DUE = (AdviceVerdict.DUE_NOW, AdviceVerdict.JUSTIFIED)
_TESTED = (Trigger.SCHEDULE_THEN_TEST, Trigger.TEST)


class Candidate(NamedTuple):
    """A service that can be planned. `points`: its check points; `waits`: only a symptom or a measurement makes it due;
    `needs_start`: its interval has to be counted from somewhere; `is_asked`: its evidence may lie in the record."""

    item: Item
    points: frozenset[str]
    waits: bool
    needs_start: bool
    is_asked: bool

    def has_no_line(self, story: Story) -> bool:
        """Whether it is certain, without a verdict, that nothing of the service is planned: it waits for a symptom or a
        measurement and has none, or nothing is known from which its interval could be counted."""
        if self.is_asked or not self.points.isdisjoint(story.readings):
            return False
        return self.waits or (self.needs_start and not schedule.is_counted(self.item, story))


def _candidate(item: Item) -> Candidate:
    return Candidate(
        item=item,
        points=frozenset(point.key for point in item.points),
        waits=item.trigger in (Trigger.SYMPTOM, Trigger.MEASURE) or item.schedule.is_condition_based,
        needs_start=item.trigger != Trigger.STATUTE,
        is_asked=any(clause.is_of_record for clause in item.evidence),
    )


@dataclass(frozen=True)
class Catalogue:
    """The services that can be booked and the over-maintenance list, as the car's variant sees them.

    `covered`: the service that a measure is about, by the measure's key. `per_piece`: services priced by the piece.
    """

    items: Sequence[Item]
    measures: Sequence[Measure] = ()
    covered: Mapping[str, str] = field(default_factory=dict)
    per_piece: frozenset[str] = frozenset()

    @cached_property
    def bundles(self) -> frozenset[str]:
        """Services that contain others: they are planned by their parts."""
        return frozenset(key for item in self.items for key in item.also_done_with)

    def on(self, powertrain: str) -> tuple[Candidate, ...]:
        """The services that can be planned on such a car: no wishes, no bundles, nothing that it does not have."""
        if powertrain not in self._on:
            self._on[powertrain] = tuple(
                _candidate(item)
                for item in self.items
                if powertrain in item.powertrains and item.trigger != Trigger.WISH and item.key not in self.bundles
            )
        return self._on[powertrain]

    @cached_property
    def _on(self) -> dict[str, tuple[Candidate, ...]]:
        return {}


@dataclass(frozen=True)
class FirstLines:
    """What is due first, of each service once: `lines` in order, and shops' own work that is remembered. Which services
    nothing can be said of is found when it is asked for."""

    story: Story
    lines: tuple[Line, ...]
    remembered: tuple[Remembered, ...]
    without: tuple[Item, ...] = ()

    @cached_property
    def unknown(self) -> tuple[Advice, ...]:
        """Services of which nothing can be said, each with what would tell."""
        found = _Found(self.story, add_months(self.story.today, WINDOW_MONTHS), {})
        for item in self.without:
            found.ask(item)
        return tuple(found.unknown)


def first_lines(story: Story, catalogue: Catalogue, *, deferred: Iterable[Deferred] = ()) -> FirstLines:
    """The first line of each service and nothing else: no repeats, no prices, nothing of what is left out. The same
    lines as in the `plan` of the story."""
    until = add_months(story.today, WINDOW_MONTHS)
    deferred = list(deferred)
    put_off = {one.service: one for one in _standing(deferred, story)} if deferred else {}
    found = _Found(story, until, put_off)
    without = []
    for candidate in catalogue.on(story.car.powertrain):
        item = candidate.item
        if (item.key not in put_off and candidate.has_no_line(story)) or not found.add_first(item):
            without.append(item)
    return FirstLines(
        story=story,
        lines=tuple(sorted(found.lines, key=lambda line: order(line, story.today))),
        remembered=tuple(_remembered(deferred, story, until)) if deferred else (),
        without=tuple(without),
    )


def plan(
    story: Story,
    catalogue: Catalogue,
    *,
    prices: Mapping[str, Price] | None = None,
    deferred: Iterable[Deferred] = (),
) -> Needs:
    """The plan from the story's day on. `prices` by service, per piece where it is priced so; none: no price is known.

    What `believe` left out of the story moves nothing: one mistyped odometer value makes nothing due.
    """
    until = add_months(story.today, WINDOW_MONTHS)
    deferred = list(deferred)
    found = _Found(story, until, {one.service: one for one in _standing(deferred, story)})
    for item in catalogue.items:
        found.add(item, is_bundle=item.key in catalogue.bundles)
    lines = [_priced(line, catalogue, prices or {}) for line in found.lines]
    ordered = tuple(sorted(lines, key=lambda line: order(line, story.today)))
    return Needs(
        today=story.today,
        until=until,
        rate=story.curve.rate if story.km is not None else None,
        km=story.km,
        km_on=story.km_on,
        has_delivery_date=story.new_on is not None and not story.is_new_estimated,
        lines=ordered,
        visits=visits(ordered, today=story.today),
        unknown=tuple(found.unknown),
        not_on_it=tuple(_left_out(catalogue, found)),
        remembered=tuple(_remembered(deferred, story, until)),
    )


def _standing(deferred: Iterable[Deferred], story: Story) -> Iterator[Deferred]:
    """What was put off and not done since, in order: of one service the last word counts."""
    for one in sorted((one for one in deferred if one.service), key=lambda one: one.decided_on):
        done = story.done.get(one.service)
        if done is None or done.on < one.decided_on:
            yield one


def _remembered(deferred: Iterable[Deferred], story: Story, until: date) -> list[Remembered]:
    """Shops' own work that was put off, the first to come up in front, without a day last. Nothing tells whether such
    work was done elsewhere, so it is forgotten `FORGOTTEN_AFTER` months after it came up, or was put off."""
    found = []
    for one in deferred:
        if one.quoted is None:
            continue
        on = min(_days(one, story), default=None)
        if add_months(on or one.decided_on, FORGOTTEN_AFTER) >= story.today and (on is None or on <= until):
            found.append(Remembered(one, one.quoted, on))
    return sorted(found, key=lambda row: (row.on or date.max, row.deferred.decided_on, row.quoted.name))


def _days(put_off: Deferred, story: Story) -> list[date]:
    """The days that the owner's word comes to: the one they said, and when the car gets to the kilometres they said.
    Kilometres that nobody can date come to none."""
    days = [put_off.until_on] if put_off.until_on else []
    reached = story.reached(put_off.until_km) if put_off.until_km is not None else None
    return [*days, reached.on] if reached else days


def _priced(line: Line, catalogue: Catalogue, prices: Mapping[str, Price]) -> Line:
    """With the price of all its pieces; a price that is not known stays so."""
    pieces = line.pieces if line.key in catalogue.per_piece else 1
    price = prices.get(line.key)
    return replace(line, pieces=pieces, price=price.times(pieces) if price else None)


def _left_out(catalogue: Catalogue, found: _Found) -> Iterator[NotOnIt]:
    """The over-maintenance list, but for what this car has evidence for or has on its plan; then services. What is on
    both is said once."""
    spoken_of = {line.key for line in found.lines} | {advice.subject for advice in found.unknown}
    for measure in catalogue.measures:
        service = catalogue.covered.get(measure.key, measure.key)
        advice = judge(Proposal(measure), found.story)
        if advice.rule != AdviceRule.NOT_ON_THIS_CAR and advice.verdict not in _DUE and service not in spoken_of:
            spoken_of |= {service, measure.key}
            yield NotOnIt(measure.key, advice, is_measure=True)
    yield from (entry for entry in found.not_on_it if entry.key not in spoken_of)


class _Found:
    """Collects what each service comes to."""

    def __init__(self, story: Story, until: date, deferred: Mapping[str, Deferred]) -> None:
        self.story, self.until, self.deferred = story, until, deferred
        self.lines: list[Line] = []
        self.unknown: list[Advice] = []
        self.not_on_it: list[NotOnIt] = []
        self._known_trends: dict[str, list[Trend]] = {}

    def add(self, item: Item, *, is_bundle: bool) -> None:
        if item.trigger == Trigger.WISH:
            return
        advice = judge(Proposal(item), self.story)
        if is_bundle and advice.rule != AdviceRule.NOT_ON_THIS_CAR:
            self.not_on_it.append(NotOnIt(item.key, advice, is_bundle=True))
            return
        first = self._first(item, advice)
        lines = [first, *self._again(item, advice, first)] if first else []
        if not self._keep(item, advice, lines) and self._is_left_out(item, advice):
            soonest = next(iter(self._trends(item)), None)
            self.not_on_it.append(NotOnIt(item.key, advice, trend=soonest))

    def add_first(self, item: Item) -> bool:
        """The first line alone; whether there is one."""
        advice = judge(Proposal(item), self.story)
        first = self._first(item, advice)
        if first is None and item.key not in self.deferred:
            return False
        before = len(self.lines)
        self._keep(item, advice, [first] if first else [])
        return len(self.lines) > before

    def ask(self, item: Item) -> None:
        """The question that is open about an item of which nothing is planned."""
        advice = judge(Proposal(item), self.story)
        first = self._first(item, advice)
        self._keep(item, advice, [first] if first else [])

    def _keep(self, item: Item, advice: Advice, lines: list[Line]) -> bool:
        """Take up the lines, with what the owner said of them, or the question that is open; False for neither."""
        put_off = self.deferred.get(item.key)
        if put_off is not None and advice.rule != AdviceRule.NOT_ON_THIS_CAR:
            lines = self._put_off(lines, put_off, advice)
        if lines:
            self.lines += lines
        elif advice.verdict == AdviceVerdict.UNKNOWN or self._is_undated(item, advice):
            self.unknown.append(advice)
        else:
            return False
        return True

    def _first(self, item: Item, advice: Advice) -> Line | None:
        if advice.rule == AdviceRule.NOT_ON_THIS_CAR:
            return None
        first: Line | None = None
        if advice.verdict in _DUE:
            first = self._due(item, advice)
        elif item.trigger == Trigger.STATUTE:
            first = self._by_law(item, advice, advice.numbers)
        elif item.is_measured or item.schedule.is_condition_based:
            first = self._measured(item, advice)
        elif item.trigger == Trigger.SCHEDULE and advice.verdict != AdviceVerdict.UNKNOWN:
            first = self._by_interval(advice, advice.numbers) if self._is_fitted(item) else None
        return None if first is None or first.on > self.until else first

    def _is_fitted(self, item: Item) -> bool:
        return not item.fitment or schedule.is_fitment_known(item, self.story)

    def _due(self, item: Item, advice: Advice) -> Line:
        """Due today by schedule, law or evidence; overdue since the day when the interval was over."""
        today, numbers = self.story.today, advice.numbers
        if advice.rule == AdviceRule.STATUTE:
            by, on = By.LAW, numbers.due_on or today
        elif advice.rule in (AdviceRule.MEASURED_LIMIT, AdviceRule.EVIDENCE):
            by, on = By.LIMIT, numbers.measured_on or today
        else:
            by = By.MONTHS if numbers.used_by == "months" else By.KM
            on = min(filter(None, (numbers.due_on, numbers.projected_on)), default=today)
        return Line(
            key=item.key,
            kind=Kind.NOW,
            by=by,
            on=on,
            earliest=on,
            latest=on,
            advice=advice,
            numbers=numbers,
            km=numbers.due_km,
            pieces=self._pieces(item, advice, today),
            span=self._since(by, numbers),
        )

    def _since(self, by: By, numbers: Numbers) -> Span:
        """The day since which something is due. What only the record shows (a job left out) is due since the newest
        reading, for no day is named."""
        if by == By.LAW and numbers.due_on is not None:
            return _whole(numbers.due_on)
        if by == By.LIMIT and numbers.measured_on is not None:
            return _whole(numbers.measured_on)
        return self._span(numbers) or _whole(self.story.km_on or self.story.today)

    def _span(self, numbers: Numbers) -> Span | None:
        """The day on which the interval ends: by the calendar or by kilometres, whichever comes first."""
        reached = self.story.reached(numbers.due_km) if numbers.due_km is not None else None
        return _sooner(numbers.due_on, reached)

    def _by_law(self, item: Item, advice: Advice, numbers: Numbers) -> Line | None:
        on = numbers.due_on
        if on is None:
            return None
        km = trends.km_on(self.story, on)
        return Line(item.key, Kind.DATED, By.LAW, on, on, on, advice, numbers, km=km)

    def _by_interval(self, advice: Advice, numbers: Numbers, kind: Kind = Kind.DATED) -> Line | None:
        """When the interval ends: by the calendar or by the car's own kilometres, whichever comes first."""
        days = [day for day in (numbers.due_on, numbers.projected_on) if day is not None]
        if not days:
            return None
        on = max(min(days), self.story.today)
        is_by_km = numbers.projected_on is not None and numbers.projected_on <= min(days)
        earliest, latest = self._range(numbers, on)
        return Line(
            key=advice.subject,
            kind=kind,
            by=By.TEST if kind == Kind.LIKELY else By.KM if is_by_km else By.MONTHS,
            on=on,
            earliest=earliest,
            latest=latest,
            advice=advice,
            numbers=numbers,
            km=numbers.due_km if is_by_km else trends.km_on(self.story, on),
            span=self._span(numbers),
        )

    def _range(self, numbers: Numbers, on: date) -> tuple[date, date]:
        """The same with the upper and the lower quartile of the car's rate."""
        rate = self.story.curve.rate
        if numbers.due_km is None or rate is None:
            return on, on
        last = numbers.due_on or date.max
        soonest, latest = (self._day_of(numbers.due_km, per_day) for per_day in (rate.high, rate.low))
        return min(on, max(self.story.today, min(soonest, last))), max(on, min(latest, last, self._far))

    @property
    def _far(self) -> date:
        return add_months(self.until, WINDOW_MONTHS)

    def _day_of(self, km: int, per_day: float) -> date:
        """When the car gets there at another rate; the far end where it never does."""
        return self.story.curve.day_of(km, per_day) or self._far

    def _measured(self, item: Item, advice: Advice) -> Line | None:
        """What only a measurement can call due: when the trend reaches the limit, or when it is time to test."""
        soonest = next(iter(self._trends(item)), None)
        by_trend = self._by_trend(item, advice, soonest) if soonest else None
        if item.trigger not in _TESTED:
            return by_trend
        tested = self._tested(item, advice)
        if by_trend is None or (tested is not None and tested.on <= by_trend.on):
            return tested
        return by_trend

    def _by_trend(self, item: Item, advice: Advice, trend: Trend) -> Line:
        by = By.AGE if trend.readings == 1 else By.TREND
        pieces = self._pieces(item, advice, trend.on)
        return Line(
            item.key,
            Kind.LIKELY,
            by,
            trend.on,
            trend.on,
            trend.on,
            advice,
            advice.numbers,
            km=trend.km,
            trend=trend,
            pieces=pieces,
            span=trends.span(trend, self.story),
        )

    def _tested(self, item: Item, advice: Advice) -> Line | None:
        """At the interval; where a reading speaks for the car, when that ends. A test and the interval together are
        no guess any more."""
        numbers = advice.numbers
        if advice.rule == AdviceRule.TESTED_AND_AGED:
            return self._by_interval(advice, numbers)
        if (standing := schedule.position(item, self.story)) is not None:
            line = self._by_interval(advice, standing, Kind.LIKELY)
        else:
            line = None
        again_on = numbers.until_on if numbers.value is not None else None
        if again_on is None:
            return line
        if advice.rule != AdviceRule.MEASURED_WATCH and (line is None or line.on >= again_on):
            return line
        km = trends.km_on(self.story, again_on)
        span = self._test_again(item, numbers, again_on)
        return Line(item.key, Kind.LIKELY, By.TEST, again_on, again_on, again_on, advice, numbers, km=km, span=span)

    def _test_again(self, item: Item, numbers: Numbers, again_on: date) -> Span:
        """Before the first winter after the reading, where that is when a part is tested; that winter may be over."""
        tested = next((point for point in item.points if point.key == numbers.point), None)
        if tested is None or not tested.is_tested_before_winter or numbers.measured_on is None:
            return _whole(again_on)
        return _whole(measured.winter_after(numbers.measured_on))

    def _pieces(self, item: Item, advice: Advice, on: date) -> int:
        """How many of the item's wheels are at their limit by then or soon after; one at least."""
        if len(item.points) < 2 or not measured.has_readings(item, self.story):
            return 1
        by, worn = add_days(on, NEAR.days), set[Point]()
        if advice.rule == AdviceRule.MEASURED_LIMIT:  # the worst one is; where it is not, none is
            worn = {reading.point for reading in measured.readings(item, self.story) if reading.tone == Tone.RED}
        near = {trend.point for trend in self._trends(item) if trend.on <= by}
        if not worn and not near:
            return 1
        kinds = Counter(point.kind for point in item.points if point in worn or point.key in near)
        return max(kinds.values(), default=1)

    def _trends(self, item: Item) -> list[Trend]:
        """Each item's are asked for more than once."""
        if item.key not in self._known_trends:
            self._known_trends[item.key] = trends.trends(item, self.story)
        return self._known_trends[item.key]

    def _again(self, item: Item, advice: Advice, first: Line) -> Iterator[Line]:
        """The same job again within the plan, as if it had been done when it was due (overdue: today)."""
        line = first
        for nth in range(1, MAX_TIMES):
            following = self._after(item, advice, line)
            if following is None or not max(line.on, self.story.today) < following.on <= self.until:
                return
            line = replace(following, nth=nth)
            yield line

    def _after(self, item: Item, advice: Advice, line: Line) -> Line | None:
        """The next time; a part that wears has no next time until it is measured."""
        today = self.story.today
        on = today if line.kind == Kind.NOW and line.by != By.LAW else max(line.on, today)
        km = trends.km_on(self.story, on) or (self.story.km if on == today else None)
        if line.by == By.KM and line.kind != Kind.NOW:
            km = line.km
        done = Done(item.key, on, km)
        story = replace(self.story, done={**self.story.done, item.key: done})
        if item.trigger == Trigger.STATUTE:
            return self._by_law(item, advice, statute.decide(item, story).numbers)
        if not item.schedule.has_interval or item.schedule.is_condition_based:
            return None
        numbers = schedule.position(item, story)
        kind = Kind.LIKELY if item.is_measured else Kind.DATED
        return self._by_interval(advice, numbers, kind) if numbers else None

    def _put_off(self, lines: list[Line], put_off: Deferred, advice: Advice) -> list[Line]:
        """What the owner put off comes back when they said; a part at its limit stays where it is, with the note."""
        days = _days(put_off, self.story)
        if lines and (not days or min(days) > self.until or lines[0].by == By.LIMIT):
            return [replace(lines[0], deferred=put_off), *lines[1:]]
        said_on = min(days, default=date.max)
        on = max(said_on, self.story.today)
        if on > self.until:
            return lines
        rest = [line for line in lines[1:] if line.on > on]
        kind = Kind.LIKELY if advice.verdict not in _DUE else Kind.DATED
        km = put_off.until_km if put_off.until_on is None else trends.km_on(self.story, on)
        line = Line(
            key=put_off.service,
            kind=kind,
            by=By.DEFERRED,
            on=on,
            earliest=on,
            latest=on,
            advice=advice,
            numbers=advice.numbers,
            km=km,
            deferred=put_off,
            span=self._span_of_word(put_off, said_on),
        )
        return [line, *rest]

    def _span_of_word(self, put_off: Deferred, said_on: date) -> Span:
        """The day that the owner said, or the range of the kilometres that they said."""
        reached = self.story.reached(put_off.until_km) if put_off.until_km is not None else None
        return _sooner(put_off.until_on, reached) or _whole(said_on)

    def _is_undated(self, item: Item, advice: Advice) -> bool:
        """By kilometres only while nobody knows the car's rate, or due within the plan if only it is fitted."""
        if item.trigger != Trigger.SCHEDULE or advice.rule in _WITHOUT_INTERVAL:
            return False
        line = self._by_interval(advice, advice.numbers)
        return self.story.curve.rate is None if line is None else line.on <= self.until

    def _is_left_out(self, item: Item, advice: Advice) -> bool:
        """Said aloud: what the car does not have, what waits for a symptom, what the maker does not ask for, what was
        measured and is good. What is due after the plan ends is only later."""
        return item.trigger == Trigger.SYMPTOM or advice.rule in (*_WITHOUT_INTERVAL, AdviceRule.MEASURED_GOOD)


_WITHOUT_INTERVAL = (AdviceRule.NOT_ON_THIS_CAR, AdviceRule.MAKER_HAS_NONE)


def _whole(day: date) -> Span:
    return Span(day, day, day)


def _sooner(day: date | None, reached: Projected | None) -> Span | None:
    """What comes first of a day and of kilometres; None where neither is known."""
    if reached is None:
        return None if day is None else _whole(day)
    if day is None:
        return Span(reached.on, reached.earliest, reached.latest, reached.basis == Basis.PRIOR)
    is_by_prior = reached.basis == Basis.PRIOR and reached.on < day
    return Span(min(day, reached.on), min(day, reached.earliest), min(day, reached.latest), is_by_prior)
