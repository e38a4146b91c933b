"""Addresses of the staff's lists, under /shop/."""

from django.urls import path

from bookings.floor_lists import parts_views, views

app_name = "floor_lists"

urlpatterns = [
    path("<slug:slug>/my-day/", views.my_day, name="my_day"),
    path("<slug:slug>/my-day/live/", views.my_day_live, name="my_day_live"),
    path("<slug:slug>/pipeline/", views.pipeline, name="pipeline"),
    path("<slug:slug>/pipeline/live/", views.pipeline_live, name="pipeline_live"),
    path("<slug:slug>/parts/", parts_views.parts, name="parts"),
    path("<slug:slug>/parts/live/", parts_views.parts_live, name="parts_live"),
    path("<slug:slug>/parts/<slug:public_id>/arrived/", parts_views.arrived, name="arrived"),
    path("<slug:slug>/parts/<slug:public_id>/day/", parts_views.expected, name="expected"),
]
