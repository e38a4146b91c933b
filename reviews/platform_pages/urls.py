"""/platform/reviews/: the platform's own pages about reviews."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "platform_reviews"
urlpatterns: list[URLPattern] = []
