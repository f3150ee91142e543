"""What a queue can make an agent read, and what it cannot."""

import os
from pathlib import Path

import pytest

from agent.handlers import NoJobError
from agent.secrets import FILE_BYTES, Secrets


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """The one file that the owner has named."""
    file = tmp_path / "named" / "token"
    file.parent.mkdir()
    file.write_text("t0ken-of-a-file \n\n")
    return file


@pytest.fixture
def secrets(allowed: Path) -> Secrets:
    return Secrets(["API_KEY", "ABSENT"], [allowed], {"API_KEY": "k3y-of-a-variable", "OTHER": "not for jobs"})


def value_of(secrets: Secrets, source: object) -> object:
    job, _ = secrets.resolve({"stdin": "${secrets.S}"}, {"S": source})
    return job["stdin"]


def refusal(secrets: Secrets, source: object) -> str:
    with pytest.raises(NoJobError) as caught:
        value_of(secrets, source)
    return str(caught.value)


def test_a_named_variable_is_read(secrets: Secrets) -> None:
    assert value_of(secrets, {"env": "API_KEY"}) == "k3y-of-a-variable"


def test_a_named_file_is_read_without_the_blanks_at_its_end(secrets: Secrets, allowed: Path) -> None:
    assert value_of(secrets, {"file": str(allowed)}) == "t0ken-of-a-file"


def test_a_file_is_read_anew_for_each_job(secrets: Secrets, allowed: Path) -> None:
    allowed.write_text("t0ken-two")

    assert value_of(secrets, {"file": str(allowed)}) == "t0ken-two"


def test_every_text_of_a_job_is_looked_at_save_what_chooses_the_program(secrets: Secrets) -> None:
    reference = "a ${secrets.S} b ${secrets.S}"
    job: dict[str, object] = {
        "handler": "${secrets.S}",
        "function": "${secrets.S}",
        "argv": ["echo", reference],
        "env": {"KEY": reference, "${secrets.S}": "name"},
        "cwd": "/srv/${secrets.S}",
        "stdin": reference,
        "arguments": {"deep": [{"er": reference}], "number": 7, "nothing": None, "yes": True},
    }
    value = "k3y-of-a-variable"
    resolved, redaction = secrets.resolve(job, {"S": {"env": "API_KEY"}})

    assert resolved == {
        "handler": "${secrets.S}",
        "function": "${secrets.S}",
        "argv": ["echo", f"a {value} b {value}"],
        "env": {"KEY": f"a {value} b {value}", "${secrets.S}": "name"},
        "cwd": f"/srv/{value}",
        "stdin": f"a {value} b {value}",
        "arguments": {"deep": [{"er": f"a {value} b {value}"}], "number": 7, "nothing": None, "yes": True},
    }
    assert redaction.text(value) == "***"


def test_a_value_that_looks_like_a_reference_is_left_as_it_is() -> None:
    secrets = Secrets(["ONE", "TWO"], [], {"ONE": "${secrets.T}", "TWO": "never"})

    job, _ = secrets.resolve({"stdin": "${secrets.S}"}, {"S": {"env": "ONE"}, "T": {"env": "TWO"}})

    assert job["stdin"] == "${secrets.T}"


def test_a_secret_that_no_job_asks_for_is_not_read(secrets: Secrets) -> None:
    job, _ = secrets.resolve({"stdin": "plain $secrets.S ${other.S}"}, {"S": {"env": "OTHER"}})

    assert job["stdin"] == "plain $secrets.S ${other.S}"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "is not among the secrets of its queue"),
        ("API_KEY", "is not among the secrets of its queue"),
        ({"env": "API_KEY", "file": "/x"}, "is not among the secrets of its queue"),
        ({"vault": "x"}, "is neither a variable nor a file"),
        ({"env": 7}, "is neither a variable nor a file"),
        ({"env": "OTHER"}, "is not allowed on this machine: its owner has not named the variable"),
        ({"env": "api_key"}, "is not allowed on this machine: its owner has not named the variable"),
        ({"env": "BROKER_AGENT_TOKEN"}, "is not allowed on this machine: its owner has not named the variable"),
        ({"env": "ABSENT"}, "is missing on this machine: the agent has no such variable"),
    ],
)
def test_what_is_unknown_not_allowed_or_missing_is_refused_by_its_name(
    secrets: Secrets, source: object, reason: str
) -> None:
    assert refusal(secrets, source) == f"secret S {reason}"


