"""Nothing secret at rest: canaries go through every path, and are then looked for wherever something is kept.

Looked at are a dump of the database, everything that the broker sent to it, and all that it logged.
"""

import base64
import logging
import subprocess
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from broker.crypto.password import password_user_hash
from broker.crypto.tokens import new_recovery_code, parse_activation_code, parse_recovery_code
from broker.database import pipeline
from broker.embedded.binaries import find_binaries
from tests.people import activate, credentials, found_company, invite, recover, sign_in
from tests.world import NOBODY, Caller, Reply, must

ANN, BOB = "ann@hooli.example", "bob@hooli.example"


class Canaries:
    """Secrets by what they are."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def vault(self, name: str) -> str:
        """JSON text with a word in it that is nowhere else."""
        word = f"canary-{uuid4().hex}"
        self.known[f"vault {name}"] = word.encode()
        return f'{{"handler":"shell","stdin":"{word}"}}'

    def keep(self, name: str, text: str) -> str:
        self.known[name] = text.encode()
        return text


def forms(secret: bytes) -> set[bytes]:
    """A secret as it is, in hexadecimal, and in base64 wherever it may begin in what was encoded."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for before in range(3):
        # The characters at both ends are shared with what lies beside the secret.
        inner = base64.b64encode(bytes(before) + secret)[(0, 2, 3)[before] :].rstrip(b"=")
        inner = inner[: (len(secret) + before) * 8 // 6 - (0, 2, 3)[before]]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def leaks(kept: bytes, secrets: Mapping[str, bytes]) -> set[str]:
    """Which secrets are to be found in what was kept."""
    return {name for name, secret in secrets.items() if any(form in kept for form in forms(secret))}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the broker sends to the database from now on."""
    heard: list[bytes] = []
    plain = pipeline.Conversation._send

    def listen(self: pipeline.Conversation, statement: pipeline.Statement) -> list[bytes | None]:
        heard.append(statement.text.encode())
        heard.extend(value for value in statement.values if value is not None)
        return plain(self, statement)

    monkeypatch.setattr(pipeline.Conversation, "_send", listen)
    return heard


def dump(database: str) -> bytes:
    """The database as pg_dump writes it."""
    done = subprocess.run([find_binaries().program("pg_dump"), f"--dbname={database}"], capture_output=True, check=True)
    assert b"PostgreSQL database dump complete" in done.stdout
    return done.stdout


def use_everything(call: Caller, admin: psycopg.Connection) -> dict[str, bytes]:
    """Let canaries go through every path that a secret can take; answers them."""
    canaries = Canaries()
    people(call, canaries)
    jobs(call, canaries, admin)
    refusals(call, canaries, admin)
    return canaries.known


def people(call: Caller, canaries: Canaries) -> None:
    """A company, an invited user, sessions, and an agent's token; all entities with vaults."""
    password, other = (canaries.keep(name, f"canary {uuid4()}") for name in ("password", "other password"))
    for name, text in (("password hash", password), ("other password hash", other)):
        canaries.known[name] = password_user_hash(text).hex().encode()
        canaries.known[f"{name}, bytes"] = password_user_hash(text)

    def keep_token(user: str, reply: Reply) -> None:
        token = canaries.keep(f"session token of {user}", reply.row["nextRequestToken"])
        canaries.known[f"session token of {user}, bytes"] = UUID(token).bytes
        call.world.tokens[user] = token

    made = found_company(call, ANN, name="Hooli").row
    must(activate(call, ANN, canaries.keep("activation code", made["activationCode"]), password))
    canaries.known["activation code, bytes"] = parse_activation_code(made["activationCode"])
    canaries.keep("recovery code", made["recoveryCode"])
    keep_token("hooli-ann", sign_in(call, ANN, password))
    must(activate(call, BOB, canaries.keep("invitation", invite(call, BOB, by="hooli-ann")), other))
    keep_token("hooli-bob", sign_in(call, BOB, other))
    assert sign_in(call, BOB, canaries.keep("wrong password", f"canary {uuid4()}")).failure == 401

    lives(call, canaries)

    def make(procedure: str, **members: Any) -> None:
        must(call(procedure, _as="hooli-ann", **members))

    make("CreateRegion", regionName="eu", regionVault=canaries.vault("of region"))
    make("CreateBridge", regionName="eu", bridgeName="b", bridgeVault=canaries.vault("of bridge"))
    make("CreateTeam", teamName="t", teamVault=canaries.vault("of team"))
    make("CreateTeamMembership", teamName="t", newUserEmail=BOB)
    machine = {"teamName": "t", "bridgeName": "b", "machineName": "m"}
    make("CreateMachine", machineVault=canaries.vault("of machine"), **machine)
    places: list[dict[str, Any]] = [{"machineName": "m"}, {"bridgeName": "b"}]
    for place in places:
        [name] = place
        token = call("CreateAgentToken", _as="hooli-ann", **place).row["token"]
        call.world.tokens[name] = canaries.keep(f"agent token by {name}", token)
        canaries.known[f"agent token by {name}, secret part"] = token.split("_")[2].encode()


def lives(call: Caller, canaries: Canaries) -> None:
    """Passwords that change, users who are invited again, and recovery codes that are used and replaced."""
    email = "cleo@hooli.example"

    def keep_password(name: str) -> str:
        typed = canaries.keep(name, f"canary {uuid4()}")
        canaries.known[f"{name}, hash"] = password_user_hash(typed).hex().encode()
        canaries.known[f"{name}, bytes"] = password_user_hash(typed)
        return typed

    def keep_code(name: str, reply: Reply, column: str, parse: Callable[[str], bytes]) -> str:
        code = canaries.keep(name, reply.row[column])
        canaries.known[f"{name}, bytes"] = parse(code)
        return code

    first, second, third, fourth = (keep_password(f"{name} password of cleo") for name in ("1st", "2nd", "3rd", "4th"))
    must(activate(call, email, invite(call, email, by="hooli-ann"), first))
    cleo = sign_in(call, email, first).row["nextRequestToken"]
    shown = {"currentUserHash": credentials(email, first)["Rediacc-UserHash"], "userNewPass": second}
    must(call("UpdateUserPassword", cleo, None, **shown))
    wrong = {"currentUserHash": credentials(email, first)["Rediacc-UserHash"], "newUserHash": "0x" + "ab" * 32}
    assert call("UpdateUserPassword", cleo, None, **wrong).failure == 403
    again = call("CreateUserInvitation", _as="hooli-ann", userEmail=email)
    code = keep_code("second activation code", again, "activationCode", parse_activation_code)
    must(activate(call, email, code, third))
    made = call("CreateRecoveryCode", _as="hooli-ann")
    recovery_code = keep_code("second recovery code", made, "recoveryCode", parse_recovery_code)
    taken = recover(call, email, recovery_code, fourth)
    keep_code("third recovery code", taken, "recoveryCode", parse_recovery_code)
    assert recover(call, email, canaries.keep("wrong recovery code", new_recovery_code())).failure == 403
    assert recover(call, email, canaries.keep("no recovery code", f"canary-{uuid4()}")).failure == 400


def jobs(call: Caller, canaries: Canaries, admin: psycopg.Connection) -> None:
    """Items created, repeated, answered, lost, answered too late, finished, retried and deleted."""

    def create(name: str, **headers: str) -> dict[str, Any]:
        body: dict[str, Any] = {"teamName": "t", "machineName": "m", "queueVault": canaries.vault(name)}
        row: dict[str, Any] = must(call("CreateQueueItem", _as="hooli-bob", _headers=headers, **body)).row
        return row

    def claim(name: str) -> dict[str, Any]:
        row = must(call("GetQueueItemsNext", _as="machineName", itemCount=1, start=True, leaseSeconds=5)).row
        token = canaries.keep(f"claim token {name}", row["claimToken"])
        canaries.known[f"claim token {name}, bytes"] = base64.urlsafe_b64decode(token + "==")
        return {"_as": "machineName", "queueId": row["queueId"], "claimToken": token}

    done = create("request", **{"Idempotency-Key": "once"})
    lost = claim("lost")
    must(call("UpdateQueueItemHeartbeat", progress=0.5, **lost))
    must(call("UpdateQueueItemResponse", responseVault=canaries.vault("of a lost attempt"), **lost))
    admin.execute("update data.test_clock set ahead = '6 seconds'")
    admin.execute("select maintenance.rescue_lost_leases()")
    held = claim("held")
    assert call("UpdateQueueItemToCompleted", responseVault=canaries.vault("late"), **lost).failure == 409
    must(call("UpdateQueueItemResponse", responseVault=canaries.vault("first response"), **held))
    must(call("UpdateQueueItemResponse", responseVault=canaries.vault("second response"), **held))
    final = {"responseVault": canaries.vault("final"), "completionStatus": "FAILED", **held}
    must(call("UpdateQueueItemToCompleted", **final))
    must(call("UpdateQueueItemToCompleted", **final))
    modified: dict[str, Any] = {"originalQueueId": done["queueId"], "modifiedVault": canaries.vault("modified")}
    must(call("RetryFailedQueueItem", _as="hooli-bob", **modified))
    must(call("DeleteQueueItem", _as="hooli-bob", queueId=create("deleted")["queueId"]))
    schedule: dict[str, Any] = {"_as": "hooli-bob", "teamName": "t", "scheduleName": "nightly"}
    job = canaries.vault("of schedule")
    must(call("CreateSchedule", **schedule, queueVault=job, machineName="m", cron="0 2 * * *"))
    must(call("RunScheduleNow", **schedule))
    must(call("UpdateSchedule", **schedule, queueVault=canaries.vault("of schedule, second")))
    webhook = must(call("CreateWebhook", _as="hooli-bob", teamName="t", url="https://hooks.example.com/in"))
    secret = webhook.row["secret"]
    canaries.keep("webhook secret", secret)
    canaries.known["webhook key"] = base64.b64decode(secret.removeprefix("whsec_"))
    listed = must(call("GetTeamQueueItems", _as="hooli-bob"))
    assert canaries.known["vault request"].decode() in str(listed.body), "the canaries have been where they should"


def refusals(call: Caller, canaries: Canaries, admin: psycopg.Connection) -> None:
    """What goes wrong is logged: vaults that are no JSON or do not open, tokens that are none, faults of the schema."""
    place: dict[str, Any] = {"teamName": "t", "machineName": "m"}
    broken = canaries.vault("that is no JSON")[:-1]
    assert call("CreateQueueItem", _as="hooli-bob", queueVault=broken, **place).failure == 400
    assert (
        call("CreateQueueItem", _as=canaries.keep("unknown token", str(uuid4())), queueVault="1", **place).failure
        == 401
    )
    wrong = call(
        "UpdateQueueItemHeartbeat", _as="machineName", queueId=1, claimToken=canaries.keep("wrong claim", "w" * 22)
    )
    assert wrong.failure in (404, 409)
    assert activate(call, ANN, canaries.keep("used code", "AAAA-BBBB"), "x").failure in (400, 403)
    admin.execute("update data.vault_record set content = set_byte(content, 30, get_byte(content, 30) # 1)")
    must(call("GetTeamQueueItems", _as="hooli-bob"))
    must(call("GetQueueItemsNext", _as="machineName"))
    admin.execute("alter table data.queue_item add constraint fault check (max_attempts <> 77)")
    fault: dict[str, Any] = {"queueVault": canaries.vault("of a call that failed"), "maxAttempts": 77}
    assert call("CreateQueueItem", _as="hooli-bob", **place, **fault).failure >= 400
    admin.execute("revoke execute on function api.create_queue_item from broker_app")
    lost = canaries.vault("of a call that crashed")
    assert call("CreateQueueItem", _as="hooli-bob", queueVault=lost, **place).failure == 500


def test_no_secret_is_kept_sent_to_the_database_or_logged(
    call: Caller, database: str, admin: psycopg.Connection, sent: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = use_everything(call, admin)

    written = dump(database)
    logged = caplog.text.encode()

    assert len(secrets) >= 40
    assert leaks(written, secrets) == set()
    assert leaks(b"\n".join(sent), secrets) == set()
    assert leaks(logged, secrets) == set()
    assert b"internal error" in logged
    assert ANN.encode() in written


@pytest.mark.parametrize("form", ["plain", "hexadecimal", "base64"])
def test_a_planted_canary_is_found(
    call: Caller, database: str, sent: list[bytes], caplog: pytest.LogCaptureFixture, form: str
) -> None:
    secret = f"canary-{uuid4().hex}"
    told = {
        "plain": secret,
        "hexadecimal": secret.encode().hex(),
        "base64": base64.b64encode(f"x{secret}y".encode()).decode(),
    }[form]
    place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
    must(call("CreateQueueItem", metadata={"planted": told}, **place))
    logging.getLogger("broker").warning("planted: %s", told)

    secrets = {"planted": secret.encode(), "another": b"canary-that-is-nowhere"}
    assert leaks(dump(database), secrets) == {"planted"}
    assert leaks(b"\n".join(sent), secrets) == {"planted"}
    assert leaks(caplog.text.encode(), secrets) == {"planted"}


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_finds_a_secret_in_base64_wherever_it_begins(before: int, after: int) -> None:
    secret = b"\xff\xfe\xfd canary \x00\x01 \xfb\xff"

    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        kept = encode(b"a" * before + secret + b"b" * after)
        assert leaks(kept, {"it": secret}) == {"it"}


def test_an_exception_that_reaches_the_log_shows_no_token(call: Caller, caplog: pytest.LogCaptureFixture) -> None:
    token = str(uuid4())

    call("GetTeamQueueItems", _as=token)
    call("GetTeamQueueItems", _as=NOBODY)

    assert token not in caplog.text
