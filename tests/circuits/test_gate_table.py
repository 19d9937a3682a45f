"""The gate table record by record: matrices, inverses, generators, frequencies, controls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("qiskit")

from qiskit.quantum_info import Operator

from circuits import Circuit
from circuits import gates as g
from circuits.gates.record import pauli_matrix
from tests.support.properties import assert_unitary
from tests.support.qiskit_reference import CLASSES
from tests.support.strategies import FIXED_SHAPE, NOT_UNITARY, random_unitary

ASKED_FOR = (
    "id h x y z s sdg t tdg sx sxdg rx ry rz p u u1 u2 u3 cx cy cz ch cs csx swap iswap ecr crx "
    "cry crz cp cu cu1 cu3 rxx ryy rzz rzx ccx ccz cswap c3x c4x c3sqrtx rccx rc3x global_phase "
    "barrier delay pauli_rotation unitary state_preparation kraus"
).split()


def example_angles(name: str) -> list[float]:
    return np.random.default_rng(len(name)).uniform(-3, 3, g.TABLE[name].n_angles).tolist()


def matrix_of(name: str, angles) -> np.ndarray:
    return g.TABLE[name].matrix(torch.tensor(angles, dtype=torch.float64)).numpy()


def example_op(name: str):
    gate = g.TABLE[name]
    return getattr(g, name)(*example_angles(name), *range(gate.n_qubits or 0))


def circuit_unitary(ops, n: int) -> np.ndarray:
    """Columns are the states that basis states go to."""
    columns = []
    for j in range(2**n):
        flips = [g.x(q) for q in range(n) if j >> q & 1]
        columns.append(Circuit(n, [*flips, *ops]).statevector().numpy())
    return np.stack(columns, axis=1)


def test_the_table_has_every_gate_asked_for():
    assert not set(ASKED_FOR) - set(g.TABLE)
    assert all(callable(getattr(g, name)) for name in g.TABLE)
    assert set(CLASSES) == set(FIXED_SHAPE)


@pytest.mark.parametrize("name", FIXED_SHAPE)
def test_matrix_is_qiskits(name):
    angles = example_angles(name)
    matrix = matrix_of(name, angles)
    assert_unitary(matrix)
    np.testing.assert_allclose(matrix, Operator(CLASSES[name](*angles)).data, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", FIXED_SHAPE)
def test_matrix_functions_are_batched(name):
    gate = g.TABLE[name]
    angles = torch.rand(3, 2, gate.n_angles, dtype=torch.float64)
    matrices = gate.matrix(angles)
    d = 2 ** (gate.n_qubits or 0)
    assert matrices.shape == (3, 2, d, d)
    for index in np.ndindex(3, 2):
        np.testing.assert_allclose(matrices[index], gate.matrix(angles[index]), rtol=0, atol=1e-14)
    assert gate.matrix(angles.float()).dtype == torch.complex64


@pytest.mark.parametrize("name", [n for n in g.TABLE if n not in (*NOT_UNITARY, "delay")])
def test_inverse_undoes_the_gate(name):
    if name == "pauli_rotation":
        op = g.pauli_rotation(0.7, "XYZ", 2, 0, 1)
    elif name == "unitary":
        op = g.unitary(random_unitary(1, 8), 1, 2, 0)
    elif name == "barrier":
        op = g.barrier(0, 1)
    else:
        op = example_op(name)
    n = max(op.qubits, default=0) + 1
    circuit = Circuit(n, [op])
    identity = circuit_unitary((circuit + circuit.inverse()).ops, n)
    np.testing.assert_allclose(identity, np.eye(2**n), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [n for n in FIXED_SHAPE if g.TABLE[n].n_angles])
def test_generators_are_the_derivatives(name):
    """dU/da is -i G inside the product: U^dagger dU/da has the spectrum of -i G."""
    gate = g.TABLE[name]
    assert gate.block is not None
    angles = torch.tensor(example_angles(name), dtype=torch.float64)
    step = 1e-6
    for k, generator in enumerate(gate.generators):
        up, down = angles.clone(), angles.clone()
        up[k] += step
        down[k] -= step
        slope = (gate.block(up) - gate.block(down)).numpy() / (2 * step)
        log_slope = 1j * gate.block(angles).numpy().conj().T @ slope
        np.testing.assert_allclose(log_slope, log_slope.conj().T, atol=1e-8)
        expected = sum(c * pauli_matrix(label) for label, c in generator.items())
        np.testing.assert_allclose(
            np.linalg.eigvalsh(log_slope), np.linalg.eigvalsh(np.asarray(expected)), atol=1e-8
        )


@pytest.mark.parametrize(
    "name", [n for n in FIXED_SHAPE if g.TABLE[n].n_angles and n != "global_phase"]
)
def test_frequencies_are_those_of_expectation_values(name):
    """An expectation value as a function of one angle holds exactly the stated frequencies."""
    gate = g.TABLE[name]
    n = gate.n_qubits
    assert n is not None
    before, after = (g.unitary(random_unitary(seed, 2**n), *range(n)) for seed in (3, 4))
    points, period = 16, 4 * np.pi  # all frequencies are multiples of one half
    base = example_angles(name)
    for k, frequencies in enumerate(gate.frequencies):
        values = []
        for t in np.arange(points) * period / points:
            angles = [*base[:k], t, *base[k + 1 :]]
            middle = getattr(g, name)(*angles, *range(n))
            values.append(float(Circuit(n, [before, middle, after]).expectation("Z0")[0]))
        spectrum = np.abs(np.fft.rfft(values)) / points
        seen = {j / 2 for j in range(1, len(spectrum)) if spectrum[j] > 1e-9}
        assert seen == set(frequencies)


@pytest.mark.parametrize("name", [n for n in FIXED_SHAPE if n != "global_phase"])
@pytest.mark.parametrize("added", [1, 2])
def test_controlled_variants(name, added):
    op = example_op(name)
    n = len(op.qubits)
    if n + added > 5:
        pytest.skip("more than five qubits")
    controls = list(range(n, n + added))
    block = g.TABLE[name].matrix(torch.tensor(example_angles(name), dtype=torch.float64)).numpy()
    expected = np.eye(2 ** (n + added), dtype=complex)
    expected[-(2**n) :, -(2**n) :] = block
    controlled = g.controlled(op, *controls)
    found = circuit_unitary([controlled], n + added)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert controlled.qubits[:added] == tuple(controls)
    undone = circuit_unitary(
        (Circuit(n + added, [controlled]) + Circuit(n + added, [controlled]).inverse()).ops,
        n + added,
    )
    np.testing.assert_allclose(undone, np.eye(2 ** (n + added)), rtol=0, atol=1e-12)


def test_controlled_global_phase_is_a_phase_gate():
    assert g.controlled(g.global_phase(0.3), 1) == g.p(0.3, 1)
    assert g.controlled(g.global_phase(0.3), 0, 1) == g.cp(0.3, 0, 1)


def test_controlling_twice_is_controlling_by_both():
    once = Circuit(4, [g.h(q) for q in range(4)] + [g.controlled(g.rx(0.4, 0), 1, 2, 3)])
    nested = g.controlled(g.controlled(g.controlled(g.rx(0.4, 0), 1), 2), 3)
    twice = Circuit(4, [g.h(q) for q in range(4)] + [nested])
    torch.testing.assert_close(once.statevector(), twice.statevector(), rtol=0, atol=1e-14)


def test_frequencies_of_controlled_pauli_rotations():
    assert g.pauli_rotation(0.1, "XY", 0, 1).gate.frequencies == ((1.0,),)
    assert g.controlled(g.pauli_rotation(0.1, "XY", 0, 1), 2).gate.frequencies == ((0.5, 1.0),)


def test_gates_are_found_by_name():
    assert g.gate_named("cx").name == "cx"
    assert g.gate_named("c^2(x)") is g.TABLE["ccx"]
    assert g.gate_named("c^2(unitary)").n_controls == 2
    for name in FIXED_SHAPE:
        assert g.gate_named(name).name == name
