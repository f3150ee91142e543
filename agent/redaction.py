"""Redaction: values of secrets do not leave the machine where they stand literally in what a job prints or answers."""

from collections.abc import Iterable, Iterator

MASK = b"***"
# Shorter ones would blacken half of any text, and tell by it what they are.
SHORTEST_CHARACTERS = 4


class Redaction:
    """Hides values wherever they stand as they are; encoded, cut apart or turned round they are not recognised."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = tuple(
            {value.encode("utf-8", "surrogatepass") for value in values if len(value) >= SHORTEST_CHARACTERS}
        )

    def content(self, content: bytes) -> bytes:
        """The same bytes without the values."""
        stream = self.stream()
        return stream.add(content) + stream.end()

    def text(self, text: str) -> str:
        """The same text without the values."""
        if not self._values:
            return text
        return self.content(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def json(self, value: object) -> object:
        """The same JSON value without the values, in names of members as well."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(each) for each in value]
        if isinstance(value, dict):
            return {self.text(str(name)): self.json(each) for name, each in value.items()}
        return value

    def stream(self) -> "Stream":
        """For bytes that come in pieces, of which none ends where a value does."""
        return Stream(self._values)


class Stream:
    """Redacts a stream piece by piece: what may be the beginning of a value is held back until it is known."""

    def __init__(self, values: tuple[bytes, ...]) -> None:
        self._values = values
        self._held = b""
        self._masked = 0  # so many of the held bytes belong to a value whose mask has been given out

    def add(self, content: bytes) -> bytes:
        """Take a piece; answers what can be given out."""
        if not self._values:
            return content
        content = self._held + content
        return self._give_out(content, len(content) - self._beginning(content))

    def end(self) -> bytes:
        """What was held back: the stream has ended, so no value follows."""
        return self._give_out(self._held, len(self._held))

    def _give_out(self, content: bytes, end: int) -> bytes:
        if end == 0:  # all is held, and what of it has its mask keeps it
            self._held = content
            return b""
        shown, position, masked = [], 0, 0
        for begin, after in _joined([*self._found(content), *([(0, self._masked)] if self._masked else [])]):
            if begin >= end:
                break
            shown.append(content[position:begin])
            shown.append(b"" if begin == 0 and self._masked else MASK)
            position = min(after, end)
            masked = max(0, after - end)
        shown.append(content[position:end])
        self._held, self._masked = content[end:], masked
        return b"".join(shown)

    def _found(self, content: bytes) -> Iterator[tuple[int, int]]:
        """Where values stand, also over one another."""
        for value in self._values:
            begin = content.find(value)
            while begin >= 0:
                yield begin, begin + len(value)
                begin = content.find(value, begin + 1)

    def _beginning(self, content: bytes) -> int:
        """How many of the last bytes may be the beginning of a value."""
        longest = 0
        for value in self._values:
            tail = content[-(len(value) - 1) :]
            begin = tail.find(value[:1])
            while begin >= 0 and len(tail) - begin > longest:
                if value.startswith(tail[begin:]):
                    longest = len(tail) - begin
                    break
                begin = tail.find(value[:1], begin + 1)
        return longest


NOTHING_HIDDEN = Redaction()


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for begin, after in sorted(spans):
        if joined and begin < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(after, joined[-1][1]))
        else:
            joined.append((begin, after))
    return joined
