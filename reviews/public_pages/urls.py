"""Addresses of these pages, part of `reviews.urls`."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
