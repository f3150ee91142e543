"""Derive from passwords, slowly and behind the gate, and set them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from broker.ceremonies import Context
from broker.ceremonies.grants import KeyGrant, KeyPair, make_key_pair, wrap_company_keys
from broker.crypto import password
from broker.crypto.password import PasswordKeys, PasswordParameters

# data.password_material: salt, memory, iterations, lanes, number of the instance key, verifier, grants, key pair
Password = tuple[bytes, int, int, int, int, bytes, list[KeyGrant], KeyPair]


@dataclass(frozen=True)
class Recipe:
    """How a user's keys are derived from his password; kept in his row."""

    salt: bytes
    parameters: PasswordParameters
    instance_key_number: int

    def is_outdated(self, context: Context) -> bool:
        """Tell whether a new password would be derived in another way."""
        return (
            password.needs_upgrade(self.parameters, password.CURRENT_PARAMETERS)
            or self.instance_key_number != context.keyring.current
        )


def new_recipe(context: Context) -> Recipe:
    """The recipe of a new password: a salt of its own, today's parameters, the current instance key."""
    return Recipe(os.urandom(password.SALT_BYTES), password.CURRENT_PARAMETERS, context.keyring.current)


def derive(context: Context, recipe: Recipe, user_hash: bytes, user_uuid: UUID) -> PasswordKeys:
    """Derive a user's keys, as soon as there is room for it.

    Raises:
        GateFullError: too many derivations wait already.
        KeyringError: the keyring does not hold the instance key of the recipe.
    """
    instance_key = context.keyring.key(recipe.instance_key_number)
    return context.gate.run(
        lambda: password.derive_password_keys(user_hash, recipe.salt, recipe.parameters, instance_key, user_uuid)
    )


def make_password(
    context: Context, company_uuid: UUID, user_uuid: UUID, user_hash: bytes, company_keys: Mapping[int, bytes]
) -> Password:
    """Set a password: wrap the company's keys under what it gives, and make the user a new key pair.

    Raises:
        GateFullError: too many derivations wait already.
    """
    recipe = new_recipe(context)
    keys = derive(context, recipe, user_hash, user_uuid)
    return (
        recipe.salt,
        recipe.parameters.memory_kib,
        recipe.parameters.passes,
        recipe.parameters.lanes,
        recipe.instance_key_number,
        keys.verifier,
        wrap_company_keys(company_uuid, company_keys, keys.kek, "user", user_uuid),
        make_key_pair(company_uuid, company_keys, keys.kek, "user", user_uuid),
    )
