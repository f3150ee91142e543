"""Rights of the audit."""

from tests.rights.stage import Bodies

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    GetAuditLogs                   own      403      403    403    ok    ok     403   403     403     403    403     ok
    GetEntityAuditTrace            404      403      403    403    ok    ok     403   403     403     403    403     ok
    GetEntityHistory               404      403      403    403    ok    ok     403   403     403     403    403     ok
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "GetAuditLogs": lambda _: {},
    "GetEntityAuditTrace": lambda _: {"entityType": "Machine", "entityIdentifier": "build-01"},
    "GetEntityHistory": lambda stage: {"entity": "AgentToken", "credential": stage.agent_token()},
}
