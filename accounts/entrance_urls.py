"""allauth's pages under the names it expects (mounted at accounts/ without a namespace).

Sign-in and sign-up are both our one-field flow; of allauth's own pages only those that the flow needs are mounted.
"""

from allauth.account import views as allauth_views
from django.urls import include, path
from django.views.generic import RedirectView

from accounts import views

urlpatterns = [
    path("login/", views.ContinueView.as_view(), name="account_login"),
    path("signup/", views.ContinueView.as_view(), name="account_signup"),
    path("login/password/", views.PasswordLoginView.as_view(), name="account_password_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth_views.password_change, name="account_change_password"),
    path("password/set/", allauth_views.password_set, name="account_set_password"),
    path("email/", RedirectView.as_view(pattern_name="accounts:me"), name="account_email"),
    path("2fa/", include("allauth.mfa.urls")),
]
