"""Payouts: who gets what, once; through a provider and through the bank; and what happens when it goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from accounts.models import User
from payments import bank_files, payout_accounts, payout_sending, payouts, settlement
from payments.bank_files import BankAnswerError, BankRow
from payments.choices import AccountKind, AlarmKind, PayoutStatus
from payments.commission import RuleDraft, publish
from payments.errors import AccountNotVerifiedError, NothingDueError, OwnInterestError
from payments.ledger import totals
from payments.models import Alarm, Payout, PayoutAccount, PayoutBatch, StatementLine
from payments.payout_accounts import AccountReplacedError, OwnAccountError, PayoutAccountError
from payments.payouts import PayoutClosedError, Skip
from payments.providers.base import Answer, Standing
from payments.providers.sandbox import SandboxProvider
from shops.choices import Role
from shops.models import Shop, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, completed_order
from tests.factories.shops import open_shop
from tests.payments.books import check_books
from tests.payments.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
DUE = CLOSED + timedelta(days=7)
NIGHT = datetime(2026, 11, 9, 19, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _books(db: None) -> Iterator[None]:
    yield
    check_books()


@pytest.fixture
def platform_person(db: None) -> User:
    return UserFactory()


def account_of(shop: Shop, *, channel: str = "bank", is_verified: bool = True) -> PayoutAccount:
    number = "6222021001112223334" if channel == "bank" else f"acct_{shop.pk}"
    account = payout_accounts.add_account(
        shop=shop,
        channel=channel,
        holder="上海申驰汽修有限公司",
        bank="工商银行上海分行",
        number=number,
        by=UserFactory(),
        at=CLOSED,
    )
    if is_verified:
        payout_accounts.verify_account(account=account, by=UserFactory(), at=CLOSED)
    return account


def settled_shop(
    amounts: tuple[int, ...] = (20000, 6800), *, channel: str = "bank", online_fen: int | None = None
) -> Shop:
    shop = open_shop()
    settle_another(shop, amounts, online_fen=online_fen)
    account_of(shop, channel=channel)
    return shop


def settle_another(shop: Shop, amounts: tuple[int, ...], *, online_fen: int | None = None) -> None:
    order = completed_order(amounts, shop=shop, online_fen=online_fen)
    assert settlement.settle(settlement_id=order.settlements.get().pk, at=DUE)


def batch(channel: str = "bank") -> payouts.Made:
    return payouts.make_batch(channel=channel, by=None, at=NIGHT)


# --- Batches ---------------------------------------------------------------------------------------------------


def test_batch_takes_everything_unpaid_once() -> None:
    shop = settled_shop()
    made = batch()
    (payout,) = made.payouts
    assert (payout.shop_id, payout.amount_fen, payout.status) == (shop.pk, 26800, PayoutStatus.CREATED)
    assert made.batch is not None
    assert made.batch.number.startswith("P20261110-")
    assert totals()[AccountKind.PAYOUT_CLEARING, "CNY"] == 26800
    assert batch().payouts == []
    assert PayoutBatch.objects.count() == 1


def test_what_the_shop_owes_is_netted() -> None:
    shop = settled_shop((20000,), online_fen=15000)
    (payout,) = batch().payouts
    assert (payout.payable_fen, payout.receivable_fen, payout.amount_fen) == (20000, 5000, 15000)
    assert payout.lines.count() == 2
    assert not StatementLine.objects.unpaid().filter(shop=shop).exists()


def test_shop_that_owes_is_carried_and_netted_next_time() -> None:
    start = CLOSED - timedelta(days=30)
    publish(rules=[RuleDraft(commission_bp=1000)], note="First.", valid_from=start, by=None, at=start)
    shop = settled_shop((20000,), online_fen=0)
    assert batch() == payouts.Made(None, [], [])
    settle_another(shop, (10000,))
    (payout,) = batch().payouts
    # Of 10,000 online 9,000 are the shop's, less the commission of 2,000 on what it took at its counter.
    assert payout.amount_fen == 7000


def test_what_a_shop_took_at_its_counter_holds_nothing_back_before_that_visit_is_settled() -> None:
    shop = settled_shop((10000,))
    later = completed_order((40000,), shop=shop, online_fen=0)
    (payout,) = batch().payouts
    assert payout.amount_fen == 10000
    assert StatementLine.objects.unpaid().get(shop=shop).order_id == later.pk
    payouts.arrived(payout_id=payout.pk, at=NIGHT)
    assert settlement.settle(settlement_id=later.settlements.get().pk, at=DUE)
    assert batch().payouts == []  # what it is owed for it, it has


def test_less_than_a_yuan_waits() -> None:
    settled_shop((99,))
    assert batch().payouts == []


def test_shops_without_a_verified_account_are_skipped_with_the_reason() -> None:
    unknown, unverified = open_shop(), open_shop()
    for shop in (unknown, unverified):
        settle_another(shop, (5000,))
    account_of(unverified, is_verified=False)
    settled_shop((7000,), channel="sandbox")
    made = batch()
    assert {(skip.shop_id, skip.reason) for skip in made.skipped} == {
        (unknown.pk, Skip.NO_ACCOUNT),
        (unverified.pk, Skip.NOT_VERIFIED),
    }
    assert made.batch is None
    with pytest.raises(AccountNotVerifiedError):
        payouts.make_one(shop=unverified, by=None, at=NIGHT)


def test_one_payout_at_a_time() -> None:
    shop = settled_shop()
    batch()
    settle_another(shop, (5000,))
    assert [skip.reason for skip in batch().skipped] == [Skip.ON_ITS_WAY]
    with pytest.raises(payouts.PayoutOnItsWayError):
        payouts.make_one(shop=shop, by=None, at=NIGHT)


def test_payout_of_nothing_is_refused_and_leaves_no_batch() -> None:
    shop = open_shop()
    account_of(shop)
    with pytest.raises(NothingDueError):
        payouts.make_one(shop=shop, by=None, at=NIGHT)
    assert not PayoutBatch.objects.exists()


# --- How they end ----------------------------------------------------------------------------------------------


def test_what_came_back_is_paid_again_under_a_new_number() -> None:
    settled_shop()
    (first,) = batch().payouts
    for _told_twice in range(2):
        payouts.came_back(payout_id=first.pk, reason="户名不符", at=NIGHT)
    assert Alarm.objects.get().kind == AlarmKind.PAYOUT_FAILED
    (second,) = batch().payouts
    assert (second.amount_fen, second.request_no != first.request_no) == (26800, True)
    with pytest.raises(PayoutClosedError):
        payouts.arrived(payout_id=first.pk, at=NIGHT)


def test_what_arrived_twice_arrived_once() -> None:
    settled_shop()
    (payout,) = batch().payouts
    for _told_twice in range(2):
        payouts.arrived(payout_id=payout.pk, at=NIGHT)
    assert totals() == {(AccountKind.PSP_CLEARING, "CNY"): 0}
    with pytest.raises(PayoutClosedError):
        payouts.came_back(payout_id=payout.pk, reason="?", at=NIGHT)


# --- Accounts --------------------------------------------------------------------------------------------------


def test_account_is_verified_by_somebody_else() -> None:
    shop, adder = open_shop(), UserFactory()
    account = payout_accounts.add_account(
        shop=shop, channel="bank", holder="甲", bank="工行", number="6222 0210 0111 2223", by=adder, at=CLOSED
    )
    assert account.number == "6222021001112223"
    with pytest.raises(OwnAccountError):
        payout_accounts.verify_account(account=account, by=adder, at=CLOSED)


def test_account_is_not_verified_by_who_works_at_the_shop() -> None:
    """A colleague of who added it, on the platform's staff as well, is no second pair of eyes."""
    shop, colleague = open_shop(), UserFactory(admin=True)
    ShopMember.objects.create(shop=shop, user=colleague, role=Role.MANAGER)
    account = account_of(shop, is_verified=False)
    with pytest.raises(OwnInterestError):
        payout_accounts.verify_account(account=account, by=colleague, at=CLOSED)
    account.refresh_from_db()
    assert account.verified_at is None


