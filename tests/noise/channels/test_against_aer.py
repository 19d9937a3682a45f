"""Every channel is the one of the same name in Qiskit Aer, in all representations."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qiskit_aer")

from qiskit import quantum_info as qi
from qiskit_aer import noise as aer

from circuits import Circuit
from circuits import gates as g
from tests.noise.channels.examples import EXAMPLES
from tests.support.channels import final_state, scrambled
from tests.support.strategies import random_channel


def rotation(theta: float, label: str) -> np.ndarray:
    pauli = qi.Pauli(label[::-1]).to_matrix()
    return np.cos(theta / 2) * np.eye(len(pauli)) - 1j * np.sin(theta / 2) * pauli


AER = {
    "depolarizing": lambda: aer.depolarizing_error(0.2, 1),
    "depolarizing-2": lambda: aer.depolarizing_error(0.2, 2),
    "depolarizing-above-1": lambda: aer.depolarizing_error(1.2, 1),
    "pauli-1": lambda: aer.pauli_error([("X", 0.1), ("Y", 0.05), ("Z", 0.15), ("I", 0.7)]),
    "pauli-2": lambda: aer.pauli_error([("IX", 0.1), ("YZ", 0.15), ("ZI", 0.02), ("II", 0.73)]),
    "bit-flip": lambda: aer.pauli_error([("X", 0.1), ("I", 0.9)]),
    "phase-flip": lambda: aer.pauli_error([("Z", 0.1), ("I", 0.9)]),
    "bit-phase-flip": lambda: aer.pauli_error([("Y", 0.1), ("I", 0.9)]),
    "amplitude-damping": lambda: aer.amplitude_damping_error(0.3),
    "amplitude-damping-warm": lambda: aer.amplitude_damping_error(0.3, 0.2),
    "phase-damping": lambda: aer.phase_damping_error(0.3),
    "thermal": lambda: aer.thermal_relaxation_error(3.0, 2.0, 1.0, 0.1),
    "thermal-t2-above-t1": lambda: aer.thermal_relaxation_error(3.0, 5.5, 1.0, 0.1),
    "thermal-no-decay": lambda: aer.thermal_relaxation_error(np.inf, 2.0, 1.0),
    "over-rotation": lambda: aer.coherent_unitary_error(rotation(0.3, "ZX")),
    "lindblad": lambda: aer.PauliLindbladError(["IX", "ZZ"], [0.1, 0.2]),
    "kraus": lambda: aer.kraus_error(list(random_channel(1, 2))),
    "kraus-2": lambda: aer.kraus_error(list(random_channel(2, 4))),
    "transfer": lambda: aer.kraus_error(list(random_channel(5, 2))),
}

each = pytest.mark.parametrize("name", EXAMPLES)


def superop(name: str) -> qi.SuperOp:
    return qi.SuperOp(AER[name]())


def close(ours: object, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=0, atol=1e-12)


@each
def test_transfer_matrix(name):
    close(EXAMPLES[name].transfer(), qi.PTM(superop(name)).data)


@each
def test_superoperator(name):
    close(EXAMPLES[name].superoperator(), superop(name).data)


@each
def test_choi_matrix(name):
    close(EXAMPLES[name].choi(), qi.Choi(superop(name)).data)


@each
def test_chi_matrix(name):
    """Ours has trace 1, Qiskit's has trace d."""
    channel = EXAMPLES[name]
    close(channel.chi() * 2**channel.n_qubits, qi.Chi(superop(name)).data)


@each
def test_kraus_operators(name):
    operators = EXAMPLES[name].kraus()
    close(qi.SuperOp(qi.Kraus(list(operators.numpy()))).data, superop(name).data)


@each
def test_fidelities(name):
    channel = EXAMPLES[name]
    close(channel.average_gate_fidelity(), qi.average_gate_fidelity(superop(name)))
    close(channel.process_fidelity(), qi.process_fidelity(superop(name)))


@each
def test_in_a_circuit_on_qubits_out_of_order(name):
    channel = EXAMPLES[name]
    qubits = (2, 0)[: channel.n_qubits]
    circuit = scrambled(channel.on(*qubits), seed=6)
    state = qi.DensityMatrix.from_label("000")
    state = state.evolve(qi.Operator(circuit.ops[0].data))
    state = state.evolve(superop(name), qargs=list(qubits))
    state = state.evolve(qi.Operator(circuit.ops[2].data))
    close(final_state(circuit), state.data)


def test_composition_order_with_channels_that_are_not_unital():
    """Damping then Kraus then warm damping; any other order gives another state."""
    names = ("amplitude-damping", "kraus", "amplitude-damping-warm")
    circuit = Circuit(2, [g.ry(0.7, 0), g.cx(0, 1), *(EXAMPLES[n].on(1) for n in names)])
    first, second, third = (EXAMPLES[n] for n in names)
    joined = Circuit(2, [g.ry(0.7, 0), g.cx(0, 1), first.then(second).then(third).on(1)])
    state = qi.DensityMatrix.from_label("00").evolve(Circuit(2, circuit.ops[:2]).to_qiskit())
    for name in names:
        state = state.evolve(superop(name), qargs=[1])
    close(final_state(circuit), state.data)
    close(final_state(joined), state.data)
    reverse = Circuit(2, [g.ry(0.7, 0), g.cx(0, 1), *(EXAMPLES[n].on(1) for n in names[::-1])])
    assert np.abs(final_state(reverse) - state.data).max() > 0.01
