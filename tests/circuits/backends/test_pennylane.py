"""`PennyLane`: PennyLane's devices as backends."""

from __future__ import annotations

import copy
import math
import pickle

import pytest
import torch
from hypothesis import given, settings

pytest.importorskip("pennylane")

import numpy as np
import pennylane as qp

import circuits
from circuits import (
    Circuit,
    DensityMatrix,
    PauliSum,
    Probabilities,
    Request,
    StateVector,
    inputs,
    weights,
)
from circuits import gates as g
from circuits.backends.pennylane import backend as module
from circuits.errors import (
    ArgumentTypeError,
    ConversionError,
    InvalidArgumentError,
    JobFailedError,
    NonFiniteError,
    UnsupportedOperationError,
)
from qml import QuantumLayer
from tests.support import strategies
from tests.support.properties import assert_plausible

OBSERVED = [PauliSum("Z0"), PauliSum("X0 Y1"), PauliSum({"ZZZ": 1.0, "XXI": 0.5, "": 0.25}),
            PauliSum({"": 2.0})]  # fmt: skip


def example() -> Circuit:
    x, w = inputs(2), weights(2)
    return Circuit(
        3,
        [g.ry(x[0], 0), g.rx(w[0], 1), g.cx(0, 2), g.u(0.1, w[1] * x[1], 0.3, 2), g.rzz(x[1], 1, 2),
         g.cx(2, 1), g.rx(0.3, 0)],
    )  # fmt: skip


def rows(points: int) -> torch.Tensor:
    return torch.rand(points, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.fixture
def executed(monkeypatch):
    """Numbers of tapes of each execution, and their batch sizes."""
    seen = []
    execute = qp.execute

    def recording(tapes, device, **options):
        seen.append([tape.batch_size for tape in tapes])
        return execute(tapes, device, **options)

    monkeypatch.setattr(qp, "execute", recording)
    return seen


def test_all_points_are_one_tape(executed):
    backend = circuits.PennyLane("default.qubit")
    requests = [Request(example(), rows(50), OBSERVED), Request(example(), rows(7), OBSERVED)]
    backend.run(requests)
    assert executed == [[50, 7]]


def test_numbers_that_all_points_share_are_given_once():
    table = rows(5)
    table[:, 2:] = table[0, 2:]
    prepared = module.prepare(example())
    angles = prepared.angles(Request(example(), table, OBSERVED))
    ops = prepared.operations(angles, prepared.varying(angles))
    assert [op.batch_size for op in ops] == [5, None, None, 5, 5, None, None]


@pytest.mark.parametrize("most", [1, 3])
def test_requests_are_cut_into_tapes(executed, most):
    whole = circuits.PennyLane("default.qubit").run([Request(example(), rows(7), OBSERVED)])
    cut = circuits.PennyLane("default.qubit", max_points=most)
    (result,) = cut.run([Request(example(), rows(7), OBSERVED)])
    assert executed[1] == {1: [None] * 7, 3: [3, 3, None]}[most]
    torch.testing.assert_close(result.values, whole[0].values, rtol=0, atol=1e-12)
    (samples,) = cut.run([Request(example(), rows(7), qubits=(0, 2), shots=20)])
    assert samples.samples.shape == (7, 20, 2)


@settings(max_examples=60)
@given(strategies.circuits(max_qubits=3, max_ops=6))
def test_every_gate_of_the_table(circuit):
    circuit = Circuit(circuit.n_qubits, [op for op in circuit.ops if op.kind != "delay"])
    x, w = strategies.random_values(circuit, 3, (3,))
    observables = ["Z0", {"".join("XYZ"[: circuit.n_qubits]): 0.5, "Y" * circuit.n_qubits: 1.5}]
    found, exact = (
        circuit.expectation(observables, x, w, backend=backend)
        for backend in (circuits.PennyLane("default.qubit"), StateVector("torch"))
    )
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-9)


def test_channels_whose_strength_differs_between_points():
    x = inputs(2)
    circuit = Circuit(1, [g.ry(x[0], 0), g.amplitude_damping(x[1], 0), g.bit_flip(0.5 * x[1], 0)])
    table = torch.tensor([[0.3, 0.1], [0.8, 0.6], [1.2, 0.0]], dtype=torch.float64)
    request = Request(circuit, table, [PauliSum("Z0"), PauliSum("X0")])
    backend = circuits.PennyLane("default.mixed")
    found, exact = (b.run([request])[0].values for b in (backend, DensityMatrix("torch")))
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-12)


