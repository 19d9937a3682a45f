"""Runs one request through a fault, and checks what came of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from circuits import IBM, Circuit
from circuits import gates as g
from circuits.backends.ibm import connection, transport
from circuits.errors import KetworkError
from circuits.jobs import Pace
from tests.ibm.cases import Case
from tests.support.ibm_service import IBMService

PATIENT = Pace(shortest=0.01, longest=0.05, call=2.0, patience=120.0, submissions=30)
IMPATIENT = replace(PATIENT, call=30.0, patience=0.5, submissions=3)
_BELL = Circuit(2, [g.ry(0.4, 0), g.cx(0, 1)])
_RIGHT: list[torch.Tensor] = []


def machine(folder: Path, case: Case) -> IBM:
    """The machine, asked often, with a ledger of its own."""
    pace = PATIENT if not case.error or case.waits is not None else IMPATIENT
    ledger = folder / "jobs.sqlite"
    return IBM("ibm_quiet", 50, ledger=ledger, pace=pace, per_minute=None, timeout=case.waits)


def measure(backend: IBM) -> torch.Tensor:
    """One job."""
    return _BELL.expectation(["Z0", "Z0 Z1"], backend=backend)


def hurry(monkeypatch: pytest.MonkeyPatch, seconds: float = 1.0, login: float = 60.0) -> None:
    """Gives up reading an answer after some seconds, and trusts listings soon."""
    monkeypatch.setattr(connection, "LOGIN_SECONDS", login)
    monkeypatch.setattr(transport, "READ_SECONDS", seconds)
    monkeypatch.setattr(transport, "POST_SECONDS", seconds)
    monkeypatch.setenv("KETWORK_IBM_LISTING_DELAY", "0.3")


def right(service: IBMService, folder: Path) -> torch.Tensor:
    """What comes without any fault; the service gives the same each time."""
    if not _RIGHT:
        _RIGHT.append(measure(machine(folder, Case(()))))
        service.reset()
    return _RIGHT[0]


def check(
    service: IBMService,
    case: Case,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    login: float = 60.0,
) -> None:
    """The right result, or an error of ours; no job too many, and the key not sent."""
    (folder / "right").mkdir()
    expected = right(service, folder / "right")
    if case.error and case.waits is None:
        hurry(monkeypatch, seconds=30.0, login=login)  # a slow answer is none of the faults
    else:
        hurry(monkeypatch, login=login)
    service.plan(*case.faults)
    backend, begin = machine(folder, case), time.monotonic()
    if case.error:
        with pytest.raises(KetworkError) as caught:
            measure(backend)
        assert isinstance(caught.value, case.error), repr(caught.value)
        assert str(caught.value)
        assert service.key not in repr(caught.value)
    else:
        assert torch.equal(measure(backend), expected)
    if case.waits is not None:
        assert time.monotonic() - begin < case.waits + 30
    jobs = service.jobs
    if case.waits is None:
        assert len(jobs) == case.jobs
    else:
        assert len(jobs) <= 1
    assert len({job["tags"][0] for job in jobs}) == len(jobs)
    assert not [row for row in service.calls() if row["auth"] == "apikey"]
