"""Who may do what to a visit in the workshop: every role on every action, over HTTP, as tables.

First what the shop does, then the staff's pages, then what is the owner's alone: by the account and by the link.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.choices import LineState, Stage, Status
from bookings.engine.jobs import Job
from bookings.floor import checking_in, inspecting, lines, links, quality
from bookings.floor.checking_in import Sheet
from bookings.floor.inspecting import Reading
from bookings.models import Booking, CheckIn, Line, LineDecision, VisitLink
from catalog.models import CheckPoint, InspectionTemplate, TemplatePoint
from shops.choices import Role
from tests.bookings.floor_cards import NOW, approved, author, here, proposed, sent, staff, typed_line, url
from tests.bookings.test_availability import local
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.board import member
from tests.factories.jobs import bookable_job
from tests.factories.vehicles import CarFactory

pytestmark = pytest.mark.django_db

# --- Who --------------------------------------------------------------------------------------------

MEMBERS = [role.value for role in Role]
VISITORS = ["anonymous", "link_holder", "other_link"]
OTHERS = ["foreign_manager", "car_owner", "other_owner", *VISITORS]
WHO = MEMBERS + OTHERS
# What each is answered who may not: a member is told so, a stranger sees nothing, a visitor is asked to sign in.
REFUSED = dict.fromkeys(MEMBERS, 403) | dict.fromkeys(OTHERS, 404) | dict.fromkeys(VISITORS, 302)


def client_of(who: str, booking: Booking) -> Client:
    """A browser of this person; for the link's holder one that has opened the visit's link."""
    client = Client()
    client.cookies["django_language"] = "en"
    person: User | None = None
    if who in MEMBERS:
        person = staff(booking.shop, Role(who))
    elif who == "foreign_manager":
        person = member(bookable_job().shop, Role.MANAGER)
    elif who == "car_owner":
        person = booking.owner
    elif who == "other_owner":
        person = CarFactory().owner
    elif who in ("link_holder", "other_link"):
        opened = booking if who == "link_holder" else here(bookable_job())
        with time_machine.travel(NOW, tick=False):
            assert client.get(link_url("", links.make(booking=opened, at=NOW))).status_code == 200
    if person is not None:
        client.force_login(person)
    return client


def link_url(name: str, key: str) -> str:
    return reverse(f"bookings:link_{name}" if name else "bookings:link", args=[key])


START = local(13)
PAD = "pad_front_left_inner"


# --- What -------------------------------------------------------------------------------------------


Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something that is tried: the state it begins in, its address, what is sent, and how to see that it was done.

    A page that is only looked at is never done.
    """

    address: str
    done: Callable[[Booking], bool] = lambda _booking: False
    prepare: Callable[[Booking], object] = lambda _booking: None
    data: Data | Callable[[Booking], Data] = field(default_factory=dict)
    begins: Status = Status.IN_SERVICE
    # What its address names besides the visit.
    names: Callable[[Booking], list[object]] = lambda _booking: []

    @property
    def is_on_line(self) -> bool:
        return self.names is _line_named

    def url(self, booking: Booking, *, through: Booking | None = None) -> str:
        """Its address, which names the shop if it is a page of the staff; `through` the shop of another visit."""
        shop = [] if self.address.startswith("bookings:") else [(through or booking).shop.slug]
        return reverse(self.address, args=[*shop, booking.public_id, *self.names(booking)])

    def sent(self, booking: Booking) -> Data:
        return self.data(booking) if callable(self.data) else self.data


def _line(booking: Booking) -> Line:
    """The line put on the card last."""
    return booking.lines.order_by("-position")[0]


def _line_named(booking: Booking) -> list[object]:
    return [_line(booking).public_id]


def _changed(booking: Booking) -> Data:
    return typed_line(version=str(_line(booking).version))


def _answers(booking: Booking) -> Data:
    line = _line(booking)
    key = line.public_id
    return {f"answer_{key}": "approve", f"version_{key}": str(line.version), "spoke_with": "Ms Lin"}


def _approval(booking: Booking) -> Data:
    line = _line(booking)
    return {"decision": "approve", "line": f"{line.public_id}.{line.version}"}


def _seen(booking: Booking) -> Data:
    return {"seen": checking_in.version(booking, booking.check_in)}


def _complaint(booking: Booking) -> Data:
    return {"lines": [_line(booking).public_id], "words": "It squeals again"}


def _awaited(booking: Booking) -> Line:
    return lines.wait_for_parts(line=approved(booking), expected_on=None, waits=True, by=staff(booking.shop), at=NOW)


