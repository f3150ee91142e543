"""Fingerprints of vaults: equal only for the same text in the same context under the same key."""

from dataclasses import replace
from uuid import UUID

from broker.crypto.fingerprint import fingerprint
from broker.crypto.vault import VaultOwner, owner_context, seal_vault

COMPANY = UUID("0190c0de-0000-7000-8000-000000000001")
MACHINE = UUID("0190c0de-0000-7000-8000-000000000002")
ITEM = UUID("0190c0de-0000-7000-8000-000000000003")
TEAM = UUID("0190c0de-0000-7000-8000-000000000004")
SCOPE_KEY = bytes(range(32))

REQUEST = VaultOwner("machine", MACHINE, "queue_item", ITEM, 0, "request")
RESPONSE = VaultOwner("machine", MACHINE, "queue_item", ITEM, 2, "response")
ENTITY = VaultOwner("machine", MACHINE, "team", TEAM, 0, "team")


def test_fingerprints_differ_by_key_context_and_text() -> None:
    reference = fingerprint(SCOPE_KEY, b"create-42", b"{}")

    assert fingerprint(SCOPE_KEY, b"create-42", b"{}") == reference
    assert fingerprint(bytes(32), b"create-42", b"{}") != reference
    assert fingerprint(SCOPE_KEY, b"create-43", b"{}") != reference
    assert fingerprint(SCOPE_KEY, b"create-42", b"{} ") != reference
    assert fingerprint(SCOPE_KEY, b"create-42{", b"}") != reference


def test_the_context_of_an_owner_tells_owners_attempts_and_names_apart() -> None:
    places = [
        REQUEST,
        replace(RESPONSE, attempt=0),
        RESPONSE,
        replace(RESPONSE, attempt=3),
        replace(REQUEST, owner_kind="schedule"),
        replace(REQUEST, owner_id=TEAM),
        ENTITY,
    ]

    contexts = {owner_context(owner) for owner in places}

    assert len(contexts) == len(places)
    assert owner_context(seal_vault(b"{}", REQUEST, COMPANY, 1, SCOPE_KEY)) == owner_context(REQUEST)
