"""allauth's messages, sent through our own door (ACCOUNT_ADAPTER)."""

from __future__ import annotations

from typing import Any

from allauth.core import context as allauth_context
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts.adapter import BaseAccountAdapter
from accounts.contacts import Contact
from notifications import delivery
from notifications.choices import Channel, MessageStatus


def _channel(contact: Contact) -> str:
    return Channel.SMS if contact.is_phone else Channel.EMAIL


class AccountAdapter(BaseAccountAdapter):
    """Sends codes and account notices; their language is that of the request."""

    def send_code(self, *, contact: Contact, code: str, purpose: str) -> bool:
        message = delivery.send_template(
            channel=_channel(contact),
            kind="code",
            recipient=contact.value,
            context={"code": code, "purpose": purpose},
            secret=True,
        )
        return message.status == MessageStatus.SENT

    def send_contact_changed(self, *, old: Contact, new: Contact) -> None:
        delivery.send_template(
            channel=_channel(old),
            kind="contact_changed",
            recipient=old.value,
            context={"old": old.shown, "new": new.shown},
        )

    def format_email_subject(self, subject: str) -> str:
        return subject

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth's own letters (second factor switched on, password changed, …)."""
        values = {
            "request": allauth_context.request,
            "email": email,
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL,
            **context,
        }
        letter: EmailMultiAlternatives = self.render_mail(template_prefix, email, values)
        delivery.send(
            channel=Channel.EMAIL,
            kind=template_prefix.rsplit("/", 1)[-1],
            recipient=email,
            subject=str(letter.subject),
            body=str(letter.body),
        )
