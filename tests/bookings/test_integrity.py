"""How honest shops and technicians are: counted in SQL, drawn towards the mean, shown to everybody."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from bookings import tasks
from bookings.choices import (
    Decision,
    DecisionWay,
    EventKind,
    LineOrigin,
    LineState,
    PriceBasis,
    Status,
    Urgency,
    WarrantyScope,
)
from bookings.floor import figures, lines
from bookings.floor.drafts import Draft
from bookings.floor.figures import Prior
from bookings.models import Booking, BookingEvent, IntegrityFigure, Line, LineDecision, LineVersion
from shops.models import Resource, Shop
from tests.bookings.floor_cards import NOW as FLOOR_NOW
from tests.bookings.floor_cards import author, decided, here, own_words
from tests.factories.accounts import UserFactory
from tests.factories.catalog import OverMaintenanceRuleFactory
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import ShopFactory, TechnicianResourceFactory, open_shop
from tests.factories.visits import completed_visit, visit

WHOLE = st.integers(0, 100_000)
MEANS = st.floats(0, 1)


@st.composite
def counted(draw: st.DrawFn) -> tuple[int, int]:
    whole = draw(WHOLE)
    return draw(st.integers(0, whole)), whole


# --- The arithmetic -------------------------------------------------------------------------------------


@given(counted(), MEANS)
def test_shrunk_rate_lies_between_its_own_and_the_mean(case: tuple[int, int], mean: float) -> None:
    part, whole = case
    value = figures.shrunk(part, whole, mean)
    own = part / whole if whole else mean
    assert min(own, mean) - 1e-9 <= value <= max(own, mean) + 1e-9
    assert 0 <= value <= 1 + 1e-9


@given(counted(), MEANS)
def test_shrunk_rate_tends_to_its_own_with_many_cases(case: tuple[int, int], mean: float) -> None:
    part, whole = case
    if whole:
        assert abs(figures.shrunk(part, whole, mean) - part / whole) <= figures.STRENGTH / whole + 1e-9
    times = 10
    own = part / whole if whole else mean
    nearer = figures.shrunk(part * times, whole * times, mean)
    assert abs(nearer - own) <= abs(figures.shrunk(part, whole, mean) - own) + 1e-9


@given(counted(), MEANS, MEANS)
def test_shrunk_rate_grows_with_its_cases_and_with_the_mean(case: tuple[int, int], one: float, two: float) -> None:
    part, whole = case
    low, high = sorted((one, two))
    assert figures.shrunk(part, whole, low) <= figures.shrunk(part, whole, high)
    if part < whole:
        assert figures.shrunk(part, whole, one) < figures.shrunk(part + 1, whole, one)


def figure(**counts: int) -> IntegrityFigure:
    values = dict.fromkeys(COUNTS, 0)
    return IntegrityFigure(since=NOW - figures.WINDOW, computed_at=NOW, **{**values, **counts})


COUNTS = (
    "visits",
    "proposals",
    "unjustified",
    "quoted_fen",
    "approved_fen",
    "final_fen",
    "promised",
    "on_time",
    "comebacks",
)
PRIOR = Prior(unjustified=0.1, on_time=0.9, comebacks=0.02)


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        (0, 4, None),  # too few to say
        (0, 5, 8),  # 2 / 25
        (5, 5, 28),  # 7 / 25
        (10, 20, 30),  # half way between 50 % and 10 %
        (90, 180, 46),
    ],
)
def test_rate_is_shown_from_five_cases(part: int, whole: int, percent: int | None) -> None:
    rate = figures.rates(figure(proposals=whole, unjustified=part), PRIOR).unjustified
    assert (rate.part, rate.whole, rate.percent, rate.mean_percent) == (part, whole, percent, 10)


def test_nothing_counted_says_nothing() -> None:
    found = figures.rates(figure(), Prior())
    assert (found.on_time.percent, found.on_time.mean_percent, found.has_enough) == (None, None, False)
    assert found.quoted_each_fen == 0


# --- The SQL against a slow reference -------------------------------------------------------------------------


@dataclass
class Counts:
    """The columns of `IntegrityFigure`, counted one by one."""

    visits: int = 0
    proposals: int = 0
    unjustified: int = 0
    quoted_fen: int = 0
    approved_fen: int = 0
    final_fen: int = 0
    promised: int = 0
    on_time: int = 0
    comebacks: int = 0


def reference(at: datetime) -> dict[tuple[int, int | None], Counts]:
    """What `figures.refresh` should count, as `docs/rules/integrity.md` puts it, visit by visit."""
    found: dict[tuple[int, int | None], Counts] = defaultdict(Counts)
    since = at - timedelta(days=365)
    for booking in Booking.objects.filter(status="completed"):
        if booking.completed_at is not None and since < booking.completed_at <= at:
            _count_visit(booking, found)
    for line in Line.objects.filter(origin="added").exclude(sent_at=None).select_related("booking"):
        assert line.sent_at is not None
        if since < line.sent_at <= at:
            _count_proposal(line, found)
    return dict(found)


def _count_visit(booking: Booking, found: dict[tuple[int, int | None], Counts]) -> None:
    lines = list(booking.lines.all())
    approved = sum(line.current.total_fen for line in lines if line.state in ("approved", "done", "not_needed"))
    done_by = {
        line.technician_id
        for line in lines
        if line.state == "done" and line.technician and line.technician.shop_id == booking.shop_id
    }
    back = [again for again in booking.comebacks.all() if again.status not in ("cancelled", "expired", "no_show")]
    blamed = {
        line.technician_id
        for again in back
        for event in booking.events.filter(kind="comeback", data__visit=again.public_id)
        for line in lines
        if line.public_id in event.data["lines"] and line.state == "done"
    }
    for person in (None, *done_by):
        row = found[booking.shop_id, person]
        row.visits += 1
        row.quoted_fen += booking.agreed_fen
        row.approved_fen += approved if lines else booking.agreed_fen
        row.final_fen += booking.total_fen
        if booking.agreed_end_at and booking.ready_at:
            row.promised += 1
            row.on_time += booking.ready_at <= booking.agreed_end_at
        row.comebacks += bool(back) if person is None else person in blamed


def _count_proposal(line: Line, found: dict[tuple[int, int | None], Counts]) -> None:
    told = [said for event in line.booking.events.filter(kind="proposed") for said in event.data["lines"]]
    sent = [
        version
        for version in line.versions.order_by("number")
        if version.number == line.version or {"line": line.public_id, "version": version.number} in told
    ]
    against = [version for version in sent if version.advice_verdict in ("not_needed", "mostly_unnecessary")]
    version = [*sent, *against][-1]
    people = Resource.objects.filter(shop=line.booking.shop_id, technician__user=version.created_by_id)
    author = people.order_by("pk").first() if version.created_by_id else None
    for person in {None, author.pk if author else None}:
        row = found[line.booking.shop_id, person]
        row.proposals += 1
        row.unjustified += bool(against)


def kept() -> dict[tuple[int, int | None], Counts]:
    return {
        (row.shop_id, row.technician_id): Counts(**{one.name: getattr(row, one.name) for one in fields(Counts)})
        for row in IntegrityFigure.objects.all()
    }


class World:
    """Shops with technicians, and random visits with lines in every state."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.shops = ShopFactory.create_batch(3)
        self.people: dict[int, list[Resource]] = {}
        for shop in self.shops:
            people = TechnicianResourceFactory.create_batch(3, shop=shop)
            for person in people[:2]:
                person.technician.user = UserFactory()
                person.technician.save()
            self.people[shop.pk] = people
        # One person works at two shops, and is two technicians of one of them.
        busy = self.people[self.shops[0].pk][0].technician.user
        for person in (self.people[self.shops[0].pk][1], self.people[self.shops[1].pk][0]):
            person.technician.user = busy
            person.technician.save()
        self.advisor = UserFactory()

    def authors(self, shop: Shop) -> list[User | None]:
        return [
            self.advisor,
            None,
            *(person.technician.user for person in self.people[shop.pk] if person.technician.user),
        ]

    def add_visit(self) -> Booking:
        rnd, shop = self.random, self.random.choice(self.shops)
        completed_at = NOW - timedelta(days=rnd.choice([0, 1, 30, 100, 200, 364, 365, 366]), minutes=rnd.randint(0, 1))
        ready_at = completed_at - timedelta(minutes=10)
        shown = {
            "status": rnd.choice(
                [Status.COMPLETED, Status.COMPLETED, Status.COMPLETED, Status.CANCELLED, Status.READY]
            ),
            "completed_at": completed_at,
            "ready_at": rnd.choice([ready_at, ready_at, None]),
            "agreed_end_at": ready_at + timedelta(minutes=rnd.choice([-1, 0, 30])) if rnd.random() < 0.8 else None,
            "labour_fen": rnd.randrange(100_000),
            "parts_fen": rnd.randrange(100_000),
        }
        booking = visit(shop, starts_at=completed_at - timedelta(hours=1), **shown)
        for position in range(rnd.choice([0, 1, 2, 4])):
            self._add_line(booking, position)
        if rnd.random() < 0.7 and booking.status in (Status.COMPLETED, Status.READY):
            done = [line for line in booking.lines.all() if line.state == LineState.DONE]
            booking.final_fen = sum(line.current.total_fen for line in done)
            booking.save(update_fields=["final_fen"])
        if rnd.random() < 0.4:
            self._come_back(booking)
        return booking

    def _add_line(self, booking: Booking, position: int) -> None:
        rnd = self.random
        sent_at = NOW - timedelta(days=rnd.choice([0, 3, 364, 365, 366])) if rnd.random() < 0.85 else None
        origin = rnd.choice([LineOrigin.BOOKED, LineOrigin.ADDED, LineOrigin.ADDED])
        line = Line.objects.create(booking=booking, position=position, origin=origin, sent_at=sent_at)
        for number in range(1, rnd.choice([1, 1, 2]) + 1):
            self._add_version(line, number)
            if number > 1:
                line.version = number
                line.save(update_fields=["version"])
            if sent_at and rnd.random() < 0.5:
                self._tell(line, number)
        self._settle(line)

    def _add_version(self, line: Line, number: int) -> None:
        rnd = self.random
        verdict = rnd.choice(["", "due_now", "justified", "not_needed", "mostly_unnecessary", "can_wait"])
        LineVersion.objects.create(
            line=line,
            number=number,
            created_at=NOW,
            created_by=rnd.choice(self.authors(line.booking.shop)),
            title="Brake pads",
            labour_fen=rnd.randrange(50_000),
            parts_fen=rnd.randrange(50_000),
            price_basis=PriceBasis.ENTERED,
            price_reason="Found today",
            urgency=Urgency.YELLOW,
            warranty_scope=WarrantyScope.MINOR,
            warranty_days=10,
            warranty_km=2_000,
            advice_verdict=verdict,
            against_reason="It squeals",
        )

    def _tell(self, line: Line, number: int) -> None:
        lines = [{"line": "0" * 16, "version": 1}, {"line": line.public_id, "version": number}]
        BookingEvent.objects.create(
            booking=line.booking,
            at=NOW,
            kind=EventKind.PROPOSED,
            actor_role="staff",
            to_status=line.booking.status,
            data={"lines": lines, "total_fen": 0},
        )

    def _settle(self, line: Line) -> None:
        rnd = self.random
        state = rnd.choice(list(LineState))
        if state in (LineState.APPROVED, LineState.DONE):
            LineDecision.objects.create(
                line=line, version=line.version, decision=Decision.APPROVE, way=DecisionWay.LINK, at=NOW
            )
        if state == LineState.DONE:
            line.done_at, line.done_by = NOW, self.advisor
            every = [person for people in self.people.values() for person in people]
            line.technician = rnd.choice([*self.people[line.booking.shop_id] * 3, *every, None])
        line.state, line.not_needed_reason = state, "Fine" if state == LineState.NOT_NEEDED else ""
        line.save()

    def _come_back(self, booking: Booking) -> None:
        rnd = self.random
        again = visit(
            booking.shop,
            labour_fen=0,
            parts_fen=0,
            comeback_of=booking,
            status=rnd.choice([Status.CONFIRMED, Status.CANCELLED, Status.NO_SHOW]),
        )
        if rnd.random() < 0.8:
            lines = [line.public_id for line in booking.lines.all() if rnd.random() < 0.5]
            BookingEvent.objects.create(
                booking=booking,
                at=NOW,
                kind=EventKind.COMEBACK,
                actor_role="owner",
                to_status=booking.status,
                data={"visit": again.public_id, "lines": lines},
            )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_figures_are_what_a_slow_count_finds(seed: int) -> None:
    world = World(seed)
    for _number in range(60):
        world.add_visit()
    expected = reference(NOW)
    assert figures.refresh(at=NOW) == len(expected)
    assert kept() == expected
    totals = [sum(getattr(row, one.name) for row in expected.values()) for one in fields(Counts)]
    assert all(totals), "the random visits leave something out"
    assert any(person for _shop, person in expected)


