"""Offers: by default the oil service for all cars, ¥60 labour and ¥140 parts."""

import factory
from factory.django import DjangoModelFactory

from catalog.models import Offer
from tests.factories.catalog import ServiceFactory
from tests.factories.shops import ShopFactory


class OfferFactory(DjangoModelFactory):
    class Meta:
        model = Offer

    shop = factory.SubFactory(ShopFactory)
    service = factory.SubFactory(ServiceFactory)
    scope = "all"
    labour_fen = 60_00
    parts_fen = 140_00
