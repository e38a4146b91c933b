"""Sign-up and sign-in through HTTP: one field, one code."""

from collections.abc import Callable

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.codes import SESSION_KEY
from accounts.models import User
from notifications.models import Message
from tests.accounts.conftest import newest_code, wrong
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
Ask = Callable[..., HttpResponse]


def signed_in(client: Client) -> User | None:
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None


def test_sign_up_by_phone_creates_a_person_with_a_proven_number(client: Client, ask: Ask, type_code: Ask) -> None:
    answer = ask("138 0013 8001")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("accounts:code")
    message = Message.objects.get()
    assert (message.channel, message.recipient) == ("sms", "+8613800138001")
    assert not User.objects.exists()
    page = client.get(reverse("accounts:code"))
    assert "138 0013 8001" in page.content.decode()
    type_code(newest_code())
    person = User.objects.get()
    assert signed_in(client) == person
    assert (person.phone, person.email) == ("+8613800138001", None)
    assert person.phone_verified_at is not None
    assert not person.has_usable_password()


def test_sign_up_by_email_creates_a_person_with_a_proven_address(client: Client, ask: Ask, type_code: Ask) -> None:
    ask("Li.Lei@Example.com")
    type_code(newest_code())
    person = User.objects.get()
    assert signed_in(client) == person
    assert person.email == "li.lei@example.com"
    assert EmailAddress.objects.filter(user=person, email="li.lei@example.com", verified=True, primary=True).exists()


def test_sign_in_finds_the_person_whatever_the_spelling(client: Client, ask: Ask, type_code: Ask) -> None:
    person = UserFactory(phone="+8613800138001")
    ask("＋８６ 138-0013-8001")
    type_code(newest_code())
    assert signed_in(client) == person
    assert User.objects.count() == 1


def test_sign_in_by_email_ignores_case(client: Client, ask: Ask, type_code: Ask) -> None:
    person = User.objects.create_user(email="Boss@example.com")
    ask("BOSS@EXAMPLE.COM")
    type_code(newest_code())
    assert signed_in(client) == person


@pytest.mark.parametrize("spelling", ["{0}", " {0} ", "{1} {2}", "{1}-{2}"])
def test_code_is_accepted_as_pasted(client: Client, ask: Ask, type_code: Ask, spelling: str) -> None:
    ask("a@example.com")
    code = newest_code()
    type_code(spelling.format(code, code[:3], code[3:]))
    assert signed_in(client)


def test_code_in_full_width_digits_is_accepted(client: Client, ask: Ask, type_code: Ask) -> None:
    ask("a@example.com")
    type_code(newest_code().translate({ord("0") + n: ord("０") + n for n in range(10)}))
    assert signed_in(client)


def test_wrong_code_keeps_the_page_and_the_right_one_still_works(client: Client, ask: Ask, type_code: Ask) -> None:
    ask("a@example.com")
    code = newest_code()
    refused = type_code(wrong(code))
    assert refused.status_code == 400
    assert refused.context["form"].errors["code"]
    assert signed_in(client) is None
    type_code(code)
    assert signed_in(client)


def test_sixth_attempt_is_refused_even_with_the_right_code(client: Client, ask: Ask, type_code: Ask) -> None:
    ask("a@example.com")
    code = newest_code()
    for _attempt in range(5):
        assert type_code(wrong(code)).status_code == 400
    assert type_code(code).status_code == 429
    assert signed_in(client) is None
    assert not User.objects.exists()


def test_attempts_are_counted_outside_the_session(client: Client, ask: Ask, type_code: Ask) -> None:
    """Parallel requests each see the session as it was before: putting it back must not give new attempts."""
    ask("a@example.com")
    code = newest_code()
    before = dict(client.session)
    for _attempt in range(5):
        type_code(wrong(code))
        session = client.session
        session.update(before)
        session.save()
    assert type_code(code).status_code == 429


def test_expired_code_is_refused(client: Client, ask: Ask, type_code: Ask, clock: time_machine.Traveller) -> None:
    ask("a@example.com")
    code = newest_code()
    clock.shift(601)
    answer = type_code(code)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("accounts:continue")
    assert signed_in(client) is None


def test_code_is_good_until_its_last_second(
    client: Client, ask: Ask, type_code: Ask, clock: time_machine.Traveller
) -> None:
    ask("a@example.com")
    clock.shift(600)
    type_code(newest_code())
    assert signed_in(client)


def test_code_works_once(client: Client, ask: Ask, type_code: Ask) -> None:
    ask("a@example.com")
    code = newest_code()
    type_code(code)
    client.logout()
    assert type_code(code)["Location"] == reverse("accounts:continue")
    assert signed_in(client) is None


