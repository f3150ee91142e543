"""Scenes of what the broker asks of the keyring before and after it calls, as SQL."""

import json
from typing import Any

from tests.scenes.scenery import Scene, Scenery, Scenes


def asking(function: str, *arguments: str) -> Scene:
    """A call of a function with text arguments."""
    quoted = ", ".join(f"'{argument}'" for argument in arguments)
    return lambda _: {"statement": f"select * from {function}({quoted})"}  # texts of this file


def target(kind: str, **members: str) -> Scene:
    return asking("keyring.vault_target", kind, json.dumps(members))


def target_of_item(kind: str) -> Scene:
    """What a response to an item is sealed for, or a retry of it."""

    def scene(stage: Scenery) -> dict[str, Any]:
        members = json.dumps({"queueId": stage.claim()["queueId"]})
        named = "select string_agg(machine_name, ',') from data.machine where machine_uuid = found.scope_id"
        asked = f"keyring.vault_target('{kind}', '{members}')"
        return {"statement": f"select ({named} and company_id > 0) from {asked} as found"}

    return scene


def unreadable(stage: Scenery) -> dict[str, Any]:
    """An item in hand whose request does not open."""
    claim = stage.claim()
    return {"statement": f"select keyring.fail_unreadable({claim['queueId']}, sha256('{claim['claimToken']}'))"}


def unreadable_again(stage: Scenery) -> dict[str, Any]:
    """An item whose vault did not open an hour ago either."""
    queue_id = stage.item()
    stage.move(
        "insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor) "
        f"values (%(acme)s, {queue_id}, now() - interval '1 hour', 'VAULT_UNREADABLE', 0, 'broker')"
    )
    return {"statement": f"select keyring.report_unreadable('{{{queue_id}}}')"}


def own_token(_: Scenery) -> dict[str, Any]:
    """The keys that the caller's token opens."""
    return {
        "statement": "select * from keyring.open_token(decode(current_setting('broker.token_hash'), 'hex'))",
    }


SCENES: Scenes = {
    "auth.act_as": [
        lambda _: {"statement": "select auth.act_as('bob@acme.example', 'a test')"},
        lambda _: {
            "statement": "select set_config('broker.token_hash', '', true); "
            "select auth.act_as('bob@acme.example', 'a test'); select * from api.create_team('by-hand')"
        },
    ],
    "keyring.bridge_tokens": [
        asking("keyring.bridge_tokens", "ops", "south"),
        asking("keyring.bridge_tokens", "ops", "south", "dev-01"),
    ],
    "keyring.company_keys": [asking("keyring.company_keys")],
    "keyring.fail_unreadable": [unreadable],
    "keyring.invitation": [asking("keyring.invitation", "dave@acme.example")],
    "keyring.invited_user": [asking("keyring.invited_user", "carol@acme.example")],
    "keyring.lacking_keys": [asking("keyring.lacking_keys", "carol@acme.example")],
    "keyring.older_vaults": [asking("keyring.older_vaults", "2", "0", "1000")],
    "keyring.open_token": [own_token],
    "keyring.own_account": [asking("keyring.own_account")],
    "keyring.own_password": [asking("keyring.own_password", "false")],
    "keyring.recovery": [asking("keyring.recovery", "bob@acme.example")],
    "keyring.report_unreadable": [
        unreadable_again,
        lambda stage: {"statement": f"select keyring.report_unreadable('{{{stage.item()}}}')"},
    ],
    "keyring.sign_in": [asking("keyring.sign_in", "bob@acme.example")],
    "keyring.vault_target": [
        target("machine", teamName="ops", machineName="build-01"),
        target("team", teamName="ops"),
        target("new_item", teamName="ops", machineName="build-01"),
        target_of_item("item"),
        target_of_item("retry"),
    ],
}
