"""The second factor that a session awaits."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.verification import Code, find_account, find_own_account, try_code


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Try the code, if one is awaited.

    Raises:
        psycopg.Error: JB401, the token is not good; JB429, so much has been guessed that it has to wait.
    """
    own = find_own_account(context)
    code: Code = None
    if own is not None and own["awaits_code"]:
        rows = find_account(context, own["email"])
        code = try_code(context, rows[0], arguments.get("tfaCode")) if rows else None
    return Prepared({"tfaCode": None, "sessionCodeMaterial": (code,)})
