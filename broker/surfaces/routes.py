"""Routes of the surfaces that have paths of their own: what a route takes and answers, and what its view works with.

A view gets a Visit and gives the JSON value of the answer. It calls procedures by their names and translates names,
shapes and statuses; it holds no rule, and nothing in it decides what a caller may do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, Request, Response, g, request
from marshmallow import RAISE, Schema, fields, pre_load

from broker.answer import Answer, Row
from broker.call import Procedures
from broker.contract.body import parse_body
from broker.contract.schemas import load_request
from broker.contract.text import echo
from broker.errors import Failure, RefusedError
from broker.live.hub import Hub
from broker.surfaces.envelope import JSON, dump, respond
from broker.surfaces.problems import ProblemError, describe_problem, reword
from broker.surfaces.stored_procedure import read_body, read_client, read_sender

if TYPE_CHECKING:
    from broker.caller import Sender

BEARER = "bearer "
TEAM_HEADER = "X-Team"


class Members(Schema):
    """What callers send, in a body or a query: null means absent, unknown members are refused by name."""

    class Meta:
        unknown = RAISE

    error_messages = {"type": "must be an object", "unknown": "is unknown"}  # noqa: RUF012  # declared so by marshmallow

    @pre_load
    def drop_absent(self, data: Any, **_: Any) -> Any:
        return {name: value for name, value in data.items() if value is not None} if isinstance(data, Mapping) else data

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002  # marshmallow's names
        """Let what a field says complete the sentence `member "x" ...`."""
        field_obj.error_messages = {**field_obj.error_messages, "required": "is required", "null": "is required"}


class Query(Members):
    """The query that every route takes."""

    team = fields.String(metadata={"description": f"the team that is meant, as the header {TEAM_HEADER}"})


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes:
        path: as Flask writes it, below the surface's prefix: `/tasks/<task_id>`.
        view: called with the visit and the members of the path; gives a JSON value, or a Response as it is.
        answer: the schema of a success; None: it has no JSON.
        body: the schema of the body; None: none is taken.
        errors: what it may answer beside what all may: status -> when.
        names: the names of its errors that are not the general ones: status -> name.
        subject: the member of the path that its errors repeat.
        content_type: of a success.
        headers: that it reads: name -> what it says.
        also: other successes, without a body: status -> when.
        for_anyone: it may be called without a token.
    """

    method: str
    path: str
    view: Callable[..., Any]
    summary: str
    answer: type[Schema] | None
    status: int = 200
    query: type[Query] = Query
    body: type[Members] | None = None
    errors: Mapping[int, str] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    subject: str | None = None
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)
    for_anyone: bool = False

    @property
    def operation_id(self) -> str:
        return self.view.__name__


@dataclass(frozen=True)
class Surface:
    """A public surface: its paths begin with its prefix.

    Attributes:
        retold: statuses of the engine that its document knows as another: {409: 400}.
        words: names in sentences of the engine that its document knows as others: {"queue item": "Job"}.
    """

    name: str
    title: str
    prefix: str
    routes: Sequence[Route]
    retold: Mapping[int, int] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def owns(self, path: str) -> bool:
        """Whether a path is below this surface, though there may be nothing at it."""
        return path == self.prefix or path.startswith(self.prefix + "/")


class Visit:
    """One request on its way: what was sent, and the calls that are made for it."""

    def __init__(self, procedures: Procedures, hub: Hub, route: Route, sent: Request) -> None:
        """Read a request.

        Raises:
            RefusedError, ValidationError, RequestEntityTooLarge: it is not what the route takes.
        """
        self.procedures = procedures
        self.hub = hub
        self.client = read_client(sent)
        self.sender: Sender = read_sender(sent, bearer_of(sent))
        self.query = load_request(route.query(), single_values(sent))
        body = read_body(sent)
        if route.body is None and body.strip():
            raise RefusedError(400, "this address takes no body")
        self.body: dict[str, Any] = (
            load_request(route.body(), parse_body(body) if body.strip() else {}) if route.body else {}
        )
        self.named_team: str | None = self.query.pop("team", None) or sent.headers.get(TEAM_HEADER) or None

    def call(self, name: str, **members: Any) -> Answer:
        """Call a procedure as who sent the request; members that are None are left out.

        Raises:
            As Procedures.call.
        """
        given = {member: value for member, value in members.items() if value is not None}
        return self.procedures.call(name, given, self.sender)

    def rows(self, name: str, **members: Any) -> list[Row]:
        """The first table of a call."""
        return list(self.call(name, **members).tables[0].rows)

    def row(self, name: str, **members: Any) -> Row:
        """The only row of the first table of a call."""
        [row] = self.rows(name, **members)
        return row

    @cached_property
    def team(self) -> str:
        """The team that is meant: the one named, else the caller's only one, else his Private Team.

        Raises:
            As Procedures.call: 400 with their names, if there are several.
        """
        name: str = self.row("GetOwnTeam", teamName=self.named_team)["teamName"]
        return name


def create_surface(surface: Surface, procedures: Procedures, hub: Hub) -> Blueprint:
    """The surface over these procedures."""
    blueprint = Blueprint(surface.name, __name__, url_prefix=surface.prefix)
    for route in surface.routes:
        blueprint.add_url_rule(
            route.path, route.operation_id, answering(route, procedures, hub), methods=[route.method]
        )
    return blueprint


def answering(route: Route, procedures: Procedures, hub: Hub) -> Callable[..., Response]:
    """The function that Flask calls for a route."""

    def answer(**members: str) -> Response:
        g.route = route
        g.subject = {route.subject: echo(members[route.subject])} if route.subject else {}
        visit = Visit(procedures, hub, route, request)
        g.read = True  # what is refused from here on is refused in the words of the engine
        value = route.view(visit, **members)
        if isinstance(value, Response):
            return value
        return respond(route.status, b"" if route.answer is None else dump(value))

    return answer


def retell(surfaces: Iterable[Surface], failure: Failure, error: Exception) -> Response | None:
    """An error in the shape of the surface that the request's path is below; None: it is below none of them."""
    surface = next((each for each in surfaces if each.owns(request.path)), None)
    if surface is None:
        return None
    route: Route | None = g.get("route")
    status = surface.retold.get(failure.status, failure.status)
    words = surface.words if g.get("read") else {}
    messages = tuple(reword(words, message) for message in failure.messages)
    failure = replace(failure, status=status, messages=messages)
    body = describe_problem(failure, error, route.names if route else {})
    response = respond(status, dump({**body, **g.get("subject", {})}))
    response.headers.update(failure.headers)
    return response


def single_values(sent: Request) -> dict[str, str]:
    """The members of the query.

    Raises:
        RefusedError: 400, one is given twice.
    """
    for name, values in sent.args.lists():
        if len(values) > 1:
            raise RefusedError(400, f'member "{echo(name)}" is given twice')
    return sent.args.to_dict()


def bearer_of(sent: Request) -> str | None:
    """The token of the header Authorization."""
    text = sent.headers.get("Authorization", "")
    return text[len(BEARER) :].strip() or None if text.lower().startswith(BEARER) else None


def item_id(text: str, name: str, sentence: str) -> str:
    """A taskId from a path.

    Raises:
        ProblemError: 404, the text cannot be one, so there is no such item.
    """
    try:
        return str(UUID(text))
    except ValueError:
        raise ProblemError(404, sentence.format(echo(text)), name) from None
