from django.urls import path

from notifications.api import views

app_name = "notifications_api"

urlpatterns = [
    path("inbox/", views.Inbox.as_view(), name="inbox"),
    path("inbox/unread/", views.Unread.as_view(), name="unread"),
    path("inbox/read-all/", views.ReadAll.as_view(), name="read_all"),
    path("inbox/<slug:public_id>/read/", views.Read.as_view(), name="read"),
    path("preferences/messages/", views.MessagePreferences.as_view(), name="preferences"),
]
