"""Services: what each is, when it is really due, what it should cost, and what is sold without need."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from catalog import intervals, pricing, stretches
from catalog.applicability import reason_against
from catalog.models import OverMaintenanceRule, PriceGuide, Service
from catalog.plans import plan
from catalog.pricing import FairPrice
from shops.models import City
from vehicles import selection
from vehicles.choices import Powertrain, PriceClass
from vehicles.models import Variant


@require_GET
def service_list(request: HttpRequest) -> HttpResponse:
    """All services by category, for the chosen car if there is one."""
    chosen = selection.selected(request)
    services = list(Service.objects.listed())
    context = {
        "selection": chosen,
        "plan": plan(services, chosen.variant),
        "bands": _bands(services, chosen.variant),
    }
    return render(request, "catalog/service_list.html", context)


@require_GET
def service_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One service: what, when, how much, what not; with the chosen car's schedule and fair price."""
    service = get_object_or_404(Service.objects.listed(), key=key)
    chosen = selection.selected(request)
    variant = chosen.variant
    suits = variant is not None and service.suits(variant)
    context = {
        "service": service,
        "selection": chosen,
        "interval": intervals.for_car([service], variant)[service.pk] if suits and variant else None,
        "general": intervals.general(service),
        "reason_against": reason_against(service, variant) if variant else "",
        "price": _price(service, variant if suits else None),
        "rules": _rules(service),
        "stretches": stretches.of_service(service),
        "powertrains": [Powertrain(value).label for value in service.powertrains],
    }
    return render(request, "catalog/service_detail.html", context)


@require_GET
def not_needed(request: HttpRequest) -> HttpResponse:
    """Measures that are mostly sold and rarely needed, with what would justify each."""
    rules = OverMaintenanceRule.objects.select_related("service", "alternative")
    return render(request, "catalog/not_needed.html", {"rules": rules})


@dataclass(frozen=True)
class Price:
    """What a service should cost: the fair band for a car, or the example ranges by kind of shop."""

    band: FairPrice | None
    price_class: str
    guides: list[PriceGuide]

    @property
    def price_class_label(self) -> str:
        return str(PriceClass(self.price_class).label)


def _price(service: Service, variant: Variant | None) -> Price:
    """The fair band for the car, and the examples of its class. Where its class has no examples there are none."""
    price_class = variant.model.price_class if variant else PriceClass.ECONOMY.value
    guides = list(service.price_guides.filter(price_class=price_class).order_by("pk"))
    city = _city() if variant else None
    band = pricing.fair_price(service=service, variant=variant, city=city) if variant and city else None
    return Price(band=band, price_class=price_class, guides=guides)


def _bands(services: list[Service], variant: Variant | None) -> dict[int, FairPrice]:
    city = _city() if variant else None
    return pricing.fair_prices(services=services, variant=variant, city=city) if variant and city else {}


def _city() -> City | None:
    """The city whose prices are compared. One is served so far; the first loaded is the home city."""
    return City.objects.order_by("pk").first()


def _rules(service: Service) -> list[OverMaintenanceRule]:
    """Warnings for a service: where it is itself sold without need, and what is sold along with it."""
    rules = OverMaintenanceRule.objects.filter(Q(service=service) | Q(sold_with=service)).distinct()
    return sorted(rules, key=lambda rule: rule.service_id != service.pk)
