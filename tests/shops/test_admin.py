import pytest
from django.contrib.admin.models import LogEntry
from django.forms import inlineformset_factory
from django.urls import reverse
from django.utils import translation

from shops.admin import HoursFormSet, ResourceForm, ShopForm, WeekFormSet
from shops.models import OffPeak, OpeningHours, Resource, Shop
from tests.factories.accounts import UserFactory
from tests.factories.shops import (
    AdvisorFactory,
    BayFactory,
    CertificateFactory,
    ClosureFactory,
    InvitationFactory,
    LoanerFactory,
    OpeningHoursFactory,
    PlaceFactory,
    ShopFactory,
    ShopMemberFactory,
    TechnicianResourceFactory,
)

pytestmark = pytest.mark.django_db

MODELS = ["shop", "resource", "certificate", "city", "place", "invitation", "shopchange"]


@pytest.fixture
def admin(client):
    user = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_list_opens(client, admin, model, language):
    InvitationFactory()
    PlaceFactory()
    CertificateFactory()
    answer = client.get(reverse(f"admin:shops_{model}_changelist"), headers={"accept-language": language})
    assert answer.status_code == 200


def test_shop_list_queries_do_not_depend_on_shops(client, admin, django_assert_max_num_queries):
    address = reverse("admin:shops_shop_changelist")
    BayFactory()
    client.get(address)
    with django_assert_max_num_queries(20) as few:
        client.get(address)
    BayFactory.create_batch(3)
    with django_assert_max_num_queries(20) as many:
        client.get(address)
    assert len(few) == len(many)


def test_shop_form_opens_with_everything(client, admin):
    shop = ShopFactory()
    OpeningHoursFactory(shop=shop)
    ClosureFactory(shop=shop)
    TechnicianResourceFactory(shop=shop)
    ShopMemberFactory(shop=shop)
    assert client.get(reverse("admin:shops_shop_change", args=[shop.pk])).status_code == 200
    assert client.get(reverse("admin:shops_shop_add")).status_code == 200
    assert client.post(reverse("admin:shops_shop_delete", args=[shop.pk])).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [("slug", "invitations"), ("phone", "123"), ("amenities", ["sauna"]), ("latitude", "91"), ("name_en", "\x00")],
)
def test_shop_form_is_checked_like_the_staffs(field, value):
    shop = ShopFactory()
    data = {
        name: getattr(shop, name) for name in ShopForm(instance=shop).fields if getattr(shop, name, None) is not None
    }
    data = {name: item for name, item in data.items() if name not in ("makes", "city")} | {"city": shop.city_id}
    assert not ShopForm(data, instance=Shop.objects.get()).errors
    assert list(ShopForm(data | {field: value}, instance=Shop.objects.get()).errors) == [field]


def test_shop_hours_that_overlap_are_refused():
    shop = ShopFactory()
    formset = inlineformset_factory(Shop, OpeningHours, formset=HoursFormSet, fields=["day", "opens_at", "closes_at"])
    rows = [("1", "09:00", "12:00"), ("1", "11:00", "13:00"), ("2", "11:00", "13:00")]
    data = {"opening_hours-TOTAL_FORMS": "3", "opening_hours-INITIAL_FORMS": "0"}
    for n, row in enumerate(rows):
        data |= {f"opening_hours-{n}-{name}": v for name, v in zip(("day", "opens_at", "closes_at"), row, strict=True)}
    errors = formset(data, instance=shop)
    assert not errors.is_valid()
    assert [list(form.errors) for form in errors.forms] == [[], ["opens_at"], []]


def test_resource_capabilities_follow_the_kind():
    shop = ShopFactory()
    data = {"shop": shop.pk, "kind": "bay", "name_zh": "1 号", "name_en": "Bay 1", "position": 0}
    assert not ResourceForm(data | {"capabilities": ["lift"]}).errors
    assert list(ResourceForm(data | {"capabilities": ["engine"]}).errors) == ["capabilities"]
    assert not ResourceForm(data | {"kind": "technician", "capabilities": ["engine"]}).errors
    assert not Resource.objects.exists()


def test_certificate_is_checked_and_unchecked(client, admin):
    certificate = CertificateFactory()
    address = reverse("admin:shops_certificate_changelist")
    client.post(address, {"action": "mark_checked", "_selected_action": [certificate.pk]})
    certificate.refresh_from_db()
    assert certificate.verified_at is not None
    client.post(address, {"action": "mark_unchecked", "_selected_action": [certificate.pk]})
    certificate.refresh_from_db()
    assert certificate.verified_at is None
    assert LogEntry.objects.filter(user=admin, object_id=str(certificate.pk)).count() == 2


def test_what_happened_is_not_edited(client, admin):
    invitation = InvitationFactory()
    answer = client.get(reverse("admin:shops_invitation_change", args=[invitation.pk]))
    assert answer.status_code == 200
    assert invitation.public_id not in answer.content.decode()
    assert client.get(reverse("admin:shops_shopchange_add")).status_code == 403


def test_admin_is_closed_to_shop_owners(client):
    client.force_login(ShopMemberFactory().user)
    assert client.get(reverse("admin:shops_shop_changelist")).status_code in {302, 403}


def test_shop_form_takes_off_peak_prices_and_refuses_overlaps():
    formset = inlineformset_factory(
        Shop, OffPeak, formset=WeekFormSet, fields=["day", "starts_at", "ends_at", "percent"]
    )
    typed = {"off_peak-TOTAL_FORMS": "2", "off_peak-INITIAL_FORMS": "0"}
    names = ["day", "starts_at", "ends_at", "percent"]
    rows = [("2", "13:00", "15:00", "10"), ("2", "14:00", "16:00", "10")]
    for n, row in enumerate(rows):
        typed |= {f"off_peak-{n}-{name}": value for name, value in zip(names, row, strict=True)}
    filled = formset(typed, instance=ShopFactory())
    with translation.override("en"):
        assert not filled.is_valid()
        assert filled.errors == [{}, {"starts_at": ["This overlaps with another entry."]}]
    assert formset(typed | {"off_peak-1-starts_at": "15:00"}, instance=ShopFactory()).is_valid()


@pytest.mark.parametrize(
    ("make", "inlines"),
    [
        (TechnicianResourceFactory, ["Technician", "Shift"]),
        (AdvisorFactory, ["Shift"]),
        (LoanerFactory, []),
        (BayFactory, []),
    ],
)
def test_resource_form_has_shifts_for_people(client, admin, make, inlines):
    answer = client.get(reverse("admin:shops_resource_change", args=[make().pk]))
    assert [formset.opts.model.__name__ for formset in answer.context["inline_admin_formsets"]] == inlines


def test_advisors_and_loaners_have_no_capabilities():
    for kind in ("advisor", "loaner"):
        form = ResourceForm({"kind": kind, "capabilities": ["lift"]})
        assert "capabilities" in form.errors
        assert "capabilities" not in ResourceForm({"kind": kind}).errors
