"""What is the same at every surface with paths of its own: tokens, teams, what is refused, and how errors look."""

import pytest
from flask.testing import FlaskClient

from tests.surfaces.asking import Asker
from tests.world import NOBODY, Caller, must


def test_health_needs_no_token(ask: Asker) -> None:
    assert ask("GET", "/api/v1/queue/health", _as=NOBODY).body["status"] == "healthy"


def test_a_path_that_is_not_there_is_refused_in_the_surfaces_own_shape(ask: Asker) -> None:
    assert ask("GET", "/api/v1/queue/nothing").error == (404, "NotFoundError", "there is nothing at this address")


def test_a_method_that_an_address_does_not_take_is_refused_with_those_it_takes(ask: Asker) -> None:
    said = ask("PUT", "/api/v1/queue/health")

    assert said.error == (405, "MethodNotAllowedError", "this address takes GET only")
    assert said.headers["Allow"] == "GET"


def test_an_unknown_member_of_the_query_is_refused_by_name(ask: Asker) -> None:
    said = ask("GET", "/api/v1/queue/health", colour="red")

    assert said.error == (400, "InvalidRequestError", 'member "colour" is unknown')


def test_a_member_of_the_query_given_twice_is_refused(client: FlaskClient) -> None:
    answer = client.get("/api/v1/queue/health?team=ops&team=dev")

    assert answer.get_json() == {"error": "InvalidRequestError", "message": 'member "team" is given twice'}


def test_a_body_where_none_is_taken_is_refused(client: FlaskClient) -> None:
    answer = client.open("/api/v1/queue/health", method="GET", json={"surprise": 1})

    assert (answer.status_code, answer.get_json()["message"]) == (400, "this address takes no body")


class TestOwnTeam:
    def test_is_the_one_named(self, call: Caller) -> None:
        assert call("GetOwnTeam", teamName="OPS").row == {"teamName": "ops"}

    def test_is_the_only_one(self, call: Caller) -> None:
        assert call("GetOwnTeam").row == {"teamName": "ops"}

    def test_is_else_the_private_team(self, call: Caller) -> None:
        assert call("GetOwnTeam", _as="ann").row == {"teamName": "Private Team"}

    def test_is_never_guessed_between_two_others(self, call: Caller) -> None:
        must(call("CreateTeamMembership", _as="ann", teamName="dev", newUserEmail="bob@acme.example"))

        reply = call("GetOwnTeam")

        assert (reply.failure, reply.errors) == (400, ["name a team: you are a member of dev, ops"])

    def test_cannot_be_told_to_who_has_none(self, call: Caller) -> None:
        must(call("DeleteUserFromTeam", _as="ann", teamName="ops", removeUserEmail="bob@acme.example"))

        reply = call("GetOwnTeam")

        assert (reply.failure, reply.errors) == (400, ["you are a member of no team"])

    @pytest.mark.parametrize(("name", "status"), [("dev", 403), ("nothing", 404)])
    def test_is_not_one_of_others_or_none(self, call: Caller, name: str, status: int) -> None:
        assert call("GetOwnTeam", teamName=name).failure == status
