import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse

from shops.access import SignInRequired, get_staff_shop, role_of
from shops.choices import Role
from shops.context import shop_nav
from shops.middleware import StaffAccessMiddleware
from tests.factories.accounts import UserFactory
from tests.factories.shops import ShopFactory, ShopMemberFactory

pytestmark = pytest.mark.django_db
MIDDLEWARE = StaffAccessMiddleware(HttpResponse)


@pytest.fixture
def shop():
    return ShopFactory(slug="shenchi")


def request_of(rf, user, **headers):
    request = rf.get("/shop/shenchi/settings/?tab=hours", headers=headers)
    request.user = user
    return request


def test_get_staff_shop_member_in_one_query(rf, shop, django_assert_num_queries):
    member = ShopMemberFactory(shop=shop, role=Role.MANAGER)
    with django_assert_num_queries(1):
        found = get_staff_shop(request_of(rf, member.user), "shenchi", "settings")
        assert (found, found.viewer_role, found.city.key) == (shop, "manager", "shanghai")
        assert role_of(member.user, found) == "manager"


def test_get_staff_shop_anonymous_must_sign_in(rf, shop):
    with pytest.raises(SignInRequired):
        get_staff_shop(request_of(rf, AnonymousUser()), "shenchi", "board")


def test_get_staff_shop_foreign_shop_looks_missing(rf, shop):
    elsewhere = ShopMemberFactory(role=Role.OWNER)
    with pytest.raises(Http404):
        get_staff_shop(request_of(rf, elsewhere.user), "shenchi", "board")


def test_get_staff_shop_platform_admin_is_no_member(rf, shop):
    admin = UserFactory(is_staff=True, is_superuser=True)
    with pytest.raises(Http404):
        get_staff_shop(request_of(rf, admin), "shenchi", "board")


def test_get_staff_shop_role_without_permission(rf, shop):
    member = ShopMemberFactory(shop=shop, role=Role.TECHNICIAN)
    with pytest.raises(PermissionDenied):
        get_staff_shop(request_of(rf, member.user), "shenchi", "settings")


def test_middleware_sends_to_sign_in_and_back(rf):
    answer = MIDDLEWARE.process_exception(request_of(rf, AnonymousUser()), SignInRequired())
    assert answer.status_code == 302
    assert answer["Location"].endswith("?next=/shop/shenchi/settings/%3Ftab%3Dhours")


def test_middleware_htmx_leaves_the_whole_page(rf):
    request = request_of(rf, AnonymousUser(), hx_request="true")
    answer = MIDDLEWARE.process_exception(request, SignInRequired())
    assert "?next=" in answer["HX-Redirect"]


def test_middleware_leaves_other_errors_alone(rf):
    assert MIDDLEWARE.process_exception(request_of(rf, AnonymousUser()), ValueError()) is None


@pytest.mark.parametrize(
    ("role", "opens_settings"), [(Role.OWNER, True), (Role.MANAGER, True), (Role.ADVISOR, False), (Role.CASHIER, False)]
)
def test_shop_nav_shows_what_the_role_opens(shop, role, opens_settings):
    member = ShopMemberFactory(shop=shop, role=role)
    entries = {entry["icon"]: entry for entry in shop_nav(shop, member.user, "settings")}
    assert ("settings" in entries) == opens_settings
    assert all(entry["current"] == (icon == "settings") for icon, entry in entries.items())
