"""Platform admins: in through the same door as everybody, a shop put right, the owners' page right at once."""

from playwright.sync_api import expect

from shops.models import Shop
from tests.journeys.conftest import DESKTOP, Browse, newest_code
from tests.journeys.looking import look

# The search field inside Django admin's own autocomplete (select2) has no label.
ADMIN_PACKAGES = [".select2-search__field"]


def test_admin_corrects_a_shop_that_owners_see(browse: Browse):
    shop = Shop.objects.get(slug="shenchi-pudong")
    page = browse(DESKTOP, locale="en-GB")
    page.goto(f"/admin/shops/shop/{shop.pk}/change/")
    page.get_by_label("Mobile number or e-mail").fill("admin@carkeeper.example")
    look(page, "sign-in-en")
    page.get_by_role("button", name="Send me a code").click()
    page.wait_for_url("**/code/**")
    page.get_by_label("Six-digit code").fill(newest_code())
    page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_url("**/admin/shops/shop/**")
    look(page, "admin-shop", leaving_out=ADMIN_PACKAGES)

    page.locator("#id_name_en").fill("Shenchi Auto · Yangjing")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/shops/shop/")
    expect(page.get_by_text("Shenchi Auto · Yangjing").first).to_be_visible()
    look(page, "admin-shops", leaving_out=ADMIN_PACKAGES)
    page.goto(f"/shops/{shop.slug}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Yangjing")
    page.goto("/admin/")
    look(page, "admin-home", leaving_out=ADMIN_PACKAGES)