def test_state_preparation_from_symbols():
    x = inputs(2)
    circuit = Circuit(1, [g.state_preparation([x[0], x[1]], 0)])
    table = torch.tensor([[3.0, 4.0], [1.0, 0.0]], dtype=torch.float64)
    backend = circuits.PennyLane("default.qubit")
    (result,) = backend.run([Request(circuit, table, [PauliSum("Z0")])])
    torch.testing.assert_close(
        result.values, torch.tensor([[-0.28], [1.0]], dtype=torch.float64), rtol=0, atol=1e-12
    )


def test_points_without_anything_that_varies_are_sampled_one_by_one():
    circuit = Circuit(1, [g.h(0)])
    table = torch.zeros(6, 0, dtype=torch.float64)
    request = Request(circuit, table, qubits=(0,), shots=64, generator=1)
    (result,) = circuits.PennyLane("default.qubit").run([request])
    patterns = {tuple(point.flatten().tolist()) for point in result.samples}
    assert len(patterns) == 6  # equal by chance: 15 pairs, 2^-64 each
    (exact,) = circuits.PennyLane("default.qubit").run([Request(circuit, table, [PauliSum("X0")])])
    assert exact.values.tolist() == [[pytest.approx(1.0)]] * 6


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "default.mixed"])
def test_estimates_and_their_errors(name):
    """200 estimates per observable: none beyond 6 standard errors (false alarm 8e-7 in all)."""
    x = inputs(1)
    circuit = Circuit(3, [g.ry(x[0], 0), g.cx(0, 2), g.rz(0.8, 2), g.rx(0.4, 2), g.ry(0.3, 1)])
    table = torch.linspace(0.5, 2.6, 200, dtype=torch.float64)[:, None]
    observables = [
        PauliSum("Z0"),
        PauliSum({"Z0 Z2": 0.5, "Z2": 1.0}),
        PauliSum({"X0 Y2": 1.0, "X1": 1.0}),
    ]
    request = Request(circuit, table, observables, shots=400, generator=3)
    (found,) = circuits.PennyLane(name).run([request])
    (exact,) = StateVector().run([Request(circuit, table, observables)])
    truth = exact.values
    assert_plausible(found.values, truth, found.standard_errors.clamp(min=0.02))
    score = (found.values - truth)[:, :2] / found.standard_errors[:, :2].clamp(min=1e-3)
    # The mean square of 400 standard normals is 1 with standard deviation 0.07.
    assert 0.6 < float((score**2).mean()) < 1.4


def test_seeds():
    request = Request(example(), rows(2), OBSERVED, shots=50)
    seeded = circuits.PennyLane("default.qubit", seed=4)
    first, second = (seeded.run([request])[0].values for _ in range(2))
    assert torch.equal(first, second)
    other = circuits.PennyLane("default.qubit", seed=5).run([request])[0].values
    assert not torch.equal(first, other)
    stream = circuits.PennyLane("default.qubit", seed=torch.Generator().manual_seed(4))
    draws = [stream.run([request])[0].values for _ in range(2)]
    assert not torch.equal(*draws)
    one, two = seeded.run([request, request])
    assert not torch.equal(one.values, two.values)


def test_probabilities_and_bit_order():
    circuit = Circuit(3, [g.x(0), g.ry(math.pi / 3, 2)])
    backend = circuits.PennyLane("default.qubit")
    found = circuit.probabilities(backend=backend)
    torch.testing.assert_close(found, circuit.probabilities(), rtol=0, atol=1e-12)
    samples = circuit.sample(100, backend=backend, generator=1)
    assert samples.shape == (100, 3)
    assert samples[:, 0].all()
    assert not samples[:, 1].any()


def test_a_layer_trains_on_a_device_by_parameter_shifts(executed):
    layer = QuantumLayer(example(), ["Z0", "X1"])
    x = torch.rand(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = layer.double()(x)
    (truth,) = torch.autograd.grad(expected.sum(), layer.weight)
    moved = layer.with_backend(circuits.PennyLane("default.qubit"))
    found = moved(x)
    (gradient,) = torch.autograd.grad(found.sum(), moved.weight)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, truth)
    assert len(executed) == 1


