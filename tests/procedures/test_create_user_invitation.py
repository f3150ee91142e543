"""CreateUserInvitation."""

import psycopg
import pytest

from broker.crypto.tokens import parse_activation_code
from tests.conftest import Clock
from tests.people import activate, enter, guess, invite, refuse_in_sql, sign_in
from tests.procedures.test_update_user_to_deactivated import make_administrator
from tests.world import NOBODY, Caller, Reply, must

BOB = "bob@acme.example"
ERIN = "erin@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def invite_again(call: Caller, email: str = BOB, by: str = "ann") -> Reply:
    return call("CreateUserInvitation", _as=by, userEmail=email)


def test_shows_a_new_code(call: Caller) -> None:
    row = invite_again(call, "Bob@acme.example").row

    assert parse_activation_code(row.pop("activationCode"))
    assert row == {"userEmail": BOB, "result": f"user {BOB} invited"}


def test_the_old_password_and_the_sessions_end_at_once(call: Caller) -> None:
    must(invite_again(call))

    assert sign_in(call, BOB).failure == 401
    assert call("GetCompanyTeams", _as="bob").failure == 401


def test_he_is_who_he_was(call: Caller, admin: psycopg.Connection) -> None:
    before = admin.execute("select user_id, user_uuid from data.company_user where email = %s", [BOB]).fetchall()

    bob = enter(call, BOB, invite_again(call).row["activationCode"])

    after = admin.execute("select user_id, user_uuid from data.company_user where email = %s", [BOB]).fetchall()
    assert after == before
    assert [team["teamName"] for team in call("GetCompanyTeams", _as=bob).rows if team["isMember"]] == ["ops"]


def test_he_reads_what_was_sealed_before(call: Caller) -> None:
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault='{"colour":"blue"}'))

    bob = enter(call, BOB, invite_again(call).row["activationCode"])

    assert call("GetTeamQueueItems", _as=bob, teamName="ops").row["vaultContent"] == '{"colour":"blue"}'


def test_the_second_factor_ends(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "update data.company_user set totp_secret = 'x', totp_key_number = 1, totp_enabled_time = now() "
        "where email = %s",
        [BOB],
    )
    admin.execute(
        "insert into data.totp_recovery_code "
        "select company_id, user_id, sha256('x') from data.company_user where email = %s",
        [BOB],
    )

    must(invite_again(call))

    left = admin.execute(
        "select totp_secret, totp_key_number, totp_step, totp_enabled_time, "
        "(select count(*) from data.totp_recovery_code) from data.company_user where email = %s",
        [BOB],
    )
    assert left.fetchall() == [(None, None, None, None, 0)]


def test_a_deactivated_user_comes_back_by_it(call: Caller) -> None:
    must(call("UpdateUserToDeactivated", _as="ann", userEmail=BOB))

    code = invite_again(call).row["activationCode"]

    assert activate(call, BOB, code).failure == 0
    assert sign_in(call, BOB).failure == 0


def test_who_was_never_activated_gets_another_code(call: Caller) -> None:
    old = invite(call, ERIN)

    new = invite_again(call, ERIN).row["activationCode"]

    assert activate(call, ERIN, old).failure == 403
    assert activate(call, ERIN, new).failure == 0


def test_mends_an_invitation_whose_tries_somebody_has_used_up(call: Caller, clock: Clock) -> None:
    invite(call, ERIN)
    guess(call, clock, ERIN, 10)

    code = invite_again(call, ERIN).row["activationCode"]

    assert activate(call, ERIN, code).failure == 0


def test_a_code_is_good_for_seven_days_from_now(call: Caller, clock: Clock) -> None:
    old = invite(call, ERIN)
    clock.advance(days=6)
    ann = sign_in(call, "ann@acme.example").row["nextRequestToken"]

    new = invite_again(call, ERIN, by=ann).row["activationCode"]
    clock.advance(days=6)

    assert activate(call, ERIN, old).failure == 403
    assert activate(call, ERIN, new).failure == 0


def test_a_code_stays_good_when_the_email_changes(call: Caller, admin: psycopg.Connection) -> None:
    code = invite(call, ERIN)
    admin.execute("update data.company_user set email = 'eve@acme.example' where email = %s", [ERIN])
    admin.execute("update data.email_address set email = 'eve@acme.example' where email = %s", [ERIN])

    assert activate(call, "eve@acme.example", code).failure == 0


def test_an_administrator_who_forgot_his_password_is_invited_by_another(
    call: Caller, admin: psycopg.Connection
) -> None:
    erin = make_administrator(admin, call, ERIN)

    ann = enter(call, "ann@acme.example", invite_again(call, "ann@acme.example", by=erin).row["activationCode"])

    assert call("CreateTeam", _as=ann, teamName="qa").failure == 0


def test_refuses_oneself(call: Caller) -> None:
    reply = invite_again(call, "ann@acme.example")

    assert (reply.failure, reply.errors) == (
        409,
        ["ann@acme.example cannot do this to himself: another administrator can"],
    )


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        (ERIN, f"only an administrator may do this to {ERIN}, who is an administrator"),
        ("carol@acme.example", "only an administrator may invite carol@acme.example again"),
    ],
)
def test_nobody_wins_rights_by_inviting(call: Caller, admin: psycopg.Connection, email: str, sentence: str) -> None:
    """A group of the company's own may invite, but not an administrator, nor one of a group of the company's own."""
    make_administrator(admin, call, ERIN)
    admin.execute(
        "with made as (insert into data.rights_group (company_id, group_uuid, group_name, created_time) "
        "select company_id, gen_random_uuid(), 'Keepers', now() from data.company where company_name = 'Acme' "
        "returning *) update data.company_user as person set group_id = made.group_id from made "
        "where email = 'carol@acme.example'"
    )
    admin.execute(
        "update data.token set permissions = '{CreateUserInvitation}' where token_hash = sha256(%s::bytea)",
        [call.world.tokens["bob"]],
    )

    reply = invite_again(call, email, by="bob")

    assert (reply.failure, reply.errors) == (403, [sentence])


@pytest.mark.parametrize("email", ["gina@globex.example", "nobody@acme.example", "", "no e-mail"])
def test_finds_users_of_the_company_alone(call: Caller, email: str) -> None:
    reply = invite_again(call, email)

    assert (reply.failure, reply.errors) == (404, [f"user {email} not found"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert invite_again(call, "carol@acme.example", by=caller).failure == failure


def test_a_sql_admin_holds_no_key_to_give(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, "ann@acme.example", f"select api.create_user_invitation('{BOB}', null)")

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")


def test_is_kept_in_the_audit_without_the_code(call: Caller, admin: psycopg.Connection) -> None:
    code = invite_again(call).row["activationCode"]

    rows = admin.execute("select actor, action, entity, entity_name, details from data.audit").fetchall()
    assert rows[-1] == ("ann@acme.example", "Invited", "User", BOB, "1 sessions ended")
    assert code not in str(rows)
