"""Who the demo people are, for the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch

from accounts.models import User
from o2o_platform.demo import data, people
from shops.models import ShopMember


@dataclass(frozen=True)
class SignIn:
    """One line: what the person is, and what they sign in with."""

    what: str
    email: str
    phone: str


def sign_ins() -> list[SignIn]:
    """The demo people who are there, in the order of the fixture. Two queries."""
    addresses = [people.address(entry["key"]) for entry in data.people("sign_ins")["names"]]
    members = Prefetch("memberships", ShopMember.objects.select_related("shop").order_by("pk"))
    rows = {user.email: user for user in User.objects.filter(email__in=addresses).prefetch_related(members, "cars")}
    return [SignIn(_what(rows[email]), email, rows[email].phone or "") for email in addresses if email in rows]


def _what(user: User) -> str:
    """In plain English whatever the reader's language: a terminal cannot be counted on for more."""
    parts = ["platform admin"] if user.is_staff else []
    members = user.memberships.all()
    if members:
        shops = ", ".join(member.shop.name_en for member in members)
        parts.append(f"{members[0].role} at {shops}")
    if user.cars.all():
        parts.append("car owner")
    return " and ".join(parts) or "person"
