"""The database keeps appeals as they were made and answered, whoever writes to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from reviews.choices import AppealStatus
from reviews.models import Appeal
from reviews.moderation import appeals
from tests.factories.accounts import UserFactory
from tests.factories.reviews import published, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import LATER, author_appeals, reject, shop_appeals, waiting

pytestmark = pytest.mark.django_db
OPEN, DECIDED = False, True


def _appeal(*, is_decided: bool) -> Appeal:
    made = author_appeals(reject(review(reviewable_visit(open_shop()))))
    if is_decided:
        item = waiting(made.review, "appeal")
        appeals.decide(item=item, by=UserFactory(), at=LATER, uphold=False, answer="We looked again.")
    return Appeal.objects.get(pk=made.pk)


def _run(sql: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.parametrize(
    ("is_decided", "attack"),
    [
        (OPEN, "text = 'I take that back'"),
        (OPEN, "by_id = NULL"),
        (OPEN, "made_at = made_at - interval '1 day'"),
        (OPEN, "side = 'shop'"),
        (OPEN, "reason = 'insult'"),
        (OPEN, "public_id = 'another'"),
        (OPEN, "version_id = version_id + 1000"),
        (OPEN, "review_id = review_id + 1000"),
        (DECIDED, "answer = 'Something else'"),
        (DECIDED, "status = 'upheld'"),
        (DECIDED, "decided_at = decided_at - interval '1 day'"),
        (DECIDED, "decided_by_id = NULL"),
        (DECIDED, "text = '', answer = 'Something else'"),
    ],
)
def test_the_database_refuses_another_appeal_in_the_place_of_this_one(is_decided: bool, attack: str) -> None:
    made = _appeal(is_decided=is_decided)
    with pytest.raises(DatabaseError, match="reviews_appeal keeps what was written"):
        _run(f"UPDATE reviews_appeal SET {attack} WHERE id = %s", made.pk)


def test_the_database_deletes_no_appeal() -> None:
    made = _appeal(is_decided=DECIDED)
    with pytest.raises(DatabaseError, match="reviews_appeal keeps what was written"):
        _run("DELETE FROM reviews_appeal WHERE id = %s", made.pk)


def test_words_of_an_appeal_go_and_do_not_come_back() -> None:
    made = _appeal(is_decided=DECIDED)
    _run("UPDATE reviews_appeal SET text = '', answer = '' WHERE id = %s", made.pk)
    for name in ("text", "answer"):
        with pytest.raises(DatabaseError, match="reviews_appeal keeps what was written"):
            _run(f"UPDATE reviews_appeal SET {name} = 'Put into their mouth' WHERE id = %s", made.pk)


def test_an_answer_is_written_once() -> None:
    made = shop_appeals(published(reviewable_visit(open_shop())))
    _run("UPDATE reviews_appeal SET answer = 'One' WHERE id = %s", made.pk)
    with pytest.raises(DatabaseError, match="reviews_appeal keeps what was written"):
        _run("UPDATE reviews_appeal SET answer = 'Two' WHERE id = %s", made.pk)


def test_what_was_settled_without_a_person_may_wait_again() -> None:
    made = _appeal(is_decided=OPEN)
    _run("UPDATE reviews_appeal SET status = 'moot', decided_at = now() WHERE id = %s", made.pk)
    _run("UPDATE reviews_appeal SET status = 'open', decided_at = NULL WHERE id = %s", made.pk)
    assert Appeal.objects.get(pk=made.pk).status == AppealStatus.OPEN
