"""Addresses with a secret in them: whoever knows one is let in without signing in, so what is logged, or kept of a
message, must not have it. Of the secrets themselves the database has hashes (a visit's link, a buyer's view, a car that
is handed over), nothing (a poll and a link that ends messages, which are signed) or, because its owner can read it
again, the whole (a calendar feed).

Which addresses these are is written here and not in the rooms, because a log line is only text;
`tests/core/test_secret_addresses.py` asks every route of the site that takes a token.
"""

from __future__ import annotations

import logging
import re

MASK = "••••••"

# A visit's link, its poll, a calendar feed, a buyer's view of a health record, a car that is handed over, the link that
# ends messages. In a query
# ("?next=") slashes are written as %2F.
_SECRET = re.compile(
    r"((?:/|%2F)(?:v|live|calendar|r|unsubscribe|cars(?:/|%2F)take-over|notices(?:/|%2F)sms)(?:/|%2F))"
    r"(?:[\w.:=@~-]|%(?!2F)[0-9A-F]{2})+",
    re.ASCII | re.IGNORECASE,
)
# Who writes addresses into logs: the web server's access and error log, Django's refusals, the development server.
_LOGGERS = (
    "gunicorn.access",
    "gunicorn.error",
    "django.request",
    "django.security.csrf",
    "django.security.DisallowedHost",
    "django.server",
)


# One character of an address written as its number, once or again and again. Only what an address may have as it is: a
# line break or a quotation mark that is spelled out must not come to life in a log.
_SPELLED = re.compile(r"%(?:25)*(2[DEF]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)", re.IGNORECASE)


def mask(text: str) -> str:
    """`text` without the secret part of every such address in it; what follows the secret in an address stays."""
    return _SECRET.sub(rf"\g<1>{MASK}", text)


def mask_however_spelled(text: str) -> str:
    """`mask`; a secret that shows only when the address is spelled plainly ("/%76/", "take%2Dover", "%252F") is masked
    in the plain spelling, which then stands for the text."""
    masked = mask(text)
    plain = _spell(_spell(masked))
    return found if (found := mask(plain)) != plain else masked


def _spell(text: str) -> str:
    return _SPELLED.sub(lambda spelled: chr(int(spelled[1], 16)), text)


class _Masked(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with its text masked."""
        text = record.getMessage()
        if (masked := mask_however_spelled(text)) != text:
            record.msg, record.args = masked, ()
        return True


_masked = _Masked()


def keep_out_of_logs() -> None:
    """Mask what the web server and Django log, whichever handlers and formats are configured; twice is once."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_masked)
