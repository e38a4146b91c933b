"""The namespace `shops`: a shop's public page, which joins higher rooms, and its staff's own pages."""

from django.urls import include, path

from bookings import shop_page, team_page

app_name = "shops"
urlpatterns = [
    path("shops/<slug:slug>/", shop_page.detail, name="detail"),
    path("shops/<slug:slug>/team/<slug:public_id>/", team_page.technician, name="team_member"),
    path("figures/", team_page.explained, name="figures"),
    path("shop/", include("shops.staff_urls")),
]
