from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.contacts import parse_login
from core.models import OutboxEvent
from notifications import delivering
from notifications.models import Message
from shops import notifications, privacy
from shops.actions import members as actions
from shops.actions.members import (
    MAX_OPEN_INVITATIONS,
    AlreadyMemberError,
    InvitationUnusableError,
    LastOwnerError,
    NotInvitedError,
    RoleNotYoursToGiveError,
    TooManyInvitationsError,
)
from shops.choices import Role
from shops.models import Invitation, ShopChange, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.shops import InvitationFactory, ShopMemberFactory, TechnicianResourceFactory

pytestmark = pytest.mark.django_db

MECHANIC = parse_login("mechanic@example.com")


@pytest.fixture
def mechanic():
    """Somebody who has proven mechanic@example.com."""
    return UserFactory(email="mechanic@example.com")


# --- Inviting ---------------------------------------------------------------------------------------------


def test_invite_writes_invitation_event_and_change(shop, owner, at):
    invitation = actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="technician")
    assert (invitation.email, invitation.phone, invitation.expires_at) == (
        "mechanic@example.com",
        "",
        at + timedelta(days=7),
    )
    event = OutboxEvent.objects.get(topic="shops.invited")
    assert event.key == invitation.public_id
    assert ShopChange.objects.get().subject == "m•••@example.com"


def test_invite_by_number(shop, owner, at):
    invitation = actions.invite(shop=shop, by=owner, at=at, contact=parse_login("138 0013 8001"), role="cashier")
    assert (invitation.phone, invitation.email) == ("+8613800138001", "")


def test_invitation_message_carries_the_link(shop, owner, at):
    invitation = actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="technician")
    event = OutboxEvent.objects.get(topic="shops.invited")
    notifications.send_invitation(event)
    message = Message.objects.get(recipient="mechanic@example.com")
    assert reverse("shops:invitation", args=[invitation.public_id]) in message.body
    assert delivering.deliver(channel="email", clock=timezone.now) == len(mail.outbox) == 1


def test_invitation_revoked_meanwhile_is_not_sent(shop, owner, at):
    invitation = actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="technician")
    actions.revoke(invitation=invitation, by=owner, at=at)
    notifications.send_invitation(OutboxEvent.objects.get(topic="shops.invited"))
    assert not Message.objects.filter(recipient="mechanic@example.com").exists()


def test_invitation_revoked_while_it_waits_does_not_leave(shop, owner, at):
    invitation = actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="technician")
    notifications.send_invitation(OutboxEvent.objects.get(topic="shops.invited"))
    actions.revoke(invitation=invitation, by=owner, at=at)
    assert delivering.deliver(channel="email", clock=timezone.now) == 0
    assert Message.objects.get(recipient="mechanic@example.com").dropped_for == "not_true"


def test_invite_again_replaces_the_open_one(shop, owner, at):
    first = actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="technician")
    second = actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="cashier")
    first.refresh_from_db()
    assert not first.is_open(at=at)
    assert second.is_open(at=at)


def test_invite_member_is_refused(shop, owner, mechanic, at):
    ShopMemberFactory(shop=shop, user=mechanic, role=Role.CASHIER)
    with pytest.raises(AlreadyMemberError):
        actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="technician")


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_invite_manager_gives_only_roles_below(shop, manager, at, role):
    with pytest.raises(RoleNotYoursToGiveError):
        actions.invite(shop=shop, by=manager, at=at, contact=MECHANIC, role=role)


def test_invite_stranger_is_refused(shop, at):
    with pytest.raises(RoleNotYoursToGiveError):
        actions.invite(shop=shop, by=UserFactory(), at=at, contact=MECHANIC, role="technician")


def test_invite_too_many(shop, owner, at):
    InvitationFactory.create_batch(MAX_OPEN_INVITATIONS, shop=shop, expires_at=at + timedelta(days=1))
    with pytest.raises(TooManyInvitationsError):
        actions.invite(shop=shop, by=owner, at=at, contact=MECHANIC, role="technician")


