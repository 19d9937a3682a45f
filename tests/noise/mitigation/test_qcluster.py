"""Q-Cluster as a backend: samples, observables, layers, other mitigations around and within.

Sampled checks have fixed seeds; for a fresh seed a false alarm has a chance below 1e-6.
"""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import torch

from circuits import Circuit, PauliSum, Probabilities, Request, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import (
    InvalidArgumentError,
    QubitError,
    ShapeError,
    UnsupportedOperationError,
)
from noise.channels import BitFlip
from noise.mitigation import ZNE, PauliTwirling, QCluster, ReadoutCalibration
from noise.model import NoiseModel
from noise.pauli_transfer import PauliTransfer
from qml import QuantumLayer
from tests.support.properties import assert_plausible

FLIP = 0.12
SHOTS = 4000
OBSERVED = (PauliSum("Z0"), PauliSum({"Z0 Z1": 0.5, "Z3": -0.4, "": 0.2}), PauliSum("Z1 Z2 Z3"))


def noisy(p: float = FLIP, n: int = 4) -> PauliTransfer:
    model = NoiseModel().add_readout([[1 - p, p], [p, 1 - p]], list(range(n)))
    return PauliTransfer(model, engine="torch")


def circuit(n: int = 4) -> Circuit:
    """cos|0...0> + sin|1...1>, the angle an input plus a weight."""
    angle = inputs(1)[0] + weights(1)[0]
    return Circuit(n, [g.ry(angle, 0)] + [g.cx(0, q) for q in range(1, n)])


def table(*angles: float) -> torch.Tensor:
    return torch.tensor([[angle, 0.2] for angle in angles], dtype=torch.float64)


def request(**options) -> Request:
    what = {} if "qubits" in options else {"observables": OBSERVED}
    ask = {"shots": SHOTS, "generator": 3, **what, **options}
    return Request(circuit(), table(0.5, 1.4, 2.2), **ask)


def exact(**options) -> torch.Tensor:
    return StateVector("torch").run([request(shots=None, generator=None, **options)])[0].values


