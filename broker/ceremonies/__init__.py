"""The Python half of the few procedures that make or wrap keys: the modules that headers name after `Ceremony:`.

A module `broker/ceremonies/<name>.py` has one function:

    def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared

It runs before the procedure is called, and before vaults are sealed; it may raise errors.RefusedError. When the call
is repeated after an upgrade it runs again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

from broker.caller import Caller, HeldKeys, Sender
from broker.config import Config
from broker.crypto.keyring import InstanceKeyring
from broker.crypto.password import Argon2Gate
from broker.crypto.vault import VaultOwner
from broker.database.database import Database


@dataclass(frozen=True)
class Context:
    """What a ceremony may use.

    Attributes:
        database: query(text, *values, token_hash=caller.token_hash) for functions of schema keyring.
        gate: every derivation from a password goes through it.
        caller: token and keys; without a token for procedures that anyone may call.
        sender: headers and address of the request.
    """

    database: Database
    config: Config
    keyring: InstanceKeyring
    gate: Argon2Gate
    caller: Caller
    sender: Sender


@dataclass(frozen=True)
class Prepared:
    """What a ceremony made.

    Attributes:
        material: values of the arguments of types `data.*_material`, by member (`p_token_material`: `tokenMaterial`);
            a composite is a tuple in the order of its attributes, an array a list; nested ones likewise.
        reveal: values of the result columns of type data.revealed, by column (`token`): shown once, never stored.
        keys: if given, vaults of this call are sealed and opened with these, not with those of the token.
        owners: what vaults of this call belong to, by the path of their member, where the database cannot know it yet.
    """

    material: Mapping[str, Any] = field(default_factory=dict, repr=False)
    reveal: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: HeldKeys | None = None
    owners: Mapping[str, VaultOwner] = field(default_factory=dict)


class Ceremony(Protocol):
    """A module of this package."""

    def prepare(self, context: Context, arguments: Mapping[str, Any]) -> Prepared:
        """Make what the procedure needs beside its members.

        Args:
            arguments: the loaded members; vaults as JSON text in bytes.
        """


def find_ceremony(name: str) -> Ceremony:
    """The module that a header names.

    Raises:
        ImportError: there is none.
    """
    if not re.fullmatch(r"[a-z][a-z_]*", name):
        raise ImportError(f"{name!r} is no name of a ceremony")
    return cast("Ceremony", import_module(f"{__name__}.{name}"))