def test_open_payout_keeps_the_account_that_was_replaced() -> None:
    shop = settled_shop()
    (payout,) = batch().payouts
    old = payout.account
    account_of(shop, is_verified=False)
    old.refresh_from_db()
    assert old.replaced_at is not None
    assert old.number in bank_files.bank_file(payout.batch).decode("utf-8-sig")
    with pytest.raises(AccountReplacedError):
        payout_accounts.verify_account(account=old, by=UserFactory(), at=CLOSED)
    with pytest.raises(AccountNotVerifiedError):
        payouts.make_one(shop=shop, by=None, at=NIGHT)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("channel", {"channel": "wechat"}),
        ("channel", {"channel": "shop"}),
        ("holder", {"holder": "  "}),
        ("holder", {"holder": "甲\x00"}),
        ("holder", {"holder": "甲" * 121}),
        ("bank", {"bank": ""}),
        ("number", {"number": "12345"}),
        ("number", {"number": "=1+1"}),
        ("number", {"number": "6" * 100_000}),
    ],
)
def test_impossible_account_is_refused(field: str, values: dict[str, str]) -> None:
    right = {"channel": "bank", "holder": "甲", "bank": "工行", "number": "6222021001112223"}
    with pytest.raises(PayoutAccountError) as refused:
        payout_accounts.add_account(shop=open_shop(), by=None, at=CLOSED, **{**right, **values})
    assert refused.value.field == field


