"""Six-digit codes that prove a contact: sent once, kept as a digest in the visitor's session, good for ten minutes.

The session, not the contact, owns the code: nobody else can spend the attempts of a code that was sent to you.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.choices import CodePurpose, ContactKind
from accounts.contacts import Contact
from core.errors import InvalidInput, Refusal

LENGTH = 6
LIFETIME = timedelta(minutes=10)
COOL_DOWN = timedelta(seconds=30)  # as the rate "code_cooldown" in ACCOUNT_RATE_LIMITS
SESSION_KEY = "pending_code"


class CodeNotSentError(Refusal):
    """The mail server or the SMS gateway refused the code."""

    code = "code_not_sent"
    status = 503
    message = _("We could not send the code. Nothing was lost; please try again, or use your other contact.")


class WrongCodeError(InvalidInput):
    code = "wrong_code"
    message = _("This code is not right. Use the newest one we sent.")


class NoCodeError(Refusal):
    """No code is waiting: none was asked for, it is too old, or it was tried too often."""

    code = "code_expired"
    status = 409
    message = _("This code is no longer valid. Please ask for a new one.")


@dataclass(frozen=True)
class PendingCode:
    """A code on its way; times are seconds since the epoch. Where the person wants to go is not here: the address may
    open something, and a session is a row that stays for months (`page` carries it)."""

    purpose: str
    kind: str
    value: str
    nonce: str
    digest: str
    sent_at: float

    @property
    def contact(self) -> Contact:
        return Contact(ContactKind(self.kind), self.value)

    def is_alive(self, *, at: datetime) -> bool:
        return at.timestamp() - self.sent_at <= LIFETIME.total_seconds()

    def wait_seconds(self, *, at: datetime) -> int:
        """Seconds until another code can be sent to the same contact."""
        return max(0, round(self.sent_at + COOL_DOWN.total_seconds() - at.timestamp()))

    def accepts(self, code: str) -> bool:
        return constant_time_compare(self.digest, _digest(nonce=self.nonce, code=code))


def pending(request: HttpRequest, *, at: datetime) -> PendingCode | None:
    """The code that this session waits for; one that is too old is forgotten."""
    stored = request.session.get(SESSION_KEY)
    if not stored:
        return None
    stored.pop("next_url", None)  # sessions of earlier versions
    code = PendingCode(**stored)
    if code.is_alive(at=at):
        return code
    drop(request)
    return None


def send(request: HttpRequest, *, contact: Contact, at: datetime, purpose: str = CodePurpose.SIGN_IN) -> PendingCode:
    """Send a new code to `contact`; it replaces the one the session was waiting for.

    Asked again for the same contact within the cool-down, it sends nothing and returns the code under way.
    The answer is the same whether or not the contact has an account.
    Raises limits.TooMany, limits.Unavailable, CodeNotSentError.
    """
    before = pending(request, at=at)
    if before and before.contact == contact and before.purpose == purpose and before.wait_seconds(at=at):
        return before
    limits.consume(
        request,
        action="code_cooldown",
        key=contact.value,
        message=_("A code was sent there a moment ago. Please wait 30 seconds before asking for another."),
    )
    limits.consume(
        request,
        action="code_quota",
        key=contact.value,
        message=_("Too many codes were asked for. Please try again in an hour, or use your other contact."),
    )
    code = f"{secrets.randbelow(10**LENGTH):0{LENGTH}}"
    if not get_adapter(request).send_code(contact=contact, code=code, purpose=purpose):
        raise CodeNotSentError
    nonce = secrets.token_hex(16)
    fresh = PendingCode(
        purpose=purpose,
        kind=contact.kind,
        value=contact.value,
        nonce=nonce,
        digest=_digest(nonce=nonce, code=code),
        sent_at=at.timestamp(),
    )
    request.session[SESSION_KEY] = asdict(fresh)
    return fresh


def check(request: HttpRequest, *, code: str, at: datetime) -> PendingCode:
    """Take the right code: it is spent and returned. Raises NoCodeError, WrongCodeError (field `code`), TooMany.

    Attempts are counted in the cache by the code's nonce, so that parallel requests cannot guess past the limit.
    """
    waiting = pending(request, at=at)
    if waiting is None:
        raise NoCodeError
    limits.consume(
        request,
        action="code_check",
        key=waiting.nonce,
        message=_("This code was tried too often. Please ask for a new one."),
    )
    if not waiting.accepts(code):
        raise WrongCodeError(field="code")
    drop(request)
    return waiting


def page(then: str = "") -> str:
    """The address of the page that takes the code and goes on to `then`, an address on this site."""
    address = reverse("accounts:code")
    return f"{address}?{urlencode({REDIRECT_FIELD_NAME: then})}" if then else address


def drop(request: HttpRequest) -> None:
    """Forget the code that the session waits for."""
    request.session.pop(SESSION_KEY, None)


def _digest(*, nonce: str, code: str) -> str:
    return salted_hmac(f"accounts.codes.{nonce}", code, algorithm="sha256").hexdigest()
