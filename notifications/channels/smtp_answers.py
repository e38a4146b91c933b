"""What a mail server's answer means for the letter, the address and the channel (RFC 5321, RFC 3463)."""

from __future__ import annotations

import re
import smtplib

from notifications.channels.base import AddressRefusedError, ChannelDownError, RefusedError, TryLaterError

# "5.1.1": the second figure says what is at fault (RFC 3463, section 3).
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_NO_SUCH_MAILBOX = (550, 551, 553)
_TOO_BIG = 552


def meaning(error: smtplib.SMTPException) -> Exception:
    """The error of `channels.base` that an answer of the server amounts to.

    A refused sender concerns every letter, so the channel is at fault; a refused recipient concerns an address, unless
    the server speaks of its rules: then it is us that it does not like, and the address is as good as before.
    """
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code, said = next(iter(refused.values()))
            return _of_recipient(code, _text(said))
        case smtplib.SMTPSenderRefused(smtp_code=code, smtp_error=said):
            return RefusedError(_shown(code, said)) if code == _TOO_BIG else ChannelDownError(_shown(code, said))
        case smtplib.SMTPDataError(smtp_code=code, smtp_error=said):
            return _of_text(code, _text(said))
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=said):
            return ChannelDownError(_shown(code, said))
        case smtplib.SMTPNotSupportedError():
            return RefusedError(str(error))
        case _:
            return ChannelDownError(f"{type(error).__name__}: {error}"[:300])


def is_address_at_fault(status: str) -> bool:
    """Whether a lasting failure says that the address is no good: not one of rules (5.7), of the text (5.6), of its
    size (5.2.3, 5.3.4) or of a full mailbox (5.2.2), which may be emptied."""
    _class, subject, _detail = status.split(".")
    return subject not in {"6", "7"} and status not in {"5.2.2", "5.2.3", "5.3.4"}


def status_in(said: str) -> str:
    """The enhanced status ("5.1.1") that a text names first, empty if none."""
    found = _ENHANCED.search(said)
    return found.group() if found else ""


def _of_recipient(code: int, said: str) -> Exception:
    if code < 500:
        return TryLaterError(f"{code} {said}")
    status = status_in(said)
    if code in _NO_SUCH_MAILBOX and (not status or is_address_at_fault(status)):
        return AddressRefusedError(f"{code} {said}")
    return RefusedError(f"{code} {said}")


def _of_text(code: int, said: str) -> Exception:
    if code < 500:
        return TryLaterError(f"{code} {said}")
    # Some servers name a mailbox that is not there only now.
    if status_in(said).startswith("5.1."):
        return AddressRefusedError(f"{code} {said}")
    return RefusedError(f"{code} {said}")


def _shown(code: int, said: bytes | str) -> str:
    return f"{code} {_text(said)}"


def _text(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.replace("\x00", "").split())[:300]
