"""Requests to the surfaces with paths of their own: every answer is held against what the contract says of it."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from broker import SURFACES
from broker.surfaces.paths import errors_of
from broker.surfaces.problems import Problem
from broker.surfaces.routes import Route, Surface
from tests.world import NOBODY, World


@dataclass(frozen=True)
class Said:
    """What a surface answered."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, name and sentence of an error."""
        return self.status, self.body["error"], self.body["message"]


@dataclass(frozen=True)
class Asker:
    """Sends requests, as bob with team ops, unless it is said otherwise."""

    client: FlaskClient
    world: World

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        _as: str = "bob",
        _headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Said:
        headers = dict(_headers or {})
        if _as != NOBODY:
            headers["Authorization"] = f"Bearer {self.world.tokens.get(_as, _as)}"
        answer = self.client.open(path, method=method, json=body, headers=headers, query_string=query)
        said = Said(answer.status_code, answer.get_json(silent=True), dict(answer.headers))
        found = self.route_of(method, path)
        if found is not None:
            check(*found, said)
        return said

    def route_of(self, method: str, path: str) -> tuple[Surface, Route] | None:
        """The surface and route that serve a request."""
        try:
            endpoint, _ = self.client.application.url_map.bind("").match(path.partition("?")[0], method)
        except HTTPException:
            return None
        surface_name, _, operation = endpoint.partition(".")
        return next(
            (surface, route)
            for surface in SURFACES
            if surface.name == surface_name
            for route in surface.routes
            if route.operation_id == operation
        )


def check(surface: Surface, route: Route, said: Said) -> None:
    """Hold an answer against the contract.

    Raises:
        AssertionError, ValidationError: it does not fit.
    """
    if said.status in route.also:
        assert said.body is None
    elif said.status != route.status:
        assert said.status in errors_of(surface, route), (route.path, said)
        Problem().load(said.body)
    elif route.answer is not None:
        route.answer(many=isinstance(said.body, list)).load(said.body)
