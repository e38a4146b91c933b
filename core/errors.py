"""Refusals: what the business says no to, with one place that turns them into HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise


class Refusal(Exception):
    """A clear no to a request that was understood. Nothing was changed.

    `code` is stable and for machines, `message` is translated and for people, `field` names the input at fault
    (if one is), `status` is the HTTP status, `extra` joins the API's problem document (for example alternatives).
    """

    code = "refused"
    status = 409
    message: str | Promise = "Refused."

    def __init__(
        self,
        message: str | Promise | None = None,
        *,
        field: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.message = message if message is not None else self.message
        self.field = field
        self.extra = dict(extra or {})
        super().__init__(str(self.message))


class InvalidInput(Refusal):
    """The input cannot be right, whatever the state of the world: 400 with the field named."""

    code = "invalid"
    status = 400


class NotAllowed(Refusal):
    """The person may see the object but not do this to it."""

    code = "not_allowed"
    status = 403


class Conflict(Refusal):
    """The world has moved on: the state does not permit this any more."""

    code = "conflict"
    status = 409
