"""What somebody asks of a shop for one visit, read from the address or a form: the services, whose cars, and how car
and shop come together. The choice lives in the address, so it survives choosing a car, signing in and lost times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from bookings.choices import Handover
from bookings.engine import phases
from bookings.engine.jobs import MAX_SERVICES, Job, QuotedJob, VisitPlace
from bookings.forms import VisitForm
from bookings.models import Booking
from bookings.owner_views import wishes
from catalog import pricing
from catalog.applicability import reason_against
from catalog.models import Service
from catalog.pricing import FairPrice, Quote
from shops.choices import ResourceKind
from shops.models import Shop
from vehicles.models import Variant
from vehicles.selection import Selection

# Longer than any list of services that can be booked together; the rest of such an address is not read.
_MAX_LENGTH = 1000
ADDRESS = "visit_address"


@dataclass(frozen=True, slots=True)
class Together:
    """Services asked for in one visit beside the first: which can be had, what could be added, what was left out and
    why. `is_wrong` if the address names what is no choice at all."""

    also: tuple[Service, ...] = ()
    on_offer: tuple[tuple[Service, Quote], ...] = ()
    left_out: tuple[str, ...] = ()
    is_wrong: bool = False

    @property
    def keys(self) -> list[str]:
        return [service.key for service in self.also]


@dataclass(frozen=True, slots=True)
class Line:
    """One service of the visit: its price alone, and the address of the visit without it (empty for the only one)."""

    service: Service
    quote: Quote
    band: FairPrice | None
    without_url: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a shop for one visit, with the form in which it can be changed."""

    shop: Shop
    service: Service
    chosen: Selection
    together: Together
    form: VisitForm | None = None

    @property
    def place(self) -> VisitPlace | None:
        return self.form.place() if self.form else None

    @property
    def handover(self) -> str:
        by_driver = self.form is not None and not self.shop.is_on_site and self.form.somebody_comes
        return Handover.PICK_UP if by_driver else Handover.DROP_OFF

    def job(self, variant: Variant) -> Job:
        return Job(
            shop=self.shop,
            service=self.service,
            variant=variant,
            also=self.together.also,
            handover=self.handover,
            place=self.place,
            with_loaner=bool(self.form and self.form.wants_loaner),
        )

    def query(self, *, also: Sequence[str] | None = None) -> str:
        """The part of an address that asks for the same; with `also` for other services besides."""
        return query(
            wishes.car_query(self.chosen),
            self.together.keys if also is None else also,
            handover=self.handover,
            loaner=bool(self.form and self.form.wants_loaner),
            place=self._place_query(),
        )

    def _place_query(self) -> dict[str, str]:
        form = self.form
        if form is None or form.point is None or not form.somebody_comes:
            return {}
        if form.named is not None:
            return {"near": form.named.name}
        return {"lat": f"{form.point.latitude:.5f}", "lng": f"{form.point.longitude:.5f}"}


def query(
    car: str, also: Sequence[str], *, handover: str = Handover.DROP_OFF, loaner: bool = False, place: Any = None
) -> str:
    """The part of an address that asks for a visit: the car (as it stands in an address), services besides the first,
    and what differs from bringing the car."""
    parts = {"also": ",".join(also)} if also else {}
    if handover == Handover.PICK_UP:
        parts["handover"] = Handover.PICK_UP.value
    if loaner:
        parts["loaner"] = "on"
    parts |= place or {}
    return "&".join(filter(None, [car, urlencode(parts, safe=",")]))


def query_of(booking: Booking, *, with_car: bool = True) -> str:
    """The part of an address that asks for the same visit again. Needs `booked_services` at hand."""
    place = {}
    if booking.visit_latitude is not None and booking.visit_longitude is not None:
        place = {"lat": f"{booking.visit_latitude:.5f}", "lng": f"{booking.visit_longitude:.5f}"}
    car = booking.car if booking.car and booking.car.removed_at is None else None
    named = f"car={car.public_id}" if car else f"variant={booking.variant.slug}"
    return query(
        named if with_car else "",
        also_of(booking),
        handover=booking.handover,
        loaner=booking.with_loaner,
        place=place,
    )


def also_of(booking: Booking) -> list[str]:
    """The keys of a visit's services besides the first."""
    every = [line.service.key for line in booking.booked_services.all()]
    return [key for key in every if key != booking.service.key]


# --- Services in one visit ------------------------------------------------------------------------


def keys_of(data: QueryDict) -> list[str]:
    """The services besides the first that a query or form names: `also=a,b` or `also=a&also=b`."""
    text = ",".join(data.getlist("also"))[:_MAX_LENGTH]
    return [key.strip() for key in text.split(",") if key.strip()]


