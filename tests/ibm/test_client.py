"""The service on loopback and the unmodified client understand one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_ibm_runtime import Batch, QiskitRuntimeService, Session
from qiskit_ibm_runtime.exceptions import (
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobNotFound,
)
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_sampler import Sampler

from tests.support.ibm_service import Fault, IBMService
from tests.support.ibm_service.routes import ROUTES

pytestmark = pytest.mark.filterwarnings("ignore")

POINTS = [[0.1, 0.2], [1.3, -0.4], [2.0, 0.6]]


def ansatz(measured: bool) -> QuantumCircuit:
    """A circuit whose parameters and name are new at every call."""
    angles = ParameterVector("a", 2)
    circuit = QuantumCircuit(2)
    circuit.rx(angles[0], 0)
    circuit.cx(0, 1)
    circuit.ry(angles[1], 1)
    if measured:
        circuit.measure_all()
    return circuit


def exact(observable: str) -> np.ndarray:
    """Expectations at `POINTS`."""
    values = []
    for point in POINTS:
        state = Statevector(ansatz(False).assign_parameters(point))
        values.append(state.expectation_value(SparsePauliOp(observable)).real)
    return np.array(values)


def sample(backend: Any, mode: Any = None, shots: int = 200, tags: tuple[str, ...] = ()) -> Any:
    """A job of the current sampler."""
    circuit = transpile(ansatz(True), backend, optimization_level=1, seed_transpiler=0)
    sampler = Sampler(mode=backend if mode is None else mode)
    sampler.options.environment.job_tags = list(tags)
    return sampler.run([(circuit, POINTS, shots)])


def estimate(backend: Any, level: int) -> Any:
    """A job of the current estimator."""
    circuit = transpile(ansatz(False), backend, optimization_level=1, seed_transpiler=0)
    observable = SparsePauliOp("ZZ").apply_layout(circuit.layout)
    estimator = Estimator(mode=backend)
    estimator.options.resilience_level = level
    return estimator.run([(circuit, observable, POINTS, 0.05)])


def test_requests_of_a_first_job(ibm_service: IBMService) -> None:
    backend = QiskitRuntimeService().backend("ibm_manila")
    assert backend.num_qubits == 5
    counts = sample(backend).result()[0].data.meas.get_counts()
    assert sum(counts.values()) == 600
    calls = [row["call"] for row in ibm_service.calls()]
    login = ["token", "search", "catalog", "token", "backends", "backends", "configuration"]
    assert calls[: len(login)] == login
    assert calls[len(login) :][:5] == ["properties", "backends", "usage", "machine", "submit"]
    assert set(calls[len(login) + 5 :]) == {"status", "results"}
    assert {row["auth"] for row in ibm_service.calls("submit", "status")} == {"bearer"}


def test_version_of_the_interface(ibm_service: IBMService) -> None:
    """A new version of the client's interface is to be noticed, and looked at."""
    QiskitRuntimeService()
    assert {row["version"] for row in ibm_service.calls("backends")} == {"2026-04-15"}


@pytest.mark.parametrize("level", [0, 1, 2])
def test_estimator_is_right(ibm_service: IBMService, level: int) -> None:
    """Seeded by its content, so this is one number; 0.35 is 7 times the standard deviation."""
    backend = QiskitRuntimeService().backend("ibm_quiet")
    values = estimate(backend, level).result()[0].data.evs
    assert np.abs(values - exact("ZZ")).max() < 0.35


def test_same_content_gives_the_same(ibm_service: IBMService) -> None:
    """Names and identifiers are other ones in each circuit; the results are not."""
    backend = QiskitRuntimeService().backend("ibm_manila")
    jobs = [sample(backend), sample(backend), sample(backend, shots=201)]
    counts = [job.result()[0].data.meas.get_counts() for job in jobs]
    assert counts[0] == counts[1]
    assert counts[0] != counts[2]
    values = [estimate(backend, 1).result()[0].data.evs.tolist() for _ in range(2)]
    assert values[0] == values[1]


def test_old_primitives(ibm_service: IBMService) -> None:
    from qiskit_ibm_runtime import EstimatorV2, SamplerV2

    backend = QiskitRuntimeService().backend("ibm_quiet")
    circuit = transpile(ansatz(False), backend, optimization_level=1, seed_transpiler=0)
    observable = SparsePauliOp("ZZ").apply_layout(circuit.layout)
    found = EstimatorV2(mode=backend).run([(circuit, observable, POINTS, 0.05)]).result()
    assert np.abs(found[0].data.evs - exact("ZZ")).max() < 0.35
    circuit = transpile(ansatz(True), backend, optimization_level=1, seed_transpiler=0)
    found = SamplerV2(mode=backend).run([(circuit, POINTS, 100)]).result()
    assert found[0].data.meas.num_shots == 100
    assert found[0].data.meas.shape == (3,)
    assert [job["program"] for job in ibm_service.jobs] == ["estimator", "sampler"]


@pytest.mark.parametrize("kind", [Session, Batch])
def test_sessions_and_batches(ibm_service: IBMService, kind: Any) -> None:
    backend = QiskitRuntimeService().backend("ibm_manila")
    with kind(backend) as mode:
        assert sample(backend, mode).result()[0].data.meas.num_shots == 200
        details = mode.details()
    assert details["mode"] == ("batch" if kind is Batch else "dedicated")
    assert ibm_service.jobs[0]["session"] == details["id"]
    assert not mode.details()["accepting_jobs"]


def test_life_of_a_job(ibm_service: IBMService) -> None:
    service = QiskitRuntimeService()
    backend = service.backend("ibm_manila")
    ibm_service.pause()
    first, second = sample(backend, tags=("one", "both")), sample(backend, tags=("two", "both"))
    assert first.status() == second.status() == "QUEUED"
    assert [job.job_id() for job in service.jobs(job_tags=["one"])] == [first.job_id()]
    found = [job.job_id() for job in service.jobs(job_tags=["both"], limit=None)]
    assert found == [second.job_id(), first.job_id()]
    first.cancel()
    with pytest.raises(RuntimeInvalidStateError):
        first.result()
    with pytest.raises(RuntimeInvalidStateError):
        first.cancel()
    ibm_service.go_on()
    again = service.job(second.job_id())
    assert again.result()[0].data.meas.num_shots == 200
    assert again.usage() == 2
    assert again.metrics()["timestamps"]["finished"]
    assert again.logs()
    assert again.update_tags(["three"]) == ["three"]
    service.delete_job(second.job_id())
    with pytest.raises(RuntimeJobNotFound):
        service.job(second.job_id())
    assert service.usage()["usage_remaining_seconds"] == 599


def test_circuits_that_do_not_fit_fail_at_the_service(ibm_service: IBMService) -> None:
    backend = QiskitRuntimeService().backend("ibm_manila")
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.measure_all()
    with pytest.raises(RuntimeJobFailureError, match="h on qubits"):
        Sampler(mode=backend).run([circuit], shots=10).result()


def test_every_endpoint_has_a_name_of_its_own() -> None:
    assert len({route[0] for route in ROUTES}) == len(ROUTES)
    assert Fault.from_json(Fault("submit", skip=3).to_json()) == Fault("submit", skip=3)
