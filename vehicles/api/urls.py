from django.urls import path

from vehicles.api import views

app_name = "vehicles_api"

urlpatterns = [
    path("makes/", views.Makes.as_view(), name="makes"),
    path("makes/<slug:key>/models/", views.MakeModels.as_view(), name="models"),
    path("variants/", views.Variants.as_view(), name="variants"),
    path("variants/<slug:slug>/", views.VariantDetail.as_view(), name="variant"),
    path("vin/<str:vin_text>/", views.VinDetail.as_view(), name="vin"),
    path("cars/", views.Cars.as_view(), name="cars"),
    path("cars/<slug:public_id>/", views.CarDetail.as_view(), name="car"),
    path("cars/<slug:public_id>/odometer/", views.CarOdometer.as_view(), name="odometer"),
]
