"""A plan as pages show it: rows with their words, prices and where to book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from catalog.advice import words as advice_words
from catalog.needs import words
from catalog.needs.charts import CostChart, cost_chart
from catalog.needs.loading import Planned
from catalog.needs.shape import Kind, Line, Needs, NotOnIt, Remembered, Total, Visit, total
from core.money import format_fen
from vehicles.models import Car

# What is booked where only a measurement will tell: the job in which a shop measures.
MEASURED_IN = "full_inspection"
PLAIN_ICON = "circle-slash"


@dataclass(frozen=True)
class LineRow:
    """One job. `price`: its range, empty where no price is known; `price_note`: how that is known."""

    line: Line
    name: str
    icon: str
    why: str
    schedule: str
    confidence: str
    source: str
    reason: str
    change: list[str]
    price: str
    sample: int
    is_example: bool

    @property
    def is_likely(self) -> bool:
        return self.line.kind == Kind.LIKELY


@dataclass(frozen=True)
class VisitRow:
    """Jobs proposed for one visit. `is_check`: only measuring is booked, the rest follows from it."""

    visit: Visit
    when: str
    lines: list[LineRow]
    total: Total
    price: str
    about: str
    book_url: str
    is_check: bool

    @property
    def measured_then(self) -> list[str]:
        """What to have measured on the way, where the visit books something else."""
        return [] if self.visit.is_likely_only else [row.name for row in self.lines if row.is_likely]

    @property
    def names(self) -> list[str]:
        """What is due; where nothing is more than likely, that."""
        due = [row.name for row in self.lines if not row.is_likely]
        return due or [row.name for row in self.lines]


@dataclass(frozen=True)
class LeftOut:
    """Something left out on purpose. `badge`: a verdict of the over-maintenance list, in words."""

    name: str
    icon: str
    badge: str
    why: str
    change: list[str]
    is_harmful: bool


@dataclass(frozen=True)
class OpenQuestion:
    """A service of which nothing can be said yet."""

    name: str
    icon: str
    reason: str
    change: list[str]


@dataclass(frozen=True)
class RememberedRow:
    """A shop's own work that was put off: when it comes up, and what which shop quoted for it then."""

    name: str
    when: str
    why: str
    price: str
    price_fen: int
    shop: str
    is_now: bool


@dataclass(frozen=True)
class Shown:
    """Everything that a page of the plan shows."""

    planned: Planned
    visits: list[VisitRow]
    left_out: list[LeftOut]
    open_questions: list[OpenQuestion]
    remembered: list[RememberedRow]
    chart: CostChart
    total: Total
    about: str
    price: str
    likely_price: str

    @property
    def needs(self) -> Needs:
        return self.planned.needs


def shown(planned: Planned) -> Shown:
    """The plan in the active language. No query."""
    needs = planned.needs
    sums = needs.total
    return Shown(
        planned=planned,
        visits=[_visit(visit, planned) for visit in needs.visits],
        left_out=[_left_out(entry, planned) for entry in needs.not_on_it],
        open_questions=[_question(advice.subject, planned) for advice in needs.unknown],
        remembered=[_remembered(row, needs) for row in needs.remembered],
        chart=cost_chart(needs),
        total=sums,
        about=words.about(sums.middle_fen),
        price=words.money_range(sums.low_fen, sums.high_fen),
        likely_price=words.money_range(sums.likely_low_fen, sums.likely_high_fen) if sums.likely_high_fen else "",
    )


@dataclass(frozen=True)
class NextDue:
    """The next visit in one line; no names where nothing can be planned yet."""

    names: list[str]
    when: str
    why: str
    is_now: bool


def next_due(planned: Mapping[int, Planned]) -> dict[int, NextDue]:
    """The first visit of each plan. No query."""
    return {car: _next_due(one) for car, one in planned.items()}


