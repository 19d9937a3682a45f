"""`circuits.IBM` at the service: threads, restarts, sessions, copies, what is refused."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qiskit_ibm_runtime import Batch, QiskitRuntimeService, Session
from qiskit_ibm_runtime.accounts import management

from circuits import IBM, Circuit, inputs
from circuits import gates as g
from circuits.errors import AuthenticationError, JobError, KetworkError, WaitTimeoutError
from circuits.jobs import JobState, Ledger, Progress
from tests.ibm.run_case import PATIENT, hurry, measure, right
from tests.support.ibm_service import IBMService

pytestmark = pytest.mark.filterwarnings("ignore")


def machine(folder: Path, mode: Any = "ibm_quiet", **options: Any) -> IBM:
    ledger = folder / "jobs.sqlite"
    return IBM(mode, 50, ledger=ledger, pace=PATIENT, per_minute=None, **options)


@pytest.fixture
def expected(ibm_service: IBMService, tmp_path: Path) -> torch.Tensor:
    (tmp_path / "right").mkdir()
    return right(ibm_service, tmp_path / "right")


def test_threads_share_a_machine(ibm_service: IBMService, tmp_path: Path) -> None:
    """Each result belongs to its own request."""
    circuit = Circuit(1, [g.ry(inputs(1)[0], 0)])
    backend = machine(tmp_path)
    angles = [torch.tensor([[k * torch.pi]], dtype=torch.float64) for k in (0, 1)]

    def ask(k: int) -> float:
        return float(circuit.expectation("Z0", x=angles[k % 2], backend=backend))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(12)))
    assert found == [1.0, -1.0] * 6
    assert len({job["tags"][0] for job in ibm_service.jobs}) == len(ibm_service.jobs) == 12


def test_the_service_is_away_for_a_while(
    ibm_service: IBMService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expected: torch.Tensor,
) -> None:
    """Connections are refused while the job waits; then the service is there again."""
    hurry(monkeypatch)
    ibm_service.pause()
    notes: list[str] = []
    queued, refused = threading.Event(), threading.Event()

    def told(progress: Progress) -> None:
        notes.append(str(progress))
        if progress.record.state is JobState.QUEUED:
            queued.set()
            if progress.note:
                refused.set()

    backend = machine(tmp_path, progress=told)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(measure, backend)
        assert queued.wait(120)
        ibm_service.stop()
        try:
            assert refused.wait(120)
        finally:
            ibm_service.start()
        assert torch.equal(found.result(120), expected)
    assert len(ibm_service.jobs) == 1
    assert any("ServiceUnavailable" in note or "refused" in note for note in notes), notes[-3:]


@pytest.mark.parametrize("kind", [Session, Batch])
def test_sessions(ibm_service: IBMService, tmp_path: Path, kind: Any) -> None:
    with kind(QiskitRuntimeService().backend("ibm_quiet")) as mode:
        measure(machine(tmp_path, mode))
        number = mode.session_id
    assert [job["session"] for job in ibm_service.jobs] == [number]
    with pytest.raises(JobError):
        machine(tmp_path, mode)


@pytest.mark.parametrize("primitive", ["estimator", "sampler"])
@pytest.mark.parametrize("legacy", [False, True])
def test_primitives_agree(
    ibm_service: IBMService, tmp_path: Path, primitive: str, legacy: bool
) -> None:
    """One fixed number each, as the service is seeded; 0.3 is 6 standard errors of 400 shots."""
    circuit = Circuit(2, [g.ry(0.8, 0), g.cx(0, 1)])
    ledger = tmp_path / "jobs.sqlite"
    backend = IBM(
        "ibm_quiet",
        400,
        primitive=primitive,
        legacy=legacy,
        ledger=ledger,
        per_minute=None,
        pace=PATIENT,
    )
    found = circuit.expectation(["Z0", "X0 X1", "Z0 Z1"], backend=backend)
    exact = circuit.expectation(["Z0", "X0 X1", "Z0 Z1"])
    torch.testing.assert_close(found, exact, rtol=0, atol=0.3)
    programs = [job["program"] for job in ibm_service.jobs]
    assert programs == ([primitive] if legacy else ["executor"])


def test_a_copy_connects_anew(
    ibm_service: IBMService, tmp_path: Path, expected: torch.Tensor
) -> None:
    backend = machine(tmp_path)
    measure(backend)
    copy = pickle.loads(pickle.dumps(backend))
    assert torch.equal(measure(copy), expected)
    assert len(ibm_service.jobs) == 2


def test_identical_requests_are_served_from_the_ledger_if_asked(
    ibm_service: IBMService, tmp_path: Path, expected: torch.Tensor
) -> None:
    measure(machine(tmp_path))
    assert torch.equal(measure(machine(tmp_path, reuse=True)), expected)
    assert len(ibm_service.jobs) == 1
    measure(machine(tmp_path))
    assert len(ibm_service.jobs) == 2


def test_a_wait_that_ends_leaves_the_job(ibm_service: IBMService, tmp_path: Path) -> None:
    ibm_service.pause()
    with pytest.raises(WaitTimeoutError) as caught:
        measure(machine(tmp_path, timeout=0.3))
    assert caught.value.job_may_exist
    (record,) = Ledger(tmp_path / "jobs.sqlite").records()
    assert record.state is JobState.QUEUED
    assert [job["id"] for job in ibm_service.jobs] == [record.job_id]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("QISKIT_IBM_URL", "http://quantum.example.com/experimental"),
        ("IAM_URL", "http://iam.example.com"),
        ("QISKIT_IBM_URL", "http://127.0.0.1.example.com/experimental"),
    ],
)
def test_nothing_is_sent_in_the_clear(
    ibm_service: IBMService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(AuthenticationError, match="https"):
        measure(machine(tmp_path))
    assert ibm_service.calls() == []


def test_without_an_account(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ibm_service.environment:
        monkeypatch.delenv(name, raising=False)
    name = "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE"  # where whoever runs this test may have one
    monkeypatch.setattr(management, name, str(tmp_path / "accounts.json"))
    with pytest.raises(KetworkError):
        measure(machine(tmp_path))
    assert ibm_service.calls() == []
