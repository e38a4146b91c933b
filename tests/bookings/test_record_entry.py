"""What a visit writes into the car's health record when it is handed over."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts import actions as accounts
from bookings import workshop
from bookings.actions import Contact, Wanted
from bookings.choices import (
    Decision,
    DecisionWay,
    LineOrigin,
    LineState,
    PhotoKind,
    PriceBasis,
    Status,
    Urgency,
    WarrantyScope,
)
from bookings.engine.jobs import Job
from bookings.floor import advising, record_entry
from bookings.floor import photos as visit_photos
from bookings.floor.photos import Shown
from bookings.models import (
    Booking,
    CheckIn,
    Inspection,
    InspectionItem,
    Line,
    LineDecision,
    LineVersion,
)
from catalog.choices import Payer
from catalog.models import CheckPoint, Service
from core import photos
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.handovers import START, driven_car, handed_over, in_work, ready
from tests.factories.jobs import bookable_job, lavida
from tests.factories.photos import corners, saved
from tests.factories.shops import TechnicianResourceFactory
from tests.factories.vehicles import CarFactory
from tests.factories.visits import completed_visit
from vehicles.choices import EntrySource
from vehicles.models import HealthEntry, HealthRecord
from vehicles.record import actions as record_actions
from vehicles.record import chain, shape

pytestmark = pytest.mark.django_db

VIN = "LSVNV2182E2100001"


def add_line(
    booking: Booking,
    title: str,
    decision: Decision | None,
    *,
    is_sent: bool = True,
    fen: int = 10_000,
    service: Service | None = None,
) -> Line:
    """A line found in the workshop, as the actions leave it after the owner's word."""
    position = booking.lines.count()
    line = Line.objects.create(
        booking=booking, position=position, origin=LineOrigin.ADDED, sent_at=START if is_sent else None
    )
    LineVersion.objects.create(
        line=line,
        number=1,
        created_at=START,
        service=service,
        title=title,
        labour_minutes=30,
        labour_fen=fen,
        parts=[{"name": "刹车片", "code": "5Q0 698 151", "quantity": "1", "unit_fen": 20_000}],
        parts_fen=20_000,
        price_basis=PriceBasis.ENTERED,
        price_reason="Found today",
        urgency=Urgency.YELLOW,
        warranty_scope=WarrantyScope.MINOR,
        warranty_days=10,
        warranty_km=2_000,
        fault_codes=["C1234", "not a code"],
        advice_verdict="can_wait",
        against_reason="It squeals",
    )
    if decision:
        LineDecision.objects.create(
            line=line, version=1, decision=decision, way=DecisionWay.ACCOUNT, at=START, owner=booking.owner
        )
        states = {
            Decision.APPROVE: LineState.APPROVED,
            Decision.DECLINE: LineState.DECLINED,
            Decision.DEFER: LineState.DEFERRED,
        }
        line.state = states[decision]
        line.save(update_fields=["state"])
    return line


def inspect(booking: Booking, *readings: tuple[str, str | None, str], codes: tuple[str, ...] = ()) -> None:
    """An inspection with values at points, in order of time, and fault codes."""
    round_ = Inspection.objects.create(
        booking=booking, template=f"round-{booking.inspections.count()}", started_at=START
    )
    for number, (point, value, tone) in enumerate(readings):
        InspectionItem.objects.create(
            inspection=round_,
            point=point,
            value=Decimal(value) if value is not None else None,
            tone=tone,
            note="" if tone else "Wheel nut stuck",
            codes=list(codes) if number == 0 else [],
            at=START + timedelta(minutes=booking.inspections.count() * 10 + number),
        )


def entry_of(booking: Booking) -> HealthEntry:
    return HealthEntry.objects.get(reference=f"visit:{booking.public_id}")