def read_services(shop: Shop, service: Service, variant: Variant | None, keys: Sequence[str]) -> Together:
    """What of `keys` can be done in one visit with `service`. Without a car they stand as they are named. At most
    three queries."""
    every = {one.key: one for one in Service.objects.listed()}
    if variant is None:
        return Together(also=tuple(every[key] for key in dict.fromkeys(keys) if key in every and key != service.key))
    quotes = pricing.quotes_of_shop(shop=shop, services=every.values(), variant=variant)
    return together(every, quotes, service=service, variant=variant, keys=keys)


def together(
    every: dict[str, Service], quotes: dict[int, Quote], *, service: Service, variant: Variant, keys: Sequence[str]
) -> Together:
    """As `read_services`, with the services (by key) and the shop's quotations (by service id) at hand."""
    also: list[Service] = []
    left_out: list[str] = []
    is_wrong = False
    for key in keys:
        one = every.get(key)
        if one is None:
            why, is_wrong = _("We do not know one of the services in this address. It is left out."), True
        elif one == service or one in also:
            why, is_wrong = _("%(service)s is in this visit once already.") % {"service": one.name}, True
        elif one.pk not in quotes:
            why = f"{one.name}: {reason_against(one, variant) or _('this shop does not offer it for this car.')}"
        elif len(also) + 1 >= MAX_SERVICES:
            why, is_wrong = (
                _("Six services in one visit at most. %(service)s is left out.") % {"service": one.name},
                True,
            )
        else:
            also.append(one)
            continue
        left_out.append(why)
    chosen = {service.pk, *(one.pk for one in also)}
    on_offer = tuple((one, quotes[one.pk]) for one in every.values() if one.pk in quotes and one.pk not in chosen)
    return Together(tuple(also), on_offer, tuple(dict.fromkeys(left_out)), is_wrong)


def lines(asked: Asked, quoted: QuotedJob, url: str) -> list[Line]:
    """The visit line by line with what is usual here; leaving a service out is an address. One query."""
    services = quoted.job.services
    bands = pricing.fair_prices(services=services, variant=quoted.job.variant, city=asked.shop.city)
    keys = asked.together.keys
    return [
        Line(
            service,
            quote,
            bands.get(service.pk),
            f"{url}?{asked.query(also=[key for key in keys if key != service.key])}" if n else "",
        )
        for n, (service, quote) in enumerate(zip(services, quoted.quotes, strict=True))
    ]


def minutes_saved(quoted: QuotedJob) -> int:
    """How much less time one visit takes than a visit for each service. Needs the services' phases at hand."""
    shop, pairs = quoted.job.shop, list(zip(quoted.job.services, quoted.quotes, strict=True))
    one_by_one = sum(phases.compose(shop, [(service, quote.minutes)]).minutes for service, quote in pairs)
    at_once = phases.compose(shop, [(service, quote.minutes) for service, quote in pairs]).minutes
    return max(one_by_one - at_once, 0)


# --- How car and shop come together -----------------------------------------------------------------


def read_address(request: HttpRequest, shop: Shop) -> VisitForm:
    """The form as the address fills it; what that leaves out is what was said before."""
    given = request.GET
    near = _near(given)
    handover = given.get("handover") or Handover.DROP_OFF.value
    somebody_comes = shop.is_on_site or handover == Handover.PICK_UP
    data = {
        "handover": handover,
        "loaner": given.get("loaner", ""),
        "near": near or (wishes.remembered_text(request) if somebody_comes else ""),
        ADDRESS: request.session.get(ADDRESS, ""),
    }
    form = VisitForm(data, shop=shop, showing=True)
    form.is_valid()
    if near and form.point is not None:
        wishes.remember_place(request, place=form.named, point=form.point)
    return form


def read_form(request: HttpRequest, shop: Shop, *, showing: bool) -> VisitForm:
    """The form as it was sent; a place that was named is remembered for the next search."""
    sent = {name: request.POST.get(name, "") for name in ("handover", "loaner", ADDRESS)}
    sent["handover"] = sent["handover"] or Handover.DROP_OFF.value
    form = VisitForm({**sent, "near": _near(request.POST)}, shop=shop, showing=showing)
    form.is_valid()
    if form.point is not None:
        wishes.remember_place(request, place=form.named, point=form.point)
    if (text := form.cleaned_data.get(ADDRESS)) is not None:
        request.session[ADDRESS] = text
    return form


def _near(data: QueryDict) -> str:
    """The place that was named; the browser's position wins, as coordinates."""
    lat, lng = data.get("lat", "").strip(), data.get("lng", "").strip()
    return f"{lat[:20]}, {lng[:20]}" if lat or lng else data.get("near", "").strip()


def has_loaners(shop: Shop) -> bool:
    """Whether the shop has a loaner car in use. One query."""
    return shop.resources.filter(kind=ResourceKind.LOANER, is_active=True).exists()


def problems(form: VisitForm, shown: Iterable[str]) -> list[str]:
    """What is wrong with fields that the page does not show."""
    return [str(text) for name, texts in form.errors.items() if name not in shown for text in texts]
