"""Channels of the gate table written for Qiskit and read back."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qiskit")

from qiskit.quantum_info import DensityMatrix as QiskitState

from circuits import Circuit, weights
from circuits import gates as g
from circuits.errors import ConversionError
from tests.support.channels import EXAMPLES, final_state, scrambled, transfer_of


@pytest.mark.parametrize("name", EXAMPLES)
def test_channels_do_the_same_in_qiskit(name):
    circuit = scrambled(EXAMPLES[name])
    evolved = QiskitState.from_label("000").evolve(circuit.to_qiskit()).data
    np.testing.assert_allclose(final_state(circuit), evolved, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", EXAMPLES)
def test_channels_come_back_as_kraus_operators(name):
    op = EXAMPLES[name]
    back = Circuit.from_qiskit(Circuit(3, [op]).to_qiskit()).ops[0]
    assert (back.name, back.qubits) == ("kraus", op.qubits)
    np.testing.assert_allclose(transfer_of(back), transfer_of(op), rtol=0, atol=1e-12)


def test_symbolic_strengths_are_named():
    circuit = Circuit(1, [g.h(0), g.bit_flip(weights(1)[0], 0)])
    with pytest.raises(ConversionError, match=r"Operation 1 \(`bit_flip`\).*bind"):
        circuit.to_qiskit()
    assert circuit.bind(w=[0.1]).to_qiskit().count_ops()["kraus"] == 1
