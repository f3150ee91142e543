"""The secret of a new webhook: made here, shown once, and kept sealed under the instance keyring.

The address of a new or changed one is looked at too: what may never be sent to is refused at once.
"""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.crypto.identifiers import uuid7
from broker.crypto.webhooks import SEAL, format_secret, new_secret
from broker.errors import RefusedError
from broker.maintenance.addresses import AddressError, Policy

NO_SECRET = (None, None, None)


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Make what a new endpoint signs with; for a change there is nothing to make.

    Raises:
        RefusedError: 400, the address is one that nothing may be sent to; 401, the token is not good.
    """
    held = context.caller.keys
    changes = "webhookId" in arguments
    if not held.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared() if changes else Prepared({"webhookMaterial": NO_SECRET})
    if arguments.get("url") is not None:
        try:
            Policy.of(context.config).check_url(arguments["url"])
        except AddressError as error:
            raise RefusedError(400, str(error)) from error
    if changes:
        return Prepared()
    secret, webhook_uuid, number = new_secret(), uuid7(), context.keyring.current
    sealed = SEAL.seal(secret, context.keyring.key(number), number, held.company_uuid, webhook_uuid)
    return Prepared({"webhookMaterial": (webhook_uuid, sealed, number)}, reveal={"secret": format_secret(secret)})
