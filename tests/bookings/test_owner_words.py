"""What was said and written down in a person's visits, given out and erased."""

import json

import pytest
from django.core.files.storage import default_storage

from accounts import privacy
from bookings.choices import DecisionWay, PhotoKind
from bookings.floor import deciding, links, messages
from bookings.floor.deciding import Choice, Voice
from bookings.floor.messages import Speaker
from bookings.models import VisitLink
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
