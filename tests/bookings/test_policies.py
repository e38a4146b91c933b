"""A shop's rules: last start, online share, off-peak prices, fees, answering by hand, booking in one step, swapping."""

from datetime import datetime, time, timedelta

import pytest

from accounts.models import User
from bookings import actions, rules, workshop
from bookings.actions import Actor, Holder, Wanted
from bookings.choices import ActorRole, EventKind, Status
from bookings.engine import availability
from bookings.engine.availability import Reason
from bookings.engine.jobs import Job
from bookings.errors import (
    FeeChangedError,
    HoldExpiredError,
    RequestLapsedError,
    SlotTakenError,
    SlotUnavailableError,
    TooLateError,
    WrongStatusError,
)
from bookings.models import Allocation, Booking
from core.errors import InvalidInput
from core.models import OutboxEvent
from shops.models import OffPeak, OpeningHours
from tests.bookings.test_actions import booked, owner_of
from tests.bookings.test_availability import MONDAY, day_of, local, refused, starts, taken
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job, browser, lavida, minor_service

pytestmark = pytest.mark.django_db


def walk_in(job: Job, start: datetime) -> Booking:
    return workshop.walk_in(job=job, starts_at=start, wanted=Wanted(), contact=CONTACT, by=UserFactory(), at=NOW)


# --- Last start and online share ----------------------------------------------------------------------


def test_no_visit_starts_after_the_last_start() -> None:
    job = bookable_job(slot_step_minutes=30, last_start_minutes=120)
    assert starts(job)[-1] == "18:00"
    assert refused(job, local(18, 30)) == Reason.LAST_START
    assert walk_in(job, local(18, 30)).status == Status.CONFIRMED


def test_the_last_start_is_of_the_day_and_not_of_the_stretch_before_lunch() -> None:
    job = bookable_job(slot_step_minutes=30, last_start_minutes=60, lead_time_minutes=0)
    OpeningHours.objects.filter(shop=job.shop).delete()
    for opens, closes in ((10, 12), (13, 17)):
        OpeningHours.objects.create(shop=job.shop, day=1, opens_at=time(opens), closes_at=time(closes))
    assert "11:00" in starts(job)
    assert starts(job)[-1] == "16:00"


def test_the_last_bays_are_kept_for_walk_ins() -> None:
    job = bookable_job(bays=4, technicians=4, online_share_percent=50, slot_step_minutes=60)
    booked(job, local(13))
    assert "13:00" in starts(job)
    booked(job, local(13))
    assert "13:00" not in starts(job)
    assert refused(job, local(13)) == Reason.KEPT_FREE
    with pytest.raises(SlotUnavailableError):
        actions.hold(job=job, starts_at=local(13), holder=browser(), at=NOW)
    for _ in range(2):
        walk_in(job, local(13))
    with pytest.raises(SlotTakenError):
        walk_in(job, local(13))


def test_one_bay_at_least_can_be_booked_online() -> None:
    job = bookable_job(bays=1, online_share_percent=10)
    assert "13:00" in starts(job)


def test_the_share_is_of_the_bays_that_can_do_the_job() -> None:
    """Two of four bays have a lift: half of them is one."""
    job = bookable_job(bays=4, technicians=4, online_share_percent=50, slot_step_minutes=60)
    last = job.shop.resources.filter(kind="bay").order_by("-pk").values_list("pk", flat=True)[:2]
    job.shop.resources.filter(pk__in=list(last)).update(capabilities=["wash"])
    booked(job, local(13))
    assert refused(job, local(13)) == Reason.KEPT_FREE


# --- Prices and terms ------------------------------------------------------------------------------------


@pytest.fixture
def terms() -> Job:
    """20 % off labour from 13:00 to 15:00 on Mondays; deposit 30 %, late 30 %, no-show 50 %."""
    job = bookable_job(
        slot_step_minutes=60,
        lead_time_minutes=0,
        deposit_percent=30,
        late_cancel_fee_percent=30,
        no_show_fee_percent=50,
        free_cancel_minutes=60,
    )
    OffPeak.objects.create(shop=job.shop, day=1, starts_at=time(13), ends_at=time(15), percent=20)
    return job


