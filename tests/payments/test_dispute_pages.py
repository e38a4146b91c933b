"""Disputes in the browser: who sees what, what is refused, and that a decision does what was shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation

from accounts.models import User
from core.models import OutboxEvent
from notifications.delivering import deliver
from notifications.models import Message
from payments.choices import DisputeReason, DisputeStatus, DisputeStep, MoneyRole
from payments.dispute_pages import shop_views
from payments.disputes import actions, messages
from payments.disputes.actions import Said
from payments.disputes.errors import DisputeOverError
from payments.models import Dispute, DisputePhoto, Order, OrderLine
from payments.orders import DISPUTE_WINDOW
from shops.choices import Role
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.money import completed_order
from tests.factories.photos import corners, saved

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def client_of() -> ClientOf:
    def signed_in(user: User | None) -> Client:
        client = Client()
        client.cookies["django_language"] = "en"
        if user is not None:
            client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def order() -> Order:
    """Handed over an hour ago: 200 and 68 yuan, paid online."""
    return completed_order((20000, 6800), at=timezone.now() - timedelta(hours=1))


def payer_of(order: Order) -> User:
    assert order.payer is not None
    return order.payer


def lines_of(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("position"))


def works_at(order: Order, role: Role) -> User:
    member = ShopMember.objects.create(shop=order.shop, user=UserFactory(), role=role, joined_at=timezone.now())
    return member.user


def disputed(order: Order, *, at: datetime | None = None) -> Dispute:
    return actions.open_dispute(
        order=order,
        claims={lines_of(order)[0].pk: 5000},
        reason=DisputeReason.BADLY_DONE,
        said=Said("It still rattles."),
        by=payer_of(order),
        at=at or timezone.now(),
    )


def answered(order: Order) -> Dispute:
    said = Said("It was tight.")
    return actions.answer(dispute=disputed(order), said=said, agrees=False, by=UserFactory(), at=timezone.now())


def picture(name: str = "door.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, saved(corners()), content_type="image/jpeg")


def claim(order: Order, **changes: Any) -> dict[str, Any]:
    number = lines_of(order)[0].pk
    fields = {
        f"line_{number}": "on",
        f"amount_{number}": "50.00",
        "reason": "badly_done",
        "text": "It still rattles.",
        **{key.replace("first", str(number)): value for key, value in changes.items()},
    }
    return {key: value for key, value in fields.items() if value is not None}


# --- Owner ------------------------------------------------------------------------------------------


def test_owner_opens_a_dispute_with_photos_and_reads_the_record(client_of: ClientOf, order: Order) -> None:
    client = client_of(payer_of(order))
    page = client.get(f"/disputes/new/{order.public_id}/")
    assert page.status_code == 200
    assert [each.most_fen for each in page.context["form"].lines] == [20000, 6800]
    sent = client.post(f"/disputes/new/{order.public_id}/", {**claim(order), "photos": [picture(), picture("b.jpg")]})
    dispute = Dispute.objects.get(order=order)
    assert sent["Location"] == f"/disputes/{dispute.public_id}/"
    assert dispute.lines.get().claimed_fen == 5000
    shown = client.get(sent["Location"]).content.decode()
    assert "It still rattles." in shown
    assert shown.count("/photos/") == 4
    assert client.get(f"/disputes/new/{order.public_id}/")["Location"] == f"/disputes/{dispute.public_id}/"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_first": "200.01"}, "amount_first"),
        ({"amount_first": "-1"}, "amount_first"),
        ({"amount_first": "0"}, "amount_first"),
        ({"amount_first": "1e3"}, "amount_first"),
        ({"amount_first": "0.001"}, "amount_first"),
        ({"amount_first": "9" * 5000}, "amount_first"),
        ({"amount_first": ""}, "amount_first"),
        ({"line_first": None}, None),
        ({"reason": "because"}, "reason"),
        ({"reason": None}, "reason"),
        ({"text": ""}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": "x" * 100_000}, "text"),
        ({"photos": SimpleUploadedFile("a.jpg", b"no photo")}, "photos"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_kept(
    client_of: ClientOf, order: Order, changes: dict[str, Any], field: str | None
) -> None:
    number = lines_of(order)[0].pk
    page = client_of(payer_of(order)).post(f"/disputes/new/{order.public_id}/", claim(order, **changes))
    assert page.status_code == 400
    form = page.context["form"]
    assert form.errors[field.replace("first", str(number)) if field else "__all__"]
    assert form["text"].value() == claim(order, **changes).get("text")
    assert not Dispute.objects.exists()


def test_line_of_another_order_is_not_heard_of(client_of: ClientOf, order: Order) -> None:
    foreign = lines_of(completed_order(at=timezone.now()))[0].pk
    data = {f"line_{foreign}": "on", f"amount_{foreign}": "1", "reason": "other", "text": "Mine."}
    assert client_of(payer_of(order)).post(f"/disputes/new/{order.public_id}/", data).status_code == 400
    assert not Dispute.objects.exists()


def test_after_the_window_nothing_can_be_disputed(client_of: ClientOf) -> None:
    late = completed_order(at=timezone.now() - DISPUTE_WINDOW)
    client = client_of(payer_of(late))
    page = client.get(f"/disputes/new/{late.public_id}/")
    assert "Nothing of this visit can be disputed" in page.content.decode()
    assert client.post(f"/disputes/new/{late.public_id}/", claim(late)).status_code == 400
    assert not Dispute.objects.exists()


def test_closed_dispute_is_shown_where_nothing_is_left_to_dispute(client_of: ClientOf) -> None:
    order = completed_order((20000,), at=timezone.now() - timedelta(hours=1))
    dispute = disputed(order)
    actions.withdraw(dispute=dispute, by=payer_of(order), at=timezone.now())
    answer = client_of(payer_of(order)).get(f"/disputes/new/{order.public_id}/")
    assert answer["Location"] == f"/disputes/{dispute.public_id}/"


def test_others_find_neither_order_nor_dispute(client_of: ClientOf, order: Order) -> None:
    dispute, stranger = disputed(order), client_of(UserFactory())
    paths = [f"/disputes/{dispute.public_id}/", f"/disputes/{dispute.public_id}/withdraw/"]
    for path in [*paths, f"/disputes/new/{order.public_id}/"]:
        assert stranger.get(path).status_code == 404
        assert "login" in client_of(None).get(path)["Location"]
    assert stranger.post(f"/disputes/{dispute.public_id}/words/", {"text": "Hello."}).status_code == 404


def test_owner_adds_a_word_sees_what_withdrawing_does_and_withdraws(client_of: ClientOf, order: Order) -> None:
    dispute, client = disputed(order), client_of(payer_of(order))
    path = f"/disputes/{dispute.public_id}/"
    assert client.post(path + "words/", {"text": " "}).status_code == 400
    assert client.post(path + "words/", {"text": "And it smells."}).status_code == 302
    shown = client.get(path + "withdraw/")
    assert [row.amount_fen for row in shown.context["effect"].rows if str(row.who) == "Shop"] == [20000, 6800]
    assert Dispute.objects.get().status == DisputeStatus.OPEN
    assert client.post(path + "withdraw/").status_code == 302
    assert Dispute.objects.get().status == DisputeStatus.WITHDRAWN
    assert client.post(path + "words/", {"text": "Wait."}).status_code == 409
    assert client.get(path + "withdraw/")["Location"] == path


# --- Shop -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.ADVISOR, 403), (Role.TECHNICIAN, 403), (None, 404)],
)
def test_disputes_are_for_those_who_see_the_shops_money(
    client_of: ClientOf, order: Order, role: Role | None, status: int
) -> None:
    dispute = disputed(order)
    client = client_of(works_at(order, role) if role else UserFactory())
    path = f"/shop/{order.shop.slug}/money/disputes/"
    assert client.get(path).status_code == status
    assert client.get(f"{path}{dispute.public_id}/").status_code == status
    posted = client.post(f"{path}{dispute.public_id}/words/", {"text": "Hello."}).status_code
    assert posted == (302 if status == 200 else status)


def test_dispute_of_another_shop_is_missing(client_of: ClientOf, order: Order) -> None:
    elsewhere = disputed(completed_order(at=timezone.now()))
    client = client_of(works_at(order, Role.OWNER))
    assert client.get(f"/shop/{order.shop.slug}/money/disputes/{elsewhere.public_id}/").status_code == 404


def test_shop_answers_once_and_the_owner_reads_it(client_of: ClientOf, order: Order) -> None:
    dispute, client = disputed(order), client_of(works_at(order, Role.MANAGER))
    path = f"/shop/{order.shop.slug}/money/disputes/{dispute.public_id}/"
    shown = client.get(path)
    assert any(row.amount_fen == 5000 for row in shown.context["effect"].rows)
    assert client.post(path + "answer/", {"stance": "differ", "text": ""}).status_code == 400
    assert client.post(path + "answer/", {"stance": "maybe", "text": "x"}).status_code == 400
    assert client.post(path + "answer/", {"stance": "differ", "text": "It was tight."}).status_code == 302
    again = client.post(path + "answer/", {"stance": "agree"})
    assert again.status_code == 409
    assert "answered already" in again.content.decode()
    assert "It was tight." in client_of(payer_of(order)).get(f"/disputes/{dispute.public_id}/").content.decode()


def test_shop_that_agrees_gives_back_at_once(client_of: ClientOf, order: Order) -> None:
    dispute, client = disputed(order), client_of(works_at(order, Role.OWNER))
    path = f"/shop/{order.shop.slug}/money/disputes/{dispute.public_id}/"
    assert client.post(path + "answer/", {"stance": "agree", "text": ""}).status_code == 302
    assert order.refunds.get().amount_fen == 5000
    assert client.post(path + "answer/", {"stance": "differ", "text": "No."}).status_code == 409
    assert "Shop agreed" in client.get(path).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_as_many_queries_for_three_as_for_one(
    client_of: ClientOf, order: Order, count: int, django_assert_num_queries: Any
) -> None:
    for _each in range(count):
        disputed(completed_order((20000, 6800), shop=order.shop, at=timezone.now()))
    client = client_of(works_at(order, Role.OWNER))
    client.get(f"/shop/{order.shop.slug}/money/disputes/")
    with django_assert_num_queries(6):
        client.get(f"/shop/{order.shop.slug}/money/disputes/")


# --- Platform ---------------------------------------------------------------------------------------


def test_queue_is_for_platform_admins_and_the_oldest_due_is_on_top(client_of: ClientOf, order: Order) -> None:
    older = disputed(order, at=timezone.now() - timedelta(minutes=30))
    newer = disputed(completed_order((20000, 6800), at=timezone.now()))
    assert client_of(UserFactory()).get("/platform/money/disputes/").status_code == 404
    page = client_of(UserFactory(admin=True)).get("/platform/money/disputes/")
    assert [row.dispute for row in page.context["rows"]] == [older, newer]
    closed = client_of(UserFactory(admin=True)).get("/platform/money/disputes/?closed=1")
    assert closed.context["rows"] == []


def test_decision_is_shown_before_it_is_made_and_does_what_was_shown(client_of: ClientOf, order: Order) -> None:
    dispute, client = answered(order), client_of(UserFactory(admin=True))
    path = f"/platform/money/disputes/{dispute.public_id}/"
    number = lines_of(order)[0].pk
    seen = client.get(path).context["form"]["seen"].value()
    data = {f"amount_{number}": "40", "text": "The photos show it.", "seen": seen}
    shown = client.post(path, data)
    assert shown.status_code == 200
    assert [row.amount_fen for row in shown.context["effect"].rows if str(row.who) == "Owner"] == [4000]
    assert not order.refunds.exists()
    carried = dict(shown.context["form"].carried())
    assert client.post(path, {**carried, "understood": "yes"}).status_code == 302
    assert order.refunds.get().amount_fen == 4000
    again = client.post(path, {**carried, "understood": "yes"})
    assert again.status_code == 409
    assert order.refunds.count() == 1


def test_decision_on_what_was_not_read_is_a_conflict_that_shows_the_new_word(client_of: ClientOf, order: Order) -> None:
    dispute, client = answered(order), client_of(UserFactory(admin=True))
    path = f"/platform/money/disputes/{dispute.public_id}/"
    seen = client.get(path).context["form"]["seen"].value()
    said = Said("One more thing.")
    actions.comment(dispute=dispute, role=MoneyRole.OWNER, said=said, by=payer_of(order), at=timezone.now())
    data = {f"amount_{lines_of(order)[0].pk}": "40", "text": "So.", "seen": seen, "understood": "yes"}
    refused = client.post(path, data)
    assert refused.status_code == 409
    assert "One more thing." in refused.content.decode()
    assert Dispute.objects.get().status == DisputeStatus.ANSWERED
    assert client.post(path, {**data, "seen": refused.context["form"]["seen"].value()}).status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_withdrawing_while_it_is_decided_shows_the_decision(
    client_of: ClientOf, order: Order, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute = answered(order)

    def decided_just_now(**_asked: object) -> None:
        raise DisputeOverError

    monkeypatch.setattr(actions, "withdraw", decided_just_now)
    response = getattr(client_of(payer_of(order)), method)(f"/disputes/{dispute.public_id}/withdraw/")
    assert (response.status_code, response.headers["Location"]) == (302, f"/disputes/{dispute.public_id}/")


def test_page_of_the_shop_read_while_it_is_withdrawn_shows_that(
    client_of: ClientOf, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute = disputed(order)
    withdraw = partial(actions.withdraw, dispute=dispute, by=payer_of(order), at=timezone.now())
    answer = actions.answer

    def answered_too_late(**asked: Any) -> Dispute:
        withdraw()
        return answer(**asked)

    # What is tried out is undone, the withdrawing with it; so it is done before the page is read again.
    monkeypatch.setattr(actions, "answer", answered_too_late)
    real = shop_views._of_shop
    reads = iter([lambda: None, withdraw])

    def read(*asked: Any) -> Dispute:
        next(reads)()
        return real(*asked)

    monkeypatch.setattr(shop_views, "_of_shop", read)
    client = client_of(works_at(order, Role.MANAGER))
    page = client.get(f"/shop/{order.shop.slug}/money/disputes/{dispute.public_id}/")
    assert page.status_code == 200
    assert Dispute.objects.get().status == DisputeStatus.WITHDRAWN


@pytest.mark.parametrize("side", ["payer", "shop"])
def test_nobody_of_either_side_decides_for_the_platform(client_of: ClientOf, order: Order, side: str) -> None:
    dispute = answered(order)
    judge = payer_of(order) if side == "payer" else works_at(order, Role.TECHNICIAN)
    type(judge).objects.filter(pk=judge.pk).update(is_staff=True)
    judge.refresh_from_db()
    client, path = client_of(judge), f"/platform/money/disputes/{dispute.public_id}/"
    seen = client.get(path).context["form"]["seen"].value()
    data = {f"amount_{lines_of(order)[0].pk}": "40", "text": "So.", "seen": seen}
    for step in ({}, {"understood": "yes"}):
        assert client.post(path, {**data, **step}).status_code == 403
    assert Dispute.objects.get().status == DisputeStatus.ANSWERED
    assert not order.refunds.exists()


@pytest.mark.parametrize(
    "changes", [{"first": "200.01"}, {"first": "-1"}, {"first": ""}, {"text": ""}, {"text": "\x00"}, {"seen": "x"}]
)
def test_bad_decision_is_refused(client_of: ClientOf, order: Order, changes: dict[str, str]) -> None:
    dispute, client = answered(order), client_of(UserFactory(admin=True))
    path, number = f"/platform/money/disputes/{dispute.public_id}/", lines_of(order)[0].pk
    seen = client.get(path).context["form"]["seen"].value()
    data = {f"amount_{number}": "40", "text": "So.", "seen": seen}
    data |= {key.replace("first", f"amount_{number}"): value for key, value in changes.items()}
    assert client.post(path, {**data, "understood": "yes"}).status_code == 400
    assert Dispute.objects.get().status == DisputeStatus.ANSWERED


def test_platform_waits_while_the_shop_has_time(client_of: ClientOf, order: Order) -> None:
    dispute, client = disputed(order), client_of(UserFactory(admin=True))
    path = f"/platform/money/disputes/{dispute.public_id}/"
    page = client.get(path)
    assert page.context["form"] is None
    assert "still has time to answer" in page.content.decode()
    data = {f"amount_{lines_of(order)[0].pk}": "40", "text": "So.", "seen": "9", "understood": "yes"}
    assert client.post(path, data).status_code == 409
    Dispute.objects.update(answer_due_at=timezone.now())
    assert client.get(path).context["form"] is not None


# --- Photos and messages ----------------------------------------------------------------------------


def test_photos_are_for_payer_shop_and_platform_only(client_of: ClientOf, order: Order) -> None:
    client_of(payer_of(order)).post(f"/disputes/new/{order.public_id}/", {**claim(order), "photos": [picture()]})
    photo = DisputePhoto.objects.get()
    path = f"/disputes/{photo.dispute.public_id}/photos/{photo.public_id}/full/"
    for person in (payer_of(order), works_at(order, Role.MANAGER), UserFactory(admin=True)):
        answer = client_of(person).get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert "private" in answer["Cache-Control"]
    for person in (UserFactory(), works_at(order, Role.TECHNICIAN), None):
        assert client_of(person).get(path).status_code == 404


def test_too_many_photos_are_refused(client_of: ClientOf, order: Order) -> None:
    photos = [picture(f"{number}.jpg") for number in range(7)]
    page = client_of(payer_of(order)).post(f"/disputes/new/{order.public_id}/", {**claim(order), "photos": photos})
    assert page.status_code == 400
    assert page.context["form"].errors["photos"]


def test_each_side_is_told_once_what_the_other_did(order: Order) -> None:
    manager = works_at(order, Role.MANAGER)
    works_at(order, Role.TECHNICIAN)

    def told() -> list[tuple[str, str]]:
        before = set(Message.objects.values_list("pk", flat=True))
        for event in OutboxEvent.objects.filter(topic__startswith="dispute.").order_by("pk"):
            messages.tell(event)
        return list(Message.objects.exclude(pk__in=before).values_list("recipient", "body"))

    dispute = disputed(order)
    ((to, body),) = told()
    assert to == manager.email
    assert f"/shop/{order.shop.slug}/money/disputes/{dispute.public_id}/" in body
    actions.answer(dispute=dispute, said=Said("Sorry."), agrees=True, by=manager, at=timezone.now())
    ((to, body),) = told()
    assert to == payer_of(order).email
    assert f"/disputes/{dispute.public_id}/" in body
    assert dispute.events.last().step == DisputeStep.ANSWERED  # type: ignore[union-attr]
    # Delivered in the morning: what asked the shop for its answer is not true any more.
    noon = (timezone.now() + timedelta(days=1)).replace(hour=4)  # in Shanghai
    deliver(channel="email", clock=lambda: noon)
    statuses = Message.objects.order_by("pk").values_list("kind", "status", "dropped_for")
    assert list(statuses) == [("payments/shop_dispute", "dropped", "not_true"), ("payments/dispute", "sent", "")]
