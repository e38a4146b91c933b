"""Addresses of these pages, part of `reviews.urls`."""

from __future__ import annotations

from django.urls import URLPattern, path

from reviews.public_pages import explained, lists, votes

urlpatterns: list[URLPattern] = [
    path("shops/<slug:slug>/reviews/", lists.shop_reviews, name="shop_reviews"),
    path("services/<slug:key>/reviews/", lists.service_reviews, name="service_reviews"),
    path("reviews/ratings/", explained.ratings, name="ratings"),
    path("reviews/rules/", explained.rules, name="rules"),
    path("reviews/<slug:public_id>/helpful/", votes.helpful, name="helpful"),
]
