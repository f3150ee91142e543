"""Rights of what happens to accounts: passwords, invitations, deactivation, removal, recovery."""

from broker.crypto.password import password_user_hash
from tests.rights.stage import Bodies, Stage, new_name
from tests.world import PASSWORD, must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    UpdateUserPassword             own      ok       ok     ok     ok    ok     403   403     403     403    403     key
    UpdateUserToDeactivated        404      403      403    403    ok    ok     403   403     403     403    403     ok
    UpdateUserToActivated          404      403      403    403    ok    ok     403   403     403     403    403     key
    DeleteUser                     404      403      403    403    ok    ok     403   403     403     403    403     ok
    CreateUserInvitation           404      403      403    403    ok    ok     403   403     403     403    403     key
    CreateRecoveryCode             own      403      403    403    ok    ok     403   403     403     403    403     key
    RecoverCompany                 anyone
"""

HASH = "0x" + password_user_hash(PASSWORD).hex()


def somebody(stage: Stage) -> str:
    """E-mail of a new user of Acme."""
    email = f"{new_name()}@users.example"
    must(stage.call("CreateNewUser", _as="ann", newUserEmail=email))
    return email


def somebody_away(stage: Stage) -> str:
    email = somebody(stage)
    must(stage.call("UpdateUserToDeactivated", _as="ann", userEmail=email))
    return email


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "UpdateUserPassword": lambda _: {"newUserHash": HASH, "currentUserHash": HASH},
    "UpdateUserToDeactivated": lambda stage: {"userEmail": somebody(stage)},
    "UpdateUserToActivated": lambda stage: {"userEmail": somebody_away(stage)},
    "DeleteUser": lambda stage: {"userEmail": somebody(stage)},
    "CreateUserInvitation": lambda stage: {"userEmail": somebody(stage)},
    "CreateRecoveryCode": lambda _: {"currentUserHash": HASH},
    "RecoverCompany": lambda _: {"recoveryCode": "x"},
}
