"""/platform/reviews/: the platform's own pages about reviews."""

from __future__ import annotations

from django.urls import path

from reviews.platform_pages import (
    desk_views,
    follow_up_views,
    log_views,
    policy_views,
    review_views,
    signal_views,
)

app_name = "platform_reviews"
urlpatterns = [
    path("", desk_views.queue, name="queue"),
    path("items/<slug:public_id>/", desk_views.item, name="item"),
    path("items/<slug:public_id>/approve/", desk_views.approve, name="approve"),
    path("items/<slug:public_id>/reject/", desk_views.reject, name="reject"),
    path("items/<slug:public_id>/skip/", desk_views.skip, name="skip"),
    path("items/<slug:public_id>/undo/", desk_views.undo, name="undo"),
    path("items/<slug:public_id>/second-look/", desk_views.second_look, name="second_look"),
    path("items/<slug:public_id>/answer/", desk_views.answer, name="answer"),
    path("photos/<slug:public_id>/", desk_views.photo, name="photo"),
    path("photos/<slug:public_id>/small/", desk_views.thumbnail, name="thumbnail"),
    path("published/", review_views.published, name="published"),
    path("published/<slug:public_id>/", review_views.review, name="review"),
    path("published/<slug:public_id>/sample/", log_views.draw, name="draw"),
    path("automatic/", log_views.automatic, name="automatic"),
    path("log/", log_views.log, name="log"),
    path("policy/", policy_views.policy_page, name="policy"),
    path("signals/", signal_views.signals, name="signals"),
    path("signals/<int:pk>/close/", signal_views.close, name="close_signal"),
    path("follow-ups/", follow_up_views.follow_ups, name="follow_ups"),
    path("follow-ups/<slug:public_id>/", follow_up_views.follow_up, name="follow_up"),
]
