"""Rights of the directory as far as the main job needs it."""

from tests.rights.stage import Bodies, new_name

TABLE = """
                                  stranger outsider member admin remote   agent sibling distant bridge foreign
    CreateNewCompany              anyone
    ActivateUserAccount           anyone
    CreateAuthenticationRequest   anyone
    DeleteUserRequest             own      ok       ok     ok    -        403   403     403     403    403
    CreateNewUser                 own      403      403    ok    ok       403   403     403     403    403
    CreateRegion                  own      403      403    ok    ok       403   403     403     403    403
    CreateTeam                    own      403      403    ok    ok       403   403     403     403    403
    CreateBridge                  404      403      403    ok    ok       403   403     403     403    403
    CreateMachine                 404      403      403    ok    403      403   403     403     403    403
    CreateTeamMembership          404      403      403    ok    403      403   403     403     403    403
    CreateAgentToken              404      403      403    ok    403      403   403     403     403    403
    GetAgentTokens                404      403      403    ok    403      403   403     403     403    403
    DeleteAgentToken              404      403      403    ok    404      403   403     403     403    403
    GetCompanyTeams               own      ok       ok     ok    ok       403   403     403     403    403
    GetTeamMachines               none     403      ok     ok    403      403   403     403     403    403
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "CreateNewCompany": lambda _: {"companyName": "Initech"},
    "ActivateUserAccount": lambda _: {"activationCode": "x"},
    "CreateAuthenticationRequest": lambda _: {"name": "x"},
    "DeleteUserRequest": lambda _: {},
    "CreateNewUser": lambda _: {"newUserEmail": f"{new_name()}@users.example"},
    "CreateRegion": lambda _: {"regionName": new_name(), "regionVault": "{}"},
    "CreateTeam": lambda _: {"teamName": new_name()},
    "CreateBridge": lambda _: {"regionName": "eu", "bridgeName": new_name()},
    "CreateMachine": lambda _: {"teamName": "ops", "bridgeName": "north", "machineName": new_name()},
    "CreateTeamMembership": lambda _: {"teamName": "ops", "newUserEmail": "carol@acme.example"},
    "CreateAgentToken": lambda _: {"machineName": "build-01"},
    "GetAgentTokens": lambda _: {"machineName": "build-01"},
    "DeleteAgentToken": lambda stage: {"agentTokenId": stage.agent_token()},
    "GetCompanyTeams": lambda _: {},
    "GetTeamMachines": lambda _: {"teamName": "ops"},
}
