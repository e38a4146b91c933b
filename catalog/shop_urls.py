"""Addresses of a shop's price list, under /shop/."""

from django.urls import path

from catalog import shop_views

app_name = "offers"

_PRICES = "<slug:slug>/prices/"

urlpatterns = [
    path(_PRICES, shop_views.offer_list, name="list"),
    path(_PRICES + "new/", shop_views.create, name="create"),
    path(_PRICES + "import/", shop_views.import_file, name="import"),
    path(_PRICES + "import/apply/", shop_views.import_apply, name="import_apply"),
    path(_PRICES + "export.csv", shop_views.export, name="export"),
    path(_PRICES + "<int:pk>/", shop_views.edit, name="edit"),
    path(_PRICES + "<int:pk>/state/", shop_views.set_state, name="state"),
    path(_PRICES + "<int:pk>/history/", shop_views.history, name="history"),
]
