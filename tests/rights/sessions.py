"""Rights of sessions and second factors."""

from tests.rights.stage import Bodies, new_name

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    GetUserRequests                own      ok       ok     ok     ok    ok     403   403     403     403    403     ok
    GetCompanyUserRequests         own      403      403    403    ok    ok     403   403     403     403    403     ok
    GetRequestAuthenticationStatus own      ok       ok     ok     ok    ok     403   403     403     403    403     400
    PrivilegeAuthenticationRequest own      ok       ok     ok     ok    ok     403   403     403     403    403     400
    ForkAuthenticationRequest      own      ok       ok     ok     ok    ok     403   403     403     403    403     key
    UpdateUserTFA                  409      409      409    409    409   409    403   403     403     403    403     key
    IsRegistered                   none     ok       403    ok     ok    ok     403   403     403     403    403     ok
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "GetUserRequests": lambda _: {},
    "GetCompanyUserRequests": lambda _: {},
    "GetRequestAuthenticationStatus": lambda _: {},
    "PrivilegeAuthenticationRequest": lambda _: {"tfaCode": ""},
    "ForkAuthenticationRequest": lambda _: {"childName": new_name()},
    "UpdateUserTFA": lambda _: {"enable": False},
    "IsRegistered": lambda _: {"userName": "bob@acme.example"},
}
