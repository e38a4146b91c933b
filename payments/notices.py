"""What providers tell us (webhooks): checked, written down once, acknowledged; then the provider is asked what is true.

Nothing that a notice says about money is believed: it only says whom to ask about what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q

from core import faults
from payments import collecting, payout_sending, refund_sending, suspense
from payments.alarms import raise_alarm
from payments.choices import AlarmKind, NoticeVerdict
from payments.models import Payment, ProviderNotice, Refund
from payments.providers import registry
from payments.providers.base import (
    Answer,
    Notice,
    NoticeFault,
    NoticeRefusedError,
    ProviderRefusedError,
    ProviderUnavailableError,
    Standing,
    Subject,
)

# Real notices have a few kilobytes.
MAX_BODY_BYTES = 64 * 1024
# Of a refused one as much is kept as it takes to see what it was.
_KEPT_BYTES = 4 * 1024
# A stranger can send what he likes, and cannot fill the table: so many refused ones are written down of a provider.
_REFUSED_A_MINUTE, _REFUSED_A_DAY = 10, 500
# For how long notices can matter to somebody who asks what happened (product decision). A payment can be refunded, and
# its owner go to the bank, for about half a year.
_KEPT_REFUSED, _KEPT_BODIES = timedelta(days=30), timedelta(days=180)
# Pauses between tries, and for how long no other worker takes a notice up.
_PAUSES_SECONDS = (60, 60, 120, 300, 600, 1800, 3600)
# Given up after about nine hours: payments and refunds are asked about by their own sweeps all the same.
_MAX_TRIES = 14


# --- Taken in ---------------------------------------------------------------------------------------


def accept(*, provider_key: str, headers: Mapping[str, str], body: bytes, at: datetime) -> ProviderNotice | None:
    """Check a notice and write it down; None for one that came before. Makes no outbound call.

    Raises ProviderNotConfigured, and NoticeRefusedError once the refusal is written down.
    """
    try:
        notice = registry.get(provider_key).read_notice(headers=headers, body=body, at=at)
    except NoticeRefusedError as refusal:
        _refuse(provider_key, refusal, body, at)
        raise
    with transaction.atomic():
        row, is_new = _write(provider_key, notice, body, at)
        faults.point("payments.notice.written")
    faults.point("payments.notice.committed")
    return row if is_new else None


def _write(provider_key: str, notice: Notice, body: bytes, at: datetime) -> tuple[ProviderNotice, bool]:
    return ProviderNotice.objects.get_or_create(
        provider=provider_key,
        event_id=_short(notice.event_id),
        verdict=NoticeVerdict.ACCEPTED,
        defaults={
            "subject": notice.subject.value,
            "request_no": _text(notice.request_no)[:64],
            "sent_at": notice.sent_at,
            "received_at": at,
            "next_try_at": at,
            "body": _text(body),
        },
    )


@transaction.atomic
def _refuse(provider_key: str, refusal: NoticeRefusedError, body: bytes, at: datetime) -> None:
    """Write a refused notice down, once for its body, and raise an alarm; nothing where there are too many."""
    if _is_flooded(provider_key, at):
        return
    reason = NoticeFault(refusal.reason).value
    row, is_new = ProviderNotice.objects.get_or_create(
        provider=provider_key,
        event_id=hashlib.sha256(body).hexdigest(),
        verdict=NoticeVerdict.REFUSED,
        defaults={"fault": reason, "received_at": at, "body": _text(body[:_KEPT_BYTES])},
    )
    if is_new:
        data = {"provider": provider_key, "fault": reason, "notice": row.pk, "detail": _text(refusal.detail)[:100]}
        raise_alarm(kind=AlarmKind.NOTICE_REFUSED, key=f"{provider_key}:{reason}", at=at, data=data)


def _is_flooded(provider_key: str, at: datetime) -> bool:
    refused = ProviderNotice.objects.filter(provider=provider_key, verdict=NoticeVerdict.REFUSED)
    lately = refused.filter(received_at__gt=at - timedelta(days=1)).aggregate(
        day=Count("pk"), minute=Count("pk", filter=Q(received_at__gt=at - timedelta(minutes=1)))
    )
    return bool(lately["day"] >= _REFUSED_A_DAY or lately["minute"] >= _REFUSED_A_MINUTE)


def _text(raw: bytes | str) -> str:
    text = raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else raw
    return text.replace("\x00", "\ufffd")


def _short(event_id: str) -> str:
    is_fine = len(event_id) <= 128 and "\x00" not in event_id
    return event_id if is_fine else hashlib.sha256(event_id.encode()).hexdigest()


# --- Looked into ------------------------------------------------------------------------------------


def handle(*, notice_id: int, at: datetime) -> bool:
    """Find out what a notice is about and record what its provider says. False if it is not time, or no answer came.

    Call it outside of transactions. Doing it twice, or in two workers at once, records once.
    """
    notice = _claim(notice_id, at)
    if notice is None:
        return False
    try:
        outcome = _look_into(notice, at)
    except (ProviderUnavailableError, ProviderRefusedError, registry.ProviderNotConfigured):
        if notice.tries < _MAX_TRIES:
            return False
        outcome = "given_up"
    _finish(notice, outcome, at)
    return outcome != "given_up"


@transaction.atomic
def _claim(notice_id: int, at: datetime) -> ProviderNotice | None:
    waiting = ProviderNotice.objects.filter(pk=notice_id, next_try_at__lte=at)
    notice = waiting.select_for_update(skip_locked=True, no_key=True).first()
    if notice is None:
        return None
    notice.next_try_at = at + timedelta(seconds=_PAUSES_SECONDS[min(notice.tries, len(_PAUSES_SECONDS) - 1)])
    notice.tries += 1
    notice.save(update_fields=["next_try_at", "tries"])
    return notice


def _finish(notice: ProviderNotice, outcome: str, at: datetime) -> None:
    waiting = ProviderNotice.objects.filter(pk=notice.pk, handled_at__isnull=True)
    waiting.update(handled_at=at, next_try_at=None, outcome=outcome[:40])


def _look_into(notice: ProviderNotice, at: datetime) -> str:
    """Ask the provider about whatever it is, and record the answer. Returns the outcome in a word."""
    match notice.subject:
        case Subject.PAYMENT:
            return _payment(notice, at)
        case Subject.REFUND:
            return _refund(notice, at)
        case Subject.PAYOUT:
            return payout_sending.hear(request_no=notice.request_no, at=at)
        case _:
            return "nothing_to_do"


def _payment(notice: ProviderNotice, at: datetime) -> str:
    payment = Payment.objects.filter(provider=notice.provider, request_no=notice.request_no).first()
    if payment is not None:
        return str(collecting.ask(payment_id=payment.pk, at=at).status)
    answer = Answer(Standing.MISSING)
    if notice.request_no:
        answer = registry.get(notice.provider).ask(notice.request_no)
    return _unknown_payment(notice, answer, at)


def _unknown_payment(notice: ProviderNotice, answer: Answer, at: datetime) -> str:
    """A payment that we never asked for: a person has to look; money that did come is put aside."""
    kind, number = AlarmKind.UNKNOWN_PAYMENT, notice.request_no
    if answer.standing is Standing.DONE and answer.amount_fen and answer.currency:
        suspense.put_aside(
            kind=kind,
            provider=notice.provider,
            request_no=number,
            amount_fen=answer.amount_fen,
            currency=answer.currency,
            at=at,
        )
        return "suspense"
    _alarm(notice, at)
    return "unknown"


def _refund(notice: ProviderNotice, at: datetime) -> str:
    refund = Refund.objects.filter(payment__provider=notice.provider, request_no=notice.request_no).first()
    if refund is not None:
        return str(refund_sending.ask(refund_id=refund.pk, at=at).status)
    if _is_of_suspense(notice):
        suspense.hear(provider_key=notice.provider, request_no=notice.request_no[1:], at=at)
        return "suspense"
    _alarm(notice, at)
    return "unknown"


def _is_of_suspense(notice: ProviderNotice) -> bool:
    """Whether it tells of money that a person sent back out of suspense (`payments.suspense`)."""
    number = notice.request_no
    return number.startswith("s") and suspense.holds(provider=notice.provider, request_no=number[1:])


def _alarm(notice: ProviderNotice, at: datetime) -> None:
    with transaction.atomic():
        raise_alarm(
            kind=AlarmKind.UNKNOWN_PAYMENT,
            key=f"{notice.provider}:{notice.request_no or notice.event_id}",
            at=at,
            data={"provider": notice.provider, "about": notice.subject, "request_no": notice.request_no},
        )


def due_ids(*, provider: str, at: datetime, limit: int) -> list[int]:
    """Notices of a provider that are to be looked into by `at`, longest waiting first."""
    waiting = ProviderNotice.objects.filter(provider=provider, next_try_at__lte=at)
    return list(waiting.order_by("next_try_at", "pk").values_list("pk", flat=True)[:limit])


def forget_old(*, at: datetime) -> int:
    """Remove old refused notices, and the wording of old accepted ones (it names people). Returns how many rows."""
    refused = ProviderNotice.objects.filter(verdict=NoticeVerdict.REFUSED, received_at__lt=at - _KEPT_REFUSED)
    worded = ProviderNotice.objects.filter(received_at__lt=at - _KEPT_BODIES, handled_at__isnull=False).exclude(body="")
    return refused.delete()[0] + worded.update(body="")
