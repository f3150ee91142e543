"""What an agent reads from the pipe of a job's progress, in one piece or in many."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.progress import LINE_BYTES, Progress, ProgressReader
from agent.redaction import Redaction

SECRET = "s3cret" * 500


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ProgressReader]:
    with ProgressReader(tmp_path / "progress", Redaction([SECRET])) as reader:
        yield reader


def write(reader: ProgressReader, text: str) -> None:
    with reader.path.open("a") as pipe:
        pipe.write(text)


def test_a_line_that_comes_in_two_pieces_is_one(reader: ProgressReader) -> None:
    write(reader, "0.4 co")
    assert not reader.read()

    write(reader, "pying\n")

    assert reader.read()
    assert reader.latest == Progress(0.4, "copying")


@pytest.mark.parametrize("written", [1, LINE_BYTES - 1, LINE_BYTES, len(SECRET) - 1, len(SECRET)])
def test_a_long_secret_that_comes_in_two_pieces_is_hidden(reader: ProgressReader, written: int) -> None:
    write(reader, f"0.5 with {SECRET[:written]}")
    reader.read()

    write(reader, f"{SECRET[written:]} in it\n")
    reader.read()

    assert reader.latest == Progress(0.5, "with *** in it")


def test_of_a_line_without_an_end_only_its_beginning_is_kept(reader: ProgressReader) -> None:
    for _ in range(10):
        write(reader, "0.6 " + "x" * LINE_BYTES)
        reader.read()

    assert len(reader._unfinished) == LINE_BYTES


def test_a_line_of_numbers_by_name_is_what_the_job_counts(reader: ProgressReader) -> None:
    write(reader, '0.4 copying\n{"files": 12, "mib": 3.5}\n')

    assert reader.read()
    assert reader.latest == Progress(0.4, "copying")
    assert reader.metrics == {"files": 12, "mib": 3.5}


@pytest.mark.parametrize(
    "line",
    [
        '{"files": "twelve"}',
        '{"files": true}',
        '{"files": NaN}',
        '{"files": 1e999}',
        '{"what it printed": 1}',
        '{"x": {"y": 1}}',
        '{"files": 12',
        "[1]",
        "[" * 900,
    ],
)
def test_what_the_broker_would_not_take_as_metrics_is_none(reader: ProgressReader, line: str) -> None:
    write(reader, f'{{"files": 1}}\n{line}\n')

    assert not reader.read()
    assert reader.metrics == {"files": 1}


def test_a_secret_is_no_name_of_a_metric(tmp_path: Path) -> None:
    with ProgressReader(tmp_path / "progress", Redaction(["tok3n"])) as reader:
        write(reader, '{"tok3n": 1}\n')
        reader.read()

        assert reader.metrics is None
