from django.urls import path

from vehicles.api import record_views, views

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
    path("cars/<slug:public_id>/record/", record_views.Record.as_view(), name="record"),
    path("cars/<slug:public_id>/record/entries/", record_views.RecordEntries.as_view(), name="record_entries"),
    path(
        "cars/<slug:public_id>/record/exports/<slug:kind>/", record_views.RecordExport.as_view(), name="record_export"
    ),
    path("cars/<slug:public_id>/record/grants/", record_views.RecordGrants.as_view(), name="record_grants"),
    path(
        "cars/<slug:public_id>/record/grants/<slug:shop_key>/",
        record_views.RecordGrantDetail.as_view(),
        name="record_grant",
    ),
    path("cars/<slug:public_id>/record/links/", record_views.RecordLinks.as_view(), name="record_links"),
    path(
        "cars/<slug:public_id>/record/links/<slug:link_id>/",
        record_views.RecordLinkDetail.as_view(),
        name="record_link",
    ),
]
