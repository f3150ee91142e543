"""What is kept of an output."""

import pytest

from agent.output import Capture


def kept(parts: list[bytes], limit: int) -> tuple[str, int]:
    capture = Capture(limit)
    for part in parts:
        capture.add(part)
    return capture.output().text(limit)


@pytest.mark.parametrize("size", [0, 1, 9, 10])
def test_an_output_up_to_the_limit_is_whole(size: int) -> None:
    assert kept([b"x" * size], 10) == ("x" * size, 0)


@pytest.mark.parametrize("step", [1, 3, 7, 1000])
def test_head_and_tail_do_not_depend_on_how_the_output_arrives(step: int) -> None:
    content = bytes(range(48, 58)) * 100

    text, cut = kept([content[start : start + step] for start in range(0, len(content), step)], 20)

    assert (text, cut) == ("0123456789\n[980 bytes cut]\n0123456789", 980)


@pytest.mark.parametrize("limit", range(10, 22))
def test_no_character_is_halved_at_the_cut(limit: int) -> None:
    text, cut = kept(["zwölf Boxkämpfer jagen €uro 𝄞 über den Deich".encode()], limit)

    assert "\ufffd" not in text
    assert cut > 0


def test_a_shorter_text_can_be_had_later() -> None:
    capture = Capture(100)
    capture.add(b"a" * 50 + b"z" * 50)

    assert capture.output().text(10) == ("aaaaa\n[90 bytes cut]\nzzzzz", 90)


def test_memory_is_bounded_whatever_is_printed() -> None:
    capture = Capture(1000)
    for _ in range(1000):
        capture.add(b"x" * 1000)

    output = capture.output()

    assert (len(output.head) + len(output.tail), output.total) == (1000, 1_000_000)
