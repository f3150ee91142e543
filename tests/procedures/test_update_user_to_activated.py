"""UpdateUserToActivated."""

import psycopg
import pytest

from tests.people import activate, invite, refuse_in_sql, sign_in
from tests.world import NOBODY, Caller, Reply, must

BOB = "bob@acme.example"
NOT_VERIFIED = (
    f"user {BOB} cannot be let in with the password he had: the company's key was rotated while he was away, "
    "and his key pair cannot be verified; invite him again with CreateUserInvitation"
)

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def reactivate(call: Caller, email: str = BOB, by: str = "ann") -> Reply:
    return call("UpdateUserToActivated", _as=by, userEmail=email)


@pytest.fixture
def bob_is_away(call: Caller) -> None:
    must(call("UpdateUserToDeactivated", _as="ann", userEmail=BOB))


@pytest.mark.usefixtures("bob_is_away")
def test_lets_a_user_in_again_with_the_password_he_had(call: Caller) -> None:
    reply = reactivate(call, "Bob@acme.example")

    assert reply.row == {"userEmail": BOB, "result": f"user {BOB} activated"}
    assert sign_in(call, BOB).failure == 0


@pytest.mark.usefixtures("bob_is_away")
def test_sessions_of_before_stay_ended(call: Caller) -> None:
    must(reactivate(call))

    assert call("GetCompanyTeams", _as="bob").failure == 401


@pytest.mark.usefixtures("bob_is_away")
def test_reads_what_was_sealed_while_he_was_away(call: Caller) -> None:
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault='{"colour":"blue"}', vaultVersion=1))

    must(reactivate(call))

    bob = sign_in(call, BOB).row["nextRequestToken"]
    [team] = [row for row in call("GetCompanyTeams", _as=bob).rows if row["teamName"] == "ops"]
    assert team["vaultContent"] == '{"colour":"blue"}'


LOSE_GRANTS = """
    delete from data.held_key as held using data.company_user as person
    where held.holder_kind = 'user' and held.holder_id = person.user_uuid and person.email = %s
"""


@pytest.mark.usefixtures("bob_is_away")
def test_is_granted_the_keys_he_lacks(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(LOSE_GRANTS, [BOB])
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault='{"colour":"blue"}', vaultVersion=1))

    must(reactivate(call))

    bob = sign_in(call, BOB).row["nextRequestToken"]
    [team] = [row for row in call("GetCompanyTeams", _as=bob).rows if row["teamName"] == "ops"]
    assert team["vaultContent"] == '{"colour":"blue"}'


@pytest.mark.usefixtures("bob_is_away")
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("mac = sha256('x')", id="forged"),
        pytest.param("public_key = sha256('x')", id="another's key"),
        pytest.param("key_version = 0", id="vouched for by a version that is gone"),
    ],
)
def test_keys_are_sealed_to_no_key_pair_that_the_company_does_not_vouch_for(
    call: Caller, admin: psycopg.Connection, spoil: str
) -> None:
    admin.execute(LOSE_GRANTS, [BOB])
    admin.execute(
        f"update data.principal_key set {spoil} from data.company_user "
        "where holder_kind = 'user' and holder_id = user_uuid and email = %s",
        [BOB],
    )

    refused = reactivate(call)
    code = call("CreateUserInvitation", _as="ann", userEmail=BOB).row["activationCode"]

    assert (refused.failure, refused.errors) == (409, [NOT_VERIFIED])
    assert activate(call, BOB, code).failure == 0
    assert sign_in(call, BOB).failure == 0


def test_who_was_never_activated_needs_his_code_as_before(call: Caller) -> None:
    code = invite(call, "erin@acme.example")
    must(call("UpdateUserToDeactivated", _as="ann", userEmail="erin@acme.example"))

    must(reactivate(call, "erin@acme.example"))

    assert activate(call, "erin@acme.example", code).failure == 0


def test_refuses_a_user_who_is_not_deactivated(call: Caller) -> None:
    reply = reactivate(call)

    assert (reply.failure, reply.errors) == (409, [f"user {BOB} is not deactivated"])


@pytest.mark.parametrize("email", ["gina@globex.example", "nobody@acme.example", "", "no e-mail"])
def test_finds_users_of_the_company_alone(call: Caller, email: str) -> None:
    reply = reactivate(call, email)

    assert (reply.failure, reply.errors) == (404, [f"user {email} not found"])


@pytest.mark.usefixtures("bob_is_away")
@pytest.mark.parametrize(("caller", "failure"), [("carol", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert reactivate(call, by=caller).failure == failure


@pytest.mark.usefixtures("bob_is_away")
def test_a_sql_admin_holds_no_key_to_give(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, "ann@acme.example", f"select api.update_user_to_activated('{BOB}', null)")

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")


@pytest.mark.usefixtures("bob_is_away")
def test_is_kept_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(reactivate(call))

    rows = admin.execute("select actor, action, entity, entity_name from data.audit").fetchall()
    assert rows[-1] == ("ann@acme.example", "Activated", "User", BOB)
