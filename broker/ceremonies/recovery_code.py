"""Another recovery code: the company's keys, wrapped under what it gives."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.codes import make_recovery
from broker.ceremonies.own_password import NOT_SHOWN, show_own_password


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Try the caller's password, if it was sent, and make the code.

    Raises:
        RefusedError: 400, a hash that is malformed; 401, the token is not good.
        GateFullError: too many derivations wait already.
        psycopg.Error: 401, the token is not good.
    """
    held = context.caller.refresh_keys()
    shown = show_own_password(context, arguments)
    if shown is None or not held.company_keys:
        return Prepared({"currentMaterial": NOT_SHOWN, "recoveryMaterial": None})
    recovery, code = make_recovery(held.company_uuid, held.company_keys)
    material = {"currentMaterial": shown.material, "recoveryMaterial": recovery}
    return Prepared(material, reveal={"recovery_code": code})
