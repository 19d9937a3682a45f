"""One test per convention of the library; each says the sentence that it pins."""

from __future__ import annotations

import math

import pytest
import torch

from circuits import Circuit, PauliSum, counts, inputs, weights
from circuits import gates as g
from circuits.errors import KetworkError


def test_qubit_0_is_the_least_significant_bit():
    assert Circuit(3, [g.x(0)]).statevector().abs().argmax() == 1
    assert Circuit(3, [g.x(2)]).probabilities().argmax() == 4


def test_full_width_labels_have_qubit_0_on_the_right():
    flipped = Circuit(2, [g.x(0)])
    assert flipped.expectation(["IZ", "ZI", "Z0", "Z1"]).tolist() == [-1, 1, -1, 1]
    assert PauliSum("IZ").terms == PauliSum("Z0").terms


def test_samples_have_qubit_q_in_column_q_and_counts_on_the_right():
    samples = Circuit(3, [g.x(0), g.x(1)]).sample(5)
    assert samples.dtype == torch.uint8
    assert samples.tolist() == [[1, 1, 0]] * 5
    assert counts(samples) == {"011": 5}


def test_num_qubits_is_an_alias():
    assert Circuit(3).n_qubits == Circuit(3).num_qubits == 3


def test_pauli_strings_and_matrices_follow_the_listed_qubits():
    """Character k acts on the k-th listed qubit; the first is the least significant bit."""
    turned = Circuit(3, [g.pauli_rotation(math.pi, "XZ", 2, 0)]).probabilities()
    assert turned.argmax() == 4
    increment = torch.roll(torch.eye(4), 1, 0)  # |j> -> |j + 1 mod 4>
    moved = Circuit(3, [g.unitary(increment, 2, 0)]).probabilities()
    assert moved.argmax() == 4  # the low bit of the pair is qubit 2
    prepared = Circuit(3, [g.state_preparation([0, 1, 0, 0], 2, 0)]).probabilities()
    assert prepared.argmax() == 4


def test_kept_qubits_come_in_the_order_asked_for():
    circuit = Circuit(3, [g.x(2)])
    assert circuit.probabilities(qubits=[2, 0]).argmax() == 1
    assert circuit.probabilities(qubits=[0, 2]).argmax() == 2


def test_rotations_are_exp_minus_i_theta_p_over_2():
    theta = 0.7
    assert torch.allclose(
        Circuit(1, [g.rx(theta, 0)]).statevector(),
        torch.tensor([math.cos(theta / 2), -1j * math.sin(theta / 2)], dtype=torch.complex128),
    )
    rz = Circuit(1, [g.rz(theta, 0)]).statevector()[0]
    assert torch.allclose(rz.angle(), torch.tensor(-theta / 2, dtype=torch.float64))
    assert Circuit(1, [g.ry(theta, 0)]).expectation("X0").item() == pytest.approx(math.sin(theta))
    rzz = Circuit(2, [g.h(0), g.rzz(theta, 0, 1)]).expectation("Y0").item()
    assert rzz == pytest.approx(math.sin(theta))  # exp(-i theta ZZ/2) turns X towards Y


def test_controls_come_first():
    assert Circuit(2, [g.x(0), g.cx(0, 1)]).probabilities().argmax() == 3
    assert Circuit(2, [g.x(0), g.cx(1, 0)]).probabilities().argmax() == 1
    assert Circuit(3, [g.x(0), g.x(1), g.cswap(0, 1, 2)]).probabilities().argmax() == 5


def test_global_phase_is_kept():
    state = Circuit(1, [g.global_phase(0.4)]).statevector()
    assert torch.allclose(state[0].angle(), torch.tensor(0.4, dtype=torch.float64))
    negative = Circuit(1, [g.rx(2 * math.pi, 0)]).statevector()[0]
    assert negative.real.item() == pytest.approx(-1)


def test_batch_first_outputs_last_never_a_scalar():
    x = inputs(2)
    circuit = Circuit(2, [g.rx(x[0], 0), g.rx(x[1], 1)])
    assert circuit.expectation("Z0", torch.rand(2)).shape == (1,)
    assert circuit.expectation("Z0", torch.rand(5, 4, 2)).shape == (5, 4, 1)
    assert circuit.expectation(["Z0", "Z1", "X0"], torch.rand(5, 2)).shape == (5, 3)
    assert circuit.statevector(torch.rand(5, 2)).shape == (5, 4)
    assert circuit.probabilities(torch.rand(5, 2)).shape == (5, 4)
    assert circuit.sample(7, torch.rand(5, 3, 2)).shape == (5, 3, 7, 2)


def test_groups_accept_their_shape_or_a_flat_axis():
    x = inputs(2, 2)
    circuit = Circuit(
        2, [g.rx(x[i, j], i) if j else g.ry(x[i, j], i) for i in (0, 1) for j in (0, 1)]
    )
    values = torch.rand(5, 2, 2)
    torch.testing.assert_close(
        circuit.expectation("Z0", values), circuit.expectation("Z0", values.reshape(5, 4))
    )


def test_a_scalar_group_has_no_axis():
    t = inputs()
    circuit = Circuit(1, [g.rx(t, 0)])
    assert circuit.expectation("Z0", torch.tensor(math.pi)).item() == pytest.approx(-1)
    assert circuit.expectation("Z0", torch.rand(6)).shape == (6, 1)


def test_values_without_tensors_are_double_and_otherwise_follow_x():
    x, w = inputs(1), weights(1)
    circuit = Circuit(1, [g.rx(x[0], 0), g.ry(w[0], 0)])
    assert Circuit(1, [g.h(0)]).expectation("X0").dtype == torch.float64
    assert Circuit(1, [g.h(0)]).statevector().dtype == torch.complex128
    single, double = torch.rand(1), torch.rand(1, dtype=torch.float64)
    many = torch.rand(200, 1)
    assert circuit.expectation("Z0", single, double).dtype == torch.float32
    assert circuit.expectation("Z0", double, single).dtype == torch.float64
    # computed in the promoted type: float64 precision, rounded once
    exact = circuit.expectation("Z0", many.double(), double)
    assert torch.equal(circuit.expectation("Z0", many, double), exact.float())
    for half in (torch.float16, torch.bfloat16):
        rounded = circuit.expectation("Z0", single.to(half), double.to(half))
        assert rounded.dtype == half
        in_single = circuit.expectation("Z0", single.to(half).float(), double.to(half).float())
        assert torch.equal(rounded, in_single.to(half))
    only_w = Circuit(1, [g.ry(w[0], 0)])
    assert only_w.expectation("Z0", w=single).dtype == torch.float32


def test_a_bare_string_is_one_observable():
    assert Circuit(2, [g.h(0)]).expectation("Z0 Z1").shape == (1,)


def test_delay_barrier_and_id_do_nothing():
    ops = [g.h(0), g.barrier(), g.delay(1e-6, 0), g.id(1), g.cx(0, 1)]
    plain = Circuit(2, [g.h(0), g.cx(0, 1)])
    assert torch.equal(Circuit(2, ops).statevector(), plain.statevector())


def test_all_errors_derive_from_one_class():
    from circuits import errors

    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    assert all(issubclass(c, KetworkError | Warning) for c in classes)
