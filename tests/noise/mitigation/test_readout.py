"""Readout mitigation as backends: exact inversion, gradients, samples, bases, bad input.

Sampled checks have fixed seeds; for a fresh seed a false alarm has a chance below 1e-6.
"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, PauliSum, Request, StateVector, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    KetworkError,
    QubitError,
    ResourceLimitError,
)
from noise.channels import Depolarizing
from noise.mitigation import ZNE
from noise.mitigation.readout import ReadoutCalibration, ReadoutInverse
from noise.model import NoiseModel
from noise.pauli_transfer import PauliTransfer
from noise.trajectories import Trajectories
from qml import QuantumLayer
from tests.support.properties import assert_gradients_match, assert_plausible

ERRORS = ((0.02, 0.08), (0.05, 0.01), (0.1, 0.15))  # P(1|0), P(0|1)
CONFUSIONS = {q: np.array([[1 - a, a], [b, 1 - b]]) for q, (a, b) in enumerate(ERRORS)}
OBSERVED = (
    PauliSum("Z0"),
    PauliSum({"X1 Y2": 0.5, "Z1 Z2": -0.3, "": 0.2}),
    PauliSum("Z0 Z1 Z2"),
    PauliSum("Y2"),
)
METHODS = ("tensored", "full", "subspace")
each_method = pytest.mark.parametrize("method", METHODS)


def noisy() -> PauliTransfer:
    model = NoiseModel()
    for qubit, confusion in CONFUSIONS.items():
        model.add_readout(confusion, qubit)
    return PauliTransfer(model, engine="torch")


def circuit() -> Circuit:
    w = weights(4)
    return Circuit(
        3,
        [g.ry(w[0], 0), g.rx(w[1], 1), g.cx(0, 1), g.ry(w[2], 2), g.cx(1, 2), g.rz(w[3], 2),
         g.rx(0.3, 2)],
    )  # fmt: skip


def table(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return (3 * torch.rand(3, 4, generator=generator, dtype=torch.float64)).to(dtype)


def request(**options) -> Request:
    what = {} if "qubits" in options else {"observables": OBSERVED}
    return Request(circuit(), table(options.pop("dtype", torch.float64)), **what, **options)


def exact(**options) -> torch.Tensor:
    return StateVector("torch").run([request(**options)])[0].values


def mitigated(method: str) -> ReadoutInverse:
    return ReadoutInverse(noisy(), ReadoutCalibration(CONFUSIONS), method=method)


@each_method
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_exact_values_are_restored(method, dtype):
    raw = noisy().run([request(dtype=dtype)])[0].values
    assert float((raw - exact(dtype=dtype)).abs().max()) > 0.05
    found = mitigated(method).run([request(dtype=dtype)])[0]
    assert found.values.dtype == dtype
    assert found.variances is None
    atol = 1e-12 if dtype == torch.float64 else 1e-5
    torch.testing.assert_close(found.values, exact(dtype=dtype), rtol=0, atol=atol)


def _correlated() -> np.ndarray:
    """A joint matrix of three qubits that is no product of theirs."""
    joint = np.kron(np.kron(CONFUSIONS[2], CONFUSIONS[1]), CONFUSIONS[0])
    return 0.95 * joint + 0.05 * joint[:, ::-1]


@pytest.mark.parametrize("joint", [None, _correlated()], ids=["each", "joint"])
@pytest.mark.parametrize("observed", [True, False], ids=["means", "probabilities"])
@each_method
def test_errors_of_estimates_propagate(method, observed, joint):
    """A backend without shots may estimate: errors as large as the deviations, or larger."""
    model = NoiseModel().add(Depolarizing(0.1), gates=["rx", "ry", "rz"])
    for qubit, confusion in CONFUSIONS.items():
        model.add_readout(confusion, qubit)
    calibration = ReadoutCalibration(CONFUSIONS, joint=joint)
    backend = ReadoutInverse(Trajectories(model, 60), calibration, method=method)
    options = {} if observed else {"qubits": (0, 1, 2)}
    runs = [backend.run([request(generator=seed, **options)])[0] for seed in range(20)]
    spread = torch.stack([run.values for run in runs]).var(0).mean(0)
    reported = torch.stack([run.variances for run in runs]).mean((0, 1))
    assert bool((reported > 0.6 * spread).all()), reported / spread
    assert bool((reported < 30 * spread).all()), reported / spread


@each_method
def test_gradients_pass(method):
    def function(values):
        return mitigated(method).run([Request(circuit(), values, OBSERVED)])[0].values

    assert_gradients_match(function, [table()])


@each_method
def test_gradients_of_probabilities_pass(method):
    def function(values):
        ask = Request(circuit(), values, qubits=(0, 1, 2), bases="ZXY")
        return mitigated(method).run([ask])[0].values

    assert_gradients_match(function, [table()])


def test_gradients_of_a_layer():
    """Weights of a layer under readout error: the gradient is that of the layer without."""
    layer = QuantumLayer(circuit(), list(OBSERVED), dtype=torch.float64)
    grads = []
    for backend in (StateVector(), mitigated("tensored"), noisy()):
        values = layer.with_backend(backend)()
        grads += torch.autograd.grad(values.square().sum(), layer.weight)
    torch.testing.assert_close(grads[1], grads[0], rtol=0, atol=1e-10)
    assert float((grads[2] - grads[0]).abs().max()) > 0.02


def test_within_zero_noise_extrapolation():
    """Gates and readout both err; the readout is undone at every factor, exact or sampled."""
    model = NoiseModel(noiseless=("ry", "rx", "rz")).add(Depolarizing(0.03, 2), gates="cx")
    clean = ZNE(PauliTransfer(model.copy(), engine="torch"), (1, 3))
    expected = clean.run([request()])[0].values
    for qubit, confusion in CONFUSIONS.items():
        model.add_readout(confusion, qubit)
    for method in METHODS:
        inner = ReadoutInverse(
            PauliTransfer(model, engine="torch"), ReadoutCalibration.from_model(model),
            method=method,
        )  # fmt: skip
        nested = ZNE(inner, (1, 3))
        found = nested.run([request()])[0].values
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
        sampled = nested.run([request(shots=30_000, generator=1)])[0]
        assert_plausible(sampled.values, expected, sampled.standard_errors)
        assert sampled.metadata["shots"] == 30_000


@each_method
def test_sampled_values_are_plausible_and_cost_more_shots(method):
    found = mitigated(method).run([request(shots=20_000, generator=3)])[0]
    assert_plausible(found.values, exact(), found.standard_errors)
    plain = noisy().run([request(shots=20_000, generator=3)])[0]
    assert bool((found.standard_errors > plain.standard_errors).all())
    cost = mitigated(method).cost(request(shots=20_000))
    assert found.metadata["circuits"] == cost.circuits == (1 if method == "tensored" else 2)
    assert found.metadata["shots"] == cost.shots == 20_000


@each_method
def test_standard_errors_are_the_spread(method):
    """200 runs: the mean squared error is the reported variance within 6 sigma of chi^2."""
    runs = [request(shots=300, generator=seed) for seed in range(200)]
    results = mitigated(method).run(runs)
    values = torch.stack([r.values for r in results])
    reported = torch.stack([r.variances for r in results]).mean(0)
    ratio = values.var(0) / reported
    assert float((ratio - 1).abs().max()) < 6 * (2 / 199) ** 0.5


@each_method
@pytest.mark.parametrize("bases", [None, "XZ", "YX"])
def test_exact_probabilities_are_restored(method, bases):
    if method == "full":
        inner = ReadoutCalibration({q: CONFUSIONS[q] for q in (0, 2)})
        backend = ReadoutInverse(noisy(), inner, method=method)
    else:
        backend = mitigated(method)
    found = backend.run([request(qubits=(2, 0), bases=bases)])[0].values
    torch.testing.assert_close(found, exact(qubits=(2, 0), bases=bases), rtol=0, atol=1e-12)


@each_method
def test_samples_follow_the_mitigated_distribution(method):
    shots = 40_000
    asked = request(qubits=(2, 0, 1), shots=shots, generator=3)
    found = mitigated(method).run([asked])[0]
    assert found.samples.shape == (3, shots, 3)
    assert found.samples.dtype == torch.uint8
    truth = exact(qubits=(2, 0, 1))
    for point in range(3):
        quasi, counts = found.metadata["quasi_probabilities"][point], found.counts[point]
        assert sum(quasi.values()) == pytest.approx(1)
        assert found.metadata["negativity"][point] >= 1 - 1e-12
        for label, value in quasi.items():
            # each quasi-probability is a mean over shots of numbers below 2.2 in size
            assert abs(value - float(truth[point, int(label, 2)])) < 6 * 2.2 / shots**0.5
            share = counts.get(label, 0) / shots
            assert abs(share - max(value, 0)) < 8 / shots + 2 * abs(min(quasi.values()))
    # the order is random: the first half looks like the whole
    assert_plausible(
        found.samples[:, : shots // 2].double().mean(1),
        found.samples.double().mean(1),
        torch.full((3, 3), 0.5 / shots**0.5),
    )


def test_correlated_errors_need_the_joint_matrix():
    """Both bits are flipped together with probability 0.2: no product of matrices says that."""
    joint = 0.8 * np.eye(4) + 0.2 * np.eye(4)[::-1]
    marginal = [[0.8, 0.2], [0.2, 0.8]]
    calibration = ReadoutCalibration({0: marginal, 1: marginal}, joint=joint)
    flips = Circuit(2, [g.rx(0.7, 0), g.ry(0.4, 1), g.cx(0, 1)])
    both = g.kraus([0.8**0.5 * np.eye(4), 0.2**0.5 * np.eye(4)[::-1]], 0, 1)
    correlated = flips + both
    nothing, zz = torch.zeros(1, 0, dtype=torch.float64), [PauliSum("Z0 Z1"), PauliSum("Z0")]
    truth = StateVector("torch").run([Request(flips, nothing, zz)])[0].values
    ask = Request(correlated, nothing, zz)
    for method, right in (("full", True), ("tensored", False)):
        backend = ReadoutInverse(DensityMatrix("torch"), calibration, method=method)
        close = torch.allclose(backend.run([ask])[0].values, truth, rtol=0, atol=1e-12)
        assert close == right
    one = Request(correlated, nothing, [PauliSum("Z0")])  # both are measured all the same
    found = ReadoutInverse(DensityMatrix("torch"), calibration, method="full").run([one])[0].values
    torch.testing.assert_close(found, truth[:, 1:], rtol=0, atol=1e-12)


def test_many_qubits_by_observables():
    """30 qubits: only the qubits of the observable are touched."""
    model = NoiseModel()
    for q in range(30):
        model.add_readout(CONFUSIONS[q % 3], q)
    wide = Circuit(30, [g.x(q) for q in range(0, 30, 3)])
    ask = Request(wide, torch.zeros(1, 0, dtype=torch.float64), [PauliSum("Z0 Z3 Z7 Z28")])
    backend = PauliTransfer(model, engine="torch")
    calibration = ReadoutCalibration.from_model(model)
    found = ReadoutInverse(backend, calibration).run([ask])[0].values
    assert float(found) == pytest.approx(1.0, abs=1e-12)


@each_method
def test_copies_and_constants(method):
    backend = mitigated(method)
    for twin in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        assert repr(twin) == repr(backend)
        assert torch.equal(twin.run([request()])[0].values, backend.run([request()])[0].values)
    constant = Request(circuit(), table(), [PauliSum({"": 0.5})])
    values = backend.run([constant])[0].values
    torch.testing.assert_close(values, torch.full_like(values, 0.5), rtol=0, atol=1e-12)
    assert values.shape == (3, 1)
    assert backend.run([]) == []


@each_method
def test_qubits_missing_from_the_calibration(method):
    partial = ReadoutCalibration({q: CONFUSIONS[q] for q in (0, 1)})
    backend = ReadoutInverse(noisy(), partial, method=method)
    with pytest.raises(QubitError, match="Qubit 2 is not in the readout calibration"):
        backend.run([request(shots=10)])
    with pytest.raises(QubitError, match="Qubit 2"):
        backend.run([request(qubits=(0, 2), shots=10)])


def test_bad_input():
    calibration = ReadoutCalibration(CONFUSIONS)
    with pytest.raises(InvalidArgumentError, match="'tensored', 'full', 'subspace'"):
        ReadoutInverse(noisy(), calibration, method="m3")
    with pytest.raises(ArgumentTypeError, match="ReadoutCalibration"):
        ReadoutInverse(noisy(), CONFUSIONS)
    useless = ReadoutCalibration({q: [[0.5, 0.5], [0.5, 0.5]] for q in range(3)})
    for method in METHODS:
        with pytest.raises(KetworkError, match="singular"):
            ReadoutInverse(noisy(), useless, method=method).run([request(shots=10)])
    wide = ReadoutCalibration(dict.fromkeys(range(20), CONFUSIONS[0]))
    ask = Request(
        Circuit(20, [g.h(0)]), torch.zeros(1, 0), qubits=tuple(range(20)), shots=5, generator=0
    )
    for method in ("tensored", "full"):
        with pytest.raises(ResourceLimitError, match="subspace"):
            ReadoutInverse(StateVector(), wide, method=method).run([ask])
    found = ReadoutInverse(StateVector(), wide, method="subspace").run([ask])[0]
    assert found.samples.shape == (1, 5, 20)
    parity = PauliSum(" ".join(f"Z{q}" for q in range(20)))
    with pytest.raises(ResourceLimitError, match="65536"):
        ReadoutInverse(StateVector(), wide).prepare(
            Request(Circuit(20, [g.h(0)]), torch.zeros(1, 0), [parity])
        )
