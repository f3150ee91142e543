"""The comment that begins each function of schema `api`: its words for people, its few lines for the broker.

    -- Cancel a queue item that no agent has started.
    --
    -- Arguments:
    --   queueId   item to cancel
    -- Returns:
    --   1: the item after the change, one row
    -- Errors:
    --   JB409  the item is PROCESSING, COMPLETED or CANCELLED
    -- Rules:
    --   Only PENDING and ASSIGNED items can be cancelled.
    -- Callers: users, agents

A line deeper than the first one of its section continues the line above it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SECTIONS = ("Arguments", "Returns", "Errors", "Rules")
LINES = ("Name", "Callers", "Permission", "Counts", "Ceremony", "Seals")

_TITLE = re.compile(rf"({'|'.join((*SECTIONS, *LINES))}):\s*(.*)")
_NAMED = re.compile(r"(\S+?):?\s+(\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Seal:
    """Which vault an argument becomes, and what it belongs to.

    Attributes:
        path: the JSON member (`queueVault`), or list and member of its elements (`items.queueVault`).
        vault_name: request, response, or the kind of the entity.
        target: new_item, item, retry, team, new_team, ...
    """

    path: str
    vault_name: str
    target: str


@dataclass(frozen=True)
class Header:
    """A header, section by section; texts are one line each."""

    summary: str = ""
    description: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    returns: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[tuple[int, str], ...] = ()  # HTTP status, when it comes
    rules: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    name: str | None = None  # the public one, where it is not that of the function in another spelling
    counts: str | None = None  # a second function of schema api
    ceremony: str | None = None  # a module of broker.ceremonies
    seals: tuple[Seal, ...] = ()


def parse_header(source: str) -> Header:
    """Read the header of a function body; a body without one gives an empty header."""
    opening: list[str] = []
    sections: dict[str, list[str]] = {title: [] for title in SECTIONS}
    lines: dict[str, list[str]] = {title: [] for title in LINES}
    current = opening
    for text in comment_lines(source):
        title = _TITLE.fullmatch(text.strip())
        if title and title[1] in LINES:
            lines[title[1]].append(title[2].strip())
        elif title:
            current = sections[title[1]]
            if title[2]:
                current.append(title[2])
        else:
            current.append(text)

    paragraphs = [" ".join(text.split()) for text in "\n".join(opening).split("\n\n")]
    return Header(
        summary=paragraphs[0],
        description="\n\n".join(paragraph for paragraph in paragraphs[1:] if paragraph),
        arguments=dict(named(sections["Arguments"])),
        returns=dict(named(sections["Returns"])),
        errors=tuple(
            (int(code.removeprefix("JB")), text)
            for code, text in named(sections["Errors"])
            if re.fullmatch(r"JB\d{3}", code)
        ),
        rules=tuple(entries(sections["Rules"])),
        callers=tuple(word.strip() for word in ",".join(lines["Callers"]).split(",") if word.strip()),
        name=next(iter(lines["Name"]), None),
        counts=next(iter(lines["Counts"]), None),
        ceremony=next(iter(lines["Ceremony"]), None),
        seals=tuple(Seal(*words) for words in map(str.split, lines["Seals"]) if len(words) == 3),
    )


def comment_lines(source: str) -> Iterable[str]:
    """The lines of the comment that a body begins with, without their dashes; empty lines stay."""
    for line in source.strip().splitlines():
        text = line.strip()
        if not text.startswith("--"):
            return
        yield text[2:].rstrip()


def entries(section: Iterable[str]) -> list[str]:
    """The entries of a section, each with the lines that continue it."""
    found: list[str] = []
    indent = 0
    for line in section:
        text = line.strip()
        if not text:
            continue
        depth = len(line) - len(line.lstrip())
        if not found:
            indent = depth
        if found and depth > indent:
            found[-1] += " " + text
        else:
            found.append(text)
    return found


def named(section: Iterable[str]) -> list[tuple[str, str]]:
    """The entries of a section as (name, text): `queueId   item to cancel`, `1: the item`."""
    return [(match[1], " ".join(match[2].split())) for match in map(_NAMED.fullmatch, entries(section)) if match]
