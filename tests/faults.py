"""Faults for the SQL of the engine, made by rule: each changes one place of one file.

Conditions are left out or turned, `<=` stands for `<`, `+ 1` is forgotten, locks and gates are not taken or waited for,
orders are turned, branches swapped, steps left out. Which company a row belongs to and who may see it is the matter of
test_tenancy_mutants.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

SQL = Path(__file__).resolve().parent.parent / "sql"
FOLDERS = ("queue", "api/queue", "api/policy")
SEED = 4

JOINT = re.compile(r"\b(and|or|if|elsif|(?:exit|continue)? when)\s+", re.IGNORECASE)
END = re.compile(
    r"(?:and|or|then|loop|order by|group by|having|limit|offset|for (?:no key )?(?:update|key share)|returning|union"
    r"|else|as|where|(?:cross |left )?join|on conflict)\b"
)
TENANT = re.compile(r"\w+\.company_id = |auth\.")
COMPARISON = re.compile(r"(?<=\s)(<=|>=|<|>)(?=\s)")
TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
LOCK = re.compile(r"\s+for (?:no key update|update|key share)(?: of \w+)?(?: skip locked)?")
STEP = re.compile(r"perform (?:queue|data|pg_advisory)[\w.]*\((?:[^;'$]|'[^']*')*?\);")
EXTREME = re.compile(r"\b(least|greatest)\(")
BRANCHES = re.compile(r"\bthen ((?:[^()\s]|\([^()]*\))+) else ((?:[^()\s]|\([^()]*\))+) end")


@dataclass(frozen=True)
class Fault:
    """One place of one file.

    Attributes:
        file: below sql/, without its suffix.
        change: what stands there and what becomes of it; the same whatever else the file holds.
        text: the file with the fault.
    """

    file: str
    change: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.file}: {self.change}"

    @property
    def lot(self) -> int:
        """What decides whether it is drawn: other faults have no part in it."""
        return crc32(f"{SEED} {self.name}".encode())


def drawn(parts: int) -> list[Fault]:
    """Every so-many-th of all faults, in an order that says nothing."""
    faults = [fault for folder in FOLDERS for path in sorted((SQL / folder).glob("*.sql")) for fault in faults_of(path)]
    return sorted((fault for fault in faults if fault.lot % parts == 0), key=lambda fault: fault.lot)


def faults_of(path: Path) -> Iterator[Fault]:
    """Every fault of a file."""
    text = path.read_text()
    code = blanked(text)
    seen: dict[str, int] = {}
    places = [*conditions(code), *words(code), *orders(code)]
    for start, end, new, what in sorted(places, key=lambda place: (place[0], place[3])):
        change = what.format(" ".join(code[start:end].split()))
        seen[change] = seen.get(change, 0) + 1
        if seen[change] > 1:
            change += f" ({seen[change]})"
        yield Fault(path.relative_to(SQL).with_suffix("").as_posix(), change, text[:start] + new + text[end:])


Place = tuple[int, int, str, str]


def conditions(code: str) -> Iterator[Place]:
    """Each operand of a condition, left out and turned."""
    before = 0
    for match in JOINT.finditer(code):
        word = match[1].split()[-1].lower()
        start = match.end()
        if in_string(code, start):
            continue
        ranged = "between" in code[before : match.start()] and word == "and"
        before = start
        end = end_of(code, start)
        operand = code[start:end]
        if ranged or TENANT.match(operand):
            continue
        if word in ("and", "or"):
            yield start, end, "true" if word == "and" else "false", f"without `{word} {{}}`"
        if match[1].lower() != "when" or " then" in code[end : end + 12]:
            yield start, end, f"not ({operand})", "not ({})"


def words(code: str) -> Iterator[Place]:
    """Comparisons, steps of one, locks, branches and calls."""
    for match in COMPARISON.finditer(code):
        if not in_string(code, match.start()):
            yield *match.span(), TURNED[match[0]], f"`{around(code, match)}` with {TURNED[match[0]]}"
    for match in re.finditer(r" [+-] 1\b(?!\d)", code):
        yield *match.span(), "", f"`{around(code, match)}` without {match[0].strip()}"
    for match in LOCK.finditer(code):
        yield *match.span(), "", "without `{}`" + f" after `{around(code, match)}`"
        if "skip locked" in match[0]:
            yield *match.span(), match[0].replace(" skip locked", ""), f"no skip locked after `{around(code, match)}`"
    for match in STEP.finditer(code):
        yield *match.span(), "null;", "without `{}`"
    for match in EXTREME.finditer(code):
        other = "greatest" if match[1] == "least" else "least"
        yield *match.span(1), other, f"{other} for `{around(code, match)}`"
    for match in BRANCHES.finditer(code):
        yield *match.span(), f"then {match[2]} else {match[1]} end", "`{}` swapped"


def orders(code: str) -> Iterator[Place]:
    """Each key of each order, turned."""
    for match in re.finditer(r"order by ", code):
        start = match.end()
        if in_string(code, start):
            continue
        while True:
            end = end_of(code, start)
            key = code[start:end]
            yield start, end, key.removesuffix(" desc") if key.endswith(" desc") else f"{key} desc", "`{}` turned"
            if code[end : end + 1] != ",":
                break
            start = end + 1 + len(code[end + 1 :]) - len(code[end + 1 :].lstrip())


def end_of(code: str, start: int) -> int:
    """Where an expression ends, without blanks."""
    at, depth, cases = start, 0, 0
    ranged = False
    while at < len(code):
        letter = code[at]
        if letter == "'":
            at = code.index("'", at + 1)
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        if depth < 0 or (depth == 0 and letter in ";,"):
            break
        if depth == 0 and letter.isalpha() and not re.match(r"[\w.]", code[at - 1]):
            word = re.match(r"\w+", code[at:])
            found = word[0] if word else ""
            if found == "case":
                cases += 1
            elif found == "end":
                cases -= 1
                if cases < 0:
                    break
            elif found == "between":
                ranged = True
            elif cases == 0 and END.match(code, at):
                if found != "and" or not ranged:
                    break
                ranged = False
            at += len(found) - 1
        at += 1
    return start + len(code[start:at].rstrip())


def blanked(text: str) -> str:
    """The text with blanks for its comments and for all before the body, so that positions stay."""
    code = re.sub(r"--[^\n]*", lambda match: " " * len(match[0]), text)
    body = code.index("$$") + 2
    return " " * body + code[body:]


def in_string(code: str, at: int) -> bool:
    """Whether a place is inside a string literal."""
    return code.count("'", 0, at) % 2 == 1


def around(code: str, match: re.Match[str]) -> str:
    """The line of a match."""
    start = code.rfind("\n", 0, match.start() + 1) + 1
    if not code[start : match.end()].strip() or match[0].startswith("\n"):
        start = code.rfind("\n", 0, match.start()) + 1
    end = code.find("\n", match.start() + 1)
    return " ".join(code[start:end].split())