def engine_flush() -> Draft:
    """A draft that the platform advises against."""
    return own_words("", measure=OverMaintenanceRuleFactory(), against_reason="The owner asks")


@pytest.mark.django_db
def test_changing_a_proposal_after_the_owner_declined_it_takes_nothing_back() -> None:
    booking = here(bookable_job())
    wrote = author(booking)
    line = lines.propose(booking=booking, draft=engine_flush(), by=wrote, at=FLOOR_NOW)
    lines.send(booking=booking, by=wrote, at=FLOOR_NOW)
    line = decided(lines.find(booking, line.public_id), Decision.DECLINE)
    line = lines.change(line=line, draft=own_words(), version=1, by=wrote, at=FLOOR_NOW)
    assert line.current.advice_verdict not in figures.UNJUSTIFIED
    figures.refresh(at=FLOOR_NOW + timedelta(days=1))
    row = IntegrityFigure.objects.get()
    assert (row.proposals, row.unjustified) == (1, 1)


@pytest.mark.django_db
def test_draft_that_only_the_shop_saw_does_not_count() -> None:
    booking = here(bookable_job())
    wrote = author(booking)
    line = lines.propose(booking=booking, draft=engine_flush(), by=wrote, at=FLOOR_NOW)
    lines.change(line=line, draft=own_words(), version=1, by=wrote, at=FLOOR_NOW)
    lines.send(booking=booking, by=wrote, at=FLOOR_NOW)
    figures.refresh(at=FLOOR_NOW + timedelta(days=1))
    row = IntegrityFigure.objects.get()
    assert (row.proposals, row.unjustified) == (1, 0)


