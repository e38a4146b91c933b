"""Who may do what to a visit in the workshop: every role on every action, over HTTP, as a table."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.choices import LineState, Stage, Status
from bookings.engine.jobs import Job
from bookings.floor import lines, links, quality
from bookings.models import Booking, Line, LineDecision
from shops.choices import Role
from tests.bookings.floor_cards import NOW, approved, author, here, proposed, sent, staff, typed_line, url
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.board import member
from tests.factories.jobs import bookable_job
from tests.factories.vehicles import CarFactory

pytestmark = pytest.mark.django_db

# --- Who --------------------------------------------------------------------------------------------

MEMBERS = [role.value for role in Role]
OTHERS = ["foreign_manager", "car_owner", "other_owner", "anonymous", "link_holder"]
WHO = MEMBERS + OTHERS
# What each is answered who may not: a member is told so, a stranger sees nothing, a visitor is asked to sign in.
REFUSED = dict.fromkeys(MEMBERS, 403) | dict.fromkeys(OTHERS, 404) | {"anonymous": 302, "link_holder": 302}


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
    elif who == "link_holder":
        with time_machine.travel(NOW, tick=False):
            client.get(reverse("bookings:link", args=[links.make(booking=booking, at=NOW)]))
    if person is not None:
        client.force_login(person)
    return client


# --- What -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Action:
    """Something that is tried: the state it begins in, its address, what is sent, and how to see that it was done."""

    name: str
    prepare: Callable[[Booking], Line | None]
    address: str
    data: Callable[[Line | None], dict[str, str]]
    is_done: Callable[[Booking, Line | None], bool]
    on_line: bool = False


def _nothing(_booking: Booking) -> None:
    return None


def _no_data(_line: Line | None) -> dict[str, str]:
    return {}


def _fixed(**data: str) -> Callable[[Line | None], dict[str, str]]:
    return lambda _line: data


def _changed(line: Line | None) -> dict[str, str]:
    assert line is not None
    return typed_line(version=str(line.version))


def _answers(line: Line | None) -> dict[str, str]:
    assert line is not None
    key = line.public_id
    return {f"answer_{key}": "approve", f"version_{key}": str(line.version), "spoke_with": "Ms Lin"}


def _awaited(booking: Booking) -> Line:
    return lines.wait_for_parts(line=approved(booking), expected_on=None, waits=True, by=staff(booking.shop), at=NOW)


def _work_done(booking: Booking) -> None:
    # By somebody who is none of those who try: nobody is refused for having done the work.
    quality.submit(booking=booking, by=UserFactory(), at=NOW)


def _is_ready(booking: Booking) -> None:
    floor.make_ready(booking, by=staff(booking.shop), at=NOW)


def _in_state(state: LineState) -> Callable[[Booking, Line | None], bool]:
    return lambda booking, _line: booking.lines.order_by("-position").first().state == state  # type: ignore[union-attr]


CHECKED = {f"point_{key}": "ok" for key in quality.CHECKLIST}

ACTIONS = [
    Action("propose", _nothing, "floor:add_line", lambda _l: typed_line(), lambda b, _l: b.lines.count() == 2),
    Action("change", sent, "floor:change_line", _changed, lambda b, _l: b.lines.filter(version=2).exists(), True),
    Action("send", proposed, "floor:send", _no_data, lambda b, _l: b.lines.pending().exists()),
    Action("withdraw", sent, "floor:withdraw_line", _no_data, _in_state(LineState.WITHDRAWN), True),
    Action("answer_by_phone", sent, "floor:phone", _answers, _in_state(LineState.APPROVED)),
    Action("line_done", approved, "floor:line_done", _no_data, _in_state(LineState.DONE), True),
    Action(
        "not_needed",
        approved,
        "floor:line_not_needed",
        _fixed(reason="Still good"),
        _in_state(LineState.NOT_NEEDED),
        True,
    ),
    Action(
        "wait_for_parts",
        approved,
        "floor:line_parts",
        _no_data,
        lambda b, _l: b.lines.filter(waits_for_parts=True).exists(),
        True,
    ),
    Action(
        "parts_have_come",
        _awaited,
        "floor:line_parts",
        _fixed(arrived="1"),
        lambda b, _l: not b.lines.filter(waits_for_parts=True).exists(),
        True,
    ),
    Action("stage", _nothing, "floor:stage", _fixed(stage="inspecting"), lambda b, _l: b.stage == Stage.INSPECTING),
    Action(
        "promise",
        _nothing,
        "floor:promise",
        _fixed(date="2026-11-23", time="18:00", reason="Parts come late"),
        lambda b, _l: f"{b.local_end:%H:%M}" == "18:00",
    ),
    Action("message", _nothing, "floor:say", _fixed(text="Nearly done"), lambda b, _l: b.messages.exists()),
    Action("work_done", _nothing, "board:submit", _no_data, lambda b, _l: b.stage == Stage.CHECKING),
    Action(
        "quality_check",
        _work_done,
        "floor:quality_check",
        lambda _l: CHECKED,
        lambda b, _l: b.status == Status.READY,
    ),
    Action("hand_over", _is_ready, "floor:handover", _no_data, lambda b, _l: b.status == Status.COMPLETED),
    Action(
        "confirm_handover",
        _is_ready,
        "floor:handover_show",
        _no_data,
        lambda b, _l: b.handover_confirmed_at is not None,
    ),
]

# Yes and no by role: owner, manager, advisor, technician, cashier; then a foreign manager, the car's owner, another
# owner, a visitor, and whoever opened the visit's link. The owner's own answer has a page of its own.
FLOOR = "yyyyn nnnnn"
COUNTER = "yyynn nnnnn"
TILL = "yyyny nnnnn"
TABLE = {
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
    "hand_over": TILL,
    "confirm_handover": TILL,
}
CASES = [
    (action, who, answer == "y")
    for action in ACTIONS
    for who, answer in zip(WHO, TABLE[action.name].replace(" ", ""), strict=True)
]


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def owned(job: Job) -> Booking:
    """A car in work whose owner has an account."""
    booking = here(job)
    booking.owner = UserFactory()
    booking.save(update_fields=["owner"])
    return booking


def address(action: Action, booking: Booking, line: Line | None) -> str:
    more = [line.public_id] if action.on_line and line else []
    return reverse(action.address, args=[booking.shop.slug, booking.public_id, *more])


@pytest.mark.parametrize(("action", "who", "may"), CASES, ids=[f"{a.name}-{who}" for a, who, _ in CASES])
def test_action_is_done_by_those_who_may_and_by_nobody_else(job: Job, action: Action, who: str, may: bool) -> None:
    booking = owned(job)
    line = action.prepare(booking)
    client = client_of(who, booking)
    with time_machine.travel(NOW, tick=False):
        response = client.post(address(action, booking, line), action.data(line))
    booking = Booking.objects.get(pk=booking.pk)
    assert action.is_done(booking, line) == may
    assert response.status_code == (302 if may else REFUSED[who])
    if who in ("anonymous", "link_holder"):
        assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("action", ACTIONS, ids=[action.name for action in ACTIONS])
def test_action_on_a_foreign_visit_looks_missing_through_the_own_shop(job: Job, action: Action) -> None:
    booking = owned(job)
    line = action.prepare(booking)
    own = bookable_job().shop
    client = Client()
    client.force_login(member(own, Role.OWNER))
    more = [line.public_id] if action.on_line and line else []
    with time_machine.travel(NOW, tick=False):
        there = client.post(reverse(action.address, args=[own.slug, booking.public_id, *more]), action.data(line))
    assert there.status_code == 404
    assert not action.is_done(Booking.objects.get(pk=booking.pk), line)


@pytest.mark.parametrize("action", [a for a in ACTIONS if a.on_line], ids=[a.name for a in ACTIONS if a.on_line])
def test_line_of_another_visit_looks_missing(job: Job, action: Action) -> None:
    line = action.prepare(owned(job))
    assert line is not None
    other = owned(bookable_job())
    client = client_of("owner", other)
    with time_machine.travel(NOW, tick=False):
        response = client.post(address(action, other, line), action.data(line))
    assert response.status_code == 404
    assert Line.objects.get(pk=line.pk).state == line.state


@pytest.mark.parametrize("action", ACTIONS, ids=[action.name for action in ACTIONS])
def test_action_sent_twice_is_harmless(job: Job, action: Action) -> None:
    booking = owned(job)
    line = action.prepare(booking)
    client = client_of("manager", booking)
    with time_machine.travel(NOW, tick=False):
        first = client.post(address(action, booking, line), action.data(line))
        again = client.post(address(action, booking, line), action.data(line))
    assert first.status_code == 302
    assert again.status_code in (200, 302, 400, 403, 409)
    assert action.is_done(Booking.objects.get(pk=booking.pk), line) or action.name == "propose"


def test_technician_is_told_why_the_call_is_not_theirs_to_write_down(job: Job) -> None:
    booking = owned(job)
    sent(booking)
    with time_machine.travel(NOW, tick=False):
        page = client_of("technician", booking).get(url("card", booking)).content.decode()
    assert "Only the counter can write down what the owner says on the phone." in page
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
