"""GetCompanyDataGraphJson."""

import pytest

from tests.world import NOBODY, Caller

Edges = set[tuple[str, str, str]]


def graph(call: Caller, _as: str) -> tuple[set[str], Edges]:
    """Nodes as `Type name`, edges between these."""
    reply = call("GetCompanyDataGraphJson", _as=_as)
    nodes = {row["nodeId"]: f"{row['nodeType']} {row['nodeName']}" for row in reply.table(1)}
    edges = {(nodes[row["fromNode"]], row["edgeType"], nodes[row["toNode"]]) for row in reply.table(2)}
    return set(nodes.values()), edges


def test_shows_an_administrator_everything(call: Caller) -> None:
    nodes, edges = graph(call, "ann")

    assert nodes == {
        "Company Acme",
        *(f"Region {name}" for name in ("Default Region", "eu")),
        *(f"Bridge {name}" for name in ("Global Bridges", "My Bridge", "north", "south")),
        *(f"Machine {name}" for name in ("build-01", "build-02", "dev-01")),
        *(f"Team {name}" for name in ("dev", "ops", "Private Team")),
        *(f"User {name}@acme.example" for name in ("ann", "bob", "carol")),
    }
    assert ("Company Acme", "has", "Region eu") in edges
    assert ("Company Acme", "has", "Team ops") in edges
    assert ("Region eu", "has", "Bridge north") in edges
    assert ("Bridge north", "serves", "Machine build-01") in edges
    assert ("Team ops", "owns", "Machine build-01") in edges
    assert ("User bob@acme.example", "joins", "Team ops") in edges
    assert len(edges) == 2 + 3 + 4 + 3 + 3 + 5


def test_shows_a_user_machines_and_people_of_his_teams_only(call: Caller) -> None:
    nodes, edges = graph(call, "bob")

    assert {node for node in nodes if node.startswith("Machine")} == {"Machine build-01", "Machine build-02"}
    assert {node for node in nodes if node.startswith("User")} == {"User ann@acme.example", "User bob@acme.example"}
    assert {edge for edge in edges if edge[1] == "joins"} == {
        ("User ann@acme.example", "joins", "Team ops"),
        ("User bob@acme.example", "joins", "Team ops"),
    }


@pytest.mark.parametrize(("caller", "failure"), [("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetCompanyDataGraphJson", _as=caller).failure == failure
