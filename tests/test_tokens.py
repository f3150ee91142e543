"""Tokens and codes: their forms, typing mistakes, and what people may type differently."""

import re
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.crypto.tokens import (
    CodeError,
    format_recovery_code,
    looks_like_token,
    new_activation_code,
    new_agent_token,
    new_claim_token,
    new_recovery_code,
    new_session_token,
    parse_activation_code,
    parse_recovery_code,
    token_hash,
)

# Frozen: tokens and codes in people's hands look like this.
AGENT_TOKEN = "jb_agent_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_Mi5Jjg"
ACTIVATION_CODE = "000G40R40M30E209185GR38E1W"
RECOVERY_CODE = "810M-4GT4-8N34-EJ29-995M-RKAE-9X85-2MJK-AHAN-CNTR-B5D5-PQ2X-BSFW-MAJF"


def test_session_tokens_are_random_uuids() -> None:
    first, second = new_session_token(), new_session_token()

    assert str(UUID(first)) == first
    assert UUID(first).version == 4
    assert first != second


@pytest.mark.parametrize("kind", ["agent", "api"])
def test_agent_tokens_name_their_kind(kind: str) -> None:
    token = new_agent_token(kind)

    assert re.fullmatch(rf"jb_{kind}_[A-Za-z0-9_-]{{43}}_[A-Za-z0-9_-]{{6}}", token)
    assert looks_like_token(token)
    assert token != new_agent_token(kind)


@pytest.mark.parametrize("kind", ["", "Agent", "a_b", "a" * 17, "agent\n"])
def test_makes_no_token_of_an_odd_kind(kind: str) -> None:
    with pytest.raises(ValueError, match="1 to 16 lower-case letters"):
        new_agent_token(kind)


def test_knows_the_known_token() -> None:
    assert looks_like_token(AGENT_TOKEN)


@settings(deadline=None)
@given(place=st.integers(0, 58), character=st.sampled_from("ABCxyz019-_"))
def test_one_wrong_character_is_a_typo(place: int, character: str) -> None:
    typed = AGENT_TOKEN[:place] + character + AGENT_TOKEN[place + 1 :]

    assert looks_like_token(typed) == (typed == AGENT_TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        AGENT_TOKEN[:-1],
        AGENT_TOKEN + "\n",
        " " + AGENT_TOKEN,
        AGENT_TOKEN.lower(),
        AGENT_TOKEN.replace("agent", "Agent"),
        "3f2504e04f8941d39a0c0305e82c3301",
        "3f2504e0-4f89-41d3-9a0c-0305e82c330",
        "3f2504e0-4f89-41d3-9a0c-0305e82c330g",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301\n",
        "{3f2504e0-4f89-41d3-9a0c-0305e82c3301}",
        "٣f2504e0-4f89-41d3-9a0c-0305e82c3301",
    ],
)
def test_another_form_is_no_token(text: str) -> None:
    assert not looks_like_token(text)


@pytest.mark.parametrize(
    "text", ["3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3F2504E0-4F89-41D3-9A0C-0305E82C3301"], ids=["lower", "upper"]
)
def test_any_uuid_text_can_be_a_session_token(text: str) -> None:
    assert looks_like_token(text)


def test_hashes_the_text_as_sent() -> None:
    assert token_hash(AGENT_TOKEN).hex() == "5328583550b241ee6b54afd5775836ddc2ac65a44e0148bae0a2af4468f69084"
    assert token_hash("a-b") != token_hash("A-B")


def test_claim_tokens_are_22_characters_of_base64url() -> None:
    first, second = new_claim_token(), new_claim_token()

    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", first)
    assert first != second


def test_new_codes_can_be_read() -> None:
    assert len(new_activation_code()) == 26
    assert len(parse_activation_code(new_activation_code())) == 16
    assert re.fullmatch(r"([0-9A-Z]{4}-){13}[0-9A-Z]{4}", new_recovery_code())
    assert len(parse_recovery_code(new_recovery_code())) == 32


def test_reads_the_known_codes() -> None:
    assert parse_activation_code(ACTIVATION_CODE) == bytes(range(16))
    assert parse_recovery_code(RECOVERY_CODE) == bytes(range(64, 96))
    assert format_recovery_code(bytes(range(64, 96))) == RECOVERY_CODE


@settings(deadline=None)
@given(secret=st.binary(min_size=32, max_size=32))
def test_reads_any_recovery_code_it_wrote(secret: bytes) -> None:
    assert parse_recovery_code(format_recovery_code(secret)) == secret


@pytest.mark.parametrize(
    "typed",
    [
        ACTIVATION_CODE.lower(),
        f"  {ACTIVATION_CODE}\n",
        "000G-40R4-0M30-E209-185G-R38E-1W",
        "000g 40r4\t0m30 e209--185g r38e 1w",
        ACTIVATION_CODE.replace("0", "O"),
        ACTIVATION_CODE.replace("1", "l"),
        ACTIVATION_CODE.replace("1", "I").replace("0", "o"),
    ],
)
def test_reads_a_code_as_people_type_it(typed: str) -> None:
    assert parse_activation_code(typed) == bytes(range(16))


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "the activation code has 26 characters, not 0"),
        (ACTIVATION_CODE[:-1], "the activation code has 26 characters, not 25"),
        (ACTIVATION_CODE + "0", "the activation code has 26 characters, not 27"),
        ("U" + ACTIVATION_CODE[1:], "character 1 of the activation code is one that codes do not use"),
        (ACTIVATION_CODE[:-1] + "*", "character 26 of the activation code is one that codes do not use"),
        ("é" + ACTIVATION_CODE[1:], "character 1 of the activation code is one that codes do not use"),
        (ACTIVATION_CODE[:-1] + "X", "the activation code has a mistake in its last character"),
    ],
)
def test_says_what_is_wrong_with_an_activation_code(typed: str, message: str) -> None:
    with pytest.raises(CodeError) as refusal:
        parse_activation_code(typed)

    assert str(refusal.value) == message


def test_finds_every_single_mistake_in_a_recovery_code() -> None:
    characters = RECOVERY_CODE.replace("-", "")
    for place, right in enumerate(characters):
        wrong = "7" if right != "7" else "8"

        with pytest.raises(CodeError, match="the recovery code has a mistake: its checksum does not fit"):
            parse_recovery_code(characters[:place] + wrong + characters[place + 1 :])


def test_finds_two_groups_in_the_wrong_order() -> None:
    swapped = "4GT4-810M" + RECOVERY_CODE[9:]

    with pytest.raises(CodeError, match="checksum"):
        parse_recovery_code(swapped)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_writes_no_recovery_code_of_another_length(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        format_recovery_code(bytes(size))
