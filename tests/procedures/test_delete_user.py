"""DeleteUser."""

import psycopg
import pytest

from broker.crypto.tokens import new_activation_code
from tests.people import activate, enter, found_company, invite, sign_in
from tests.world import NOBODY, Caller, MakeItem, Reply, must

BOB = "bob@acme.example"
ERIN = "erin@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def remove(call: Caller, email: str = BOB, by: str = "ann") -> Reply:
    return call("DeleteUser", _as=by, userEmail=email)


def test_removes_a_user_at_once(call: Caller) -> None:
    reply = remove(call, "Bob@acme.example")

    assert reply.row == {"userEmail": BOB, "result": f"user {BOB} removed"}
    assert call("GetCompanyTeams", _as="bob").failure == 401
    assert sign_in(call, BOB).failure == 401


def test_nothing_of_him_is_left_but_his_row(call: Caller, admin: psycopg.Connection) -> None:
    """The invariants, which every test ends with, say the rest."""
    must(remove(call))

    [(removed, uuid)] = admin.execute(
        "select removed_time is not null, user_uuid from data.company_user where email = %s", [BOB]
    ).fetchall()
    grants = admin.execute("select count(*) from data.held_key where holder_id = %s", [uuid]).fetchall()
    pairs = admin.execute("select count(*) from data.principal_key where holder_id = %s", [uuid]).fetchall()
    assert (removed, grants, pairs) == (True, [(0,)], [(0,)])


def test_what_he_made_keeps_its_author(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    must(remove(call))

    [item] = call("GetTeamQueueItems", _as="ann", teamName="ops").rows
    assert (item["queueId"], item["createdBy"]) == (queue_id, BOB)
    assert len(call("GetTeamQueueItems", _as="ann", teamName="ops", createdByUserEmail=BOB).rows) == 1


def test_his_items_can_still_be_done(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(remove(call))

    claimed = call("GetQueueItemsNext", _as="build-01", itemCount=1, start=True).row
    held = {"queueId": queue_id, "claimToken": claimed["claimToken"], "responseVault": "{}"}

    assert call("UpdateQueueItemToCompleted", _as="build-01", **held).failure == 0


def test_his_email_is_free_again(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    must(remove(call))

    successor = enter(call, BOB, invite(call, BOB))

    assert call("GetTeamQueueItems", _as=successor).rows == []
    assert call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail=BOB).failure == 0
    assert [row["createdBy"] for row in call("GetTeamQueueItems", _as=successor).rows] == [BOB]
    assert call("GetTeamQueueItems", _as=successor, createdByUserEmail=BOB).rows == []


def test_his_email_is_free_for_another_company(call: Caller) -> None:
    must(remove(call))

    assert found_company(call, BOB).failure == 0


def test_who_was_removed_is_no_user_any_more(call: Caller) -> None:
    must(remove(call))

    for procedure in ("DeleteUser", "UpdateUserToDeactivated", "UpdateUserToActivated", "CreateUserInvitation"):
        reply = call(procedure, _as="ann", userEmail=BOB)
        assert (reply.failure, reply.errors) == (404, [f"user {BOB} not found"])


def test_an_invitation_ends_with_its_user(call: Caller) -> None:
    code = invite(call, ERIN)

    must(remove(call, ERIN))

    assert activate(call, ERIN, code).failure == 403
    assert activate(call, ERIN, new_activation_code()).failure == 403


def test_a_deactivated_user_can_be_removed(call: Caller) -> None:
    must(call("UpdateUserToDeactivated", _as="ann", userEmail=BOB))

    assert remove(call).failure == 0


def test_refuses_oneself(call: Caller) -> None:
    reply = remove(call, "ann@acme.example")

    assert (reply.failure, reply.errors) == (
        409,
        ["ann@acme.example cannot do this to himself: another administrator can"],
    )


@pytest.mark.parametrize("email", ["gina@globex.example", "nobody@acme.example", "", "no e-mail"])
def test_finds_users_of_the_company_alone(call: Caller, email: str) -> None:
    reply = remove(call, email)

    assert (reply.failure, reply.errors) == (404, [f"user {email} not found"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert remove(call, "carol@acme.example", by=caller).failure == failure


def test_is_kept_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(remove(call))

    rows = admin.execute("select actor, action, entity, entity_name, details from data.audit").fetchall()
    assert rows[-1] == ("ann@acme.example", "Deleted", "User", BOB, "1 sessions ended")
