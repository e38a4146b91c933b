"""Of what many are told at once, what is still true is asked for all of them together, and never long before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from notifications import kinds
from notifications.choices import Topic
from notifications.kinds import Kind
from notifications.models import Notice
from notifications.truth import Truth

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
KIND = "truth/test"
FIRST, SECOND = (Notice(pk=number, kind=KIND, key=f"k{number}") for number in (1, 2))
asked: list[list[int]] = []


def _true(notices: Sequence[Notice]) -> set[int]:
    asked.append([notice.pk for notice in notices])
    return {notice.pk for notice in notices if notice.pk != SECOND.pk}


def _fails_with_the_second(notices: Sequence[Notice]) -> set[int]:
    if SECOND in notices:
        raise ValueError("second")
    return {notice.pk for notice in notices}


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    asked.clear()
    kinds.register(Kind(KIND, Topic.PLATFORM, "Test", still_all=_true))
    yield
    del kinds._kinds[KIND]


def test_a_batch_is_asked_about_once() -> None:
    truth = Truth([FIRST, SECOND])
    assert truth.holds(FIRST, at=AT)
    assert not truth.holds(SECOND, at=AT + timedelta(seconds=1))
    assert asked == [[1, 2]]


@pytest.mark.parametrize("later", [timedelta(seconds=5), timedelta(seconds=-1)])
def test_an_answer_is_not_believed_for_long(later: timedelta) -> None:
    truth = Truth([FIRST, SECOND])
    truth.holds(FIRST, at=AT)
    truth.holds(FIRST, at=AT + later)
    assert asked == [[1, 2], [1, 2]]


def test_one_of_which_nobody_can_say_it_holds_up_no_other() -> None:
    kinds.register(Kind(KIND, Topic.PLATFORM, "Test", still_all=_fails_with_the_second))
    truth = Truth([FIRST, SECOND])
    assert truth.holds(FIRST, at=AT)
    with pytest.raises(ValueError, match="second"):
        truth.holds(SECOND, at=AT)


def test_what_nobody_registered_is_taken_as_true() -> None:
    assert Truth([]).holds(Notice(kind="gone/test"), at=AT)
