from datetime import UTC, datetime

import pytest

from shops.choices import Role
from tests.factories.shops import ShopFactory, ShopMemberFactory

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


@pytest.fixture
def shop():
    return ShopFactory(slug="shenchi")


@pytest.fixture
def manager(shop):
    """A member who may change settings and staff below them."""
    return ShopMemberFactory(shop=shop, role=Role.MANAGER).user


@pytest.fixture
def owner(shop):
    return ShopMemberFactory(shop=shop, role=Role.OWNER).user


@pytest.fixture
def at():
    return NOW
