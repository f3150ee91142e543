"""Scenes of accounts, sessions and groups."""

from typing import Any

from broker.crypto.tokens import new_recovery_code
from tests.people import credentials, invite, sign_in
from tests.scenes.scenery import BOB, DORA, Scene, Scenery, Scenes, always, limited
from tests.second_factors import Authenticator, enrol, generate, user_hash
from tests.world import must


def invited(stage: Scenery) -> dict[str, Any]:
    code = invite(stage.call, "erin@acme.example")
    return {"headers": credentials("erin@acme.example"), "activationCode": code}


def invited_again(email: str, member: str = "newUserEmail") -> Scene:
    """An invitation of somebody whose last one has expired; dave was made a member of dev."""

    def scene(stage: Scenery) -> dict[str, Any]:
        stage.move("update data.invitation set expires_time = now() - interval '1 hour'")
        stage.move(
            "insert into data.team_member (company_id, team_id, user_id, created_time) "
            "select team.company_id, team_id, user_id, now() from data.team join data.company_user using (company_id) "
            "where company_id = %(acme)s and team_name = 'dev' and email = 'dave@acme.example'"
        )
        return {member: email}

    return scene


def device(stage: Scenery) -> Authenticator:
    """Bob's second factor."""
    return enrol(stage.call, "bob", stage.admin)


def pending(stage: Scenery, recovery: bool = False) -> dict[str, Any]:
    """A session, made for a bridge, that awaits its code."""
    shown = device(stage)
    token = sign_in(stage.call, BOB, target="north").row["nextRequestToken"]
    return {"as": token, "tfaCode": shown.recovery_codes[0] if recovery else shown.code()}


def confirming(stage: Scenery, fork: bool = False) -> dict[str, Any]:
    """The code that turns bob's second factor on; by a session that was not opened by password."""
    secret = must(generate(stage.call, "bob")).row["secret"]
    child = must(stage.call("ForkAuthenticationRequest", childName="child")).row["nextRequestToken"]
    code = Authenticator(stage.admin, secret).code()
    body = {"enable": True, "confirmEnable": True, "secret": secret, "verificationCode": code}
    return {"as": child if fork else "bob", **body}


def disabling(stage: Scenery) -> dict[str, Any]:
    return {"as": "bob", "enable": False, "userHash": user_hash(), "currentCode": device(stage).code()}


def forked(stage: Scenery) -> dict[str, Any]:
    """A fork of a fork."""
    child = must(stage.call("ForkAuthenticationRequest", childName="child")).row["nextRequestToken"]
    return {"as": child, "childName": "grandchild"}


def passwordless(stage: Scenery) -> dict[str, Any]:
    """A new password from a fork, which nobody opened by password."""
    child = must(stage.call("ForkAuthenticationRequest", childName="child")).row["nextRequestToken"]
    return {"as": child, "newUserHash": user_hash()}


def recovered(stage: Scenery) -> dict[str, Any]:
    code = stage.made("CreateRecoveryCode", currentUserHash=user_hash())["recoveryCode"]
    return {"headers": credentials(BOB), "recoveryCode": code}


def signing_in(email: str = BOB, **members: Any) -> dict[str, Any]:
    return {"headers": credentials(email), "name": "x", **members}


def served_elsewhere(stage: Scenery) -> dict[str, Any]:
    """A session for a bridge that serves only a team of others."""
    stage.made("CreateMachine", teamName="dev", bridgeName="south", machineName="dev-02")
    return signing_in(target="south")


def last_member(stage: Scenery) -> dict[str, Any]:
    stage.made("CreateTeam", teamName="solo")
    return {"teamName": "solo", "removeUserEmail": "ann@acme.example"}


SCENES: Scenes = {
    "ActivateUserAccount": [
        invited,
        lambda stage: {**invited(stage), "activationCode": "00000000000000000000000000"},
    ],
    "CreateAuthenticationRequest": [
        always(**signing_in("ann@acme.example")),
        always(**signing_in(DORA, target="north")),
        always(**signing_in(requestedPermissions="Watchers")),
        always(**signing_in(requestedPermissions="Sailors")),
        served_elsewhere,
    ],
    "CreateNewUser": [
        limited({"newUserEmail": "one-more@acme.example"}),
        invited_again("dave@acme.example"),
        invited_again("hank@globex.example"),
    ],
    "CreatePermissionGroup": [limited({"permissionGroupName": "one-more"})],
    "CreateUserInvitation": [
        invited_again("dave@acme.example", "userEmail"),
        lambda stage: {**invited_again("dave@acme.example", "userEmail")(stage), "as": "dora"},
    ],
    "DeletePermissionGroup": [always(permissionGroupName="Watchers")],
    "DeleteUserFromTeam": [last_member],
    "ForkAuthenticationRequest": [forked],
    "GetPermissionGroupDetails": [always(permissionGroupName="Watchers")],
    "PrivilegeAuthenticationRequest": [pending, lambda stage: pending(stage, recovery=True)],
    "RecoverCompany": [recovered, lambda stage: {**recovered(stage), "recoveryCode": new_recovery_code()}],
    "UpdateUserAssignedPermissions": [always(userEmail="ann@acme.example", permissionGroupName="Watchers")],
    "UpdateUserPassword": [passwordless],
    "UpdateUserVault": [always(userVault="{}", vaultVersion=2)],
    "UpdateUserTFA": [
        always(**{"as": "bob"}, enable=True, generateOnly=True, userHash=user_hash()),
        confirming,
        lambda stage: confirming(stage, fork=True),
        disabling,
    ],
}
