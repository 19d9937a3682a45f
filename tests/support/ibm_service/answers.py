"""What an endpoint is given, and what it gives back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .faults import Fault
from .machine import Worker
from .store import Store

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/stub:instance::"
"""The one instance of the one account."""
BASE = "/experimental/api/v1"
"""Where the interface of jobs begins; the client leaves an address with `experimental` alone."""


@dataclass(slots=True)
class Settings:
    """What tests may set.

    Attributes:
        key: The API key of the account.
        per_minute: Submissions in any minute after which 429 is answered; `None` is no limit.
        token_lifetime: Seconds a bearer token holds.
        generation: Tokens of earlier generations are void.
        queue_length: Jobs ahead that the machine reports.
        usage_limit_reached: What the instance reports.
    """

    key: str = "stub-key-0123456789abcdef"
    per_minute: int | None = None
    token_lifetime: float = 3600.0
    generation: int = 0
    queue_length: int = 0
    usage_limit_reached: bool = False


@dataclass(slots=True)
class Answer:
    """What goes back; `body` is JSON, or text as it is."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """What came in, with everything to answer it from."""

    store: Store
    worker: Worker
    settings: Settings
    query: dict[str, list[str]]
    body: bytes
    fault: Fault | None
    ending: Fault | None = None

    def json(self) -> Any:
        return json.loads(self.body or b"{}")


def refusal(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    """An answer that is none of success, in the service's form."""
    body = {"errors": [{"code": code, "message": message, "solution": "", "more_info": ""}]}
    return Answer(status, {**body, "trace": "stub"}, headers or {})
