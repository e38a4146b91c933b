from django.conf import settings
from django.urls import URLPattern, path

from notifications import views

app_name = "notifications"
urlpatterns: list[URLPattern] = []
if settings.DEBUG:
    urlpatterns.append(path("dev/outbox/", views.dev_outbox, name="dev_outbox"))