def test_samples_are_those_without_flips():
    found = QCluster(noisy(), FLIP).run([request(qubits=(3, 0, 1, 2))])[0]
    assert found.samples.shape == (3, SHOTS, 4)
    assert found.samples.dtype == torch.uint8
    expected = exact(qubits=(3, 0, 1, 2))
    for point in range(3):
        distribution = found.metadata["distribution"][point]
        assert distribution.keys() == found.counts[point].keys() == {"0000", "1111"}
        one = float(expected[point, 15])
        # two outcomes that differ in four bits: hardly wider than a binomial
        assert abs(distribution["1111"] - one) < 6 * 1.1 * (one * (1 - one) / SHOTS) ** 0.5
        assert abs(found.counts[point]["1111"] / SHOTS - distribution["1111"]) <= 1 / SHOTS
        assert found.metadata["clusters"][point] == 2
        assert found.metadata["background"][point] == 0
        assert found.metadata["flip_rate"][point] == pytest.approx(FLIP)
    half = found.samples[:, : SHOTS // 2, 0].double().mean(1)  # the order is random
    whole = found.samples[:, :, 0].double().mean(1)
    assert_plausible(half, whole, torch.full((3,), 0.5 / SHOTS**0.5))


def test_bases_are_kept():
    """|+> on both qubits, read in X, is one outcome."""
    plus = Circuit(2, [g.h(0), g.h(1), g.z(1)])
    ask = {"qubits": (1, 0), "shots": 500, "generator": 1}
    point = torch.zeros(1, 0, dtype=torch.float64)
    backend = QCluster(noisy(0.2), 0.2)
    assert backend.run([Request(plus, point, bases="XX", **ask)])[0].counts == [{"01": 500}]
    assert len(backend.run([Request(plus, point, **ask)])[0].counts[0]) > 2


def test_observables():
    found = QCluster(noisy(), FLIP).run([request()])[0]
    assert found.values.shape == found.variances.shape == (3, 3)
    assert_plausible(found.values, exact(), found.standard_errors + 1e-9)
    raw = noisy().run([request()])[0].values
    assert float((raw - exact()).abs().max()) > 0.2
    assert float((found.values - exact()).abs().max()) < 0.05
    assert found.metadata["clusters"] == [[2, 2, 2]]
    assert found.metadata["shots"] == SHOTS


def test_observables_in_two_bases():
    """One basis state in X and Z: both groups are one outcome, so nothing is left to chance."""
    state = Circuit(3, [g.x(0), g.h(1), g.x(2)])
    observed = [PauliSum({"Z0": 1.0, "X1": 0.5, "Z1 Z2": 0.25}), PauliSum("X1 Z2")]
    ask = Request(state, torch.zeros(1, 0, dtype=torch.float64), observed, shots=SHOTS, generator=2)
    found = QCluster(noisy(), FLIP).run([ask])[0]
    error = found.standard_errors + 1e-9
    assert_plausible(found.values, torch.tensor([[-0.5, -1.0]], dtype=torch.float64), error)
    assert (found.metadata["circuits"], found.metadata["shots"]) == (2, SHOTS)
    cost = QCluster(noisy(), FLIP).cost(ask)
    assert (cost.circuits, cost.shots) == (2, SHOTS)


def test_standard_errors_are_the_spread():
    """200 runs: variances within 6 sigma of chi^2."""
    ask = [
        Request(circuit(), table(1.1), [PauliSum("Z0")], shots=300, generator=seed)
        for seed in range(200)
    ]
    backend = QCluster(noisy(), 0.12)
    results = backend.run(ask)
    values = torch.cat([result.values for result in results])
    reported = torch.cat([result.variances for result in results]).mean()
    assert abs(float(values.var() / reported) - 1) < 6 * (2 / 199) ** 0.5


def test_rates_from_a_calibration_and_from_the_data():
    model = NoiseModel()
    for qubit, (a, b) in enumerate([(0.02, 0.3), (0.1, 0.2), (0.05, 0.01), (0.15, 0.1)]):
        model.add_readout([[1 - a, a], [b, 1 - b]], qubit)
    machine = PauliTransfer(model, engine="torch")
    calibrated = QCluster(machine, ReadoutCalibration.from_model(model))
    found = calibrated.run([request(qubits=(2, 0, 1, 3))])[0]
    expected = exact(qubits=(2, 0, 1, 3))
    for point in range(3):
        assert set(found.metadata["distribution"][point]) == {"0000", "1111"}
        one = float(expected[point, 15])
        share = found.metadata["distribution"][point]["1111"]
        assert abs(share - one) < 6 * 1.3 * (one * (1 - one) / SHOTS) ** 0.5
    guessed = QCluster(noisy(n=8)).run(
        [
            Request(circuit(8), table(1.4), qubits=range(8), shots=SHOTS, generator=1),
            Request(circuit(8), table(1.4), [PauliSum("Z0 Z5")], shots=SHOTS, generator=1),
        ]
    )
    error = 6 * (FLIP * (1 - FLIP) / (SHOTS * 8)) ** 0.5
    assert abs(guessed[0].metadata["flip_rate"][0] - FLIP) < error + 0.01
    assert abs(guessed[1].metadata["flip_rate"][0][0] - FLIP) < error + 0.01
    assert float(guessed[1].values) == pytest.approx(1.0, abs=1e-9)


def test_requests_in_one_run_and_alone():
    backend = QCluster(noisy(), FLIP)
    together = backend.run([request(), request(qubits=(0, 1))])
    assert torch.equal(together[0].values, backend.run([request()])[0].values)
    assert torch.equal(together[1].samples, backend.run([request(qubits=(0, 1))])[0].samples)
    other = request(qubits=(0, 1), generator=4)
    assert not torch.equal(together[1].samples, backend.run([other])[0].samples)
    empty = Request(circuit(), table()[:0].reshape(0, 2), OBSERVED, shots=10)
    assert backend.run([empty])[0].values.shape == (0, 3)
    assert backend.run([]) == []


def test_in_a_layer():
    layer = QuantumLayer(circuit(), list(OBSERVED))
    options = {"shots": SHOTS, "generator": 5}
    mitigated = layer.with_backend(QCluster(noisy(), FLIP), **options)
    assert mitigated.weight is layer.weight
    assert mitigated.state_dict().keys() == layer.state_dict().keys()
    x = torch.tensor([[0.3], [1.2], [2.2]])
    found, truth = mitigated(x), layer(x)
    assert found.dtype == torch.float32
    bound = 6 * 1.1 / SHOTS**0.5
    assert float((found - truth).detach().abs().max()) < bound
    (gradient,) = torch.autograd.grad(found[:, 0].sum(), layer.weight)
    (expected,) = torch.autograd.grad(truth[:, 0].sum(), layer.weight)
    # three points, two shifts each, halved: sqrt(3 / 2) values' error
    assert abs(float(gradient - expected)) < (3 / 2) ** 0.5 * bound
    raw = layer.with_backend(noisy())(x)
    (biased,) = torch.autograd.grad(raw[:, 0].sum(), layer.weight)
    assert abs(float(biased - expected)) > 4 * abs(float(gradient - expected))
    shares = QuantumLayer(
        circuit(), Probabilities((0, 1)), backend=QCluster(noisy(), FLIP), **options
    )(x)
    assert shares.shape == (3, 4)
    np.testing.assert_allclose(shares.sum(1).detach(), 1, rtol=0, atol=1e-6)
    assert float(shares.detach()[:, 1:3].max()) < 0.03


def test_within_zero_noise_extrapolation():
    """Flips of gates and of readout: one clusters, the other extrapolates what is left."""
    model = NoiseModel(noiseless=("ry",)).add(BitFlip(0.02), gates="cx", qubits=1)
    model.add_readout([[1 - FLIP, FLIP], [FLIP, 1 - FLIP]], [0, 1])
    machine = PauliTransfer(model, engine="torch")
    pair = Circuit(2, [g.ry(2.0, 0), g.cx(0, 1)])
    ask = Request(
        pair, torch.zeros(1, 0, dtype=torch.float64), [PauliSum("Z0")], shots=30_000, generator=1
    )
    nested = ZNE(QCluster(machine, FLIP), (1, 3), extrapolator="linear")
    found = nested.run([ask])[0]
    truth = torch.full((1, 1), math.cos(2.0), dtype=torch.float64)
    assert_plausible(found.values, truth, found.standard_errors)
    assert found.metadata["shots"] == nested.cost(ask).shots == 30_000
    assert found.metadata["circuits"] == 2


def test_around_twirling():
    """Shots of all twirls are clustered together."""
    machine = PauliTwirling(noisy(), n_twirls=8, seed=1)
    found = QCluster(machine, FLIP).run([request(qubits=(0, 1, 2, 3))])[0]
    assert found.samples.shape == (3, SHOTS, 4)
    assert [set(point) for point in found.metadata["distribution"]] == [{"0000", "1111"}] * 3
    assert found.metadata["circuits"] == 8
    assert found.metadata["shots"] == SHOTS


def test_copies_and_constants():
    backend = QCluster(noisy(), (0.1, 0.2))
    ask = request(qubits=(0, 1))
    for twin in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        assert repr(twin) == repr(backend)
        assert torch.equal(twin.run([ask])[0].samples, backend.run([ask])[0].samples)
    constant = Request(circuit(), table(1.0), [PauliSum({"": 0.5})], shots=10)
    assert backend.run([constant])[0].values.tolist() == [[0.5]]


def test_bad_input():
    for p in (0.5, -0.1, (0.1, 0.7), float("nan")):
        with pytest.raises(InvalidArgumentError, match=r"\[0, 0.5\)"):
            QCluster(noisy(), p)
    with pytest.raises(InvalidArgumentError, match="number"):
        QCluster(noisy(), "some")
    with pytest.raises(InvalidArgumentError, match="max_clusters"):
        QCluster(noisy(), FLIP, max_clusters=0)
    backend = QCluster(noisy(), FLIP)
    assert not backend.exact
    for what in ({}, {"qubits": (0, 1)}):
        with pytest.raises(UnsupportedOperationError, match="needs shots"):
            backend.run([request(shots=None, **what)])
    with pytest.raises(UnsupportedOperationError, match="needs shots"):
        QuantumLayer(circuit(), backend=backend)(torch.zeros(1, 1))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        QCluster(noisy(), (0.1, 0.1)).run([request(qubits=(0, 1, 2))])
    partial = ReadoutCalibration({0: np.eye(2)})
    with pytest.raises(QubitError, match="Qubit 1"):
        QCluster(noisy(), partial).run([request(qubits=(0, 1))])
    with pytest.raises(UnsupportedOperationError, match="not samples"):
        QCluster(ZNE(noisy()), FLIP).run([request(qubits=(0, 1))])
