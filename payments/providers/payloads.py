"""Reading what a provider sends: strictly, and the same way for all of them."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from payments.providers.base import NoticeFault, NoticeRefusedError, ProviderUnavailableError

# Chinese providers name instants in China's zone.
CHINA = ZoneInfo("Asia/Shanghai")
# How far a notice's signed time may be from ours, both ways (WeChat Pay and Stripe both recommend five minutes).
WINDOW = timedelta(minutes=5)


def lower_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def strict_base64(text: str) -> bytes:
    """Decode base64 of which no byte could be another one.

    Decoders of the SDKs skip foreign characters and ignore the last bits, so that a changed signature would still fit.
    Raises ValueError.
    """
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64") from None
    if base64.b64encode(content).decode("ascii") != text:
        raise ValueError("not canonical base64")
    return content


def json_object(content: bytes | str) -> dict[str, Any]:
    """A JSON object. Raises ValueError for anything else, NaN and Infinity included."""
    try:
        value = json.loads(content, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def object_at(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object within an object, {} if there is none. Raises ValueError when it is something else."""
    value = values.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not an object")
    return value


def text_at(values: Mapping[str, Any], name: str) -> str:
    """A text of an object, "" if there is none. Raises ValueError when it is something else."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def china_instant(text: str) -> datetime:
    """2026-11-22 12:30:00 on China's clocks as an aware instant. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def china_time(text: str) -> datetime | None:
    """The same, None for ""."""
    return china_instant(text) if text else None


def iso_time(text: str) -> datetime | None:
    """An ISO 8601 instant with an offset; None for "". Raises ValueError."""
    if not text:
        return None
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("no offset")
    return value


def unix_seconds(text: str) -> int:
    """Seconds since 1970 in plain digits. Raises ValueError; int() alone would take " +1_0", too."""
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise ValueError("not a time")
    return int(text)


def expect(answer: Mapping[str, Any], name: str, value: str) -> None:
    """Raise ValueError unless the answer is about what was asked."""
    if answer.get(name) != value:
        raise ValueError(f"another {name}")


@contextmanager
def understood(provider: str) -> Iterator[None]:
    """Whatever cannot be read in an answer makes it no answer: raises ProviderUnavailableError."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        detail = f"{type(error).__name__}: {str(error)[:80]}"
        raise ProviderUnavailableError(f"{provider}: answer not understood ({detail})") from None


def check_window(sent_at: datetime, at: datetime, *, retries: timedelta = timedelta(0)) -> None:
    """Refuse a notice whose signed time is more than WINDOW away from now; `retries` prolongs the past.

    Raises NoticeRefusedError (STALE).
    """
    if not -WINDOW <= at - sent_at <= WINDOW + retries:
        raise NoticeRefusedError(NoticeFault.STALE, f"sent at {sent_at.isoformat()}")
