"""Nine queue items of every kind, for tests that only look."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.world import Caller, Reply, must

if TYPE_CHECKING:
    from tests.conftest import Clock

ALL = ["processing", "failed", "far", "dev pending", "cancelling", "assigned", "done", "cancelled", "pending"]
OPS = ["processing", "failed", "far", "assigned", "done", "cancelled", "pending"]
STATUS = {
    "done": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
    "processing": "PROCESSING",
    "assigned": "ASSIGNED",
    "cancelling": "CANCELLING",
    "pending": "PENDING",
    "dev pending": "PENDING",
    "far": "PENDING",
}


@dataclass
class Shelf:
    """Nine items of Acme, made a minute apart, and one of Globex; by their names here.

    done         COMPLETED   ops  build-01  north  bob    3
    failed       FAILED      ops  build-01  north  bob    2
    cancelled    CANCELLED   ops  build-02  north  ann    4
    processing   PROCESSING  ops  build-02  north  bob    1   last heartbeat 5 minutes ago
    assigned     ASSIGNED    ops  build-01  north  bob    3   claimed half an hour ago: stale
    cancelling   CANCELLING  dev  dev-01    north  carol  3
    pending      PENDING     ops  build-01  north  ann    5
    dev pending  PENDING     dev  dev-01    north  ann    3
    far          PENDING     ops  build-03  south  bob    3
    """

    call: Caller
    made: dict[str, dict[str, Any]]

    def ask(self, _as: str = "ann", **members: Any) -> Reply:
        return must(self.call("GetTeamQueueItems", _as=_as, **members))

    def names(self, reply: Reply) -> list[str]:
        """The items of table 1, in its order."""
        known = {row["queueId"]: name for name, row in self.made.items()}
        return [known[row["queueId"]] for row in reply.rows]

    def row(self, name: str, **members: Any) -> dict[str, Any]:
        return self.ask(taskId=self.made[name]["taskId"], **members).row


def fill(shelf: Shelf, clock: "Clock") -> Shelf:
    """Make the items, the finished ones first, since a claim takes the best that waits."""
    call = shelf.call

    def create(name: str, user: str, team: str, machine: str, **members: Any) -> None:
        clock.advance(minutes=1)
        body = {"teamName": team, "machineName": machine, "queueVault": f'{{"job":"{name}"}}', **members}
        shelf.made[name] = call("CreateQueueItem", _as=user, **body).row

    def claim(machine: str, **members: Any) -> dict[str, Any]:
        row = call("GetQueueItemsNext", _as=machine, **members).row
        return {"queueId": row["queueId"], "claimToken": row["claimToken"]}

    def complete(machine: str, status: str) -> None:
        answer = f'{{"answer":"{status}"}}'
        held = claim(machine, start=True)
        must(call("UpdateQueueItemToCompleted", _as=machine, responseVault=answer, completionStatus=status, **held))

    must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="build-03"))
    create("done", "bob", "ops", "build-01")
    complete("build-01", "PARTIAL")
    create("failed", "bob", "ops", "build-01", priority=2)
    complete("build-01", "FAILED")
    create("cancelled", "ann", "ops", "build-02", priority=4)
    must(call("CancelQueueItem", queueId=shelf.made["cancelled"]["queueId"]))
    create("processing", "bob", "ops", "build-02", priority=1, maxAttempts=5, timeoutSeconds=90, metadata={"run": 1})
    running = claim("build-02", start=True, leaseSeconds=86400)
    create("assigned", "bob", "ops", "build-01")
    claim("build-01")
    create("cancelling", "carol", "dev", "dev-01")
    claim("dev-01", start=True)
    must(call("CancelQueueItem", _as="carol", queueId=shelf.made["cancelling"]["queueId"], force=True))
    create("pending", "ann", "ops", "build-01", priority=5)
    create("dev pending", "ann", "dev", "dev-01")
    create("far", "bob", "ops", "build-03")
    clock.advance(minutes=21)
    must(call("UpdateQueueItemHeartbeat", _as="build-02", progress=0.5, **running))
    must(call("UpdateQueueItemResponse", _as="build-02", responseVault='{"so":"far"}', **running))
    clock.advance(minutes=5)
    shelf.made["theirs"] = call(
        "CreateQueueItem", _as="gina", teamName="ops", machineName="build-01", queueVault="{}"
    ).row
    return shelf


# Who asks, with which filters, and what matches, in the order of the listing.
FILTERS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("ann", {}, ALL),
    ("bob", {}, OPS),
    ("carol", {}, ["dev pending", "cancelling"]),
    ("gina", {}, ["theirs"]),
    ("ann", {"teamName": "ops"}, OPS),
    ("ann", {"teamName": "DEV"}, ["dev pending", "cancelling"]),
    ("ann", {"teamName": " dev , ops,"}, ALL),
    ("ann", {"teamName": "ops,nowhere"}, OPS),
    ("ann", {"teamName": "nowhere"}, []),
    ("bob", {"teamName": "nowhere"}, []),
    ("ann", {"machineName": "build-02"}, ["processing", "cancelled"]),
    ("ann", {"machineName": "BUILD-03"}, ["far"]),
    ("ann", {"bridgeName": "north"}, [name for name in ALL if name != "far"]),
    ("ann", {"bridgeName": "South"}, ["far"]),
    ("ann", {"bridgeName": "Global Bridges"}, []),
    ("bob", {"bridgeName": "north"}, [name for name in OPS if name != "far"]),
    ("ann", {"bridgeName": "south", "machineName": "build-01"}, []),
    ("ann", {"status": "COMPLETED"}, ["done"]),
    ("ann", {"status": "pending, Assigned"}, ["far", "dev pending", "assigned", "pending"]),
    ("ann", {"status": "FAILED,CANCELLED,CANCELLING"}, ["failed", "cancelling", "cancelled"]),
    ("ann", {"priority": 1}, ["processing"]),
    ("ann", {"priority": 3}, ["far", "dev pending", "cancelling", "assigned", "done"]),
    ("ann", {"priority": 5}, ["pending"]),
    ("ann", {"minPriority": 4}, ["cancelled", "pending"]),
    ("ann", {"maxPriority": 2}, ["processing", "failed"]),
    ("ann", {"minPriority": 2, "maxPriority": 4}, [name for name in ALL if name not in ("processing", "pending")]),
    ("ann", {"minPriority": 5, "maxPriority": 1}, []),
    ("ann", {"priority": 3, "maxPriority": 2}, []),
    ("ann", {"includeCompleted": False}, [name for name in ALL if name not in ("done", "failed")]),
    ("ann", {"includeCancelled": False}, [name for name in ALL if name != "cancelled"]),
    ("ann", {"includeCompleted": False, "status": "COMPLETED"}, []),
    ("ann", {"onlyStale": True}, ["assigned"]),
    ("ann", {"onlyStale": True, "staleThresholdMinutes": 4}, ["processing", "assigned"]),
    ("ann", {"onlyStale": True, "staleThresholdMinutes": 60}, []),
    ("ann", {"createdByUserEmail": "carol@acme.example"}, ["cancelling"]),
    ("ann", {"createdByUserEmail": "Ann@Acme.Example"}, ["dev pending", "cancelled", "pending"]),
    ("ann", {"createdByUserEmail": "nobody@acme.example"}, []),
    ("ann", {"createdByUserEmail": "gina@globex.example"}, []),
    ("ann", {"queueName": "DEFAULT"}, ALL),
    ("bob", {"queueName": "default"}, OPS),
    ("ann", {"metadata": {"run": 1}}, ["processing"]),
    ("ann", {"metadata": {"run": 2}}, []),
    ("bob", {"queueName": "default", "metadata": {}}, ["processing"]),
    ("bob", {"status": "PENDING", "machineName": "build-01", "createdByUserEmail": "ann@acme.example"}, ["pending"]),
]
