"""Text that callers sent: how deep its JSON nests, and how much of it may be shown to them again."""

import re

ECHO_CHARACTERS = 100
NESTING = 64

# Control characters, breaks, halves of surrogate pairs, and what turns the direction of the text that follows.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def echo(text: str) -> str:
    """A caller's own text as an answer may show it: one line, at most 100 characters."""
    shown = one_line(text[: ECHO_CHARACTERS + 1])
    return shown if len(shown) <= ECHO_CHARACTERS else shown[: ECHO_CHARACTERS - 3] + "..."


def one_line(text: str) -> str:
    """A text without breaks and other characters that would act on whoever shows it."""
    return _UNPRINTABLE.sub(" ", text)


def nests_too_deeply(json: bytes) -> bool:
    """Tell whether JSON nests deeper than 64, before a parser recurses into it; brackets in strings do not count.

    Linear: each of at most 64 rounds takes away the innermost pairs.
    """
    if json.count(b"[") + json.count(b"{") <= NESTING:
        return False
    # What is escaped taken away, each second piece between quotes is outside of strings; the last may be unclosed.
    unescaped = json.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(unescaped.split(b'"')[::2]).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(NESTING):
        if b"[]" not in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets or brackets.count(b"[") > NESTING
