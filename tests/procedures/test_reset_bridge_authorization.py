"""ResetBridgeAuthorization."""

from typing import Any

import psycopg
import pytest

from broker.crypto.tokens import looks_like_token
from tests.jobs import create
from tests.people import sign_in
from tests.world import NOBODY, Caller, Reply, must


def reset(call: Caller, bridge: str = "north", _as: str = "ann", **members: Any) -> Reply:
    return call("ResetBridgeAuthorization", _as=_as, bridgeName=bridge, **members)


def test_the_old_token_is_dead_at_once_and_the_new_one_works(call: Caller) -> None:
    queue_id = create(call)

    row = reset(call, "NORTH", isCloudManaged=None).row

    token = row.pop("token")
    assert looks_like_token(token)
    assert row.pop("agentTokenId") in [each["agentTokenId"] for each in call("GetAgentTokens", _as="ann").rows]
    assert row == {"bridgeName": "north", "result": "authorization reset: 1 token ended", "managementMode": "Local"}
    assert call("GetQueueItemsNext", _as="north").failure == 401
    assert [item["queueId"] for item in call("GetQueueItemsNext", _as=token).rows] == [queue_id]
    assert call("GetQueueItemsNext", _as="build-01").failure == 0


def test_sessions_that_speak_for_the_bridge_end_too(call: Caller, admin: psycopg.Connection) -> None:
    session = sign_in(call, "bob@acme.example").row["nextRequestToken"]
    admin.execute(
        "update data.token set target_bridge_id = (select bridge_id from data.bridge where bridge_name = 'south') "
        "where token_hash = sha256(%s::bytea)",
        [session],
    )

    assert reset(call, "south").row["result"] == "authorization reset: 1 token ended"
    assert call("GetTeamMachines", _as=session).failure == 401
    assert call("GetTeamMachines", _as="bob").failure == 0


def test_a_bridge_without_machines_gets_no_token(call: Caller) -> None:
    row = reset(call, "south").row

    assert (row["token"], row["agentTokenId"]) == (None, None)
    assert row["result"] == "authorization reset: 0 tokens ended"


def test_who_may_not_use_all_machines_ends_the_tokens_and_gets_no_new_one(
    call: Caller, admin: psycopg.Connection
) -> None:
    admin.execute("update data.company_user set permission_group = 'Administrators' where email ~ '^carol'")
    carol = sign_in(call, "carol@acme.example").row["nextRequestToken"]

    row = reset(call, _as=carol).row

    assert row["token"] is None
    assert call("GetQueueItemsNext", _as="north").failure == 401


@pytest.mark.parametrize(
    ("bridge", "region", "mode"),
    [("north", "eu", "Local"), ("Global Bridges", "Default Region", "Cloud")],
)
def test_says_who_runs_the_bridge_and_keeps_it_when_it_is_not_told(
    call: Caller, bridge: str, region: str, mode: str
) -> None:
    shown = [
        row["managementMode"] for row in call("GetRegionBridges", regionName=region).rows if row["bridgeName"] == bridge
    ]

    assert shown == [mode]
    assert reset(call, bridge).row["managementMode"] == mode


@pytest.mark.parametrize(("cloud", "mode"), [(True, "Cloud"), (False, "Local")])
def test_changes_who_runs_the_bridge(call: Caller, cloud: bool, mode: str) -> None:
    changed = reset(call, "south", isCloudManaged=cloud, regionName="eu").row

    rows = call("GetRegionBridges", regionName="eu").rows
    assert changed["managementMode"] == mode
    assert [row["managementMode"] for row in rows if row["bridgeName"] == "south"] == [mode]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"bridge": "west"}, "bridge west not found"),
        ({"bridge": "south", "regionName": "Default Region"}, "bridge south not found in region Default Region"),
    ],
)
def test_does_not_know_a_bridge_that_is_not_there(call: Caller, members: dict[str, Any], sentence: str) -> None:
    reply = reset(call, **members)

    assert (reply.failure, reply.errors) == (404, [sentence])
    assert must(call("GetQueueItemsNext", _as="north")).rows == []


def test_leaves_a_row_in_the_audit_without_the_token(call: Caller, admin: psycopg.Connection) -> None:
    reset(call)

    rows = admin.execute(
        "select action, entity, entity_name, details from data.audit where procedure_name = 'ResetBridgeAuthorization'"
    ).fetchall()
    assert rows == [("Rotated", "Bridge", "north", "1 token ended, a new one made, Local")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert reset(call, _as=caller).failure == failure
