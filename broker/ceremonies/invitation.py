"""A new user: the company's keys, given to him by an activation code."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.codes import make_invitation

NO_INVITATION = (None, None, None, None)


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:  # noqa: ARG001  # as every ceremony
    """Wrap the keys that the caller's session opens under a new activation code.

    Raises:
        RefusedError: 401, the token is not good.
    """
    held = context.caller.keys
    if not held.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared({"invitationMaterial": NO_INVITATION})
    invitation, code = make_invitation(context, held.company_uuid, held.company_keys)
    return Prepared({"invitationMaterial": invitation}, reveal={"activation_code": code})