def _next_due(planned: Planned) -> NextDue:
    own = _own_first(planned.needs)
    if own is not None:
        return NextDue([own.name], own.when, own.why, own.is_now)
    if not planned.needs.visits:
        return NextDue([], "", "", is_now=False)
    visit = planned.needs.visits[0]
    due = [line for line in visit.lines if line.kind != Kind.LIKELY] or list(visit.lines)
    names = [planned.book.services[line.key].name for line in due]
    return NextDue(names, words.when(visit), words.why(due[0], planned), visit.is_now)


def _own_first(needs: Needs) -> RememberedRow | None:
    """A shop's own work that was put off, where it comes up before every visit of the plan."""
    first = next(iter(needs.remembered), None)
    if first is None or first.on is None or (needs.visits and needs.visits[0].on <= max(first.on, needs.today)):
        return None
    return _remembered(first, needs)


def _remembered(row: Remembered, needs: Needs) -> RememberedRow:
    return RememberedRow(
        name=row.quoted.name,
        when=words.when_remembered(row, needs.today),
        why=words.put_off_on(row.deferred),
        price=format_fen(row.quoted.price_fen),
        price_fen=row.quoted.price_fen,
        shop=row.quoted.shop,
        is_now=row.on is not None and row.on <= needs.today,
    )


def book_url(car: Car, keys: Iterable[str]) -> str:
    """The search for shops with the car and the services of a visit chosen."""
    first, *others = keys
    query = {"car": car.public_id, "service": first} | ({"also": ",".join(others)} if others else {})
    return f"{reverse('bookings:search')}?{urlencode(query, safe=',')}"


def _visit(visit: Visit, planned: Planned) -> VisitRow:
    keys, is_check = _booked(visit, planned)
    sums = total(visit.lines)
    is_priced = sums.unpriced < len(visit.lines)
    return VisitRow(
        visit=visit,
        when=words.when(visit),
        lines=[_line(line, planned) for line in visit.lines],
        total=sums,
        price=words.money_range(sums.low_fen, sums.high_fen) if is_priced else "",
        about=words.about(sums.middle_fen) if is_priced else "",
        book_url=book_url(planned.car, keys),
        is_check=is_check,
    )


def _booked(visit: Visit, planned: Planned) -> tuple[list[str], bool]:
    """What a visit books: what is due; where nothing is more than likely, the measuring."""
    due = [line.key for line in visit.lines if line.kind != Kind.LIKELY]
    if due:
        return list(dict.fromkeys(due)), False
    check = planned.book.services.get(MEASURED_IN)
    if check is not None and check.is_listed and check.suits(planned.car.variant):
        return [MEASURED_IN], True
    return list(visit.keys), False


def _line(line: Line, planned: Planned) -> LineRow:
    service = planned.book.services[line.key]
    said = advice_words.words(line.advice, planned.book.names)
    price = line.price
    return LineRow(
        line=line,
        name=service.name,
        icon=service.icon,
        why=words.why(line, planned),
        schedule=words.schedule_of(line, planned),
        confidence=line.advice.confidence,
        source=line.advice.source,
        reason=said.reason,
        change=said.change,
        price=words.money_range(price.low_fen, price.high_fen) if price else "",
        sample=price.n if price else 0,
        is_example=bool(price and price.is_example),
    )


def _left_out(entry: NotOnIt, planned: Planned) -> LeftOut:
    book = planned.book
    rule = book.rules[entry.key] if entry.is_measure else None
    service = (rule.service or rule.alternative) if rule else book.services[entry.key]
    return LeftOut(
        name=rule.name if rule else book.services[entry.key].name,
        icon=service.icon if service else PLAIN_ICON,
        badge=str(rule.get_verdict_display()) if rule else "",
        why=words.not_needed(entry, planned),
        change=words.what_would_change(entry, planned),
        is_harmful=entry.advice.is_harmful,
    )


def _question(key: str, planned: Planned) -> OpenQuestion:
    service = planned.book.services[key]
    advice = next(advice for advice in planned.needs.unknown if advice.subject == key)
    said = advice_words.words(advice, planned.book.names)
    return OpenQuestion(service.name, service.icon, said.reason, said.change)
