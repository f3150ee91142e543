"""Rights of companies as a whole."""

import json

from tests.rights.stage import Bodies, Stage, new_name

TABLE = """
                                  stranger outsider member admin remote   agent sibling distant bridge foreign
    GetUserCompany                own      ok       ok     ok    ok       403   403     403     403    403
    GetCompanyVault               own      ok       ok     ok    ok       403   403     403     403    403
    UpdateCompanyVault            own      403      403    ok    ok       403   403     403     403    403
    GetCompanyVaults              own      403      403    ok    ok       403   403     403     403    403
    UpdateCompanyVaults           409      403      403    409   409      403   403     403     403    403
    GetCompanyDashboardJson       own      ok       ok     ok    ok       403   403     403     403    403
    GetCompanyDataGraphJson       own      ok       ok     ok    ok       403   403     403     403    403
    GetLookupData                 own      ok       ok     ok    ok       403   403     403     403    403
    ExportCompanyData             own      403      403    ok    ok       403   403     403     403    403
    ImportCompanyData             own      403      403    ok    ok       403   403     403     403    403
    GetUserVault                  own      ok       ok     ok    ok       403   403     403     403    403
    UpdateUserVault               own      ok       ok     ok    409      403   403     403     403    403
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
