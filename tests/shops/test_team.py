"""Service advisors, loaner cars, and what the shop's rules need somebody for."""

import pytest
from django.urls import reverse

from shops.actions import resources
from shops.actions import settings as actions
from shops.actions.asking import VisitsInTheWayError
from shops.actions.settings import SomebodyMissingError
from shops.models import Resource, ShopChange
from tests.factories.shops import (
    AdvisorFactory,
    BayFactory,
    LoanerFactory,
    ShopMemberFactory,
    TechnicianResourceFactory,
)
from tests.shops.test_settings import RULES

pytestmark = pytest.mark.django_db

NAMES = {"name_zh": "赵倩", "name_en": "Zhao Qian", "position": "1"}
KINDS = pytest.mark.parametrize("kind", ["advisor", "loaner"])
MAKE = {"advisor": AdvisorFactory, "loaner": LoanerFactory}


@KINDS
def test_added_renamed_retired_restored_and_logged(client, shop, manager, kind):
    client.force_login(manager)
    assert client.post(reverse(f"shops:new_{kind}", args=[shop.slug]), NAMES).status_code == 302
    row = shop.resources.get()
    assert (row.kind, row.name_en, row.capabilities) == (kind, "Zhao Qian", [])
    own = reverse(f"shops:{kind}", args=[shop.slug, row.public_id])
    assert client.post(own, NAMES | {"name_en": "Q. Zhao"}).status_code == 302
    for step in ("retire", "restore"):
        assert client.post(reverse(f"shops:{step}", args=[shop.slug, row.public_id])).status_code == 302
    row.refresh_from_db()
    assert (row.name_en, row.is_active) == ("Q. Zhao", True)
    log = [(change.kind, change.after) for change in ShopChange.objects.order_by("pk")][1:]
    assert log == [(kind, {"name_en": "Q. Zhao"}), (kind, {"is_active": False}), (kind, {"is_active": True})]


