"""Nothing that is worth money can depend on what a review says."""

from __future__ import annotations

import pytest
from django.apps import apps

from core.models import OutboxEvent
from reviews.models import Review, ReviewVersion
from tests.factories.reviews import published, reviewable_visit
from tests.factories.shops import open_shop


def _points_at(model, *targets):
    return [field.name for field in model._meta.get_fields() if field.concrete and field.related_model in targets]


def test_no_other_room_knows_a_review():
    foreign = [model for model in apps.get_models() if model._meta.app_label != "reviews"]
    assert {model.__name__: found for model in foreign if (found := _points_at(model, Review, ReviewVersion))} == {}


def test_nothing_worth_money_points_at_a_review():
    reviews = list(apps.get_app_config("reviews").get_models())
    worth = [model for model in reviews if any(field.name.endswith("_fen") for field in model._meta.fields)]
    assert [model.__name__ for model in worth] == ["FollowUpOffer"]
    reached, found = set(worth), list(worth)
    while found:  # whatever an offer leads to among the tables of reviews
        for field in found.pop()._meta.fields:
            target = field.related_model
            if target in reviews and target not in reached:
                reached.add(target)
                found.append(target)
    assert {Review, ReviewVersion}.isdisjoint(reached)


@pytest.mark.django_db
def test_no_event_carries_what_a_review_says():
    for stars in (1, 5):
        published(reviewable_visit(open_shop()), stars=stars, text="A word about the work")
    told = [(event.topic, sorted(event.payload)) for event in OutboxEvent.objects.filter(topic__startswith="review")]
    assert sorted(told) == [("review.published", [])] * 2 + [("review.received", ["version"])] * 2
