"""The job card by the API: what the shop writes, who may, and refusals beside their fields."""

from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from bookings.choices import LineState, Stage
from bookings.engine.jobs import Job
from bookings.models import Booking
from shops.choices import Role
from tests.bookings.floor_cards import NOW, here, sent, staff
from tests.factories.board import member
from tests.factories.jobs import bookable_job

pytestmark = pytest.mark.django_db

WIPERS = {
    "title": "Wiper blades",
    "urgency": "yellow",
    "labour_fen": 2_000,
    "price_reason": "Maker's part",
    "parts": [{"name": "Blade", "quantity": "2", "unit_fen": 6_800}],
    "extra_minutes": 15,
}


@pytest.fixture
def booking() -> Booking:
    job: Job = bookable_job(bays=2, technicians=2)
    return here(job)


def api(booking: Booking, role: Role = Role.ADVISOR) -> APIClient:
    client = APIClient()
    client.force_authenticate(staff(booking.shop, role))
    return client


def post(client: APIClient, booking: Booking, name: str, **order: Any) -> Any:
    address = f"/api/v1/shops/{booking.shop.slug}/bookings/{booking.public_id}/{name}/"
    with time_machine.travel(NOW, tick=False):
        return client.post(address, order, format="json", headers={"Accept-Language": "en"})


def test_line_is_proposed_sent_answered_on_the_phone_and_done(booking: Booking) -> None:
    advisor = api(booking)
    line = post(advisor, booking, "lines", **WIPERS).json()["lines"][-1]
    assert (line["total_fen"], line["sent_at"], line["state"]) == (15_600, None, "proposed")
    card = post(advisor, booking, "lines/send").json()
    assert (card["stage"], card["pending_fen"], card["if_all_fen"]) == (Stage.WAITING_OWNER, 15_600, 42_400)
    answer = {"line": line["id"], "version": 1, "decision": "approve"}
    card = post(advisor, booking, "phone-answer", decisions=[answer], spoke_with="Ms Lin").json()
    assert (card["stage"], card["approved_fen"]) == (Stage.WORKING, 42_400)
    card = post(api(booking, Role.TECHNICIAN), booking, f"lines/{line['id']}/done").json()
    assert card["lines"][-1]["state"] == LineState.DONE


def test_technician_cannot_write_a_call_down_and_a_cashier_cannot_propose(booking: Booking) -> None:
    line = sent(booking)
    answer = {"line": line.public_id, "version": 1, "decision": "approve"}
    refused = post(api(booking, Role.TECHNICIAN), booking, "phone-answer", decisions=[answer], spoke_with="Ms Lin")
    assert refused.status_code == 403
    assert post(api(booking, Role.CASHIER), booking, "lines", **WIPERS).status_code == 403
    line.refresh_from_db()
    assert line.state == LineState.PROPOSED


def test_foreign_visit_and_foreign_line_look_missing(booking: Booking) -> None:
    stranger = APIClient()
    stranger.force_authenticate(member(bookable_job().shop, Role.MANAGER))
    assert post(stranger, booking, "lines", **WIPERS).status_code == 404
    foreign = sent(here(bookable_job()))
    assert post(api(booking), booking, f"lines/{foreign.public_id}/withdraw").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"urgency": "urgent"}, "urgency"),
        ({"labour_fen": -1}, "labour_fen"),
        ({"labour_fen": None}, "labour_fen"),
        ({"price_reason": ""}, "price_reason"),
        ({"parts": [{"name": "Blade"}]}, "parts"),
        ({"parts": "many"}, "parts"),
        ({"fault_codes": ["X"]}, "fault_codes"),
        ({"warranty_days": 1}, "warranty_days"),
        ({"title": "a\x00b"}, "title"),
        ({"service": "nothing"}, "service"),
    ],
)
def test_bad_line_is_a_400_with_the_field(booking: Booking, change: dict[str, Any], field: str) -> None:
    response = post(api(booking), booking, "lines", **{**WIPERS, **change})
    assert response.status_code == 400
    assert field in str(response.json())
    assert booking.lines.count() == 1


def test_change_of_an_old_version_is_a_409(booking: Booking) -> None:
    line = sent(booking)
    advisor = api(booking)
    assert post(advisor, booking, f"lines/{line.public_id}/change", version=1, **WIPERS).status_code == 200
    again = post(advisor, booking, f"lines/{line.public_id}/change", version=1, **WIPERS)
    assert (again.status_code, again.json()["code"]) == (409, "line_changed")


def test_promise_stage_and_messages_are_the_shops_to_write(booking: Booking) -> None:
    advisor = api(booking)
    late = {"ends_at": "2026-11-23T18:00:00+08:00", "reason": "Parts come late"}
    assert post(advisor, booking, "promise", **late).json()["promised_at"].startswith("2026-11-23T18:00")
    assert post(advisor, booking, "stage", stage="waiting_parts").json()["stage"] == Stage.WAITING_PARTS
    assert post(advisor, booking, "stage", stage="ready").status_code == 400
    assert post(advisor, booking, "messages", text="Nearly done").status_code == 201
    assert booking.messages.get().author_role == Role.ADVISOR