def test_visit_enters_with_what_was_done_declined_and_deferred() -> None:
    technician = TechnicianResourceFactory(name_zh="王磊")
    car = CarFactory(variant=lavida(), vin=VIN)
    record_actions.record_of(car)
    booking = in_work(car=car, km=58_263)
    add_line(booking, "Front brake pads", Decision.APPROVE)
    add_line(booking, "Engine flush", Decision.DECLINE)
    add_line(booking, "Rear shock absorbers", Decision.DEFER)
    withdrawn = add_line(booking, "Wiper blades", None)
    withdrawn.state = LineState.WITHDRAWN
    withdrawn.save(update_fields=["state"])
    CheckIn.objects.filter(booking=booking).update(owner_words="It pulls to the left")
    booking = ready(booking)
    Line.objects.filter(booking=booking, state=LineState.DONE).update(technician=technician)
    booking = workshop.hand_over(booking=booking, by=UserFactory(), at=booking.ends_at)

    entry = entry_of(booking)
    facts, private = entry.facts, entry.private
    shape.check_facts(facts)
    shape.check_private(private)
    assert (entry.source, entry.holder, entry.record) == (EntrySource.VISIT, booking.owner, car.record)
    assert (facts["kind"], facts["date"], facts["checked_in_on"], facts["settled_on"]) == (
        "visit",
        "2026-11-23",
        "2026-11-23",
        "2026-11-23",
    )
    assert (facts["odometer_km"], facts["vin"], facts["number"]) == (58_263, VIN, booking.number)
    assert facts["shop"] == {
        "slug": booking.shop.slug,
        "name_zh": booking.shop.name_zh,
        "name_en": booking.shop.name_en,
        "city_zh": "上海",
        "city_en": "Shanghai",
    }
    assert [(item["name_en"], item["service"], item["outcome"]) for item in facts["items"]] == [
        ("Minor service", "minor_service", "done"),
        ("Front brake pads", "", "done"),
        ("Engine flush", "", "declined"),
        ("Rear shock absorbers", "", "deferred"),
    ]
    assert [item["warranty"] for item in facts["items"]] == [{"km": 2_000, "days": 10}] * 2 + [None, None]
    assert facts["items"][1]["parts"] == [{"name": "刹车片", "code": "5Q0 698 151", "quantity": "1"}]
    assert facts["items"][1]["advice"] == "can_wait"
    assert facts["fault_codes"] == ["C1234"]
    assert private["items"] == [
        {"labour_fen": 8_400, "parts_fen": 18_400},
        {"labour_fen": 10_000, "parts_fen": 20_000},
        # Not done and not charged; what it would have cost is kept.
        {"labour_fen": 10_000, "parts_fen": 20_000},
        {"labour_fen": 10_000, "parts_fen": 20_000},
    ]
    assert private["total_fen"] == booking.final_fen == 56_800
    assert (private["plate"], private["fault"]) == ("沪AD8K21", "刹车有异响\nIt pulls to the left")
    assert private["technicians"] == ["王磊"]


def test_nothing_private_is_among_the_facts() -> None:
    text = str(entry_of(handed_over()).facts)
    for secret in ("沪AD8K21", "刹车有异响", "26800", "8400", "Lin"):
        assert secret not in text


def test_off_peak_discount_is_taken_off_the_labour() -> None:
    booking = handed_over()
    line = booking.lines.get()
    version = line.versions.get()
    version.discount_fen = 400
    line._prefetched_objects_cache = {"versions": [version]}
    assert record_entry.private(booking, [line])["items"] == [{"labour_fen": 8_000, "parts_fen": 18_400}]


