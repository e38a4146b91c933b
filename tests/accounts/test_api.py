"""Token sign-in of the API."""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notifications.models import Message
from tests.accounts.conftest import newest_code, wrong
from tests.accounts.test_second_factor import app_code, with_app
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
CODE = "/api/v1/auth/code/"
TOKEN = "/api/v1/auth/token/"


def post(client: Client, url: str, **body: object) -> object:
    return client.post(url, body, content_type="application/json")


def ask(client: Client, login: str) -> str:
    answer = post(client, CODE, login=login)
    assert answer.status_code == 202
    return answer.json()["flow"]


@pytest.mark.parametrize("known", [True, False])
def test_code_is_exchanged_for_a_token(client: Client, known: bool) -> None:
    if known:
        UserFactory(email=None, phone="+8613800138001", proven_email=False)
    flow = ask(client, "138 0013 8001")
    answer = post(client, TOKEN, flow=flow, code=newest_code())
    assert answer.status_code == 200
    person = User.objects.get()
    assert answer.json()["person"] == {
        "id": person.public_id,
        "name": person.name,
        "email": None,
        "phone": "+8613800138001",
    }
    assert answer.json()["token"] != flow
    assert "sessionid" not in client.cookies


@pytest.mark.parametrize("header", ["Authorization: Bearer {}", "X-Session-Token: {}"])
def test_token_is_accepted_in_either_header(client: Client, header: str) -> None:
    token = post(client, TOKEN, flow=ask(client, "a@example.com"), code=newest_code()).json()["token"]
    name, _colon, value = header.format(token).partition(": ")
    assert client.delete(TOKEN, headers={name: value}).status_code == 204


def test_signed_out_token_is_refused(client: Client) -> None:
    token = post(client, TOKEN, flow=ask(client, "a@example.com"), code=newest_code()).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.delete(TOKEN, headers=bearer).status_code == 204
    refused = client.delete(TOKEN, headers=bearer)
    assert refused.status_code == 401
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["", "x", "a" * 10_000, "å", "'; drop"])
def test_unknown_token_is_refused(client: Client, token: str) -> None:
    assert client.delete(TOKEN, headers={"X-Session-Token": token}).status_code == 401


def test_answer_does_not_tell_whether_there_is_an_account(client: Client) -> None:
    UserFactory(email="known@example.com")
    answers = [post(client, CODE, login=login) for login in ("known@example.com", "new@example.com")]
    assert [a.status_code for a in answers] == [202, 202]
    assert [set(a.json()) for a in answers] == [{"flow", "expires_in"}] * 2
    assert not User.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"login": ""},
        {"login": None},
        {"login": 5},
        {"login": ["a@example.com"]},
        {"login": "nobody"},
        {"login": "a\x00@b.cn"},
        {"login": "9" * 100_000},
    ],
)
def test_bad_contact_is_a_problem_with_the_field(client: Client, body: dict[str, object]) -> None:
    answer = post(client, CODE, **body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"]["login"]
    assert not Message.objects.exists()


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_body_that_is_no_object_is_refused(client: Client, body: object) -> None:
    for url in (CODE, TOKEN):
        assert client.post(url, body, content_type="application/json").status_code == 400


def test_wrong_code_is_refused_and_attempts_are_limited(client: Client) -> None:
    flow = ask(client, "a@example.com")
    code = newest_code()
    for _attempt in range(5):
        answer = post(client, TOKEN, flow=flow, code=wrong(code))
        assert answer.status_code == 400
        assert answer.json()["errors"]["code"]
    assert post(client, TOKEN, flow=flow, code=code).status_code == 429
    assert not User.objects.exists()


def test_expired_code_is_refused(client: Client, clock: time_machine.Traveller) -> None:
    flow = ask(client, "a@example.com")
    clock.shift(601)
    answer = post(client, TOKEN, flow=flow, code=newest_code())
    assert answer.status_code == 409
    assert answer.json()["code"] == "code_expired"


def test_flow_works_once(client: Client) -> None:
    flow, code = ask(client, "a@example.com"), newest_code()
    assert post(client, TOKEN, flow=flow, code=code).status_code == 200
    assert post(client, TOKEN, flow=flow, code=code).status_code == 409


@pytest.mark.parametrize("flow", ["x", "a" * 64, "a" * 100_000, "a\x00b", 5, None, "é"])
def test_unknown_flow_is_refused(client: Client, flow: object) -> None:
    assert post(client, TOKEN, flow=flow, code="123456").status_code in (400, 409)


def test_cool_down_is_a_429(client: Client) -> None:
    ask(client, "a@example.com")
    answer = post(client, CODE, login="a@example.com")
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_requests"


def test_second_factor_continues_the_same_flow(client: Client) -> None:
    person = with_app(UserFactory(email="a@example.com"))
    flow = ask(client, "a@example.com")
    first = post(client, TOKEN, flow=flow, code=newest_code())
    assert first.status_code == 401
    assert first.json()["code"] == "second_factor_required"
    assert post(client, TOKEN, flow=flow, code="000000").status_code == 400
    second = post(client, TOKEN, flow=flow, code=app_code())
    assert second.status_code == 200
    assert second.json()["person"]["id"] == person.public_id


def test_closed_account_gets_no_token(client: Client) -> None:
    UserFactory(email="a@example.com", is_active=False)
    answer = post(client, TOKEN, flow=ask(client, "a@example.com"), code=newest_code())
    assert answer.status_code == 403
    assert answer.json()["code"] == "account_closed"


def test_token_of_a_closed_account_stops_working(client: Client) -> None:
    token = post(client, TOKEN, flow=ask(client, "a@example.com"), code=newest_code()).json()["token"]
    User.objects.update(is_active=False)
    assert client.delete(TOKEN, headers={"X-Session-Token": token}).status_code == 401


def test_signing_in_over_the_api_leaves_the_browser_session_alone(client: Client) -> None:
    person = UserFactory()
    client.force_login(person)
    post(client, TOKEN, flow=ask(client, "other@example.com"), code=newest_code())
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.get(reverse("accounts:me")).context["user"] == person


def test_browser_session_signs_out_with_csrf_only(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(UserFactory())
    assert strict.delete(TOKEN).status_code == 403