# --- Through the bank ------------------------------------------------------------------------------------------


def test_bank_file_has_one_row_for_each_payout_and_no_formula() -> None:
    shop = open_shop()
    settle_another(shop, (123456,))
    account = payout_accounts.add_account(
        shop=shop, channel="bank", holder="=HYPERLINK(1)", bank="工行", number="6222021001112223", by=None, at=CLOSED
    )
    payout_accounts.verify_account(account=account, by=UserFactory(), at=CLOSED)
    made = batch()
    assert made.batch is not None
    content = bank_files.bank_file(made.batch)
    assert content.startswith(b"\xef\xbb\xbf")
    row = content.decode("utf-8-sig").splitlines()[1].split(",")
    assert row == [
        "1",
        "'=HYPERLINK(1)",
        "6222021001112223",
        "工行",
        "1234.56",
        f"车管家结算 {made.batch.number}",
        made.payouts[0].request_no,
    ]
    assert bank_files.hand_over(batch=made.batch, at=NIGHT) == 1
    assert bank_files.bank_file(made.batch) == content


def test_banks_answer_closes_payouts() -> None:
    for amount in (20000, 5000):
        settled_shop((amount,))
    made = batch()
    assert made.batch is not None
    one, other = made.payouts
    content = (
        "业务编号,金额(元),状态,失败原因\r\n"
        f"{one.request_no},200.00,成功,\r\n{other.request_no},50.00,失败,账号不存在\r\n"
    )
    for encoding, closed in (("utf-8-sig", (1, 1)), ("gb18030", (0, 0))):
        rows = bank_files.read_answer(content.encode(encoding))
        confirmed = bank_files.confirm_from_bank(batch=made.batch, rows=rows, at=NIGHT)
        assert (confirmed.arrived, confirmed.came_back) == closed
    assert dict(Payout.objects.values_list("pk", "status")) == {
        one.pk: PayoutStatus.PAID,
        other.pk: PayoutStatus.FAILED,
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: [row, row], "twice"),
        (lambda row: [BankRow(2, "0" * 16, row.amount, is_paid=True)], "not one of this batch"),
        (lambda row: [BankRow(2, row.request_no, "268", is_paid=True)], "268.00"),
        (lambda row: [BankRow(2, row.request_no, "268.01", is_paid=True)], "268.00"),
        (lambda _row: [], "no row"),
    ],
)
def test_wrong_answer_of_the_bank_moves_nothing(change: object, said: str) -> None:
    settled_shop()
    made = batch()
    assert made.batch is not None
    right = BankRow(2, made.payouts[0].request_no, "268.00", is_paid=True)
    with translation.override("en"), pytest.raises(BankAnswerError, match=said):
        bank_files.confirm_from_bank(batch=made.batch, rows=change(right), at=NIGHT)  # type: ignore[operator]
    assert Payout.objects.get().status == PayoutStatus.CREATED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01",
        b"\xff\xfe\xff",
        b"a,b,c\r\n",
        "业务编号,金额(元),状态,失败原因\r\nx,1.00,也许,\r\n".encode(),
        "业务编号,金额(元),状态,失败原因\r\nx,1.00,失败,\r\n".encode(),
        "业务编号,金额(元),状态,失败原因\r\nx,1.00\r\n".encode(),
        b"x" * 2_000_001,
    ],
)
def test_file_that_is_no_answer_is_refused(content: bytes) -> None:
    with pytest.raises(BankAnswerError):
        bank_files.read_answer(content)


# --- Through a provider ----------------------------------------------------------------------------------------


def sandbox_payout() -> Payout:
    settled_shop(channel="sandbox")
    (payout,) = batch("sandbox").payouts
    return payout


