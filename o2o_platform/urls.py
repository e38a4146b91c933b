"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from accounts.views_me import set_language

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("accounts/", include("accounts.entrance_urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("api/v1/auth/", include("accounts.api.urls")),
    path("api/v1/", include("bookings.api.urls")),
    path("api/", include("o2o_platform.api_docs")),
]
