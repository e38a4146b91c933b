from django.urls import path

from catalog.api import catalogue_views

app_name = "catalog_api"

urlpatterns = [
    path("services/", catalogue_views.Services.as_view(), name="services"),
    path("services/<slug:key>/", catalogue_views.ServiceDetail.as_view(), name="service"),
]
