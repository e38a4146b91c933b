"""Who works at a shop: invitations, roles, leaving.

The log of changes names a member by public id and an invited contact masked: it outlives the person's account.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.contacts import Contact, person_owns_contact
from accounts.models import User
from core import outbox
from core.errors import Conflict, NotAllowed
from shops import rules
from shops.actions import changes
from shops.choices import ChangeKind, Role
from shops.models import Invitation, Shop, ShopMember

# An invitation is a key to a shop's day: it must not lie about for long (product decision).
INVITATION_LIFE = timedelta(days=7)
# More than this many open invitations is not a team being built but mail being sent (product decision).
MAX_OPEN_INVITATIONS = 30

INVITED = "shops.invited"
# Somebody stopped working at a shop. Key: the shop's public id; payload: {"user": primary key, "left_at": when}.
LEFT = "shop.member_left"


class RoleNotYoursToGiveError(NotAllowed):
    code = "role_not_yours_to_give"
    message = _("Your role cannot give or take this role.")


class AlreadyMemberError(Conflict):
    code = "already_member"
    message = _("This person already works here.")


class LastOwnerError(Conflict):
    code = "last_owner"
    message = _("A shop needs an owner. Make somebody else an owner first.")


class TooManyInvitationsError(Conflict):
    code = "too_many_invitations"
    message = _("Too many invitations are open. Revoke some that are not needed any more.")


class InvitationUnusableError(Conflict):
    """The invitation was used, revoked, or is too old; `code` says which."""

    code = "invitation_unusable"
    message = _("This invitation cannot be used any more. Ask the shop for a new one.")


class NotInvitedError(NotAllowed):
    code = "not_invited"
    message = _("This invitation is for another contact. Add that contact to your account, or sign in with it.")


@transaction.atomic
def invite(*, shop: Shop, by: User, at: datetime, contact: Contact, role: str) -> Invitation:
    """Invite whoever is reached by `contact` to work here as `role`, for a week. An open invitation to the same
    contact is replaced.

    Raises RoleNotYoursToGiveError, AlreadyMemberError or TooManyInvitationsError. Side effect: `shops.invited` is
    written to the outbox; the message leaves after commit.
    """
    shop = changes.lock(shop)
    _check_grant(shop, by, role)
    field = "phone" if contact.is_phone else "email"
    known = Q(user__phone=contact.value) if contact.is_phone else Q(user__email__iexact=contact.value)
    if ShopMember.objects.filter(known, shop=shop).exists():
        raise AlreadyMemberError(field="contact")
    waiting = Invitation.objects.open(at=at).filter(shop=shop)
    waiting.filter(**{f"{field}__iexact": contact.value}).update(revoked_at=at)
    if waiting.count() >= MAX_OPEN_INVITATIONS:
        raise TooManyInvitationsError
    invitation = Invitation.objects.create(
        shop=shop, role=role, invited_by=by, expires_at=at + INVITATION_LIFE, **{field: contact.value}
    )
    changes.log(
        shop=shop,
        by=by,
        at=at,
        kind=ChangeKind.INVITATION,
        subject=masked(contact.value),
        after={"role": Role(role).value},
    )
    outbox.emit(topic=INVITED, key=invitation.public_id, at=at)
    return invitation


@transaction.atomic
def revoke(*, invitation: Invitation, by: User, at: datetime) -> None:
    """Make an invitation useless. Revoking one that is used or revoked changes nothing."""
    shop = changes.lock(invitation.shop)
    _check_grant(shop, by, invitation.role)
    if Invitation.objects.open(at=at).filter(pk=invitation.pk).update(revoked_at=at):
        before = {"role": invitation.role}
        changes.log(
            shop=shop,
            by=by,
            at=at,
            kind=ChangeKind.INVITATION,
            subject=masked(str(invitation)),
            before=before,
            after={},
        )


@transaction.atomic
def accept(*, invitation: Invitation, user: User, at: datetime) -> ShopMember:
    """Join the shop in the role offered.

    Raises InvitationUnusableError (used, revoked, expired), NotInvitedError unless `user` has proven the invited
    contact, AlreadyMemberError.
    """
    shop = changes.lock(invitation.shop)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not invitation.is_open(at=at):
        raise InvitationUnusableError
    if not person_owns_contact(user, email=invitation.email, phone=invitation.phone):
        raise NotInvitedError
    member, created = ShopMember.objects.get_or_create(shop=shop, user=user, defaults={"role": invitation.role})
    if not created:
        raise AlreadyMemberError(_("You already work here."))
    invitation.accepted_at, invitation.accepted_by = at, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    changes.log(shop=shop, by=user, at=at, kind=ChangeKind.MEMBER, subject=user.public_id, after={"role": member.role})
    return member


@transaction.atomic
def change_role(*, member: ShopMember, role: str, by: User, at: datetime) -> None:
    """Give a member another role. Raises RoleNotYoursToGiveError or LastOwnerError."""
    shop = changes.lock(member.shop)
    member = _fresh(member)
    _check_grant(shop, by, member.role)
    _check_grant(shop, by, role)
    if role == member.role:
        return
    _keep_an_owner(shop, member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    changes.log(
        shop=shop,
        by=by,
        at=at,
        kind=ChangeKind.MEMBER,
        subject=member.user.public_id,
        before={"role": before},
        after={"role": Role(role).value},
    )


@transaction.atomic
def remove(*, member: ShopMember, by: User, at: datetime) -> None:
    """End a membership; anybody may end their own. Raises RoleNotYoursToGiveError or LastOwnerError.

    Side effect: outbox `shop.member_left` (who left may be known to the shop for a while yet).
    """
    shop = changes.lock(member.shop)
    member = _fresh(member)
    if member.user_id != by.pk:
        _check_grant(shop, by, member.role)
    _keep_an_owner(shop, member)
    before = {"role": member.role}
    subject, user_id = member.user.public_id, member.user_id
    member.delete()
    changes.log(shop=shop, by=by, at=at, kind=ChangeKind.MEMBER, subject=subject, before=before)
    outbox.emit(topic=LEFT, key=shop.public_id, at=at, payload={"user": user_id, "left_at": at})


def masked(contact: str) -> str:
    """A contact that can be recognised but not used: the log keeps it for ever. `m•••@example.com`, `•••8001`."""
    name, at, domain = contact.partition("@")
    return f"{name[:1]}•••@{domain}" if at else f"•••{contact[-4:]}"


def _fresh(member: ShopMember) -> ShopMember:
    found = ShopMember.objects.select_related("user").filter(pk=member.pk).first()
    if found is None:
        raise Conflict(_("This person no longer works here."))
    return found


def _check_grant(shop: Shop, by: User, role: str) -> None:
    own = ShopMember.objects.filter(shop=shop, user=by).values_list("role", flat=True).first()
    if not rules.may_grant(own, role):
        raise RoleNotYoursToGiveError(field="role")


def _keep_an_owner(shop: Shop, member: ShopMember) -> None:
    others = ShopMember.objects.filter(shop=shop, role=Role.OWNER).exclude(pk=member.pk)
    if member.role == Role.OWNER and not others.exists():
        raise LastOwnerError
