"""Values of secrets in what jobs print, in one piece or in many."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.redaction import MASK, Redaction

PIECES = st.lists(st.sampled_from([b"a", b"b", b"ab", b"abca", b"bcab", b"x", b"abcabcab"]), max_size=12)


def shown(redaction: Redaction, pieces: list[bytes]) -> bytes:
    stream = redaction.stream()
    return b"".join([*map(stream.add, pieces), stream.end()])


def test_a_value_is_hidden_wherever_it_stands() -> None:
    assert Redaction(["s3cret"]).text("s3cret, again s3crets3cret.") == "***, again ******."


def test_a_value_is_hidden_wherever_it_is_cut() -> None:
    text = b"the key is s3cret!"

    for first, second in itertools.combinations(range(len(text)), 2):
        pieces = [text[:first], text[first:second], text[second:]]
        assert shown(Redaction(["s3cret"]), pieces) == b"the key is ***!"


def test_a_value_that_comes_byte_by_byte_is_hidden() -> None:
    assert shown(Redaction(["pässwörd"]), [bytes([each]) for each in "ein pässwörd".encode()]) == b"ein ***"


def test_what_only_begins_like_a_value_comes_in_the_end() -> None:
    stream = Redaction(["s3cret"]).stream()

    assert stream.add(b"all s3cre") == b"all "
    assert stream.end() == b"s3cre"


def test_what_cannot_become_a_value_is_not_held_back() -> None:
    assert Redaction(["s3cret"]).stream().add(b"password: ") == b"password: "


def test_values_that_overlap_leave_no_rest_of_either() -> None:
    redaction = Redaction(["abcd", "cdefgh"])

    assert redaction.text("-abcdefgh-") == "-***-"
    assert shown(redaction, [b"-abcd", b"efgh-"]) == b"-***-"


def test_a_value_that_repeats_itself_is_hidden_in_bounded_memory() -> None:
    stream = Redaction(["abab"]).stream()

    given_out = [stream.add(b"ab" * 1000) for _ in range(100)]

    assert b"".join([*given_out, stream.end()]) == MASK
    assert len(stream._held) < 4


@pytest.mark.parametrize("value", ["", "x", "abc"])
def test_values_of_less_than_four_characters_are_not_hidden(value: str) -> None:
    assert Redaction([value]).text("abc x") == "abc x"


def test_json_is_redacted_in_texts_and_names_and_keeps_its_form() -> None:
    answer = {"s3cret": ["s3cret", 7, None, {"deep": "is s3cret"}], "n": 1.5}

    assert Redaction(["s3cret"]).json(answer) == {"***": ["***", 7, None, {"deep": "is ***"}], "n": 1.5}


@given(PIECES)
def test_no_cut_changes_what_is_shown(pieces: list[bytes]) -> None:
    redaction = Redaction(["abca", "bcab"])

    assert shown(redaction, pieces) == redaction.content(b"".join(pieces))


def test_the_rest_of_a_hidden_value_stays_hidden_while_another_may_begin_with_it() -> None:
    redaction = Redaction(["secretXYZTOP", "XYZTOP--"])

    assert shown(redaction, [b"secretXYZTOP", b"-", b"q"]) == b"***-q"


@pytest.mark.parametrize("seed", range(5))
def test_values_that_begin_as_others_end_are_hidden_however_they_are_cut(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same each time

    for _ in range(2000):
        text = "".join(chance.choices("ab-", k=chance.randint(4, 40)))
        begins = [chance.randrange(len(text) - 3) for _ in range(chance.randint(1, 4))]
        redaction = Redaction([text[begin : begin + chance.randint(4, 12)] for begin in begins])
        cuts = sorted(chance.choices(range(len(text) + 1), k=chance.randint(0, 12)))
        pieces = [text[first:after].encode() for first, after in itertools.pairwise([0, *cuts, len(text)])]
        assert shown(redaction, pieces) == redaction.content(text.encode())


@given(PIECES)
def test_no_value_is_ever_shown(pieces: list[bytes]) -> None:
    found = shown(Redaction(["abca", "bcab"]), pieces)

    assert b"abca" not in found
    assert b"bcab" not in found
