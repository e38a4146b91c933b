"""How a person is known and reached: an e-mail address or a mobile number, in one canonical form each."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberType

from accounts.choices import ContactKind
from accounts.models import User
from core.errors import InvalidInput

MAX_LENGTH = 254  # RFC 5321: the longest address that mail can be sent to
HOME_REGION = "CN"  # a number without a country code is taken as a Chinese one

_PHONE_SHAPE = re.compile(r"\+?[\d\s().\-]{5,30}")
_REACHED_BY_SMS = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


class ContactError(InvalidInput):
    """What was typed is neither an e-mail address nor a mobile number."""

    code = "invalid_contact"


@dataclass(frozen=True)
class Contact:
    """A contact in canonical form: an e-mail address in lower case, or a number in E.164."""

    kind: ContactKind
    value: str

    def __str__(self) -> str:
        return self.value

    @property
    def is_phone(self) -> bool:
        return self.kind == ContactKind.PHONE

    @property
    def shown(self) -> str:
        """As people write it: 138 0013 8001 at home, +44 7400 123456 for other countries."""
        if not self.is_phone:
            return self.value
        number = phonenumbers.parse(self.value)
        home = phonenumbers.region_code_for_number(number) == HOME_REGION
        form = phonenumbers.PhoneNumberFormat
        return phonenumbers.format_number(number, form.NATIONAL if home else form.INTERNATIONAL)


def parse_login(text: str) -> Contact:
    """Read what a person typed as an e-mail address or a mobile number.

    Full-width characters, spaces and dashes are accepted; a number without country code is a Chinese one.
    Raises ContactError (field `login`) that says what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ContactError(_("This is too long for an e-mail address or a mobile number."), field="login")
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        raise ContactError(_("Enter a mobile number or an e-mail address."), field="login")
    return Contact(ContactKind.EMAIL, _email(text)) if "@" in text else Contact(ContactKind.PHONE, _phone(text))


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise ContactError(_("This e-mail address is not complete. Example: name@example.com"), field="login") from None
    return text.lower()


def _phone(text: str) -> str:
    if not any(char.isdigit() for char in text) or not _PHONE_SHAPE.fullmatch(text):
        raise ContactError(_("This is neither a mobile number nor an e-mail address."), field="login")
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ContactError(
            _("This mobile number does not exist. Outside China, start with + and the country code."), field="login"
        )
    if phonenumbers.number_type(number) not in _REACHED_BY_SMS:
        raise ContactError(
            _("A code cannot be sent to this number. Enter a mobile number or an e-mail address."), field="login"
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def find_person(contact: Contact) -> User | None:
    """The person known by this contact, whether active or not."""
    if contact.is_phone:
        return User.objects.filter(phone=contact.value).first()
    return User.objects.filter(email__iexact=contact.value).first()


def person_owns_contact(user: User, *, email: str = "", phone: str = "") -> bool:
    """Whether `user` has proven by a code that the address or the number (E.164) is theirs."""
    if phone:
        return user.phone == phone and user.phone_verified_at is not None
    if not email or (user.email or "").lower() != email.lower():
        return False
    return bool(EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists())
