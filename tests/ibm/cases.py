"""Faults of the service, each with what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from circuits.errors import (
    AuthenticationError,
    InvalidArgumentError,
    JobCancelledError,
    JobFailedError,
    JobNotFoundError,
    JobRejectedError,
    JobTooLongError,
    KetworkError,
    QuotaExceededError,
    RateLimitedError,
    ServiceAnswerError,
    ServiceUnavailableError,
    SubmissionUncertainError,
    WaitTimeoutError,
)
from tests.support.ibm_service import FOR_EVER, Fault

HTML = {"Content-Type": "text/html"}
PAGE = "<html><body>Please log in to the network of this hotel.</body></html>"
SECOND = {"Retry-After": "1"}
ELSEWHERE = {"Location": "http://127.0.0.1:9/"}


@dataclass(frozen=True, slots=True)
class Case:
    """One fault.

    Attributes:
        faults: What is planned.
        error: The classes, one of which is raised; none if the right result is returned.
        jobs: How many jobs the service holds afterwards.
        waits: Seconds that the caller is willing to wait; then there is one job at most.
    """

    faults: tuple[Fault, ...]
    error: tuple[type[KetworkError], ...] = ()
    jobs: int = 1
    waits: float | None = None


def fails(fault: Fault, *error: type[KetworkError], jobs: int = 0) -> Case:
    """A fault that cannot be overcome."""
    return Case((fault,), error, jobs)


def passes(*faults: Fault) -> Case:
    """Faults that are overcome by repeating."""
    return Case(faults)


def answers(call: str, body: Any, **more: Any) -> Fault:
    """An answer of success that holds something else."""
    return Fault(call, status=200, body=body, **more)


SUBMITTING = {
    "500 before storing": passes(Fault("submit")),
    "500 after storing": passes(Fault("submit", when="after")),
    "502 after storing, twice": passes(Fault("submit", status=502, when="after", times=2)),
    "503 after storing": passes(Fault("submit", status=503, when="after")),
    "504 after storing": passes(Fault("submit", status=504, when="after")),
    "520 after storing": passes(Fault("submit", status=520, when="after")),
    "408 after storing": passes(Fault("submit", status=408, when="after")),
    "500 for ever": fails(
        Fault("submit", times=FOR_EVER), ServiceUnavailableError, SubmissionUncertainError
    ),
    "dropped before storing": passes(Fault("submit", "drop")),
    "dropped after storing": passes(Fault("submit", "drop", when="after")),
    "stalls before storing": passes(Fault("submit", "stall")),
    "stalls after storing": passes(Fault("submit", "stall", when="after")),
    "answer cut off": passes(Fault("submit", "truncate")),
    "answer stalls in the middle": passes(Fault("submit", "half")),
    "answer trickles": passes(Fault("submit", "trickle", seconds=0.02)),
    "no JSON": passes(answers("submit", "what?", when="after")),
    "a page": passes(answers("submit", PAGE, headers=HTML, when="after")),
    "an empty object": passes(answers("submit", {}, when="after")),
    "an empty object, nothing stored": passes(answers("submit", {})),
    "a list": passes(answers("submit", [1], when="after")),
    "null": passes(answers("submit", "null", when="after")),
    "an id that is none": passes(answers("submit", {"id": 7, "backend": 3}, when="after")),
    "an empty id": passes(answers("submit", {"id": "", "backend": "x"}, when="after")),
    "429 with Retry-After": passes(Fault("submit", status=429, headers=SECOND)),
    "429 without Retry-After": passes(Fault("submit", status=429)),
    "429 for ever": fails(Fault("submit", status=429, times=FOR_EVER), RateLimitedError),
    "400": fails(Fault("submit", status=400), JobRejectedError),
    "401 once": passes(Fault("submit", status=401)),
    "401 for ever": fails(Fault("submit", status=401, times=FOR_EVER), AuthenticationError),
    "402": fails(Fault("submit", status=402), QuotaExceededError),
    "403": fails(Fault("submit", status=403), AuthenticationError),
    "404": fails(Fault("submit", status=404), JobRejectedError),
    "409": fails(Fault("submit", status=409), QuotaExceededError),
    "413": fails(Fault("submit", status=413), JobRejectedError),
    "redirected": fails(Fault("submit", status=307, headers=ELSEWHERE), ServiceAnswerError),
}
LOOKING = {
    "listing fails": passes(Fault("submit", "drop", when="after"), Fault("jobs", times=2)),
    "listing is no JSON": passes(Fault("submit", "drop", when="after"), answers("jobs", "what?")),
    "listing is empty": passes(Fault("submit", "drop", when="after"), answers("jobs", {})),
    "listing drops": passes(Fault("submit", "drop", when="after"), Fault("jobs", "drop", times=2)),
    "listing stalls": passes(Fault("submit", "drop", when="after"), Fault("jobs", "stall")),
    "listing is late": passes(
        Fault("submit", "drop", when="after"), Fault("jobs", "late", seconds=0.2)
    ),
    "listing says 401": passes(Fault("submit", "drop", when="after"), Fault("jobs", status=401)),
    "listing says 429": passes(
        Fault("submit", "drop", when="after"), Fault("jobs", status=429, headers=SECOND)
    ),
}
POLLING = {
    "500 three times": passes(Fault("status", times=3)),
    "503 with Retry-After": passes(Fault("status", status=503, headers=SECOND)),
    "dropped twice": passes(Fault("status", "drop", times=2)),
    "stalls": passes(Fault("status", "stall")),
    "cut off": passes(Fault("status", "truncate")),
    "stalls in the middle": passes(Fault("status", "half")),
    "trickles": passes(Fault("status", "trickle", seconds=0.02)),
    "no JSON": passes(answers("status", "what?")),
    "a page": passes(answers("status", PAGE, headers=HTML)),
    "an empty object": passes(answers("status", {})),
    "null": passes(answers("status", "null")),
    "no state": passes(answers("status", {"id": "x", "state": None})),
    "a state that is none": passes(answers("status", {"id": "x", "state": {"status": 3}})),
    "429 with Retry-After": passes(Fault("status", status=429, headers=SECOND)),
    "429 without Retry-After": passes(Fault("status", status=429)),
    "401 once": passes(Fault("status", status=401)),
    "401 for ever": fails(Fault("status", status=401, times=FOR_EVER), AuthenticationError, jobs=1),
    "403": fails(Fault("status", status=403, times=FOR_EVER), AuthenticationError, jobs=1),
    "404": fails(Fault("status", status=404, times=FOR_EVER), JobNotFoundError, jobs=1),
    "500 for ever": fails(Fault("status", times=FOR_EVER), ServiceUnavailableError, jobs=1),
    "no JSON for ever": fails(
        answers("status", "what?", times=FOR_EVER), ServiceAnswerError, jobs=1
    ),
    "redirected": fails(Fault("status", status=302, headers=ELSEWHERE), ServiceAnswerError, jobs=1),
}
FETCHING = {
    "usage fails": passes(Fault("metrics", times=FOR_EVER)),
    "usage stalls": passes(Fault("metrics", "stall", times=2)),
    "usage is no JSON": passes(answers("metrics", "what?", times=FOR_EVER)),
    "usage says 401": passes(Fault("metrics", status=401, times=2)),
    "500 three times": passes(Fault("results", times=3)),
    "dropped twice": passes(Fault("results", "drop", times=2)),
    "stalls": passes(Fault("results", "stall")),
    "cut off": passes(Fault("results", "truncate", times=2)),
    "stalls in the middle": passes(Fault("results", "half")),
    "damaged": passes(Fault("results", "damage")),
    "nothing": passes(answers("results", "")),
    "no content": passes(Fault("results", status=204, body="")),
    "no JSON": passes(answers("results", "what?")),
    "a page": passes(answers("results", PAGE, headers=HTML)),
    "an empty object": passes(answers("results", {})),
    "null": passes(answers("results", "null")),
    "another version": passes(answers("results", {"schema_version": "v99.0", "data": []})),
    "no data": passes(
        answers(
            "results",
            {"schema_version": "v2.0", "data": [], "metadata": {"chunk_timing": []}},
        )
    ),
    "429 with Retry-After": passes(Fault("results", status=429, headers=SECOND)),
    "401 once": passes(Fault("results", status=401)),
    "404 for ever": fails(Fault("results", status=404, times=FOR_EVER), JobNotFoundError, jobs=1),
    "damaged for ever": fails(
        Fault("results", "damage", times=FOR_EVER), ServiceAnswerError, jobs=1
    ),
    "nothing for ever": fails(answers("results", "", times=FOR_EVER), ServiceAnswerError, jobs=1),
}


def ends(end: dict[str, Any], error: type[KetworkError]) -> Case:
    """A job that ends without a result."""
    return fails(Fault("run", "job", body=end), error, jobs=1)


ENDING = {
    "failed": ends({"status": "Failed", "reason": "no"}, JobFailedError),
    "failed without a reason": ends({"status": "Failed"}, JobFailedError),
    "ran too long": ends(
        {"status": "Cancelled", "reason_code": 1305, "reason": "too long"}, JobTooLongError
    ),
    "failed for running too long": ends(
        {"status": "Failed", "reason_code": 1305, "reason": "too long"}, JobTooLongError
    ),
    "cancelled": ends({"status": "Cancelled", "reason": "by staff"}, JobCancelledError),
    "unknown state": ends({"status": "Exploded"}, ServiceAnswerError),
    "queued for ever": Case((Fault("run", "job", body={}),), (WaitTimeoutError,), waits=0.5),
    "runs for ever": Case(
        (Fault("run", "job", body={"status": "Running"}),), (WaitTimeoutError,), waits=0.5
    ),
    "polls stall for ever": Case(
        (Fault("status", "stall", times=FOR_EVER),), (WaitTimeoutError,), waits=0.5
    ),
    "polls trickle for ever": Case(
        (Fault("status", "trickle", times=FOR_EVER, seconds=0.1),), (WaitTimeoutError,), waits=0.5
    ),
    "results stall for ever": Case(
        (Fault("results", "half", times=FOR_EVER),), (WaitTimeoutError,), waits=1.0
    ),
    "submission stalls for ever": Case(
        (Fault("submit", "stall", times=FOR_EVER),), (WaitTimeoutError,), waits=0.5
    ),
}
LOGIN = {
    "search fails once": passes(Fault("search", status=503)),
    "token service drops twice": passes(Fault("token", "drop", times=2)),
    "machines fail once": passes(Fault("backends", status=502)),
    "machines drop once": passes(Fault("backends", "drop")),
    "token service down": fails(
        Fault("token", times=FOR_EVER), ServiceUnavailableError, AuthenticationError
    ),
    "token service drops": fails(
        Fault("token", "drop", times=FOR_EVER), ServiceUnavailableError, AuthenticationError
    ),
    "token service stalls": fails(Fault("token", "stall", times=FOR_EVER), ServiceUnavailableError),
    "key refused": fails(
        Fault("token", status=400, body={"errorCode": "BXNIM0415E"}, times=FOR_EVER),
        AuthenticationError,
    ),
    "token is no JSON": fails(
        answers("token", "what?", times=FOR_EVER), ServiceUnavailableError, ServiceAnswerError
    ),
    "token is no token": fails(
        answers("token", {"access_token": "what?"}, times=FOR_EVER), AuthenticationError
    ),
    "search fails": fails(
        Fault("search", times=FOR_EVER), ServiceUnavailableError, AuthenticationError
    ),
    "no instances": fails(answers("search", {"items": []}, times=FOR_EVER), AuthenticationError),
    "no machines": fails(
        answers("backends", {"devices": []}, times=FOR_EVER), InvalidArgumentError
    ),
    "machines fail": fails(
        Fault("backends", times=FOR_EVER), ServiceUnavailableError, AuthenticationError
    ),
    "machines are no JSON": fails(answers("backends", "what?", times=FOR_EVER), ServiceAnswerError),
    "configuration is no JSON": fails(
        answers("configuration", "what?", times=FOR_EVER), ServiceAnswerError
    ),
    "configuration is empty": fails(
        answers("configuration", {}, times=FOR_EVER), ServiceAnswerError
    ),
    "properties are no JSON": fails(
        answers("properties", "what?", times=FOR_EVER), ServiceAnswerError
    ),
}
