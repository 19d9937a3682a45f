"""The same device's noise in every simulator of noise, in local mode and through the service."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("qiskit_aer")
pytest.importorskip("qiskit_ibm_runtime")

import qiskit_aer.noise
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

import circuits
from circuits import Circuit, PauliSum, Request, inputs
from circuits import gates as g
from noise import NoiseModel, PauliTransfer, Trajectories
from tests.conformance.parity import bound

SHOTS = 10_000
OBSERVED = (
    PauliSum("Z0"),
    PauliSum("Z0 Z1"),
    PauliSum({"Z1 Z2": 1.0, "Z1": -0.5, "": 0.25}),
    PauliSum("Z2"),
)
"""Strings of Z: changes of basis run with noise where a machine measures, and ideally elsewhere."""


@pytest.fixture(scope="module")
def device() -> FakeManilaV2:
    return FakeManilaV2()


@pytest.fixture(scope="module")
def model(device) -> NoiseModel:
    return NoiseModel.from_backend(device)


def native() -> Circuit:
    """In the device's gates and on its coupling, so that every backend runs it as it is."""
    x = inputs(2)
    return Circuit(
        5,
        [
            g.sx(0), g.rz(x[0], 0), g.sx(0), g.cx(0, 1), g.x(2), g.cx(1, 2), g.rz(x[1], 1),
            g.sx(1), g.cx(1, 2), g.sx(1), g.cx(0, 1), g.cx(1, 0), g.cx(0, 1),
        ],
    )  # fmt: skip


def ask(shots: int | None = None, seed: int | None = None) -> Request:
    table = torch.tensor([[0.3, 0.5], [2.0, 1.0]], dtype=torch.float64)
    return Request(native(), table, OBSERVED, shots=shots, generator=seed)


def only(backend, **options) -> torch.Tensor:
    (result,) = backend.run([ask(**options)])
    return result.values


def assert_near(found, truth, shots=SHOTS):
    assert found.shape == truth.shape
    for column, observable in enumerate(OBSERVED):
        error = (found[:, column] - truth[:, column]).abs().max()
        assert error <= bound(observable, shots), column


def test_exact_values_are_the_same(device, model):
    truth = only(PauliTransfer(model, engine="torch"))
    ideal = only(circuits.StateVector())
    assert (truth - ideal).abs().max() > 0.05
    for backend in (
        PauliTransfer(model),
        circuits.Aer(noise_model=device),
        circuits.Aer("density_matrix", model),
        circuits.Aer(noise_model=model.to_aer()),
    ):
        assert backend.lower(ask()).circuit == native()
        torch.testing.assert_close(only(backend), truth, rtol=0, atol=1e-7)


@pytest.mark.parametrize("kind", ["pauli-transfer", "trajectories", "aer", "estimator", "sampler"])
def test_measured_values_are_the_same(kind, device, model):
    """Within Hoeffding's bound; the false-alarm rate of the whole suite is 1e-6."""
    backend = {
        "pauli-transfer": lambda: PauliTransfer(model),
        "trajectories": lambda: Trajectories(model, 100),
        "aer": lambda: circuits.Aer(noise_model=device),
        "estimator": lambda: circuits.IBM(device, SHOTS),
        "sampler": lambda: circuits.IBM(device, SHOTS, primitive="sampler"),
    }[kind]()
    assert_near(only(backend, shots=SHOTS, seed=4), only(PauliTransfer(model)))


@pytest.mark.parametrize("kind", ["estimator", "sampler"])
def test_a_noisy_machine_of_the_service(kind, device, ibm_service, tmp_path):
    """The service's simulator reads the device's readout errors as symmetric, as Aer does."""
    symmetric = qiskit_aer.noise.NoiseModel.from_backend(device)
    truth = only(circuits.Aer(noise_model=symmetric))
    backend = circuits.IBM(
        "ibm_manila", SHOTS, primitive=kind, ledger=tmp_path / "jobs.sqlite", per_minute=None
    )
    assert_near(only(backend), truth)
    assert len(ibm_service.jobs) == 1


def test_samples_are_the_same(device, model):
    """Relative frequencies of 8 outcomes, within Hoeffding's bound."""
    from tests.conformance.parity import frequency_bound
    from tests.conformance.test_parity import frequencies

    table = torch.tensor([[0.3, 0.5]], dtype=torch.float64)
    exact = PauliTransfer(model).run([Request(native(), table, qubits=(2, 0, 1))])[0].values
    for backend in (
        PauliTransfer(model),
        Trajectories(model, 100),
        circuits.Aer(noise_model=device),
        circuits.IBM(device, SHOTS),
    ):
        request = Request(native(), table, qubits=(2, 0, 1), shots=SHOTS, generator=5)
        found = frequencies(backend.run([request])[0].samples)
        assert (found - exact).abs().max() <= frequency_bound(SHOTS)