def test_last_value_of_a_point_is_what_is_known() -> None:
    CheckPoint.objects.create(
        key="pad_front_left_inner",
        name_zh="左前内片",
        name_en="Front left, inner pad",
        section="brakes",
        kind="measure",
        unit="mm",
        direction="low_is_bad",
        highest=20,
        rule_zh="…",
        rule_en="…",
        source="a source",
        confidence="likely",
    )
    booking = in_work()
    inspect(booking, ("pad_front_left_inner", "2.800", "red"), ("battery", None, ""), codes=("P0300", "P0300", "x"))
    inspect(booking, ("pad_front_left_inner", "11.000", "green"), ("oil_level", "-0.0", "yellow"))
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    facts = entry_of(booking).facts
    assert facts["measurements"] == [
        {"point": "pad_front_left_inner", "value": "11", "unit": "mm", "tone": "green"},
        {"point": "oil_level", "value": "0", "unit": "", "tone": "yellow"},
    ]
    assert facts["fault_codes"] == ["P0300"]


def test_photos_are_named_by_their_hash_and_those_of_messages_are_not() -> None:
    booking = in_work()
    cleaned = photos.clean(BytesIO(saved(corners())))
    for kind in (PhotoKind.FINDING, PhotoKind.MESSAGE):
        visit_photos.attach(booking=booking, cleaned=[cleaned], shown=Shown(kind), by=None, at=START)
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    assert entry_of(booking).facts["photos"] == [{"sha256": cleaned.sha256, "kind": "finding"}]


def test_questioned_odometer_is_not_entered() -> None:
    booking = in_work(car=driven_car(80_000), note="New instrument")
    assert booking.check_in.is_odometer_questioned
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    assert entry_of(booking).facts["odometer_km"] is None


def test_chain_of_a_car_holds_after_every_handover() -> None:
    car = CarFactory(variant=lavida())
    job = bookable_job()
    for day in range(3):
        handed_over(job, car=car, starts_at=START + timedelta(days=day), km=50_000 + day)
    car.refresh_from_db()
    record = car.record
    assert record is not None
    entries = list(record.entries.in_order())
    assert [entry.odometer_km for entry in entries] == [50_000, 50_001, 50_002]
    assert chain.verify(entries, head_hash=record.head_hash) == []
    # ... and a changed word would be seen.
    entries[1].facts["date"] = "2020-01-01"
    assert [problem.sequence for problem in chain.verify(entries, head_hash=record.head_hash)] == [2]


def test_entry_is_written_once() -> None:
    booking = handed_over()
    first = entry_of(booking)
    assert record_entry.write(booking=booking, at=booking.completed_at + timedelta(days=1)) == first
    assert HealthEntry.objects.count() == 1


def test_the_record_leads_its_owner_to_their_visits_and_to_nobody_elses(client: Client) -> None:
    car = CarFactory(variant=lavida())
    job = bookable_job()
    before = handed_over(job, car=car)
    mine = handed_over(job, car=car, starts_at=START + timedelta(days=1), km=50_001)
    Booking.objects.filter(pk=before.pk).update(owner=UserFactory())
    client.force_login(car.owner)
    html = client.get(reverse("vehicles:record", args=[car.public_id])).content.decode()
    assert html.count('class="record-event"') == 2
    visit = reverse("bookings:detail", args=[mine.public_id])
    assert f'href="{visit}"' in html
    assert before.public_id not in html
    assert client.get(visit).status_code == 200


def walk_in(job: Job, *, vin: str) -> Booking:
    by = UserFactory()
    booking = workshop.walk_in(
        job=job, starts_at=START, wanted=Wanted(), contact=Contact(name="Mr Wu", plate="沪B12345"), by=by, at=START
    )
    Booking.objects.filter(pk=booking.pk).update(vin=vin)
    booking = workshop.check_in(booking=booking, odometer_km=20_000, by=by, at=START)
    booking = workshop.start(booking=booking, by=by, at=START)
    return floor.hand_over(booking, by=by, at=booking.ends_at)


def test_walk_in_enters_under_its_vin_without_anything_of_the_person() -> None:
    job = bookable_job()
    booking = walk_in(job, vin=VIN)
    entry = entry_of(booking)
    assert (entry.record.vin, entry.record.owner, entry.holder) == (VIN, None, None)
    assert set(entry.private) == {"salt"}
    assert [item["service"] for item in entry.facts["items"]] == ["minor_service"]
    assert HealthRecord.objects.filter(vin=VIN).count() == 1


