"""Who may do what to whom: other shops' rows, roles above one's own, other people's words in one's own pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import actions as people
from accounts.models import User
from bookings.models import Booking
from catalog.models import Offer
from core import idempotency
from core.models import IdempotencyRecord
from shops.choices import Role
from shops.models import Closure, Invitation, Resource, Shop, ShopMember
from tests.factories.jobs import minor_service
from tests.factories.shops import InvitationFactory
from tests.security.routes import every_route
from tests.security.world import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
SCRIPT = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def test_another_shops_rows_are_missing_under_ones_own_shop(world: World, client_of: ClientOf) -> None:
    """The rival's own address with the victim's ids: the shop is theirs, the row is not."""
    client = client_of(world.rival)
    ids = {**world.ids, "slug": "rival-shop"}
    answered = []
    for route in every_route():
        has_row = {"pk", "public_id"} & set(route.parameters)
        if "slug" in route.parameters and has_row and not route.is_admin:
            for method in ("get", "post"):
                answer = getattr(client, method)(route.filled(ids), {}, content_type="application/json")
                if answer.status_code not in (404, 405):
                    answered.append(f"{method} {route.path}: {answer.status_code}")
    assert answered == []


MAY_NOT = {
    "technician": [
        "prices",
        "prices/new",
        "prices/import",
        "settings",
        "settings/bays/new",
        "staff",
        "walk-in",
        "closing",
    ],
    "cashier": ["prices", "settings/hours", "staff", "walk-in", "blocks"],
    "advisor": ["prices", "prices/import/apply", "settings/closures", "staff"],
}


@pytest.mark.parametrize("role", MAY_NOT)
def test_a_role_opens_no_more_than_it_should(role: str, world: World, client_of: ClientOf) -> None:
    client = client_of(world.staff[role])
    for page in MAY_NOT[role]:
        answers = {
            client.get(f"/shop/victim-shop/{page}/").status_code,
            client.post(f"/shop/victim-shop/{page}/").status_code,
        }
        assert answers <= {403, 405}, page
        assert 403 in answers


def test_a_manager_makes_nobody_an_owner(world: World, client_of: ClientOf) -> None:
    client, shop = client_of(world.staff["manager"]), Shop.objects.get(slug="victim-shop")
    rows = {row.role: row for row in ShopMember.objects.filter(shop=shop)}
    before = {row.pk: row.role for row in rows.values()}
    for target in rows.values():
        for role in ("owner", "manager", "nonsense", ""):
            client.post(f"/shop/victim-shop/staff/{target.pk}/role/", {"role": role})
    for role in ("owner", "manager"):
        client.post("/shop/victim-shop/staff/", {"contact": "friend@example.com", "role": role})
        client.post(f"/shop/victim-shop/staff/{rows[role].pk}/remove/")
    assert not Invitation.objects.filter(email="friend@example.com").exists()
    left = {row.pk: row.role for row in ShopMember.objects.filter(shop=shop)}
    # They may leave themselves; nothing else changed.
    assert left == {pk: role for pk, role in before.items() if pk != rows["manager"].pk}


def test_the_last_owner_stays(world: World, client_of: ClientOf) -> None:
    client = client_of(world.staff["owner"])
    row = ShopMember.objects.get(user=world.staff["owner"])
    client.post(f"/shop/victim-shop/staff/{row.pk}/remove/")
    client.post(f"/shop/victim-shop/staff/{row.pk}/role/", {"role": "cashier"})
    client.post("/me/delete/", {"understood": "on"})
    row.refresh_from_db()
    assert row.role == Role.OWNER
    assert User.objects.get(pk=world.staff["owner"].pk).is_active


def test_an_invitation_is_good_once_for_whom_it_is(world: World, client_of: ClientOf) -> None:
    invitation = InvitationFactory(shop__slug="third-shop", email=world.stranger.email, role=Role.OWNER)
    path = f"/shop/invitations/{invitation.public_id}/"
    assert client_of(world.rival).post(path).status_code == 403
    # An address that an account bears but has never proven opens nothing.
    assert client_of(world.stranger).post(path).status_code in (302, 403)
    people.confirm_contact(user=world.stranger, contact=_contact(world.stranger), at=timezone.now())
    client_of(world.stranger).post(path)
    ShopMember.objects.filter(user=world.stranger).delete()
    assert client_of(world.stranger).post(path).status_code == 409
    assert not ShopMember.objects.filter(user=world.stranger).exists()


def _contact(user: User) -> Any:
    from accounts.contacts import parse_login

    return parse_login(user.email or "")


def test_more_fields_than_the_form_has_change_nothing(world: World, client_of: ClientOf) -> None:
    client, boss = client_of(world.owner), client_of(world.staff["owner"])
    power = {"is_staff": "on", "is_superuser": "on", "email": "x@example.com", "pk": 1, "id": 1, "phone": "+861"}
    client.post("/me/", {"name": "New", **power})
    client.post(f"/cars/{world.car.public_id}/edit/", {"owner": world.stranger.pk, "removed_at": "", "public_id": "x"})
    order = {"starts_at": "bad", "total_fen": 1, "labour_fen": 1, "status": "completed", "owner": world.stranger.pk}
    client.post(f"/bookings/{world.visit.public_id}/reschedule/", order)
    boss.post(
        "/shop/victim-shop/settings/",
        {
            "name_zh": "a",
            "name_en": "b",
            "slug": "rival-shop",
            "kind": "4s",
            "is_listed": "",
            "city": "",
            "latitude": 0,
        },
    )
    owner = User.objects.get(pk=world.owner.pk)
    assert (owner.is_staff, owner.is_superuser, owner.email) == (False, False, world.owner.email)
    world.car.refresh_from_db()
    assert world.car.owner_id == world.owner.pk
    visit = Booking.objects.get(pk=world.visit.pk)
    assert (visit.status, visit.total_fen, visit.owner_id) == ("confirmed", world.visit.total_fen, world.owner.pk)
    shop = Shop.objects.get(slug="victim-shop")
    assert (shop.kind, shop.is_listed, shop.latitude) == ("independent", True, 31.1735)


def test_a_foreign_or_lapsed_hold_cannot_be_confirmed(world: World, client_of: ClientOf) -> None:
    path, body = "/api/v1/bookings/", {"hold": world.held.public_id}
    assert client_of(world.stranger).post(path, body, content_type="application/json").status_code == 404
    assert client_of(world.stranger).post(f"/holds/{world.held.public_id}/", {"name": "x"}).status_code == 404
    assert client_of(world.stranger).post(f"/holds/{world.held.public_id}/release/").status_code == 404
    foreign_car = {**body, "car": world.car.public_id}
    Booking.objects.filter(pk=world.held.pk).update(owner=world.stranger)
    assert client_of(world.stranger).post(path, foreign_car, content_type="application/json").status_code == 404
    Booking.objects.filter(pk=world.held.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    answer = client_of(world.stranger).post(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "hold_expired")


@pytest.mark.parametrize("km", [-1, 1_000_000, 10**30, "x", "1e9", None, [], True])
def test_an_absurd_odometer_is_refused(km: Any, world: World, client_of: ClientOf) -> None:
    boss, owner = client_of(world.staff["owner"]), client_of(world.owner)
    answers = [
        boss.post(
            f"/api/v1/shops/victim-shop/bookings/{world.visit.public_id}/check-in/",
            {"odometer_km": km},
            content_type="application/json",
        ),
        boss.post(f"/shop/victim-shop/visits/{world.visit.public_id}/check-in/", {"odometer_km": str(km)}),
        owner.post(f"/cars/{world.car.public_id}/odometer/", {"odometer_km": str(km)}),
    ]
    # JSON's true is 1 for Python: a reading below the last one, refused all the same.
    assert {answer.status_code for answer in answers} <= {400, 409, 422}
    world.car.refresh_from_db()
    assert world.car.odometer_km == 1000


def test_words_are_shown_as_words(world: World, client_of: ClientOf) -> None:
    """Names, notes, reasons and bays of one side on every page of the other: text, never markup."""
    Booking.objects.filter(pk=world.visit.pk).update(
        contact_name=SCRIPT[:80], owner_note=SCRIPT, visit_address=SCRIPT, plate=SCRIPT[:10], parts_note=SCRIPT
    )
    User.objects.update(name=SCRIPT)
    Resource.objects.update(name_zh=SCRIPT[:60], name_en=SCRIPT[:60])
    Closure.objects.update(reason=SCRIPT)
    Offer.objects.update(parts_note=SCRIPT)
    Shop.objects.update(name_zh=SCRIPT, name_en=SCRIPT, intro_zh=SCRIPT, intro_en=SCRIPT, address_zh=SCRIPT)
    clients = {"/shop/": client_of(world.staff["owner"])}
    owner = client_of(world.owner)
    seen = 0
    for route in every_route():
        if route.is_admin or route.is_api or route.path.endswith((".csv", ".ics")):
            continue
        client = clients["/shop/"] if route.path.startswith("/shop/") else owner
        answer = client.get(route.filled(world.ids))
        text = answer.text if answer["Content-Type"].startswith("text/html") else ""
        seen += "&lt;script&gt;alert" in text
        assert "<script>alert" not in text, route
        assert "<img src=x" not in text, route
    assert seen > 25


def test_a_spreadsheet_gets_no_formula(world: World, client_of: ClientOf) -> None:
    boss = client_of(world.staff["owner"])
    Booking.objects.filter(pk=world.visit.pk).update(contact_name='=HYPERLINK("http://evil")', plate="+SUM(A1)")
    Offer.objects.update(parts_note="@SUM(1)")
    minor_service()
    day = world.visit.local_start.date().isoformat()
    closing = boss.get(f"/shop/victim-shop/closing.csv?date={day}").text
    prices = boss.get("/shop/victim-shop/prices/export.csv").text
    assert "'=HYPERLINK" in closing
    assert "'@SUM(1)" in prices
    assert not any(
        cell.startswith(("=", "+", "@")) for line in (closing + prices).splitlines() for cell in line.split(",")
    )


def test_remembered_answers_are_forgotten(world: World, client_of: ClientOf) -> None:
    IdempotencyRecord.objects.create(
        owner=f"user {world.stranger.pk}", key="a", request_hash="x", status_code=201, body={"contact_name": "Lin"}
    )
    people.erase(user=world.stranger, at=timezone.now())
    assert not IdempotencyRecord.objects.exists()
    IdempotencyRecord.objects.create(owner="user 1", key="a", request_hash="x")
    assert idempotency.forget_old(at=timezone.now() + timedelta(hours=23)) == 0
    assert idempotency.forget_old(at=timezone.now() + timedelta(hours=25)) == 1
