"""UpdateCompanyBlockUserRequests."""

import psycopg
import pytest

from tests.groups import assign
from tests.people import sign_in
from tests.racing import SECONDS, Race, race
from tests.world import NOBODY, Caller, Reply, must

__all__ = ["race"]  # a fixture

BOB, CAROL = "bob@acme.example", "carol@acme.example"
BLOCKED = "select requests_blocked_time is not null from data.company where company_name = 'Acme'"


def block(call: Caller, blocked: object = True, _as: str = "ann") -> Reply:
    return call("UpdateCompanyBlockUserRequests", _as=_as, blockUserRequests=blocked)


def test_ends_the_sessions_of_all_other_users_and_says_how_many(call: Caller, admin: psycopg.Connection) -> None:
    again = sign_in(call, BOB).row["nextRequestToken"]

    reply = block(call)

    assert reply.row == {
        "blockUserRequests": True,
        "deactivatedTokenCount": 3,
        "result": "user requests are blocked",
    }
    assert [call("GetCompanyTeams", _as=name).failure for name in ("bob", "carol", again)] == [401, 401, 401]
    assert admin.execute(BLOCKED).fetchone() == (True,)


def test_the_acting_administrators_sessions_go_on(call: Caller) -> None:
    other = sign_in(call, "ann@acme.example").row["nextRequestToken"]

    must(block(call))

    assert [call("GetCompanyTeams", _as=name).failure for name in ("ann", other)] == [0, 0]


def test_sessions_of_other_administrators_end_too(call: Caller) -> None:
    must(assign(call, BOB, "Administrators"))
    session = sign_in(call, BOB).row["nextRequestToken"]

    must(block(call))

    assert call("GetCompanyTeams", _as=session).failure == 401


def test_only_administrators_may_sign_in_meanwhile(call: Caller) -> None:
    must(block(call))

    refused = sign_in(call, BOB)

    assert (refused.failure, refused.errors) == (
        403,
        ["company Acme takes no sign-ins but those of its administrators now"],
    )
    assert sign_in(call, "ann@acme.example").failure == 0


def test_a_sign_in_that_comes_meanwhile_waits_and_is_refused(race: Race) -> None:
    with race.acting("ann", "select * from api.update_company_block_user_requests(true)"):
        waiting = race.start(lambda other: sign_in(other, BOB))

    assert waiting.result(SECONDS).failure == 403


def test_ends_what_was_forked_from_a_session(call: Caller) -> None:
    child = must(call("ForkAuthenticationRequest", childName="child")).row["nextRequestToken"]

    assert block(call).row["deactivatedTokenCount"] == 3
    assert call("GetCompanyTeams", _as=child).failure == 401


def test_agents_and_other_companies_go_on(call: Caller) -> None:
    must(block(call))

    assert [call("GetQueueItemsNext", _as=name).failure for name in ("build-01", "north")] == [0, 0]
    assert call("GetCompanyTeams", _as="gina").failure == 0
    assert sign_in(call, "gina@globex.example").failure == 0


def test_nobody_of_other_companies_waits(race: Race) -> None:
    with race.acting("ann", "select * from api.update_company_block_user_requests(true)"):
        reply = race.at_once(lambda other: sign_in(other, "gina@globex.example"))

    assert reply.failure == 0


def test_blocking_twice_ends_nothing_more(call: Caller) -> None:
    must(block(call))

    assert block(call).row["deactivatedTokenCount"] == 0


def test_opens_the_company_again(call: Caller, admin: psycopg.Connection) -> None:
    must(block(call))

    reply = block(call, False)

    assert reply.row == {
        "blockUserRequests": False,
        "deactivatedTokenCount": 0,
        "result": "user requests are open",
    }
    assert admin.execute(BLOCKED).fetchone() == (False,)
    assert sign_in(call, BOB).failure == 0


def test_waits_for_a_sign_in_that_is_under_way(call: Caller, race: Race) -> None:
    # A sign-in holds its user until its session is stored.
    with race.held("select from data.company_user where email = %s for no key update", BOB):
        running = race.start(block)

    assert running.result(SECONDS).row["deactivatedTokenCount"] == 2


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    block(call)
    block(call, False)

    rows = admin.execute("select action, entity, entity_name, details from data.audit order by audit_id").fetchall()
    assert rows == [
        ("Updated", "Company", "Acme", "user requests blocked, 2 sessions ended"),
        ("Updated", "Company", "Acme", "user requests open"),
    ]


@pytest.mark.parametrize("value", [None, "perhaps", 2, []])
def test_refuses_what_is_neither_true_nor_false(call: Caller, value: object) -> None:
    assert block(call, value).failure == 400


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert block(call, _as=caller).failure == failure
