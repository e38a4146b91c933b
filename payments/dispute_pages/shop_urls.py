"""The shop's addresses of disputes, under /shop/."""

from django.urls import path

from payments.dispute_pages import shop_views

app_name = "shop_disputes"

_DISPUTES = "<slug:slug>/money/disputes/"

urlpatterns = [
    path(_DISPUTES, shop_views.dispute_list, name="list"),
    path(_DISPUTES + "<slug:public_id>/", shop_views.detail, name="detail"),
    path(_DISPUTES + "<slug:public_id>/answer/", shop_views.answer, name="answer"),
    path(_DISPUTES + "<slug:public_id>/words/", shop_views.say, name="say"),
]
