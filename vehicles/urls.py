from django.urls import path

from vehicles import record_urls, views

app_name = "vehicles"

urlpatterns = [
    path("", views.garage, name="garage"),
    path("find/", views.find, name="find"),
    path("choose/", views.choose, name="choose"),
    path("add/", views.add, name="add"),
    *record_urls.urlpatterns,
    path("<slug:public_id>/", views.car_detail, name="car_detail"),
    path("<slug:public_id>/edit/", views.edit, name="edit"),
    path("<slug:public_id>/remove/", views.remove, name="remove"),
    path("<slug:public_id>/odometer/", views.odometer, name="odometer"),
]
