"""What a client is told who sends what cannot be answered."""

import json
from dataclasses import dataclass, field


@dataclass
class Refusal(Exception):
    """An HTTP status of 4xx or 5xx, what is wrong, and what to do about it."""

    status: int
    error: str
    hint: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The same JSON object for every refusal."""
        return json.dumps({"error": self.error, "hint": self.hint}).encode()


def from_message(status: int, message: str, otherwise: str = "send another picture") -> Refusal:
    """Of one of our one-line messages, 'what is wrong; what to do'."""
    error, _, hint = message.partition("; ")
    return Refusal(status, error, hint or otherwise)
