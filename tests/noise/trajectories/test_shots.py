"""Shots, readout, seeds and refusals of trajectories.

Frequencies over N shots miss by more than 6.3 / (2 sqrt(N)) with probability 5e-9 (Hoeffding).
"""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, PauliSum, Request, inputs
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    ChannelError,
    InvalidArgumentError,
    NonFiniteError,
    ResourceLimitError,
)
from noise import NoiseModel, PauliTransfer, Trajectories, channels
from tests.support.strategies import random_channel

SHOTS = 20_000


def noise_model(pauli: bool) -> NoiseModel:
    model = NoiseModel()
    if pauli:
        model.add(channels.Depolarizing(0.1), gates=["ry", "h"])
    else:
        model.add(channels.ThermalRelaxation(1.0, 1.4, 0.3), gates=["ry", "h"])
    model.add(channels.Depolarizing(0.1, 2), gates="cx")
    for qubit in (0, 2, 4):
        model.add_readout([[0.95, 0.05], [0.15, 0.85]], qubit)
    return model


def circuit_and_table():
    x = inputs(2)
    ops = [g.ry(x[0], 0), g.cx(0, 1), g.ry(x[1], 2), g.cx(1, 2), g.h(1)]
    return Circuit(5, ops), torch.tensor([[0.4, 1.0], [2.0, 0.3]], dtype=torch.float64)


@pytest.mark.parametrize("pauli", [True, False])
@pytest.mark.parametrize("bases", [None, "XZYZX"])
def test_samples(pauli, bases):
    """All qubits, idle ones in X and in Z among them, with readout errors that are asymmetric."""
    circuit, table = circuit_and_table()
    model, qubits = noise_model(pauli), (2, 0, 1, 3, 4)
    request = Request(circuit, table, qubits=qubits, bases=bases, shots=SHOTS, generator=5)
    (result,) = Trajectories(model, 1).run([request])
    assert result.samples.shape == (2, SHOTS, 5)
    assert result.samples.dtype == torch.uint8
    index = sum(result.samples[..., k].long() << k for k in range(5))
    found = torch.stack([torch.bincount(row, minlength=32) / SHOTS for row in index])
    exact = Request(circuit, table, qubits=qubits, bases=bases)
    expected = PauliTransfer(model).run([exact])[0].values
    assert float((found - expected).abs().max()) < 6.3 / (2 * math.sqrt(SHOTS))


@pytest.mark.parametrize("pauli", [True, False])
def test_values_with_readout(pauli):
    circuit, table = circuit_and_table()
    model = noise_model(pauli)
    observed = ["Z0", "Z0 X1 Z2", {"Z4": 0.5, "Z3": 0.25, "": 0.1}, "X4", "Y0 X3"]
    found = circuit.estimate(observed, table, backend=Trajectories(model, 4000, generator=1))
    expected = circuit.expectation(observed, table, backend=PauliTransfer(model))
    assert float((found.values - expected).abs().max()) < 6.3 / math.sqrt(4000)
    idle = found.standard_errors[:, [2, 3]] > 1e-15
    torch.testing.assert_close(found.values[:, [2, 3]], expected[:, [2, 3]], rtol=0, atol=1e-12)
    assert not bool(idle.any())
    both = circuit.probabilities(table, backend=Trajectories(model, 4000, generator=1))
    exact = circuit.probabilities(table, backend=PauliTransfer(model))
    assert float((both - exact).abs().max()) < 6.3 / math.sqrt(4000)


def test_readout_alone_is_exact():
    """Without channels nothing is drawn; idle qubits are read with errors too."""
    circuit, table = circuit_and_table()
    model = NoiseModel()
    for qubit in (0, 2, 4):
        model.add_readout([[0.95, 0.05], [0.15, 0.85]], qubit)
    for bases in (None, "XZYZX"):
        request = Request(circuit, table, qubits=(2, 0, 1, 3, 4), bases=bases)
        found, expected = (
            b.run([request])[0] for b in (Trajectories(model, 1), PauliTransfer(model))
        )
        torch.testing.assert_close(found.values, expected.values, rtol=0, atol=1e-12)
        assert found.variances is None


@pytest.mark.parametrize("pauli", [True, False])
def test_estimates_from_shots(pauli):
    circuit, table = circuit_and_table()
    model = noise_model(pauli)
    observed = ["Z0", {"Z0 X1": 0.5, "Z2": 0.3, "X2": 0.2, "": 0.1}, "Z3", {"": 2.0}]
    backend = Trajectories(model, 1)
    found = circuit.estimate(observed, table, shots=SHOTS, generator=8, backend=backend)
    expected = circuit.expectation(observed, table, backend=PauliTransfer(model))
    assert float((found.values - expected).abs().max()) < 6.3 / math.sqrt(SHOTS)
    assert found.values[:, 3].tolist() == [2.0, 2.0]
    z = expected[:, 0]
    torch.testing.assert_close(found.variances[:, 0], (1 - z * z) / SHOTS, rtol=0.1, atol=1e-8)
    assert found.metadata["shots"] == found.metadata["trajectories"] == SHOTS
    single = circuit.estimate("Z0", table, shots=1, generator=8, backend=backend)
    assert bool(single.standard_errors.isnan().all())