@KINDS
@pytest.mark.parametrize(
    ("field", "value"), [("name_zh", ""), ("name_en", "a\x00b"), ("name_en", "x" * 100_000), ("position", "1000")]
)
def test_bad_input_is_named_and_kept(client, shop, manager, kind, field, value):
    client.force_login(manager)
    answer = client.post(reverse(f"shops:new_{kind}", args=[shop.slug]), NAMES | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["position"].value() == (value if field == "position" else "1")
    assert not shop.resources.exists()


@KINDS
def test_who_reaches_the_pages(client, shop, manager, kind):
    row = MAKE[kind](shop=shop)
    pages = [reverse(f"shops:new_{kind}", args=[shop.slug]), reverse(f"shops:{kind}", args=[shop.slug, row.public_id])]
    assert [client.get(page).status_code for page in pages] == [302, 302]
    for role in ("advisor", "technician", "cashier"):
        client.force_login(ShopMemberFactory(shop=shop, role=role).user)
        assert [client.get(page).status_code for page in pages] == [403, 403]
    client.force_login(ShopMemberFactory(role="owner").user)
    assert [client.get(page).status_code for page in pages] == [404, 404]
    client.force_login(manager)
    assert [client.get(page).status_code for page in pages] == [200, 200]
    assert client.get(pages[1].replace(row.public_id, MAKE[kind]().public_id)).status_code == 404


def test_pages_of_a_kind_open_no_other(client, shop, manager):
    rows = {"bay": BayFactory, "technician": TechnicianResourceFactory, **MAKE}
    rows = {kind: make(shop=shop) for kind, make in rows.items()}
    client.force_login(manager)
    for kind in rows:
        found = [client.get(reverse(f"shops:{kind}", args=[shop.slug, row.public_id])) for row in rows.values()]
        assert [page.status_code for page in found] == [200 if other == kind else 404 for other in rows]


def test_lists_show_each_kind_where_it_belongs(client, shop, manager):
    rows = [make(shop=shop) for make in (BayFactory, LoanerFactory, TechnicianResourceFactory, AdvisorFactory)]
    client.force_login(manager)
    bays = client.get(reverse("shops:bays", args=[shop.slug])).context
    team = client.get(reverse("shops:technicians", args=[shop.slug])).context
    assert [bays["bays"], bays["loaners"], team["technicians"], team["advisors"]] == [[row] for row in rows]


def test_owners_read_of_bays_and_technicians_only(client, shop):
    BayFactory(shop=shop, name_en="Bay One")
    LoanerFactory(shop=shop, name_en="Loaner Lavida")
    AdvisorFactory(shop=shop, name_en="Zhao Qian")
    page = client.get(reverse("shops:detail", args=[shop.slug]), headers={"accept-language": "en"}).content.decode()
    assert "Bay One" in page
    assert "Loaner Lavida" not in page
    assert "Zhao Qian" not in page
    answer = client.get(f"/api/v1/shops/{shop.slug}/").json()
    assert (answer["bays"], answer["technicians"]) == (1, [])


# --- Rules that need somebody ------------------------------------------------------------------------------


def driver(shop, **fields):
    return TechnicianResourceFactory(shop=shop, capabilities=["driver", "wash"], **fields)


@pytest.mark.parametrize(
    ("rule", "value", "somebody", "words"),
    [("write_up_minutes", "15", AdvisorFactory, "advisor"), ("pickup_radius_km", "8", driver, "driver")],
)
def test_rule_is_refused_until_somebody_is_there(client, shop, manager, rule, value, somebody, words):  # noqa: PLR0917  (fixtures)
    client.force_login(manager)
    page = reverse("shops:rules", args=[shop.slug])
    gone = somebody(shop=shop, is_active=False)
    answer = client.post(page, RULES | {rule: value}, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [rule]
    assert words in answer.context["form"].errors[rule][0]
    assert answer.context["form"][rule].value() == value
    Resource.objects.filter(pk=gone.pk).update(is_active=True)
    assert client.post(page, RULES | {rule: value}).status_code == 302
    shop.refresh_from_db()
    assert getattr(shop, rule) == int(value)


def test_rule_is_refused_by_the_action_too(shop, manager, at):
    with pytest.raises(SomebodyMissingError) as refusal:
        actions.save_rules(shop=shop, by=manager, at=at, values={"write_up_minutes": 10})
    assert refusal.value.field == "write_up_minutes"
    shop.refresh_from_db()
    assert shop.write_up_minutes == 0


def test_retiring_the_last_advisor_asks(client, shop, manager):
    first, second = AdvisorFactory.create_batch(2, shop=shop)
    shop.write_up_minutes = 10
    shop.save()
    client.force_login(manager)
    assert client.post(reverse("shops:retire", args=[shop.slug, second.public_id])).status_code == 302
    page = reverse("shops:retire", args=[shop.slug, first.public_id])
    answer = client.post(page)
    assert answer.status_code == 409
    assert answer.context["question"].effects
    first.refresh_from_db()
    assert first.is_active
    assert client.post(page, {"despite_visits": "on"}).status_code == 302
    first.refresh_from_db()
    assert not first.is_active


def test_retiring_anybody_asks_nothing_without_the_rule(shop, manager, at):
    resources.retire(resource=AdvisorFactory(shop=shop), by=manager, at=at)
    resources.retire(resource=driver(shop), by=manager, at=at)
    assert not Resource.objects.in_use().exists()


def test_taking_the_wheel_from_the_last_driver_asks(client, shop, manager):
    person = driver(shop)
    shop.pickup_radius_km = 5
    shop.save()
    client.force_login(manager)
    page = reverse("shops:technician", args=[shop.slug, person.public_id])
    typed = {"name_zh": "孙立军", "name_en": "Sun Lijun", "capabilities": ["wash"], "position": "0"}
    answer = client.post(page, typed)
    assert answer.status_code == 409
    assert ("name_en", "Sun Lijun") in answer.context["question"].typed
    person.refresh_from_db()
    assert person.capabilities == ["driver", "wash"]
    assert client.post(page, typed | {"despite_visits": "on"}).status_code == 302
    person.refresh_from_db()
    assert person.capabilities == ["wash"]


def test_taking_the_wheel_from_one_of_two_drivers_asks_nothing(shop, manager, at):
    person, other = driver(shop), driver(shop)
    shop.pickup_radius_km = 5
    shop.save()
    resources.save_technician(shop=shop, by=manager, at=at, values={"capabilities": ["wash"]}, person=person)
    with pytest.raises(VisitsInTheWayError):
        resources.retire(resource=other, by=manager, at=at)
