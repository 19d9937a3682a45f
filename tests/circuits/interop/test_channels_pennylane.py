"""Channels of the gate table written for PennyLane."""

from __future__ import annotations

import numpy as np
import pytest
import torch

qp = pytest.importorskip("pennylane")

from circuits import Circuit, DensityMatrix, weights
from circuits import gates as g
from circuits.errors import ConversionError
from tests.support.channels import EXAMPLES, final_state, scrambled

THEIR_OWN = {
    "depolarizing": "DepolarizingChannel",
    "bit_flip": "BitFlip",
    "phase_flip": "PhaseFlip",
    "bit_phase_flip": "PauliError",
    "amplitude_damping": "AmplitudeDamping",
    "phase_damping": "PhaseDamping",
    "thermal_relaxation": "ThermalRelaxationError",
    "thermal_relaxation-long": "ThermalRelaxationError",
}
ORDER = [int(format(i, "03b")[::-1], 2) for i in range(8)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_channels_do_the_same_in_pennylane(name):
    circuit = scrambled(EXAMPLES[name])
    function = circuit.to_pennylane()

    @qp.qnode(qp.device("default.mixed", wires=3))
    def state():
        function()
        return qp.state()

    written = qp.tape.make_qscript(function)().operations[1].name
    assert written == THEIR_OWN.get(name, "QubitChannel")
    theirs = state()[np.ix_(ORDER, ORDER)]
    np.testing.assert_allclose(final_state(circuit), theirs, rtol=0, atol=1e-12)


def test_symbolic_strengths_are_parameters_there():
    w = weights(4)
    circuit = Circuit(
        1,
        [g.rx(0.4, 0), g.depolarizing(w[0], 0), g.ry(1.1, 0), g.amplitude_damping(w[1], 0),
         g.pauli_channel({"Y": w[2]}, 0), g.phase_damping(w[3], 0), g.rx(0.3, 0)],
    )  # fmt: skip
    function = circuit.to_pennylane()

    @qp.qnode(qp.device("default.mixed", wires=1), interface="torch")
    def expectation(w):
        function(None, w)
        return qp.expval(qp.Z(0))

    values = torch.tensor([0.1, 0.2, 0.3, 0.15], dtype=torch.float64, requires_grad=True)
    ours = circuit.expectation("Z0", w=values, backend=DensityMatrix("torch"))[0]
    theirs = expectation(values)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    mine, other = (torch.autograd.grad(v, values)[0] for v in (ours, theirs))
    torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda w: g.depolarizing(w, 0, 1),
        lambda w: g.pauli_channel({"XI": w, "IY": 0.1}, 0, 1),
        lambda w: g.pauli_lindblad({"XY": w}, 0, 1),
        lambda w: g.amplitude_damping(0.2, 0, population=w),
    ],
)
def test_what_pennylane_has_for_numbers_only_is_named(make):
    op = make(weights(1)[0])
    circuit = Circuit(2, [g.h(0), op])
    with pytest.raises(ConversionError, match=rf"Operation 1 \(`{op.name}`\).*bind"):
        circuit.to_pennylane()
    circuit.bind(w=[0.1]).to_pennylane()
