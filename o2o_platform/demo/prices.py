"""Prices of the demo shops: within the example ranges of the catalogue, scaled by shop, chain and service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.choices import BayNeed, OfferScope, PriceSource
from catalog.models import Offer, PriceGuide, Service
from o2o_platform.demo import data, equipment
from o2o_platform.demo.shops import NewShop
from shops.choices import Amenity, ShopKind
from vehicles.choices import PriceClass
from vehicles.models import CarModel, Make, Variant

OIL_SERVICE = "minor_service"

# The part of the price that is parts; work alone where a service is not named.
_PARTS_SHARE = {
    OIL_SERVICE: 0.72,
    "major_service": 0.7,
    "engine_air_filter": 0.8,
    "cabin_filter": 0.8,
    "fuel_filter": 0.7,
    "spark_plugs": 0.7,
    "brake_fluid": 0.4,
    "coolant": 0.5,
    "ev_coolant": 0.55,
    "transmission_fluid": 0.7,
    "reducer_oil": 0.55,
    "brake_pads_front": 0.75,
    "brake_pads_rear": 0.72,
    "brake_discs_front": 0.78,
    "tyre_replace": 0.94,
    "tyre_repair": 0.2,
    "battery_12v": 0.92,
    "ac_refrigerant": 0.45,
    "ac_clean": 0.25,
    "wipers": 0.9,
    "timing_belt": 0.55,
    "throttle_clean": 0.15,
}
# A shop writes these in its own language; the demo's read the same in both.
_PARTS_NOTE = {
    OIL_SERVICE: "API SP",
    "brake_fluid": "DOT 4",
    "cabin_filter": "PM2.5",
    "coolant": "−35 °C",
    "battery_12v": "12 V 60 Ah",
    "transmission_fluid": "ATF",
}
# An on-site team costs a little more than an independent shop of the same sort: it drives.
_ON_SITE_FACTOR = 1.08


@dataclass(frozen=True)
class _Catalogue:
    services: Sequence[Service]
    guides: Mapping[tuple[int, str, str], PriceGuide]
    models: Mapping[str, list[CarModel]]
    variants: Sequence[Variant]
    makes: Mapping[str, Make]


def load_offers(*, shops: Sequence[NewShop]) -> int:
    """Make the price lists of new shops; return how many prices. The database keeps their history."""
    if not shops:
        return 0
    catalogue = _read()
    offers = [offer for new in shops for offer in _price_list(new, catalogue)]
    Offer.objects.bulk_create(offers, batch_size=2000)
    return len(offers)


def _read() -> _Catalogue:
    models: dict[str, list[CarModel]] = {}
    for model in CarModel.objects.select_related("make").order_by("pk"):
        models.setdefault(model.make.key, []).append(model)
    guides = {(row.service_id, row.price_class, row.shop_kind): row for row in PriceGuide.objects.all()}
    return _Catalogue(
        services=list(Service.objects.listed()),
        guides=guides,
        models=models,
        variants=list(Variant.objects.with_names().order_by("pk")),
        makes={make.key: make for make in Make.objects.all()},
    )


def _price_list(new: NewShop, catalogue: _Catalogue) -> Iterator[Offer]:
    for service in catalogue.services:
        if _does(new, service, catalogue):
            yield from _offers(new, service, catalogue)


def _does(new: NewShop, service: Service, catalogue: _Catalogue) -> bool:
    """Whether the shop has bay, skill and cars for a service, and wants to do it."""
    entry = new.entry
    if service.key not in entry.get("only", [service.key]):
        return False
    if (
        service.key == "pickup_delivery"
        and entry["kind"] != ShopKind.ON_SITE
        and Amenity.PICKUP not in new.shop.amenities
    ):
        return False
    if entry["kind"] == ShopKind.ON_SITE and not service.can_be_on_site:
        return False
    bays = equipment.bays(entry)
    has_bay = service.bay in (BayNeed.ANY, BayNeed.NONE) or any(service.bay in bay for bay in bays)
    has_skill = any(service.skill in equipment.SKILLS[who] for who in equipment.team(entry))
    makes = entry.get("makes")
    has_cars = not makes or any(v.model.make.key in makes and service.suits(v) for v in catalogue.variants)
    return has_bay and has_skill and has_cars


def _offers(new: NewShop, service: Service, catalogue: _Catalogue) -> Iterator[Offer]:
    by_class = {cls: _total(new, service, cls, catalogue) for cls in PriceClass.values}
    known = {cls: total for cls, total in by_class.items() if total is not None}
    if not known:
        return
    if new.entry["kind"] == ShopKind.DEALER:
        yield from _dealer_offers(new, service, known, catalogue)
    elif len(known) == 1:
        yield _offer(new, service, next(iter(known.values())), scope=OfferScope.ALL)
    else:
        for price_class in sorted(_classes(new, catalogue) & set(known)):
            yield _offer(new, service, known[price_class], scope=OfferScope.PRICE_CLASS, price_class=price_class)
    if service.key == OIL_SERVICE:
        yield from _oil_offers(new, service, known, catalogue)


def _dealer_offers(new: NewShop, service: Service, known: Mapping[str, int], catalogue: _Catalogue) -> Iterator[Offer]:
    """A dealer prices by model where the class matters, else by make."""
    for key in new.entry["makes"]:
        if len(known) == 1:
            total = next(iter(known.values()))
            yield _offer(new, service, total, scope=OfferScope.MAKE, make=catalogue.makes[key])
            continue
        for model in catalogue.models[key]:
            if model.price_class in known and _some_suit(service, model, catalogue):
                factor = data.chance("model", model.make.key, model.key, service.key).uniform(0.94, 1.08)
                total = _nice(known[model.price_class] * factor)
                yield _offer(new, service, total, scope=OfferScope.MODEL, model=model)


def _oil_offers(new: NewShop, service: Service, known: Mapping[str, int], catalogue: _Catalogue) -> Iterator[Offer]:
    """Prices of single variants whose oil volume is known; never a volume that is not."""
    if not new.entry.get("flagship") and data.chance("oil", new.entry["slug"]).random() < 0.4:
        return
    makes = new.entry.get("makes")
    for variant in catalogue.variants:
        ours = not makes or variant.model.make.key in makes
        if variant.oil_l is None or not ours or variant.model.price_class not in known or not service.suits(variant):
            continue
        total = _nice(known[variant.model.price_class] * (0.82 + 0.04 * variant.oil_l))
        grade = variant.viscosity.split("/")[-1].split("(")[0].strip()
        yield _offer(
            new,
            service,
            total,
            scope=OfferScope.VARIANT,
            variant=variant,
            parts_note=f"{grade} {variant.oil_l:g} L".strip(),
        )


def _classes(new: NewShop, catalogue: _Catalogue) -> set[str]:
    keys = new.entry.get("makes") or catalogue.models
    return {model.price_class for key in keys for model in catalogue.models[key]}


def _some_suit(service: Service, model: CarModel, catalogue: _Catalogue) -> bool:
    return any(variant.model_id == model.pk and service.suits(variant) for variant in catalogue.variants)


def _offer(
    new: NewShop,
    service: Service,
    total_fen: int,
    *,
    scope: OfferScope,
    parts_note: str | None = None,
    **target: object,
) -> Offer:
    parts = round(total_fen * _PARTS_SHARE.get(service.key, 0) / 500) * 500
    slow = data.chance("minutes", new.entry["slug"], service.key)
    minutes = round(service.standard_minutes * slow.uniform(1.05, 1.4) / 5) * 5 if slow.random() < 0.25 else None
    return Offer(
        shop=new.shop,
        service=service,
        scope=scope,
        labour_fen=total_fen - parts,
        parts_fen=parts,
        parts_note=_PARTS_NOTE.get(service.key, "") if parts_note is None else parts_note,
        minutes=min(minutes, 600) if minutes else None,
        source=PriceSource.DEMO,
        **target,
    )


def _total(new: NewShop, service: Service, price_class: str, catalogue: _Catalogue) -> int | None:
    """The shop's all-in price for a class in fen; None where the catalogue has no example to go by."""
    kind, factor = new.entry["kind"], new.entry["price"]
    if kind == ShopKind.ON_SITE:
        kind, factor = ShopKind.INDEPENDENT, factor * _ON_SITE_FACTOR
    guide = catalogue.guides.get((service.pk, price_class, kind))
    if guide is None and kind == ShopKind.INDEPENDENT:
        guide = catalogue.guides.get((service.pk, price_class, ShopKind.CHAIN))
    if guide is None:
        return None
    whose = new.entry.get("brand", new.entry["slug"])
    factor *= data.chance("price", whose, service.key).uniform(0.9, 1.1)
    factor *= data.chance("price", new.entry["slug"], service.key).uniform(0.97, 1.03)
    middle = (guide.low_fen + guide.high_fen) / 2
    return _nice(max(guide.low_fen * 0.85, min(guide.high_fen * 1.15, middle * factor)))


def _nice(fen: float) -> int:
    """A price as shops write it: ¥268, ¥45, ¥8."""
    yuan = fen / 100
    if yuan >= 100:
        return (round(yuan / 10) * 10 - 2) * 100
    return (round(yuan / 5) * 5 if yuan >= 20 else round(yuan)) * 100
