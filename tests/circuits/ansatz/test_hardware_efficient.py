from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import ansatz, errors
from tests.circuits.ansatz.unitaries import random_weights

QISKIT_ENTANGLEMENT = {
    "linear": "linear",
    "reverse_linear": "reverse_linear",
    "full": "full",
    "circular": "circular",
    "pairs": "pairwise",
}


def assert_same_state(circuit, reference, w):
    from qiskit.quantum_info import Statevector

    assert reference.num_parameters == circuit.n_weights
    values = dict(zip(reference.parameters, w.ravel().tolist(), strict=True))
    expected = Statevector(reference.assign_parameters(values)).data
    np.testing.assert_allclose(circuit.statevector(w=w).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("entangler", QISKIT_ENTANGLEMENT)
def test_efficient_su2_is_qiskits(entangler, n, final):
    library = pytest.importorskip("qiskit.circuit.library")
    circuit = ansatz.efficient_su2(n, 2, entangler=entangler, final_rotations=final)
    reference = library.efficient_su2(
        n,
        entanglement=QISKIT_ENTANGLEMENT[entangler],
        reps=2,
        skip_final_rotation_layer=not final,
    )
    assert_same_state(circuit, reference, random_weights(circuit))
    assert circuit.count_ops().get("cx", 0) == reference.count_ops().get("cx", 0)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_real_amplitudes_is_qiskits_and_real(n):
    library = pytest.importorskip("qiskit.circuit.library")
    circuit = ansatz.real_amplitudes(n)
    w = random_weights(circuit)
    assert_same_state(circuit, library.real_amplitudes(n), w)
    assert circuit.statevector(w=w).imag.abs().max() == 0


def test_defaults_are_ry_rz_and_a_ring_of_cx():
    circuit = ansatz.hardware_efficient(3, 2)
    assert circuit.parameters[0].shape == (3, 2, 3)
    assert circuit.count_ops() == {"ry": 9, "rz": 9, "cx": 6}
    assert [op.qubits for op in circuit.ops if op.name == "cx"][:3] == [(0, 1), (1, 2), (2, 0)]


def test_every_weight_is_used_once_in_row_major_order():
    circuit = ansatz.hardware_efficient(3, 2, rotations=("rx", "ry", "rz"), gate="rzz")
    symbols = [s for op in circuit.ops for angle in op.angles for s in angle.symbols]
    assert [s.index for s in symbols] == list(range(circuit.n_weights))
    assert circuit.parameters[0].shape == (3 * 3 * 3 + 2 * 3,)


def test_closed_form_of_one_layer():
    circuit = ansatz.hardware_efficient(2, 1, rotations="ry", entangler="linear", gate="cx")
    a, b, c, d = w = torch.tensor([0.3, 1.1, 0.0, 0.0], dtype=torch.float64)
    cos, sin = torch.cos(w / 2), torch.sin(w / 2)
    assert (c, d) == (0, 0)
    assert a != b
    expected = torch.stack([cos[0] * cos[1], sin[0] * sin[1], cos[0] * sin[1], sin[0] * cos[1]])
    state = circuit.statevector(w=w.reshape(2, 1, 2))
    torch.testing.assert_close(state.real, expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_qubits": 0}, errors.InvalidArgumentError, "n_qubits"),
        ({"n_qubits": 2.0}, errors.ArgumentTypeError, "n_qubits"),
        ({"layers": 0}, errors.InvalidArgumentError, "layers"),
        ({"rotations": ("ry", "h")}, errors.InvalidArgumentError, "'rx'"),
        ({"rotations": ()}, errors.InvalidArgumentError, "at least one"),
        ({"gate": "ccx"}, errors.InvalidArgumentError, "two qubits"),
        ({"gate": "cu3"}, errors.InvalidArgumentError, "at most 1 angle"),
        ({"gate": "cnot"}, errors.UnknownGateError, "cnot"),
        ({"entangler": "star"}, errors.InvalidArgumentError, "star"),
        ({"name": "no name"}, errors.InvalidArgumentError, "identifier"),
    ],
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        ansatz.hardware_efficient(**{"n_qubits": 3, "layers": 1, **options})
