import pytest

from shops.choices import Permission, Role
from shops.rules import grantable_roles, may, may_grant

EVERYTHING = "board check_in walk_in close_day money prices settings staff reviews"
TABLE = {
    Role.OWNER: EVERYTHING,
    Role.MANAGER: EVERYTHING,
    Role.ADVISOR: "board check_in walk_in close_day reviews",
    Role.TECHNICIAN: "board check_in",
    Role.CASHIER: "board close_day",
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_may_follows_the_table(role, permission):
    assert may(role, permission) == (permission.value in TABLE[role].split())


@pytest.mark.parametrize("permission", Permission)
def test_may_nobody_else(permission):
    assert not may(None, permission)
    assert not may("janitor", permission)


def test_may_unknown_permission_is_a_mistake():
    with pytest.raises(ValueError, match="fly"):
        may(Role.OWNER, "fly")


@pytest.mark.parametrize("target", Role)
def test_may_grant_owner_every_role(target):
    assert may_grant(Role.OWNER, target)


@pytest.mark.parametrize("target", Role)
def test_may_grant_manager_only_below(target):
    assert may_grant(Role.MANAGER, target) == (target not in (Role.OWNER, Role.MANAGER))


@pytest.mark.parametrize("role", [Role.ADVISOR, Role.TECHNICIAN, Role.CASHIER, None])
def test_may_grant_nobody_else(role):
    assert grantable_roles(role) == []
