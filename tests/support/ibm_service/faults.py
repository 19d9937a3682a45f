"""Faults as rows of a table: which call goes wrong, how, and how often."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["answer", "drop", "stall", "truncate", "half", "trickle", "damage", "late", "job"]
FOR_EVER = 1_000_000
"""A number of times that no test reaches."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the next calls of one endpoint.

    Attributes:
        call: Name of the endpoint, as in `routes.ROUTES`: `"submit"`, `"status"`, `"results"`, ...;
            `"*"` is every one of them.
        kind: What happens.

            * `"answer"`: something else is answered: `status`, `body`, `headers`.
            * `"drop"`: the connection is reset without an answer.
            * `"stall"`: no answer until `release`, or for `seconds`; the client may go before.
            * `"truncate"`: the full length is announced, half of it sent, the connection closed.
            * `"half"`: the first half of the body is sent, then as `"stall"`.
            * `"trickle"`: as the answer should be, but one byte in every `seconds`.
            * `"damage"`: characters in the middle of the first array, or of the body, are others.
            * `"late"`: jobs younger than `seconds` are missing in a listing (call `"jobs"`).
            * `"job"`: the job that is submitted ends as `body` says (call `"run"`): a dictionary
              with `status`, and `reason`, `reason_code` if wanted; `{}` lets it queue for ever.
        when: Whether the call has its effect; `"after"` is store-then-fail. Kinds that spoil the
            right answer always come after.
        times: How many calls it hits.
        skip: How many it spares before.
        status: HTTP status of `"answer"`.
        body: Text or JSON of `"answer"`; `None` is the service's own body of an error.
        headers: Further headers of `"answer"`.
        seconds: See the kinds.
    """

    call: str
    kind: Kind = "answer"
    when: Literal["before", "after"] = "before"
    times: int = 1
    skip: int = 0
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = FOR_EVER

    @property
    def has_effect(self) -> bool:
        """Whether the call does what it should before the fault."""
        return self.when == "after" or self.kind in {"truncate", "half", "trickle", "damage"}

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Fault:
        return cls(**json.loads(text))


class FaultTable:
    """The faults that are planned; not safe for threads by itself."""

    def __init__(self) -> None:
        self._planned: list[list[Any]] = []

    def plan(self, fault: Fault) -> None:
        """Adds a row at the end."""
        self._planned.append([fault, fault.skip, fault.times])

    def clear(self) -> None:
        """Forgets all rows."""
        self._planned.clear()

    def take(self, call: str) -> Fault | None:
        """The fault of this call, the first row that fits; counts it."""
        for row in self._planned:
            fault, spared, left = row
            if fault.call not in {call, "*"} or left <= 0:
                continue
            if spared > 0:
                row[1] -= 1
                continue
            row[2] -= 1
            return fault
        return None
