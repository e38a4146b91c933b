from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import InternalError, transaction
from django.db.utils import IntegrityError
from django.urls import reverse

from shops import planned
from shops.actions import resources
from shops.actions import settings as actions
from shops.actions.asking import VisitsInTheWayError
from shops.actions.settings import ClosureOverlapsError, HoursError
from shops.forms.hours import HoursForm
from shops.forms.rules import RulesForm
from shops.forms.settings import ProfileForm
from shops.models import Certificate, ShopChange
from shops.planned import PlannedVisit
from tests.factories.shops import (
    BayFactory,
    CertificateFactory,
    ClosureFactory,
    OnSiteShopFactory,
    OpeningHoursFactory,
    ShopMemberFactory,
    TechnicianResourceFactory,
)
from tests.shops.conftest import NOW

pytestmark = pytest.mark.django_db

PROFILE = {
    "name_zh": "申驰汽修",
    "name_en": "Shenchi Auto",
    "district_zh": "徐汇区",
    "district_en": "Xuhui",
    "address_zh": "龙漕路 218 号",
    "address_en": "218 Longcao Road",
    "phone": "021 5436 0218",
    "warranty_months": "6",
    "amenities": ["wifi", "coffee"],
}
RULES = {
    "holiday_policy": "closed",
    "works_makeup_days": "on",
    "lead_time_minutes": "90",
    "booking_window_days": "30",
    "slot_step_minutes": "15",
    "hold_minutes": "10",
    "turnaround_minutes": "10",
    "free_cancel_minutes": "120",
    "setup_minutes": "5",
    "write_up_minutes": "0",
    "last_start_minutes": "60",
    "online_share_percent": "80",
    "confirmation": "by_hand",
    "answer_minutes": "90",
    "deposit_percent": "20",
    "late_cancel_fee_percent": "20",
    "no_show_fee_percent": "30",
    "pickup_radius_km": "",
}


@pytest.fixture
def in_the_way(monkeypatch):
    """One visit booked on 1 December 2026, 10:00 in Shanghai, for something with a lift."""
    starts_at = datetime(2026, 12, 1, 2, tzinfo=UTC)
    address = "/shop/shenchi/visits/x/"
    visit = PlannedVisit("261201-AAAAAA", starts_at, "沪AD8K21", address, needs=frozenset({"lift"}))

    def finder(shop, start, end, resource):
        return [visit] if start <= visit.starts_at and (end is None or visit.starts_at < end) else []

    monkeypatch.setattr(planned, "_finders", [finder])
    return visit


# --- Profile and rules ---------------------------------------------------------------------------------


def test_profile_saved_with_before_and_after(client, shop, manager):
    client.force_login(manager)
    answer = client.post(reverse("shops:settings", args=[shop.slug]), PROFILE)
    assert answer.status_code == 302
    shop.refresh_from_db()
    assert (shop.name_en, shop.phone, shop.amenities, shop.warranty_months) == (
        "Shenchi Auto",
        "+862154360218",
        ["wifi", "coffee"],
        6,
    )
    change = ShopChange.objects.get()
    assert (change.kind, change.by, change.before["warranty_months"], change.after["warranty_months"]) == (
        "profile",
        manager,
        0,
        6,
    )
    assert "phone" not in change.after


