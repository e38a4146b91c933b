from django.urls import path

from shops.api.views import ShopDetailView

urlpatterns = [path("shops/<slug:slug>/", ShopDetailView.as_view(), name="api_shop")]
