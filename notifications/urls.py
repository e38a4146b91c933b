from django.conf import settings
from django.urls import URLPattern, path

from notifications import preference_views, unsubscribe_views, views

app_name = "notifications"
urlpatterns: list[URLPattern] = [
    path("me/messages/", preference_views.visit_messages, name="preference"),
    path("unsubscribe/<str:token>/", unsubscribe_views.unsubscribe, name="unsubscribe"),
]
if settings.DEBUG:
    urlpatterns.append(path("dev/outbox/", views.dev_outbox, name="dev_outbox"))
