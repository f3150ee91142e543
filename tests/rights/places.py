"""Rights of teams, regions, bridges and machines."""

from tests.rights.stage import Bodies

TABLE = """
                                  stranger outsider member admin remote   agent sibling distant bridge foreign
    UpdateTeamVault               404      403      403    ok    403      403   403     403     403    403
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "UpdateTeamVault": lambda _: {"teamName": "ops", "teamVault": "{}", "vaultVersion": 1},
}
