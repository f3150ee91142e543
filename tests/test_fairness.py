"""A team with a great backlog does not starve another on the same bridge."""

from typing import Any

import psycopg
import pytest

from tests.jobs import claim, create
from tests.world import Caller, must

BACKLOG = 2_000
COPIES = """
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, pooled, request_vault_id, vault_queue_id,
        created_by, created_time, ready_time, priority)
    select company_id, gen_random_uuid(), team_id, policy_id, lane_id, machine_id, pooled, request_vault_id, queue_id,
           created_by, created_time, ready_time, priority
    from data.queue_item
    cross join generate_series(2, %s)
    where queue_id = %s;
"""


@pytest.fixture(params=["machine", "pool"])
def place(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """Where the items of each team go."""
    if request.param == "pool":
        return {"ops": {"queueName": "default"}, "dev": {"queueName": "default"}}
    return {"ops": {"machineName": "build-01"}, "dev": {"machineName": "dev-01"}}


def add(call: Caller, team: str, members: dict[str, Any]) -> int:
    made = must(call("CreateQueueItem", _as="ann", teamName=team, queueVault="{}", **members))
    queue_id: int = made.row["queueId"]
    return queue_id


def test_a_claim_of_ten_brings_all_three_that_lie_behind_thousands_of_another_team(
    call: Caller, admin: psycopg.Connection, place: dict[str, dict[str, Any]]
) -> None:
    admin.execute(COPIES, [BACKLOG, add(call, "ops", place["ops"])])
    few = {add(call, "dev", place["dev"]) for _ in range(3)}

    taken = {row["queueId"] for row in must(call("GetQueueItemsNext", _as="north", itemCount=10)).rows}

    assert len(taken) == 10
    assert few <= taken


def test_claims_of_one_bring_all_three_soon(
    call: Caller, admin: psycopg.Connection, place: dict[str, dict[str, Any]]
) -> None:
    """Turns are drawn anew with each claim: 40 heads in a row are no bad luck."""
    admin.execute(COPIES, [BACKLOG, add(call, "ops", place["ops"])])
    few = {add(call, "dev", place["dev"]) for _ in range(3)}

    taken: set[int] = set()
    for _ in range(40):
        taken.add(claim(call, "north")["queueId"])

    assert few <= taken
    assert len(taken - few) >= 3


def test_priority_goes_before_turns(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(COPIES, [20, create(call)])
    urgent = [create(call, priority=1) for _ in range(3)]
    create(call, "dev-01", "dev", _as="ann")

    taken = [row["queueId"] for row in must(call("GetQueueItemsNext", _as="north", itemCount=3)).rows]

    assert taken == urgent
