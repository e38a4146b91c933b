"""Answering a retried request as the first time: `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput, Refusal
from core.models import IdempotencyRecord

MAX_KEY_LENGTH = 200
# A client that retries does so within the day; an answer holds names and numbers, so it is not kept longer.
KEPT = timedelta(hours=24)


class KeyReusedError(Refusal):
    """The key was used for another request: 422, nothing done."""

    code = "idempotency_key_reused"
    status = 422
    message = _("This Idempotency-Key was used for a different request.")


def once(*, owner: str, key: str, request: dict[str, Any], run: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
    """Run `run` once for `owner` and `key` and remember its `(status, body)`; a retry gets the remembered answer.

    The record and the effect are one transaction: either both are there after a crash or neither. A rival with the
    same key waits for the first. A refusal (exception) is not remembered: the retry is tried anew. Without a key it
    just runs. `request` is what must be equal for a replay (JSON-serialisable). Raises KeyReusedError, InvalidInput.
    """
    if not key:
        return run()
    if len(key) > MAX_KEY_LENGTH or "\x00" in key:
        raise InvalidInput(_("The Idempotency-Key is too long."), field="Idempotency-Key")
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    with transaction.atomic():
        record = _claim(owner, key, digest)
        if record.request_hash != digest:
            raise KeyReusedError(field="Idempotency-Key")
        if record.status_code is not None:
            return record.status_code, record.body
        record.status_code, record.body = run()
        record.save(update_fields=["status_code", "body"])
        return record.status_code, record.body


def forget_old(*, at: datetime) -> int:
    """Remove the answers remembered longer than `KEPT`. Returns how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=at - KEPT).delete()[0]


def forget_owner(owner: str) -> None:
    """Remove every answer that `owner` may replay: their account is erased."""
    IdempotencyRecord.objects.filter(owner=owner).delete()


def _claim(owner: str, key: str, digest: str) -> IdempotencyRecord:
    """The record of this key, locked: ours if new, the first one's if not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotencyrecord (owner, key, request_hash, created_at)"
            " VALUES (%s, %s, %s, now()) ON CONFLICT DO NOTHING",
            [owner, key, digest],
        )
    return IdempotencyRecord.objects.select_for_update().get(owner=owner, key=key)
