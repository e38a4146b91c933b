"""Every read of notices and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User
    from notifications.models import Message, Notice  # noqa: F401  (named below)


class NoticeQuerySet(models.QuerySet["Notice"]):
    def inbox_of(self, person: User) -> NoticeQuerySet:
        """What the person was told on the site, the newest first."""
        return self.filter(person=person, in_inbox=True).order_by("-created_at", "-pk")

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at=None)

    def older_than(self, notice: Notice) -> NoticeQuerySet:
        """What comes after `notice` in the order of the inbox: the page that follows it."""
        return self.filter(created_at__lte=notice.created_at).exclude(created_at=notice.created_at, pk__gte=notice.pk)

    def up_to(self, notice: Notice) -> NoticeQuerySet:
        """`notice` and what is older."""
        return self.filter(created_at__lte=notice.created_at).exclude(created_at=notice.created_at, pk__gt=notice.pk)


class MessageQuerySet(models.QuerySet["Message"]):
    def to_person(self, person: User) -> MessageQuerySet:
        """Messages to the person's present contacts, and those of notices to them; none that was told to somebody else
        who had the address or number before."""
        contacts = [contact for contact in (person.email, person.phone) if contact]
        nobodys = models.Q(notice=None) | models.Q(notice__person=None)
        return self.filter(models.Q(recipient__in=contacts) & nobodys | models.Q(notice__person=person))
