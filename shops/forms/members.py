"""Invitations and roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import ContactField
from shops.choices import Role


class _RoleForm(forms.Form):
    """A role among those that the member acting may give."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]


class RoleForm(_RoleForm):
    """Another role for a member."""


class InvitationForm(_RoleForm):
    """Who is invited, and as what."""

    contact = ContactField(widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}))
    field_order = ["contact", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = Role.TECHNICIAN.value
