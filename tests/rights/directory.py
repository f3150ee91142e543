"""Rights of the directory as far as the main job needs it."""

from tests.rights.stage import Bodies, new_name

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreateNewCompany               anyone
    ActivateUserAccount            anyone
    CreateAuthenticationRequest    anyone
    DeleteUserRequest              own      ok       ok     ok     ok    -      403   403     403     403    403     400
    CreateNewUser                  own      403      403    403    ok    ok     403   403     403     403    403     key
    CreateRegion                   own      403      403    403    ok    ok     403   403     403     403    403     ok
    CreateTeam                     own      403      403    403    ok    ok     403   403     403     403    403     ok
    CreateBridge                   404      403      403    403    ok    ok     403   403     403     403    403     ok
    CreateMachine                  404      403      403    403    ok    403    403   403     403     403    403     key
    CreateTeamMembership           404      403      403    403    ok    403    403   403     403     403    403     ok
    CreateAgentToken               404      403      403    403    ok    403    403   403     403     403    403     key
    GetAgentTokens                 404      403      403    403    ok    403    403   403     403     403    403     ok
    DeleteAgentToken               404      403      403    403    ok    404    403   403     403     403    403     ok
    GetCompanyTeams                own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    GetOwnTeam                     own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    GetTeamMachines                none     403      403    ok     ok    403    403   403     403     403    403     ok
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
    "GetOwnTeam": lambda _: {},
    "GetTeamMachines": lambda _: {"teamName": "ops"},
}
