"""What is kept of a job's output: the beginning and the end, whatever comes between."""

from dataclasses import dataclass

from agent.redaction import NOTHING_HIDDEN, Redaction

CONTINUATION_BYTES = range(0x80, 0xC0)
LONGEST_CHARACTER_BYTES = 4


@dataclass(frozen=True)
class Output:
    """The kept bytes of one stream; total counts also those that were not kept."""

    head: bytes
    tail: bytes
    total: int

    def text(self, limit: int) -> tuple[str, int]:
        """The stream as text of at most about limit bytes, and how many bytes were cut.

        Bytes that are no UTF-8 become U+FFFD. Where bytes were cut a line says how many; no character is halved there.
        """
        kept = self.head + self.tail
        whole = len(kept) == self.total
        if whole and self.total <= limit:
            return kept.decode("utf-8", "replace"), 0
        half = limit // 2
        head = (kept if whole else self.head)[:half]
        tail = (kept if whole else self.tail)[-(limit - half) :]
        head, tail = _whole_characters(head, tail)
        cut = self.total - len(head) - len(tail)
        return f"{head.decode('utf-8', 'replace')}\n[{cut} bytes cut]\n{tail.decode('utf-8', 'replace')}", cut


class Capture:
    """Collects a stream, redacted, in bounded memory: about one and a half times the limit."""

    def __init__(self, limit: int, redaction: Redaction = NOTHING_HIDDEN) -> None:
        self._stream = redaction.stream()
        self._head_bytes = limit // 2
        self._tail_bytes = limit - self._head_bytes
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, content: bytes) -> None:
        self._keep(self._stream.add(content))

    def end(self) -> None:
        """Nothing follows: what might have become a secret is kept as it is."""
        self._keep(self._stream.end())

    def _keep(self, content: bytes) -> None:
        self.total += len(content)
        room = self._head_bytes - len(self._head)
        self._head += content[:room]
        self._tail += content[room:]
        if len(self._tail) > 2 * self._tail_bytes:  # not at each call: moving the tail costs its length
            del self._tail[: -self._tail_bytes]

    def output(self) -> Output:
        return Output(bytes(self._head), bytes(self._tail[-self._tail_bytes :]), self.total)


def _whole_characters(head: bytes, tail: bytes) -> tuple[bytes, bytes]:
    """Take away what the cut has left of a character at the end of head and at the beginning of tail."""
    for length in range(1, min(LONGEST_CHARACTER_BYTES, len(head) + 1)):
        first = head[-length]
        if first not in CONTINUATION_BYTES:
            wanted = 1 + (first >= 0xC0) + (first >= 0xE0) + (first >= 0xF0)
            head = head[:-length] if length < wanted else head
            break
    skipped = 0
    while skipped < min(LONGEST_CHARACTER_BYTES - 1, len(tail)) and tail[skipped] in CONTINUATION_BYTES:
        skipped += 1
    return head, tail[skipped:]
