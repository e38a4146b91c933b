"""Who may do what at a shop. Pure: roles in, answers out.

| permission | owner | manager | advisor | technician | cashier | what it opens |
|---|---|---|---|---|---|---|
| board | yes | yes | yes | yes | yes | see the day: bays, visits, technicians |
| check_in | yes | yes | yes | yes | | receive a car, start the work, report it ready |
| walk_in | yes | yes | yes | | | open a visit at the counter, move and reassign visits |
| close_day | yes | yes | yes | | yes | the day's closing list, handing cars over |
| money | yes | yes | | | | what the shop is owed, statements, payouts, its account, giving money back |
| prices | yes | yes | | | | the price list, off-peak prices |
| settings | yes | yes | | | | profile, hours, rules, closures, bays and cars, team and shifts |
| staff | yes | yes | | | | members and invitations, for the roles below one's own |
| reviews | yes | yes | yes | | | read and answer reviews, appeal, win unhappy owners back |
"""

from __future__ import annotations

from shops.choices import Permission, Role

_EVERYONE = frozenset({Permission.BOARD})
_COUNTER = _EVERYONE | {Permission.CHECK_IN, Permission.WALK_IN, Permission.CLOSE_DAY, Permission.REVIEWS}

PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.MANAGER: frozenset(Permission),
    Role.ADVISOR: _COUNTER,
    Role.TECHNICIAN: _EVERYONE | {Permission.CHECK_IN},
    Role.CASHIER: _EVERYONE | {Permission.CLOSE_DAY},
}

# Which roles a role may give and take: an owner every one, a manager those below.
GRANTABLE: dict[str, frozenset[Role]] = {
    Role.OWNER: frozenset(Role),
    Role.MANAGER: frozenset({Role.ADVISOR, Role.TECHNICIAN, Role.CASHIER}),
}


def may(role: str | None, permission: str) -> bool:
    """Whether a member in `role` (None: not a member) has `permission`, one of `shops.choices.Permission`."""
    return role is not None and Permission(permission) in PERMISSIONS.get(role, frozenset())


def may_grant(role: str | None, target: str) -> bool:
    """Whether a member in `role` may give the role `target`, or take it away."""
    return role is not None and target in GRANTABLE.get(role, frozenset())


def grantable_roles(role: str | None) -> list[Role]:
    """The roles that a member in `role` may give, in the order of `Role`."""
    return [target for target in Role if may_grant(role, target)]
