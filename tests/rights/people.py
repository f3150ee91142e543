"""Rights of people, groups and memberships."""

from tests.rights.stage import Bodies, Stage, new_name
from tests.world import must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreatePermissionGroup          own      403      403    403    ok    ok     403   403     403     403    403     ok
    DeletePermissionGroup          404      403      403    403    ok    ok     403   403     403     403    403     ok
    CreatePermissionInGroup        404      403      403    403    ok    ok     403   403     403     403    403     ok
    DeletePermissionFromGroup      404      403      403    403    ok    ok     403   403     403     403    403     ok
    GetCompanyPermissionGroups     own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    GetPermissionGroupDetails      404      ok       403    ok     ok    ok     403   403     403     403    403     ok
    UpdateUserAssignedPermissions  404      403      403    403    ok    ok     403   403     403     403    403     ok
    GetCompanyUsers                own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    UpdateUserEmail                404      403      403    403    ok    ok     403   403     403     403    403     ok
    UpdateUserLanguage             own      ok       ok     ok     ok    ok     403   403     403     403    403     ok
    GetTeamMembers                 none     403      403    ok     ok    403    403   403     403     403    403     ok
    DeleteUserFromTeam             404      403      403    403    ok    403    403   403     403     403    403     ok
    UpdateCompanyBlockUserRequests own      403      403    403    ok    ok     403   403     403     403    403     ok
"""


def group(stage: Stage) -> str:
    """A permission group of Acme's own, which permits one procedure."""
    name = new_name()
    must(stage.call("CreatePermissionGroup", _as="ann", permissionGroupName=name))
    must(
        stage.call("CreatePermissionInGroup", _as="ann", permissionGroupName=name, permissionName="GetTeamRepositories")
    )
    return name


def user(stage: Stage) -> str:
    """A user of Acme."""
    email = f"{new_name()}@users.example"
    must(stage.call("CreateNewUser", _as="ann", newUserEmail=email))
    return email


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "CreatePermissionGroup": lambda _: {"permissionGroupName": new_name()},
    "DeletePermissionGroup": lambda stage: {"permissionGroupName": group(stage)},
    "CreatePermissionInGroup": lambda stage: {
        "permissionGroupName": group(stage),
        "permissionName": "GetTeamMachines",
    },
    "DeletePermissionFromGroup": lambda stage: {
        "permissionGroupName": group(stage),
        "permissionName": "GetTeamRepositories",
    },
    "GetCompanyPermissionGroups": lambda _: {},
    "GetPermissionGroupDetails": lambda stage: {"permissionGroupName": group(stage)},
    "UpdateUserAssignedPermissions": lambda stage: {
        "userEmail": user(stage),
        "permissionGroupName": group(stage),
    },
    "GetCompanyUsers": lambda _: {},
    "UpdateUserEmail": lambda stage: {
        "currentUserEmail": user(stage),
        "newUserEmail": f"{new_name()}@users.example",
    },
    "UpdateUserLanguage": lambda _: {"preferredLanguage": "de"},
    "GetTeamMembers": lambda _: {"teamName": "ops"},
    "DeleteUserFromTeam": lambda _: {"teamName": "ops", "removeUserEmail": "bob@acme.example"},
    "UpdateCompanyBlockUserRequests": lambda _: {"blockUserRequests": False},
}