def test_profile_unchanged_writes_nothing(shop, manager, at):
    actions.save_profile(shop=shop, by=manager, at=at, values={"name_en": shop.name_en})
    assert not ShopChange.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name_en", ""),
        ("name_en", "a\x00b"),
        ("name_en", "x" * 100_000),
        ("intro_zh", "长" * 100_000),
        ("phone", "12345"),
        ("phone", "\x00"),
        ("phone", "9" * 100_000),
        ("amenities", ["sauna"]),
        ("warranty_months", "-1"),
        ("warranty_months", "many"),
        ("warranty_months", "121"),
    ],
)
def test_profile_bad_input_named_beside_the_field(client, shop, manager, field, value):
    client.force_login(manager)
    answer = client.post(reverse("shops:settings", args=[shop.slug]), PROFILE | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert 'aria-invalid="true"' in answer.content.decode() or field == "amenities"
    assert not ShopChange.objects.exists()


def test_profile_refused_keeps_what_was_typed_and_the_frame(client, shop, manager):
    client.force_login(manager)
    answer = client.post(reverse("shops:settings", args=[shop.slug]), PROFILE | {"name_en": "New name", "phone": "1"})
    assert answer.context["form"]["name_en"].value() == "New name"
    assert answer.context["shop"].name_en == shop.name_en


@pytest.mark.parametrize("number", ["021-54360218", "400 820 8820", "13800138000", "+852 2123 4567"])
def test_profile_takes_landlines_and_service_numbers(shop, number):
    assert not ProfileForm(PROFILE | {"phone": number}, instance=shop).errors


def test_rules_saved(client, shop, manager):
    client.force_login(manager)
    assert client.post(reverse("shops:rules", args=[shop.slug]), RULES).status_code == 302
    shop.refresh_from_db()
    assert (shop.slot_step_minutes, shop.lead_time_minutes, shop.holiday_policy) == (15, 90, "closed")
    assert (shop.setup_minutes, shop.last_start_minutes, shop.online_share_percent) == (5, 60, 80)
    assert (shop.confirmation, shop.answer_minutes, shop.pickup_radius_km) == ("by_hand", 90, None)
    assert (shop.deposit_percent, shop.late_cancel_fee_percent, shop.no_show_fee_percent) == (20, 20, 30)
    change = ShopChange.objects.get()
    assert (change.kind, change.after["no_show_fee_percent"]) == ("rules", 30)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slot_step_minutes", "7"),
        ("booking_window_days", "0"),
        ("booking_window_days", "91"),
        ("hold_minutes", "2"),
        ("turnaround_minutes", "241"),
        ("lead_time_minutes", "99999999999"),
        ("lead_time_minutes", "20161"),
        ("free_cancel_minutes", "10081"),
        ("holiday_policy", "maybe"),
        ("setup_minutes", "61"),
        ("setup_minutes", "-1"),
        ("write_up_minutes", "61"),
        ("last_start_minutes", "601"),
        ("online_share_percent", "9"),
        ("online_share_percent", "101"),
        ("confirmation", "by_post"),
        ("confirmation", "\x00"),
        ("answer_minutes", "14"),
        ("answer_minutes", "1441"),
        ("answer_minutes", ""),
        ("deposit_percent", "31"),
        ("deposit_percent", "9" * 100_000),
        ("late_cancel_fee_percent", "31"),
        ("no_show_fee_percent", "51"),
        ("no_show_fee_percent", "19"),
        ("no_show_fee_percent", "a third"),
        ("pickup_radius_km", "0"),
        ("pickup_radius_km", "51"),
    ],
)
def test_rules_out_of_range(client, shop, manager, field, value):
    client.force_login(manager)
    answer = client.post(reverse("shops:rules", args=[shop.slug]), RULES | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert answer.context["form"][field].value() == value
    assert not ShopChange.objects.exists()


def test_rules_page_says_what_they_come_to(client, shop, manager):
    client.force_login(manager)
    client.post(reverse("shops:rules", args=[shop.slug]), RULES)
    english = {"accept-language": "en"}
    page = client.get(reverse("shops:rules", args=[shop.slug]), headers=english).content.decode()
    assert "can be cancelled free of charge until Friday 12:00; after that it costs 20 % of the labour" in page
    typed = RULES | {"deposit_percent": "10", "hold_minutes": ""}
    answer = client.post(reverse("shops:rules", args=[shop.slug]), typed, headers=english)
    assert "For a visit of ¥500 the deposit is ¥50." in answer.content.decode()
    answer = client.post(reverse("shops:rules", args=[shop.slug]), RULES | {"deposit_percent": "99"}, headers=english)
    assert "For a visit of ¥500 the deposit is ¥100." in answer.content.decode()


def test_rules_radius_only_for_on_site_teams(shop):
    assert "service_radius_km" not in RulesForm(instance=shop).fields
    team = OnSiteShopFactory()
    assert "pickup_radius_km" not in RulesForm(instance=team).fields
    assert list(RulesForm(RULES, instance=team).errors) == ["service_radius_km"]
    assert list(RulesForm(RULES | {"service_radius_km": "500"}, instance=team).errors) == ["service_radius_km"]
    assert not RulesForm(RULES | {"service_radius_km": "15"}, instance=team).errors


# --- Hours --------------------------------------------------------------------------------------------------


def test_hours_replaced_with_several_stretches(client, shop, manager):
    OpeningHoursFactory(shop=shop, day=7)
    client.force_login(manager)
    typed = {"d1_0_opens": "9", "d1_0_closes": "12：00", "d1_1_opens": "1300", "d1_1_closes": "18:30"}
    assert client.post(reverse("shops:hours", args=[shop.slug]), typed).status_code == 302
    assert list(shop.opening_hours.values_list("day", "opens_at", "closes_at")) == [
        (1, time(9), time(12)),
        (1, time(13), time(18, 30)),
    ]
    change = ShopChange.objects.get()
    assert change.before == {"hours": ["7 09:00-18:00"]}
    assert change.after == {"hours": ["1 09:00-12:00", "1 13:00-18:30"]}


def test_hours_unchanged_writes_nothing(shop, manager, at):
    OpeningHoursFactory(shop=shop)
    assert not actions.save_hours(shop=shop, by=manager, at=at, hours=[(1, time(9), time(18))])
    assert not ShopChange.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"d1_0_opens": "18:00", "d1_0_closes": "09:00"}, "d1_0_closes"),
        ({"d1_0_opens": "09:00", "d1_0_closes": "09:00"}, "d1_0_closes"),
        ({"d1_0_opens": "09:00"}, "d1_0_closes"),
        ({"d8_2_closes": "09:00"}, "d8_2_opens"),
        ({"d3_0_opens": "25:00", "d3_0_closes": "09:00"}, "d3_0_opens"),
        ({"d3_0_opens": "soon", "d3_0_closes": "09:00"}, "d3_0_opens"),
        ({"d3_0_opens": "\x00", "d3_0_closes": "09:00"}, "d3_0_opens"),
        ({"d3_0_opens": "9" * 100_000, "d3_0_closes": "09:00"}, "d3_0_opens"),
        (
            {"d2_0_opens": "09:00", "d2_0_closes": "13:00", "d2_1_opens": "12:59", "d2_1_closes": "18:00"},
            "d2_1_opens",
        ),
        (
            {"d2_0_opens": "12:00", "d2_0_closes": "18:00", "d2_2_opens": "09:00", "d2_2_closes": "12:01"},
            "d2_0_opens",
        ),
    ],
)
def test_hours_refused_beside_the_field(client, shop, manager, typed, field):
    OpeningHoursFactory(shop=shop)
    client.force_login(manager)
    answer = client.post(reverse("shops:hours", args=[shop.slug]), typed)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert shop.opening_hours.count() == 1


