"""Whatever state a job was left in, the ledger alone is enough to go on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from circuits import IBM
from circuits.errors import WaitTimeoutError
from circuits.jobs import Jobs, JobState, Ledger, open_service
from tests.ibm.run_case import PATIENT, hurry, measure, right
from tests.support.ibm_service import FOR_EVER, Fault, IBMService

pytestmark = pytest.mark.filterwarnings("ignore")

LEFT: dict[JobState, tuple[Fault, ...]] = {
    JobState.PLANNED: (Fault("submit", status=429, headers={"Retry-After": "1"}, times=FOR_EVER),),
    JobState.SENDING: (
        Fault("submit", "drop", when="after"),
        Fault("jobs", status=503, times=FOR_EVER),
    ),
    JobState.QUEUED: (),
    JobState.RUNNING: (),
    JobState.FINISHED: (Fault("results", status=503, times=FOR_EVER),),
}


def machine(ledger: Path, timeout: float | None) -> IBM:
    return IBM("ibm_quiet", 50, ledger=ledger, pace=PATIENT, per_minute=None, timeout=timeout)


def leave(service: IBMService, state: JobState, path: Path) -> None:
    """A job of the key `"run job 1"` that a program waited for in vain."""
    service.plan(*LEFT[state])
    if state is not JobState.FINISHED:
        service.pause()
    ledger = Ledger(path)
    for _ in range(200):
        backend = machine(path, 0.2)
        with backend.keyed("run"), pytest.raises(WaitTimeoutError):
            measure(backend)
        if state is JobState.RUNNING:
            service.ask("UPDATE jobs SET status = 'Running'")
        if ledger.records()[0].state is state:
            break
    assert [job.state for job in ledger.records()] == [state]
    service.ask("UPDATE jobs SET status = 'Queued' WHERE status = 'Running'")
    service.clear()
    service.go_on()


@pytest.mark.parametrize("state", LEFT)
def test_the_same_program_again(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: JobState
) -> None:
    hurry(monkeypatch)
    (tmp_path / "right").mkdir()
    expected = right(ibm_service, tmp_path / "right")
    leave(ibm_service, state, tmp_path / "jobs.sqlite")
    backend = machine(tmp_path / "jobs.sqlite", None)
    with backend.keyed("run"):
        assert torch.equal(measure(backend), expected)
    assert len(ibm_service.jobs) == 1
    with backend.keyed("run"):
        assert torch.equal(measure(backend), expected)
    assert len(ibm_service.jobs) == 1
    assert len(ibm_service.calls("results")) >= 1


@pytest.mark.parametrize("state", LEFT)
def test_only_the_ledger(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: JobState
) -> None:
    """What `ketwork jobs resume` and `wait` do: the service's name is all they know."""
    hurry(monkeypatch)
    leave(ibm_service, state, tmp_path / "jobs.sqlite")
    ledger = Ledger(tmp_path / "jobs.sqlite")
    (job,) = ledger.records()
    jobs = Jobs(open_service(job.service), ledger, pace=PATIENT)
    jobs.resume()
    assert jobs.wait(job.tag).state is JobState.DONE
    assert b"schema_version" in jobs.result(job.tag)
    assert [made["tags"][0] for made in ibm_service.jobs] == [job.tag]


@pytest.mark.slow
def test_five_submissions_a_minute(ibm_service: IBMService, tmp_path: Path) -> None:
    """Seven jobs at IBM's limit: the service, which counts too, never has to say no."""
    ibm_service.set(per_minute=5)
    backend = IBM("ibm_quiet", 20, ledger=tmp_path / "jobs.sqlite", pace=PATIENT)
    for _ in range(7):
        measure(backend)
    made = [row["time"] for row in ibm_service.calls("submit")]
    assert len(made) == len(ibm_service.jobs) == 7
    assert all(later - first > 60 for first, later in zip(made, made[5:], strict=False))
