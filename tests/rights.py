"""Who may call what, and what everybody else hears: the table behind tests/test_authorization.py.

A row is a procedure; a column is a caller, told what he asks for lies in team ops, on machine build-01:

    stranger  administrator of another company
    outsider  user of the company, not of the team
    member    user of the team, without special rights
    admin     administrator, member of the team
    remote    administrator of the company, not of the team
    agent     agent of the machine
    sibling   agent of another machine of the team
    distant   agent of a machine of another team
    bridge    agent of the bridge that serves the machine
    foreign   agent of another company

    ok    does it           own   does it in his own company, where nothing of this one is seen or changed
    none  is answered, and sees and changes nothing      403, 404  refused
    -     not asked: this caller's only session has ended with the outsider's, for it is the same
    anyone: no token is looked at
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.world import Caller, must

CALLERS = {
    "stranger": "gina",
    "outsider": "carol",
    "remote": "carol",  # of whom the test makes an administrator at this point
    "member": "bob",
    "admin": "ann",
    "agent": "build-01",
    "sibling": "build-02",
    "distant": "dev-01",
    "bridge": "north",
    "foreign": "globex-build-01",
}

TABLE = """
                                  stranger outsider member admin remote   agent sibling distant bridge foreign
    CreateNewCompany              anyone
    ActivateUserAccount           anyone
    CreateAuthenticationRequest   anyone
    DeleteUserRequest             own      ok       ok     ok    -        403   403     403     403    403

    CreateNewUser                 own      403      403    ok    ok       403   403     403     403    403
    CreateRegion                  own      403      403    ok    ok       403   403     403     403    403
    CreateTeam                    own      403      403    ok    ok       403   403     403     403    403
    CreateBridge                  404      403      403    ok    ok       403   403     403     403    403
    CreateMachine                 404      403      403    ok    403      403   403     403     403    403
    CreateTeamMembership          404      403      403    ok    403      403   403     403     403    403
    CreateAgentToken              404      403      403    ok    403      403   403     403     403    403
    GetAgentTokens                404      403      403    ok    403      403   403     403     403    403
    DeleteAgentToken              404      403      403    ok    404      403   403     403     403    403
    GetCompanyTeams               own      ok       ok     ok    ok       403   403     403     403    403
    GetTeamMachines               none     403      ok     ok    403      403   403     403     403    403

    CreateQueueItem               404      403      ok     ok    403      403   403     403     403    403
    CancelQueueItem               404      404      ok     ok    404      403   403     403     403    403
    DeleteQueueItem               404      404      ok     ok    404      403   403     403     403    403
    RetryFailedQueueItem          404      404      ok     ok    404      403   403     403     403    403
    GetQueueItemTrace             404      404      ok     ok    404      ok    404     404     ok     404
    GetTeamQueueItems             none     403      ok     ok    403      403   403     403     403    403
    GetTeamQueueItemCounts        none     403      ok     ok    403      403   403     403     403    403
    GetQueueItemsNext             404      403      ok     ok    403      ok    403     403     ok     404
    UpdateQueueItemHeartbeat      404      404      ok     ok    404      ok    404     404     ok     404
    UpdateQueueItemResponse       404      404      ok     ok    404      ok    404     404     ok     404
    UpdateQueueItemToCompleted    404      404      ok     ok    404      ok    404     404     ok     404
    ReturnQueueItems              none     none     ok     ok    none     ok    none    none    ok     none
"""


def read_table() -> dict[str, dict[str, str]]:
    """What each caller hears, by procedure; empty for anyone."""
    [kinds, *rows] = [line.split() for line in TABLE.strip().splitlines() if line.strip()]
    return {name: {} if words == ["anyone"] else dict(zip(kinds, words, strict=True)) for name, *words in rows}


@dataclass(frozen=True)
class Stage:
    """Makes what a call asks for, new for each call."""

    call: Caller

    def item(self, status: str = "PENDING") -> int:
        body = {"teamName": "ops", "machineName": "build-01", "queueVault": '{"of":"acme"}'}
        queue_id: int = must(self.call("CreateQueueItem", **body)).row["queueId"]  # type: ignore[arg-type]  # no header
        if status == "CANCELLED":
            must(self.call("CancelQueueItem", queueId=queue_id))
        return queue_id

    def claim(self) -> dict[str, Any]:
        """A started item of build-01 and its claim token."""
        queue_id = self.item()
        rows = must(self.call("GetQueueItemsNext", _as="build-01", itemCount=100, start=True)).rows
        [token] = [row["claimToken"] for row in rows if row["queueId"] == queue_id]
        return {"queueId": queue_id, "claimToken": token}

    def agent_token(self) -> str:
        made = must(self.call("CreateAgentToken", _as="ann", machineName="build-01"))
        token_id: str = made.row["agentTokenId"]
        return token_id


def new_name() -> str:
    return f"new-{uuid4().hex[:12]}"


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: dict[str, Callable[[Stage], dict[str, Any]]] = {
    "CreateNewCompany": lambda _: {"companyName": "Initech"},
    "ActivateUserAccount": lambda _: {"activationCode": "x"},
    "CreateAuthenticationRequest": lambda _: {"name": "x"},
    "DeleteUserRequest": lambda _: {},
    "CreateNewUser": lambda _: {"newUserEmail": f"{new_name()}@users.example"},
    "CreateRegion": lambda _: {"regionName": new_name(), "regionVault": "{}"},
    "CreateTeam": lambda _: {"teamName": new_name()},
    "CreateBridge": lambda _: {"regionName": "eu", "bridgeName": new_name()},
    "CreateMachine": lambda _: {"teamName": "ops", "bridgeName": "north", "machineName": new_name()},
    "CreateTeamMembership": lambda _: {"teamName": "ops", "newUserEmail": "carol@acme.example"},
    "CreateAgentToken": lambda _: {"machineName": "build-01"},
    "GetAgentTokens": lambda _: {"machineName": "build-01"},
    "DeleteAgentToken": lambda stage: {"agentTokenId": stage.agent_token()},
    "GetCompanyTeams": lambda _: {},
    "GetTeamMachines": lambda _: {"teamName": "ops"},
    "CreateQueueItem": lambda _: {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"},
    "CancelQueueItem": lambda stage: {"queueId": stage.item()},
    "DeleteQueueItem": lambda stage: {"queueId": stage.item()},
    "RetryFailedQueueItem": lambda stage: {"originalQueueId": stage.item("CANCELLED")},
    "GetQueueItemTrace": lambda stage: {"queueId": stage.item()},
    "GetTeamQueueItems": lambda stage: {"teamName": "ops", "taskId": None, "maxRecords": 1 + 0 * stage.item()},
    "GetTeamQueueItemCounts": lambda _: {"teamName": "ops"},
    "GetQueueItemsNext": lambda stage: {"machineName": "build-01", "itemCount": 1 + 0 * stage.item()},
    "UpdateQueueItemHeartbeat": lambda stage: stage.claim(),
    "UpdateQueueItemResponse": lambda stage: {"responseVault": "{}", **stage.claim()},
    "UpdateQueueItemToCompleted": lambda stage: {"responseVault": "{}", **stage.claim()},
    "ReturnQueueItems": lambda stage: {"items": [stage.claim()]},
}

# The members that name a thing of Acme, and a name of the same form that nobody has.
ABSENT: dict[str, Any] = {
    "queueId": 9007199254740000,
    "originalQueueId": 9007199254740000,
    "agentTokenId": "01890a5d-ac96-774b-bcce-b302099a8057",
    "teamName": "nowhere",
    "regionName": "nowhere",
    "machineName": "nothing",
}
