"""The people whom one can sign in as, and the demo city's customers with their cars."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from accounts.actions import confirm_contact, sign_up_or_in
from accounts.choices import ContactKind
from accounts.contacts import Contact
from accounts.models import User
from o2o_platform.demo import data
from shops.choices import ResourceKind
from shops.models import Shop, ShopMember, Technician
from vehicles.actions import CarDetails, add_car
from vehicles.models import Car, Variant

DOMAIN = "carkeeper.example"
# Cars enter the garage this long before the demo day, so that earlier visits fit their odometers.
GARAGE_AGE = timedelta(days=220)
FIRST_KM_BEFORE = 6_300


def address(key: str) -> str:
    """The e-mail address of a demo person."""
    return f"{key}@{DOMAIN}"


def load(*, at: datetime) -> int:
    """Make the demo people who are not there yet; return how many."""
    known = set(User.objects.filter(email__endswith=f"@{DOMAIN}").values_list("email", flat=True))
    entries = [entry for entry in data.people("sign_ins")["names"] if address(entry["key"]) not in known]
    for entry in entries:
        _make_person(entry, at=at)
    return len(entries) + _make_customers(known, at=at)


def _make_person(entry: Mapping[str, Any], *, at: datetime) -> None:
    user, _ = sign_up_or_in(contact=Contact(ContactKind.EMAIL, address(entry["key"])), at=at)
    user.name, user.phone = entry["name"], entry["phone"]
    user.is_staff = user.is_superuser = entry.get("admin", False)
    user.save(update_fields=["name", "phone", "is_staff", "is_superuser"])
    confirm_contact(user=user, contact=Contact(ContactKind.PHONE, entry["phone"]), at=at)
    for slug, role in entry.get("roles", {}).items():
        shop = Shop.objects.filter(slug=slug).first()
        if shop is not None:
            ShopMember.objects.get_or_create(shop=shop, user=user, defaults={"role": role})
    _link_technician(user)
    for car in entry.get("cars", []):
        _make_car(user, car, km=max(car["km"] - FIRST_KM_BEFORE, 500), at=at - GARAGE_AGE)


def _link_technician(user: User) -> None:
    """A technician with an account is the person of that name in the shop's team."""
    Technician.objects.filter(
        user=None,
        resource__kind=ResourceKind.TECHNICIAN,
        resource__name_zh=user.name,
        resource__shop__members__user=user,
        resource__shop__members__role="technician",
    ).update(user=user)


def _make_car(user: User, car: Mapping[str, Any], *, km: int, at: datetime) -> Car:
    variant = Variant.objects.with_names().get(slug=car["variant"])
    details = CarDetails(
        plate=car["plate"],
        vin=car.get("vin", ""),
        model_year=car.get("year"),
        nickname=car.get("nickname", ""),
        delivered_on=car.get("delivered"),
    )
    return add_car(owner=user, variant=variant, details=details, at=at, odometer_km=km)


def _make_customers(known: set[str | None], *, at: datetime) -> int:
    group = data.people("customers")
    names = [entry for entry in enumerate(group["names"], start=1) if address(f"customer{entry[0]}") not in known]
    for number, (name_zh, _name_en) in names:
        rng = data.chance("customer", number)
        user, _ = sign_up_or_in(contact=Contact(ContactKind.EMAIL, address(f"customer{number}")), at=at)
        user.name, user.phone = name_zh, f"+86139000200{number:02d}"
        user.save(update_fields=["name", "phone"])
        variant = group["variants"][number % len(group["variants"])]
        car = {"variant": variant, "plate": plate(rng, variant), "year": at.year - rng.randint(1, 7)}
        _make_car(user, car, km=rng.randint(9_000, 96_000), at=at - GARAGE_AGE)
    return len(names)


def plate(rng: Any, variant: str) -> str:
    """An invented Shanghai plate, a green one (eight characters) for cars that can be plugged in."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    if any(word in variant for word in ("bev", "-ev", "dm")):
        return f"沪A{rng.choice('DF')}{rng.choice(letters)}{rng.randrange(10_000):04d}"
    return f"沪{rng.choice('ABCDEFG')}{rng.choice(letters)}{rng.randrange(10_000):04d}"


def second() -> User:
    """The second pair of eyes: whoever checks what the desk has reported done."""
    return User.objects.get(email=address("shen"))


def customers() -> list[Car]:
    """One car of each customer, names and owners at hand."""
    rows = Car.objects.with_names().select_related("owner")
    return list(rows.filter(owner__email__startswith="customer", owner__email__endswith=f"@{DOMAIN}").order_by("pk"))