@pytest.mark.parametrize("noise", [g.bit_flip, g.amplitude_damping])
def test_shots_are_independent(noise):
    """One trajectory and one measurement per shot: means of 100 scatter as such means do."""
    ops = [g.h(0), g.cx(0, 1), noise(0.4, 0), noise(0.4, 1), g.ry(1.0, 0)]
    circuit = Circuit(2, ops)
    p = circuit.probabilities(backend=DensityMatrix("torch")).reshape(2, 2)[:, 1].sum().item()
    samples = circuit.sample(SHOTS, generator=2, backend=Trajectories(None, 1))
    blocks = samples[:, 0].double().reshape(200, -1).mean(1)
    ratio = blocks.var().item() / (p * (1 - p) / (SHOTS // 200))
    assert 0.4 < ratio < 1.6  # chi-square of 199: deviation 0.1


def test_idle_qubits_cost_nothing():
    circuit = Circuit(100, [g.h(50), g.cx(50, 51), g.bit_flip(0.2, 51), g.delay(1e-6, 3)])
    found = circuit.estimate(["Z50 Z51 Z3", "X7"], backend=Trajectories(None, 2000, generator=1))
    assert found.values.tolist() == pytest.approx([0.6, 0.0], abs=6.3 / math.sqrt(2000))
    samples = circuit.sample(100, generator=1, backend=Trajectories(None, 1))
    assert samples.shape == (100, 100)
    assert not bool(samples[:, :50].any())


def test_seeds():
    circuit, table = circuit_and_table()
    for pauli in (True, False):
        model = noise_model(pauli)
        seeded = Trajectories(model, 20, generator=7)
        first, again = (circuit.expectation("Z2", table, backend=seeded) for _ in range(2))
        assert torch.equal(first, again)
        other = circuit.expectation("Z2", table, backend=Trajectories(model, 20, generator=8))
        assert not torch.equal(first, other)
        stream = Trajectories(model, 20, generator=torch.Generator().manual_seed(7))
        once, twice = (circuit.expectation("Z2", table, backend=stream) for _ in range(2))
        assert torch.equal(first, once)
        assert not torch.equal(once, twice)
        free = Trajectories(model, 20)
        given = circuit.expectation("Z2", table, backend=free, generator=7)
        assert torch.equal(first, given)
        torch.manual_seed(3)
        drawn = circuit.expectation("Z2", table, backend=free)
        assert not torch.equal(drawn, circuit.expectation("Z2", table, backend=free))
        assert first[0] != first[1]
        for copied in (copy.deepcopy(seeded), pickle.loads(pickle.dumps(seeded))):
            assert torch.equal(circuit.expectation("Z2", table, backend=copied), first)


def test_requests_of_one_run_draw_apart():
    """Else the mean over twirled copies would be as uncertain as one of them."""
    circuit, table = circuit_and_table()
    backend = Trajectories(noise_model(pauli=False), 20, generator=7)
    request = Request(circuit, table, [PauliSum("Z2")])
    first, second = (result.values for result in backend.run([request, request]))
    assert not bool((first == second).any())
    again = backend.run([request, request])
    assert torch.equal(first, again[0].values)
    assert torch.equal(second, again[1].values)


def test_one_trajectory_has_no_standard_error():
    circuit = Circuit(1, [g.h(0), g.bit_flip(0.5, 0), g.ry(0.3, 0)])
    result = circuit.estimate("Z0", backend=Trajectories(None, 1, generator=1))
    assert bool(result.standard_errors.isnan().all())
    assert bool(result.values.isfinite().all())


def test_bad_input_is_named():
    for wrong in (0, -3, 2.5, True, "many", None):
        with pytest.raises(InvalidArgumentError, match="`n` must be a positive integer"):
            Trajectories(None, wrong)
    with pytest.raises(InvalidArgumentError, match="generator"):
        Trajectories(None, 3, generator="seed")
    with pytest.raises(ArgumentTypeError, match="NoiseModel"):
        Trajectories(channels.BitFlip(0.1), 3)
    wide = g.kraus(random_channel(0, 16), 0, 1, 2, 3)
    with pytest.raises(ResourceLimitError, match="at most 3 qubits"):
        Circuit(4, [wide]).expectation("Z0", backend=Trajectories(None, 3))
    x = inputs(1)
    noisy = Circuit(1, [g.bit_flip(x[0], 0)])
    with pytest.raises(ChannelError, match="bit_flip"):
        noisy.expectation("Z0", torch.tensor([[1.5]]), backend=Trajectories(None, 3))
    turned = Circuit(1, [g.rx(x[0], 0), g.bit_flip(0.1, 0)])
    nowhere = torch.tensor([[math.nan]])
    with pytest.raises(NonFiniteError, match="finite"):
        turned.expectation("Z0", nowhere, backend=Trajectories(None, 3))
    jumping = Circuit(1, [g.rx(x[0], 0), g.amplitude_damping(0.1, 0)])
    with pytest.raises(NonFiniteError, match="finite"):
        Trajectories(None, 3).run([Request(jumping, nowhere, [PauliSum("Z0")])])
    huge = Circuit(50, [g.h(q) for q in range(50)] + [g.amplitude_damping(0.1, 0)])
    with pytest.raises(ResourceLimitError, match="50 qubits"):
        huge.expectation("Z0", backend=Trajectories(None, 3))
    model = NoiseModel()
    for q in range(16):
        model.add_readout([[0.95, 0.05], [0.15, 0.85]], q)
    everything = PauliSum.from_masks([(0, 2**16 - 1, 1.0)])
    circuit = Circuit(16, [g.h(q) for q in range(16)])
    with pytest.raises(ResourceLimitError, match="Pauli strings"):
        circuit.expectation(everything, backend=Trajectories(model, 3))


def test_no_points():
    for noise in (g.bit_flip(0.2, 0), g.amplitude_damping(0.2, 0)):
        circuit = Circuit(1, [g.h(0), noise])
        empty = torch.zeros(0, 0, dtype=torch.float64)
        (result,) = Trajectories(None, 3).run([Request(circuit, empty, [PauliSum("Z0")])])
        assert result.values.shape == (0, 1)
        assert np.asarray(result.variances).shape == (0, 1)
