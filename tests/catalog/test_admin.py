"""The catalogue in the admin: every page opens, edits are shown and kept, offers are read-only."""

import pytest
from django.apps import apps
from django.urls import reverse

from catalog.models import Service
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
MODELS = [
    *("vehicles_make", "vehicles_carmodel", "vehicles_variant", "vehicles_wmi", "vehicles_car"),
    *("catalog_service", "catalog_priceguide", "catalog_makerschedule", "catalog_overmaintenancerule"),
    *("catalog_offer", "catalog_pricechange"),
]


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("name", MODELS)
def test_lists_open_and_search(admin, name):
    assert admin.get(reverse(f"admin:{name}_changelist"), {"q": "a"}).status_code == 200


@pytest.mark.parametrize(
    "name", ["vehicles_make", "vehicles_variant", "catalog_service", "catalog_overmaintenancerule"]
)
def test_forms_open(admin, name):
    row = apps.get_model(name.replace("_", ".")).objects.first()
    assert admin.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200


def test_edited_field_is_named(admin):
    service = Service.objects.get(key="minor_service")
    Service.objects.filter(pk=service.pk).update(standard_minutes=55)
    page = admin.get(reverse("admin:catalog_service_change", args=[service.pk])).content.decode()
    assert "standard_minutes" in page
    assert ": 40)" in page


@pytest.mark.parametrize("name", ["catalog_offer", "catalog_pricechange", "vehicles_car"])
def test_what_others_own_cannot_be_added(admin, name):
    assert admin.get(reverse(f"admin:{name}_add")).status_code == 403


def test_owner_has_no_business_here(client):
    client.force_login(UserFactory())
    assert client.get(reverse("admin:catalog_service_changelist")).status_code == 302
