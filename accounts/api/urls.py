from django.urls import path

from accounts.api import views

app_name = "accounts_api"
urlpatterns = [
    path("code/", views.CodeView.as_view(), name="code"),
    path("token/", views.TokenView.as_view(), name="token"),
]
