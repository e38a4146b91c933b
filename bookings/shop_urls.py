"""The namespace `shops`: a shop's public page, which joins higher rooms, and its staff's own pages."""

from django.urls import include, path

from bookings import shop_page

app_name = "shops"
urlpatterns = [
    path("shops/<slug:slug>/", shop_page.detail, name="detail"),
    path("shop/", include("shops.staff_urls")),
]
