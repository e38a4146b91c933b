"""Letters that come back: reads what mail servers report (RFC 3464) and what mailbox providers pass on of complaints
(RFC 5965), and says which letter of ours it was.

A report may come from anybody. It counts only for a letter of ours, named by its Message-ID or by the address it came
back to, and only if the recipient it names is the one we wrote to (`notifications.returns`).
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from email.utils import getaddresses
from enum import StrEnum

from core import ids
from notifications import returns
from notifications.channels.smtp_answers import is_address_at_fault, status_in
from notifications.choices import AddressFault, Channel

MAX_BYTES = 1_000_000
# More recipients than a letter of ours ever had; a report that names thousands is none.
MAX_RECIPIENTS = 20
_ID = rf"[{ids.ALPHABET}]{{{ids.LENGTH}}}"
_MESSAGE_ID = re.compile(rf"<\s*({_ID})@[^>\s]+>")
_ANY_ID = re.compile(rf"(?<![a-z0-9])({_ID})(?![a-z0-9])")


class NotAReportError(Exception):
    """Neither a delivery report nor a complaint."""


class Outcome(StrEnum):
    """What a report did."""

    UNREACHABLE = "unreachable"
    CAME_BACK = "came back"
    COMPLAINED = "complained"
    PASSED_OVER = "passed over"


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient of a delivery report. `status`: RFC 3463, "5.1.1"."""

    recipient: str
    action: str
    status: str
    said: str

    @property
    def is_final(self) -> bool:
        """Whether the server has given up; "delayed" means that it goes on trying."""
        return self.action == "failed" and self.status[:2] in ("4.", "5.")

    @property
    def is_address_at_fault(self) -> bool:
        return self.status.startswith("5.") and is_address_at_fault(self.status)


def read(raw: bytes, *, at: datetime) -> list[Outcome]:
    """Read one report and act on it; one outcome for each recipient it names, in order. Raises NotAReportError."""
    try:
        report = email.message_from_bytes(raw[:MAX_BYTES], policy=email.policy.default)
        kind = report.get_param("report-type", failobj="") if report.get_content_type() == "multipart/report" else ""
        match str(kind).lower():
            case "delivery-status":
                return _read_failures(report, at)
            case "feedback-report":
                return [_read_complaint(report, at)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # What a hostile letter makes of the parser.
        raise NotAReportError(type(error).__name__) from error
    raise NotAReportError("no report")


def _read_failures(report: Message, at: datetime) -> list[Outcome]:
    public_ids = _letters_named(report)
    failures = list(_failures(report))[:MAX_RECIPIENTS]
    if not failures:
        raise NotAReportError("a report on nobody")
    return [_act(failure, public_ids, at) for failure in failures]


def _act(failure: Failure, public_ids: list[str], at: datetime) -> Outcome:
    if not failure.is_final:
        return Outcome.PASSED_OVER
    said = f"{failure.status} {failure.said}".strip()[:300]
    for public_id in public_ids:
        ours = {"channel": Channel.EMAIL, "public_id": public_id, "recipient": failure.recipient, "said": said}
        if failure.is_address_at_fault:
            if returns.undeliverable(**ours, fault=AddressFault.BOUNCED, at=at):
                return Outcome.UNREACHABLE
        elif returns.not_delivered(**ours, lasts=failure.status.startswith("4.") or failure.status == "5.2.2", at=at):
            return Outcome.CAME_BACK
    return Outcome.PASSED_OVER


def _read_complaint(report: Message, at: datetime) -> Outcome:
    feedback = next((part for part in report.walk() if part.get_content_type() == "message/feedback-report"), None)
    if feedback is None:
        raise NotAReportError("a complaint without a report")
    fields = _fields_of(feedback)[0]
    if str(fields.get("Feedback-Type", "")).strip().lower() == "not-spam":
        return Outcome.PASSED_OVER
    original = next(_originals(report), None)
    # Providers leave the recipient out, or name it here; else it is in the letter they send along.
    named = [str(value) for value in fields.get_all("Original-Rcpt-To", [])]
    named += [str(value) for value in original.get_all("To", [])] if original is not None else []
    for public_id in _letters_named(report):
        for _name, recipient in getaddresses(named)[:MAX_RECIPIENTS]:
            if returns.complained(public_id=public_id, recipient=recipient.strip("<>"), said="complaint", at=at):
                return Outcome.COMPLAINED
    return Outcome.PASSED_OVER


def _failures(report: Message) -> Iterator[Failure]:
    for part in report.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in _fields_of(part):
            recipient = fields.get("Original-Recipient") or fields.get("Final-Recipient")
            if recipient is None:
                continue  # the first block is about the letter as a whole
            said = " ".join(str(fields.get("Diagnostic-Code", "")).split())
            yield Failure(
                recipient=str(recipient).partition(";")[2].strip().strip("<>"),
                action=str(fields.get("Action", "")).strip().lower(),
                status=status_in(str(fields.get("Status", ""))),
                said=said[:250].replace("\x00", ""),
            )


def _fields_of(part: Message) -> list[Message]:
    """Blocks of header fields: Python reads those of a delivery report itself, others are text."""
    content = part.get_payload()
    if isinstance(content, list):
        return [block for block in content if isinstance(block, Message)]
    return [email.message_from_string(str(content), policy=email.policy.compat32)]


def _originals(report: Message) -> Iterator[Message]:
    """The headers of the letter that came back."""
    for part in report.walk():
        match part.get_content_type(), part.get_payload():
            case "message/rfc822", [EmailMessage() as letter, *_]:
                yield letter
            case "text/rfc822-headers", str() as headers:
                yield email.message_from_string(headers, policy=email.policy.default)


def _letters_named(report: Message) -> list[str]:
    """Numbers of letters of ours that the report can be about: by the letter it returns, or the address it came to."""
    found: list[str] = []
    for original in _originals(report):
        found += _MESSAGE_ID.findall(str(original.get("Message-ID", "")))
    for name in ("To", "Delivered-To", "X-Original-To"):
        for value in report.get_all(name, []):
            found += _ANY_ID.findall(str(value).lower())
    return list(dict.fromkeys(found))[:MAX_RECIPIENTS]
