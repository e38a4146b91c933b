"""What everybody reads: names, stars, ratings, texts, lists."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone, translation

from accounts import actions
from reviews import publication, writing
from reviews.choices import ReviewStatus
from reviews.models import FollowUp, Reply
from reviews.names import public_name
from reviews.reading import Sort
from reviews.writing import Draft
from shops.models import ShopMember
from shops.standings import ShopStanding
from tests.factories.accounts import UserFactory
from tests.factories.jobs import minor_service
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db


def rendered(source, **context):
    with translation.override("en"):
        return Template("{% load reviews %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("林晓", "林**"),
        ("欧阳娜娜", "欧阳**"),
        ("Lin Su", "Lin S."),
        ("Anna Maria de la Cruz", "Anna C."),
        ("lin", "L."),
        ("  Lin   Su ", "Lin S."),
        ("\u202eLin\u202c Su", "Lin S."),
        ("", "Car owner"),
        ("13800138000", "Car owner"),
        ("a13800138000", "Car owner"),
        ("lin@example.com", "Car owner"),
        ("<b>", "Car owner"),
    ],
)
def test_a_name_is_shown_short(name, shown):
    with translation.override("en"):
        assert public_name(UserFactory.build(name=name)) == shown


def test_an_erased_author_is_a_former_member():
    user = UserFactory(name="Lin Su")
    actions.erase(user=user, at=timezone.now())
    user.refresh_from_db()
    with translation.override("en"):
        assert public_name(user) == "Former member"


def test_stars_are_said_in_words():
    page = rendered("{% stars 4.3 %}")
    assert 'aria-label="4.3 of 5 stars"' in page
    assert 'role="img"' in page
    assert 'width="94.0"' in page  # four stars of 22 units and three tenths of one of 20


def test_a_rating_is_a_score_once_there_are_three_reviews():
    shop = open_shop()
    assert rendered("{% rating shop %}", shop=shop).strip() == ""
    shop.standing = ShopStanding(shop=shop, reviews=0, score_milli=4000, follow_ups=1)
    assert rendered("{% rating shop %}", shop=shop).strip() == ""
    shop.standing = ShopStanding(shop=shop, reviews=2, score_milli=4321)
    few = rendered("{% rating shop %}", shop=shop)
    assert "New · 2 reviews" in few
    assert "4.3" not in few
    shop.standing = ShopStanding(shop=shop, reviews=3, score_milli=4321)
    enough = rendered("{% rating shop %}", shop=shop)
    assert "4.3" in enough
    assert "3 reviews" in enough


def test_a_text_is_shown_without_what_is_masked_and_as_text():
    one = published(reviewable_visit(open_shop()), at=WRITTEN, text="Call 138\u202e <script>alert(1)</script>")
    one.shown.masks = [{"start": 5, "end": 8, "kind": "contact"}]
    page = rendered("{% review_text version %}", version=one.shown)
    assert "Call" in page
    assert "[contact data removed]" in page
    assert "138" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert 'dir="auto"' in page


# --- Pages ------------------------------------------------------------------------------------------------


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture
def english(client):
    client.cookies["django_language"] = "en"
    return client


def list_of(shop, **query):
    return reverse("reviews:shop_reviews", args=[shop.slug], query=query)


def test_a_list_shows_what_was_said_and_by_whom(english, shop):
    one = published(
        reviewable_visit(shop, owner=UserFactory(name="Lin Su")), stars=4, text="Took their time to explain"
    )
    page = english.get(list_of(shop)).content.decode()
    assert "Took their time to explain" in page
    assert "Lin S." in page
    assert "Lin Su" not in page
    assert "4 of 5 stars" in page
    assert "Verified visit" in page
    assert one.people.get().person.name in page


def test_the_facts_of_a_visit_are_shown_only_where_its_owner_agreed(english, shop):
    closed = published(reviewable_visit(shop), shows_facts=False)
    assert "quoted ¥" not in english.get(list_of(shop)).content.decode()
    visit = reviewable_visit(shop, final_fen=0)
    visit.agreed_end_at = visit.ready_at - timedelta(minutes=1)
    visit.save(update_fields=["agreed_end_at"])
    published(visit, shows_facts=True)
    page = english.get(list_of(shop)).content.decode()
    assert f"quoted ¥{visit.agreed_fen // 100}" in page
    assert "paid ¥0" in page
    assert "later than agreed" in page
    assert closed.service.name in page


def test_a_text_cannot_bring_markup_or_htmx_along(english, shop):
    text = '<img src=x onerror=alert(1)><div hx-get="/me/" hx-trigger="load"></div>\u202egnp.exe'
    published(reviewable_visit(shop, owner=UserFactory(name="<i>Bo</i> Li")), text=text)
    for page in (list_of(shop), reverse("shops:detail", args=[shop.slug])):
        shown = english.get(page).content.decode()
        assert "<img src=x" not in shown
        assert 'hx-get="/me/"' not in shown
        assert "\u202e" not in shown
        assert "<i>Bo" not in shown


def test_a_list_is_chosen_by_service_model_or_person(english, shop):
    mine = published(reviewable_visit(shop), text="oil review")
    other = minor_service(key="brake_pads_front", name_en="Front brake pads", name_zh="前刹车片")
    published(reviewable_visit(shop, services=(other,)), text="pads review")
    page = english.get(list_of(shop, about="service:brake_pads_front")).content.decode()
    assert "pads review" in page
    assert "oil review" not in page
    person = mine.people.get().person
    for about in (f"person:{person.public_id}", f"model:{mine.model.make.key}.{mine.model.key}"):
        page = english.get(list_of(shop, about=about)).content.decode()
        assert "pads review" in page
        assert "oil review" in page
    assert english.get(list_of(shop, about="service:nonsense")).status_code == 404
    assert english.get(list_of(shop, about="x" * 2000)).status_code == 404


def test_more_are_shown_without_and_with_javascript(english, shop, monkeypatch):
    monkeypatch.setattr("reviews.reading.page.__kwdefaults__", {"sort": Sort.USEFUL, "after": "", "size": 2})
    for number in range(3):
        published(reviewable_visit(shop), at=WRITTEN + timedelta(days=number), text=f"review {number}.")
    first = english.get(list_of(shop, sort="newest"))
    assert "review 0." not in first.content.decode()
    after = first.context["page"].after
    whole = english.get(list_of(shop, sort="newest", after=after)).content.decode()
    part = english.get(list_of(shop, sort="newest", after=after), headers={"HX-Request": "true"}).content.decode()
    for page in (whole, part):
        assert "review 0." in page
        assert "review 2." not in page
    assert "<html" in whole
    assert "<html" not in part


def test_a_reply_stands_under_its_review(english, shop):
    one = published(reviewable_visit(shop), stars=2)
    Reply.objects.create(
        review=one,
        number=1,
        text="We are sorry <b>",
        by=None,
        written_at=WRITTEN,
        status="published",
        decided_at=WRITTEN,
    )
    Reply.objects.create(review=one, number=2, text="not shown", by=None, written_at=WRITTEN)
    page = english.get(list_of(shop)).content.decode()
    assert "We are sorry &lt;b&gt;" in page
    assert "not shown" not in page


def test_an_edit_is_marked_and_so_is_one_after_the_shop_put_it_right(english, shop):
    one = published(reviewable_visit(shop), stars=1)
    edited = writing.edit(review=one, by=one.author, draft=Draft(stars=4), seen=1, at=WRITTEN + timedelta(days=9))
    version = edited.versions.get(number=2)
    version.status, version.decided_at = "approved", WRITTEN + timedelta(days=9)
    version.save(update_fields=["status", "decided_at"])
    publication.show(publication.locked(edited), version, at=WRITTEN + timedelta(days=9))
    assert "· edited" in english.get(list_of(shop)).content.decode()
    FollowUp.objects.filter(booking=one.booking).delete()
    FollowUp.objects.create(
        booking=one.booking,
        shop=shop,
        owner=one.author,
        cause="low_review",
        status="put_right",
        opened_at=WRITTEN,
        contact_due_at=WRITTEN,
        contacted_at=WRITTEN,
        closed_at=WRITTEN + timedelta(days=8),
    )
    assert "changed after the shop put it right" in english.get(list_of(shop)).content.decode()


def test_the_visitors_model_is_counted(english, shop):
    for _ in range(2):
        one = published(reviewable_visit(shop))
    page = english.get(list_of(shop, variant=one.booking.variant.slug)).content.decode()
    assert f"From 2 verified visits, 2 with {one.model.name_en}" in page.replace(f"{one.model.make.name_en} ", "")


def test_shop_person_and_service_pages_show_their_reviews(english, shop):
    one = published(reviewable_visit(shop), text="Well done")
    service = one.service
    person = one.people.get().person
    for page, every in (
        (reverse("shops:detail", args=[shop.slug]), list_of(shop)),
        (reverse("shops:team_member", args=[shop.slug, person.public_id]), f"{list_of(shop)}?about=person:"),
        (
            reverse("catalog:service_detail", args=[service.key]),
            reverse("reviews:service_reviews", args=[service.key]),
        ),
    ):
        shown = english.get(page).content.decode()
        assert "Well done" in shown, page
        assert every in shown, page
    shown = english.get(reverse("reviews:service_reviews", args=[service.key])).content.decode()
    assert "Well done" in shown
    assert shop.name in shown


def test_pages_without_a_review_say_who_can_write_one(english, shop):
    for page in (list_of(shop), reverse("shops:detail", args=[shop.slug])):
        assert "Only owners whose visit is over can write one." in english.get(page).content.decode()


def test_an_unlisted_shops_reviews_are_not_found(english):
    hidden = open_shop(is_listed=False)
    published(reviewable_visit(hidden))
    assert english.get(list_of(hidden)).status_code == 404


def test_search_engines_get_a_rating_of_three_reviews_and_not_before(english, shop):
    page = reverse("shops:detail", args=[shop.slug])
    for _ in range(2):
        published(reviewable_visit(shop))
    assert "aggregateRating" not in english.get(page).content.decode()
    published(reviewable_visit(shop))
    found = english.get(page).content.decode()
    data = json.loads(found.partition('application/ld+json"')[2].partition(">")[2].partition("</script>")[0])
    standing = ShopStanding.objects.get(shop=shop)
    assert data["aggregateRating"]["ratingValue"] == round(standing.score_milli / 1000, 1)
    assert data["aggregateRating"]["reviewCount"] == 3


def test_the_pages_that_explain_are_public_and_count_right(english):
    page = english.get(reverse("reviews:ratings")).content.decode()
    assert "10 imagined reviews" in page
    assert "fewer than 3 reviews" in page
    assert "<strong>4.1</strong>" in page  # one review of five stars: (10 × 4 + 5) ÷ 11
    assert "within 60 days" in english.get(reverse("reviews:rules")).content.decode()


# --- The button -------------------------------------------------------------------------------------------


def press(client, review, **fields):
    return client.post(reverse("reviews:helpful", args=[review.public_id]), {"helpful": "yes", **fields})


def test_a_vote_is_given_and_taken_back_by_the_same_button(english, shop):
    one = published(reviewable_visit(shop))
    english.force_login(UserFactory())
    answer = press(english, one, next=list_of(shop))
    assert answer.url == f"{list_of(shop)}#review-{one.public_id}"
    assert 'aria-pressed="true"' in english.get(list_of(shop)).content.decode()
    press(english, one, helpful="no")
    one.refresh_from_db()
    assert one.helpful_count == 0


def test_a_vote_with_htmx_gives_the_button_anew(english, shop):
    one = published(reviewable_visit(shop))
    english.force_login(UserFactory())
    url = reverse("reviews:helpful", args=[one.public_id])
    part = english.post(url, {"helpful": "yes"}, headers={"HX-Request": "true"}).content.decode()
    assert 'aria-pressed="true"' in part
    assert 'value="no"' in part
    assert "<html" not in part


def test_who_is_not_signed_in_signs_in_first_and_comes_back(english, shop):
    one = published(reviewable_visit(shop))
    answer = press(english, one, next=list_of(shop))
    assert answer.url.startswith(reverse("account_login"))
    assert one.public_id in answer.url
    assert not one.votes.exists()


def test_a_vote_by_the_author_or_the_shop_is_refused_in_words(english, shop):
    one = published(reviewable_visit(shop))
    member = UserFactory()
    ShopMember.objects.create(shop=shop, user=member, role="manager")
    url = reverse("reviews:helpful", args=[one.public_id])
    for person, said in ((one.author, "your own review"), (member, "cannot vote on its reviews")):
        english.force_login(person)
        english.post(url)
        assert said in english.get(list_of(shop)).content.decode()
    refused = english.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "cannot vote on its reviews" in refused
    assert 'aria-pressed="false"' in refused
    assert not one.votes.exists()


def test_a_vote_never_leads_to_another_site(english, shop):
    one = published(reviewable_visit(shop))
    english.force_login(UserFactory())
    assert press(english, one, next="https://example.com/").url.startswith("/shops/")
    assert english.get(reverse("reviews:helpful", args=[one.public_id])).status_code == 405
    hidden = publication.locked(one)
    publication.hide(hidden, status=ReviewStatus.WITHDRAWN, at=WRITTEN)
    assert press(english, one).status_code == 404


def test_search_engines_are_told_of_lists_that_have_a_review(english, shop):
    reviewed, quiet, hidden = shop, open_shop(), open_shop(is_listed=False)
    review(reviewable_visit(quiet))
    for one in (reviewed, hidden):
        published(reviewable_visit(one))
    ShopStanding.objects.create(shop=quiet, reviews=0, score_milli=4000, follow_ups=1, updated_at=WRITTEN)
    xml = english.get("/sitemap.xml").content.decode()
    assert f"{list_of(reviewed)}</loc>" in xml
    assert list_of(quiet) not in xml
    assert list_of(hidden) not in xml
    for page in ("reviews:ratings", "reviews:rules"):
        assert f"{reverse(page)}</loc>" in xml
