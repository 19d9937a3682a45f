from __future__ import annotations

import pytest
import torch

from circuits import ansatz, errors
from tests.circuits.ansatz.unitaries import random_weights, unitary_of


def test_rows_of_bricks_with_weights_of_their_own():
    circuit = ansatz.brickwork_su4(5, 2, name="w")
    assert circuit.parameters[0].shape == (2, 4, 15)
    blocks = [op.qubits for op in circuit.ops if op.name == "rz"]
    assert blocks == [(1,), (3,), (2,), (4,)] * 2
    used = [s.index for op in circuit.ops for angle in op.angles for s in angle.symbols]
    assert used == list(range(2 * 4 * 15))


def test_two_qubits_one_layer_is_the_block():
    circuit = ansatz.brickwork_su4(2, 1)
    w = random_weights(circuit)
    block = ansatz.BLOCKS["SU4"].circuit()
    torch.testing.assert_close(unitary_of(circuit, w), unitary_of(block, w.reshape(15)))


def test_other_blocks_and_patterns():
    circuit = ansatz.brickwork(3, 2, block="U15", entangler="ring")
    assert circuit.parameters[0].shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_qubits": 1}, "n_qubits"), ({"entangler": []}, "no pairs"), ({"block": "U7"}, "block")],
)
def test_bad_arguments(options, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        ansatz.brickwork(**{"n_qubits": 3, "layers": 1, **options})
