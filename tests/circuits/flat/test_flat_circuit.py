"""Flat circuits against ordinary ones."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from circuits import Circuit, FlatCircuit, PauliSum, StateVector, _native
from circuits import gates as g
from circuits.errors import (
    InvalidArgumentError,
    NonFiniteError,
    ObservableError,
    QubitError,
    ResourceLimitError,
    ShapeError,
    UnknownGateError,
)
from circuits.flat import GATES
from circuits.flat.table import CODES, N_ANGLES, N_QUBITS

OBSERVABLE = PauliSum({"Z0 Z1": 0.7, "X0": -0.4, "Y1 X2": 0.3, "": 0.2})
EXACT = {"rtol": 0, "atol": 1e-13}


@pytest.fixture(params=["kernels", "torch"])
def engine(request, monkeypatch):
    """With the kernels, and as if they had not been compiled."""
    if request.param == "torch":
        monkeypatch.setattr(_native, "kernels", lambda: None)
    elif _native.kernels() is None:
        pytest.skip("the native engine was not built")


def random_gates(seed, n_qubits=4, count=60):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, len(GATES), count)
    qubits = np.array([rng.permutation(n_qubits)[:3] for _ in range(count)])
    return codes, qubits, rng.uniform(-3, 3, int(N_ANGLES[codes].sum()))


def random_flat(seed, n_qubits=4, count=60):
    flat = FlatCircuit(n_qubits)
    flat.extend(*random_gates(seed, n_qubits, count))
    return flat


def expected_value_and_gradient(flat, angles):
    circuit = flat.to_circuit(symbols=True)
    w = torch.tensor(angles, requires_grad=True)
    value = circuit.expectation(OBSERVABLE, w=w, backend=StateVector("torch"))[..., 0]
    return value.detach().numpy(), torch.autograd.grad(value.sum(), w)[0].numpy()


@pytest.mark.parametrize("name", GATES)
def test_every_gate_is_the_gate_of_that_name(engine, name):
    flat = FlatCircuit(4)
    qubits = [2, 0, 3][: N_QUBITS[CODES[name]]]
    angle = 0.7 if N_ANGLES[CODES[name]] else None
    for k in range(4):
        flat.append("ry", k, angle=0.3 + 0.4 * k)
        flat.append("t", k)
    flat.append(name, *qubits, angle=angle)
    ordinary = Circuit(4, [op for k in range(4) for op in (g.ry(0.3 + 0.4 * k, k), g.t(k))])
    ordinary += [getattr(g, name)(*([] if angle is None else [angle]), *qubits)]
    torch.testing.assert_close(flat.statevector(), ordinary.statevector(), **EXACT)
    assert flat.to_circuit() == ordinary


@pytest.mark.parametrize("seed", range(4))
def test_states_of_several_sets_of_angles(engine, seed):
    flat = random_flat(seed, 4)
    table = np.random.default_rng(seed).uniform(-4, 4, (19, flat.n_angles))
    expected = flat.to_circuit(symbols=True).statevector(w=torch.from_numpy(table))
    torch.testing.assert_close(flat.statevector(table), expected, **EXACT)
    torch.testing.assert_close(flat.statevector(table[7]), expected[7], **EXACT)
    assert flat.statevector(table[:0]).shape == (0, 16)


def test_states_of_a_circuit_without_angles(engine):
    flat = FlatCircuit(2)
    flat.append("h", 0)
    assert torch.equal(flat.statevector(np.zeros((3, 0)))[2], flat.statevector())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n_qubits", [3, 4, 10])
def test_values_and_gradients(engine, seed, n_qubits):
    flat = random_flat(seed, n_qubits)
    value, slopes = flat.value_and_gradient(OBSERVABLE)
    expected, by_angles = expected_value_and_gradient(flat, flat.angles)
    assert isinstance(value, float)
    np.testing.assert_allclose(value, expected, **EXACT)
    np.testing.assert_allclose(slopes, by_angles, **EXACT)
    assert flat.expectation(OBSERVABLE) == pytest.approx(value, abs=1e-14)


@pytest.mark.parametrize("batch", [0, 1, 11])
def test_several_sets_of_angles(engine, batch):
    flat = random_flat(3)
    angles = np.random.default_rng(1).normal(size=(batch, flat.n_angles))
    values, slopes = flat.value_and_gradient(OBSERVABLE, angles)
    assert values.shape == (batch,)
    assert slopes.shape == angles.shape
    for k, row in enumerate(angles):
        value, slope = flat.value_and_gradient(OBSERVABLE, row)
        np.testing.assert_allclose(values[k], value, **EXACT)
        np.testing.assert_allclose(slopes[k], slope, **EXACT)


def test_a_step_of_a_search(engine):
    """Append, evaluate, take back: each value is that of the gates as they are then."""
    flat = random_flat(5, count=30)
    before, length = flat.copy(), len(flat)
    first = flat.expectation(OBSERVABLE)
    flat.append("rx", 1, angle=0.9)
    longer = flat.expectation(OBSERVABLE)
    assert longer == pytest.approx(FlatCircuit.expectation(flat.copy(), OBSERVABLE), abs=1e-14)
    assert abs(longer - first) > 1e-3
    flat.truncate(length)
    assert flat == before
    assert flat.expectation(OBSERVABLE) == first
    flat.angles[0] += 0.5
    assert flat != before
    assert abs(flat.expectation(OBSERVABLE) - first) > 1e-3


@pytest.mark.parametrize(
    "twin", [copy.deepcopy, copy.copy, lambda f: pickle.loads(pickle.dumps(f))]
)
def test_copies_and_pickles(engine, twin):
    flat = random_flat(7)
    value = flat.expectation(OBSERVABLE)
    other = twin(flat)
    assert other == flat
    assert other.expectation(OBSERVABLE) == value
    other.angles[:] += 1
    other.append("x", 0)
    assert flat.expectation(OBSERVABLE) == value


def test_growing_beyond_the_first_room():
    codes, qubits, angles = random_gates(2, count=300)
    whole, piecewise = FlatCircuit(4), FlatCircuit(4)
    whole.extend(codes, qubits, angles)
    used = 0
    for code, row in zip(codes, qubits, strict=True):
        angle = angles[used] if N_ANGLES[code] else None
        used += N_ANGLES[code]
        piecewise.append(GATES[code], *row[: N_QUBITS[code]], angle=angle)
    assert whole == piecewise
    assert len(whole) == 300
    assert whole.qubits[codes == CODES["x"]][:, 1:].max() == -1


def test_arrays_as_wide_as_their_gates():
    flat = FlatCircuit(3)
    flat.extend([CODES["h"], CODES["x"]], [[0], [2]])
    flat.extend([CODES["cx"]], [[0, 1]])
    flat.extend([], [])
    expected = FlatCircuit(3)
    for name, *qubits in (("h", 0), ("x", 2), ("cx", 0, 1)):
        expected.append(name, *qubits)
    assert flat == expected


def test_without_gates_or_angles(engine):
    flat = FlatCircuit(2)
    assert flat.expectation("Z0") == 1
    value, slopes = flat.value_and_gradient("Z0 Z1")
    assert (value, slopes.shape) == (1, (0,))


H, CX, RX = CODES["h"], CODES["cx"], CODES["rx"]


@pytest.mark.parametrize(
    ("arrays", "error"),
    [
        (([H], [0]), ShapeError),
        (([H, H], [[0]]), ShapeError),
        (([len(GATES)], [[0, 0, 0]]), UnknownGateError),
        (([-1], [[0, 0, 0]]), UnknownGateError),
        (([0.5], [[0, 0, 0]]), UnknownGateError),
        (([H], [[3, 0, 0]]), QubitError),
        (([H], [[-1, 0, 0]]), QubitError),
        (([CX], [[1, 1, 0]]), QubitError),
        (([CX], [[1]]), QubitError),
        (([H], [[0.0, 1.0, 2.0]]), QubitError),
        (([RX], [[0, 0, 0]]), InvalidArgumentError),
        (([H], [[0, 0, 0]], [0.1]), InvalidArgumentError),
        (([RX], [[0, 0, 0]], [np.nan]), InvalidArgumentError),
    ],
)
def test_wrong_arrays_are_refused_and_nothing_is_added(engine, arrays, error):
    flat = FlatCircuit(3)
    flat.append("h", 0)
    with pytest.raises(error):
        flat.extend(*arrays)
    assert len(flat) == 1
    assert flat.n_angles == 0


def test_other_mistakes(engine):
    flat = random_flat(1)
    with pytest.raises(UnknownGateError, match="has no gate 'u3'"):
        flat.append("u3", 0)
    with pytest.raises(InvalidArgumentError, match=r"`cx` acts on 2 qubit\(s\), got 1"):
        flat.append("cx", 0)
    with pytest.raises(InvalidArgumentError, match="between 0 and 60"):
        flat.truncate(61)
    with pytest.raises(ShapeError, match="angles"):
        flat.expectation("Z0", np.zeros(flat.n_angles + 1))
    with pytest.raises(NonFiniteError):
        flat.expectation("Z0", np.full(flat.n_angles, np.inf))
    with pytest.raises(ObservableError):
        flat.expectation("Z7")
    with pytest.raises(ResourceLimitError):
        FlatCircuit(50).expectation("Z0")
