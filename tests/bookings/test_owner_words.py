"""What was said and written down in a person's visits, given out and erased."""

import json

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts import privacy
from bookings.choices import ActorRole, DecisionWay, EventKind, PhotoKind
from bookings.floor import deciding, links, messages
from bookings.floor.deciding import Choice, Voice
from bookings.floor.messages import Speaker
from bookings.models import Booking, BookingEvent, LineDecision, VisitLink
from shops.choices import Role
from tests.bookings.owner_pages import page, text
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.floor import Asked
from tests.factories.jobs import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def over() -> Asked:
    """A visit that is over, with words, photos and a link."""
    asked = floor.asked(at=NOW, owner=UserFactory(), photos=1)
    messages.say(booking=asked.booking, text="My number is 4711", by=Speaker(True, asked.owner), at=NOW)
    choice, voice = Choice(asked.line.public_id, 1, "decline"), Voice(DecisionWay.ACCOUNT, owner=asked.owner)
    deciding.decide(booking=asked.booking, choices=[choice], voice=voice, at=NOW)
    floor.hand_over(asked.booking, by=asked.advisor, at=NOW)
    links.make(booking=asked.booking, at=NOW)
    return asked


def test_export_has_the_words_and_names_the_photos(over: Asked) -> None:
    told = json.dumps(privacy.keepers()["visit_words"].export(over.owner))
    for words in ("My number is 4711", "Scratch on the left door", "condition", over.booking.number):
        assert words in told
    assert privacy.keepers()["visit_words"].export(UserFactory()) == []


def test_erasure_empties_words_and_deletes_photos_and_keeps_what_was_done(
    over: Asked, django_capture_on_commit_callbacks: object
) -> None:
    condition = over.booking.photos.get(kind=PhotoKind.CONDITION)
    with django_capture_on_commit_callbacks(execute=True):
        for keeper in privacy.keepers().values():
            keeper.erase(over.owner, NOW)
    over.booking.refresh_from_db()
    over.booking.check_in.refresh_from_db()
    assert over.booking.messages.get().text == ""
    assert over.booking.check_in.condition == ""
    assert not default_storage.exists(condition.file.name)
    assert [photo.kind for photo in over.booking.photos.all()] == [PhotoKind.MEASUREMENT]
    assert not VisitLink.objects.valid(at=NOW).filter(booking=over.booking).exists()
    assert (over.booking.final_fen, over.booking.odometer_km) == (26_800, 58_263)
    assert over.line.decisions.count() == 1


# --- What was said on the phone -----------------------------------------------------------------------


@pytest.fixture
def phoned() -> Asked:
    """A visit whose owner answered on the phone; its event repeats the name, as those of earlier versions do."""
    asked = floor.asked(at=NOW, owner=UserFactory(language="en"))
    voice = Voice(
        DecisionWay.PHONE,
        recorded_by=asked.advisor,
        role=Role.ADVISOR,
        spoke_with="Ms Lin",
        note="Her sister answered",
    )
    deciding.decide(booking=asked.booking, choices=[Choice(asked.line.public_id, 1, "decline")], voice=voice, at=NOW)
    return asked


def old_event(booking: Booking, kind: EventKind = EventKind.DECIDED) -> BookingEvent:
    said = {"way": "phone", "spoke_with": "Ms Lin", "lines": []}
    return BookingEvent.objects.create(
        booking=booking, at=NOW, kind=kind, actor_role=ActorRole.STAFF, to_status=booking.status, data=said
    )


def test_the_owner_reads_whom_the_shop_spoke_with_and_no_event_keeps_it(client: Client, phoned: Asked) -> None:
    client.force_login(phoned.owner)
    client.cookies["django_language"] = "en"
    html = text(client.get(page("detail", phoned.booking)))
    assert "By phone, noted by the shop: spoke with Ms Lin" in html
    assert "Ms Lin" not in str(list(phoned.booking.events.values_list("data", flat=True)))


def test_export_has_the_words_of_a_call(phoned: Asked) -> None:
    [told] = privacy.keepers()["visit_words"].export(phoned.owner)
    [answer] = told["answers"]
    assert answer == {
        "at": NOW.isoformat(),
        "way": "phone",
        "spoke_with": "Ms Lin",
        "note": "Her sister answered",
    }


def test_erasure_takes_the_words_of_a_call_from_decisions_and_old_events(phoned: Asked) -> None:
    other = floor.asked(at=NOW, owner=UserFactory())
    kept = old_event(other.booking)
    cleaned = old_event(phoned.booking)
    before = LineDecision.objects.filter(line=phoned.line).values().get()
    privacy.keepers()["visit_words"].erase(phoned.owner, NOW)
    privacy.keepers()["visit_words"].erase(phoned.owner, NOW)
    after = LineDecision.objects.filter(line=phoned.line).values().get()
    assert after == before | {"spoke_with": "—", "note": ""}
    cleaned.refresh_from_db()
    kept.refresh_from_db()
    assert cleaned.data == {"way": "phone", "lines": []}
    assert kept.data["spoke_with"] == "Ms Lin"


REFUSED = [
    "UPDATE bookings_linedecision SET spoke_with = 'Somebody else'",
    "UPDATE bookings_linedecision SET spoke_with = '—'",
    "UPDATE bookings_linedecision SET note = ''",
    "UPDATE bookings_linedecision SET spoke_with = '—', note = 'Another note'",
    "UPDATE bookings_linedecision SET spoke_with = '', note = ''",
    "UPDATE bookings_linedecision SET spoke_with = '—', note = '', decision = 'approve'",
    "UPDATE bookings_linedecision SET spoke_with = '—', note = '', at = at - interval '1 day'",
    "UPDATE bookings_linedecision SET spoke_with = '—', note = '', recorded_by_id = NULL",
    "UPDATE bookings_linedecision SET spoke_with = '—', note = '', defer_km = 1",
    "DELETE FROM bookings_linedecision",
    "UPDATE bookings_bookingevent SET data = data - 'way'",
    "UPDATE bookings_bookingevent SET data = data - 'spoke_with' - 'way'",
    "UPDATE bookings_bookingevent SET data = jsonb_set(data, '{spoke_with}', '\"Somebody\"')",
    "UPDATE bookings_bookingevent SET data = data - 'spoke_with', reason = 'x'",
    "UPDATE bookings_bookingevent SET data = data - 'spoke_with', actor_id = NULL, at = now()",
    "DELETE FROM bookings_bookingevent",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_lets_no_other_word_of_a_call_change(phoned: Asked, statement: str) -> None:
    events = phoned.booking.events.all()
    rows = LineDecision.objects.filter(line=phoned.line) if "linedecision" in statement else events
    one = old_event(phoned.booking).pk if rows is events else rows.get().pk
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{statement} WHERE id = {one}")


def test_the_database_keeps_a_name_in_events_that_are_no_decision(phoned: Asked) -> None:
    event = old_event(phoned.booking, EventKind.CHECKED_IN)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE bookings_bookingevent SET data = data - 'spoke_with' WHERE id = {event.pk}")