def test_payout_through_a_provider_arrives(sandbox_psp: SandboxProcess) -> None:
    payout = sandbox_payout()
    assert payout_sending.send_due(at=NIGHT, limit=10) == 1
    payout.refresh_from_db()
    assert (payout.status, payout.next_try_at) == (PayoutStatus.PAID, None)
    assert sandbox_psp.books()["paid_out_fen"] == 26800
    assert payout_sending.send_due(at=NIGHT + timedelta(days=1), limit=10) == 0


def test_lost_answer_is_asked_for_and_never_sent_twice(sandbox_psp: SandboxProcess) -> None:
    payout = sandbox_payout()
    sandbox_psp.lose_answer("payout")
    unknown = payout_sending.send(payout_id=payout.pk, at=NIGHT)
    assert (unknown.status, unknown.next_try_at) == (PayoutStatus.SENT, NIGHT + timedelta(seconds=30))
    done = payout_sending.send(payout_id=payout.pk, at=NIGHT + timedelta(seconds=30))
    assert done.status == PayoutStatus.PAID
    assert sandbox_psp.books()["paid_out_fen"] == 26800


def test_call_that_never_arrived_is_sent_again_under_the_same_number(sandbox_psp: SandboxProcess) -> None:
    payout = sandbox_payout()
    sandbox_psp.fault("payout", "fail")
    assert payout_sending.send(payout_id=payout.pk, at=NIGHT).status == PayoutStatus.SENT
    assert payout_sending.send(payout_id=payout.pk, at=NIGHT).status == PayoutStatus.PAID
    (row,) = sandbox_psp.books()["payouts"]
    assert row["request_no"] == payout.request_no


def test_refused_payout_comes_back(sandbox_psp: SandboxProcess) -> None:
    payout = sandbox_payout()
    sandbox_psp.refuse("payout", code="account_closed")
    back = payout_sending.send(payout_id=payout.pk, at=NIGHT)
    assert (back.status, "account_closed" in back.last_error) == (PayoutStatus.FAILED, True)
    assert payouts.make_batch(channel="sandbox", by=None, at=NIGHT).payouts[0].request_no != payout.request_no


def test_pending_payout_is_asked_about_until_it_is_known(sandbox_psp: SandboxProcess) -> None:
    payout = sandbox_payout()
    sandbox_psp.stay_pending("payout")
    assert payout_sending.send(payout_id=payout.pk, at=NIGHT).status == PayoutStatus.SENT
    assert payout_sending.send(payout_id=payout.pk, at=NIGHT).status == PayoutStatus.SENT
    sandbox_psp.settle_payout(payout.request_no, failure="account frozen")
    assert payout_sending.send(payout_id=payout.pk, at=NIGHT).status == PayoutStatus.FAILED


def test_provider_that_says_the_opposite_of_our_books_stops_the_shops_payouts(
    sandbox_psp: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    payout = sandbox_payout()
    sandbox_psp.refuse("payout", code="account_closed")
    payout_sending.send(payout_id=payout.pk, at=NIGHT)
    # Its lines are free for the next batch; then the provider says that it arrived after all.
    done = Answer(Standing.DONE, payout.amount_fen, payout.currency, at=NIGHT)
    monkeypatch.setattr(SandboxProvider, "ask_payout", lambda _provider, _order: done)
    assert payout_sending.hear(request_no=payout.request_no, at=NIGHT) == "contradiction"
    made = payouts.make_batch(channel="sandbox", by=None, at=NIGHT)
    assert (made.payouts, [skip.reason for skip in made.skipped]) == ([], [Skip.NOT_VERIFIED])
    alarm = Alarm.objects.get(key=f"{payout.public_id}:contradiction")
    assert (alarm.kind, alarm.data["ours"], alarm.data["provider"]) == (AlarmKind.PAYOUT_FAILED, "failed", "done")


def test_provider_that_repeats_what_our_books_say_stops_nothing(sandbox_psp: SandboxProcess) -> None:
    payout = sandbox_payout()
    payout_sending.send(payout_id=payout.pk, at=NIGHT)
    assert payout_sending.hear(request_no=payout.request_no, at=NIGHT) == "nothing_to_do"
    assert payout_sending.hear(request_no="never-heard-of", at=NIGHT) == "nothing_to_do"
    assert PayoutAccount.objects.filter(verified_at__isnull=True).count() == 0