@pytest.mark.django_db
def test_refresh_takes_as_many_statements_for_many_as_for_few(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    world = World(1)
    world.add_visit()
    with django_assert_num_queries(5):  # a savepoint and its release, the lock, the count, who is gone
        figures.refresh(at=NOW)
    for _number in range(10):
        world.add_visit()
    with django_assert_num_queries(5):
        figures.refresh(at=NOW)


@pytest.mark.django_db
def test_refresh_again_replaces_and_forgets() -> None:
    shop = ShopFactory()
    completed_visit(shop, 40)
    figures.refresh(at=NOW + timedelta(days=1))
    assert figures.refresh(at=NOW + timedelta(days=2)) == 1
    row = IntegrityFigure.objects.get()
    assert (row.visits, row.quoted_fen, row.approved_fen, row.final_fen) == (1, 26_800, 26_800, 26_800)
    assert row.computed_at == NOW + timedelta(days=2)
    assert figures.refresh(at=NOW + timedelta(days=400)) == 0
    assert not IntegrityFigure.objects.exists()


@pytest.fixture
def second_connection(transactional_db: None) -> Iterator[None]:
    """Another run holds the lock."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('bookings.figures', 0))")
    yield
    other.close()


@pytest.mark.usefixtures("second_connection")
def test_refresh_leaves_another_run_alone() -> None:
    completed_visit(ShopFactory(), 40)
    assert figures.refresh(at=NOW + timedelta(days=1)) == 0
    assert not IntegrityFigure.objects.exists()


@pytest.mark.django_db
def test_task_refreshes() -> None:
    assert tasks.refresh_figures() == 0


@pytest.mark.django_db
def test_rates_of_a_shop_stand_beside_those_of_all(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    shop, other = open_shop(), ShopFactory()
    person = shop.resources.get(kind="technician")
    common = {"since": NOW, "computed_at": NOW}
    sums = {"quoted_fen": 100_000, "approved_fen": 120_000, "final_fen": 110_000}
    IntegrityFigure.objects.create(
        shop=shop, visits=10, proposals=10, unjustified=5, promised=10, on_time=10, comebacks=1, **sums, **common
    )
    IntegrityFigure.objects.create(
        shop=shop,
        technician=person,
        visits=4,
        proposals=6,
        unjustified=0,
        promised=4,
        on_time=4,
        comebacks=0,
        **sums,
        **common,
    )
    IntegrityFigure.objects.create(
        shop=other, visits=30, proposals=10, unjustified=0, promised=30, on_time=20, comebacks=1, **sums, **common
    )
    with django_assert_num_queries(1):
        found = figures.of_shop(shop)
    assert set(found) == {None, person.pk}
    own = found[None]
    assert (own.unjustified.mean_percent, own.on_time.mean_percent, own.comebacks.mean_percent) == (25, 75, 5)
    assert (own.unjustified.percent, own.on_time.percent) == (33, 83)  # (5 + 5) / 30, (10 + 15) / 30
    assert (own.quoted_each_fen, own.approved_each_fen, own.final_each_fen) == (10_000, 12_000, 11_000)
    assert (found[person.pk].unjustified.percent, found[person.pk].on_time.percent) == (19, None)


# --- Pages and the API -----------------------------------------------------------------------------------


@pytest.fixture
def counted_shop() -> Shop:
    """A shop with one technician who has figures, and one who has none."""
    shop = open_shop(technicians=2)
    person = shop.resources.filter(kind="technician").order_by("pk")[0]
    common = {"since": NOW, "computed_at": NOW, "quoted_fen": 268_000, "approved_fen": 310_000, "final_fen": 305_000}
    IntegrityFigure.objects.create(
        shop=shop, visits=10, proposals=62, unjustified=3, promised=10, on_time=9, comebacks=1, **common
    )
    IntegrityFigure.objects.create(
        shop=shop, technician=person, visits=7, proposals=2, unjustified=0, promised=7, on_time=7, comebacks=0, **common
    )
    return shop


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def technicians_of(shop: Shop) -> list[Resource]:
    return list(shop.resources.filter(kind="technician").order_by("pk"))


@pytest.mark.django_db
def test_shop_page_shows_shares_with_what_they_were_counted_from(english: Client, counted_shop: Shop) -> None:
    text = english.get(reverse("shops:detail", args=[counted_shop.slug])).content.decode()
    for words in (
        "3 of 62 proposals",
        "5 %",
        "9 of 10 visits",
        "1 of 10 visits",
        "On average of 10 visits, a visit was quoted at ¥268, approved by its owner at ¥310 and charged ¥305",
        "7 visits in the last year · 93 % ready on time (counted from 7)",
        "No visits counted yet",
        reverse("shops:figures"),
    ):
        assert words in text
    assert "0 % proposed without need" not in text  # two proposals say nothing


@pytest.mark.django_db
def test_shop_page_of_a_new_shop_says_that_nothing_was_counted(english: Client) -> None:
    text = english.get(reverse("shops:detail", args=[open_shop().slug])).content.decode()
    assert "Nothing to count yet" in text


@pytest.mark.django_db
def test_technician_page_shows_the_person_and_their_figures(english: Client, counted_shop: Shop) -> None:
    one, other = technicians_of(counted_shop)
    text = english.get(reverse("shops:team_member", args=[counted_shop.slug, one.public_id])).content.decode()
    for words in (
        one.name_en,
        "Senior technician",
        "Maintenance",
        "7 of 7 visits",
        "0 of 2 proposals",
        "Too few to say",
    ):
        assert words in text
    text = english.get(reverse("shops:team_member", args=[counted_shop.slug, other.public_id])).content.decode()
    assert "Nothing to count yet" in text


@pytest.mark.django_db
def test_technician_page_is_found_under_their_shop_only(client: Client, counted_shop: Shop) -> None:
    person = technicians_of(counted_shop)[0]
    bay = counted_shop.resources.get(kind="bay")
    unlisted = open_shop(is_listed=False)
    for slug, public_id in (
        (ShopFactory().slug, person.public_id),
        (counted_shop.slug, bay.public_id),
        (counted_shop.slug, "0" * 16),
        (unlisted.slug, technicians_of(unlisted)[0].public_id),
    ):
        assert client.get(reverse("shops:team_member", args=[slug, public_id])).status_code == 404
    person.is_active = False
    person.save()
    assert client.get(reverse("shops:team_member", args=[counted_shop.slug, person.public_id])).status_code == 404


@pytest.mark.django_db
def test_technician_page_queries_do_not_depend_on_the_team(
    client: Client, counted_shop: Shop, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse("shops:team_member", args=[counted_shop.slug, technicians_of(counted_shop)[0].public_id])
    with django_assert_num_queries(8):  # six of the shop, the figures, the subject of the reviews
        client.get(address)
    TechnicianResourceFactory.create_batch(3, shop=counted_shop)
    with django_assert_num_queries(8):
        client.get(address)


@pytest.mark.django_db
def test_figures_are_explained(english: Client) -> None:
    text = english.get(reverse("shops:figures")).content.decode()
    assert "as if 20 average cases had been counted before" in text
    assert "Below 5 cases we say nothing" in text


@pytest.mark.django_db
def test_api_shows_the_figures(client: Client, counted_shop: Shop) -> None:
    body = client.get(reverse("bookings_api:shop", args=[counted_shop.slug])).json()
    assert body["integrity"]["unjustified"]["part"] == 3
    assert body["integrity"]["unjustified"]["value"] == pytest.approx(3 / 62)  # the only shop is the mean
    assert (body["integrity"]["visits"], body["integrity"]["quoted_fen"]) == (10, 268_000)
    people = {person["id"]: person["integrity"] for person in body["technicians"]}
    one, other = technicians_of(counted_shop)
    assert people[one.public_id]["unjustified"] == {"part": 0, "whole": 2, "value": None, "mean": pytest.approx(3 / 62)}
    assert people[other.public_id] is None


@pytest.mark.django_db
def test_api_of_a_new_shop_has_no_figures(client: Client) -> None:
    assert client.get(reverse("bookings_api:shop", args=[open_shop().slug])).json()["integrity"] is None
