"""A new company: its key, given to its first user by invitation and to a recovery code."""

from collections.abc import Mapping
from typing import Any

from broker.caller import HeldKeys
from broker.ceremonies import Context, Prepared
from broker.ceremonies.codes import make_invitation, make_recovery
from broker.ceremonies.credentials import require_email
from broker.crypto.identifiers import uuid7
from broker.crypto.keys import check_value, new_company_key
from broker.crypto.vault import VaultOwner

FIRST_VERSION = 1


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:  # noqa: ARG001  # as every ceremony
    """Make the company's key and the two codes that open it.

    Raises:
        RefusedError: 400, no e-mail in the headers.
    """
    email = require_email(context.sender)
    company_uuid, company_key = uuid7(), new_company_key()
    company_keys = {FIRST_VERSION: company_key}
    invitation, activation_code = make_invitation(context, company_uuid, company_keys, uuid7())
    recovery, recovery_code = make_recovery(company_uuid, company_keys)
    material = (
        company_uuid,
        context.config.default_plan,
        email,
        check_value(company_key),
        invitation,
        recovery,
    )
    return Prepared(
        {"companyMaterial": material},
        reveal={"activation_code": activation_code, "recovery_code": recovery_code},
        keys=HeldKeys(company_uuid, {FIRST_VERSION: company_key}),
        owners={"companyVaultDefaults": VaultOwner("company", company_uuid, "company", company_uuid, 0, "company")},
    )
