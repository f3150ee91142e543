"""Random changes of the directory, one after the other: after each the Gets show what a model in memory expects."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.world import Caller, Reply

CHANGES = 60
LETTERS = ["a", "Z", "9", "$", "{", "}", ".", " ", "é", "ß", "Ω", "я", "中", "🚀", "'", '"', "%", "\\", "-", "/"]


@dataclass
class Model:
    """What there is, by name: regions; bridges with their region; teams; machines with team and bridge.

    Attributes:
        queued: machines that an unfinished item waits for.
    """

    regions: set[str] = field(default_factory=lambda: {"Default Region", "eu"})
    bridges: dict[str, str] = field(
        default_factory=lambda: {
            "Global Bridges": "Default Region",
            "My Bridge": "Default Region",
            "north": "eu",
            "south": "eu",
        }
    )
    teams: set[str] = field(default_factory=lambda: {"Private Team", "ops", "dev"})
    machines: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"build-01": ("ops", "north"), "build-02": ("ops", "north"), "dev-01": ("dev", "north")}
    )
    queued: set[str] = field(default_factory=set)
    built_in: str = "Private Team"


@dataclass(frozen=True)
class Player:
    """Makes a change in the broker and in the model; the broker must refuse what the model does not allow."""

    call: Caller
    random: Random
    model: Model

    def change(self) -> None:
        ways = [
            *(self.create_region, self.create_bridge, self.create_team, self.create_machine, self.create_machine),
            *(self.rename_region, self.rename_bridge, self.rename_team, self.rename_machine),
            *(self.delete_region, self.delete_bridge, self.delete_team, self.delete_machine, self.delete_machine),
            *(self.move_machine, self.move_machine, self.queue),
        ]
        self.random.choice(ways)()

    def name(self) -> str:
        """A new one of 1 to 100 characters."""
        length = self.random.choice([1, 2, 5, 20, 98])
        return self.random.choice("qwx") + "".join(self.random.choices(LETTERS, k=length)) + "."

    def any_of(self, names: Iterable[str]) -> str:
        return self.random.choice(sorted(names))

    def ask(self, procedure: str, allowed: bool = True, **members: Any) -> bool:
        """Whether it was done; a refusal must be one of state."""
        reply: Reply = self.call(procedure, _as="ann", **members)
        assert (reply.failure == 0) is allowed, (procedure, members, reply.errors)
        assert reply.failure in (0, 409)
        return allowed

    def create_region(self) -> None:
        name = self.name()
        self.ask("CreateRegion", regionName=name)
        self.model.regions.add(name)

    def create_bridge(self) -> None:
        name, region = self.name(), self.any_of(self.model.regions)
        self.ask("CreateBridge", regionName=region, bridgeName=name)
        self.model.bridges[name] = region

    def create_team(self) -> None:
        name = self.name()
        self.ask("CreateTeam", teamName=name)
        self.model.teams.add(name)

    def create_machine(self) -> None:
        name, place = self.name(), (self.any_of(self.model.teams), self.any_of(self.model.bridges))
        self.ask("CreateMachine", teamName=place[0], bridgeName=place[1], machineName=name)
        self.model.machines[name] = place

    def rename_region(self) -> None:
        old, new = self.any_of(self.model.regions), self.name()
        self.ask("UpdateRegionName", currentRegionName=old, newRegionName=new)
        self.model.regions = self.model.regions - {old} | {new}
        self.model.bridges = {name: new if region == old else region for name, region in self.model.bridges.items()}

    def rename_bridge(self) -> None:
        old, new = self.any_of(self.model.bridges), self.name()
        self.ask("UpdateBridgeName", regionName=self.model.bridges[old], currentBridgeName=old, newBridgeName=new)
        self.model.bridges[new] = self.model.bridges.pop(old)
        self.model.machines = {
            name: (team, new if bridge == old else bridge) for name, (team, bridge) in self.model.machines.items()
        }

    def rename_team(self) -> None:
        old, new = self.any_of(self.model.teams), self.name()
        self.ask("UpdateTeamName", currentTeamName=old, newTeamName=new)
        self.model.teams = self.model.teams - {old} | {new}
        self.model.built_in = new if old == self.model.built_in else self.model.built_in
        self.model.machines = {
            name: (new if team == old else team, bridge) for name, (team, bridge) in self.model.machines.items()
        }

    def rename_machine(self) -> None:
        if not self.model.machines:
            return
        old, new = self.any_of(self.model.machines), self.name()
        team = self.model.machines[old][0]
        self.ask("UpdateMachineName", teamName=team, currentMachineName=old, newMachineName=new)
        self.model.machines[new] = self.model.machines.pop(old)
        if old in self.model.queued:
            self.model.queued = self.model.queued - {old} | {new}

    def delete_region(self) -> None:
        name = self.any_of(self.model.regions)
        if self.ask("DeleteRegion", name not in self.model.bridges.values(), regionName=name):
            self.model.regions.remove(name)

    def delete_bridge(self) -> None:
        name = self.any_of(self.model.bridges)
        free = name not in {bridge for _, bridge in self.model.machines.values()}
        if self.ask("DeleteBridge", free, bridgeName=name):
            del self.model.bridges[name]

    def delete_team(self) -> None:
        name = self.any_of(self.model.teams)
        free = name != self.model.built_in and name not in {team for team, _ in self.model.machines.values()}
        if self.ask("DeleteTeam", free, teamName=name):
            self.model.teams.remove(name)

    def delete_machine(self) -> None:
        if not self.model.machines:
            return
        name = self.any_of(self.model.machines)
        team = self.model.machines[name][0]
        if self.ask("DeleteMachine", name not in self.model.queued, teamName=team, machineName=name):
            del self.model.machines[name]

    def move_machine(self) -> None:
        if not self.model.machines:
            return
        name, bridge = self.any_of(self.model.machines), self.any_of(self.model.bridges)
        team = self.model.machines[name][0]
        self.ask("UpdateMachineAssignedBridge", teamName=team, machineName=name, newBridgeName=bridge)
        self.model.machines[name] = (team, bridge)

    def queue(self) -> None:
        if not self.model.machines:
            return
        name = self.any_of(self.model.machines)
        self.ask("CreateQueueItem", teamName=self.model.machines[name][0], machineName=name, queueVault="{}")
        self.model.queued.add(name)

    def shown(self) -> Model:
        """What the Gets show."""
        regions = self.rows("GetCompanyRegions")
        bridges = {
            row["bridgeName"]: (region["regionName"], row["machineCount"])
            for region in regions
            for row in self.rows("GetRegionBridges", regionName=region["regionName"])
        }
        teams = self.rows("GetCompanyTeams")
        machines = self.rows("GetTeamMachines")
        places = {row["machineName"]: (row["teamName"], row["bridgeName"]) for row in machines}
        counted = {row["regionName"]: row["bridgeCount"] for row in regions}
        for name, count in counted.items():
            assert count == [region for region, _ in bridges.values()].count(name)
        for name, (_, count) in bridges.items():
            assert count == [bridge for _, bridge in places.values()].count(name)
        for row in teams:
            assert row["machineCount"] == [team for team, _ in places.values()].count(row["teamName"])
        return Model(
            regions=set(counted),
            bridges={name: region for name, (region, _) in bridges.items()},
            teams={row["teamName"] for row in teams},
            machines=places,
            queued={row["machineName"] for row in machines if row["queueCount"]},
            built_in=self.model.built_in,
        )

    def rows(self, procedure: str, **members: Any) -> list[dict[str, Any]]:
        return self.call(procedure, _as="ann", **members).rows


@pytest.mark.parametrize("seed", range(4))
def test_the_gets_show_each_change_and_nothing_else(call: Caller, seed: int) -> None:
    player = Player(call, Random(seed), Model())  # noqa: S311  no secret

    for _ in range(CHANGES):
        player.change()
        assert player.shown() == player.model
