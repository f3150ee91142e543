"""Permission groups that tests make."""

from collections.abc import Iterable

from tests.world import Caller, Reply, must


def make_group(call: Caller, name: str, permissions: Iterable[str] = (), by: str = "ann") -> str:
    """A permission group that permits these procedures; its name."""
    must(call("CreatePermissionGroup", _as=by, permissionGroupName=name))
    for permission in permissions:
        must(call("CreatePermissionInGroup", _as=by, permissionGroupName=name, permissionName=permission))
    return name


def assign(call: Caller, email: str, group: str, by: str = "ann") -> Reply:
    """UpdateUserAssignedPermissions."""
    return call("UpdateUserAssignedPermissions", _as=by, userEmail=email, permissionGroupName=group)


def group_of(call: Caller, email: str, by: str = "ann") -> str:
    """The name of a user's permission group."""
    [row] = [row for row in call("GetCompanyUsers", _as=by).rows if row["userEmail"] == email]
    name: str = row["permissionsName"]
    return name


def permissions_of(call: Caller, group: str, by: str = "ann") -> list[str]:
    """What a group may call, as its details say."""
    return [row["permissionName"] for row in call("GetPermissionGroupDetails", _as=by, permissionGroupName=group).rows]
