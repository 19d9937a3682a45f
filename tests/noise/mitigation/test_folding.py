"""Folded circuits do the same with more gates, native ones, and the count is what it says."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit, inputs
from circuits import gates as g
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from noise.mitigation.folding import (
    fold_gates,
    fold_global,
    insert_identities,
    native_inverse,
    two_qubit_gates,
)

ANGLE = st.floats(-4, 4, allow_nan=False)
NATIVE = st.one_of(
    st.builds(g.rz, ANGLE, st.integers(0, 2)),
    st.builds(g.sx, st.integers(0, 2)),
    st.builds(g.x, st.integers(0, 2)),
    st.permutations([0, 1, 2]).map(lambda q: g.cx(q[0], q[1])),
    st.permutations([0, 1, 2]).map(lambda q: g.ecr(q[0], q[1])),
)
CIRCUITS = st.lists(NATIVE, min_size=1, max_size=14).map(
    lambda ops: Circuit(3, [g.rz(0.3, 0), g.cx(0, 1), *ops])
)
FOLDS = {
    "global": fold_global,
    "gates": fold_gates,
    "random": lambda c, f: fold_gates(
        c, f, random=True, generator=torch.Generator().manual_seed(3)
    ),
}


def overlap(first: Circuit, second: Circuit) -> float:
    """|<first|second>| of the states after a rotation that makes every basis state count."""
    start = [g.ry(0.4 + q, q) for q in range(first.n_qubits)]
    states = [Circuit(c.n_qubits, [*start, *c.ops]).statevector() for c in (first, second)]
    return float((states[0].conj() @ states[1]).abs())


def weight(circuit: Circuit) -> Counter:
    return Counter(op.name for op in circuit.ops)


@pytest.mark.parametrize("fold", FOLDS)
@given(circuit=CIRCUITS, factor=st.one_of(st.sampled_from([1, 3, 5, 7]), st.floats(1, 6)))
def test_folds(fold, circuit, factor):
    folded = FOLDS[fold](circuit, factor)
    assert overlap(folded.circuit, circuit) == pytest.approx(1, abs=1e-12)
    assert set(weight(folded.circuit)) <= {*weight(circuit), "rz"}
    base = two_qubit_gates(circuit)
    assert two_qubit_gates(folded.circuit) == pytest.approx(folded.factor * base, abs=1e-9)
    assert abs(folded.factor - factor) <= 1 / base + 1e-9
    if factor in (1, 3, 5, 7):
        assert folded.factor == factor
        for name in ("sx", "x", "cx", "ecr"):
            assert weight(folded.circuit)[name] == factor * weight(circuit)[name]


@pytest.mark.parametrize("fold", FOLDS)
def test_factor_one_changes_nothing(fold):
    circuit = Circuit(2, [g.sx(0), g.cx(0, 1), g.rz(0.1, 1)])
    assert FOLDS[fold](circuit, 1).circuit == circuit


def test_a_global_fold_is_the_circuit_back_and_forth():
    circuit = Circuit(2, [g.rz(0.5, 0), g.cx(0, 1)])
    expected = [g.rz(0.5, 0), g.cx(0, 1), g.cx(0, 1), g.rz(-0.5, 0), g.rz(0.5, 0), g.cx(0, 1)]
    assert fold_global(circuit, 3).circuit.ops == tuple(expected)
    assert fold_global(circuit, 3).factor == 3


def test_part_of_a_global_fold_is_at_the_end():
    circuit = Circuit(2, [g.cx(0, 1), g.x(0), g.cx(1, 0), g.cx(0, 1), g.cx(1, 0)])
    folded = fold_global(circuit, 1.6)
    assert folded.factor == 1.5
    assert folded.circuit.ops == (*circuit.ops, g.cx(1, 0), g.cx(1, 0))
    assert fold_global(circuit, 4).factor == 4
    assert two_qubit_gates(fold_global(circuit, 4).circuit) == 16


def test_parts_of_gate_folds_are_spread():
    circuit = Circuit(2, [g.cx(0, 1)] * 6)
    folded = fold_gates(circuit, 1 + 2 / 3)
    assert folded.factor == pytest.approx(5 / 3)
    assert len(folded.circuit) == 10
    marked = Circuit(2, [g.crx(0.1 * k, 0, 1) for k in range(6)])
    angles = [float(op.angles[0]) for op in fold_gates(marked, 1 + 2 / 3).circuit.ops]
    assert [k for k in range(6) if angles.count(0.1 * k) == 2] == [1, 4]


def test_random_folds_depend_on_the_seed():
    circuit = Circuit(2, [g.crx(0.1 * k, 0, 1) for k in range(12)])

    def draw(seed):
        generator = torch.Generator().manual_seed(seed)
        return fold_gates(circuit, 2, random=True, generator=generator)

    assert draw(1).circuit == draw(1).circuit
    assert draw(1).circuit != draw(2).circuit
    assert draw(1).factor == draw(2).factor == 2


def test_only_named_gates_are_folded():
    circuit = Circuit(2, [g.sx(0), g.cx(0, 1), g.x(1), g.rz(0.2, 0)])
    folded = fold_gates(circuit, 3, names=("cx",))
    assert weight(folded.circuit) == {"sx": 1, "cx": 3, "x": 1, "rz": 1}
    assert folded.factor == 3
    ones = fold_gates(circuit, 5, names=("sx", "x"))
    assert weight(ones.circuit)["cx"] == 1
    assert weight(ones.circuit)["sx"] == weight(ones.circuit)["x"] == ones.factor == 5
    with pytest.raises(InvalidArgumentError, match=r"none of the gates \['cz'\]"):
        fold_gates(circuit, 3, names=("cz",))


@pytest.mark.parametrize("op", [g.sx(0), g.sxdg(0), g.iswap(0, 1), g.ecr(1, 0), g.u(1, 2, 3, 0)])
def test_inverses_keep_the_gate(op):
    """The folded gate has the noise of the gate, so it must be the gate of that name."""
    found = native_inverse(op, {op.name, "rz"})
    assert [step.name for step in found if step.name != "rz"] == [op.name]
    circuit = Circuit(2, [g.cx(0, 1)])
    assert overlap(Circuit(2, [*circuit.ops, op, *found]), circuit) == pytest.approx(1, abs=1e-12)


def test_inverses_ask_the_machine():
    sx = g.sx(0)
    assert [s.name for s in native_inverse(sx, {"sx", "sxdg"})] == ["sxdg"]
    assert [s.name for s in native_inverse(sx, {"sx"}, lambda ops: ops[0].name == "rz")] == (
        ["rz", "sx", "rz"]
    )
    with pytest.raises(UnsupportedOperationError, match="tried: sxdg; rz sx rz"):
        native_inverse(sx, {"sx", "cx"}, lambda ops: False)


def test_symbols_stay_symbols():
    x = inputs(2)
    circuit = Circuit(2, [g.rz(x[0], 0), g.sx(0), g.cx(0, 1), g.rz(x[1], 1)])
    folded = fold_global(circuit, 3).circuit
    assert folded.parameters == circuit.parameters
    values = torch.tensor([0.4, -1.1], dtype=torch.float64)
    ones = [c.expectation(["X0", "Y0 Z1"], values) for c in (circuit, folded)]
    torch.testing.assert_close(ones[1], ones[0], rtol=0, atol=1e-12)


def test_preparation_stays_in_front():
    circuit = Circuit(2, [g.x(1), g.state_preparation([0.6, 0.8], 0), g.cx(0, 1)])
    for fold in FOLDS.values():
        folded = fold(circuit, 3).circuit
        assert folded.ops[0].name == "state_preparation"
        assert weight(folded)["state_preparation"] == 1
        values = [c.expectation(["Z0", "Z1", "X0 X1"]) for c in (circuit, folded)]
        torch.testing.assert_close(values[1], values[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("fold", [*FOLDS.values(), insert_identities])
def test_channels_are_refused(fold):
    circuit = Circuit(1, [g.x(0), g.depolarizing(0.1, 0)])
    with pytest.raises(UnsupportedOperationError, match=r"Operation 1 .`depolarizing`"):
        fold(circuit, 3)


def test_measurements_are_kept():
    circuit = Circuit(2, [g.cx(0, 1)], measured={1: 0})
    assert fold_global(circuit, 3).circuit.measured == {1: 0}


@given(circuit=CIRCUITS, factor=st.floats(1, 4))
def test_identities(circuit, factor):
    folded = insert_identities(circuit, factor)
    added = weight(folded.circuit) - weight(circuit)
    assert set(added) <= {"id"}
    assert overlap(folded.circuit, circuit) == pytest.approx(1, abs=1e-12)
    layers = round(added["id"] / 3 / (folded.factor - 1)) if folded.factor > 1 else 1
    assert abs(folded.factor - factor) <= 0.5 / layers + 1e-9 or folded.factor == 1


def test_identities_are_spread_over_the_layers():
    circuit = Circuit(2, [g.x(0), g.rz(0.1, 0), g.x(0), g.x(1)])
    folded = insert_identities(circuit, 2)
    names = [op.name for op in folded.circuit.ops]
    assert names.count("id") == 4
    assert names == ["x", "rz", "x", "id", "id", "x", "id", "id"]
    assert folded.factor == 2
    with pytest.raises(UnsupportedOperationError, match="`id`, which is not native"):
        insert_identities(circuit, 2, native=lambda ops: False)


def test_circuits_without_wide_gates_count_real_gates():
    circuit = Circuit(1, [g.sx(0), g.rz(0.2, 0), g.sx(0)])
    folded = fold_global(circuit, 2)
    assert folded.factor == 2
    assert weight(folded.circuit)["sx"] == 4
    virtual = fold_global(Circuit(1, [g.rz(0.1, 0)]), 3)
    assert virtual.factor == 3
    assert math.isclose(float(virtual.circuit.ops[1].angles[0]), -0.1)
