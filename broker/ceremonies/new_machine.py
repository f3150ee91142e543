"""A new machine: its keys, given to the agents of its bridge."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.bridges import NO_MACHINE, find_tokens, grant_machine
from broker.crypto.identifiers import uuid7
from broker.crypto.vault import VaultOwner


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Choose the machine's uuid, and seal its keys to the agents that its bridge has.

    Raises:
        RefusedError: 401, the token is not good.
        psycopg.Error: as the procedure: team or bridge is absent, or not the caller's.
    """
    held = context.caller.keys
    if not held.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared({"machineMaterial": NO_MACHINE})
    rows = find_tokens(context, arguments["teamName"], arguments["bridgeName"], None)
    machine_uuid = uuid7()
    owner = VaultOwner("company", held.company_uuid, "machine", machine_uuid, 0, "machine")
    return Prepared({"machineMaterial": grant_machine(held, machine_uuid, rows)}, owners={"machineVault": owner})