class TestFilesThatTheOwnerDidNotName:
    """The attacks: the same place by another name is the same place, another place is refused by any name."""

    @pytest.fixture
    def foreign(self, tmp_path: Path) -> Path:
        file = tmp_path / "foreign"
        file.write_text("of somebody else")
        return file

    @pytest.mark.parametrize(
        "path",
        [
            "{foreign}",
            "{folder}/../foreign",
            "{folder}/./../foreign",
            "{folder}",
            "/etc/passwd",
            "{allowed}x",
            "{folder}/TOKEN",
            "named/token",
            "./named/token",
            "",
            "~/token",
            "{allowed}\0",
            "/x" * 3000,
        ],
    )
    def test_are_refused_by_any_path(
        self, secrets: Secrets, allowed: Path, foreign: Path, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(foreign.parent)
        written = path.format(foreign=foreign, folder=allowed.parent, allowed=allowed)

        assert refusal(secrets, {"file": written}).startswith("secret S is not allowed on this machine")

    def test_are_refused_through_a_link_beside_the_named_one(
        self, secrets: Secrets, allowed: Path, foreign: Path
    ) -> None:
        link = allowed.parent / "link"
        link.symlink_to(foreign)

        assert "not allowed" in refusal(secrets, {"file": str(link)})

    def test_are_refused_through_a_linked_folder(self, secrets: Secrets, tmp_path: Path, allowed: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "token").write_text("of somebody else")
        (tmp_path / "way").symlink_to(elsewhere)

        assert "not allowed" in refusal(secrets, {"file": f"{tmp_path}/way/token"})
        assert "not allowed" in refusal(secrets, {"file": f"{allowed.parent}/../way/token"})

    def test_are_refused_through_links_that_go_round(self, secrets: Secrets, tmp_path: Path) -> None:
        (tmp_path / "one").symlink_to(tmp_path / "two")
        (tmp_path / "two").symlink_to(tmp_path / "one")

        assert "not allowed" in refusal(secrets, {"file": str(tmp_path / "one")})

    def test_are_refused_where_the_owner_has_named_none(self, allowed: Path) -> None:
        assert "not allowed" in refusal(Secrets([], [], {}), {"file": str(allowed)})


class TestTheNamedFile:
    def test_is_read_by_another_way_to_it(self, secrets: Secrets, tmp_path: Path, allowed: Path) -> None:
        (tmp_path / "link").symlink_to(allowed)

        assert value_of(secrets, {"file": str(tmp_path / "link")}) == "t0ken-of-a-file"
        assert value_of(secrets, {"file": f"{allowed.parent}/../named/token"}) == "t0ken-of-a-file"

    def test_may_be_a_link_of_the_owners(self, tmp_path: Path, allowed: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to(allowed)

        assert value_of(Secrets([], [link], {}), {"file": str(link)}) == "t0ken-of-a-file"

    def test_may_be_missing(self, secrets: Secrets, allowed: Path) -> None:
        allowed.unlink()

        assert refusal(secrets, {"file": str(allowed)}) == (
            "secret S cannot be read on this machine: No such file or directory"
        )

    def test_may_be_no_file_at_all(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        secrets = Secrets([], [tmp_path / "pipe", tmp_path, Path("/dev/zero")], {})

        for place in (tmp_path / "pipe", Path("/dev/zero")):
            assert "no plain file of at most" in refusal(secrets, {"file": str(place)})
        assert "secret S cannot be read" in refusal(secrets, {"file": str(tmp_path)})

    def test_may_be_too_large_or_no_text(self, secrets: Secrets, allowed: Path) -> None:
        allowed.write_bytes(b"x" * (FILE_BYTES + 1))
        assert "no plain file of at most 65536 bytes" in refusal(secrets, {"file": str(allowed)})

        allowed.write_bytes(b"hush\xff")
        assert refusal(secrets, {"file": str(allowed)}) == "secret S cannot be read on this machine: no UTF-8"


def test_a_long_name_is_cut_in_the_refusal(secrets: Secrets) -> None:
    with pytest.raises(NoJobError) as caught:
        secrets.resolve({"stdin": "${secrets." + "n" * 5000 + "}"}, {})

    assert len(str(caught.value)) < 200
