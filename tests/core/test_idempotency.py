"""One key, one effect: replays, reuse, refusals, and rivals with the same key."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from core import idempotency
from core.errors import InvalidInput
from core.models import IdempotencyRecord

REQUEST = {"body": {"a": 1}}


def run_once(calls: list[int], *, key: str = "k", request: dict[str, Any] | None = None) -> tuple[int, Any]:
    def run() -> tuple[int, Any]:
        calls.append(1)
        return 201, {"n": len(calls)}

    return idempotency.once(owner="user 1", key=key, request=request or REQUEST, run=run)


@pytest.mark.django_db
def test_a_retry_gets_the_first_answer() -> None:
    calls: list[int] = []
    assert run_once(calls) == run_once(calls) == (201, {"n": 1})
    assert len(calls) == 1


@pytest.mark.django_db
def test_without_a_key_every_request_counts() -> None:
    calls: list[int] = []
    run_once(calls, key="")
    run_once(calls, key="")
    assert len(calls) == 2


@pytest.mark.django_db
def test_the_key_of_another_request_is_refused() -> None:
    run_once([])
    with pytest.raises(idempotency.KeyReusedError):
        run_once([], request={"body": {"a": 2}})


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 201, "a\x00b"])
def test_a_key_that_cannot_be_kept_is_bad_input(key: str) -> None:
    with pytest.raises(InvalidInput):
        run_once([], key=key)


@pytest.mark.django_db
def test_what_fails_is_not_remembered() -> None:
    def fail() -> tuple[int, Any]:
        raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        idempotency.once(owner="user 1", key="k", request=REQUEST, run=fail)
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_eight_rivals_with_one_key_have_one_effect_and_one_answer() -> None:
    calls: list[int] = []
    ready = threading.Barrier(8)

    def rival(_number: int) -> tuple[int, Any]:
        try:
            ready.wait(timeout=30)
            return run_once(calls)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(rival, range(8)))
    assert answers == [(201, {"n": 1})] * 8
    assert len(calls) == 1
