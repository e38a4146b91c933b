"""The end of a visit: the owner says that they have the car, and the warranty begins."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings import workshop
from bookings.choices import ActorRole, DecisionWay, EventKind, LineState, Status, WarrantyScope
from bookings.errors import WrongStatusError
from bookings.floor import handing_over, lines, warranty
from bookings.floor.warranty import Terms
from bookings.floor_pages import handover_reading
from bookings.models import Booking, LineVersion
from core.errors import InvalidInput, NotAllowed
from core.models import OutboxEvent
from tests.factories.accounts import UserFactory
from tests.factories.handovers import START, driven_car, handed_over, in_work, ready
from tests.factories.jobs import bookable_job, minor_service
from vehicles.models import HealthEntry

DATES = st.dates(date(2020, 1, 1), date(2040, 1, 1))
KM = st.integers(0, 999_999)


# --- The owner's word ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_owner_confirms_the_handover_signed_in() -> None:
    booking = ready(in_work())
    at = booking.ends_at
    handing_over.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=booking.owner, at=at)
    booking.refresh_from_db()
    assert (booking.handover_confirmed_at, booking.handover_confirmed_way) == (at, DecisionWay.ACCOUNT)
    event = booking.events.get(kind=EventKind.HANDOVER_CONFIRMED)
    assert (event.actor, event.actor_role, event.data) == (booking.owner, ActorRole.OWNER, {"way": "account"})
    assert OutboxEvent.objects.filter(topic="booking.handover_confirmed", key=booking.public_id).count() == 1
    assert booking.status == Status.READY  # the shop hands the car over, not the owner's word


@pytest.mark.django_db
def test_confirming_twice_is_confirming_once() -> None:
    booking = handed_over()
    first = handing_over.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=booking.completed_at)
    again = handing_over.confirm(
        booking=booking, way=DecisionWay.ACCOUNT, by=booking.owner, at=booking.completed_at + timedelta(hours=1)
    )
    assert (again.handover_confirmed_at, again.handover_confirmed_way) == (first.handover_confirmed_at, "link")
    assert again.revision == first.revision
    assert booking.events.filter(kind=EventKind.HANDOVER_CONFIRMED).count() == 1


@pytest.mark.django_db
def test_confirming_on_the_shops_device_names_whose_device_it_was() -> None:
    booking, advisor = ready(in_work()), UserFactory()
    handing_over.confirm(booking=booking, way=DecisionWay.DEVICE, by=advisor, at=booking.ends_at)
    event = booking.events.get(kind=EventKind.HANDOVER_CONFIRMED)
    assert (event.actor, event.actor_role) == (advisor, ActorRole.STAFF)


@pytest.mark.django_db
@pytest.mark.parametrize("way", [DecisionWay.ACCOUNT, DecisionWay.PHONE, DecisionWay.BOOKING])
def test_confirming_in_somebody_elses_name_is_refused(way: DecisionWay) -> None:
    booking = ready(in_work())
    with pytest.raises(NotAllowed):
        handing_over.confirm(booking=booking, way=way, by=UserFactory(), at=booking.ends_at)
    with pytest.raises(NotAllowed):
        handing_over.confirm(booking=booking, way=DecisionWay.DEVICE, by=None, at=booking.ends_at)
    assert Booking.objects.get(pk=booking.pk).handover_confirmed_at is None


@pytest.mark.django_db
def test_confirming_before_the_car_is_ready_is_refused() -> None:
    booking = in_work()
    assert not handing_over.can_confirm(booking, at=booking.ends_at)
    with pytest.raises(WrongStatusError):
        handing_over.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=booking.ends_at)


@pytest.mark.django_db
def test_confirming_is_possible_for_seven_days_after_the_handover() -> None:
    booking = handed_over()
    last = booking.completed_at + handing_over.CONFIRM_WITHIN
    assert not handing_over.can_confirm(booking, at=last + timedelta(seconds=1))
    with pytest.raises(WrongStatusError):
        handing_over.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=last + timedelta(seconds=1))
    assert handing_over.can_confirm(booking, at=last)
    assert not handing_over.can_confirm(
        handing_over.confirm(booking=booking, way=DecisionWay.LINK, by=None, at=last), at=last
    )


# --- The warranty ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_warranty_runs_from_the_shops_day_and_the_reading_at_check_in() -> None:
    late = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)  # 18:30 in Shanghai
    booking = ready(in_work(starts_at=late, km=58_263))
    # Past midnight in Shanghai, still the 23rd in UTC.
    workshop.hand_over(booking=booking, by=UserFactory(), at=datetime(2026, 11, 23, 16, 30, tzinfo=UTC))
    line = booking.lines.get()
    assert (line.warranty_until, line.warranty_until_km) == (date(2026, 12, 4), 60_263)


@pytest.mark.django_db
def test_shop_that_gives_more_than_the_law_is_held_to_it() -> None:
    line = handed_over(bookable_job(warranty_months=6), km=10_000).lines.get()
    assert (line.warranty_until, line.warranty_until_km) == (date(2026, 11, 23) + timedelta(days=180), 16_000)


@pytest.mark.django_db
def test_only_what_was_done_has_a_warranty() -> None:
    booking = in_work()
    line = lines.mark_not_needed(line=booking.lines.get(), reason="Done last month", by=UserFactory(), at=START)
    workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    line.refresh_from_db()
    assert (line.state, line.warranty_until, line.warranty_until_km) == (LineState.NOT_NEEDED, None, None)


@pytest.mark.django_db
def test_questioned_odometer_gives_a_warranty_by_days_only() -> None:
    booking = in_work(car=driven_car(80_000), km=50_000, note="New instrument")
    assert booking.check_in.is_odometer_questioned
    workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    line = booking.lines.get()
    assert (line.warranty_until, line.warranty_until_km) == (date(2026, 12, 3), None)


@pytest.mark.django_db
def test_reading_confirmed_after_the_handover_leaves_the_bill_saying_why_it_has_no_kilometres() -> None:
    booking = in_work(car=driven_car(80_000), km=50_000, note="New instrument")
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    workshop.confirm_odometer(booking=booking, by=UserFactory(), at=booking.ends_at)
    shown = handover_reading.bill(Booking.objects.get(pk=booking.pk), at=booking.ends_at)
    assert [one.until_km for one in shown.done] == [None]
    assert shown.is_reading_questioned


@pytest.mark.django_db
def test_handing_over_twice_is_refused_and_enters_once() -> None:
    booking = handed_over()
    with pytest.raises(WrongStatusError):
        workshop.hand_over(booking=booking, by=UserFactory(), at=booking.completed_at + timedelta(minutes=1))
    assert HealthEntry.objects.filter(reference=f"visit:{booking.public_id}").count() == 1


@pytest.mark.parametrize(
    ("scope", "days", "km"),
    [
        (WarrantyScope.MINOR, 10, 2_000),
        (WarrantyScope.SECOND_LEVEL, 30, 5_000),
        (WarrantyScope.ASSEMBLY, 100, 20_000),
    ],
)
def test_statutory_warranty_to_its_last_day_and_kilometre(scope: WarrantyScope, days: int, km: int) -> None:
    assert warranty.STATUTORY[scope] == Terms(scope, days=days, km=km)
    version = LineVersion(warranty_days=days, warranty_km=km)
    handed_over_on = date(2026, 11, 23)
    until, until_km = warranty.ends(version, handed_over_on=handed_over_on, odometer_km=50_000)
    last = handed_over_on + timedelta(days=days)
    assert (until, until_km) == (last, 50_000 + km)

    def covers(today: date, odometer_km: int | None) -> bool:
        return warranty.covers(until=until, until_km=until_km, today=today, odometer_km=odometer_km)

    assert covers(last, 50_000 + km)
    assert not covers(last + timedelta(days=1), 50_000)
    assert not covers(handed_over_on, 50_000 + km + 1)
    assert covers(last, None)
    assert not covers(last + timedelta(days=1), None)


@pytest.mark.parametrize("scope", list(WarrantyScope))
def test_warranty_below_the_law_is_refused(scope: WarrantyScope) -> None:
    least = warranty.STATUTORY[scope]
    warranty.check(least)
    for short, field in (
        (Terms(scope, days=least.days - 1, km=least.km), "warranty_days"),
        (Terms(scope, days=least.days, km=least.km - 1), "warranty_km"),
    ):
        with pytest.raises(InvalidInput) as refused:
            warranty.check(short)
        assert refused.value.field == field


@pytest.mark.django_db
def test_major_service_is_second_level_maintenance() -> None:
    assert warranty.scope_of(minor_service(key="major_service")) == WarrantyScope.SECOND_LEVEL
    assert warranty.scope_of(minor_service()) == WarrantyScope.MINOR
    assert warranty.scope_of(None) == WarrantyScope.MINOR


@given(DATES, st.integers(0, 3_650), KM, st.integers(0, 200_000), DATES, st.none() | KM)
def test_warranty_ends_by_whichever_comes_first(
    handed_over_on: date, days: int, km: int, more_km: int, today: date, now_km: int | None
) -> None:
    version = LineVersion(warranty_days=days, warranty_km=more_km)
    until, until_km = warranty.ends(version, handed_over_on=handed_over_on, odometer_km=km)
    in_days = (today - handed_over_on).days <= days
    in_km = now_km is None or now_km - km <= more_km
    assert warranty.covers(until=until, until_km=until_km, today=today, odometer_km=now_km) == (in_days and in_km)
