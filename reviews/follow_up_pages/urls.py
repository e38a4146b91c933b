"""Addresses of these pages, part of `reviews.urls`."""

from __future__ import annotations

from django.urls import path

from reviews.follow_up_pages import views

urlpatterns = [
    path("follow-ups/<slug:public_id>/", views.detail, name="follow_up"),
    path("follow-ups/<slug:public_id>/answer/", views.say, name="follow_up_say"),
    path("follow-ups/<slug:public_id>/offers/<slug:offer_id>/accept/", views.accept, name="follow_up_accept"),
    path("follow-ups/<slug:public_id>/offers/<slug:offer_id>/decline/", views.decline, name="follow_up_decline"),
]
