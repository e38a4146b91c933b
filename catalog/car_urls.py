"""Addresses under /cars/ of what the catalogue says about one car."""

from django.urls import path

from catalog import car_views

app_name = "plans"

urlpatterns = [
    path("<slug:public_id>/needs/", car_views.needs, name="needs"),
]