def test_invite_through_the_page(client, shop, manager):
    client.force_login(manager)
    address = reverse("shops:staff", args=[shop.slug])
    assert client.post(address, {"contact": "138-0013-8001", "role": "technician"}).status_code == 302
    assert shop.invitations.get().phone == "+8613800138001"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"contact": "nobody", "role": "technician"}, "contact"),
        ({"contact": "a\x00@example.com", "role": "technician"}, "contact"),
        ({"contact": "x" * 100_000, "role": "technician"}, "contact"),
        ({"contact": "mechanic@example.com", "role": "owner"}, "role"),
        ({"contact": "mechanic@example.com", "role": ""}, "role"),
    ],
)
def test_invite_bad_input(client, shop, manager, typed, field):
    client.force_login(manager)
    answer = client.post(reverse("shops:staff", args=[shop.slug]), typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not shop.invitations.exists()


# --- Accepting -----------------------------------------------------------------------------------------------


def test_accept_joins_once(client, shop, mechanic):
    invitation = InvitationFactory(shop=shop, email="mechanic@example.com", role=Role.TECHNICIAN)
    client.force_login(mechanic)
    address = reverse("shops:invitation", args=[invitation.public_id])
    assert '<form method="post"' in client.get(address).content.decode()
    assert not client.session.get("shop_member")
    assert client.post(address).status_code == 302
    assert client.session["shop_member"]
    assert shop.members.get(user=mechanic).role == Role.TECHNICIAN
    invitation.refresh_from_db()
    assert invitation.accepted_by == mechanic
    assert client.post(address).status_code == 409


def test_accept_needs_the_proven_contact(shop, at):
    invitation = InvitationFactory(shop=shop, email="mechanic@example.com", expires_at=at + timedelta(days=1))
    unproven = UserFactory(email="mechanic@example.com", proven_email=False)
    for person in (unproven, UserFactory()):
        with pytest.raises(NotInvitedError):
            actions.accept(invitation=invitation, user=person, at=at)
    assert not shop.members.exists()


def test_accept_by_proven_number(shop, at):
    invitation = InvitationFactory(shop=shop, email="", phone="+8613800138001", expires_at=at + timedelta(days=1))
    person = UserFactory(phone="+8613800138001", phone_verified_at=None)
    with pytest.raises(NotInvitedError):
        actions.accept(invitation=invitation, user=person, at=at)
    person.phone_verified_at = at
    person.save()
    assert actions.accept(invitation=invitation, user=person, at=at).role == Role.TECHNICIAN


@pytest.mark.parametrize("change", [{"expires_in": 0}, {"revoked": True}])
def test_accept_too_old_or_revoked(shop, mechanic, at, change):
    invitation = InvitationFactory(
        shop=shop,
        email=mechanic.email,
        expires_at=at + timedelta(days=change.get("expires_in", 1)),
        revoked_at=at if change.get("revoked") else None,
    )
    with pytest.raises(InvitationUnusableError):
        actions.accept(invitation=invitation, user=mechanic, at=at)
    assert not shop.members.exists()


def test_accept_member_already(shop, mechanic, at):
    ShopMemberFactory(shop=shop, user=mechanic, role=Role.OWNER)
    invitation = InvitationFactory(shop=shop, email=mechanic.email, expires_at=at + timedelta(days=1))
    with pytest.raises(AlreadyMemberError):
        actions.accept(invitation=invitation, user=mechanic, at=at)
    assert shop.members.get(user=mechanic).role == Role.OWNER


def test_invitation_page_other_person_sees_why_not(client, shop):
    invitation = InvitationFactory(shop=shop)
    client.force_login(UserFactory())
    address = reverse("shops:invitation", args=[invitation.public_id])
    page = client.get(address)
    assert page.status_code == 200
    assert not page.context["is_theirs"]
    assert client.post(address).status_code == 403
    assert not shop.members.exists()


def test_invitation_page_anonymous_signs_in_first(client, shop):
    address = reverse("shops:invitation", args=[InvitationFactory(shop=shop).public_id])
    assert client.get(address)["Location"].endswith(f"?next={address}")


def test_invitation_page_unknown_and_wrong_method(client, mechanic):
    client.force_login(mechanic)
    address = reverse("shops:invitation", args=["0" * 16])
    assert client.get(address).status_code == 404
    assert client.put(address).status_code == 405


# --- Roles and leaving ---------------------------------------------------------------------------------------


def test_change_role_through_the_page(client, shop, owner):
    member = ShopMemberFactory(shop=shop, role=Role.TECHNICIAN)
    client.force_login(owner)
    client.post(reverse("shops:change_role", args=[shop.slug, member.pk]), {"role": "advisor"})
    member.refresh_from_db()
    assert member.role == Role.ADVISOR
    change = ShopChange.objects.get()
    assert (change.before, change.after) == ({"role": "technician"}, {"role": "advisor"})
    assert member.user.name in client.get(reverse("shops:changes", args=[shop.slug])).content.decode()


@pytest.mark.parametrize("role", ["", "king", "owner", "\x00"])
def test_change_role_to_one_that_is_not_yours_to_give(client, shop, manager, role):
    member = ShopMemberFactory(shop=shop, role=Role.TECHNICIAN)
    client.force_login(manager)
    client.post(reverse("shops:change_role", args=[shop.slug, member.pk]), {"role": role})
    member.refresh_from_db()
    assert member.role == Role.TECHNICIAN


def test_change_role_manager_cannot_touch_an_owner(shop, owner, manager, at):
    with pytest.raises(RoleNotYoursToGiveError):
        actions.change_role(member=shop.members.get(user=owner), role=Role.CASHIER, by=manager, at=at)


def test_last_owner_is_neither_demoted_nor_removed(shop, owner, at):
    member = shop.members.get(user=owner)
    with pytest.raises(LastOwnerError):
        actions.change_role(member=member, role=Role.MANAGER, by=owner, at=at)
    with pytest.raises(LastOwnerError):
        actions.remove(member=member, by=owner, at=at)
    assert shop.members.get().role == Role.OWNER


def test_owner_may_leave_when_there_is_another(shop, owner, at):
    ShopMemberFactory(shop=shop, role=Role.OWNER)
    actions.remove(member=shop.members.get(user=owner), by=owner, at=at)
    assert not shop.members.filter(user=owner).exists()


def test_manager_may_leave_but_not_remove_another(client, shop, manager):
    other = ShopMemberFactory(shop=shop, role=Role.MANAGER)
    client.force_login(manager)
    client.post(reverse("shops:remove_member", args=[shop.slug, other.pk]))
    assert ShopMember.objects.filter(pk=other.pk).exists()
    own = shop.members.get(user=manager)
    assert client.post(reverse("shops:remove_member", args=[shop.slug, own.pk])).status_code == 302
    assert not ShopMember.objects.filter(pk=own.pk).exists()
    assert client.session["shop_member"] is False


def test_revoke_through_the_page(client, shop, manager):
    invitation = InvitationFactory(shop=shop)
    client.force_login(manager)
    client.post(reverse("shops:revoke", args=[shop.slug, invitation.public_id]))
    invitation.refresh_from_db()
    assert not invitation.is_open(at=timezone.now())


def test_revoke_manager_cannot_revoke_an_owners_invitation(shop, manager, at):
    invitation = InvitationFactory(shop=shop, role=Role.OWNER, expires_at=at + timedelta(days=1))
    with pytest.raises(RoleNotYoursToGiveError):
        actions.revoke(invitation=invitation, by=manager, at=at)
    assert Invitation.objects.open(at=at).exists()


# --- A person's data ----------------------------------------------------------------------------------------------


def test_export_names_shops_and_roles(shop, owner):
    (membership,) = privacy.export(owner)["memberships"]
    assert (membership["shop"], membership["role"]) == (shop.slug, "owner")


def test_erase_ends_memberships_and_unlinks_the_technician(shop, owner, mechanic, at):
    ShopMemberFactory(shop=shop, user=mechanic, role=Role.TECHNICIAN)
    profile = TechnicianResourceFactory(shop=shop).technician
    profile.user = mechanic
    profile.save()
    privacy.erase(mechanic, at)
    profile.refresh_from_db()
    assert profile.user is None
    assert [row.user for row in shop.members.all()] == [owner]


def test_erase_last_owner_is_refused(shop, owner, at):
    with pytest.raises(LastOwnerError):
        privacy.erase(owner, at)
    assert shop.members.exists()
