"""Every write about a person.

A person's lock is FOR NO KEY UPDATE: what others write under locks of their own (entries of a record, offers, events
of a visit) points at people, and would wait for a full lock in a circle.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import privacy, proofs
from accounts.choices import ContactKind
from accounts.contacts import Contact, find_person, person_owns_contact
from accounts.models import User
from core.errors import Conflict


class ContactTakenError(Conflict):
    """Another account is known by this contact."""

    code = "contact_taken"
    message = _("Another account already uses this. Sign in with it, or use a different one.")


class LastContactError(Conflict):
    code = "last_contact"
    message = _("You need one contact to sign in. Add another one first.")


@transaction.atomic
def sign_up_or_in(*, contact: Contact, at: datetime, language: str = "", theme: str = "") -> tuple[User, bool]:
    """The person who has just proven `contact`, created if new, and whether they are new.

    `language` and `theme` are what the visitor used so far; a new account remembers them. Side effect: the contact
    counts as verified.
    """
    user, created = find_person(contact), False
    if user is None:
        user, created = _create(contact=contact, language=language, theme=theme)
    if user.is_active:
        confirm_contact(user=user, contact=contact, at=at)
    return user, created


def _create(*, contact: Contact, language: str, theme: str) -> tuple[User, bool]:
    wishes = {"language": language, **({"theme": theme} if theme else {})}
    try:
        with transaction.atomic():
            return User.objects.create_user(**{contact.kind: contact.value}, **wishes), True
    except IntegrityError:  # the same person confirmed in another window a moment ago
        user = find_person(contact)
        if user is None:
            raise
        return user, False


@transaction.atomic
def confirm_contact(*, user: User, contact: Contact, at: datetime) -> None:
    """Record that `user`, who is known by `contact`, has proven it. Side effect: `accounts.proofs`."""
    proofs.tell(contact)
    if contact.is_phone:
        if user.phone_verified_at is None:
            user.phone_verified_at = at
            user.save(update_fields=["phone_verified_at"])
        return
    # `User.email` says whose address it is; rows that disagree are left from an admin's correction.
    EmailAddress.objects.filter(Q(email__iexact=contact.value) | Q(user=user)).exclude(
        user=user, email=contact.value
    ).delete()
    EmailAddress.objects.update_or_create(user=user, email=contact.value, defaults={"verified": True, "primary": True})


@transaction.atomic
def set_contact(*, user: User, contact: Contact, at: datetime) -> Contact | None:
    """Give `user` a contact they have just proven; it replaces the one of the same kind, which is returned.

    Raises ContactTakenError if another account is known by it.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    owner = find_person(contact)
    if owner is not None and owner != user:
        raise ContactTakenError
    old = getattr(user, contact.kind)
    setattr(user, contact.kind, contact.value)
    if contact.is_phone:
        user.phone_verified_at = None
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "phone", "phone_verified_at"])
    except IntegrityError:
        raise ContactTakenError from None
    confirm_contact(user=user, contact=contact, at=at)
    return Contact(contact.kind, old) if old and old != contact.value else None


@transaction.atomic
def remove_contact(*, user: User, kind: str) -> None:
    """Remove the e-mail address or the number of `user`. Raises LastContactError if nothing proven would be left."""
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not (user.phone_verified_at if kind == ContactKind.EMAIL else _has_proven_email(user)):
        raise LastContactError
    setattr(user, ContactKind(kind).value, None)
    if kind == ContactKind.PHONE:
        user.phone_verified_at = None
    else:
        EmailAddress.objects.filter(user=user).delete()
    user.save(update_fields=["email", "phone", "phone_verified_at"])


def _has_proven_email(user: User) -> bool:
    return person_owns_contact(user, email=user.email or "")


def save_name(*, user: User, name: str) -> None:
    """Set how the person is addressed; empty means by their contact."""
    user.name = name
    user.save(update_fields=["name"])


def save_language(*, user: User, language: str) -> None:
    """Remember the language that messages and pages are in."""
    user.language = language
    user.save(update_fields=["language"])


def save_theme(*, user: User, theme: str) -> None:
    """Remember light, dark or the device's choice."""
    user.theme = theme
    user.save(update_fields=["theme"])


def export(*, user: User, at: datetime) -> dict[str, Any]:
    """Everything the platform knows of `user`, by app. Reads only."""
    return {
        "exported_at": at.isoformat(),
        "account": {
            "id": user.public_id,
            "name": user.name,
            "email": user.email,
            "phone": user.phone,
            "phone_verified_at": user.phone_verified_at.isoformat() if user.phone_verified_at else None,
            "language": user.language,
            "theme": user.theme,
            "joined_at": user.date_joined.isoformat(),
        },
        **{name: keeper.export(user) for name, keeper in privacy.keepers().items()},
    }


@transaction.atomic
def erase(*, user: User, at: datetime) -> None:
    """Erase who `user` is; what they did stays, without a name. Cannot be undone.

    Order: every registered app erases its part (any may refuse), then contacts, name, second factors and password go,
    and the account is closed. A new sign-up with the same contact starts an empty account.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    for keeper in privacy.keepers().values():
        keeper.erase(user, at)
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.name = ""
    user.email = f"{user.public_id}@erased.invalid"  # reserved name (RFC 2606): mail to it goes nowhere
    user.phone = None
    user.phone_verified_at = None
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
