"""The facts of a letter as its templates take them, in the language that is active: why, whose rule, what it costs.

Words of items come from `reminders.words`, as on the pages; nothing here computes what is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Service
from catalog.needs.shape import Price
from catalog.needs.words import money_range
from core import day_words
from core.money import format_fen
from reminders import words
from reminders.choices import Source, Stage
from reminders.models import LetterSlot
from reminders.sending import choosing
from reminders.sending.choosing import Pick
from reminders.sending.facts import Facts
from reminders.sending.reading import Draft
from shops.models import City
from vehicles.models import Car
from vehicles.plates import display


def of_letter(draft: Draft, slots: Sequence[LetterSlot], facts: Facts) -> dict[str, Any]:
    """What a reminder says: its cars with their items, and the times it offers. `slots` are all for the same work."""
    cars = choosing.by_car(draft.picks)
    first = draft.picks[0]
    told = [_car(car, chosen, draft.today, facts) for car, chosen in cars.items()]
    offered = of_slots(slots, facts.listed(slots[0].services) if slots else [])
    return {
        "cars": told,
        "short": _short(told, offered["slots_from"]),
        "first": words.title(first.item),
        "first_when": words.when(first.item),
        "first_car": car_name(first.item.car),
        "more": len(draft.picks) - 1,
        "is_overdue": any(pick.stage in (Stage.OVERDUE, Stage.LAST) for pick in draft.picks),
        **offered,
    }


def of_slots(slots: Sequence[LetterSlot], services: Sequence[Service]) -> dict[str, Any]:
    """The times that a letter offers, for which services, and from which price on."""
    return {
        "slots": [_slot(slot) for slot in slots],
        "slots_for": " + ".join(service.name for service in services),
        "slots_car": car_name(slots[0].car) if slots else "",
        "slots_from": format_fen(min(slot.price_fen for slot in slots)) if slots else "",
    }


def car_name(car: Car) -> str:
    """What the owner calls it, else its model and variant."""
    return car.nickname or car.variant.short_name


def usual_price(price: Price | None, city: City | None) -> str:
    """What a job costs: what is usual in the city, or honestly that it is an example, or that nobody knows."""
    if price is None:
        return _("price not known yet")
    amount = money_range(price.low_fen, price.high_fen)
    if price.is_example:
        return _("for example %(price)s; too few real prices yet") % {"price": amount}
    return _("usually %(price)s in %(city)s") % {"price": amount, "city": city.name if city else ""}


def _car(car: Car, chosen: Sequence[Pick], today: date, facts: Facts) -> dict[str, Any]:
    services = facts.listed(pick.item.service for pick in chosen)
    prices = facts.prices(services, car.variant)
    bookable = {service.key for service in services}
    return {
        "name": car_name(car),
        "plate": display(car.plate),
        "items": [_item(pick, prices.get(pick.item.service), facts.city, bookable, today) for pick in chosen],
    }


def _item(pick: Pick, price: Price | None, city: City | None, bookable: set[str], today: date) -> dict[str, Any]:
    item = pick.item
    return {
        "title": words.title(item),
        "when": words.when(item),
        "why": words.why(item, today=today),
        "source": words.source(item),
        "certainty": _certainty(pick),
        "price": usual_price(price, city) if item.service in bookable else "",
        "stage": _stage(pick),
    }


def _short(cars: Iterable[Mapping[str, Any]], slots_from: str) -> str:
    """All of it in a few sentences."""
    said = []
    for item in (item for car in cars for item in car["items"]):
        said += [_("%(title)s: %(when)s. %(why)s") % item, item["stage"]]
    return words.joined(
        [*said, _("Free times from %(slots_from)s.") % {"slots_from": slots_from} if slots_from else ""]
    )


def _certainty(pick: Pick) -> str:
    if pick.item.source == Source.STATUTE:
        return _("required by law")
    return _("likely; only a measurement will tell") if pick.item.is_likely else ""


def _stage(pick: Pick) -> str:
    """What somebody should know of the reminding itself."""
    return _("This is the last letter about it. It stays on the page of your car.") if pick.is_last else ""


def _slot(slot: LetterSlot) -> dict[str, Any]:
    path = reverse("go:slot", args=[slot.letter.public_id, slot.number])
    return {
        "when": day_words.day_time(slot.starts_at, zone=slot.shop.zone),
        "shop": slot.shop.name,
        "price": format_fen(slot.price_fen),
        "discount": slot.discount_percent,
        "url": settings.SITE_URL.rstrip("/") + path,
    }
