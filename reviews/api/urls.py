"""/api/v1/: reviews."""

from __future__ import annotations

from django.urls import path

from reviews.api import follow_ups

app_name = "reviews_api"
urlpatterns = [
    path("follow-ups/<slug:public_id>/", follow_ups.FollowUpDetail.as_view(), name="follow_up"),
    path("follow-ups/<slug:public_id>/answer/", follow_ups.FollowUpAnswer.as_view(), name="follow_up_answer"),
    path(
        "follow-ups/<slug:public_id>/offers/<slug:offer_id>/accept/",
        follow_ups.OfferAccept.as_view(),
        name="follow_up_accept",
    ),
    path(
        "follow-ups/<slug:public_id>/offers/<slug:offer_id>/decline/",
        follow_ups.OfferDecline.as_view(),
        name="follow_up_decline",
    ),
]
