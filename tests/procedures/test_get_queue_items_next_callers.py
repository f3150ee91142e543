"""GetQueueItemsNext: who may take the items of which machines."""

from typing import Any

import psycopg
import pytest

from tests.jobs import claim, create
from tests.racing import Race, race
from tests.world import NOBODY, Caller, must

__all__ = ["race"]  # a fixture


def test_needs_a_token(call: Caller) -> None:
    assert call("GetQueueItemsNext", _as=NOBODY, machineName="build-01").failure == 401


def test_a_user_names_a_machine_or_a_bridge(call: Caller) -> None:
    reply = call("GetQueueItemsNext")

    assert reply.failure == 400
    assert reply.errors == ["machineName or bridgeName is missing: name one of them"]


@pytest.mark.parametrize("caller", ["bob", "build-01", "north"])
def test_nobody_names_both(call: Caller, caller: str) -> None:
    reply = call("GetQueueItemsNext", _as=caller, machineName="build-01", bridgeName="north")

    assert reply.failure == 400
    assert reply.errors == ["machineName and bridgeName are both given: name one of them"]


@pytest.mark.parametrize("caller", ["bob", "build-01"])
def test_a_machine_that_the_company_does_not_have_is_not_found(call: Caller, caller: str) -> None:
    reply = call("GetQueueItemsNext", _as=caller, machineName="build-99")

    assert reply.failure == 404
    assert reply.errors == ["machine build-99 not found"]


def test_a_bridge_that_the_company_does_not_have_is_not_found(call: Caller) -> None:
    reply = call("GetQueueItemsNext", bridgeName="west")

    assert reply.failure == 404
    assert reply.errors == ["bridge west not found"]


@pytest.mark.parametrize(
    ("caller", "machine"), [("carol", "build-01"), ("bob", "dev-01"), ("build-01", "build-02"), ("dev-01", "build-01")]
)
def test_a_machine_without_access_is_refused(call: Caller, caller: str, machine: str) -> None:
    reply = call("GetQueueItemsNext", _as=caller, machineName=machine)

    assert reply.failure == 403
    assert reply.errors == [f"machine {machine} is not yours to use"]


@pytest.mark.parametrize("caller", ["bob", "build-01", "north"])
def test_a_bridge_without_a_machine_of_the_caller_is_refused(call: Caller, caller: str) -> None:
    reply = call("GetQueueItemsNext", _as=caller, bridgeName="south")

    assert reply.failure == 403
    assert reply.errors == ["no machine of bridge south is yours to use"]


def test_names_match_without_regard_to_case(call: Caller) -> None:
    queue_id = create(call)

    assert claim(call, "bob", machineName="BUILD-01")["queueId"] == queue_id


def test_a_bridge_gives_a_user_the_items_of_his_teams_only(call: Caller) -> None:
    ops = [create(call, "build-01"), create(call, "build-02")]
    dev = create(call, "dev-01", "dev", _as="carol")

    for_bob = call("GetQueueItemsNext", bridgeName="north", itemCount=10)
    for_carol = call("GetQueueItemsNext", _as="carol", bridgeName="north", itemCount=10)

    assert [row["queueId"] for row in for_bob.rows] == ops
    assert [row["queueId"] for row in for_carol.rows] == [dev]


@pytest.mark.parametrize("names", [{}, {"machineName": "build-01"}, {"bridgeName": "north"}])
def test_the_agent_of_a_machine_gets_its_items_only(call: Caller, names: dict[str, Any]) -> None:
    mine = create(call, "build-01")
    create(call, "build-02")

    reply = call("GetQueueItemsNext", _as="build-01", itemCount=10, **names)

    assert [row["queueId"] for row in reply.rows] == [mine]


def test_the_agent_of_a_bridge_gets_the_items_of_all_its_machines(call: Caller) -> None:
    made = [create(call, "build-01"), create(call, "build-02"), create(call, "dev-01", "dev", _as="carol")]

    reply = call("GetQueueItemsNext", _as="north", itemCount=10)

    assert [row["queueId"] for row in reply.rows] == made