def test_hours_that_touch_are_fine():
    typed = {"d2_0_opens": "09:00", "d2_0_closes": "12:00", "d2_1_opens": "12:00", "d2_1_closes": "18:00"}
    assert HoursForm(typed).is_valid()


def test_hours_copy_fills_the_page_and_saves_nothing(client, shop, manager):
    client.force_login(manager)
    typed = {"d1_0_opens": "08:30", "d1_0_closes": "20:00", "d6_0_opens": "10", "copy_from": "1", "copy_to": ["2", "6"]}
    answer = client.post(reverse("shops:hours", args=[shop.slug]), typed | {"copy": "1"})
    form = answer.context["form"]
    assert [form[name].value() for name in ("d1_0_opens", "d2_0_opens", "d6_0_opens", "d3_0_opens")] == [
        "08:30",
        "08:30",
        "08:30",
        "",
    ]
    assert not shop.opening_hours.exists()


def test_save_hours_checks_again(shop, manager, at):
    with pytest.raises(HoursError):
        actions.save_hours(shop=shop, by=manager, at=at, hours=[(1, time(9), time(12)), (1, time(11), time(13))])


# --- Closures -----------------------------------------------------------------------------------------------


def test_closure_added_for_one_day(client, shop, manager):
    client.force_login(manager)
    typed = {"first_date": "2099-12-01", "last_date": "", "reason": "Stocktaking"}
    assert client.post(reverse("shops:closures", args=[shop.slug]), typed).status_code == 302
    closure = shop.closures.get()
    assert (closure.first_date, closure.last_date, closure.created_by) == (
        date(2099, 12, 1),
        date(2099, 12, 1),
        manager,
    )
    assert ShopChange.objects.get().kind == "closure_added"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"first_date": "2099-12-02", "last_date": "2099-12-01"}, "last_date"),
        ({"first_date": "2020-01-01", "last_date": "2020-01-02"}, "last_date"),
        ({"first_date": "2099-01-01", "last_date": "2101-01-01"}, "last_date"),
        ({"first_date": "2099-02-30"}, "first_date"),
        ({"first_date": ""}, "first_date"),
        ({"first_date": "2099-12-01", "reason": "x" * 121}, "reason"),
        ({"first_date": "2099-12-01", "reason": "\x00"}, "reason"),
    ],
)
def test_closure_bad_input(client, shop, manager, typed, field):
    client.force_login(manager)
    answer = client.post(reverse("shops:closures", args=[shop.slug]), typed)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not shop.closures.exists()


