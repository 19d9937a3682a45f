from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import Circuit, ansatz, errors
from tests.circuits.ansatz.unitaries import random_weights, unitary_of

# Hur et al., arXiv:2108.00661: angles per block.
ANGLES = {
    "TTN": 2, "U5": 10, "U6": 10, "U9": 2, "U13": 6, "U14": 6, "U15": 4, "SO4": 6, "SU4": 15,
}  # fmt: skip


def _reference(qp, name: str, t: np.ndarray, a: int, b: int) -> None:
    """The blocks as the paper draws them, in PennyLane."""

    def both(gate, k):
        gate(t[k], wires=a)
        gate(t[k + 1], wires=b)

    def cross(gate, k):
        gate(t[k], wires=[b, a])
        gate(t[k + 1], wires=[a, b])

    if name == "TTN":
        both(qp.RY, 0)
        qp.CNOT([a, b])
    elif name in ("U5", "U6"):
        both(qp.RX, 0)
        both(qp.RZ, 2)
        cross(qp.CRZ if name == "U5" else qp.CRX, 4)
        both(qp.RX, 6)
        both(qp.RZ, 8)
    elif name == "U9":
        qp.Hadamard(a)
        qp.Hadamard(b)
        qp.CZ([a, b])
        both(qp.RX, 0)
    elif name in ("U13", "U14"):
        gate = qp.CRZ if name == "U13" else qp.CRX
        both(qp.RY, 0)
        gate(t[2], wires=[b, a])
        both(qp.RY, 3)
        gate(t[5], wires=[a, b])
    elif name == "U15":
        both(qp.RY, 0)
        qp.CNOT([b, a])
        both(qp.RY, 2)
        qp.CNOT([a, b])
    elif name == "SO4":
        both(qp.RY, 0)
        qp.CNOT([a, b])
        both(qp.RY, 2)
        qp.CNOT([a, b])
        both(qp.RY, 4)
    else:
        qp.U3(*t[0:3], wires=a)
        qp.U3(*t[3:6], wires=b)
        qp.CNOT([a, b])
        qp.RY(t[6], wires=a)
        qp.RZ(t[7], wires=b)
        qp.CNOT([b, a])
        qp.RY(t[8], wires=a)
        qp.CNOT([a, b])
        qp.U3(*t[9:12], wires=a)
        qp.U3(*t[12:15], wires=b)


def test_there_are_the_nine_blocks_of_the_paper():
    assert {name: block.n_angles for name, block in ansatz.BLOCKS.items()} == ANGLES


@pytest.mark.parametrize("name", ANGLES)
def test_blocks_agree_with_pennylane(name):
    qp = pytest.importorskip("pennylane")
    circuit = ansatz.BLOCKS[name].circuit()
    w = random_weights(circuit)
    matrix = qp.matrix(lambda: _reference(qp, name, w.numpy(), 1, 0), wire_order=[0, 1])()
    np.testing.assert_allclose(unitary_of(circuit, w).numpy(), matrix, atol=1e-12)


def test_pooling_agrees_with_pennylane():
    qp = pytest.importorskip("pennylane")

    def reference():
        qp.CRZ(0.3, wires=[1, 0])
        qp.PauliX(1)
        qp.CRX(-0.8, wires=[1, 0])

    ops = ansatz.POOLING.on([0.3, -0.8], 0, 1)
    expected = qp.matrix(reference, wire_order=[0, 1])()
    # PennyLane's wire 1 is the low bit, our qubit 0: the control in both.
    np.testing.assert_allclose(
        np.asarray(unitary_of(Circuit(2, ops)).numpy()), expected, atol=1e-12
    )


def _tangent_rank(name: str) -> int:
    """Dimension of the set of unitaries near random angles, global phase not counted."""
    circuit = ansatz.BLOCKS[name].circuit()
    w = random_weights(circuit, seed=3)
    matrix = unitary_of(circuit, w)
    jacobian = torch.autograd.functional.jacobian(
        lambda v: torch.view_as_real(unitary_of(circuit, v)), w
    )
    derivatives = torch.view_as_complex(jacobian.movedim(-1, 0).contiguous())
    generators = -1j * matrix.mH @ derivatives
    trace = torch.diagonal(generators, dim1=-2, dim2=-1).sum(-1) / 4
    traceless = generators - trace[:, None, None] * torch.eye(4)
    return int(torch.linalg.matrix_rank(torch.view_as_real(traceless).flatten(1), atol=1e-8))


def test_su4_block_moves_in_all_fifteen_directions():
    assert _tangent_rank("SU4") == 15


def test_so4_block_is_real_and_moves_in_all_six_directions():
    circuit = ansatz.BLOCKS["SO4"].circuit()
    matrix = unitary_of(circuit, random_weights(circuit))
    assert matrix.imag.abs().max() == 0
    torch.testing.assert_close(matrix.real @ matrix.real.T, torch.eye(4, dtype=torch.float64))
    assert _tangent_rank("SO4") == 6


def test_su4_block_reaches_a_given_unitary():
    target = torch.linalg.qr(
        torch.complex(
            *torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        )
    )[0]
    circuit = ansatz.BLOCKS["SU4"].circuit()
    w = random_weights(circuit, seed=1).requires_grad_()
    optimizer = torch.optim.LBFGS([w], max_iter=300, tolerance_grad=1e-12, tolerance_change=1e-14,
                                  line_search_fn="strong_wolfe")  # fmt: skip

    def infidelity():
        optimizer.zero_grad()
        loss = 1 - (torch.trace(target.mH @ unitary_of(circuit, w)).abs() / 4) ** 2
        loss.backward()
        return loss

    optimizer.step(infidelity)
    assert infidelity() < 1e-9


def test_wrong_number_of_angles():
    with pytest.raises(errors.InvalidArgumentError, match="takes 2 angles, got 3"):
        ansatz.BLOCKS["TTN"].on([0.1, 0.2, 0.3], 0, 1)


def test_unknown_block_lists_names_and_suggests():
    with pytest.raises(errors.InvalidArgumentError, match=r"TTN, .*Did you mean 'SU4'"):
        ansatz.block_named("su4")
