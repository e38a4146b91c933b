"""allauth's forms in our words (ACCOUNT_FORMS, MFA_FORMS): labels say what is asked for, no words inside the fields."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthPasswordReauthenticateForm
from allauth.account.forms import SetPasswordForm as AllauthSetPasswordForm
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from django import forms
from django.utils.translation import gettext_lazy as _


class Plain(forms.Form):
    """Removes placeholders (a label stands above each field) and renames fields by `labels`."""

    labels: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


class LoginForm(Plain, AllauthLoginForm):  # type: ignore[misc]
    labels = {"login": _("Mobile number or e-mail"), "password": _("Password")}


class SetPasswordForm(Plain, AllauthSetPasswordForm):  # type: ignore[misc]
    labels = {"password1": _("New password"), "password2": _("New password again")}


class ChangePasswordForm(Plain, AllauthChangePasswordForm):  # type: ignore[misc]
    labels = {
        "oldpassword": _("Password so far"),
        "password1": _("New password"),
        "password2": _("New password again"),
    }


class PasswordReauthenticateForm(Plain, AllauthPasswordReauthenticateForm):  # type: ignore[misc]
    labels = {"password": _("Password")}


class _AppOrRecoveryCode(Plain):
    """Takes six digits of the app or a longer recovery code, so it is an ordinary field and not six boxes."""

    labels = {"code": _("Code of the app, or a recovery code")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update(autocomplete="off", inputmode="numeric", maxlength=20)


class AuthenticateForm(_AppOrRecoveryCode, AllauthAuthenticateForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(_AppOrRecoveryCode, AllauthReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateTOTPForm(Plain, AllauthActivateTOTPForm):  # type: ignore[misc]
    labels = {"code": _("Six digits from the app")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"