def test_the_agent_of_a_bridge_may_ask_for_one_of_its_machines(call: Caller) -> None:
    create(call, "build-01")
    second = create(call, "build-02")

    reply = call("GetQueueItemsNext", _as="north", machineName="build-02", itemCount=10)

    assert [row["queueId"] for row in reply.rows] == [second]


def test_the_agent_of_a_bridge_gets_nothing_of_a_machine_that_was_moved_away(
    call: Caller, admin: psycopg.Connection
) -> None:
    create(call, "build-02")
    kept = create(call, "build-01")
    admin.execute("""
        update data.machine
        set bridge_id = (
            select bridge.bridge_id
            from data.bridge as bridge
            where bridge.company_id = machine.company_id
              and bridge.bridge_name = 'south')
        where machine_name = 'build-02'
    """)

    reply = call("GetQueueItemsNext", _as="north", itemCount=10)

    assert [row["queueId"] for row in reply.rows] == [kept]
    assert call("GetQueueItemsNext", _as="north", machineName="build-02").failure == 403


def test_the_agent_of_a_bridge_gets_items_of_a_machine_that_came_after_its_token(call: Caller) -> None:
    must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="north", machineName="build-03"))
    queue_id = create(call, "build-03")

    rows = call("GetQueueItemsNext", _as="north", itemCount=10).rows

    assert [(row["queueId"], row["vaultContent"]) for row in rows] == [(queue_id, '{"handler":"shell"}')]


def test_the_agent_of_a_bridge_gets_nothing_of_a_machine_whose_keys_it_does_not_hold(
    call: Caller, admin: psycopg.Connection
) -> None:
    create(call)
    admin.execute(
        "delete from data.held_key using data.machine, data.token "
        "where key_id = machine_uuid and machine_name = 'build-01' and holder_id = token_id and token_name = 'north'"
    )

    assert call("GetQueueItemsNext", _as="north", itemCount=10).rows == []
    assert call("GetQueueItemsNext", _as="north", machineName="build-01").failure == 403


def test_another_company_with_the_same_names_gets_its_own_items(call: Caller) -> None:
    create(call)
    theirs = create(call, _as="gina")

    reply = call("GetQueueItemsNext", _as="gina", bridgeName="north", itemCount=10)

    assert [row["queueId"] for row in reply.rows] == [theirs]
    assert call("GetQueueItemsNext", _as="globex-build-01").rows == []


def test_a_machine_of_another_company_is_like_one_that_is_not_there(call: Caller) -> None:
    reply = call("GetQueueItemsNext", _as="gina", machineName="build-02")

    assert reply.failure == 404
    assert reply.errors == ["machine build-02 not found"]


def test_who_left_the_team_gets_nothing_any_more(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    leave_ops(admin)

    assert call("GetQueueItemsNext", machineName="build-01").failure == 403
    assert call("GetQueueItemsNext", bridgeName="north").failure == 403


def test_who_left_the_team_does_not_get_an_earlier_claim_again(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeamMembership", _as="ann", teamName="dev", newUserEmail="bob@acme.example"))
    create(call)
    claim(call, "bob", requestId="poll-1")
    leave_ops(admin)

    reply = call("GetQueueItemsNext", machineName="dev-01", requestId="poll-1")

    assert reply.rows == []


def leave_ops(admin: psycopg.Connection) -> None:
    """Bob leaves team ops."""
    admin.execute("""
        delete from data.team_member as member
        using data.team as team, data.company_user as person
        where team.team_id = member.team_id
          and team.team_name = 'ops'
          and person.user_id = member.user_id
          and person.email = 'bob@acme.example'
    """)


@pytest.mark.parametrize("caller", ["build-01", "north"])
def test_who_finds_nothing_waits_for_nobody_who_holds_his_token(caller: str, race: Race) -> None:
    with race.held("select from data.token for no key update"):
        reply = race.at_once(lambda other: other("GetQueueItemsNext", _as=caller))

    assert must(reply).rows == []
