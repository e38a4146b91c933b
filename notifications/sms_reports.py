"""What Alibaba Cloud SMS reports: whether texts arrived (SmsReport), and what people answered (SmsUp).

Both are JSON lists; an entry that makes no sense, or is not about a text of ours, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from accounts.contacts import ContactError, parse_login
from notifications import returns
from notifications.choices import AddressFault, Channel

# Codes of networks that mean the number is none, or that its owner wants nothing from us; then those of phones that are
# off or out of order. Others are about the text, or the network.
_GONE = {"INVALID_NUMBER": AddressFault.BOUNCED, "MOBILE_IN_BLACK": AddressFault.COMPLAINED}
_GONE |= {"USER_REJECT": AddressFault.COMPLAINED, "isv.MOBILE_NUMBER_ILLEGAL": AddressFault.BOUNCED}
_MAY_STAY = {"MOBILE_NOT_ON_SERVICE", "MOBILE_ACCOUNT_ABNORMAL", "MOBILE_TERMINAL_ERROR"}
# What Chinese senders ask people to answer, and what others are used to.
_STOP = {"T", "TD", "N", "R", "退订", "回T退订", "STOP", "UNSUBSCRIBE"}


def read_reports(reports: Iterable[Any], *, at: datetime) -> int:
    """Take what became of texts. Returns how many reports were about texts of ours."""
    return sum(_read_report(report, at) for report in reports if isinstance(report, Mapping))


def read_answers(answers: Iterable[Any], *, at: datetime) -> int:
    """Take what people answered. Returns how many of them left."""
    return sum(_read_answer(answer, at) for answer in answers if isinstance(answer, Mapping))


def _read_report(report: Mapping[str, Any], at: datetime) -> bool:
    phone, public_id = _phone(report), str(report.get("out_id", ""))[:40]
    if not phone or not public_id.isalnum():
        return False
    if report.get("success") is True:
        return returns.delivered(channel=Channel.SMS, public_id=public_id, recipient=phone, at=at)
    code = _text(report, "err_code")
    said = f"{code} {_text(report, 'err_msg')}"
    if (fault := _GONE.get(code)) is not None:
        return returns.undeliverable(
            channel=Channel.SMS, public_id=public_id, recipient=phone, fault=fault, said=said, at=at
        )
    return returns.not_delivered(
        channel=Channel.SMS, public_id=public_id, recipient=phone, said=said, lasts=code in _MAY_STAY, at=at
    )


def _read_answer(answer: Mapping[str, Any], at: datetime) -> bool:
    phone = _phone(answer)
    wants_out = _text(answer, "content").strip(" 。.!！").upper() in _STOP
    return bool(phone) and wants_out and returns.stopped(phone=phone, at=at)


def _phone(entry: Mapping[str, Any]) -> str:
    """The number in E.164, empty if it is none."""
    number = _text(entry, "phone_number")
    for way in (number, f"+{number}"):
        try:
            contact = parse_login(way)
        except ContactError:
            continue
        if contact.is_phone:
            return contact.value
    return ""


def _text(entry: Mapping[str, Any], name: str) -> str:
    return str(entry.get(name, "")).replace("\x00", "")[:200]
