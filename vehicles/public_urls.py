"""The addresses of a buyer's view of a health record, under /r/."""

from django.urls import path

from vehicles.record_views import public

app_name = "records"

urlpatterns = [
    path("<slug:token>/", public.record, name="record"),
    path("<slug:token>/verify/", public.verify, name="verify"),
    path("<slug:token>/export/<slug:kind>/", public.export_file, name="export_file"),
]