def test_code_of_another_session_is_refused(client: Client, ask: Ask, type_code: Ask) -> None:
    ask("victim@example.com")
    stolen = newest_code()
    thief = Client()
    thief.post(reverse("accounts:continue"), {"login": "thief@example.com"})
    thief.post(reverse("accounts:code"), {"code": stolen})
    assert "_auth_user_id" not in thief.session or User.objects.get().email == "thief@example.com"
    assert not User.objects.filter(email="victim@example.com").exists()


def test_resend_within_the_cool_down_sends_nothing(ask: Ask, client: Client, clock: time_machine.Traveller) -> None:
    ask("a@example.com")
    clock.shift(29)
    client.post(reverse("accounts:code"), {"action": "resend"})
    assert Message.objects.count() == 1
    assert "1" in str(next(iter(client.get(reverse("accounts:code")).context["messages"])))


def test_resend_after_the_cool_down_replaces_the_code(
    ask: Ask, client: Client, type_code: Ask, clock: time_machine.Traveller
) -> None:
    ask("a@example.com", next="/me/")
    first = newest_code()
    clock.shift(31)
    client.post(reverse("accounts:code"), {"action": "resend"})
    assert Message.objects.count() == 2
    second = newest_code()
    if first != second:
        assert type_code(first).status_code == 400
    assert type_code(second)["Location"] == "/me/"


def test_asking_again_for_the_same_contact_leads_to_the_code_page(ask: Ask) -> None:
    ask("a@example.com")
    assert ask("A@example.com")["Location"] == reverse("accounts:code")
    assert Message.objects.count() == 1


def test_cool_down_counts_for_the_contact_not_the_browser(ask: Ask, clock: time_machine.Traveller) -> None:
    ask("a@example.com")
    answer = Client().post(reverse("accounts:continue"), {"login": "a@example.com"})
    assert answer.status_code == 429
    assert answer.context["form"].errors["login"]
    assert 'value="a@example.com"' in answer.content.decode()
    assert Message.objects.count() == 1


def test_seventh_code_within_an_hour_is_refused(clock: time_machine.Traveller) -> None:
    for _code in range(6):
        assert Client().post(reverse("accounts:continue"), {"login": "a@example.com"}).status_code == 302
        clock.shift(31)
    assert Client().post(reverse("accounts:continue"), {"login": "a@example.com"}).status_code == 429
    assert Message.objects.count() == 6


def test_one_address_cannot_send_codes_to_the_whole_town(clock: time_machine.Traveller) -> None:
    answers = [
        Client().post(reverse("accounts:continue"), {"login": f"p{n}@example.com"}).status_code for n in range(31)
    ]
    assert answers == [302] * 30 + [429]


@pytest.mark.parametrize(
    "typed",
    ["", "nobody", "12345", "138\x0000138001", "9" * 100_000, "a@b", "\ud800".encode("utf-8", "replace").decode()],
)
def test_bad_contact_is_refused_beside_the_field(ask: Ask, typed: str) -> None:
    answer = ask(typed)
    assert answer.status_code == 400
    assert answer.context["form"].errors["login"]
    assert not Message.objects.exists()


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12\x003456", "9" * 100_000, "١٢٣٤٥٦"])
def test_bad_code_is_refused_beside_the_field_and_costs_no_attempt(
    client: Client, ask: Ask, type_code: Ask, typed: str
) -> None:
    ask("a@example.com")
    for _attempt in range(6):
        answer = type_code(typed)
        assert answer.status_code == 400
        assert answer.context["form"].errors["code"]
    type_code(newest_code())
    assert signed_in(client)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "/" + "a" * 3000,
        "\x00/me/",
    ],
)
def test_next_outside_the_site_is_ignored(ask: Ask, type_code: Ask, url: str) -> None:
    ask("a@example.com", next=url)
    assert type_code(newest_code())["Location"] == reverse("home")


def test_the_code_page_carries_where_one_wants_to_go(
    client: Client, ask: Ask, type_code: Ask, clock: time_machine.Traveller
) -> None:
    page = ask("a@example.com", next="/me/?tab=1")["Location"]
    shown = client.get(page).content.decode()
    assert shown.count(f'method="post" action="{page}"') == 2
    assert f"{reverse('accounts:continue')}?next=/me/%3Ftab%3D1" in shown
    assert client.post(page, {"code": ""}).content.decode().count(f'method="post" action="{page}"') == 2
    clock.shift(31)
    assert client.post(page, {"action": "resend"})["Location"] == page


