"""A new company: its key, given to its first user by invitation and to a recovery code."""

from collections.abc import Mapping
from typing import Any

from broker.caller import HeldKeys
from broker.ceremonies import Context, Prepared
from broker.ceremonies.codes import make_invitation
from broker.ceremonies.credentials import require_email
from broker.ceremonies.grants import make_key_pair
from broker.crypto.identifiers import uuid7
from broker.crypto.keys import Grant, check_value, new_company_key, recovery_key, wrap_key
from broker.crypto.tokens import new_recovery_code, parse_recovery_code
from broker.crypto.vault import VaultOwner

FIRST_VERSION = 1


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:  # noqa: ARG001  # as every ceremony
    """Make the company's key and the two codes that open it.

    Raises:
        RefusedError: 400, no e-mail in the headers.
    """
    email = require_email(context.sender)
    company_uuid, company_key = uuid7(), new_company_key()
    invitation, activation_code = make_invitation(context, company_uuid, {FIRST_VERSION: company_key})
    recovery_code = new_recovery_code()
    wrapping_key = recovery_key(parse_recovery_code(recovery_code), company_uuid)
    recovery_grant = wrap_key(
        wrapping_key,
        company_key,
        Grant(company_uuid, "recovery", company_uuid, "company", company_uuid, FIRST_VERSION),
    )
    material = (
        company_uuid,
        context.config.default_plan,
        email,
        check_value(company_key),
        invitation,
        recovery_grant,
        make_key_pair(company_uuid, {FIRST_VERSION: company_key}, wrapping_key, "recovery", company_uuid),
    )
    return Prepared(
        {"companyMaterial": material},
        reveal={"activation_code": activation_code, "recovery_code": recovery_code},
        keys=HeldKeys(company_uuid, {FIRST_VERSION: company_key}),
        owners={"companyVaultDefaults": VaultOwner("company", company_uuid, "company", company_uuid, 0, "company")},
    )
