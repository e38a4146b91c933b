"""The site's addresses with DEBUG on."""

from django.urls import include, path

from o2o_platform.urls import urlpatterns as site

urlpatterns = [path("", include("notifications.urls")), *site]