def test_probabilities_of_a_layer_on_a_device():
    layer = QuantumLayer(example(), Probabilities((2, 0))).double()
    x = torch.rand(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    moved = layer.with_backend(circuits.PennyLane("default.qubit"))
    torch.testing.assert_close(moved(x), layer(x))


def test_options_reach_the_device():
    circuit = Circuit(1, [g.rx(0.1, 0)])
    single = circuits.PennyLane("lightning.qubit", c_dtype=np.complex64)
    again = pickle.loads(pickle.dumps(copy.deepcopy(single)))
    assert "c_dtype" in repr(again)
    for backend in (single, again):
        error = circuit.expectation("Z0", backend=backend).item() - math.cos(0.1)
        assert 1e-12 < abs(error) < 1e-6


def test_no_points_and_no_strings():
    backend = circuits.PennyLane("default.qubit")
    empty = rows(1)[:0]
    results = backend.run(
        [Request(example(), empty, qubits=(0,), shots=5), Request(example(), empty, qubits=(0, 1)),
         Request(example(), empty, OBSERVED, shots=5), Request(example(), rows(2), [OBSERVED[3]])]
    )  # fmt: skip
    assert results[0].samples.shape == (0, 5, 1)
    assert results[1].values.shape == (0, 4)
    assert results[2].values.shape == results[2].variances.shape == (0, 4)
    assert results[3].values.tolist() == [[2.0], [2.0]]


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: circuits.PennyLane("default.qbit"), InvalidArgumentError, "'default.qubit'"),
        (lambda: circuits.PennyLane(3), ArgumentTypeError, "device_name"),
        (lambda: circuits.PennyLane("default.qubit", wires=2), InvalidArgumentError, "wires"),
        (lambda: circuits.PennyLane("default.qubit", shots=0), InvalidArgumentError, "shots"),
        (lambda: circuits.PennyLane("default.qubit", max_points=0), InvalidArgumentError, "most"),
        (lambda: circuits.PennyLane("default.qubit", seed="a"), InvalidArgumentError, "integer"),
    ],
)
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match.replace("most", "max_points")):
        make()


def test_options_that_the_device_does_not_have():
    with pytest.raises(InvalidArgumentError, match="colour"):
        Circuit(1).expectation("Z0", backend=circuits.PennyLane("default.qubit", colour=1))


def test_what_a_device_cannot_do_is_named():
    backend = circuits.PennyLane("default.qubit")
    with pytest.raises(ConversionError, match="delay"):
        Circuit(1, [g.delay(1e-6, 0)]).expectation("Z0", backend=backend)
    with pytest.raises(UnsupportedOperationError, match="bit_flip"):
        Circuit(1, [g.bit_flip(0.1, 0)]).expectation("Z0", backend=backend)
    x = inputs(2)
    with pytest.raises(NonFiniteError, match="finite"):
        example().expectation("Z0", rows(2)[:, :2] * math.nan, rows(1)[0, 2:], backend=backend)
    circuit = Circuit(1, [g.state_preparation([x[0], x[1]], 0)])
    zeros = torch.zeros(2, dtype=torch.float64)
    with pytest.raises(NonFiniteError, match="amplitudes"):
        circuit.expectation("Z0", zeros, backend=backend)
    with pytest.raises(NonFiniteError, match="amplitudes"):
        circuit.sample(3, zeros, backend=backend)


def test_failures_of_a_device_are_ours(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("at the plugin")

    monkeypatch.setattr(qp, "execute", fail)
    with pytest.raises(JobFailedError, match="ZeroDivisionError: at the plugin") as caught:
        Circuit(1).expectation("Z0", backend=circuits.PennyLane("default.qubit"))
    assert not caught.value.job_may_exist


def test_a_device_without_seeds_refuses_them(monkeypatch):
    monkeypatch.setattr(module.PennyLane, "_parameters", lambda *_: {"self", "wires"})
    with pytest.raises(UnsupportedOperationError, match="generator"):
        Circuit(1).sample(3, backend=circuits.PennyLane("default.qubit"), generator=1)
