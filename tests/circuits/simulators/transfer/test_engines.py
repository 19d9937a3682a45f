"""Both engines against the density matrix, on the whole gate table and every channel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit, DensityMatrix, PauliSum, _native, weights
from circuits import gates as g
from circuits.errors import ChannelError, ResourceLimitError
from noise import PauliTransfer
from tests.support.properties import assert_gradients_match
from tests.support.strategies import circuits, random_channel, random_values

ENGINES = [
    "torch",
    pytest.param(
        "native", marks=pytest.mark.skipif(_native.kernels() is None, reason="no kernels")
    ),
]
each_engine = pytest.mark.parametrize("engine", ENGINES)


def labels(data: st.DataObject, n: int) -> list[PauliSum]:
    drawn = data.draw(st.lists(st.text("IXYZ", min_size=n, max_size=n), min_size=1, max_size=3))
    return [PauliSum({label: 0.7}) for label in drawn]


@each_engine
@given(data=st.data(), batch=st.sampled_from([1, 3, 8, 9, 17]))
def test_random_circuits_equal_the_density_matrix(engine, data, batch):
    circuit = data.draw(circuits(max_qubits=4, channels=True))
    x, w = random_values(circuit, 1, (batch,))
    observed = labels(data, circuit.n_qubits)
    leaves = [t.requires_grad_() for t in (x, w) if t is not None]
    backend = PauliTransfer(engine="auto" if engine == "native" else engine)
    found = circuit.expectation(observed, x, w, backend=backend)
    expected = circuit.expectation(observed, x, w, backend=DensityMatrix("torch"))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    if leaves:
        ours = torch.autograd.grad(found.sum(), leaves, materialize_grads=True)
        theirs = torch.autograd.grad(expected.sum(), leaves, materialize_grads=True)
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, other, rtol=0, atol=1e-9)


@each_engine
def test_order_of_channels_that_are_not_unital(engine):
    """damp(flip(rho)) differs from flip(damp(rho)); unital channels could not tell."""
    damp, flip = g.amplitude_damping(0.3, 0), g.x(0)
    for ops, expected in (([damp, flip], -1.0), ([flip, damp], -0.4)):
        value = Circuit(1, ops).expectation("Z0", backend=PauliTransfer(engine=engine))
        assert float(value) == pytest.approx(expected, abs=1e-12)


@each_engine
def test_gradients_of_strengths(engine):
    s = weights(4)
    circuit = Circuit(2, [
        g.ry(0.7, 0), g.cx(0, 1), g.depolarizing(s[0], 0, 1), g.amplitude_damping(s[1], 1),
        g.rx(0.4, 1), g.pauli_channel({"XY": s[2]}, 0, 1), g.phase_damping(s[3], 0), g.h(0),
    ])  # fmt: skip
    observed = ["Z0", "Z1", "X0 Z1"]
    assert_gradients_match(
        lambda w: circuit.expectation(observed, w=w, backend=PauliTransfer(engine=engine)),
        [torch.tensor([0.05, 0.1, 0.2, 0.15], dtype=torch.float64)],
    )


@each_engine
def test_strengths_out_of_range_are_refused_when_bound(engine):
    circuit = Circuit(1, [g.depolarizing(weights(1)[0], 0)])
    with pytest.raises(ChannelError, match="depolarizing"):
        circuit.expectation("Z0", w=torch.tensor([1.7]), backend=PauliTransfer(engine=engine))


@each_engine
def test_single_precision(engine):
    w = weights(2)
    circuit = Circuit(2, [g.ry(w[0], 0), g.cx(0, 1), g.kraus(random_channel(0, 4), 0, 1),
                          g.rx(w[1], 1)])  # fmt: skip
    values = torch.tensor([0.3, 0.8])
    found = circuit.expectation("Z0 Z1", w=values, backend=PauliTransfer(engine=engine))
    expected = circuit.expectation("Z0 Z1", w=values.double(), backend=DensityMatrix("torch"))
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(expected), abs=1e-5)


@each_engine
def test_an_empty_batch(engine):
    from circuits import inputs

    circuit = Circuit(1, [g.rx(inputs(1)[0], 0), g.bit_flip(0.1, 0)])
    x = torch.zeros(0, 1, dtype=torch.float64, requires_grad=True)
    value = circuit.expectation("Z0", x, backend=PauliTransfer(engine=engine))
    value.sum().backward()
    assert value.shape == (0, 1)
    assert x.grad is not None


def test_too_many_qubits_are_refused_before_anything_is_allocated():
    wide = Circuit(25, [g.h(q) for q in range(25)])
    with pytest.raises(ResourceLimitError, match="Trajectories"):
        wide.expectation("Z0", backend=PauliTransfer(engine="torch"))


def test_probabilities_equal_the_density_matrix():
    circuit = Circuit(3, [g.h(0), g.cx(0, 2), g.kraus(random_channel(4, 2), 2), g.ry(0.3, 1)])
    found = circuit.probabilities(qubits=[2, 0], backend=PauliTransfer())
    expected = circuit.probabilities(qubits=[2, 0], backend=DensityMatrix("torch"))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=1e-12)
