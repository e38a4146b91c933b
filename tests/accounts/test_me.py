"""The account page: preferences, contacts, data."""

from collections.abc import Callable

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions, privacy
from accounts.models import User
from core.errors import Conflict
from notifications.models import Message
from tests.accounts.conftest import newest_code
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
Ask = Callable[..., HttpResponse]


@pytest.fixture
def person(client: Client) -> User:
    person = UserFactory(email="a@example.com", name="")
    client.force_login(person)
    return person


@pytest.mark.parametrize("name", ["me", "export", "delete"])
def test_page_of_a_person_asks_a_visitor_to_sign_in(client: Client, name: str) -> None:
    answer = client.get(reverse(f"accounts:{name}"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_me_shows_contacts(client: Client, person: User, language: str) -> None:
    client.cookies["django_language"] = language
    page = client.get(reverse("accounts:me"))
    assert page.status_code == 200
    assert "a@example.com" in page.content.decode()


def test_name_is_saved(client: Client, person: User) -> None:
    client.post(reverse("accounts:me"), {"name": "李雷"})
    person.refresh_from_db()
    assert person.name == "李雷"


@pytest.mark.parametrize("name", ["a" * 81, "a" * 100_000, "a\x00b"])
def test_bad_name_is_refused_and_kept_in_the_field(client: Client, person: User, name: str) -> None:
    answer = client.post(reverse("accounts:me"), {"name": name})
    assert answer.status_code == 400
    assert answer.context["name_form"].errors["name"]
    person.refresh_from_db()
    assert person.name == ""


def test_theme_of_a_visitor_is_remembered_by_a_cookie(client: Client) -> None:
    answer = client.post(reverse("accounts:theme"), {"theme": "dark", "next": "/me/continue/"})
    assert answer["Location"] == "/me/continue/"
    assert 'data-theme="dark"' in client.get(reverse("accounts:continue")).content.decode()


def test_theme_asked_by_a_script_is_answered_quietly(client: Client) -> None:
    answer = client.post(reverse("accounts:theme"), {"theme": "dark"}, headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 204
    assert answer.cookies["theme"].value == "dark"


@pytest.mark.parametrize("theme", ["", "pink", "a" * 100_000, "da\x00rk"])
def test_unknown_theme_is_refused(client: Client, person: User, theme: str) -> None:
    assert client.post(reverse("accounts:theme"), {"theme": theme}).status_code == 400
    person.refresh_from_db()
    assert person.theme == "system"


def test_theme_does_not_redirect_elsewhere(client: Client) -> None:
    answer = client.post(reverse("accounts:theme"), {"theme": "dark", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_theme_and_language_follow_a_person_to_another_device(client: Client, person: User, ask: Ask) -> None:
    client.post(reverse("accounts:theme"), {"theme": "dark"})
    client.post(reverse("set_language"), {"language": "en", "next": "/me/"})
    person.refresh_from_db()
    assert (person.theme, person.language) == ("dark", "en")
    other = Client(headers={"Accept-Language": "zh-CN"})
    other.post(reverse("accounts:continue"), {"login": "a@example.com"})
    other.post(reverse("accounts:code"), {"code": newest_code()})
    page = other.get(reverse("accounts:me")).content.decode()
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page


def test_what_a_visitor_chose_is_remembered_by_the_new_account(client: Client, ask: Ask, type_code: Ask) -> None:
    client.post(reverse("accounts:theme"), {"theme": "dark"})
    client.post(reverse("set_language"), {"language": "en", "next": "/"})
    ask("new@example.com")
    type_code(newest_code())
    person = User.objects.get(email="new@example.com")
    assert (person.theme, person.language) == ("dark", "en")


def test_unknown_language_changes_nothing(client: Client, person: User) -> None:
    client.post(reverse("set_language"), {"language": "xx", "next": "/"})
    person.refresh_from_db()
    assert person.language == ""


def test_phone_is_added_once_proven(client: Client, person: User, type_code: Ask) -> None:
    answer = client.post(reverse("accounts:add_contact"), {"login": "138 0013 8001"})
    assert answer["Location"] == reverse("accounts:code")
    person.refresh_from_db()
    assert person.phone is None
    assert type_code(newest_code())["Location"] == reverse("accounts:me")
    person.refresh_from_db()
    assert (person.email, person.phone) == ("a@example.com", "+8613800138001")
    assert person.phone_verified_at is not None


def test_replaced_address_is_told(client: Client, person: User, type_code: Ask) -> None:
    client.post(reverse("accounts:add_contact"), {"login": "b@example.com"})
    type_code(newest_code())
    person.refresh_from_db()
    assert person.email == "b@example.com"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("b@example.com", True)]
    told = Message.objects.get(kind="contact_changed")
    assert told.recipient == "a@example.com"
    assert "b@example.com" in told.body


def test_contact_of_somebody_else_is_refused_only_after_the_proof(client: Client, person: User, type_code: Ask) -> None:
    UserFactory(email="taken@example.com")
    assert client.post(reverse("accounts:add_contact"), {"login": "taken@example.com"}).status_code == 302
    answer = type_code(newest_code())
    assert answer.status_code == 409
    person.refresh_from_db()
    assert person.email == "a@example.com"


def test_bad_contact_is_refused_beside_the_field(client: Client, person: User) -> None:
    answer = client.post(reverse("accounts:add_contact"), {"login": "nobody"})
    assert answer.status_code == 400
    assert answer.context["contact_form"].errors["login"]
    assert 'value="nobody"' in answer.content.decode()


def test_last_contact_cannot_be_removed(client: Client, person: User) -> None:
    client.post(reverse("accounts:remove_contact"), {"kind": "email"})
    person.refresh_from_db()
    assert person.email == "a@example.com"


def test_one_of_two_contacts_can_be_removed(client: Client) -> None:
    person = UserFactory(email="a@example.com", phone="+8613800138001")
    client.force_login(person)
    client.post(reverse("accounts:remove_contact"), {"kind": "email"})
    person.refresh_from_db()
    assert (person.email, person.phone) == (None, "+8613800138001")
    assert not EmailAddress.objects.exists()
    client.post(reverse("accounts:remove_contact"), {"kind": "phone"})
    person.refresh_from_db()
    assert person.phone == "+8613800138001"


@pytest.mark.parametrize("kind", ["", "fax", "id", "is_staff"])
def test_unknown_contact_kind_changes_nothing(client: Client, person: User, kind: str) -> None:
    assert client.post(reverse("accounts:remove_contact"), {"kind": kind}).status_code == 302
    person.refresh_from_db()
    assert person.email == "a@example.com"


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A higher app that keeps something about people."""
    erased: list[str] = []
    monkeypatch.setattr(privacy, "_keepers", {})
    privacy.register(
        "cars",
        export=lambda _person: [{"plate": "沪A12345"}],
        erase=lambda who, _at: erased.append(who.public_id),
    )
    return erased


def test_export_has_what_every_app_knows(client: Client, person: User, keeper: list[str]) -> None:
    answer = client.get(reverse("accounts:export"))
    assert answer["Content-Disposition"].startswith("attachment")
    data = answer.json()
    assert data["account"]["email"] == "a@example.com"
    assert data["cars"] == [{"plate": "沪A12345"}]
    assert "password" not in answer.content.decode()


def test_export_has_a_section_of_everything_that_is_kept(person: User) -> None:
    told = actions.export(user=person, at=timezone.now())
    assert set(told) - {"account", "exported_at"} == {
        "calendar",
        "cars",
        "devices",
        "health_records",
        "inbox",
        "message_channels",
        "messages",
        "payments",
        "reviews",
        "shops",
        "visit_words",
        "visits",
        "waiting_lists",
    }


def test_deletion_needs_the_box_ticked(client: Client, person: User) -> None:
    answer = client.post(reverse("accounts:delete"))
    assert answer.status_code == 400
    person.refresh_from_db()
    assert person.is_active


def test_deletion_erases_the_person_and_signs_out(client: Client, person: User, keeper: list[str]) -> None:
    elsewhere = Client()
    elsewhere.force_login(person)
    client.post(reverse("accounts:delete"), {"understood": "1"})
    person.refresh_from_db()
    assert keeper == [person.public_id]
    assert (person.name, person.phone, person.is_active) == ("", None, False)
    assert person.email == f"{person.public_id}@erased.invalid"
    assert not EmailAddress.objects.exists()
    assert not Authenticator.objects.exists()
    assert "_auth_user_id" not in client.session
    assert elsewhere.get(reverse("accounts:me")).status_code == 302


def test_same_contact_after_deletion_starts_an_empty_account(
    client: Client, person: User, keeper: list[str], ask: Ask, type_code: Ask
) -> None:
    client.post(reverse("accounts:delete"), {"understood": "1"})
    ask("a@example.com")
    type_code(newest_code())
    assert User.objects.get(email="a@example.com") != person


def test_app_that_refuses_stops_the_deletion(client: Client, person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_person: User, _at: object) -> None:
        raise Conflict("A visit is under way.")

    monkeypatch.setattr(privacy, "_keepers", {})
    privacy.register("visits", export=lambda _person: [], erase=refuse)
    answer = client.post(reverse("accounts:delete"), {"understood": "1"})
    assert answer.status_code == 400
    assert "A visit is under way." in answer.content.decode()
    person.refresh_from_db()
    assert person.email == "a@example.com"


def test_password_can_be_set(client: Client, person: User) -> None:
    assert client.get(reverse("account_set_password")).status_code == 200
    client.post(reverse("account_set_password"), {"password1": "correct-horse-1", "password2": "correct-horse-1"})
    person.refresh_from_db()
    assert person.check_password("correct-horse-1")
    assert client.get(reverse("account_change_password")).status_code == 200
    assert client.get(reverse("account_reauthenticate")).status_code == 200


def test_second_contact_code_waits_for_its_turn(client: Client, person: User, clock: time_machine.Traveller) -> None:
    client.post(reverse("accounts:add_contact"), {"login": "b@example.com"})
    other = Client()
    answer = other.post(reverse("accounts:continue"), {"login": "b@example.com"})
    assert answer.status_code == 429
