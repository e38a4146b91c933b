import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.test_second_factor import with_app
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
LIST = "admin:accounts_user_changelist"
CHANGE = "admin:accounts_user_change"


@pytest.fixture
def admin(client: Client) -> User:
    person = UserFactory(admin=True, email="boss@example.com")
    client.force_login(person)
    return person


def form_of(person: User, **changes: object) -> dict[str, object]:
    data = {
        "name": person.name,
        "email": person.email or "",
        "phone": person.phone or "",
        "theme": "system",
        "language": "",
        "is_active": "on",
    }
    return {**data, **changes}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_people_are_listed_with_a_constant_number_of_queries(
    client: Client, admin: User, language: str, django_assert_num_queries: object
) -> None:
    client.cookies["django_language"] = language
    UserFactory()
    client.get(reverse(LIST))
    with django_assert_num_queries(7):
        client.get(reverse(LIST))
    UserFactory.create_batch(5)
    with django_assert_num_queries(7):
        assert client.get(reverse(LIST)).status_code == 200


@pytest.mark.parametrize("query", ["boss@", "+86138", "\x00", "a" * 5000])
def test_people_can_be_searched(client: Client, admin: User, query: str) -> None:
    assert client.get(reverse(LIST), {"q": query}).status_code in (200, 400)


def test_person_page_shows_no_password(client: Client, admin: User) -> None:
    page = client.get(reverse(CHANGE, args=[UserFactory(password="correct-horse-1").pk]))
    assert page.status_code == 200
    assert "password" not in page.content.decode().lower().replace("password_change", "")


def test_corrected_contact_must_be_proven_again(client: Client, admin: User) -> None:
    person = UserFactory(email="a@example.com")
    answer = client.post(
        reverse(CHANGE, args=[person.pk]), form_of(person, email="B@example.com", phone="138 0013 8001")
    )
    assert answer.status_code == 302
    person.refresh_from_db()
    assert (person.email, person.phone, person.phone_verified_at) == ("b@example.com", "+8613800138001", None)
    assert not EmailAddress.objects.filter(user=person).exists()


@pytest.mark.parametrize("changes", [{"email": "", "phone": ""}, {"phone": "123"}, {"email": "nobody"}])
def test_wrong_contact_is_refused(client: Client, admin: User, changes: dict[str, str]) -> None:
    person = UserFactory()
    answer = client.post(reverse(CHANGE, args=[person.pk]), form_of(person, **changes))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


def test_account_is_closed_and_reopened(client: Client, admin: User) -> None:
    person = UserFactory()
    for action, active in (("close_accounts", False), ("reopen_accounts", True)):
        client.post(reverse(LIST), {"action": action, "_selected_action": [person.pk, admin.pk]})
        person.refresh_from_db()
        admin.refresh_from_db()
        assert person.is_active is active
        assert admin.is_active


def test_lost_second_factor_is_removed(client: Client, admin: User) -> None:
    person = with_app(UserFactory())
    client.post(reverse(LIST), {"action": "remove_second_factor", "_selected_action": [person.pk]})
    assert not Authenticator.objects.exists()


def test_nobody_is_deleted_in_the_admin(client: Client, admin: User) -> None:
    person = UserFactory()
    assert client.post(reverse("admin:accounts_user_delete", args=[person.pk]), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=person.pk).exists()


def test_staff_cannot_make_superusers(client: Client) -> None:
    from django.contrib.auth.models import Permission

    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client.force_login(staff)
    client.post(reverse(CHANGE, args=[staff.pk]), form_of(staff, is_superuser="on", is_staff="on"))
    staff.refresh_from_db()
    assert not staff.is_superuser
    boss = UserFactory(admin=True)
    assert client.post(reverse(CHANGE, args=[boss.pk]), form_of(boss, name="x")).status_code == 403