def test_a_code_that_is_too_old_leaves_the_session(client: Client, ask: Ask, clock: time_machine.Traveller) -> None:
    ask("a@example.com")
    assert SESSION_KEY in client.session
    clock.shift(10 * 60 + 1)
    client.get(reverse("accounts:code"))
    assert SESSION_KEY not in client.session


def test_a_code_sent_by_an_earlier_version_still_signs_in(client: Client, ask: Ask, type_code: Ask) -> None:
    ask("a@example.com")
    session = client.session
    session[SESSION_KEY] = {**session[SESSION_KEY], "next_url": "/me/"}
    session.save()
    type_code(newest_code())
    assert signed_in(client)


def test_next_on_the_site_is_where_one_lands(ask: Ask, type_code: Ask) -> None:
    ask("a@example.com", next="/me/?tab=1")
    assert type_code(newest_code())["Location"] == "/me/?tab=1"


def test_visitors_hold_survives_sign_in(client: Client, ask: Ask, type_code: Ask) -> None:
    session = client.session
    session["visitor_key"] = "abc123"
    session.save()
    before = client.session.session_key
    ask("a@example.com")
    type_code(newest_code())
    assert signed_in(client)
    assert client.session["visitor_key"] == "abc123"
    assert client.session.session_key != before


def test_answers_do_not_tell_whether_there_is_an_account(clock: time_machine.Traveller) -> None:
    UserFactory(email="known@example.com")
    UserFactory(email="closed@example.com", is_active=False)
    pages = []
    for login in ("known@example.com", "knows@example.com", "closed@example.com"):
        visitor = Client()
        asked = visitor.post(reverse("accounts:continue"), {"login": login})
        page = visitor.get(reverse("accounts:code"))
        text = page.content.decode().replace(login, "X").replace(page.context["csrf_token"]._wrapped or "", "")
        pages.append((asked.status_code, asked["Location"], page.status_code, _without_tokens(text)))
    assert pages[0] == pages[1] == pages[2]
    assert [m.kind for m in Message.objects.all()] == ["code"] * 3


def _without_tokens(text: str) -> str:
    import re

    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": "|nonce=")[^"]*', r"\1", text)


def test_closed_account_is_told_only_to_who_proves_the_contact(client: Client, ask: Ask, type_code: Ask) -> None:
    UserFactory(email="closed@example.com", is_active=False)
    ask("closed@example.com")
    assert type_code(newest_code())["Location"] == reverse("account_inactive")
    assert signed_in(client) is None
    assert client.get(reverse("account_inactive")).status_code == 200


@pytest.mark.parametrize("name", ["account_login", "account_signup", "accounts:continue"])
def test_sign_in_and_sign_up_are_the_same_page(client: Client, name: str) -> None:
    page = client.get(reverse(name), {"next": "/me/"})
    assert page.status_code == 200
    assert 'name="login"' in page.content.decode()
    assert 'value="/me/"' in page.content.decode()


def test_code_page_without_a_code_leads_back(client: Client) -> None:
    assert client.get(reverse("accounts:code"))["Location"] == reverse("accounts:continue")


def test_who_is_signed_in_is_not_asked_again(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get(reverse("account_login"), {"next": "/me/"})["Location"] == "/me/"


def test_code_that_cannot_be_sent_is_said_and_can_be_asked_for_again(
    ask: Ask, settings: object, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise ConnectionRefusedError("mail server is away")

    monkeypatch.setattr("notifications.channels.email.EmailSender.send", refuse)
    answer = ask("a@example.com")
    assert answer.status_code == 503
    assert answer.context["form"].errors["login"]
    assert Message.objects.get().status == "failed"
    monkeypatch.undo()
    clock.shift(31)
    assert ask("a@example.com").status_code == 302


def test_password_sign_in_works_for_who_set_one(client: Client) -> None:
    person = UserFactory(email="a@example.com", phone="+8613800138001", password="correct-horse-1")
    for login in ("a@example.com", "138 0013 8001"):
        client.post(reverse("account_password_login"), {"login": login, "password": "correct-horse-1"})
        assert signed_in(client) == person
        client.logout()


def test_wrong_password_is_limited(client: Client) -> None:
    UserFactory(email="a@example.com", password="correct-horse-1")
    url = reverse("account_password_login")
    for _attempt in range(5):
        assert client.post(url, {"login": "a@example.com", "password": "wrong"}).status_code == 200
    client.post(url, {"login": "a@example.com", "password": "correct-horse-1"})
    assert signed_in(client) is None


def test_sign_out_needs_a_post(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.session.get("_auth_user_id")
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session
