"""`GET /livez` and `GET /readyz`: whether the process runs, and whether it can serve."""

from flask import Blueprint, Response
from psycopg.errors import Error

from broker.call import Procedures
from broker.database.database import SchemaChangedError, UnavailableError
from broker.surfaces.envelope import dump, respond


def create_health(procedures: Procedures) -> Blueprint:
    """The surface over these procedures."""
    surface = Blueprint("health", __name__)

    @surface.get("/livez")
    def tell_alive() -> Response:
        return respond(200, dump({"status": "alive"}))

    @surface.get("/readyz")
    def tell_ready() -> Response:
        obstacle = find_obstacle(procedures)
        if obstacle:
            return respond(503, dump({"status": "not ready", "reason": obstacle}))
        return respond(200, dump({"status": "ready", "procedures": len(procedures.registry.procedures)}))

    return surface


def find_obstacle(procedures: Procedures) -> str | None:
    """Why calls cannot be served right now, or None when they can."""
    try:
        if not procedures.registry.procedures:
            procedures.refresh()
        procedures.database.query("select 1")
    except (UnavailableError, SchemaChangedError, Error):
        return "the database cannot be reached"
    if not procedures.registry.procedures:
        return "the schema is not installed: run broker migrate"
    return None
