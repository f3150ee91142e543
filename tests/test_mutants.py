"""The checks of engine_checks.py notice when the engine is broken: each mutant changes one place of its SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.conftest import Clock, Template, serving, settings, spoiled
from tests.engine_checks import Ground, first_failure

SQL = Path(__file__).resolve().parent.parent / "sql"


class Mutant(NamedTuple):
    """One place of one file, and what stands there instead."""

    file: str
    old: str
    new: str


IN_ORDER = """\
array_agg(offer.queue_id order by offer.priority desc, offer.turn, offer.team_order, offer.queue_id),
               array_agg(offer.place order by offer.priority desc, offer.turn, offer.team_order, offer.queue_id)"""
MUTANTS = {
    "claims wait for locks": Mutant(
        "queue/lock_next_items",
        "            limit p_item_count\n            for update skip locked);",
        "            limit p_item_count\n            for update);",
    ),
    "claims take no lock": Mutant(
        "queue/lock_next_items",
        "            limit p_item_count\n            for update skip locked);",
        "            limit p_item_count);",
    ),
    "claims of a bridge wait for locks": Mutant(
        "queue/lock_next_items", "            for update skip locked;\n", "            for update;\n"
    ),
    "the newest comes first": Mutant(
        "queue/lock_next_items",
        "order by item.priority desc, item.queue_id\n            limit",
        "order by item.priority desc, item.queue_id desc\n            limit",
    ),
    "the newest of each machine comes first": Mutant(
        "queue/lock_next_items",
        "order by item.priority desc, item.queue_id\n                limit",
        "order by item.priority desc, item.queue_id desc\n                limit",
    ),
    "priorities are forgotten": Mutant(
        "queue/lock_next_items", IN_ORDER, IN_ORDER.replace("offer.priority desc, ", "")
    ),
    "an attempt is not counted": Mutant("queue/claim", "attempt = item.attempt + 1", "attempt = item.attempt"),
    "a claim has no token": Mutant(
        "queue/claim", "item.attempt, p_claim_hash, p_caller.token_id", "item.attempt, null, p_caller.token_id"
    ),
    "anybody repeats a claim": Mutant(
        "queue/repeat_claim", "              and claim.token_id = p_caller.token_id\n", ""
    ),
    "a cancelled item is claimed again": Mutant(
        "queue/repeat_claim", "              and locked.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')\n", ""
    ),
    "a claim of any machine is repeated": Mutant(
        "queue/repeat_claim", "              and locked.machine_id = any(p_machine_ids)\n", ""
    ),
    "a claim is repeated for ever": Mutant(
        "queue/repeat_claim",
        "\n              and claim.claimed_time + make_interval(secs => claim.lease_seconds) > p_now) as mine",
        ") as mine",
    ),
    "the earlier token stays good": Mutant(
        "queue/repeat_claim", "set claim_hash = p_claim_hash", "set claim_hash = claim_hash"
    ),
    "a replaced claim is good": Mutant(
        "queue/judge_claim", "when claim.claim_number = p_item.claim_number and (", "when ("
    ),
    "an ended claim is good": Mutant(
        "queue/judge_claim",
        "claim.outcome is null and p_item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')",
        "p_item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING', 'PENDING', 'COMPLETED')",
    ),
    "a lost claim is late": Mutant(
        "queue/judge_claim",
        "or claim.outcome = 'LOST' and p_item.status = 'PENDING' and p_claim_token is not null and not",
        "or false and not",
    ),
    "any token will do": Mutant(
        "queue/judge_claim",
        "          and held.claim_hash = p_claim_token;",
        "        order by held.claim_number desc limit 1;",
    ),
    "agents' items need no token": Mutant("queue/judge_claim", "elsif claim.user_id is null then", "elsif false then"),
    "agents need no token": Mutant("queue/judge_claim", "elsif p_caller.user_id is null then", "elsif false then"),
    "nobody was replaced": Mutant("queue/judge_claim", "            if found then\n", "            if false then\n"),
    "a late answer lands on the last claim": Mutant("queue/judge_claim", "                claim := v_own;\n", ""),
    "a response survives its attempt": Mutant("queue/wait_again", "        response_vault_id = null,\n", ""),
    "the left answer is forgotten": Mutant(
        "queue/put_back",
        "coalesce(p_item.response_vault_id, claim.response_vault_id) end",
        "null::bigint end",
    ),
    "silence costs an attempt": Mutant(
        "queue/put_back", "or v_claim.sign_time is null and p_item.silent_count < 3", "or false"
    ),
    "silence is free for ever": Mutant("queue/put_back", " and p_item.silent_count < 3", ""),
    "one attempt less": Mutant(
        "queue/put_back", "p_item.attempt < p_item.max_attempts", "p_item.attempt + 1 < p_item.max_attempts"
    ),
    "giving back costs an attempt": Mutant(
        "queue/put_back", "v_free := p_outcome = 'RETURNED' or", "v_free := false or"
    ),
    "a cancel is forgotten": Mutant(
        "queue/put_back", "when p_item.status = 'CANCELLING' then 'CANCELLED'", "when false then 'CANCELLED'"
    ),
    "a returning worker loses his answer": Mutant(
        "queue/show_sign_of_life",
        "response_vault_id = coalesce(item.response_vault_id, p_claim.response_vault_id)",
        "response_vault_id = item.response_vault_id",
    ),
    "a heartbeat renews nothing": Mutant(
        "queue/show_sign_of_life",
        "lease_until = p_now + make_interval(secs => v_lease)",
        "lease_until = item.lease_until",
    ),
    "a longer lease is forgotten": Mutant(
        "queue/show_sign_of_life", "p_item.lease_seconds, p_claim.lease_seconds", "p_claim.lease_seconds"
    ),
    "a heartbeat overrules a cancel": Mutant(
        "queue/show_sign_of_life",
        "case when item.status = 'CANCELLING' then item.status else 'PROCESSING' end",
        "'PROCESSING'",
    ),
    "a stopped job has failed": Mutant(
        "queue/finish", "when p_item.status = 'CANCELLING' then 'CANCELLED'", "when false then 'CANCELLED'"
    ),
    "the answer is not recognised": Mutant(
        "queue/finish", "answer_fingerprint = data.fingerprint_of(p_vault)", "answer_fingerprint = null"
    ),
    "every answer is the same": Mutant(
        "queue/complete",
        "data.is_another_text(v_claim.answer_fingerprint, data.fingerprint_of(p_done.response_vault))",
        "false",
    ),
    "every status is the same": Mutant(
        "queue/complete",
        "v_claim.answer_status <> v_status",
        "false",
    ),
    "anybody confirms a cancel": Mutant("queue/complete", "and p_item.status <> 'CANCELLING' then", "and false then"),
    "late answers are thrown away": Mutant(
        "queue/complete",
        "        perform queue.keep_late_answer(p_caller, p_item, v_claim, p_done.response_vault, p_now);\n",
        "",
    ),
    "any version is current": Mutant(
        "api/queue/update_queue_item_response", "elsif v_current <> p_vault_version then", "elsif false then"
    ),
    "a response is overwritten": Mutant(
        "api/queue/update_queue_item_response",
        "if v_current is not null and p_claim_token is null and not p_overwrite then",
        "if false then",
    ),
    "a started item is cancelled": Mutant(
        "queue/cancel_hindrance",
        "(p_item).status in ('PENDING', 'ASSIGNED') or",
        "(p_item).status in ('PENDING', 'ASSIGNED', 'PROCESSING') or",
    ),
    "a cancel leaves the claim open": Mutant(
        "queue/cancel_item", "      and claim.outcome is null;", "      and false;"
    ),
    "a finished item is retried": Mutant(
        "queue/retry_hindrance",
        "not in ('FAILED', 'CANCELLED')",
        "not in ('FAILED', 'CANCELLED', 'COMPLETED')",
    ),
    "a response stays behind": Mutant(
        "queue/delete_item", "    v_vaults := v_vaults || p_item.response_vault_id;\n", ""
    ),
    "late answers stay behind": Mutant(
        "queue/delete_item",
        "array[claim.response_vault_id, claim.late_vault_id]",
        "array[claim.response_vault_id]",
    ),
    "a shared request is deleted": Mutant("queue/delete_item", "    if not v_shared then\n", "    if true then\n"),
    "the sweep takes what lives": Mutant(
        "queue/take_back", "when 'LOST' then item.lease_until < p_now", "when 'LOST' then true"
    ),
    "every team is mine": Mutant("auth/may_use_machine", "              and member.user_id = p_caller.user_id", ""),
    "every machine is the agent's": Mutant(
        "auth/may_use_machine", "return p_caller.machine_id = p_machine_id", "return true"
    ),
    "machines of all companies": Mutant(
        "auth/require_machine",
        "= p_caller.company_id\n      and lower(machine.machine_name) = lower(p_machine_name);",
        "> 0\n      and lower(machine.machine_name) = lower(p_machine_name);",
    ),
    "bridges of all companies": Mutant(
        "auth/require_bridge", "where bridge.company_id = p_caller.company_id\n      and lower", "where lower"
    ),
    "a bridge shows all its machines": Mutant(
        "queue/takers_of_caller", "              and member.user_id = p_caller.user_id);", ");"
    ),
}


@pytest.fixture(scope="module")
def ground(server: str, template: Template) -> Iterator[Ground]:
    """One database for all mutants: each is taken out again."""
    with (
        spoiled(server, template) as url,
        serving(settings(url, template)) as app,
        psycopg.connect(url, autocommit=True) as admin,
    ):
        yield Ground(template.world.caller(app.test_client()), admin, Clock(admin), url)


@contextmanager
def broken(admin: psycopg.Connection, mutant: Mutant) -> Iterator[None]:
    """The engine with one place changed."""
    text = (SQL / f"{mutant.file}.sql").read_text()
    assert text.count(mutant.old) == 1, "the place is not there any more, or not alone"
    admin.execute(text.replace(mutant.old, mutant.new).encode())
    try:
        yield
    finally:
        admin.execute(text.encode())


def test_the_engine_passes_every_check(ground: Ground) -> None:
    assert first_failure(ground) is None


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_engine_is_noticed(ground: Ground, name: str) -> None:
    with broken(ground.admin, MUTANTS[name]):
        failed = first_failure(ground)

    assert failed is not None