def _work_done(booking: Booking) -> None:
    # By somebody who is none of those who try: nobody is refused for having done the work.
    quality.submit(booking=booking, by=UserFactory(), at=NOW)


def _is_ready(booking: Booking) -> None:
    floor.make_ready(booking, by=staff(booking.shop), at=NOW)


def _handed_over(booking: Booking) -> None:
    floor.hand_over(booking, by=staff(booking.shop), at=NOW)


def _doubtful(booking: Booking) -> None:
    """Received by somebody who is none of those who try, with fewer kilometres than the car had."""
    car = CarFactory(owner=booking.owner, variant=booking.variant, odometer_km=60_000, odometer_at=START)
    car.readings.create(km=60_000, read_at=START, source="owner")
    booking.car = car
    booking.save(update_fields=["car"])
    sheet = Sheet(odometer_km=58_263, odometer_note="New instrument cluster")
    assert checking_in.write_sheet(booking=booking, sheet=sheet, by=UserFactory(), at=NOW).is_odometer_questioned


def _one_point() -> None:
    """A template with one point."""
    floor.brake_pads()
    template = InspectionTemplate.objects.create(
        key="one_point", name_zh="一项", name_en="One point", powertrains=["ice"]
    )
    TemplatePoint.objects.create(template=template, point=CheckPoint.objects.get(key=PAD), position=1)


def _inspected(booking: Booking) -> None:
    _one_point()
    inspecting.start(booking=booking, template_key="one_point", by=staff(booking.shop), at=NOW)


def _measured(booking: Booking) -> None:
    _inspected(booking)
    reading = Reading(value=Decimal("8.2"))
    inspection = booking.inspections.get()
    inspecting.record(inspection=inspection, point_key=PAD, reading=reading, by=staff(booking.shop), at=NOW)


def _inspection_named(booking: Booking) -> list[object]:
    return [booking.inspections.get().pk]


def _point_named(booking: Booking) -> list[object]:
    return [*_inspection_named(booking), PAD]


def _in_state(state: LineState) -> Callable[[Booking], bool]:
    return lambda booking: _line(booking).state == state


def _is(status: Status) -> Callable[[Booking], bool]:
    return lambda booking: booking.status == status


def _state_confirmed(booking: Booking) -> bool:
    return CheckIn.objects.filter(booking=booking, confirmed_at__isnull=False).exists()


def _handover_confirmed(booking: Booking) -> bool:
    return booking.handover_confirmed_at is not None


CHECKED = {f"point_{key}": "ok" for key in quality.CHECKLIST}
SHEET = {"sheet": "1", "odometer_km": "58263", "plate": "沪A·D8K21"}