def test_slots_name_their_discount(terms: Job) -> None:
    percent = {slot.starts_at: slot.discount_percent for slot in day_of(terms).slots}
    assert [percent[local(hour)] for hour in (12, 13, 14, 15)] == [0, 20, 20, 0]
    tuesday = MONDAY + timedelta(days=1)
    assert day_of(terms, tuesday).best_discount == 0
    assert day_of(terms).best_discount == 20


def test_the_discount_is_on_labour_and_frozen_with_the_other_terms(terms: Job) -> None:
    visit = booked(terms, local(13))
    assert (visit.labour_fen, visit.parts_fen, visit.discount_fen) == (8400, 18400, 1680)
    assert visit.total_fen == 25_120
    assert visit.deposit_fen == 25_120 * 30 // 100
    assert (visit.late_cancel_fee_fen, visit.no_show_fee_fen) == (6720 * 30 // 100, 6720 // 2)
    OffPeak.objects.all().delete()
    terms.shop.late_cancel_fee_percent = 0
    terms.shop.save()
    visit.refresh_from_db()
    assert (visit.total_fen, rules.cancel_fee_fen(visit, at=local(12, 30))) == (25_120, 2016)


def test_a_discount_is_rounded_in_the_owners_favour(terms: Job) -> None:
    terms.shop.offers.update(labour_fen=8401)
    assert booked(terms, local(13)).discount_fen == 1681


def test_cancelling_in_time_is_free_and_late_costs_the_fee(terms: Job) -> None:
    in_time, late = booked(terms, local(16)), booked(terms, local(17))
    assert actions.cancel(booking=in_time, by=owner_of(in_time), at=local(15)).fee_fen == 0
    gone = actions.cancel(booking=late, by=owner_of(late), at=local(16) + timedelta(seconds=1))
    assert gone.fee_fen == 8400 * 30 // 100
    assert gone.events.get(kind=EventKind.CANCELLED).data == {"late": True, "fee_fen": 2520}


def test_a_shop_that_cancels_late_costs_nobody_anything(terms: Job) -> None:
    visit = booked(terms, local(16))
    assert actions.cancel(booking=visit, by=STAFF, at=local(15, 59)).fee_fen == 0


def test_a_hold_given_up_late_costs_nothing(terms: Job) -> None:
    user = UserFactory()
    held = actions.hold(job=terms, starts_at=local(11), holder=Holder(user), at=NOW + timedelta(minutes=55))
    assert actions.cancel(booking=held, by=owner_of(held), at=NOW + timedelta(minutes=58)).fee_fen == 0


def test_the_fee_that_was_read_is_the_fee_that_is_owed(terms: Job) -> None:
    visit = booked(terms, local(16))
    with pytest.raises(FeeChangedError) as refusal:
        actions.cancel(booking=visit, by=owner_of(visit), at=local(15, 30), expected_fee_fen=0)
    assert refusal.value.fee_fen == 2520
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    done = actions.cancel(booking=visit, by=owner_of(visit), at=local(15, 30), expected_fee_fen=2520)
    assert (done.status, done.fee_fen) == (Status.CANCELLED, 2520)


def test_who_moves_a_visit_late_still_owes_the_fee(terms: Job) -> None:
    visit = booked(terms, local(16))
    late = local(15, 30)
    moved = actions.reschedule(booking=visit, starts_at=local(19), by=owner_of(visit), at=late)
    assert moved.free_cancel_until == local(15)
    assert actions.cancel(booking=moved, by=owner_of(moved), at=late).fee_fen == 2520


def test_who_moves_in_time_wins_a_new_free_time(terms: Job) -> None:
    visit = booked(terms, local(16))
    moved = actions.reschedule(booking=visit, starts_at=local(19), by=owner_of(visit), at=local(14))
    assert moved.free_cancel_until == local(18)


def test_a_visit_that_the_shop_moves_late_can_be_cancelled_free_again(terms: Job) -> None:
    visit = booked(terms, local(16))
    moved = actions.reschedule(booking=visit, starts_at=local(19), by=STAFF, at=local(15, 30))
    assert moved.free_cancel_until == local(18)


def test_the_discount_goes_with_the_hour_and_the_shop_cannot_move_it_away(terms: Job) -> None:
    mine, theirs = booked(terms, local(13)), booked(terms, local(14))
    moved = actions.reschedule(booking=mine, starts_at=local(16), by=owner_of(mine), at=NOW)
    assert (moved.discount_fen, moved.total_fen) == (0, 26_800)
    kept = actions.reschedule(booking=theirs, starts_at=local(17), by=STAFF, at=NOW)
    assert (kept.discount_fen, kept.total_fen) == (1680, 25_120)
    back = actions.reschedule(booking=mine, starts_at=local(13), by=owner_of(mine), at=NOW)
    assert back.discount_fen == 1680


def test_a_deposit_never_exceeds_what_the_visit_costs_by_then(terms: Job) -> None:
    visit = booked(terms, local(16))
    Booking.objects.filter(pk=visit.pk).update(deposit_fen=26_800)
    moved = actions.reschedule(booking=visit, starts_at=local(13), by=owner_of(visit), at=NOW)
    assert moved.deposit_fen == moved.total_fen == 25_120


def test_a_no_show_owes_its_fee_and_frees_the_bay(terms: Job) -> None:
    visit = booked(terms, local(16))
    with pytest.raises(InvalidInput):
        workshop.mark_no_show(booking=visit, by=UserFactory(), at=local(16, 14))
    gone = workshop.mark_no_show(booking=visit, by=UserFactory(), at=local(16, 15))
    assert (gone.status, gone.fee_fen) == (Status.NO_SHOW, 4200)
    assert gone.allocations.count() == 0


# --- Answering by hand -------------------------------------------------------------------------------------


@pytest.fixture
def by_hand() -> Job:
    return bookable_job(confirmation="by_hand", answer_minutes=30, slot_step_minutes=60, lead_time_minutes=0)


def claimed_until(visit: Booking) -> set[datetime | None]:
    return set(visit.allocations.values_list("held_until", flat=True))


def test_a_request_keeps_its_slot_until_it_must_be_answered(by_hand: Job) -> None:
    visit = booked(by_hand, local(13))
    assert (visit.status, visit.confirmed_at) == (Status.REQUESTED, None)
    assert visit.hold_expires_at == NOW + timedelta(minutes=30)
    assert claimed_until(visit) == {NOW + timedelta(minutes=30)}
    assert OutboxEvent.objects.filter(topic="booking.requested", key=visit.public_id).count() == 1
    assert "13:00" not in starts(by_hand, at=NOW + timedelta(minutes=29))


def test_a_request_is_answered_before_the_visit_begins(by_hand: Job) -> None:
    visit = booked(by_hand, local(11), at=local(10, 45))
    assert visit.hold_expires_at == local(11)


def test_an_accepted_request_is_a_booking(by_hand: Job) -> None:
    visit = booked(by_hand, local(13))
    yes = workshop.accept(booking=visit, by=UserFactory(), at=NOW + timedelta(minutes=29))
    assert (yes.status, yes.hold_expires_at) == (Status.CONFIRMED, None)
    assert claimed_until(visit) == {None}
    assert yes.events.get(kind=EventKind.CONFIRMED).actor_role == ActorRole.STAFF
    with pytest.raises(WrongStatusError):
        workshop.accept(booking=visit, by=UserFactory(), at=NOW)


def test_a_declined_request_says_why_and_frees_its_slot(by_hand: Job) -> None:
    visit = booked(by_hand, local(13))
    with pytest.raises(InvalidInput) as refusal:
        workshop.decline(booking=visit, by=UserFactory(), at=NOW, reason=" ")
    assert refusal.value.field == "reason"
    no = workshop.decline(booking=visit, by=UserFactory(), at=NOW, reason="no parts")
    assert (no.status, no.fee_fen, no.allocations.count()) == (Status.CANCELLED, 0, 0)
    assert no.events.get(kind=EventKind.CANCELLED).reason == "no parts"
    assert "13:00" in starts(by_hand)


def test_an_unanswered_request_lapses_without_any_worker(by_hand: Job) -> None:
    visit = booked(by_hand, local(13))
    later = NOW + timedelta(minutes=30)
    assert "13:00" in starts(by_hand, at=later)
    with pytest.raises(RequestLapsedError):
        workshop.accept(booking=visit, by=UserFactory(), at=later)
    with pytest.raises(RequestLapsedError):
        workshop.decline(booking=visit, by=UserFactory(), at=later, reason="no parts")
    other = actions.hold(job=by_hand, starts_at=local(13), holder=browser(), at=later)
    visit.refresh_from_db()
    assert (visit.status, other.status) == (Status.EXPIRED, Status.HELD)
    last = visit.events.get(kind=EventKind.EXPIRED)
    assert (last.from_status, last.to_status) == (Status.REQUESTED, Status.EXPIRED)


def test_a_request_can_be_withdrawn_for_nothing_and_asking_twice_is_once(by_hand: Job) -> None:
    visit = booked(by_hand, local(13))
    assert visit.owner
    again = actions.confirm(
        booking=visit, by=visit.owner, holder=Holder(visit.owner), contact=CONTACT, car=None, at=NOW
    )
    assert again.status == Status.REQUESTED
    assert visit.events.filter(kind=EventKind.REQUESTED).count() == 1
    assert rules.can_cancel(visit, at=NOW)
    gone = actions.cancel(booking=visit, by=owner_of(visit), at=NOW + timedelta(minutes=5))
    assert (gone.status, gone.fee_fen) == (Status.CANCELLED, 0)


# --- Booking in one step -------------------------------------------------------------------------------------


def book(job: Job, start: datetime, by: User, at: datetime = NOW) -> Booking:
    return actions.book(job=job, starts_at=start, by=by, contact=CONTACT, car=None, at=at)


def test_book_is_a_booking_with_its_claims_in_one_step() -> None:
    job, user = bookable_job(), UserFactory()
    visit = book(job, local(13), user)
    assert (visit.status, visit.owner, visit.plate) == (Status.CONFIRMED, user, CONTACT.plate)
    assert claimed_until(visit) == {None}
    assert visit.allocations.count() == 2
    assert OutboxEvent.objects.filter(topic="booking.confirmed", key=visit.public_id).count() == 1


def test_book_at_a_shop_that_answers_by_hand_is_a_request(by_hand: Job) -> None:
    visit = book(by_hand, local(13), UserFactory())
    assert visit.status == Status.REQUESTED
    assert claimed_until(visit) == {NOW + timedelta(minutes=30)} == {visit.hold_expires_at}


def test_book_where_somebody_was_faster_leaves_nothing_and_names_the_nearest() -> None:
    job = bookable_job(slot_step_minutes=60)
    booked(job, local(13))
    with pytest.raises(SlotTakenError) as refusal:
        book(job, local(13), UserFactory())
    assert [slot.starts_at for slot in refusal.value.alternatives] == [local(11), local(12), local(14), local(15)]
    assert Booking.objects.count() == 1


def test_book_takes_the_slot_of_a_lapsed_hold() -> None:
    job = bookable_job()
    actions.hold(job=job, starts_at=local(13), holder=browser(), at=NOW)
    later = NOW + timedelta(minutes=10)
    assert book(job, local(13), UserFactory(), at=later).status == Status.CONFIRMED


def test_a_hold_confirmed_at_its_last_moment_counts_and_a_moment_later_not() -> None:
    user = UserFactory()
    for at, refusal in ((NOW + timedelta(minutes=10), True), (NOW + timedelta(minutes=9, seconds=59), False)):
        held = actions.hold(job=bookable_job(), starts_at=local(13), holder=Holder(user), at=NOW)
        parts = {"booking": held, "by": user, "holder": Holder(user), "contact": CONTACT, "car": None, "at": at}
        if refusal:
            with pytest.raises(HoldExpiredError):
                actions.confirm(**parts)
        else:
            assert actions.confirm(**parts).status == Status.CONFIRMED


# --- Swapping -------------------------------------------------------------------------------------------------


def claims_of(visit: Booking) -> set[tuple[int, datetime, datetime]]:
    return {(a.resource_id, a.during.lower, a.during.upper) for a in visit.allocations.all()}  # type: ignore[misc]


def test_swap_lets_two_visits_change_their_times() -> None:
    job = bookable_job(slot_step_minutes=60)
    one, two = booked(job, local(13)), booked(job, local(15))
    before = claims_of(one)
    moved, other = actions.swap(booking=one, other=two, by=STAFF, at=NOW)
    assert (moved.pk, moved.starts_at) == (one.pk, local(15))
    assert (other.pk, other.starts_at) == (two.pk, local(13))
    assert claims_of(two) == before
    assert {event.kind for visit in (one, two) for event in visit.events.filter(kind=EventKind.SWAPPED)} == {"swapped"}
    written = one.events.get(kind=EventKind.SWAPPED).data["after"]["starts_at"]
    assert datetime.fromisoformat(written) == local(15)


@pytest.fixture
def uneven() -> tuple[Booking, Booking]:
    """A short visit just before a break, and a long one that would not fit there."""
    short = bookable_job(slot_step_minutes=60, lead_time_minutes=0)
    long = minor_service(key="long", standard_minutes=110)
    short.shop.offers.create(service=long, scope="all", labour_fen=100, parts_fen=0)
    one = booked(short, local(12))
    two = booked(Job(short.shop, long, lavida()), local(14))
    taken(short.shop.resources.get(kind="bay"), local(13), local(14))
    return one, two


def test_a_refused_swap_changes_nothing(uneven: tuple[Booking, Booking]) -> None:
    before = [claims_of(visit) for visit in uneven]
    events = [visit.events.count() for visit in uneven]
    for one, two in (uneven, uneven[::-1]):
        with pytest.raises(SlotTakenError):
            actions.swap(booking=one, other=two, by=STAFF, at=NOW)
    for visit, claims, count in zip(uneven, before, events, strict=True):
        fresh = Booking.objects.get(pk=visit.pk)
        assert (fresh.starts_at, fresh.revision) == (visit.starts_at, visit.revision)
        assert (claims_of(visit), visit.events.count()) == (claims, count)


def test_only_two_confirmed_visits_of_one_shop_are_swapped() -> None:
    job = bookable_job(slot_step_minutes=60)
    one, foreign = booked(job, local(13)), booked(bookable_job(), local(13))
    held = actions.hold(job=job, starts_at=local(15), holder=browser(), at=NOW)
    for other in (one, foreign):
        with pytest.raises(InvalidInput):
            actions.swap(booking=one, other=other, by=STAFF, at=NOW)
    with pytest.raises(WrongStatusError):
        actions.swap(booking=one, other=held, by=STAFF, at=NOW)


def test_an_owner_cannot_swap_into_the_past() -> None:
    job = bookable_job(slot_step_minutes=60)
    user = UserFactory()
    one, two = booked(job, local(12), user), booked(job, local(15), user)
    with pytest.raises(TooLateError):
        actions.swap(booking=one, other=two, by=Actor(ActorRole.OWNER, user), at=local(12, 1))


def test_nothing_is_claimed_beside_the_visits() -> None:
    """After all of it, claims belong to visits that live."""
    job = bookable_job(bays=2, technicians=2, slot_step_minutes=60)
    one, two = booked(job, local(13)), booked(job, local(13))
    actions.cancel(booking=one, by=STAFF, at=NOW)
    placed = availability.placement(shop=job.shop, plan=job.quoted().plan, starts_at=local(13), at=NOW)
    assert placed.reason is None
    assert set(Allocation.objects.values_list("booking", flat=True)) == {two.pk}