def test_closure_over_visits_lists_them_and_asks(client, shop, manager, in_the_way, monkeypatch, at):
    monkeypatch.setattr("shops.views.settings.timezone.now", lambda: at)
    client.force_login(manager)
    address = reverse("shops:closures", args=[shop.slug])
    typed = {"first_date": "2026-11-30", "last_date": "2026-12-01", "reason": "Refit"}
    answer = client.post(address, typed)
    assert answer.status_code == 409
    assert in_the_way.number in answer.content.decode()
    assert not shop.closures.exists()
    assert client.post(address, typed | {"despite_visits": "on"}).status_code == 302
    assert shop.closures.get().reason == "Refit"


def test_closure_beside_visits_asks_nothing(shop, manager, at, in_the_way):
    day = date(2026, 12, 2)
    actions.add_closure(shop=shop, by=manager, at=at, first_date=day, last_date=day)
    day = date(2026, 12, 1)
    with pytest.raises(VisitsInTheWayError) as refusal:
        actions.add_closure(shop=shop, by=manager, at=at, first_date=day, last_date=day)
    assert refusal.value.extra == {"visits": [in_the_way.number]}


def test_closure_overlapping_another(client, shop, manager):
    ClosureFactory(shop=shop, first_date="2099-12-01", last_date="2099-12-05")
    client.force_login(manager)
    answer = client.post(reverse("shops:closures", args=[shop.slug]), {"first_date": "2099-12-05"})
    assert answer.status_code == ClosureOverlapsError.status
    assert list(answer.context["form"].errors) == ["first_date"]


def test_closure_removed(client, shop, manager):
    closure = ClosureFactory(shop=shop)
    client.force_login(manager)
    client.post(reverse("shops:remove_closure", args=[shop.slug, closure.pk]))
    assert not shop.closures.exists()
    assert ShopChange.objects.get().before["reason"] == "Stocktaking"


# --- Bays and technicians ----------------------------------------------------------------------------------


