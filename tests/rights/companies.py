"""Rights of companies as a whole."""

import json

from tests.rights.stage import Bodies, Stage, new_name

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    GetUserCompany                 own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    GetCompanyVault                own      ok       ok     ok     ok    ok     403   403     403     403    403     ok
    UpdateCompanyVault             own      403      403    403    ok    ok     403   403     403     403    403     key
    GetCompanyVaults               own      403      403    403    ok    ok     403   403     403     403    403     ok
    UpdateCompanyVaults            409      403      403    403    409   409    403   403     403     403    403     409
    GetCompanyDashboardJson        own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    GetCompanyDataGraphJson        own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    GetLookupData                  own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    ExportCompanyData              own      403      403    403    ok    ok     403   403     403     403    403     ok
    ImportCompanyData              own      403      403    403    ok    ok     403   403     403     403    403     ok
    GetUserVault                   own      ok       ok     ok     ok    ok     403   403     403     403    403     ok
    UpdateUserVault                own      ok       ok     ok     ok    409    403   403     403     403    403     key
"""


def company_vault_version(stage: Stage) -> int:
    version: int = stage.call("GetCompanyVault").row["vaultVersion"]
    return version


def document_with_a_new_region() -> str:
    lists: dict[str, list[object]] = {"bridges": [], "teams": [], "machines": []}
    return json.dumps({"format": "broker-company", "version": "1", "regions": [{"regionName": new_name()}], **lists})


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "GetUserCompany": lambda _: {},
    "GetCompanyVault": lambda _: {},
    "UpdateCompanyVault": lambda stage: {"companyVault": "{}", "vaultVersion": company_vault_version(stage)},
    "GetCompanyVaults": lambda _: {},
    # Both companies have a Global Bridge.
    "UpdateCompanyVaults": lambda _: {"updates": "[]"},
    "GetCompanyDashboardJson": lambda _: {},
    "GetCompanyDataGraphJson": lambda _: {},
    "GetLookupData": lambda _: {},
    "ExportCompanyData": lambda _: {},
    "ImportCompanyData": lambda _: {"companyDataJson": document_with_a_new_region()},
    "GetUserVault": lambda _: {},
    # The remote one is the outsider, whose vault has another version by then.
    "UpdateUserVault": lambda _: {"userVault": "{}", "vaultVersion": 1},
}
