"""The person's own addresses (mounted at the root). The names that allauth expects are in `entrance_urls`."""

from django.urls import path

from accounts import views, views_me

app_name = "accounts"
urlpatterns = [
    path("me/", views_me.me, name="me"),
    path("me/continue/", views.ContinueView.as_view(), name="continue"),
    path("me/code/", views.CodeView.as_view(), name="code"),
    path("me/contacts/", views_me.add_contact, name="add_contact"),
    path("me/contacts/remove/", views_me.remove_contact, name="remove_contact"),
    path("me/export/", views_me.export_data, name="export"),
    path("me/delete/", views_me.delete_account, name="delete"),
    path("me/theme/", views_me.theme, name="theme"),
]
