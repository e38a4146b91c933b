"""Services, schedules, rules. The default is the oil service that every engine needs."""

import factory
from factory.django import DjangoModelFactory

from catalog.models import MakerSchedule, OverMaintenanceRule, PriceGuide, Service
from tests.factories.vehicles import MakeFactory


class ServiceFactory(DjangoModelFactory):
    class Meta:
        model = Service
        django_get_or_create = ["key"]

    key = "minor_service"
    name_zh = "小保养"
    name_en = "Oil service"
    category = "maintenance"
    icon = "droplets"
    trigger = "schedule"
    powertrains = factory.LazyFunction(lambda: ["ice", "hev", "phev", "erev"])
    standard_minutes = 40
    bay = "lift"
    skill = "maintenance"
    can_be_on_site = True
    interval_km = 10_000
    interval_months = 12
    interval_confidence = "likely"
    summary_zh = "更换机油和机滤。"
    summary_en = "New oil and oil filter."


class PriceGuideFactory(DjangoModelFactory):
    class Meta:
        model = PriceGuide

    service = factory.SubFactory(ServiceFactory)
    price_class = "economy"
    shop_kind = "chain"
    low_fen = 200_00
    high_fen = 400_00
    confidence = "estimate"


class MakerScheduleFactory(DjangoModelFactory):
    class Meta:
        model = MakerSchedule

    make = factory.SubFactory(MakeFactory)
    service = factory.SubFactory(ServiceFactory)
    interval_km = 10_000
    interval_months = 12
    confidence = "likely"


class OverMaintenanceRuleFactory(DjangoModelFactory):
    class Meta:
        model = OverMaintenanceRule

    key = "engine_flush"
    name_zh = "发动机内部清洗"
    name_en = "Engine flush"
    verdict = "not_recommended"
    why_zh = "按时换机油就没有油泥。"
    why_en = "Oil changed on time leaves no sludge."
    confidence = "likely"