ACTIONS = {
    "check_in": Action(address="board:check_in", begins=Status.CONFIRMED, data=SHEET, done=_is(Status.CHECKED_IN)),
    "no_show": Action(address="board:no_show", begins=Status.CONFIRMED, done=_is(Status.NO_SHOW)),
    "cancel": Action(
        address="board:cancel", begins=Status.CONFIRMED, data={"reason": "No part"}, done=_is(Status.CANCELLED)
    ),
    "second_look": Action(
        address="floor:confirm_odometer",
        begins=Status.CONFIRMED,
        prepare=_doubtful,
        done=lambda b: not b.check_in.is_odometer_questioned,
    ),
    "show_sheet": Action(address="floor:check_in_show", data=_seen, begins=Status.CHECKED_IN, done=_state_confirmed),
    "begin_inspection": Action(
        address="floor:inspections",
        prepare=lambda _b: _one_point(),
        data={"template": "one_point"},
        done=lambda b: b.inspections.exists(),
    ),
    "record_point": Action(
        address="floor:inspection_point",
        prepare=_inspected,
        names=_point_named,
        data={"value": "8.2"},
        done=lambda b: b.inspections.get().items.filter(value=Decimal("8.2")).exists(),
    ),
    "finish_inspection": Action(
        address="floor:inspection_result",
        prepare=_measured,
        names=_inspection_named,
        done=lambda b: b.inspections.get().finished_at is not None,
    ),
    "start_work": Action(address="board:start", begins=Status.CHECKED_IN, done=_is(Status.IN_SERVICE)),
    "propose": Action(address="floor:add_line", data=typed_line(), done=lambda b: b.lines.count() == 2),
    "change": Action(
        address="floor:change_line",
        prepare=sent,
        names=_line_named,
        data=_changed,
        done=lambda b: b.lines.filter(version=2).exists(),
    ),
    "send": Action(address="floor:send", prepare=proposed, done=lambda b: b.lines.pending().exists()),
    "withdraw": Action(
        address="floor:withdraw_line", prepare=sent, names=_line_named, done=_in_state(LineState.WITHDRAWN)
    ),
    "answer_by_phone": Action(address="floor:phone", prepare=sent, data=_answers, done=_in_state(LineState.APPROVED)),
    "line_done": Action(address="floor:line_done", prepare=approved, names=_line_named, done=_in_state(LineState.DONE)),
    "not_needed": Action(
        address="floor:line_not_needed",
        prepare=approved,
        names=_line_named,
        data={"reason": "Still good"},
        done=_in_state(LineState.NOT_NEEDED),
    ),
    "wait_for_parts": Action(
        address="floor:line_parts",
        prepare=approved,
        names=_line_named,
        done=lambda b: b.lines.filter(waits_for_parts=True).exists(),
    ),
    "parts_have_come": Action(
        address="floor:line_parts",
        prepare=_awaited,
        names=_line_named,
        data={"arrived": "1"},
        done=lambda b: not b.lines.filter(waits_for_parts=True).exists(),
    ),
    "stage": Action(address="floor:stage", data={"stage": "inspecting"}, done=lambda b: b.stage == Stage.INSPECTING),
    "promise": Action(
        address="floor:promise",
        data={"date": "2026-11-23", "time": "18:00", "reason": "Parts come late"},
        done=lambda b: f"{b.local_end:%H:%M}" == "18:00",
    ),
    "message": Action(address="floor:say", data={"text": "Nearly done"}, done=lambda b: b.messages.exists()),
    "work_done": Action(address="board:submit", done=lambda b: b.stage == Stage.CHECKING),
    "quality_check": Action(address="floor:quality_check", prepare=_work_done, data=CHECKED, done=_is(Status.READY)),
    "reopen": Action(address="board:reopen", prepare=_is_ready, done=_is(Status.IN_SERVICE)),
    "hand_over": Action(address="floor:handover", prepare=_is_ready, done=_is(Status.COMPLETED)),
    "show_handover": Action(address="floor:handover_show", prepare=_is_ready, done=_handover_confirmed),
}

# Yes and no by role: owner, manager, advisor, technician, cashier; then a foreign manager, the car's owner, another
# owner, a visitor, and whoever opened the link of this visit or of another one. The owner's own answers have pages of
# their own.
FLOOR = "yyyyn nnnnnn"
COUNTER = "yyynn nnnnnn"
TILL = "yyyny nnnnnn"
TABLE = {
    "check_in": FLOOR,
    "no_show": COUNTER,
    "cancel": COUNTER,
    "second_look": FLOOR,
    "show_sheet": FLOOR,
    "begin_inspection": FLOOR,
    "record_point": FLOOR,
    "finish_inspection": FLOOR,
    "start_work": FLOOR,
    "propose": FLOOR,
    "change": FLOOR,
    "send": FLOOR,
    "withdraw": FLOOR,
    "answer_by_phone": COUNTER,
    "line_done": FLOOR,
    "not_needed": FLOOR,
    "wait_for_parts": FLOOR,
    "parts_have_come": FLOOR,
    "stage": FLOOR,
    "promise": COUNTER,
    "message": FLOOR,
    "work_done": FLOOR,
    "quality_check": FLOOR,
    "reopen": FLOOR,
    "hand_over": TILL,
    "show_handover": TILL,
}

# The staff's pages of a visit.
STAFF_PAGES = {
    "panel": Action(address="board:visit"),
    "sheet": Action(address="board:check_in"),
    "sheet_to_show": Action(address="floor:check_in_show"),
    "inspections": Action(address="floor:inspections"),
    "inspection": Action(address="floor:inspection", prepare=_inspected, names=_inspection_named),
    "card": Action(address="floor:card"),
    "line_form": Action(address="floor:add_line"),
    "record": Action(address="floor:record"),
    "handover": Action(address="floor:handover", prepare=_is_ready),
    "handover_to_show": Action(address="floor:handover_show", prepare=_is_ready),
}
EVERY_MEMBER = "yyyyy nnnnnn"
PAGES_TABLE = {
    "panel": EVERY_MEMBER,
    "sheet": FLOOR,
    "sheet_to_show": FLOOR,
    "inspections": FLOOR,
    "inspection": FLOOR,
    "card": EVERY_MEMBER,
    "line_form": FLOOR,
    "record": FLOOR,
    "handover": TILL,
    "handover_to_show": TILL,
}

