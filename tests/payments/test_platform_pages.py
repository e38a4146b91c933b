"""The platform's own pages about money: who may see them, what they show, and what is typed into them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.models import OutboxEvent
from notifications.models import Message
from payments import alarm_mail, payouts, suspense
from payments.alarms import raise_alarm
from payments.choices import AccountKind, AlarmKind, PayoutStatus, ProviderKey, RefundStatus
from payments.ledger import totals
from payments.models import Alarm, Coupon, Difference, FeeSchedule, Payout, PayoutBatch, Refund
from shops.choices import Role
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.books import DAY, SETTLED_AT, Books, bank_account, eventful_books
from tests.factories.money import CLOSED, money_order, paid_online
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db
PAGES = [
    "overview",
    "reconciliation",
    "alarms",
    "suspense",
    "payouts",
    "commission",
    "new_version",
    "coupons",
    "new_coupon",
]
NOW = SETTLED_AT + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(UserFactory(admin=True))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def books(db: None) -> Books:
    return eventful_books()


def address(name: str, *args: object) -> str:
    return reverse(f"platform_money:{name}", args=args)


def every_page(books: Books) -> list[str]:
    day = address("day", "sandbox", DAY.isoformat())
    pages = [*map(address, PAGES), address("batch", books.batch.public_id), address("bank_file", books.batch.public_id)]
    return [*pages, day, *(f"{day}?bucket={bucket}" for bucket in ("matched", "theirs_only", "nonsense"))]


# --- Who may ----------------------------------------------------------------------------------------


def test_pages_open_for_admins_in_both_languages(admin: Client, books: Books) -> None:
    for language in ("en", "zh-hans"):
        admin.cookies["django_language"] = language
        answers = {page: admin.get(page).status_code for page in every_page(books)}
        assert set(answers.values()) == {200}, answers


def test_pages_open_where_there_is_no_money_yet(admin: Client) -> None:
    assert {admin.get(address(page)).status_code for page in PAGES} == {200}


def test_nobody_is_sent_to_sign_in_and_back(client: Client, books: Books) -> None:
    for page in every_page(books):
        answer = client.get(page)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=/platform/money/")


@pytest.mark.parametrize("role", [None, Role.OWNER])
def test_pages_do_not_exist_for_owners_and_shops(role: Role | None, client: Client, books: Books) -> None:
    person = UserFactory()
    if role:
        ShopMember.objects.create(shop=books.settled.shop, user=person, role=role)
    client.force_login(person)
    assert {client.get(page).status_code for page in every_page(books)} == {404}
    posts = [address("make_batch"), address("close_alarm", Alarm.objects.all()[0].pk), address("new_coupon")]
    assert {client.post(page).status_code for page in posts} == {404}


def test_admin_without_a_second_factor_sets_one_up_first(client: Client, settings: Any) -> None:
    settings.ADMIN_REQUIRES_MFA = True
    person = UserFactory(admin=True)
    client.force_login(person)
    assert client.get(address("overview"))["Location"] == reverse("mfa_index")
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    assert client.get(address("overview")).status_code == 200


def test_what_changes_something_is_posted(admin: Client, books: Books) -> None:
    changing = [
        address("make_batch"),
        address("hand_over", books.batch.public_id),
        address("close_alarm", 1),
        address("close_difference", 1),
        address("switch_off", books.coupon.public_id),
    ]
    assert {admin.get(page).status_code for page in changing} == {405}


@pytest.mark.parametrize(
    "wrong", ["sandbox/2026-02-30", "sandbox/0001-01-01", "sandbox/9999-12-31", "nobody/2026-11-02"]
)
def test_day_that_is_none_is_missing(wrong: str, admin: Client, books: Books) -> None:
    assert admin.get(f"{address('reconciliation')}{wrong}/").status_code == 404


# --- What they show ---------------------------------------------------------------------------------


def test_overview_says_what_moved_and_links_to_its_rows(admin: Client, books: Books) -> None:
    shown = admin.get(address("overview")).context["overview"]
    flows = {str(flow.label): (flow.month_fen, flow.month_count) for flow in shown.flows}
    assert flows["Paid in"] == (38800, 2)
    assert flows["Settled with shops"] == (26800 + 1000, 3)
    standings = {str(standing.label): standing.fen for standing in shown.standings}
    assert (standings["In dispute"], standings["Not explained"]) == (9000, 70)
    assert shown.looked.is_balanced
    links = [flow.month_link for flow in shown.flows] + [standing.link for standing in shown.standings]
    assert {admin.get(link).status_code for link in links} == {200}
    (paid_in,) = [flow for flow in shown.flows if flow.label == "Paid in"]
    assert admin.get(paid_in.month_link).context["cl"].result_count == paid_in.month_count


@pytest.mark.parametrize("rows", [1, 3])
def test_overview_takes_as_many_queries_for_three_visits_as_for_one(
    rows: int, admin: Client, django_assert_num_queries: Any
) -> None:
    for _row in range(rows):
        paid_online(money_order(100), 100, at=CLOSED)
        raise_alarm(kind=AlarmKind.BILL_MISSING, key=f"{_row}", at=NOW)
    admin.get(address("overview"))
    with django_assert_num_queries(13):
        admin.get(address("overview"))


def test_alarms_say_what_to_do_and_are_closed_with_a_note(admin: Client, books: Books) -> None:
    page = admin.get(address("alarms")).content.decode()
    assert "Look at each difference." in page
    alarm = Alarm.objects.get(kind=AlarmKind.DIFFERENCE)
    admin.post(address("close_alarm", alarm.pk), {"note": " "})
    alarm.refresh_from_db()
    assert alarm.resolved_at is None
    answer = admin.post(address("close_alarm", alarm.pk), {"note": "Looked at.", "next": address("overview")})
    assert answer["Location"] == address("overview")
    alarm.refresh_from_db()
    assert (alarm.resolved_at, alarm.note) == (NOW, "Looked at.")


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/platform/", "/platform/../\\evil.example"])
def test_way_back_is_ours(to: str, admin: Client, books: Books) -> None:
    alarm = Alarm.objects.get(kind=AlarmKind.DIFFERENCE)
    answer = admin.post(address("close_alarm", alarm.pk), {"note": "Looked at.", "next": to})
    assert answer["Location"] == address("alarms") or answer["Location"].startswith("/platform/")


def test_difference_is_closed_with_a_note(admin: Client, books: Books) -> None:
    difference = Difference.objects.filter(bucket="theirs_only")[0]
    for note in ("", "x" * 501, "a\x00b"):
        admin.post(address("close_difference", difference.pk), {"note": note})
    difference.refresh_from_db()
    assert difference.resolved_at is None
    admin.post(address("close_difference", difference.pk), {"note": "Test of the provider."})
    difference.refresh_from_db()
    assert difference.note == "Test of the provider."


def test_balance_at_a_provider_is_shown_by_books_and_by_bills(admin: Client, books: Books) -> None:
    (balance,) = admin.get(address("reconciliation")).context["balances"]
    assert (balance.books_fen, balance.bills_fen, balance.between_fen) == (38870, 100, 38770)


def test_new_alarm_is_mailed_to_every_admin_once(books: Books) -> None:
    Message.objects.all().delete()
    UserFactory(admin=True, email="boss@example.com")
    alarm = raise_alarm(kind=AlarmKind.BILL_MISSING, key="sandbox:2026-11-09", at=NOW)
    raise_alarm(kind=AlarmKind.BILL_MISSING, key="sandbox:2026-11-09", at=NOW)
    (event,) = OutboxEvent.objects.filter(topic="money.alarm", key=str(alarm.pk))
    alarm_mail.tell_admins(event)
    (message,) = Message.objects.filter(recipient="boss@example.com")
    assert "sandbox:2026-11-09" in message.body
    assert address("alarms") in message.body


# --- Payouts ----------------------------------------------------------------------------------------


def test_batch_is_looked_at_then_made_and_confirmed_by_the_bank(admin: Client, books: Books) -> None:
    shop = books.disputed.shop
    page = admin.get(address("payouts"))
    assert [(row.shop, str(row.why_not)) for row in page.context["preview"].skipped] == [
        (shop, "The shop has not named an account.")
    ]
    bank_account(shop)
    assert [row.shop for row in admin.get(address("payouts")).context["preview"].paid] == [shop]
    answer = admin.post(address("make_batch"), {"channel": "bank"})
    batch = PayoutBatch.objects.latest("pk")
    assert answer["Location"] == address("batch", batch.public_id)
    (payout,) = batch.payouts.all()
    file = admin.get(address("bank_file", batch.public_id))
    assert payout.request_no in file.content.decode("utf-8-sig")
    admin.post(address("hand_over", batch.public_id))
    content = f"业务编号,金额(元),状态,失败原因\r\n{payout.request_no},{payout.amount_fen / 100:.2f},成功,\r\n"
    admin.post(address("batch", batch.public_id), {"file": SimpleUploadedFile("answer.csv", content.encode())})
    payout.refresh_from_db()
    assert payout.status == PayoutStatus.PAID


@pytest.mark.parametrize("content", [b"", b"\x00\xff", "业务编号,金额(元),状态,失败原因\r\nx,1.00,成功,\r\n".encode()])
def test_answer_of_the_bank_that_is_none_is_refused_beside_the_field(
    content: bytes, admin: Client, books: Books
) -> None:
    answer = admin.post(address("batch", books.batch.public_id), {"file": SimpleUploadedFile("a.csv", content)})
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert not Payout.objects.filter(status=PayoutStatus.PAID).exists()


def test_batch_for_nobody_or_through_nothing_is_not_made(admin: Client) -> None:
    for channel in ("bank", "nonsense", "shop"):
        assert admin.post(address("make_batch"), {"channel": channel})["Location"] == address("payouts")
    assert not PayoutBatch.objects.exists()


def test_account_is_verified_by_somebody_else(admin: Client, client: Client) -> None:
    account = bank_account(open_shop(), verified=False)
    assert "6222 0202 0011 2233" in admin.get(address("payouts")).content.decode()
    account.added_by_id = int(client.session["_auth_user_id"])
    account.save(update_fields=["added_by"])
    admin.post(address("verify", account.public_id))
    account.refresh_from_db()
    assert account.verified_at is None
    client.force_login(UserFactory(admin=True))
    client.post(address("verify", account.public_id))
    account.refresh_from_db()
    assert account.verified_at == NOW


def test_payout_that_came_back_is_made_anew(admin: Client, books: Books) -> None:
    (payout,) = books.batch.payouts.all()
    payouts.came_back(payout_id=payout.pk, reason="No such account.", at=NOW)
    answer = admin.post(address("try_now", payout.public_id))
    again = Payout.objects.latest("pk")
    assert again.pk != payout.pk
    assert (again.shop, again.status) == (payout.shop, PayoutStatus.CREATED)
    assert answer["Location"] == address("batch", again.batch.public_id)


# --- Commission -------------------------------------------------------------------------------------


def rules_form(*rows: dict[str, str], **fields: str) -> dict[str, str]:
    data = {
        "form-TOTAL_FORMS": str(len(rows)),
        "form-INITIAL_FORMS": "0",
        "valid_from": "2026-12-01",
        "note": "Cheaper.",
    }
    for number, row in enumerate(rows):
        data |= {f"form-{number}-{name}": value for name, value in row.items()}
    return data | fields


def test_version_is_previewed_then_published(admin: Client, books: Books) -> None:
    slug = books.settled.shop.slug
    form = rules_form({"commission": "7.5", "processing": "0.6"}, {"commission": "5", "shop": f"/shops/{slug}/"}, {})
    page = admin.post(address("new_version"), {**form, "action": "preview"})
    assert page.status_code == 200
    assert [rule.shops for rule in page.context["preview"]] == [2, 1]
    assert FeeSchedule.objects.count() == 1
    assert admin.post(address("new_version"), {**form, "action": "publish"})["Location"] == address("commission")
    newest = FeeSchedule.objects.latest("version")
    rules = newest.rules.order_by("position").values_list("commission_bp", "processing_bp", "shop__slug")
    assert list(rules) == [(750, 60, None), (500, 0, slug)]
    assert "7.5% commission" in admin.get(address("commission")).content.decode()


def _of_version(field: str) -> Callable[[Any], Any]:
    return lambda page: page.context["form"].errors[field]


def _of_rule(field: str) -> Callable[[Any], Any]:
    return lambda page: page.context["rows"].errors[0][field]


WRONG_RULES: list[tuple[dict[str, str], Callable[[Any], Any]]] = [
    (rules_form({"commission": "5", "shop_kind": "chain"}), _of_version("__all__")),
    (rules_form({"commission": "8"}, valid_from="2026-11-01"), _of_version("valid_from")),
    (rules_form({"commission": "8"}, valid_from="9999-12-31"), _of_version("valid_from")),
    (rules_form({"commission": "8"}, note=" "), _of_version("note")),
    (rules_form({"commission": "21"}), _of_rule("commission")),
    (rules_form({"commission": "nan"}), _of_rule("commission")),
    (rules_form({"commission": "8", "shop": "nowhere"}), _of_rule("shop")),
    (rules_form({"commission": "8", "min_volume_fen": "-1"}), _of_rule("min_volume_fen")),
    (rules_form(), _of_version("__all__")),
    ({**rules_form(), "form-TOTAL_FORMS": "x"}, lambda page: page.context["rows"].non_form_errors()),
]


@pytest.mark.parametrize(("form", "error"), WRONG_RULES, ids=range(len(WRONG_RULES)))
def test_rules_that_cannot_be_are_refused_beside_the_field(
    form: dict[str, str], error: Callable[[Any], Any], admin: Client
) -> None:
    page = admin.post(address("new_version"), {**form, "action": "publish"})
    assert page.status_code == 422
    assert error(page)
    assert not FeeSchedule.objects.exists()


# --- Coupons ----------------------------------------------------------------------------------------

COUPON = {
    "code": "winter 26",
    "name_zh": "冬季",
    "name_en": "Winter",
    "funder": "shared",
    "shop_percent": "40",
    "value_fen": "30",
    "percent": "10",
    "first_day": "2026-12-01",
    "last_day": "2026-12-31",
    "limit_total": "100",
    "limit_per_person": "2",
}


def test_coupon_is_made_and_switched_off(admin: Client) -> None:
    shop = open_shop()
    answer = admin.post(address("new_coupon"), {**COUPON, "shop": shop.slug})
    assert answer["Location"] == address("coupons")
    coupon = Coupon.objects.get(code="WINTER26")
    assert (coupon.shop, coupon.shop_percent, coupon.value_fen, coupon.percent) == (shop, 40, 3000, 10)
    assert (coupon.starts_at.isoformat(), coupon.ends_at.isoformat()) == (
        "2026-11-30T16:00:00+00:00",
        "2026-12-31T16:00:00+00:00",
    )
    admin.post(address("switch_off", coupon.public_id))
    coupon.refresh_from_db()
    assert not coupon.is_active


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "?"),
        ("code", "a\x00b"),
        ("name_en", ""),
        ("value_fen", "-1"),
        ("value_fen", "0"),
        ("value_fen", "1e9"),
        ("percent", "101"),
        ("shop", ""),
        ("shop_percent", "0"),
        ("last_day", "2026-11-01"),
        ("last_day", "9999-12-31"),
        ("limit_total", "0"),
        ("limit_per_person", "9" * 30),
        ("funder", "nobody"),
    ],
)
def test_coupon_that_cannot_be_is_refused_beside_the_field(field: str, value: str, admin: Client) -> None:
    form = {**COUPON, "shop": open_shop().slug, field: value}
    page = admin.post(address("new_coupon"), form)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {field}
    assert not Coupon.objects.exists()


# --- What waits -------------------------------------------------------------------------------------


def test_unexplained_money_is_sent_back(admin: Client, sandbox_psp: Any) -> None:
    suspense.put_aside(
        kind=AlarmKind.UNKNOWN_PAYMENT,
        provider=ProviderKey.SANDBOX,
        request_no="odd",
        amount_fen=70,
        currency="CNY",
        at=NOW,
    )
    alarm = Alarm.objects.get()
    assert "Send ¥0.70 back" in admin.get(address("suspense")).content.decode()
    admin.post(address("send_back", alarm.pk))  # the sandbox knows no such payment
    assert totals()[AccountKind.SUSPENSE, "CNY"] == 70
    assert admin.post(address("send_back", 10**18)).status_code == 404


def test_refused_refund_is_sent_again(admin: Client) -> None:
    payment = paid_online(money_order(100), 100)
    refund = Refund.objects.create(
        order=payment.order,
        payment=payment,
        amount_fen=100,
        reason="goodwill",
        request_no="r1",
        status=RefundStatus.FAILED,
        requested_at=CLOSED,
        last_error="no_balance",
    )
    assert "no_balance" in admin.get(address("suspense")).content.decode()
    admin.post(address("retry_refund", refund.public_id))
    refund.refresh_from_db()
    assert (refund.status, refund.next_try_at) == (RefundStatus.REQUESTED, NOW)
    assert refund.request_no != "r1"
