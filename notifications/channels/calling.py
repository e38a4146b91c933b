"""Calls to gateways over HTTP, with what can go wrong told apart: it never got there, or nobody knows."""

from __future__ import annotations

from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from notifications.channels.base import ChannelDownError, OutcomeUnknownError

# Seconds to connect, and between two bytes of the answer.
TIMEOUT = (3.05, 10)


def post(session: requests.Session, url: str, **more: Any) -> requests.Response:
    """POST without following redirects.

    Raises ChannelDownError if the request cannot have got there, OutcomeUnknownError if it may have.
    """
    try:
        return session.post(url, timeout=TIMEOUT, allow_redirects=False, **more)
    except requests.RequestException as error:
        said = type(error).__name__
        if never_got_there(error):
            raise ChannelDownError(said) from error
        raise OutcomeUnknownError(said) from error


def never_got_there(error: requests.RequestException) -> bool:
    """Whether there was no connection at all: refused, no such host, no time to connect, no valid certificate."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)):
        return True
    if isinstance(error, (requests.ReadTimeout, requests.exceptions.ChunkedEncodingError)):
        return False
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        return isinstance(reason.reason, (NewConnectionError, ConnectTimeoutError))
    return not isinstance(error, requests.ConnectionError)  # a bad address never leaves