def test_walk_in_without_a_vin_enters_nowhere() -> None:
    booking = walk_in(bookable_job(), vin="")
    assert booking.status == Status.COMPLETED
    assert not HealthEntry.objects.exists()


def test_full_record_lets_the_car_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_actions, "MAX_ENTRIES", 0)
    assert handed_over().status == Status.COMPLETED
    assert not HealthEntry.objects.exists()


def test_erased_owner_leaves_the_facts_and_a_chain_that_holds() -> None:
    booking = handed_over()
    accounts.erase(user=booking.owner, at=booking.completed_at + timedelta(days=1))
    entry = entry_of(booking)
    assert (entry.private, entry.holder) == (None, None)
    assert entry.facts["items"][0]["service"] == "minor_service"
    assert chain.verify([entry], head_hash=entry.record.head_hash) == []


def test_backfill_enters_visits_from_before_in_order() -> None:
    shop = bookable_job().shop
    car = CarFactory(variant=lavida())
    visits = [
        completed_visit(shop, 40, starts_at=START - timedelta(days=days), car=car, owner=car.owner, discount_fen=400)
        for days in (30, 60)
    ]
    erased = CarFactory(variant=lavida())
    gone = completed_visit(shop, 40, starts_at=START, car=erased, owner=erased.owner, plate="沪AD8K21")
    accounts.erase(user=erased.owner, at=START + timedelta(days=1))
    completed_visit(shop, 40)  # no car, no VIN

    assert record_entry.backfill(at=START) == 3
    assert record_entry.backfill(at=START) == 0
    car.refresh_from_db()
    entries = list(car.record.entries.in_order())
    assert [entry.reference for entry in entries] == [f"visit:{visit.public_id}" for visit in reversed(visits)]
    assert entries[0].facts["items"][0]["name_en"] == "Minor service"
    assert entries[0].private["items"] == [{"labour_fen": 8_000, "parts_fen": 18_400}]
    assert entries[0].private["total_fen"] == 26_400
    assert set(entry_of(gone).private) == {"salt"}
    assert chain.verify(entries, head_hash=car.record.head_hash) == []


def test_command_enters_every_visit_from_before(capsys: pytest.CaptureFixture[str]) -> None:
    shop, car = bookable_job().shop, CarFactory(variant=lavida())
    for days in range(3):
        completed_visit(shop, 40, starts_at=START - timedelta(days=days), car=car, owner=car.owner)
    call_command("enter_visits")
    assert capsys.readouterr().out == "3 visits entered.\n"
    call_command("enter_visits")
    assert capsys.readouterr().out == "0 visits entered.\n"


@pytest.mark.parametrize(("days", "pays"), [(10, Payer.SHOP), (11, Payer.OWNER)])
def test_defect_within_the_warranty_is_the_shops_to_pay(days: int, pays: Payer) -> None:
    """What is entered is what the advice reads: a warranty of ten days, the last one included."""
    car, job = CarFactory(variant=lavida()), bookable_job()
    handed_over(job, car=car)
    car.refresh_from_db()
    again = in_work(job, car=car, starts_at=START + timedelta(days=days), km=50_500)
    advice = advising.adviser(booking=again, at=again.starts_at).on(
        service="minor_service", measure="", symptoms=frozenset(), fault_codes=frozenset()
    )
    assert advice.who_pays == pays


def test_owner_of_the_visit_holds_the_private_part() -> None:
    """A car that was sold while it stood in the workshop: who paid keeps what it cost."""
    booking = in_work()
    owner = booking.owner
    booking.car.owner = UserFactory()
    booking.car.save(update_fields=["owner"])
    booking = workshop.hand_over(booking=ready(booking), by=UserFactory(), at=booking.ends_at)
    assert entry_of(booking).holder == owner
