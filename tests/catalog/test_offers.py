"""A shop's price list in the browser, and the actions behind it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalog import offer_actions
from catalog.choices import OfferScope, PriceSource
from catalog.models import Offer
from catalog.offer_actions import OfferChangedError, OfferExistsError, OnSiteImpossibleError, Price, Target
from shops.choices import Role
from tests.factories.accounts import UserFactory
from tests.factories.catalog import ServiceFactory
from tests.factories.offers import OfferFactory
from tests.factories.shops import OnSiteShopFactory, ShopFactory, ShopMemberFactory
from tests.factories.vehicles import VariantFactory

pytestmark = pytest.mark.django_db


def member(client: Client, shop, role: Role = Role.MANAGER):
    user = ShopMemberFactory(shop=shop, role=role).user
    client.force_login(user)
    return user


def url(shop, rest: str = "") -> str:
    return f"/shop/{shop.slug}/prices/{rest}"


# --- Actions ------------------------------------------------------------------------------------


def test_adding_a_price_for_the_same_cars_twice_is_refused():
    offer = OfferFactory()
    with pytest.raises(OfferExistsError):
        add(offer.shop, offer.service)
    assert Offer.objects.count() == 1


def add(shop, service, **target) -> Offer:
    scope = next(iter(target), "all")
    return offer_actions.add(
        shop=shop,
        service=service,
        target=Target(OfferScope(scope), **target),
        price=Price(1_00, 2_00, "note", 30),
        by=UserFactory(),
        at=timezone.now(),
    )


def test_adding_a_retired_price_brings_it_back_with_the_new_amounts():
    offer = OfferFactory(is_active=False)
    again = add(offer.shop, offer.service)
    assert (again.pk, again.is_active, again.total_fen, again.minutes) == (offer.pk, True, 3_00, 30)


def test_on_site_team_cannot_offer_what_needs_a_workshop():
    with pytest.raises(OnSiteImpossibleError):
        add(OnSiteShopFactory(), ServiceFactory(can_be_on_site=False))


def test_change_after_somebody_elses_change_is_refused():
    offer = OfferFactory()
    seen_at = offer.updated_at
    given = {"offer": offer, "by": UserFactory(), "at": timezone.now(), "seen_at": seen_at}
    offer_actions.change(price=Price(1_00, 0), **given)
    with pytest.raises(OfferChangedError):
        offer_actions.change(price=Price(2_00, 0), **given)
    offer.refresh_from_db()
    assert offer.labour_fen == 1_00


def test_retiring_and_offering_again_is_idempotent_and_keeps_the_price():
    offer, by, at = OfferFactory(), UserFactory(), timezone.now()
    for _ in range(2):
        assert not offer_actions.retire(offer=offer, by=by, at=at).is_active
    for _ in range(2):
        assert offer_actions.offer_again(offer=offer, by=by, at=at + timedelta(1)).total_fen == 200_00
    assert offer.price_changes.count() == 3


# --- Who may ------------------------------------------------------------------------------------

PAGES = ["", "new/", "import/", "export.csv", "{pk}/", "{pk}/history/"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_for_members_who_may_see_prices(client, page):
    offer = OfferFactory()
    address = url(offer.shop, page.format(pk=offer.pk))
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    for role, status in [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.ADVISOR, 403), (Role.TECHNICIAN, 403)]:
        member(client, offer.shop, role)
        assert client.get(address).status_code == status, role


@pytest.mark.parametrize("page", ["{pk}/", "{pk}/state/", "{pk}/history/"])
def test_price_of_another_shop_is_not_found(client, page):
    foreign, own = OfferFactory(), ShopFactory()
    member(client, own)
    address = url(own, page.format(pk=foreign.pk))
    method = client.get if "history" in page else client.post
    assert method(address, {"labour_fen": "1", "parts_fen": "1"}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.is_active
    assert foreign.total_fen == 200_00


@pytest.mark.parametrize("page", ["{pk}/state/", "import/apply/"])
def test_changes_are_not_made_by_links(client, page):
    offer = OfferFactory()
    member(client, offer.shop)
    assert client.get(url(offer.shop, page.format(pk=offer.pk))).status_code == 405


# --- The list -----------------------------------------------------------------------------------


def test_list_takes_the_same_queries_for_one_price_and_for_many(client, django_assert_num_queries):
    offer = OfferFactory()
    member(client, offer.shop)
    client.get(url(offer.shop))
    with django_assert_num_queries(9):
        client.get(url(offer.shop))
    variant = VariantFactory()
    for number in range(3):
        OfferFactory(shop=offer.shop, service=ServiceFactory(key=f"s{number}"), scope="variant", variant=variant)
    with django_assert_num_queries(9):
        response = client.get(url(offer.shop))
    assert len(response.context["lines"]) == 4


def test_list_searches_names_of_services_and_cars_in_both_languages(client):
    offer = OfferFactory(scope="variant", variant=VariantFactory())
    OfferFactory(shop=offer.shop, service=ServiceFactory(key="car_wash", name_zh="洗车", name_en="Car wash"))
    member(client, offer.shop)

    def found(query: str) -> list[str]:
        lines = client.get(url(offer.shop, query)).context["lines"]
        return [line.offer.service.key for line in lines]

    assert found("?q=朗逸 保养") == found("?q=lavida+1.4t") == found("?scope=variant") == ["minor_service"]
    assert found("?q=洗车") == found("?service=car_wash") == ["car_wash"]
    assert found("?q=nothing") == found("?state=retired") == []
    assert len(found("?service=nonsense&scope=x&page=abc")) == 2


def test_list_has_pages(client):
    shop = ShopFactory()
    for number in range(51):
        OfferFactory(shop=shop, service=ServiceFactory(key=f"s{number}"))
    member(client, shop)
    assert len(client.get(url(shop, "?page=2")).context["lines"]) == 1
    assert len(client.get(url(shop, "?page=999")).context["lines"]) == 1


def test_list_shows_what_is_usual_for_the_same_class(client):
    service = ServiceFactory()
    offers = [
        OfferFactory(service=service, scope="price_class", price_class="economy", labour_fen=n * 100_00, parts_fen=0)
        for n in range(1, 6)
    ]
    member(client, offers[4].shop)
    (line,) = client.get(url(offers[4].shop)).context["lines"]
    assert (line.band.low_fen, line.band.high_fen, line.mark) == (200_00, 400_00, "above")


# --- Adding and changing ------------------------------------------------------------------------


def test_price_is_added_to_the_fen(client):
    shop, service, variant = ShopFactory(), ServiceFactory(), VariantFactory()
    user = member(client, shop)
    given = {"service": service.pk, "scope": "variant", "variant": variant.pk, "make": "nonsense"}
    response = client.post(url(shop, "new/"), {**given, "labour_fen": "0.29", "parts_fen": "1,168.50", "minutes": "45"})
    assert response.status_code == 302
    offer = Offer.objects.get()
    assert (offer.labour_fen, offer.parts_fen, offer.minutes) == (29, 1168_50, 45)
    assert (offer.variant, offer.make, offer.updated_by, offer.source) == (variant, None, user, PriceSource.WEB)


@pytest.mark.parametrize(
    "amount", ["", "-1", "12.345", "abc", "1e9", "1000000000", "100000.01", "９", "1\x00", "9" * 100_000]
)
def test_amount_that_is_none_is_refused_beside_its_field_and_kept(client, amount):
    offer = OfferFactory()
    member(client, offer.shop)
    response = client.post(url(offer.shop, f"{offer.pk}/"), {"labour_fen": amount, "parts_fen": "5"})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["labour_fen"]
    assert response.context["form"]["parts_fen"].value() == "5"
    offer.refresh_from_db()
    assert offer.labour_fen == 60_00


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scope", "planet"),
        ("service", "99999"),
        ("variant", ""),
        ("minutes", "4"),
        ("minutes", "x"),
        ("parts_note", "x" * 121),
    ],
)
def test_other_bad_input_is_refused_beside_its_field(client, field, value):
    shop = ShopFactory()
    member(client, shop)
    given = {"service": ServiceFactory().pk, "scope": "variant", "variant": VariantFactory().pk}
    response = client.post(url(shop, "new/"), {**given, "labour_fen": "1", "parts_fen": "1", field: value})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not Offer.objects.exists()


def test_second_price_for_the_same_cars_is_refused_beside_the_scope(client):
    offer = OfferFactory()
    member(client, offer.shop)
    given = {"service": offer.service.pk, "scope": "all", "labour_fen": "1", "parts_fen": "1"}
    response = client.post(url(offer.shop, "new/"), given)
    assert response.status_code == 422
    assert "scope" in response.context["form"].errors


def test_page_opened_before_somebody_elses_change_saves_nothing(client):
    offer = OfferFactory()
    member(client, offer.shop)
    seen_at = offer.updated_at.isoformat()
    offer_actions.change(offer=offer, price=Price(99_00, 0), by=UserFactory(), at=timezone.now())
    given = {"labour_fen": "1", "parts_fen": "1", "seen_at": seen_at}
    response = client.post(url(offer.shop, f"{offer.pk}/"), given)
    assert response.status_code == 409
    offer.refresh_from_db()
    assert offer.total_fen == 99_00


def test_page_as_it_was_shown_saves(client):
    offer = OfferFactory()
    member(client, offer.shop)
    page = client.get(url(offer.shop, f"{offer.pk}/")).content.decode()
    seen_at = page.split('name="seen_at" value="')[1].split('"')[0]
    given = {"labour_fen": "1", "parts_fen": "1", "seen_at": seen_at}
    assert client.post(url(offer.shop, f"{offer.pk}/"), given).status_code == 302


def test_retired_price_can_be_offered_again(client):
    offer = OfferFactory()
    member(client, offer.shop)
    for offered in ("no", "yes"):
        client.post(url(offer.shop, f"{offer.pk}/state/"), {"offered": offered})
        offer.refresh_from_db()
        assert offer.is_active == (offered == "yes")


def test_history_shows_every_price(client):
    offer = OfferFactory()
    user = member(client, offer.shop)
    offer_actions.change(offer=offer, price=Price(88_88, 0), by=user, at=timezone.now())
    response = client.get(url(offer.shop, f"{offer.pk}/history/"))
    assert [row.total_fen for row in response.context["page"]] == [88_88, 200_00]
    assert "¥88.88" in response.content.decode()
