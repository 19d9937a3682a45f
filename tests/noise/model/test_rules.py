"""Which channels follow which gates, on which qubits and in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from circuits import Circuit, Op, errors
from circuits import gates as g
from noise import (
    AmplitudeDamping,
    BitFlip,
    Depolarizing,
    NoiseModel,
    OverRotation,
    PauliChannel,
    PhaseFlip,
)

ONE, TWO = Depolarizing(0.01), Depolarizing(0.02, 2)


def after(model: NoiseModel, op: Op) -> list[tuple[str, tuple[int, ...]]]:
    return [(made.name, made.qubits) for made in model.channels_for(op)]


def test_a_one_qubit_channel_acts_on_each_qubit_of_a_wider_gate() -> None:
    model = NoiseModel().add(BitFlip(0.1), gates="cx")
    assert after(model, g.cx(3, 1)) == [("bit_flip", (3,)), ("bit_flip", (1,))]


def test_a_wide_channel_lists_qubits_as_the_gate_does() -> None:
    model = NoiseModel().add(PauliChannel({"XZ": 0.1}), gates="cx")
    (made,) = model.channels_for(g.cx(3, 1))
    assert (made.qubits, made.pauli) == ((3, 1), "XZ")


def test_rules_accumulate_in_the_order_in_which_they_were_added() -> None:
    model = NoiseModel().add(PhaseFlip(0.1), gates="x", qubits=[(0,)])
    model.add(BitFlip(0.1), gates="x").add(AmplitudeDamping(0.1))
    names = [name for name, _ in after(model, g.x(0))]
    assert names == ["phase_flip", "bit_flip", "amplitude_damping"]


@pytest.mark.parametrize("qubits", [(0, 1), [0, 1], [(0, 1)], np.array([0, 1])])
def test_a_tuple_of_a_two_qubit_gate_is_exact_and_ordered(qubits: Any) -> None:
    model = NoiseModel().add(TWO, gates=["cx", "cz"], qubits=qubits)
    assert after(model, g.cx(0, 1)) == [("depolarizing", (0, 1))]
    assert after(model, g.cx(1, 0)) == after(model, g.cz(1, 0)) == after(model, g.cx(0, 2)) == []


def test_several_tuples() -> None:
    model = NoiseModel().add(TWO, gates="cx", qubits=[(0, 1), (2, 1)])
    found = [bool(after(model, g.cx(*pair))) for pair in ((0, 1), (1, 0), (2, 1), (1, 2))]
    assert found == [True, False, True, False]


@pytest.mark.parametrize("gates", ["x", None])
def test_a_list_of_qubits_means_each_of_them_for_one_qubit_gates(gates: str | None) -> None:
    model = NoiseModel().add(ONE, gates=gates, qubits=[0, 2])
    assert [bool(after(model, g.x(q))) for q in range(3)] == [True, False, True]


def test_an_integer_is_a_noisy_qubit_wherever_a_gate_touches_it() -> None:
    model = NoiseModel().add(BitFlip(0.1), qubits=1)
    assert after(model, g.ccx(0, 1, 2)) == [("bit_flip", (1,))]
    assert after(model, g.cx(0, 2)) == []


def test_positions_choose_among_the_qubits_of_the_gate() -> None:
    model = NoiseModel().add(BitFlip(0.1), gates="cx", positions=1)
    model.add(TWO, gates="ccx", positions=(2, 0))
    assert after(model, g.cx(3, 1)) == [("bit_flip", (1,))]
    assert after(model, g.ccx(0, 1, 2)) == [("depolarizing", (2, 0))]


def test_places_that_are_left_out() -> None:
    model = NoiseModel().add(TWO, gates="cx", except_for=[(0, 1)])
    assert after(model, g.cx(0, 1)) == [] != after(model, g.cx(1, 0))


def test_a_rule_for_every_gate_passes_over_what_its_channel_does_not_fit() -> None:
    model = NoiseModel().add(TWO)
    assert after(model, g.h(0)) == after(model, g.ccx(0, 1, 2)) == []
    assert after(model, g.cz(0, 1)) == [("depolarizing", (0, 1))]


def test_gates_of_any_width_by_name() -> None:
    model = NoiseModel().add(BitFlip(0.1), gates=["unitary", "pauli_rotation", "c^2(rx)"])
    assert len(after(model, g.unitary(np.eye(4), 0, 1))) == 2
    assert len(after(model, g.pauli_rotation(0.1, "XYZ", 0, 1, 2))) == 3
    assert len(after(model, g.controlled(g.rx(0.1, 2), 0, 1))) == 3
    narrow = NoiseModel().add(TWO, gates="unitary")
    with pytest.raises(errors.ChannelError, match="does not fit a gate on the 3 qubits"):
        narrow.channels_for(g.unitary(np.eye(8), 0, 1, 2))


def test_what_never_has_noise_unless_it_is_named() -> None:
    model = NoiseModel().add(ONE)
    quiet = [g.barrier(0), g.global_phase(0.1), g.delay(1e-6, 0), g.bit_flip(0.1, 0),
             g.kraus([np.eye(2)], 0), g.state_preparation([1, 0], 0)]  # fmt: skip
    assert all(not model.channels_for(op) for op in quiet)
    assert all(model.channels_for(op) for op in (g.id(0), g.unitary(np.eye(2), 0), g.rz(0.1, 0)))
    named = NoiseModel().add(ONE, gates=["delay", "state_preparation"])
    assert named.channels_for(quiet[2])
    assert named.channels_for(quiet[5])


def test_coherent_errors_are_gates_but_get_no_noise_of_their_own() -> None:
    model = NoiseModel().add(OverRotation(0.1, "X")).add(ONE, gates="pauli_rotation")
    assert [op.name for op in model.apply(Circuit(1, [g.h(0)])).ops] == ["h", "pauli_rotation"]


def test_a_constructor_names_its_gate() -> None:
    assert NoiseModel().add(TWO, gates=g.cx) == NoiseModel().add(TWO, gates="cx")


def test_a_new_rule_is_seen_after_the_model_was_used() -> None:
    model = NoiseModel().add(BitFlip(0.1), gates="x")
    assert len(model.channels_for(g.x(0))) == 1
    model.add(PhaseFlip(0.1), gates="x")
    assert len(model.channels_for(g.x(0))) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((0.1, {"gates": "x"}), errors.ArgumentTypeError, "must be a channel"),
        ((ONE, {"gates": "cnott"}), errors.UnknownGateError, "cnott|cx"),
        ((ONE, {"gates": "rxy"}), errors.UnknownGateError, "rx"),
        ((TWO, {"gates": "CNOT"}), errors.UnknownGateError, "Did you mean cx"),
        ((ONE, {"gates": []}), errors.ArgumentTypeError, "must name at least one gate"),
        ((ONE, {"gates": 3}), errors.ArgumentTypeError, "names of gates"),
        ((ONE, {"gates": "barrier"}), errors.UnsupportedOperationError, "barrier"),
        ((ONE, {"gates": "kraus"}), errors.UnsupportedOperationError, "kraus"),
        ((TWO, {"gates": "x"}), errors.ChannelError, "cannot follow the gate `x`"),
        ((TWO, {"gates": "ccx"}), errors.ChannelError, "2 qubits"),
        ((TWO, {"qubits": 0}), errors.ChannelError, "single qubits"),
        ((TWO, {"qubits": (0, 1, 2)}), errors.ChannelError, "names"),
        ((ONE, {"gates": "cx", "qubits": (0, 1, 2)}), errors.QubitError, "can never be"),
        ((ONE, {"gates": ["x", "cx"], "qubits": (0, 1)}), errors.QubitError, "width of gate"),
        ((ONE, {"qubits": (0, 0)}), errors.QubitError, "distinct"),
        ((ONE, {"qubits": -1}), errors.QubitError, ">= 0"),
        ((ONE, {"qubits": True}), errors.QubitError, "integers"),
        ((ONE, {"qubits": "01"}), errors.QubitError, "integers"),
        ((ONE, {"qubits": []}), errors.QubitError, "integers"),
        ((ONE, {"gates": "cx", "positions": 2}), errors.QubitError, "0 to 1"),
        ((ONE, {"gates": "cx", "positions": (0, 1)}), errors.ChannelError, "one position"),
    ],
)
def test_bad_rules(arguments: Any, error: Any, text: str) -> None:
    channel, options = arguments
    with pytest.raises(error, match=text):
        NoiseModel().add(channel, **options)
