"""A shop's own pages about reviews (mounted at /shop/)."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "shop_reviews"
urlpatterns: list[URLPattern] = []