# What is the owner's alone. The shop's people, even its owner, are strangers to these addresses.
OWNERS = {
    "decide": Action(address="bookings:visit_decide", prepare=sent, data=_approval, done=_in_state(LineState.APPROVED)),
    "confirm_sheet": Action(address="bookings:visit_confirm_sheet", data=_seen, done=_state_confirmed),
    "confirm_handover": Action(address="bookings:visit_confirm_handover", prepare=_is_ready, done=_handover_confirmed),
    "say": Action(
        address="bookings:visit_say",
        data={"text": "When is it ready?"},
        done=lambda b: b.messages.filter(is_from_owner=True).exists(),
    ),
    "end_links": Action(
        address="bookings:visit_end_links",
        prepare=lambda b: links.make(booking=b, at=NOW),
        done=lambda b: not VisitLink.objects.valid(at=NOW).filter(booking=b).exists(),
    ),
    "comeback": Action(
        address="bookings:comeback", prepare=_handed_over, data=_complaint, done=lambda b: b.comebacks.exists()
    ),
}
OWNERS_TABLE = dict.fromkeys(OWNERS, "nnnnn nynnnn")

# The same by the link, for whoever has a key: one that the owner has ended, one that is too old, one of another
# visit, an invented one, and the visit's own. There is no comeback by the link: it has no address there.
KEYS = ["ended", "expired", "other", "invented", "own"]
BY_LINK = {name: action for name, action in OWNERS.items() if name != "comeback"}
LINKS_TABLE = dict.fromkeys(BY_LINK, "nnnn y")


def answers(table: dict[str, str], name: str, who: list[str] = WHO) -> dict[str, bool]:
    """A row of a table: who may."""
    return {one: answer == "y" for one, answer in zip(who, table[name].replace(" ", ""), strict=True)}


def rows(actions: dict[str, Action], table: dict[str, str]) -> list[Any]:
    """A case for each row of a table, with the answers of everybody."""
    assert table.keys() == actions.keys()
    return [pytest.param(action, answers(table, name), id=name) for name, action in actions.items()]


def each(actions: dict[str, Action]) -> list[Any]:
    return [pytest.param(action, id=name) for name, action in actions.items()]


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def owned(job: Job, action: Action | None = None) -> Booking:
    """A car whose owner has an account, in work or where the action begins, with what it needs."""
    booking = here(job, action.begins if action else Status.IN_SERVICE)
    booking.owner = UserFactory()
    booking.save(update_fields=["owner"])
    if action:
        action.prepare(booking)
    return Booking.objects.get(pk=booking.pk)


