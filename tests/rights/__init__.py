"""Who may call what, and what everybody else hears: the tables behind tests/test_authorization.py.

A row is a procedure; a column is a caller, told what he asks for lies in team ops, on machine build-01:

    stranger  administrator of another company
    outsider  user of the company, not of the team
    barred    user of the team, of a group that permits everything but this procedure
    member    user of the team, without special rights
    admin     administrator, member of the team
    remote    administrator of the company, not of the team
    agent     agent of the machine
    sibling   agent of another machine of the team
    distant   agent of a machine of another team
    bridge    agent of the bridge that serves the machine
    foreign   agent of another company
    sql       SQL admin without a key, who acts as the admin

    ok    does it           own   does it in his own company, where nothing of this one is seen or changed
    none  is answered, and sees and changes nothing      403, 404  refused
    key   refused, because the call needs a key          400  about the caller's session, and SQL has none
    -     not asked: this caller's only session has ended with the outsider's, for it is the same
    anyone: no token is looked at

Nobody else is heard, wherever a token is needed (401):

    nobody       without a token            unknown   with a token of nobody's
    expired      with a session of the admin's that has lasted its time
    idle         with one that was not used for too long        ended    with one that he has ended
    deactivated  with the session of a user who may not sign in any more
    removed      with that of a user who was removed
    broker       the broker's role of the database, without a token
"""

from typing import Any

from tests.rights import (
    audits,
    batches,
    bulk,
    care,
    companies,
    details,
    directory,
    failures,
    flows,
    keys,
    lives,
    machines,
    people,
    places,
    queue,
    queues,
    schedules,
    sessions,
    webhooks,
)
from tests.rights.stage import Bodies, Stage

__all__ = ["ABSENT", "BODIES", "CALLERS", "DEAD", "Stage", "read_tables"]

GROUPS = (
    directory,
    sessions,
    people,
    lives,
    places,
    companies,
    keys,
    audits,
    details,
    queue,
    queues,
    bulk,
    care,
    batches,
    schedules,
    failures,
    flows,
    machines,
    webhooks,
)

DEAD = ("nobody", "unknown", "expired", "idle", "ended", "deactivated", "removed")

CALLERS = {
    "stranger": "gina",
    "outsider": "carol",
    "remote": "carol",  # of whom the test makes an administrator at this point
    "barred": "dave",
    "member": "bob",
    "admin": "ann",
    "agent": "build-01",
    "sibling": "build-02",
    "distant": "dev-01",
    "bridge": "north",
    "foreign": "globex-build-01",
}

BODIES: Bodies = {name: body for group in GROUPS for name, body in group.BODIES.items()}

# The members that name a thing of Acme, and a name of the same form that nobody has.
ABSENT: dict[str, Any] = {
    "queueId": 9007199254740000,
    "originalQueueId": 9007199254740000,
    "deadLetterId": 9007199254740000,
    "notificationId": 9007199254740000,
    "webhookId": "01890a5d-ac96-774b-bcce-b302099a8057",
    "agentTokenId": "01890a5d-ac96-774b-bcce-b302099a8057",
    "teamName": "nowhere",
    "entityIdentifier": "nothing",
    "credential": "01890a5d-ac96-774b-bcce-b302099a8057",
    "permissionGroupName": "nothing",
    "userEmail": "nobody@users.example",
    "currentUserEmail": "nobody@users.example",
    "regionName": "nowhere",
    "machineName": "nothing",
    "scheduleName": "nothing",
    "bridgeName": "nothing",
    "currentTeamName": "nowhere",
    "currentRegionName": "nowhere",
    "currentBridgeName": "nothing",
    "queueName": "nothing",
}


def read_tables() -> dict[str, dict[str, str]]:
    """What each caller hears, by procedure; empty for anyone."""
    unheard = dict.fromkeys((*DEAD, "broker"), "401")
    found: dict[str, dict[str, str]] = {}
    for group in GROUPS:
        [kinds, *rows] = [line.split() for line in group.TABLE.strip().splitlines() if line.strip()]
        for name, *words in rows:
            found[name] = {} if words == ["anyone"] else {**unheard, **dict(zip(kinds, words, strict=True))}
    return found