def test_bay_added_and_changed(client, shop, manager):
    client.force_login(manager)
    typed = {"kind": "bay", "name_zh": "7 号", "name_en": "Bay 7", "capabilities": ["lift", "ev"], "position": "7"}
    assert client.post(reverse("shops:new_bay", args=[shop.slug]), typed).status_code == 302
    bay = shop.resources.get()
    assert bay.capabilities == ["lift", "ev"]
    address = reverse("shops:bay", args=[shop.slug, bay.public_id])
    assert client.post(address, typed | {"name_en": "Quick bay"}).status_code == 302
    bay.refresh_from_db()
    assert bay.name_en == "Quick bay"
    added, changed = ShopChange.objects.order_by("pk")
    assert added.before == {}
    assert (changed.before, changed.after) == ({"name_en": "Bay 7"}, {"name_en": "Quick bay"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "technician"),
        ("capabilities", ["engine"]),
        ("name_zh", "\x00"),
        ("position", "1000"),
        ("position", "-1"),
    ],
)
def test_bay_bad_input(client, shop, manager, field, value):
    client.force_login(manager)
    typed = {"kind": "bay", "name_zh": "7 号", "name_en": "Bay 7", "position": "7", field: value}
    answer = client.post(reverse("shops:new_bay", args=[shop.slug]), typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_bay_of_an_on_site_team_is_a_mobile_unit(client):
    member = ShopMemberFactory(shop=OnSiteShopFactory())
    client.force_login(member.user)
    typed = {"kind": "bay", "name_zh": "7 号", "name_en": "Bay 7", "position": "7"}
    answer = client.post(reverse("shops:new_bay", args=[member.shop.slug]), typed)
    assert list(answer.context["form"].errors) == ["kind"]


def test_bay_address_does_not_open_a_technician(client, shop, manager):
    person = TechnicianResourceFactory(shop=shop)
    client.force_login(manager)
    assert client.get(reverse("shops:bay", args=[shop.slug, person.public_id])).status_code == 404


def test_retire_and_restore(client, shop, manager):
    bay = BayFactory(shop=shop)
    client.force_login(manager)
    client.post(reverse("shops:retire", args=[shop.slug, bay.public_id]))
    bay.refresh_from_db()
    assert not bay.is_active
    client.post(reverse("shops:restore", args=[shop.slug, bay.public_id]))
    bay.refresh_from_db()
    assert bay.is_active
    assert ShopChange.objects.count() == 2


@pytest.mark.parametrize("change", [{"capabilities": ["ev"]}, {"kind": "mobile_unit"}])
def test_bay_that_visits_need_is_asked_about(client, shop, manager, in_the_way, monkeypatch, change):
    monkeypatch.setattr("shops.views.resources.timezone.now", lambda: NOW)
    bay = BayFactory(shop=shop, capabilities=["lift", "ev"])
    client.force_login(manager)
    address = reverse("shops:bay", args=[shop.slug, bay.public_id])
    typed = {"kind": "bay", "name_zh": "7 号", "name_en": "Bay 7", "capabilities": ["lift", "ev"], "position": "7"}
    answer = client.post(address, typed | change)
    assert answer.status_code == 409
    assert in_the_way.number in answer.content.decode()
    bay.refresh_from_db()
    assert (bay.kind, bay.capabilities) == ("bay", ["lift", "ev"])
    assert client.post(address, typed | change | {"despite_visits": "on"}).status_code == 302
    bay.refresh_from_db()
    assert bay.name_en == "Bay 7"


def test_bay_that_loses_what_nobody_needs_is_not_asked_about(shop, manager, in_the_way, at):
    bay = BayFactory(shop=shop, capabilities=["lift", "ev"])
    resources.save_bay(shop=shop, by=manager, at=at, values={"capabilities": ["lift", "tyre"]}, bay=bay)
    assert ShopChange.objects.get().after == {"capabilities": ["lift", "tyre"]}


def test_technician_whose_skill_visits_need_is_asked_about(client, shop, manager, in_the_way, monkeypatch, at):
    monkeypatch.setattr("shops.views.resources.timezone.now", lambda: at)
    person = TechnicianResourceFactory(shop=shop, capabilities=["lift", "engine"])
    client.force_login(manager)
    address = reverse("shops:technician", args=[shop.slug, person.public_id])
    answer = client.post(address, TECHNICIAN | {"capabilities": ["engine"]})
    assert answer.status_code == 409
    assert in_the_way.number in answer.content.decode()
    person.refresh_from_db()
    assert person.capabilities == ["lift", "engine"]
    client.post(address, TECHNICIAN | {"capabilities": ["engine"], "despite_visits": "on"})
    person.refresh_from_db()
    assert person.capabilities == ["engine"]


def test_retire_with_visits_lists_them_and_asks(client, shop, manager, in_the_way, monkeypatch, at):
    monkeypatch.setattr("shops.views.resources.timezone.now", lambda: at)
    bay = BayFactory(shop=shop)
    client.force_login(manager)
    address = reverse("shops:retire", args=[shop.slug, bay.public_id])
    answer = client.post(address)
    assert answer.status_code == 409
    assert in_the_way.number in answer.content.decode()
    bay.refresh_from_db()
    assert bay.is_active
    client.post(address, {"despite_visits": "on"})
    bay.refresh_from_db()
    assert not bay.is_active


TECHNICIAN = {
    "name_zh": "陈建国",
    "name_en": "Chen Jianguo",
    "capabilities": ["engine", "chassis"],
    "title_zh": "高级技师",
    "title_en": "Senior technician",
    "works_since_year": "2010",
    "position": "0",
}


def test_technician_added_and_linked(client, shop, manager):
    colleague = ShopMemberFactory(shop=shop, role="technician").user
    client.force_login(manager)
    typed = TECHNICIAN | {"user": colleague.public_id}
    assert client.post(reverse("shops:new_technician", args=[shop.slug]), typed).status_code == 302
    person = shop.resources.get()
    assert (person.kind, person.capabilities, person.technician.user, person.technician.works_since_year) == (
        "technician",
        ["engine", "chassis"],
        colleague,
        2010,
    )
    typed = TECHNICIAN | {"title_en": "Master", "user": ""}
    client.post(reverse("shops:technician", args=[shop.slug, person.public_id]), typed)
    person.technician.refresh_from_db()
    assert (person.technician.title_en, person.technician.user) == ("Master", None)
    assert ShopChange.objects.first().before == {"title_en": "Senior technician", "user": colleague.public_id}


def test_technician_cannot_be_linked_to_a_stranger_or_twice(client, shop, manager):
    taken = ShopMemberFactory(shop=shop, role="technician").user
    other = TechnicianResourceFactory(shop=shop).technician
    other.user = taken
    other.save()
    client.force_login(manager)
    for stranger in (taken, ShopMemberFactory().user):
        answer = client.post(
            reverse("shops:new_technician", args=[shop.slug]), TECHNICIAN | {"user": stranger.public_id}
        )
        assert list(answer.context["form"].errors) == ["user"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capabilities", []),
        ("capabilities", ["lift"]),
        ("works_since_year", "2999"),
        ("works_since_year", "1"),
        ("works_since_year", "9" * 100),
        ("title_zh", "x" * 61),
        ("user", "\x00"),
    ],
)
def test_technician_bad_input(client, shop, manager, field, value):
    client.force_login(manager)
    answer = client.post(reverse("shops:new_technician", args=[shop.slug]), TECHNICIAN | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not shop.resources.exists()


def test_certificate_entered_is_not_checked(client, shop, manager):
    person = TechnicianResourceFactory(shop=shop)
    client.force_login(manager)
    typed = {"name_zh": "低压电工", "name_en": "Electrician", "number": "T31", "verified_at": "2026-01-01"}
    client.post(reverse("shops:add_certificate", args=[shop.slug, person.public_id]), typed)
    assert Certificate.objects.get().verified_at is None
    answer = client.post(reverse("shops:add_certificate", args=[shop.slug, person.public_id]), {"name_zh": "x"})
    assert answer.status_code == 422
    assert "name_en" in answer.context["certificate_form"].errors


def test_certificate_removed(shop, manager, at):
    certificate = CertificateFactory(technician=TechnicianResourceFactory(shop=shop).technician)
    resources.remove_certificate(certificate=certificate, by=manager, at=at)
    assert not Certificate.objects.exists()
    assert ShopChange.objects.get().kind == "certificate"


# --- The log -----------------------------------------------------------------------------------------------


def test_changes_are_append_only(shop, manager, at):
    actions.save_profile(shop=shop, by=manager, at=at, values={"warranty_months": 3})
    for write in (ShopChange.objects.update, lambda **_kwargs: ShopChange.objects.all().delete()):
        with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            write(subject="forged")


def test_changes_are_shown_newest_first(client, shop, manager, at):
    actions.save_profile(shop=shop, by=manager, at=at, values={"warranty_months": 3})
    actions.save_profile(shop=shop, by=manager, at=at + timedelta(hours=1), values={"warranty_months": 12})
    client.force_login(manager)
    page = client.get(reverse("shops:changes", args=[shop.slug]))
    assert [change.after["warranty_months"] for change in page.context["page"]] == [12, 3]
    assert manager.display_name in page.content.decode()
    assert client.get(reverse("shops:changes", args=[shop.slug]), {"page": "x"}).status_code == 200