def fresh(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def tried(who: str, action: Action, booking: Booking) -> int:
    """The status that this person is answered; 302 for a visitor only if it leads to signing in."""
    client = client_of(who, booking)
    with time_machine.travel(NOW, tick=False):
        response = client.post(action.url(booking), action.sent(booking))
    assert who not in VISITORS or response["Location"].startswith(reverse("account_login"))
    return response.status_code


def outcomes(action: Action, booking: Booking, row: dict[str, bool]) -> dict[str, tuple[int, bool]]:
    """For everybody the status of the answer and whether it was done; each tries it on the same visit as it was."""
    found = {}
    for who in row:
        with transaction.atomic():
            status = tried(who, action, booking)
            found[who] = status, action.done(fresh(booking))
            transaction.set_rollback(True)
    return found


# --- The shop ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "row"), rows(ACTIONS, TABLE))
def test_action_is_done_by_those_who_may_and_by_nobody_else(job: Job, action: Action, row: dict[str, bool]) -> None:
    booking = owned(job, action)
    assert not action.done(booking)
    assert outcomes(action, booking, row) == {
        who: (302, True) if may else (REFUSED[who], False) for who, may in row.items()
    }


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_page_opens_for_those_who_may_and_for_nobody_else(job: Job, name: str) -> None:
    page = STAFF_PAGES[name]
    booking = owned(job, page)
    with time_machine.travel(NOW, tick=False):
        found = {who: client_of(who, booking).get(page.url(booking)).status_code for who in WHO}
    assert found == {who: 200 if may else REFUSED[who] for who, may in answers(PAGES_TABLE, name).items()}


@pytest.mark.parametrize("action", each(ACTIONS))
def test_action_on_a_foreign_visit_looks_missing_through_the_own_shop(job: Job, action: Action) -> None:
    booking, own = owned(job, action), here(bookable_job())
    client = client_of("owner", own)
    with time_machine.travel(NOW, tick=False):
        response = client.post(action.url(booking, through=own), action.sent(booking))
    assert response.status_code == 404
    assert not action.done(fresh(booking))


ON_LINE = {name: action for name, action in ACTIONS.items() if action.is_on_line}


@pytest.mark.parametrize("action", each(ON_LINE))
def test_line_of_another_visit_looks_missing(job: Job, action: Action) -> None:
    booking = owned(job, action)
    line, other = _line(booking), owned(bookable_job())
    client = client_of("owner", other)
    with time_machine.travel(NOW, tick=False):
        there = reverse(action.address, args=[other.shop.slug, other.public_id, line.public_id])
        response = client.post(there, action.sent(booking))
    assert response.status_code == 404
    assert Line.objects.get(pk=line.pk).state == line.state


@pytest.mark.parametrize(("name", "action"), ACTIONS.items(), ids=ACTIONS)
def test_action_sent_twice_is_harmless(job: Job, name: str, action: Action) -> None:
    booking = owned(job, action)
    client, there, data = client_of("manager", booking), action.url(booking), action.sent(booking)
    with time_machine.travel(NOW, tick=False):
        first = client.post(there, data)
        again = client.post(there, data)
    assert first.status_code == 302
    assert again.status_code in (200, 302, 400, 403, 409)
    assert action.done(fresh(booking)) or name == "propose"


# --- The owner --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "row"), rows(OWNERS, OWNERS_TABLE))
def test_owners_word_is_the_owners_alone(job: Job, action: Action, row: dict[str, bool]) -> None:
    refused = dict.fromkeys(WHO, 404) | dict.fromkeys(VISITORS, 302)
    found = outcomes(action, owned(job, action), row)
    assert found == {who: (302, True) if may else (refused[who], False) for who, may in row.items()}


@pytest.mark.parametrize("name", BY_LINK)
def test_link_speaks_for_its_own_visit_while_it_lives(job: Job, name: str) -> None:
    action = BY_LINK[name]
    booking, other = owned(job, action), here(bookable_job())
    ended = links.make(booking=booking, at=NOW)
    VisitLink.objects.filter(pk=VisitLink.objects.latest("pk").pk).update(revoked_at=NOW)
    keys = {
        "ended": ended,
        "expired": links.make(booking=booking, at=NOW - links.LIFE - timedelta(minutes=1)),
        "other": links.make(booking=other, at=NOW),
        "invented": "x" * 32,
        "own": links.make(booking=booking, at=NOW),
    }
    done = {}
    for key in KEYS:
        there = link_url(action.address.removeprefix("bookings:visit_"), keys[key])
        with time_machine.travel(NOW, tick=False):
            response = Client().post(there, action.sent(booking))
        # With another visit's key it is done there, or refused there.
        assert response.status_code in {"own": {302}, "other": {302, 404, 409}}.get(key, {404}), key
        done[key] = action.done(fresh(booking))
    assert done == answers(LINKS_TABLE, name, KEYS)


def test_technician_is_told_why_the_call_is_not_theirs_to_write_down(job: Job) -> None:
    booking = owned(job)
    sent(booking)
    with time_machine.travel(NOW, tick=False):
        page = client_of("technician", booking).get(url("card", booking)).content.decode()
    assert "Only the front desk can record what the owner says on the phone." in page
    assert url("phone", booking) not in page
    assert not LineDecision.objects.filter(line__booking=booking, way="phone").exists()


def test_who_did_the_work_cannot_check_it_while_others_could(job: Job) -> None:
    booking = owned(job)
    quality.submit(booking=booking, by=staff(job.shop, Role.TECHNICIAN), at=NOW)
    staff(job.shop, Role.MANAGER)
    with time_machine.travel(NOW, tick=False):
        response = client_of("technician", booking).post(url("quality_check", booking), CHECKED)
    booking.refresh_from_db()
    assert response.status_code == 403
    assert "Somebody who did not do the work has to check it." in response.content.decode()
    assert booking.stage == Stage.CHECKING


def test_author_of_a_line_is_kept_with_the_role(job: Job) -> None:
    booking = owned(job)
    line = lines.find(booking, proposed(booking).public_id)
    assert (line.current.created_by, line.current.author_role) == (author(booking).user, Role.ADVISOR)
