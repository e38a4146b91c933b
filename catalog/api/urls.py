from django.urls import path

from catalog.api import advice_views, catalogue_views, needs_views

app_name = "catalog_api"

urlpatterns = [
    path("cars/<slug:public_id>/needs/", needs_views.CarNeeds.as_view(), name="car_needs"),
    path("advice/", advice_views.Advise.as_view(), name="advice"),
    path("services/", catalogue_views.Services.as_view(), name="services"),
    path("services/<slug:key>/", catalogue_views.ServiceDetail.as_view(), name="service"),
]
