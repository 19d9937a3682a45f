"""Where `IBM` has its account from, and jobs that another connection continues."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

import circuits
from circuits import Circuit, jobs
from circuits import gates as g
from circuits.errors import (
    AuthenticationError,
    InvalidArgumentError,
    LedgerConflictError,
    WaitTimeoutError,
)
from circuits.jobs import Jobs, JobState, Ledger, Pace
from tests.support.ibm_service import IBMService

pytestmark = pytest.mark.filterwarnings("ignore")

QUICK = Pace(shortest=0.02, longest=0.2)
CIRCUIT = Circuit(1, [g.x(0)])


def machine(folder: Path, **options) -> circuits.IBM:
    ledger = folder / "jobs.sqlite"
    return circuits.IBM("ibm_quiet", 20, ledger=ledger, per_minute=None, pace=QUICK, **options)


def test_a_function_gives_the_key(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    asked = []
    circuits.IBM.token_from(lambda: asked.append(1) or ibm_service.key)
    try:
        assert CIRCUIT.expectation("Z0", backend=machine(tmp_path)).tolist() == [-1.0]
    finally:
        circuits.IBM.token_from(None)
    assert asked == [1]
    assert ibm_service.key.encode() not in (tmp_path / "jobs.sqlite").read_bytes()


def test_keys_that_are_refused_and_sources_that_are_none(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidArgumentError):
        circuits.IBM.token_from("a key itself")  # type: ignore[arg-type]
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "not-the-key-at-all")
    with pytest.raises(AuthenticationError) as caught:
        CIRCUIT.expectation("Z0", backend=machine(tmp_path))
    assert "not-the-key-at-all" not in str(caught.value)
    assert ibm_service.jobs == []


def test_a_machine_that_the_account_has_not(ibm_service: IBMService) -> None:
    with pytest.raises(InvalidArgumentError, match="ibm_nowhere"):
        CIRCUIT.expectation("Z0", backend=circuits.IBM("ibm_nowhere", 20))


def test_another_connection_continues_by_the_name_in_the_ledger(
    ibm_service: IBMService, tmp_path: Path
) -> None:
    ibm_service.pause()
    with pytest.raises(WaitTimeoutError):
        CIRCUIT.expectation("Z0", backend=machine(tmp_path, timeout=0.5))
    ledger = Ledger(tmp_path / "jobs.sqlite")
    (record,) = ledger.records()
    ibm_service.go_on()
    other = Jobs(jobs.open_service(record.service), ledger, pace=QUICK)
    assert other.wait(record.tag, timeout=120).state is JobState.DONE
    found = CIRCUIT.expectation("Z0", backend=machine(tmp_path, reuse=True))
    assert found.tolist() == [-1.0]
    assert len(ibm_service.jobs) == 1


def test_keys_name_requests(ibm_service: IBMService, tmp_path: Path) -> None:
    backend = machine(tmp_path)
    for _ in range(2):
        with backend.keyed("run a step 1"):
            CIRCUIT.expectation("Z0", backend=backend)
    assert len(ibm_service.jobs) == 1
    with backend.keyed("run a step 1"), pytest.raises(LedgerConflictError):
        CIRCUIT.expectation("X0", backend=backend)
    CIRCUIT.expectation("Z0", backend=backend)
    assert len(ibm_service.jobs) == 2
    keys = [record.key for record in Ledger(tmp_path / "jobs.sqlite").records()]
    assert keys == ["run a step 1 job 1", None]


def test_tables_of_names_are_checked() -> None:
    for name in ("ibm:", "ibm:ibm_boston", "ibm:ibm_boston/short"):
        with pytest.raises(InvalidArgumentError, match="names no jobs"):
            jobs.open_service(name)
