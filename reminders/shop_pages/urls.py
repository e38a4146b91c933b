"""A shop's own pages about what will be due (mounted at /shop/)."""

from __future__ import annotations

from django.urls import path

from reminders.shop_pages import views

app_name = "shop_reminders"

_CAMPAIGNS = "<slug:slug>/campaigns/"

urlpatterns = [
    path("<slug:slug>/demand/", views.expected, name="demand"),
    path(_CAMPAIGNS, views.campaign_list, name="campaigns"),
    path(_CAMPAIGNS + "new/", views.new, name="new_campaign"),
    path(_CAMPAIGNS + "<slug:public_id>/", views.detail, name="campaign"),
    path(_CAMPAIGNS + "<slug:public_id>/start/", views.start, name="start_campaign"),
    path(_CAMPAIGNS + "<slug:public_id>/stop/", views.stop, name="stop_campaign"),
]
