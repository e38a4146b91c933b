"""A shop's own pages about reviews (mounted at /shop/)."""

from __future__ import annotations

from django.urls import path

from reviews.shop_pages import affiliation_views, follow_up_views, offer_views, review_views

app_name = "shop_reviews"

_REVIEWS = "<slug:slug>/reviews/"
_FOLLOW_UPS = "<slug:slug>/follow-ups/"
_FOLLOW_UP = _FOLLOW_UPS + "<slug:public_id>/"

urlpatterns = [
    path(_REVIEWS, review_views.review_list, name="list"),
    path(_REVIEWS + "family/", affiliation_views.affiliations, name="affiliations"),
    path(_REVIEWS + "family/<int:pk>/end/", affiliation_views.end, name="end_affiliation"),
    path(_REVIEWS + "<slug:public_id>/", review_views.detail, name="detail"),
    path(_REVIEWS + "<slug:public_id>/reply/", review_views.reply, name="reply"),
    path(_REVIEWS + "<slug:public_id>/appeal/", review_views.appeal, name="appeal"),
    path(_FOLLOW_UPS, follow_up_views.follow_up_list, name="follow_ups"),
    path(_FOLLOW_UP, follow_up_views.detail, name="follow_up"),
    path(_FOLLOW_UP + "contact/", follow_up_views.contact_owner, name="contact"),
    path(_FOLLOW_UP + "invite/", follow_up_views.invite, name="invite"),
    path(_FOLLOW_UP + "offers/<slug:kind>/", offer_views.make, name="offer"),
    path(_FOLLOW_UP + "offers/<slug:offer>/withdraw/", offer_views.withdraw, name="withdraw_offer"),
]
