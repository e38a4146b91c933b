"""The page of a visit in the shop: what its owner reads, answers and confirms, and how it stays up to date."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.core import signing
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from bookings.actions import Actor
from bookings.choices import ActorRole, DecisionWay, LineState, Status
from bookings.floor import advising, lines, messages, progress, quality
from bookings.floor.lines import Author
from bookings.floor.messages import Speaker
from bookings.models import Booking, LineDecision
from bookings.owner_views import polling
from catalog.models import CheckPoint, OverMaintenanceRule
from shops.choices import Role
from tests.bookings.owner_pages import booked, page, text
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.floor import Asked
from tests.factories.jobs import NOW, bookable_job

pytestmark = pytest.mark.django_db
POSTS = ("visit_decide", "visit_confirm_sheet", "visit_confirm_handover", "visit_say", "visit_end_links")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW + timedelta(minutes=20), tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def signed_in(client: Client, **wanted: object) -> Asked:
    owner = UserFactory(language="en")
    asked = floor.asked(at=NOW, owner=owner, **wanted)
    client.force_login(owner)
    return asked


def answer(client: Client, asked: Asked, decision: str, *refs: str, **fields: str) -> object:
    sent = {"decision": decision, "line": list(refs or [f"{asked.line.public_id}.1"]), **fields}
    return client.post(page("visit_decide", asked.booking), sent)


# --- What is shown --------------------------------------------------------------------------------


def test_a_proposal_shows_evidence_advice_price_and_all_three_answers(client: Client) -> None:
    asked = signed_in(client, photos=1)
    html = text(client.get(page("detail", asked.booking)))
    for words in (
        "Waiting for your answer to 1 line",
        "Front left pad, inner",
        "2.8",
        "The platform's advice: Justified by evidence",
        "¥300",
        "¥120",
        "Approve for ¥420",
        "Put it off",
        'value="decline"',
        "720 days or 24,000 km",
        "Nothing is done or charged without your approval.",
        "With everything proposed: <strong>12:25</strong>",
        "If you approve all",
        "¥688",
    ):
        assert words in html
    assert html.count('class="photo-tile"') == 4  # the measured point in card and timeline, the sheet's here and there


def test_advice_against_and_the_shops_reason_stand_side_by_side(client: Client) -> None:
    service = floor.brake_pads()
    service.powertrains = ["bev"]
    service.save(update_fields=["powertrains"])
    draft = floor.pads_draft(against_reason="The customer hears a noise")
    html = text(client.get(page("detail", signed_in(client, drafts=[draft]).booking)))
    assert "The platform's advice: Not needed" in html
    assert "The shop still proposes it, because:" in html
    assert "The customer hears a noise" in html


def test_a_measurement_shows_its_rule_and_the_source_of_it(client: Client) -> None:
    floor.brake_pads()
    CheckPoint.objects.update(source="行业通行的 3 mm 厚度限值 | The limit of 3 mm usual in the trade")
    html = text(client.get(page("detail", signed_in(client).booking)))
    found = html.split("Everything that was inspected")[1].split("</ul></details>")[0]
    card = html.split('class="ask-evidence')[1].split('class="ask-price"')[0]
    for place in (card, found):
        assert "Replace at 3 mm or less" in place
        assert "The limit of 3 mm usual in the trade" in place
        assert "行业通行" not in place


@pytest.mark.parametrize(("is_listed", "said"), [(True, "Too few prices here"), (False, "Not in our price lists")])
def test_a_price_without_comparison_says_why(client: Client, is_listed: bool, said: str) -> None:
    draft = floor.pads_draft() if is_listed else floor.flush_draft()
    html = text(client.get(page("detail", signed_in(client, drafts=[draft]).booking)))
    price = html.split('class="ask-price"')[1].split('class="meta ask-warranty"')[0]
    assert [words for words in ("Too few prices here", "Not in our price lists") if words in price] == [said]


def test_each_line_says_when_the_car_is_ready_and_what_it_costs_if_it_alone_is_approved(client: Client) -> None:
    asked = signed_in(client, drafts=[floor.pads_draft(), floor.flush_draft()])
    html = text(client.get(page("detail", asked.booking)))
    assert "ready <strong>12:25</strong>, in all <strong>¥688</strong>" in html
    assert "ready <strong>12:00</strong>, in all <strong>¥356</strong>" in html
    answer(client, asked, "approve")
    html = text(client.get(page("visit_news", asked.booking)))
    assert "ready <strong>12:45</strong>, in all <strong>¥776</strong>" in html
    assert html.count("If you approve this:") == 1


def test_advice_against_a_measure_says_why_where_it_comes_from_and_how_we_decide(client: Client) -> None:
    rule = OverMaintenanceRule.objects.create(
        key="engine_flush",
        name_zh="发动机内部清洗",
        name_en="Engine flush",
        verdict="not_recommended",
        why_zh="没有需要清洗的油泥。",
        why_en="There is no sludge to flush.",
        source="行业经验 | Trade practice",
        confidence="likely",
    )
    draft = floor.flush_draft(title="", measure=rule, against_reason="The owner asked for it")
    asked = signed_in(client, drafts=[draft])
    html = text(client.get(page("detail", asked.booking)))
    advice = html.split('class="advice tone-bad"')[1].split("</section>")[0]
    for words in ("There is no sludge to flush.", "Trade practice", "How we decide", reverse("catalog:advice_rules")):
        assert words in advice
    version = asked.line.current
    with translation.override("en"):
        known = advising.words_on(version, advising.names())
        one = {"words": known, "advice_tone": "bad", "advice_icon": "scale"}
        box = render_to_string("floor/_line_advice.html", {"one": one, "version": version})
    for words in ("There is no sludge to flush.", "Trade practice", "How we decide", "The owner asked for it"):
        assert words in box


def test_putting_off_promises_the_plan_and_no_reminder(client: Client) -> None:
    asked = signed_in(client)
    html = text(client.get(page("detail", asked.booking), {"later": asked.line.public_id}))
    dialog = html.split('class="dialog"')[1].split("</dialog>")[0]
    assert "When should it come up again?" in dialog
    assert "emind" not in dialog


def test_a_line_that_was_not_sent_is_not_shown(client: Client) -> None:
    asked = signed_in(client)
    author = Author(asked.advisor, Role.ADVISOR)
    lines.propose(booking=asked.booking, draft=floor.flush_draft(title="Secret so far"), by=author, at=NOW)
    assert "Secret so far" not in text(client.get(page("detail", asked.booking)))


def test_words_of_the_shop_are_escaped(client: Client) -> None:
    asked = signed_in(client, drafts=[floor.flush_draft(title="<script>x</script>")])
    assert "<script>x" not in text(client.get(page("detail", asked.booking)))


def test_a_changed_promise_is_struck_with_its_reason(client: Client) -> None:
    asked = signed_in(client)
    before = asked.booking.ends_at
    staff = Actor(ActorRole.STAFF, asked.advisor)
    later = before + timedelta(minutes=30)
    progress.promise(booking=asked.booking, ends_at=later, reason="A bolt broke", by=staff, at=NOW)
    html = text(client.get(page("detail", asked.booking)))
    assert "12:10" in html
    assert "11:40</s> A bolt broke" in html


@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_page_asks_the_same_queries_for_any_number_of_lines_photos_and_messages(
    client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    asked = signed_in(client, photos=count, drafts=[floor.pads_draft() for _ in range(count)])
    for number in range(count):
        messages.say(booking=asked.booking, text=f"No. {number}", by=Speaker(False, asked.advisor), at=NOW)
    client.get(page("detail", asked.booking))
    # session, person; visit, claims, services; lines, versions, decisions, photos of lines; events; inspections, items;
    # photos; services and points named; messages; sheet; open links
    with django_assert_num_queries(19):
        html = text(client.get(page("detail", asked.booking)))
    assert html.count("ask-card") == count
    assert html.count("said-text") == count


@pytest.mark.parametrize("name", ["detail", "visit_news"])
def test_a_visit_in_the_shop_is_its_owners_alone(client: Client, name: str) -> None:
    asked = signed_in(client)
    assert client.get(page(name, asked.booking)).status_code == 200
    client.force_login(asked.advisor)
    assert client.get(page(name, asked.booking)).status_code == 404
    assert Client().get(page(name, asked.booking)).status_code == 302


@pytest.mark.parametrize("name", POSTS)
def test_nobody_else_acts_in_a_visit(client: Client, name: str) -> None:
    asked = signed_in(client)
    assert client.get(page(name, asked.booking)).status_code == 405
    sent = {"decision": "approve", "line": f"{asked.line.public_id}.1", "text": "x", "seen": "x"}
    assert Client().post(page(name, asked.booking), sent).status_code == 302
    assert Client(enforce_csrf_checks=True).post(page(name, asked.booking), sent).status_code == 403
    client.force_login(UserFactory())
    assert client.post(page(name, asked.booking), sent).status_code == 404
    asked.line.refresh_from_db()
    assert asked.line.state == LineState.PROPOSED


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "state"),
    [("approve", LineState.APPROVED), ("decline", LineState.DECLINED), ("defer", LineState.DEFERRED)],
)
def test_each_answer_is_kept_with_how_it_came(client: Client, decision: str, state: str) -> None:
    asked = signed_in(client)
    assert answer(client, asked, decision).status_code == 302
    asked.line.refresh_from_db()
    assert asked.line.state == state
    said = LineDecision.objects.get(line=asked.line)
    assert (said.decision, said.way, said.owner, said.version) == (decision, DecisionWay.ACCOUNT, asked.owner, 1)


def test_approving_moves_the_promise_by_what_was_shown(client: Client) -> None:
    asked = signed_in(client)
    answer(client, asked, "approve")
    before = asked.booking.ends_at
    asked.booking.refresh_from_db()
    assert asked.booking.ends_at == before + timedelta(minutes=45)


def test_a_double_tap_is_one_answer(client: Client) -> None:
    asked = signed_in(client)
    for _ in range(2):
        assert answer(client, asked, "approve").status_code == 302
    assert LineDecision.objects.filter(line=asked.line).count() == 1
    asked.booking.refresh_from_db()
    assert asked.booking.events.filter(kind="decided").count() == 1


def test_a_deferred_line_keeps_its_reminder(client: Client) -> None:
    asked = signed_in(client)
    answer(client, asked, "defer", defer_until="2027-03-01", defer_km="60000")
    said = LineDecision.objects.get(line=asked.line)
    assert (said.defer_until, said.defer_km) == (date(2027, 3, 1), 60_000)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"defer_until": "2020-01-01"}, "Choose a future day"),
        ({"defer_until": "tomorrow"}, "Enter a valid date"),
        ({"defer_km": "100"}, "more kilometres than the car has now"),
        ({"defer_km": "-5"}, "greater than or equal to 1"),
    ],
)
def test_a_reminder_that_cannot_be_is_said_beside_the_field(client: Client, fields: dict[str, str], words: str) -> None:
    asked = signed_in(client)
    response = answer(client, asked, "defer", **fields)
    assert response.status_code == 400
    html = text(response)
    assert words in html
    assert 'aria-invalid="true"' in html
    assert f'value="{next(iter(fields.values()))}"' in html
    assert not LineDecision.objects.filter(line=asked.line).exists()


def test_several_are_approved_at_once_and_the_rest_stays_open(client: Client) -> None:
    asked = signed_in(client, drafts=[floor.pads_draft(), floor.flush_draft(), floor.flush_draft(title="Third")])
    first, second, third = asked.lines
    answer(client, asked, "approve", f"{first.public_id}.1", f"{third.public_id}.1")
    for line in asked.lines:
        line.refresh_from_db()
    assert [line.state for line in asked.lines] == ["approved", "proposed", "approved"]
    sent = {"decision": "approve_all", "every": [f"{line.public_id}.1" for line in asked.lines]}
    assert client.post(page("visit_decide", asked.booking), sent).status_code == 302
    second.refresh_from_db()
    assert second.state == LineState.APPROVED


def test_an_answer_to_a_changed_line_shows_what_changed_and_keeps_the_other_choices(client: Client) -> None:
    asked = signed_in(client, drafts=[floor.pads_draft(), floor.flush_draft()])
    changed, other = asked.lines
    lines.change(
        line=changed,
        draft=floor.pads_draft(labour_fen=18_000),
        version=1,
        by=Author(asked.advisor, Role.ADVISOR),
        at=NOW,
    )
    response = answer(client, asked, "approve", f"{changed.public_id}.1", f"{other.public_id}.1")
    assert response.status_code == 409
    html = text(response)
    for words in ("The shop changed this while you were reading", "<s>¥420</s> ¥480", f'value="{changed.public_id}.2"'):
        assert words in html
    assert f'value="{other.public_id}.1" data-fen="8800" checked' in html
    assert not LineDecision.objects.filter(line__in=asked.lines).exists()
    assert answer(client, asked, "approve", f"{changed.public_id}.2").status_code == 302


def test_the_mind_can_be_changed_until_it_is_done(client: Client) -> None:
    asked = signed_in(client)
    answer(client, asked, "decline")
    assert "Changed your mind?" in text(client.get(page("detail", asked.booking)))
    answer(client, asked, "approve")
    lines.mark_done(line=asked.line, by=asked.advisor, at=NOW)
    assert answer(client, asked, "decline").status_code == 409
    asked.line.refresh_from_db()
    assert asked.line.state == LineState.DONE


def test_a_line_of_another_visit_is_missing(client: Client) -> None:
    other = floor.asked(at=NOW, owner=UserFactory())
    asked = signed_in(client)
    assert answer(client, asked, "approve", f"{other.line.public_id}.1").status_code == 404
    assert not LineDecision.objects.filter(line=other.line).exists()


@pytest.mark.parametrize("refs", [[], ["x"], ["\x00.1"], ["a.99999999"], ["y" * 100_000], ["a.1"] * 3 + ["b"]])
@pytest.mark.parametrize("decision", ["approve", "approve_all", "sell", ""])
def test_forms_that_cannot_be_read_are_refused(client: Client, decision: str, refs: list[str]) -> None:
    asked = signed_in(client)
    sent = {"decision": decision, "line": refs, "every": refs}
    assert client.post(page("visit_decide", asked.booking), sent).status_code == 400
    assert not LineDecision.objects.filter(line=asked.line).exists()


def test_without_javascript_the_reminder_opens_by_its_address(client: Client) -> None:
    asked = signed_in(client)
    html = text(client.get(page("detail", asked.booking), {"later": asked.line.public_id}))
    assert '"dialog" id="later-' in html
    assert " open>" in html.split('class="dialog"')[1][:200]


# --- Confirmations --------------------------------------------------------------------------------


def test_the_state_of_the_car_is_confirmed_as_it_was_shown(client: Client) -> None:
    asked = signed_in(client)
    html = text(client.get(page("detail", asked.booking)))
    assert "Is this how you left your car?" in html
    seen = html.split('name="seen" value="')[1].split('"')[0]
    assert client.post(page("visit_confirm_sheet", asked.booking), {"seen": "old"}).status_code == 409
    assert client.post(page("visit_confirm_sheet", asked.booking), {}).status_code == 409
    for _ in range(2):
        assert client.post(page("visit_confirm_sheet", asked.booking), {"seen": seen}).status_code == 302
    asked.booking.check_in.refresh_from_db()
    assert asked.booking.check_in.confirmed_way == DecisionWay.ACCOUNT
    assert asked.booking.events.filter(kind="car_state_confirmed").count() == 1
    assert "Is this how you left your car?" not in text(client.get(page("detail", asked.booking)))


def test_the_handover_is_confirmed_once_the_car_is_ready(client: Client) -> None:
    asked = signed_in(client)
    assert client.post(page("visit_confirm_handover", asked.booking)).status_code == 409
    answer(client, asked, "decline")
    quality.submit(booking=asked.booking, by=asked.advisor, at=NOW)
    floor.make_ready(asked.booking, by=asked.advisor, at=NOW)
    html = text(client.get(page("detail", asked.booking)))
    assert "Your car is ready" in html
    assert "To pay at the shop: ¥268" in html
    assert client.post(page("visit_confirm_handover", asked.booking)).status_code == 302
    asked.booking.refresh_from_db()
    assert asked.booking.handover_confirmed_way == DecisionWay.ACCOUNT


def test_after_handover_the_bill_the_warranty_and_the_way_back_are_shown(client: Client) -> None:
    asked = signed_in(client)
    answer(client, asked, "approve")
    floor.hand_over(asked.booking, by=asked.advisor, at=NOW + timedelta(minutes=30))
    html = text(client.get(page("detail", asked.booking)))
    for words in (
        "What was done",
        "¥688.00",
        "Under warranty until",
        "Have it put right at no charge",
        "Book this again",
    ):
        assert words in html
    assert "Approve for" not in html


# --- Staying up to date ---------------------------------------------------------------------------


def poll_url(client: Client, asked: Asked) -> str:
    html = text(client.get(page("detail", asked.booking)))
    return html.split('id="visit-poll-now" hx-get="')[1].split('"')[0].replace("&amp;", "&")


@pytest.mark.parametrize("cookies", [{}, {"django_language": "en", "theme": "dark"}])
def test_an_unchanged_page_costs_one_query(
    client: Client, cookies: dict[str, str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = poll_url(client, signed_in(client))
    del client.cookies["django_language"]
    for name, value in cookies.items():
        client.cookies[name] = value
    with django_assert_num_queries(1):
        response = client.get(url)
    assert response.status_code == 204
    assert response.content == b""
    assert "sessionid" not in response.cookies


def test_a_change_is_told_and_the_parts_are_fetched_with_their_checks(client: Client) -> None:
    asked = signed_in(client)
    url = poll_url(client, asked)
    messages.say(booking=asked.booking, text="It is on the lift", by=Speaker(False, asked.advisor), at=NOW)
    response = client.get(url)
    assert response.status_code == 200
    assert "visitChanged" in response["HX-Trigger"]
    assert response.content == b""
    html = text(client.get(page("visit_news", asked.booking)))
    assert "It is on the lift" in html
    for part in ("visit-head", "visit-lines", "visit-messages", "visit-bar", "visit-poll"):
        assert f'id="{part}" class="contents" data-stamp="' in html
    assert html.count('hx-swap-oob="true"') == 10


def test_parts_that_say_the_same_carry_the_same_stamp(client: Client) -> None:
    asked = signed_in(client)

    def stamps() -> dict[str, str]:
        html = text(client.get(page("visit_news", asked.booking)))
        return {bit.split('"')[0]: bit.split('data-stamp="')[1][:8] for bit in html.split('<div id="visit-')[1:]}

    first = stamps()
    messages.say(booking=asked.booking, text="News", by=Speaker(False, asked.advisor), at=NOW)
    second = stamps()
    assert {name for name in first if first[name] != second[name]} == {"messages", "poll"}


def test_a_card_that_did_not_change_is_kept_with_what_was_typed_in_it(client: Client) -> None:
    asked = signed_in(client, drafts=[floor.pads_draft(), floor.flush_draft()])

    def cards() -> set[str]:
        html = text(client.get(page("visit_news", asked.booking)))
        return {bit.split('"')[0] for bit in html.split('ask-card" id="')[1:] if " hx-preserve" in bit[:300]}

    first = cards()
    author = Author(asked.advisor, Role.ADVISOR)
    lines.change(line=asked.lines[1], draft=floor.flush_draft(labour_fen=9_900), version=1, by=author, at=NOW)
    assert len(first) == 2
    assert len(first & cards()) == 1


def test_an_agreed_line_is_drawn_anew_when_something_else_is_to_be_said_of_it(client: Client) -> None:
    asked = signed_in(client)
    answer(client, asked, "approve")
    drawn, revisions = set(), set()

    def draw(words: str) -> None:
        html = text(client.get(page("visit_news", asked.booking)))
        (card,) = [bit for bit in html.split('id="settled-')[1:] if asked.line.public_id in bit.split('"')[0]]
        assert words in card
        drawn.add(card.split('"')[0])
        revisions.add(Booking.objects.get(pk=asked.booking.pk).revision)

    draw("Approved")
    for day in (24, 25):
        lines.wait_for_parts(
            line=asked.line, expected_on=date(2026, 11, day), waits=True, by=asked.advisor, at=NOW + timedelta(hours=1)
        )
        draw(f"{day} Nov")
    lines.wait_for_parts(line=asked.line, expected_on=None, waits=False, by=asked.advisor, at=NOW)
    lines.mark_done(line=asked.line, by=asked.advisor, at=NOW)
    draw("Done")
    floor.hand_over(asked.booking, by=asked.advisor, at=NOW + timedelta(minutes=30))
    draw("Under warranty until")
    assert len(drawn) == len(revisions) == 5


def test_a_line_that_is_not_needed_after_all_says_why_at_once(client: Client) -> None:
    asked = signed_in(client)
    answer(client, asked, "approve")
    own = polling.owners_address(asked.booking, asked.owner)
    seen = {"seen": str(Booking.objects.get(pk=asked.booking.pk).revision)}
    assert client.get(own, seen).status_code == 204
    lines.mark_not_needed(line=asked.line, reason="The noise came from a stone", by=asked.advisor, at=NOW)
    assert client.get(own, seen).status_code == 200
    assert "The noise came from a stone" in text(client.get(page("visit_news", asked.booking)))


def test_a_poll_address_is_signed_ends_and_follows_who_may_see(client: Client, clock: time_machine.Traveller) -> None:
    asked = signed_in(client)
    assert client.get(reverse("bookings:poll", args=["made-up"])).status_code == 404
    assert client.get(reverse("bookings:poll", args=[signing.dumps([1, "owner", 1], salt="other")])).status_code == 404
    stranger = polling.owners_address(asked.booking, UserFactory())
    seen = {"seen": str(asked.booking.revision)}
    assert client.get(stranger, seen).status_code == 200
    own = polling.owners_address(asked.booking, asked.owner)
    asked.booking.refresh_from_db()
    seen = {"seen": str(asked.booking.revision)}
    assert client.get(own, seen).status_code == 204
    clock.shift(timedelta(hours=13))
    assert client.get(own, seen).status_code == 200
    assert client.post(own).status_code == 405


def test_a_booked_visit_asks_by_the_same_address_and_turns_into_the_live_page(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    assert 'id="visit-poll-now"' in text(client.get(page("detail", booking)))
    asked = signed_in(client)
    assert asked.booking.status == Status.IN_SERVICE
    assert client.get(page("status", asked.booking))["HX-Refresh"] == "true"


def test_the_timeline_names_lines_in_the_readers_language(client: Client) -> None:
    asked = signed_in(client)
    client.cookies["django_language"] = "zh-hans"
    answer(client, asked, "approve")
    lines.mark_done(line=asked.line, by=asked.advisor, at=NOW + timedelta(minutes=30))
    client.cookies["django_language"] = "en"
    html = text(client.get(page("detail", asked.booking)))
    assert "Approved: Front brake pads" in html
    assert "12:25 instead of 11:40: Approved work" in html
