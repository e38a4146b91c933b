"""/platform/reminders/: the platform's own pages about reminders and messages."""

from __future__ import annotations

from django.urls import path

from reminders.platform_pages import views

app_name = "platform_reminders"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("messages/", views.messages_page, name="messages"),
    path("messages/<slug:channel>/resume/", views.resume, name="resume"),
]
