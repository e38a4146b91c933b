"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from accounts.views_me import set_language
from core.styleguide import styleguide
from o2o_platform import views
from o2o_platform.sitemaps import SITEMAPS

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("help/", views.help_page, name="help"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("healthz", views.health, name="health"),
    path("", include("bookings.urls")),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("accounts/", include("accounts.entrance_urls")),
    path("cars/", include("vehicles.urls")),
    path("cars/", include("catalog.car_urls")),
    path("cars/", include("reminders.owner_pages.urls")),
    path("r/", include("vehicles.public_urls")),
    path("services/", include("catalog.urls")),
    path("shop/", include("catalog.shop_urls")),
    path("", include("bookings.shop_urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("shop/", include("bookings.board.urls")),
    path("shop/", include("bookings.floor_pages.urls")),
    path("shop/", include("bookings.floor_lists.urls")),
    path("shop/", include("payments.dispute_pages.shop_urls")),
    path("disputes/", include("payments.dispute_pages.urls")),
    path("platform/money/disputes/", include("payments.dispute_pages.platform_urls")),
    path("shop/", include("payments.shop_pages.urls")),
    path("payments/", include("payments.urls")),
    path("platform/money/", include("payments.platform_pages.urls")),
    path("pay/", include("payments.paying_pages.urls")),
    path("", include("reviews.urls")),
    path("shop/", include("reviews.shop_pages.urls")),
    path("platform/reviews/", include("reviews.platform_pages.urls")),
    path("", include("reminders.go_urls")),
    path("shop/", include("reminders.shop_pages.urls")),
    path("platform/reminders/", include("reminders.platform_pages.urls")),
    path("api/v1/auth/", include("accounts.api.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("vehicles.api.urls")),
    path("api/v1/", include("catalog.api.urls")),
    path("api/v1/", include("payments.paying_pages.api_urls")),
    path("api/v1/", include("bookings.api.urls")),
    path("api/v1/", include("reviews.api.urls")),
    path("api/v1/", include("reminders.api.urls")),
    path("api/", include("o2o_platform.api_docs")),
]

if settings.DEBUG:
    urlpatterns += [path("dev/styleguide/", styleguide, name="styleguide")]
