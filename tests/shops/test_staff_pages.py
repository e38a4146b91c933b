"""Who reaches which of the shop's own pages, how, and at how many queries."""

import pytest
from django.urls import reverse

from shops.choices import Role
from tests.factories.accounts import UserFactory
from tests.factories.shops import (
    AdvisorFactory,
    BayFactory,
    CertificateFactory,
    ClosureFactory,
    InvitationFactory,
    LoanerFactory,
    OffPeakFactory,
    OpeningHoursFactory,
    ShopMemberFactory,
    TechnicianResourceFactory,
)

pytestmark = pytest.mark.django_db

PAGES = [
    "settings",
    "hours",
    "rules",
    "closures",
    "changes",
    "bays",
    "new_bay",
    "technicians",
    "new_technician",
    "new_advisor",
    "new_loaner",
    "off_peak",
    "staff",
]


def rows_of(shop, count=1):
    """Something on every page."""
    for _n in range(count):
        OpeningHoursFactory(shop=shop, day=min(7, 1 + shop.opening_hours.count()))
        ClosureFactory(shop=shop, first_date=f"2099-01-0{1 + shop.closures.count()}", last_date="2099-01-09")
        OffPeakFactory(shop=shop, day=min(7, 1 + shop.off_peak.count()))
        BayFactory(shop=shop)
        LoanerFactory(shop=shop)
        AdvisorFactory(shop=shop)
        CertificateFactory(technician=TechnicianResourceFactory(shop=shop).technician)
        ShopMemberFactory(shop=shop, role=Role.TECHNICIAN)
        InvitationFactory(shop=shop)


def post_only(shop):
    """Addresses that only change something."""
    rows_of(shop)
    bay = shop.resources.filter(kind="bay").get()
    person = shop.resources.filter(kind="technician").get()
    member = shop.members.filter(role=Role.TECHNICIAN).get()
    return [
        reverse("shops:remove_closure", args=[shop.slug, shop.closures.get().pk]),
        reverse("shops:retire", args=[shop.slug, bay.public_id]),
        reverse("shops:restore", args=[shop.slug, bay.public_id]),
        reverse("shops:add_certificate", args=[shop.slug, person.public_id]),
        reverse("shops:remove_certificate", args=[shop.slug, person.technician.certificates.get().pk]),
        reverse("shops:change_role", args=[shop.slug, member.pk]),
        reverse("shops:remove_member", args=[shop.slug, member.pk]),
        reverse("shops:revoke", args=[shop.slug, shop.invitations.get().public_id]),
    ]


@pytest.mark.parametrize("page", PAGES)
def test_page_right_user(client, shop, manager, page):
    rows_of(shop)
    client.force_login(manager)
    assert client.get(reverse(f"shops:{page}", args=[shop.slug])).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_page_anonymous_signs_in_and_comes_back(client, shop, page):
    address = reverse(f"shops:{page}", args=[shop.slug])
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("page", PAGES)
def test_page_foreign_shop_looks_missing(client, shop, page):
    client.force_login(ShopMemberFactory(role=Role.OWNER).user)
    assert client.get(reverse(f"shops:{page}", args=[shop.slug])).status_code == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.ADVISOR, Role.TECHNICIAN, Role.CASHIER])
def test_page_role_without_permission(client, shop, page, role):
    client.force_login(ShopMemberFactory(shop=shop, role=role).user)
    assert client.get(reverse(f"shops:{page}", args=[shop.slug])).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_page_wrong_method(client, shop, manager, page):
    client.force_login(manager)
    assert client.put(reverse(f"shops:{page}", args=[shop.slug])).status_code == 405


@pytest.mark.parametrize("page", PAGES)
def test_page_queries_do_not_depend_on_rows(client, shop, manager, page, django_assert_max_num_queries):
    client.force_login(manager)
    rows_of(shop)
    address = reverse(f"shops:{page}", args=[shop.slug])
    client.get(address)
    with django_assert_max_num_queries(20) as first:
        client.get(address)
    rows_of(shop, 2)
    with django_assert_max_num_queries(20) as second:
        client.get(address)
    assert len(first) == len(second)


@pytest.mark.parametrize(
    ("page", "queries"),
    # session, user and membership, then what the page lists
    [("settings", 3), ("hours", 5), ("closures", 4), ("bays", 4), ("technicians", 5), ("staff", 5), ("off_peak", 6)],
)
def test_page_query_count(client, shop, manager, page, queries, django_assert_num_queries):
    client.force_login(manager)
    rows_of(shop, 3)
    with django_assert_num_queries(queries):
        client.get(reverse(f"shops:{page}", args=[shop.slug]))


def test_post_only_addresses_refuse_get(client, shop, manager):
    client.force_login(manager)
    assert [client.get(address).status_code for address in post_only(shop)] == [405] * 8


def test_post_only_addresses_of_a_foreign_shop_look_missing(client, shop):
    client.force_login(ShopMemberFactory(role=Role.OWNER).user)
    assert [client.post(address).status_code for address in post_only(shop)] == [404] * 8
    assert shop.closures.count() == 1


def test_post_only_addresses_anonymous(client, shop):
    assert [client.post(address).status_code for address in post_only(shop)] == [302] * 8


def test_post_only_rows_of_another_shop_look_missing(client, shop, manager):
    client.force_login(ShopMemberFactory(role=Role.OWNER).user)
    mine = shop.slug
    addresses = post_only(shop)
    own = ShopMemberFactory(role=Role.OWNER)
    client.force_login(own.user)
    moved = [address.replace(f"/{mine}/", f"/{own.shop.slug}/") for address in addresses]
    assert [client.post(address).status_code for address in moved] == [404] * 8


def test_my_shops_one_leads_straight_to_it(client, shop):
    client.force_login(ShopMemberFactory(shop=shop, role=Role.TECHNICIAN).user)
    answer = client.get(reverse("shops:my_shops"))
    assert answer.status_code == 302
    assert f"/shop/{shop.slug}/" in answer["Location"]


def test_my_shops_several_are_listed(client, shop, owner, django_assert_num_queries):
    other = ShopMemberFactory(user=owner, role=Role.CASHIER).shop
    client.force_login(owner)
    with django_assert_num_queries(3):
        page = client.get(reverse("shops:my_shops")).content.decode()
    assert shop.name in page
    assert other.name in page


def test_my_shops_nobody_elses(client):
    client.force_login(UserFactory())
    page = client.get(reverse("shops:my_shops"))
    assert page.status_code == 200
    assert "empty" in page.content.decode()


def test_my_shops_anonymous(client):
    assert client.get(reverse("shops:my_shops")).status_code == 302
