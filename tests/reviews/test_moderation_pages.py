"""The platform's pages about reviews: who may see them, what they show, what is decided on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from reviews import tallies
from reviews.choices import Act, HintKind, ItemKind, ItemOutcome, ReasonCode, ReviewStatus, SignalKind
from reviews.models import Hint, ModerationEvent, ModerationItem, ModerationPolicy, Review, Signal
from reviews.platform_pages import marks
from shops.choices import Role
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import NOTHING, edit, propose, shop_appeals, waiting

pytestmark = pytest.mark.django_db
PAGES = ["queue", "published", "automatic", "log", "policy", "signals", "follow_ups"]
NOW = WRITTEN + timedelta(hours=5)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def moderator(db: None) -> User:
    return UserFactory(admin=True)


@pytest.fixture
def admin(client: Client, moderator: User) -> Client:
    client.force_login(moderator)
    client.cookies["django_language"] = "en"
    return client


def address(name: str, *args: object) -> str:
    return reverse(f"platform_reviews:{name}", args=args)


def one(**said: Any) -> Review:
    return review(reviewable_visit(open_shop()), **{"stars": 2, "text": "They made me wait.", **said})


def decide(client: Client, item: ModerationItem, act: str, **typed: Any) -> Any:
    return client.post(address(act, item.public_id), {"seen": item.version.number, **typed})


# --- Who may ----------------------------------------------------------------------------------------


def test_nobody_is_sent_to_sign_in_and_comes_back_to_reviews(client: Client) -> None:
    for page in PAGES:
        assert client.get(address(page))["Location"].startswith("/accounts/login/?next=/platform/reviews/")
    posted = client.post(address("policy"))
    assert posted["Location"] == "/accounts/login/?next=/platform/reviews/"


def test_pages_do_not_exist_for_the_author_or_the_shop(client: Client) -> None:
    written = one()
    item = waiting(written)
    staff = UserFactory()
    ShopMember.objects.create(shop=written.shop, user=staff, role=Role.OWNER)
    for person in (written.author, staff):
        client.force_login(person)
        pages = [*map(address, PAGES), address("item", item.public_id), address("review", written.public_id)]
        assert {client.get(page).status_code for page in pages} == {404}
        assert decide(client, item, "approve").status_code == 404
    assert waiting(written) == item


def test_pages_open_where_there_is_nothing_yet(admin: Client) -> None:
    for language in ("en", "zh-hans"):
        admin.cookies["django_language"] = language
        assert {admin.get(address(page)).status_code for page in PAGES} == {200}


# --- The desk ---------------------------------------------------------------------------------------


def test_desk_shows_the_riskiest_first_and_one_item_whole(admin: Client) -> None:
    calm, risky = one(text="All fine."), one(text="<b>Bad</b> people")
    ModerationItem.objects.filter(review=risky).update(band=3, risk=80)
    answer = admin.get(address("queue"))
    assert [row.item.review_id for row in answer.context["rows"]] == [risky.pk, calm.pk]
    assert answer.context["item"].review_id == risky.pk
    html = answer.content.decode()
    assert "&lt;b&gt;Bad&lt;/b&gt; people" in html
    assert risky.booking.number in html
    assert 'style="' not in html


def test_desk_costs_the_same_for_one_waiting_item_and_for_three(admin: Client, django_assert_num_queries: Any) -> None:
    shop = open_shop()
    first = review(reviewable_visit(shop), stars=2, text="They made me wait.")
    page = address("item", waiting(first).public_id)
    admin.get(page)
    with CaptureQueriesContext(connection) as alone:
        admin.get(page)
    for _more in range(2):
        review(reviewable_visit(shop), stars=3, text="Another.")
    with django_assert_num_queries(len(alone)):
        admin.get(page)


def test_search_narrows_the_list_down(admin: Client) -> None:
    wanted, _other = one(), one()
    ModerationItem.objects.filter(review=wanted).update(band=1)
    for words in (wanted.booking.number, wanted.public_id):
        rows = admin.get(address("queue"), {"q": words}).context["rows"]
        assert [row.item.review_id for row in rows] == [wanted.pk]
    assert admin.get(address("queue"), {"q": "nobody at all"}).context["item"] is None


def test_approving_publishes_and_opens_the_next(admin: Client, moderator: User) -> None:
    first, second = one(), one()
    answer = decide(admin, waiting(first), "approve")
    assert answer["Location"] == address("item", waiting(second).public_id)
    first.refresh_from_db()
    assert first.status == ReviewStatus.PUBLISHED
    assert ModerationEvent.objects.get(act=Act.APPROVED).by == moderator
    assert tallies.faults() == NOTHING


def test_rejecting_needs_a_reason_and_keeps_the_note(admin: Client) -> None:
    written = one()
    answer = decide(admin, waiting(written), "reject", note="Twice already")
    assert answer.status_code == 422
    assert "Choose a reason: the author reads it." in answer.content.decode()
    assert 'value="Twice already"' in answer.content.decode()
    decide(admin, waiting(written), "reject", reason=ReasonCode.THREAT, note="Twice already")
    event = ModerationEvent.objects.get(act=Act.REJECTED)
    assert (event.reason, event.note) == (ReasonCode.THREAT, "Twice already")


@pytest.mark.parametrize("wrong", ["", "0", "-1", "x", "9" * 30])
def test_what_was_seen_has_to_be_a_version(wrong: str, admin: Client) -> None:
    item = waiting(one())
    assert admin.post(address("approve", item.public_id), {"seen": wrong}).status_code == 422
    assert ModerationItem.objects.open().filter(pk=item.pk).exists()


def test_version_that_came_meanwhile_is_shown_and_nothing_typed_is_lost(admin: Client) -> None:
    written = one()
    item = waiting(written)
    edit(written, text="A new text.")
    answer = decide(admin, item, "reject", reason=ReasonCode.INSULT, note="My words")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "This has changed since you opened it." in html
    assert "A new text." in html
    assert 'value="My words"' in html
    assert answer.context["item"] == waiting(written)
    assert Review.objects.get(pk=written.pk).status == ReviewStatus.WAITING


def test_item_that_another_decided_says_so(admin: Client) -> None:
    written = one()
    item = waiting(written)
    decide(admin, item, "approve")
    admin.force_login(UserFactory(admin=True))
    answer = decide(admin, item, "reject", reason=ReasonCode.INSULT, note="My words")
    assert answer.status_code == 409
    assert "Somebody has decided this already." in answer.content.decode()
    assert "My words" in answer.content.decode()
    assert Review.objects.get(pk=written.pk).status == ReviewStatus.PUBLISHED


def test_moderator_of_the_shop_reads_why_somebody_else_decides(admin: Client, moderator: User) -> None:
    written = one()
    item = waiting(written)
    ShopMember.objects.create(shop=written.shop, user=moderator, role=Role.OWNER)
    assert "You are part of this yourself" in admin.get(address("item", item.public_id)).content.decode()
    assert decide(admin, item, "approve").status_code == 403
    assert waiting(written) == item


def test_decision_is_taken_back_within_half_a_minute(admin: Client) -> None:
    written = one()
    item = waiting(written)
    decide(admin, item, "approve")
    assert admin.get(address("queue")).context["undo"].item == item
    with time_machine.travel(NOW + timedelta(seconds=29), tick=False):
        assert admin.post(address("undo", item.public_id))["Location"] == address("item", item.public_id)
    assert waiting(written) == item
    decide(admin, item, "skip", note="Later")
    with time_machine.travel(NOW + timedelta(seconds=90), tick=False):
        assert admin.get(address("queue")).context["undo"] is None
        assert admin.post(address("undo", item.public_id)).status_code == 409


def test_mask_can_be_lifted_but_contact_data_stays_hidden(admin: Client) -> None:
    written = one(text="That idiot Li: 13900002214")
    item = waiting(written)
    insult, contact = {"start": 5, "end": 10, "kind": "insult"}, {"start": 15, "end": 26, "kind": "contact"}
    item.version.masks = [insult, contact]
    item.version.save(update_fields=["masks"])
    decide(admin, item, "approve", masks_offered="1")
    assert written.versions.get().masks == [contact]


def test_only_the_desk_is_exchanged_for_htmx(admin: Client) -> None:
    item = waiting(one())
    answer = admin.get(address("item", item.public_id), headers={"HX-Request": "true", "HX-Target": "desk"})
    assert "<!DOCTYPE" not in answer.content.decode()
    assert answer["HX-Push-Url"] == address("item", item.public_id)


# --- Second looks -----------------------------------------------------------------------------------


def test_removal_takes_two_people(admin: Client, moderator: User) -> None:
    shown = published(reviewable_visit(open_shop()), text="Bad people.")
    page = address("review", shown.public_id)
    assert admin.post(page, {"seen": "1", "note": "Hm"}).status_code == 422
    assert admin.post(page, {"seen": "1", "reason": ReasonCode.PAID, "note": "Hm"}).status_code == 302
    item = waiting(shown, ItemKind.REMOVAL)
    assert "Somebody else has to decide this" in admin.get(address("item", item.public_id)).content.decode()
    assert decide(admin, item, "second_look", decision="remove").status_code == 403
    admin.force_login(UserFactory(admin=True))
    assert decide(admin, item, "second_look", decision="").status_code == 422
    decide(admin, item, "second_look", decision="remove", note="Agreed")
    assert Review.objects.get(pk=shown.pk).status == ReviewStatus.REMOVED
    assert tallies.faults() == NOTHING


def test_removal_of_an_older_version_is_refused(admin: Client) -> None:
    shown = published(reviewable_visit(open_shop()))
    answer = admin.post(address("review", shown.public_id), {"seen": "2", "reason": ReasonCode.PAID, "note": "Hm"})
    assert answer.status_code == 409
    assert 'value="Hm"' in answer.content.decode()


def test_appeal_is_answered_in_words(admin: Client) -> None:
    shown = published(reviewable_visit(open_shop()))
    appeal = shop_appeals(shown)
    item = waiting(shown, ItemKind.APPEAL)
    assert decide(admin, item, "answer", decision="uphold").status_code == 422
    decide(admin, item, "answer", decision="dismiss", answer="It is your visit.")
    appeal.refresh_from_db()
    assert (appeal.status, appeal.answer) == ("dismissed", "It is your visit.")


def test_sample_is_drawn_by_hand_and_found_right(admin: Client) -> None:
    shown = published(reviewable_visit(open_shop()))
    answer = admin.post(address("draw", shown.public_id))
    item = waiting(shown, ItemKind.SAMPLE)
    assert answer["Location"] == address("item", item.public_id)
    assert admin.get(address("queue"), {"tab": "sampled"}).context["item"] == item
    decide(admin, item, "approve")
    item.refresh_from_db()
    assert item.outcome == ItemOutcome.APPROVED


def test_kinds_keep_to_their_own_decisions(admin: Client) -> None:
    shown = published(reviewable_visit(open_shop()))
    propose(shown)
    item = waiting(shown, ItemKind.REMOVAL)
    assert decide(admin, item, "approve").status_code == 400
    assert decide(admin, item, "answer", decision="uphold", answer="x").status_code == 404


# --- Log, policy, patterns --------------------------------------------------------------------------


def test_log_is_narrowed_down_and_turned_by_its_last_line(admin: Client, moderator: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("reviews.platform_pages.paging.PAGE", 2)
    written = one()
    decide(admin, waiting(written), "approve")
    one()
    first = admin.get(address("log")).context["page"]
    second = admin.get(address("log"), {"before": first.before}).context["page"]
    assert [len(first.lines), len(second.lines), second.before] == [2, 1, ""]
    assert not {line.pk for line in first.lines} & {line.pk for line in second.lines}
    narrow = admin.get(address("log"), {"by": moderator.email, "act": Act.APPROVED, "shop": ""}).context["page"]
    assert [line.act for line in narrow.lines] == [Act.APPROVED]
    assert admin.get(address("log"), {"before": "x" * 50, "act": "nonsense"}).status_code == 200


def test_policy_says_why_it_was_changed_and_by_whom(admin: Client, moderator: User) -> None:
    typed = {
        "auto_publish": "on",
        "max_risk": "10",
        "min_visits": "3",
        "min_published": "1",
        "max_rejected": "0",
        "sample_percent": "25",
    }
    assert admin.post(address("policy"), typed).status_code == 422
    assert admin.post(address("policy"), {**typed, "max_risk": "31", "note": "Try"}).status_code == 422
    assert not ModerationPolicy.objects.exists()
    admin.post(address("policy"), {**typed, "note": "The hints are right."})
    holds = ModerationPolicy.objects.get()
    assert (holds.auto_publish, holds.sample_percent, holds.set_by, holds.replies_at_once) == (
        True,
        25,
        moderator,
        False,
    )
    assert "The hints are right." in admin.get(address("policy")).content.decode()


def test_pattern_is_closed_with_what_was_found(admin: Client, moderator: User) -> None:
    signal = Signal.objects.create(
        kind=SignalKind.BURST, key="one", points=40, data={"count": 9, "usual": 2}, first_seen_at=NOW, last_seen_at=NOW
    )
    page = address("close_signal", signal.pk)
    assert "9 reviews of the shop within a week" in admin.get(address("signals")).content.decode()
    assert admin.post(page, {"note": " "}).status_code == 422
    admin.post(page, {"note": "A fair at the shop."})
    signal.refresh_from_db()
    assert (signal.closed_by, signal.note) == (moderator, "A fair at the shop.")


# --- Marks ------------------------------------------------------------------------------------------


def test_marks_show_the_most_alarming_hint_and_what_is_hidden() -> None:
    text = "call 139\u200b now"
    hints = [
        Hint(kind=HintKind.CONTACT, points=20, start=5, end=9),
        Hint(kind=HintKind.ADVERTISING, points=30, start=0, end=9),
    ]
    assert marks.marked(text, hints) == [
        marks.Mark("call ", HintKind.ADVERTISING, "warn"),
        marks.Mark("139[U+200B]", HintKind.CONTACT, "bad"),
        marks.Mark(" now"),
    ]
