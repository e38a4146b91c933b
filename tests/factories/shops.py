"""Shops with what a test needs and nothing else."""

from datetime import date, time, timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from shops.choices import BayCapability, Day, ResourceKind, Role, ShopKind, Skill
from shops.models import (
    Certificate,
    City,
    Closure,
    Invitation,
    OffPeak,
    OpeningHours,
    Place,
    Resource,
    Shift,
    Shop,
    ShopMember,
    Technician,
)
from tests.factories.accounts import UserFactory


class CityFactory(DjangoModelFactory):
    class Meta:
        model = City
        django_get_or_create = ["key"]

    key = "shanghai"
    name_zh = "上海"
    name_en = "Shanghai"
    latitude = 31.2304
    longitude = 121.4737


class PlaceFactory(DjangoModelFactory):
    class Meta:
        model = Place

    city = factory.SubFactory(CityFactory)
    key = factory.Sequence("place-{}".format)
    kind = "district"
    name_zh = "徐汇区"
    name_en = "Xuhui"
    latitude = 31.1881
    longitude = 121.4365


class ShopFactory(DjangoModelFactory):
    """A listed independent shop in Xuhui without hours, bays or people (`open_shop` adds them)."""

    class Meta:
        model = Shop

    city = factory.SubFactory(CityFactory)
    kind = ShopKind.INDEPENDENT
    slug = factory.Sequence("shop-{}".format)
    name_zh = factory.Sequence("申驰汽修 {}".format)
    name_en = factory.Sequence("Shenchi Auto {}".format)
    district_zh = "徐汇区"
    district_en = "Xuhui"
    address_zh = "龙漕路 218 号"
    address_en = "218 Longcao Road"
    latitude = 31.1735
    longitude = 121.4436
    phone = "+862154360218"


class OnSiteShopFactory(ShopFactory):
    kind = ShopKind.ON_SITE
    service_radius_km = 15


class OpeningHoursFactory(DjangoModelFactory):
    class Meta:
        model = OpeningHours

    shop = factory.SubFactory(ShopFactory)
    day = Day.MONDAY
    opens_at = time(9)
    closes_at = time(18)


class ClosureFactory(DjangoModelFactory):
    class Meta:
        model = Closure

    shop = factory.SubFactory(ShopFactory)
    first_date = date(2026, 12, 1)
    last_date = date(2026, 12, 2)
    reason = "Stocktaking"


class BayFactory(DjangoModelFactory):
    class Meta:
        model = Resource

    shop = factory.SubFactory(ShopFactory)
    kind = ResourceKind.BAY
    name_zh = factory.Sequence("{} 号".format)
    name_en = factory.Sequence("Bay {}".format)
    capabilities = factory.LazyFunction(lambda: [BayCapability.LIFT.value])
    position = factory.Sequence(int)


class MobileUnitFactory(BayFactory):
    kind = ResourceKind.MOBILE_UNIT
    name_zh = factory.Sequence("{} 号车".format)
    name_en = factory.Sequence("Van {}".format)


class AdvisorFactory(BayFactory):
    kind = ResourceKind.ADVISOR
    name_zh = factory.Sequence("赵倩 {}".format)
    name_en = factory.Sequence("Zhao Qian {}".format)
    capabilities = factory.LazyFunction(list)


class LoanerFactory(AdvisorFactory):
    kind = ResourceKind.LOANER
    name_zh = factory.Sequence("沪F·A{:04d} 朗逸".format)
    name_en = factory.Sequence("沪F·A{:04d} Lavida".format)


class ShiftFactory(DjangoModelFactory):
    class Meta:
        model = Shift

    day = Day.MONDAY
    starts_at = time(9)
    ends_at = time(18)


class OffPeakFactory(DjangoModelFactory):
    class Meta:
        model = OffPeak

    shop = factory.SubFactory(ShopFactory)
    day = Day.TUESDAY
    starts_at = time(13)
    ends_at = time(15)
    percent = 15


class TechnicianResourceFactory(BayFactory):
    """The claimable side of a technician, with the person behind it (`resource.technician`)."""

    class Meta:
        skip_postgeneration_save = True

    kind = ResourceKind.TECHNICIAN
    name_zh = factory.Sequence("陈建国 {}".format)
    name_en = factory.Sequence("Chen Jianguo {}".format)
    capabilities = factory.LazyFunction(lambda: [Skill.MAINTENANCE.value])
    technician = factory.RelatedFactory("tests.factories.shops.TechnicianFactory", factory_related_name="resource")


class TechnicianFactory(DjangoModelFactory):
    class Meta:
        model = Technician

    resource = factory.SubFactory(TechnicianResourceFactory, technician=None)
    title_zh = "高级技师"
    title_en = "Senior technician"
    works_since_year = 2010


class CertificateFactory(DjangoModelFactory):
    class Meta:
        model = Certificate

    technician = factory.SubFactory(TechnicianFactory)
    name_zh = "汽车维修工 三级"
    name_en = "Car mechanic, level 3"


class ShopMemberFactory(DjangoModelFactory):
    class Meta:
        model = ShopMember

    shop = factory.SubFactory(ShopFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class InvitationFactory(DjangoModelFactory):
    class Meta:
        model = Invitation

    shop = factory.SubFactory(ShopFactory)
    role = Role.TECHNICIAN
    email = factory.Sequence("mechanic{}@example.com".format)
    invited_by = factory.SubFactory(UserFactory)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))


def open_shop(*, bays: int = 1, technicians: int = 1, opens: time = time(8), closes: time = time(20), **fields) -> Shop:
    """A shop open every day, holidays too, with bays that have a lift and technicians trained for maintenance."""
    shop = ShopFactory(**fields)
    for day in Day:
        OpeningHoursFactory(shop=shop, day=day, opens_at=opens, closes_at=closes)
    BayFactory.create_batch(bays, shop=shop)
    TechnicianResourceFactory.create_batch(technicians, shop=shop)
    return shop
