"""Addresses of these pages, part of `reviews.urls`."""

from __future__ import annotations

from django.urls import URLPattern, path

from reviews.owner_pages import answer_views, photo_views, views

urlpatterns: list[URLPattern] = [
    path("bookings/<slug:public_id>/review/", views.write, name="write"),
    path("bookings/<slug:public_id>/answer/", answer_views.answer, name="answer"),
    path("me/reviews/", views.mine, name="mine"),
    path("me/reviews/<slug:review_id>/", views.own, name="own"),
    path("me/reviews/<slug:review_id>/edit/", views.edit, name="edit"),
    path("me/reviews/<slug:review_id>/withdraw/", views.withdraw, name="withdraw"),
    path("me/reviews/<slug:review_id>/appeal/", views.appeal, name="appeal"),
    path("reviews/photos/<slug:photo_id>/<slug:size>/", photo_views.photo, name="photo"),
]
