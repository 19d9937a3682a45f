"""Models as values: applying, gaps, scaling, symbols, cutting out, copying."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, errors, inputs, weights
from circuits import gates as g
from noise import (
    AmplitudeDamping,
    BitFlip,
    Depolarizing,
    NoiseModel,
    PauliChannel,
    PauliTransfer,
    ThermalRelaxation,
)

CIRCUIT = Circuit(2, [g.h(0), g.cx(0, 1), g.barrier(), g.ry(0.3, 1)])


def z1(circuit: Circuit) -> float:
    return float(circuit.expectation("Z1", backend=DensityMatrix("torch")))


def test_channels_stand_behind_their_gates() -> None:
    model = NoiseModel().add(BitFlip(0.1), gates="h").add(Depolarizing(0.2, 2), gates="cx")
    names = [op.name for op in model.apply(CIRCUIT).ops]
    assert names == ["h", "bit_flip", "cx", "depolarizing", "barrier", "ry"]


def test_the_order_of_rules_matters_for_channels_that_are_not_unital() -> None:
    damping, flip = AmplitudeDamping(0.3), BitFlip(0.2)
    first = NoiseModel().add(damping, gates="x").add(flip, gates="x")
    second = NoiseModel().add(flip, gates="x").add(damping, gates="x")
    circuit = Circuit(1, [g.x(0)])
    # <Z> after x is -1; damping: 0.7 z + 0.3, flip: 0.6 z.
    found = [
        float(m.apply(circuit).expectation("Z0", backend=DensityMatrix("torch")))
        for m in (first, second)
    ]
    assert found == pytest.approx([0.6 * (-0.7 + 0.3), 0.7 * -0.6 + 0.3], abs=1e-14)


def test_delays_relax_for_as_long_as_they_last() -> None:
    model = NoiseModel().add_idle(0, 1e-4, 8e-5)
    circuit = Circuit(2, [g.x(0), g.x(1), g.delay(3e-5, 0), g.delay(5e-5, 0), g.delay(1e-5, 1)])
    noisy = model.apply(circuit)
    assert noisy.count_ops() == {"delay": 3, "x": 2, "thermal_relaxation": 2}
    value = noisy.expectation(["Z0", "Z1"], backend=DensityMatrix("torch"))
    assert value.tolist() == pytest.approx([1 - 2 * np.exp(-0.8), -1.0], abs=1e-14)


def test_measurements_of_an_imported_circuit_are_kept() -> None:
    circuit = Circuit(2, [g.x(0)], measured={0: 1})
    assert NoiseModel().add(BitFlip(0.1)).apply(circuit).measured == {0: 1}


# === gates without a rule ===


def test_a_hand_made_model_is_quiet_where_some_rule_applies() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NoiseModel().add(Depolarizing(0.1, 2), gates="cx").apply(CIRCUIT)


@pytest.mark.parametrize("missing", ["auto", "ignore", "warn"])
def test_a_model_without_any_matching_rule_always_warns_once(missing: str) -> None:
    model = NoiseModel(missing=missing).add(Depolarizing(0.1, 2), gates="cz")
    with pytest.warns(errors.NoiseNotAppliedWarning, match="without gate noise") as caught:
        twice = [model.apply(CIRCUIT) for _ in range(2)]
    assert twice[0] is twice[1] is CIRCUIT
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_every_gap_warns_or_raises_as_the_model_says() -> None:
    def model(missing: str) -> NoiseModel:
        return NoiseModel(missing=missing).add(Depolarizing(0.1, 2), gates="cx")

    with pytest.warns(errors.NoiseNotAppliedWarning, match="`h`, `ry`"):
        model("warn").apply(CIRCUIT)
    with pytest.raises(errors.NoiseNotAppliedError, match=r"h\(0\)"):
        model("raise").apply(CIRCUIT)


def test_a_device_reports_gaps_unless_they_are_declared() -> None:
    def model(**options: object) -> NoiseModel:
        made = NoiseModel(basis_gates=["h", "cx", "ry"], **options)  # type: ignore[arg-type]
        return made.add(Depolarizing(0.1, 2), gates="cx")

    with pytest.warns(errors.NoiseNotAppliedWarning, match="no rule for gates of the circuit"):
        model().apply(CIRCUIT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(noiseless=["h", "ry"]).apply(CIRCUIT)
        model(missing="ignore").apply(CIRCUIT)


def test_circuits_in_which_no_noise_is_right_do_not_warn() -> None:
    model = NoiseModel(noiseless=["rz", "delay"], missing="raise").add(BitFlip(0.1), gates="x")
    quiet = Circuit(1, [g.rz(0.1, 0), g.barrier(), g.delay(1e-6, 0), g.bit_flip(0.1, 0)])
    assert model.apply(quiet) is quiet
    assert model.apply(Circuit(1)).ops == ()
    assert NoiseModel(missing="raise").add_readout(np.eye(2), 0).apply(CIRCUIT) is CIRCUIT


def test_delays_without_relaxation_are_gaps() -> None:
    def model() -> NoiseModel:
        return NoiseModel(missing="raise").add(BitFlip(0.1), gates="x")

    circuit = Circuit(2, [g.x(0), g.delay(1e-6, 1)])
    with pytest.raises(errors.NoiseNotAppliedError, match="`delay`"):
        model().add_idle(0, 1e-4, 1e-4).apply(circuit)
    for whole in (model().add_idle(1, 1e-4, 1e-4), model().add(BitFlip(0.1), gates="delay")):
        assert len(whole.apply(circuit)) == 4


@pytest.mark.parametrize("angle", [None, 0.3])
def test_noise_that_is_put_in_twice_is_said_once(angle: float | None) -> None:
    model = NoiseModel().add(BitFlip(0.1), gates=["rx", "h"]).add(Depolarizing(0.1, 2), gates="cx")
    first = g.h(0) if angle is None else g.rx(weights(1)[0], 0)
    values = None if angle is None else torch.tensor([angle])
    circuit = Circuit(2, [first, g.cx(0, 1), g.ry(0.2, 0)])
    noisy = model.apply(circuit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        circuit.expectation("Z1", w=values, backend=PauliTransfer(model))
        noisy.expectation("Z1", w=values, backend=PauliTransfer())
        # Channels of the circuit's own are no reason to warn.
        model.apply(Circuit(2, [g.h(0), g.phase_flip(0.1, 0), g.cx(0, 1)]))
    backend = PauliTransfer(model)
    with pytest.warns(errors.NoiseAppliedTwiceWarning, match=r"model\.scaled\(2\)") as caught:
        noisy.expectation("Z1", w=values, backend=backend)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        noisy.expectation("Z0", w=values, backend=backend)


def test_rules_for_gates_that_the_circuit_lacks_have_no_effect() -> None:
    rich = NoiseModel().add(BitFlip(0.1), gates="h").add(BitFlip(0.1), gates=["cz", "swap"])
    assert rich.apply(CIRCUIT) == NoiseModel().add(BitFlip(0.1), gates="h").apply(CIRCUIT)


# === strengths ===


def test_scaling_multiplies_the_generators_and_keeps_the_readout() -> None:
    model = NoiseModel().add(ThermalRelaxation(1e-4, 8e-5, 1e-6), gates="x").add_idle(0, 1e-4, 8e-5)
    model.add_readout([[0.9, 0.1], [0.2, 0.8]], 0)
    twice = model.scaled(2)
    assert twice.rules[0].channel == ThermalRelaxation(1e-4, 8e-5, 2e-6)
    assert (twice.idle[0].t1, twice.idle[0].t2) == (5e-5, 4e-5)
    assert np.array_equal(twice.readout[0], model.readout[0])
    clean = model.scaled(0).apply(Circuit(1, [g.x(0), g.delay(1e-5, 0)]))
    assert float(clean.expectation("Z0", backend=DensityMatrix("torch"))) == -1
    assert model.scaled(1) == model
    with pytest.raises(errors.InvalidArgumentError, match="at least 0"):
        model.scaled(-1)


def test_symbols_go_into_the_circuit_and_numbers_come_by_bind() -> None:
    w, x = weights(2, name="noise"), inputs(1)
    model = NoiseModel().add(Depolarizing(w[0] / 2, 2), gates="cx")
    model.add(PauliChannel({"X": w[1], "Z": 0.01}), gates="ry").add_idle(0, 1e-4, 1e-4 * w[1])
    assert [group.name for group in model.parameters] == ["noise"]
    circuit = Circuit(2, [g.ry(x[0], 0), g.cx(0, 1)])
    bound = model.bind([0.1, 0.3])
    assert bound.parameters == ()
    assert bound.rules[0].channel == Depolarizing(0.05, 2)
    assert bound.idle[0].t2 == pytest.approx(3e-5)
    data = torch.tensor([[0.4], [0.7]], dtype=torch.float64)
    strengths = torch.tensor([0.1, 0.3], dtype=torch.float64, requires_grad=True)
    noisy = model.apply(circuit)
    symbolic = noisy.expectation("Z1", data, strengths, backend=DensityMatrix("torch"))
    numeric = bound.apply(circuit).expectation("Z1", data, backend=DensityMatrix("torch"))
    torch.testing.assert_close(symbolic, numeric)
    (slope,) = torch.autograd.grad(symbolic.sum(), strengths)
    # Z1 = cos x (1 - p) (1 - 2 q - 0.02 [Z commutes]) with p = w0 / 2, q = w1.
    cosines = torch.cos(data).sum()
    expected = torch.stack([-0.5 * (1 - 0.6) * cosines, -2 * (1 - 0.05) * cosines])
    torch.testing.assert_close(slope, expected)


def test_bad_values_for_symbols() -> None:
    w = weights(2)
    model = NoiseModel().add(BitFlip(w[0]))
    with pytest.raises(errors.SymbolError, match="no symbols called 'other'"):
        model.bind({"other": [0.1, 0.2]})
    with pytest.raises(errors.ShapeError, match=r"\(2,\)"):
        model.bind([0.1])
    with pytest.raises(errors.ChannelError, match="0 <= p <= 1"):
        model.bind([1.5, 0.0])
    with pytest.raises(errors.SymbolError, match="different groups"):
        _ = model.add(BitFlip(weights(2)[0])).parameters


# === machines ===


def test_qubits_and_gates_that_the_machine_lacks() -> None:
    model = NoiseModel(basis_gates=["rz", "sx", "cx"], coupling=[(0, 1), (1, 2)])
    assert (model.n_qubits, model.coupling) == (3, ((0, 1), (1, 2)))
    two = Depolarizing(0.1, 2)
    with pytest.raises(errors.QubitError, match="3 qubits"):
        model.add(BitFlip(0.1), qubits=3)
    with pytest.raises(errors.QubitError, match="has no gate `cz`"):
        model.add(two, gates="cz")
    with pytest.raises(errors.QubitError, match=r"no `cx` on \(1, 0\)"):
        model.add(two, gates="cx", qubits=(1, 0))
    with pytest.raises(errors.QubitError, match="3 qubits"):
        model.add_readout(np.eye(2), 3)
    with pytest.raises(errors.QubitError, match="3 qubits"):
        model.add_idle(5, 1, 1)
    with pytest.raises(errors.QubitError, match="machine with 3"):
        model.apply(Circuit(4))
    with pytest.raises(errors.QubitError, match="n_qubits"):
        NoiseModel(coupling=[(0, 4)], n_qubits=3)
    with pytest.raises(errors.QubitError, match="pairs"):
        NoiseModel(coupling=[(0, 1, 2)])
    with pytest.raises(errors.UnknownGateError):
        NoiseModel(basis_gates=["cnto"])
    with pytest.raises(errors.InvalidArgumentError, match="missing"):
        NoiseModel(missing="maybe")
    with pytest.raises(errors.ArgumentTypeError, match="Circuit"):
        model.apply([g.x(0)])  # type: ignore[arg-type]


def test_cutting_out_qubits_renumbers_everything() -> None:
    model = NoiseModel(basis_gates=["x", "cx"], coupling=[(0, 1), (1, 2), (2, 3)])
    model.add(Depolarizing(0.1, 2), gates="cx", qubits=[(1, 2), (2, 3)])
    model.add(BitFlip(0.2), gates="x", qubits=[0]).add(BitFlip(0.3), gates="x", qubits=[3])
    model.add_readout([[0.9, 0.1], [0.2, 0.8]], 2).add_idle(3, 1e-4, 1e-4)
    small = model.for_qubits([3, 2])
    assert (small.n_qubits, small.coupling) == (2, ((1, 0),))
    assert small.channels_for(g.cx(1, 0))[0].qubits == (1, 0)
    assert not small.channels_for(g.cx(0, 1))
    assert [len(small.channels_for(g.x(q))) for q in range(2)] == [1, 0]
    assert (list(small.readout), list(small.idle)) == ([1], [0])
    with pytest.raises(errors.QubitError, match="distinct"):
        model.for_qubits([1, 1])


# === values ===


def test_models_copy_pickle_and_compare() -> None:
    model = NoiseModel(noiseless=["rz"]).add(BitFlip(0.1), gates="x", qubits=[0, 1])
    model.add_readout([[0.9, 0.1], [0.2, 0.8]], 0).add_idle(0, 1e-4, 1e-4)
    model.apply(Circuit(1, [g.x(0)]))
    for other in (model.copy(), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other == model
        other.add(BitFlip(0.1), gates="y").add_readout(np.eye(2), 1)
        assert other != model
        assert len(model.rules) == 1
    assert "1 rules" in repr(model)
    assert "x where it touches [0, 1]" in str(model)


def test_what_is_handed_out_is_a_copy() -> None:
    model = NoiseModel().add_readout([[0.9, 0.1], [0.2, 0.8]], 0)
    model.readout.clear()
    assert list(model.readout) == [0]
    with pytest.raises(ValueError, match="read-only"):
        model.readout[0][0, 0] = 0
