"""Makes, models, variants and cars. The defaults are a Volkswagen Lavida 1.4T."""

import factory
from factory.django import DjangoModelFactory

from tests.factories.accounts import UserFactory
from vehicles.models import Car, CarModel, Make, OdometerReading, Variant, Wmi


class MakeFactory(DjangoModelFactory):
    class Meta:
        model = Make
        django_get_or_create = ["key"]

    key = "volkswagen"
    name_zh = "大众"
    name_en = "Volkswagen"
    kind = "joint_venture"
    aliases = "VW 上汽大众"


class WmiFactory(DjangoModelFactory):
    class Meta:
        model = Wmi
        django_get_or_create = ["code", "make"]

    code = "LSV"
    make = factory.SubFactory(MakeFactory)
    maker_zh = "上汽大众"
    maker_en = "SAIC Volkswagen"


class CarModelFactory(DjangoModelFactory):
    class Meta:
        model = CarModel
        django_get_or_create = ["make", "key"]

    make = factory.SubFactory(MakeFactory)
    key = "lavida"
    name_zh = "朗逸"
    name_en = "Lavida"
    segment = "compact_sedan"
    price_class = "economy"


class VariantFactory(DjangoModelFactory):
    """A variant with its search text filled in, as the loader and the admin do."""

    class Meta:
        model = Variant
        django_get_or_create = ["slug"]

    slug = "volkswagen-lavida-1-4t"
    model = factory.SubFactory(CarModelFactory)
    code = "1.4T"
    powertrain = "ice"
    engine = "EA211 1.4T"
    displacement_l = 1.4
    oil_l = 4.0
    oil_confidence = "likely"
    search_text = factory.LazyAttribute(
        lambda row: (
            f"{row.model.make.name_zh} {row.model.make.name_en} {row.model.make.aliases} "
            f"{row.model.name_zh} {row.model.name_en} {row.code}"
        ).lower()
    )


class BatteryVariantFactory(VariantFactory):
    """A Tesla Model 3: a battery car, without engine and oil."""

    slug = "tesla-model-3-bev"
    model = factory.SubFactory(
        CarModelFactory,
        make=factory.SubFactory(
            MakeFactory, key="tesla", name_zh="特斯拉", name_en="Tesla", kind="foreign_owned", aliases=""
        ),
        key="model-3",
        name_zh="Model 3",
        name_en="Model 3",
        segment="mid_sedan",
        price_class="mid",
    )
    code = "BEV"
    powertrain = "bev"
    engine = ""
    displacement_l = None
    oil_l = None
    oil_confidence = ""


class CarFactory(DjangoModelFactory):
    class Meta:
        model = Car

    owner = factory.SubFactory(UserFactory)
    variant = factory.SubFactory(VariantFactory)
    plate = factory.Sequence("沪A{:05d}".format)


class OdometerReadingFactory(DjangoModelFactory):
    class Meta:
        model = OdometerReading

    car = factory.SubFactory(CarFactory)
    km = 58_240
    source = "owner"
