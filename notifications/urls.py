from django.conf import settings
from django.urls import URLPattern, path

from notifications import preference_views, views

app_name = "notifications"
urlpatterns: list[URLPattern] = [path("me/messages/", preference_views.visit_messages, name="preference")]
if settings.DEBUG:
    urlpatterns.append(path("dev/outbox/", views.dev_outbox, name="dev_outbox"))
