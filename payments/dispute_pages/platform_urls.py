"""The platform's addresses of disputes, under /platform/money/disputes/."""

from django.urls import path

from payments.dispute_pages import platform_views

app_name = "platform_disputes"

urlpatterns = [
    path("", platform_views.dispute_list, name="list"),
    path("<slug:public_id>/", platform_views.detail, name="detail"),
    path("<slug:public_id>/words/", platform_views.say, name="say"),
]
