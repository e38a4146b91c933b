"""Shops that an owner can let read a health record."""

import pytest

from shops.record_names import find
from tests.factories.shops import open_shop
from vehicles.record.known_shops import Query

pytestmark = pytest.mark.django_db


def test_a_shop_is_found_by_name_public_id_and_address():
    shop = open_shop(slug="shenchi-xuhui", name_zh="申驰汽修", name_en="Shenchi Auto")
    open_shop(slug="other", name_zh="其他", name_en="Other")
    for query in (Query(text="shenchi"), Query(text="申驰"), Query(keys=[shop.public_id]), Query(slugs=[shop.slug])):
        assert [(row.key, row.slug) for row in find(query)] == [(shop.public_id, "shenchi-xuhui")]
    assert find(Query(text="nobody")) == find(Query()) == []


def test_an_unlisted_shop_is_not_found_by_name():
    shop = open_shop(slug="shenchi-xuhui", name_en="Shenchi Auto", is_listed=False)
    assert find(Query(text="shenchi")) == []
    assert len(find(Query(slugs=[shop.slug]))) == 1
