"""The authenticator app, at the site's door and the admin's."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.conftest import newest_code
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
Ask = Callable[..., HttpResponse]
SECRET = "JBSWY3DPEHPK3PXP"


def app_code(secret: str = SECRET) -> str:
    """What the authenticator app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def with_app(person: User) -> User:
    TOTP.activate(person, SECRET)
    RecoveryCodes.activate(person)
    return person


def test_app_is_set_up_from_the_account_page(client: Client) -> None:
    person = UserFactory()
    client.force_login(person)
    assert client.get(reverse("mfa_index")).status_code == 200
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert 'src="data:image/svg+xml' in page.content.decode()  # the policy allows no inline style of an inline SVG
    client.post(reverse("mfa_activate_totp"), {"code": app_code(secret)})
    assert set(Authenticator.objects.values_list("type", flat=True)) == {"totp", "recovery_codes"}
    for name in ("mfa_index", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp"):
        assert client.get(reverse(name), follow=True).status_code == 200


def test_code_alone_does_not_sign_in_who_has_an_app(client: Client, ask: Ask, type_code: Ask) -> None:
    person = with_app(UserFactory(email="a@example.com"))
    ask("a@example.com", next="/me/")
    second = type_code(newest_code())["Location"]
    assert second == reverse("mfa_authenticate") + "?next=%2Fme%2F"
    assert "_auth_user_id" not in client.session
    assert f'method="post" action="{second}"' in client.get(second).content.decode()
    assert f'method="post" action="{second}"' in client.post(second, {"code": "000000"}).content.decode()
    assert "_auth_user_id" not in client.session
    answer = client.post(second, {"code": app_code()})
    assert answer["Location"] == "/me/"
    assert client.session["_auth_user_id"] == str(person.pk)


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_second_step_goes_nowhere_outside_the_site(client: Client, ask: Ask, type_code: Ask, url: str) -> None:
    with_app(UserFactory(email="a@example.com"))
    ask("a@example.com")
    type_code(newest_code())
    answer = client.post(reverse("mfa_authenticate"), {"code": app_code(), "next": url})
    assert answer["Location"] == reverse("home")


TAKE_OVER = "/cars/take-over/k3v9m2x7c4q8t5zb/"


def test_where_one_wants_to_go_is_in_no_session_whatever_the_way_in(client: Client, ask: Ask, type_code: Ask) -> None:
    person = with_app(UserFactory(email="a@example.com"))
    person.set_password("correct horse battery")
    person.save()
    ask("a@example.com", next=TAKE_OVER)
    assert not in_a_session(TAKE_OVER)
    assert "take-over" in type_code(newest_code())["Location"]
    assert not in_a_session(TAKE_OVER)
    by_password = Client()
    typed = {"login": "a@example.com", "password": "correct horse battery", "next": TAKE_OVER}
    second = by_password.post(reverse("account_password_login"), typed)["Location"]
    assert second.startswith(reverse("mfa_authenticate") + "?next=%2Fcars")
    assert not in_a_session(TAKE_OVER)
    assert by_password.post(second, {"code": app_code()})["Location"] == TAKE_OVER


def in_a_session(address: str) -> bool:
    """Whether a session has the address; there is one at least."""
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    assert sessions
    return any(address in kept for kept in sessions)


def test_recovery_code_signs_in_once(client: Client, ask: Ask, type_code: Ask) -> None:
    person = with_app(UserFactory(email="a@example.com"))
    recovery = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0]
    ask("a@example.com")
    type_code(newest_code())
    client.post(reverse("mfa_authenticate"), {"code": recovery})
    assert client.session["_auth_user_id"] == str(person.pk)
    assert recovery not in Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()


def test_admin_sends_a_visitor_through_the_same_door(client: Client) -> None:
    answer = client.get("/admin/login/", {"next": "/admin/"})
    assert answer["Location"].startswith(reverse("account_login"))
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 302


def test_admin_is_closed_to_owners(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get("/admin/", follow=True).status_code == 403


def test_admin_opens_to_platform_admins(client: Client) -> None:
    client.force_login(UserFactory(admin=True))
    assert client.get("/admin/").status_code == 200


def test_admin_asks_for_a_second_factor_where_set(client: Client, settings: object) -> None:
    settings.ADMIN_REQUIRES_MFA = True  # type: ignore[attr-defined]
    person = UserFactory(admin=True)
    client.force_login(person)
    assert client.get("/admin/")["Location"] == reverse("mfa_index")
    with_app(person)
    assert client.get("/admin/").status_code == 200


def test_only_the_admin_may_evaluate_scripts(client: Client) -> None:
    client.force_login(UserFactory(admin=True))
    admin = client.get("/admin/")["Content-Security-Policy"]
    site = client.get(reverse("accounts:me"))["Content-Security-Policy"]
    assert "'unsafe-eval'" in admin
    assert "unsafe" not in site
