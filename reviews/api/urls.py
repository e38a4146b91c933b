"""/api/v1/: reviews."""

from __future__ import annotations

from django.urls import path

from reviews.api import follow_ups, owner_views, public_views, shop_views

app_name = "reviews_api"
urlpatterns = [
    path("shops/<slug:slug>/reviews/", public_views.ShopReviews.as_view(), name="shop_reviews"),
    path("shops/<slug:slug>/reviews/summary/", public_views.ShopReviewSummary.as_view(), name="shop_review_summary"),
    path("reviews/<slug:public_id>/helpful/", public_views.Helpful.as_view(), name="helpful"),
    path("bookings/<str:public_id>/review/", owner_views.VisitReview.as_view(), name="visit_review"),
    path("bookings/<str:public_id>/review/withdraw/", owner_views.WithdrawReview.as_view(), name="withdraw"),
    path("bookings/<str:public_id>/review/appeal/", owner_views.AppealReview.as_view(), name="appeal"),
    path("bookings/<str:public_id>/answer/", owner_views.Answer.as_view(), name="answer"),
    path("me/reviews/", owner_views.MyReviews.as_view(), name="mine"),
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
    path("shops/<slug:slug>/own-reviews/", shop_views.ShopReviews.as_view(), name="own_reviews"),
    path("shops/<slug:slug>/own-reviews/<slug:public_id>/reply/", shop_views.ShopReply.as_view(), name="shop_reply"),
    path("shops/<slug:slug>/own-reviews/<slug:public_id>/appeal/", shop_views.ShopAppeal.as_view(), name="shop_appeal"),
    path("shops/<slug:slug>/follow-ups/", shop_views.ShopFollowUps.as_view(), name="shop_follow_ups"),
]
