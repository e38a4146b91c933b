"""What allauth asks of us about phones, login stages and messages. Sending is filled in by `notifications.adapter`."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.http import HttpRequest
from django.utils import timezone

from accounts import actions, devices
from accounts.choices import ContactKind
from accounts.contacts import Contact, ContactError, find_person, parse_login
from accounts.fields import PhoneField
from accounts.models import User


class BaseAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's view of a `User`. Contacts count only once proven by a code, so no stage verifies them again."""

    def get_login_stages(self) -> list[str]:
        """After a code or a password only the second factor remains, where the person set one up."""
        return ["accounts.stages.SecondFactorStage"]

    def login(self, request: HttpRequest, user: User) -> None:
        """Also notes the device, and in the session whether they work at a shop, so that the menu needs no query."""
        super().login(request, user)
        devices.note(request, user, at=timezone.now())
        memberships = getattr(user, "memberships", None)  # comes with the shops, an app above this one
        request.session["shop_member"] = memberships is not None and memberships.exists()

    def phone_form_field(self, **kwargs: Any) -> forms.Field:
        return PhoneField(**kwargs)

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.phone = phone
        user.phone_verified_at = timezone.now() if verified else None
        user.save(update_fields=["phone", "phone_verified_at"])

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified_at is not None) if user.phone else None

    def set_phone_verified(self, user: User, phone: str) -> None:
        actions.confirm_contact(user=user, contact=Contact(ContactKind.PHONE, phone), at=timezone.now())

    def get_user_by_phone(self, phone: str) -> User | None:
        try:
            contact = parse_login(phone)
        except ContactError:
            return None
        return find_person(contact) if contact.is_phone else None

    def send_code(self, *, contact: Contact, code: str, purpose: str) -> bool:
        """Send `code` to `contact`; False if it could not be handed over."""
        raise NotImplementedError

    def send_contact_changed(self, *, old: Contact, new: Contact) -> None:
        """Tell the old contact that another one took its place."""
        raise NotImplementedError
