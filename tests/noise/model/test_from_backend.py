"""Models of devices: Aer's channels gate by gate, readout, and what is marked or missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("qiskit_aer")
pytest.importorskip("qiskit_ibm_runtime")

from qiskit.circuit import Measure, Parameter
from qiskit.circuit.library import CXGate, RZGate, SXGate
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_aer.noise import NoiseModel as AerNoiseModel

from circuits import Circuit, DensityMatrix, Op, PauliSum, errors
from circuits import gates as g
from circuits.gates import gate_named
from noise import NoiseModel
from tests.noise.model.devices import device, product, transfer_of_aer

ATOL = 1e-12


def test_readout_keeps_both_flip_probabilities() -> None:
    backend = device("FakeManilaV2")
    model = NoiseModel.from_backend(backend)
    for qubit in range(5):
        known = backend.properties().qubit_property(qubit)
        up, down = known["prob_meas1_prep0"][0], known["prob_meas0_prep1"][0]
        np.testing.assert_allclose(model.readout[qubit], [[1 - up, up], [down, 1 - down]])
    assert model.readout[0][0, 1] != model.readout[0][1, 0]


def test_a_device_makes_circuits_of_abstract_gates_noisy() -> None:
    model = NoiseModel.from_backend(device("FakeManilaV2"), missing="raise")
    circuit = Circuit(3, [g.h(0), g.ry(0.3, 1), g.cx(0, 1), g.rz(0.2, 1), g.cx(1, 2)])
    observables = [PauliSum("X0 X1 X2"), PauliSum("Z0 Z2")]
    lowered = model.lower(circuit, observables)
    noisy = model.apply(lowered.circuit).expectation(
        lowered.observables, backend=DensityMatrix("torch")
    )
    ideal = circuit.expectation(observables)
    assert torch.all((noisy - ideal).abs() > 1e-3)


@pytest.mark.filterwarnings("ignore::circuits.errors.NoiseNotAppliedWarning")
def test_every_rule_changes_what_it_should_change() -> None:
    model = NoiseModel.from_backend(device("FakeManilaV2"))
    for number, rule in enumerate(model.rules):
        assert rule.gates is not None
        assert rule.exact is not None
        (gate,), (qubits,) = rule.gates, rule.exact
        prepared = [g.ry(0.9, q) for q in qubits] + [g.rz(0.7, q) for q in qubits]
        circuit = Circuit(5, [*prepared, Op(gate_named(gate), qubits)])
        letters = [f"{letter}{q}" for q in qubits for letter in "XYZ"]
        seen = [PauliSum(" ".join(pair)) for pair in (letters[:1], letters[1:2], letters[2:3])]
        seen += [PauliSum(f"{letter}{qubits[-1]}") for letter in "XYZ"]
        without = model._changed([r for k, r in enumerate(model.rules) if k != number], model.idle)
        full, less = (
            m.apply(circuit).expectation(seen, backend=DensityMatrix("torch"))
            for m in (model, without)
        )
        assert (full - less).abs().max() > 1e-7, str(rule)
    waiting = model._changed([], model.idle)
    for qubit, idle in model.idle.items():
        circuit = Circuit(5, [g.x(qubit), g.delay(1e-6, qubit)])
        value = waiting.apply(circuit).expectation(f"Z{qubit}", backend=DensityMatrix("torch"))
        assert float(value) == pytest.approx(1 - 2 * np.exp(-1e-6 / float(idle.t1)), abs=1e-12)


def test_a_part_of_a_device_is_renumbered() -> None:
    backend = device("FakeSherbrooke")
    whole = NoiseModel.from_backend(backend)
    part = NoiseModel.from_backend(backend, qubits=[15, 14, 0])
    assert part.n_qubits == 3
    assert part.coupling is not None
    back = {0: 15, 1: 14, 2: 0}
    for pair in part.coupling:
        moved = tuple(back[q] for q in pair)
        ours = part.channels_for(Op(gate_named("ecr"), pair))
        theirs = whole.channels_for(Op(gate_named("ecr"), moved))
        assert [(op.name, op.angles) for op in ours] == [(op.name, op.angles) for op in theirs]
    assert np.array_equal(part.readout[2], whole.readout[0])
    assert part.idle[1] == whole.idle[14]


def test_gates_of_error_one_are_not_there() -> None:
    kyoto = NoiseModel.from_backend(device("FakeKyoto"))
    assert "ecr" not in (kyoto.basis_gates or ())
    assert kyoto.coupling == ()
    assert any("error exactly 1" in line and "ecr(0, 14)" in line for line in kyoto.report)
    sherbrooke = NoiseModel.from_backend(device("FakeSherbrooke"))
    assert sherbrooke.coupling is not None
    assert len(sherbrooke.coupling) == 144 - 9
    with pytest.warns(errors.NoiseNotAppliedWarning, match="no T1 and T2 of the qubits 146:"):
        kingston = NoiseModel.from_backend(device("FakeKingston"))
    assert any("do not relax: 146" in line for line in kingston.report)
    with pytest.raises(errors.InvalidArgumentError, match="qubit 96"):
        NoiseModel.from_backend(device("FakeKingston"), qubits=[95, 96])


def test_lowering_avoids_what_is_not_there() -> None:
    model = NoiseModel.from_backend(device("FakeSherbrooke"), missing="raise")
    circuit = Circuit(5, [g.h(0), *(g.cx(q, q + 1) for q in range(4)), g.rzz(0.1, 0, 4)])
    lowered = model.lower(circuit)
    assert lowered.circuit.n_qubits == 127
    assert model.lower(lowered.circuit).circuit is lowered.circuit
    assert len(model.apply(lowered.circuit)) > len(lowered.circuit)


def small_target(**options: Any) -> Target:
    """Two qubits: sx, virtual rz, cx one way, measure."""
    times = options.pop("times", [QubitProperties(1e-4, 8e-5), QubitProperties(1e-4, 9e-5)])
    target = Target(num_qubits=2, qubit_properties=times)
    each = {(q,): InstructionProperties(duration=3e-8, error=1e-3) for q in range(2)}
    target.add_instruction(SXGate(), each)
    target.add_instruction(RZGate(Parameter("a")), {(q,): None for q in range(2)})
    pair = InstructionProperties(duration=3e-7, error=options.pop("pair_error", 1e-2))
    target.add_instruction(CXGate(), {(0, 1): pair})
    target.add_instruction(
        Measure(),
        {(q,): InstructionProperties(error=options.get("readout", 0.02)) for q in range(2)},
    )
    return target


class Small:
    """The least that is read of a backend."""

    name = "small"

    def __init__(self, **options: Any) -> None:
        self.target = small_target(**options)


def test_what_is_assumed_is_reported() -> None:
    model = NoiseModel.from_backend(
        Small(times=[QubitProperties(1e-4, 9e-4), QubitProperties(1e-4)])
    )
    text = "\n".join(model.report)
    assert "T2 was capped at 2 T1: 0." in text
    assert "2 T1 is taken: 1." in text
    assert "symmetric: 0, 1." in text
    assert "noiseless: rz." in text
    assert "crosstalk" in text
    assert model.idle[0].t2 == model.idle[1].t2 == 2e-4
    assert model.noiseless == {"rz"}
    np.testing.assert_allclose(model.readout[1], [[0.98, 0.02], [0.02, 0.98]])


def test_missing_times_are_said_out_loud_and_the_gate_error_is_kept() -> None:
    with pytest.warns(errors.NoiseNotAppliedWarning, match="of the qubits 0:"):
        model = NoiseModel.from_backend(
            Small(times=[QubitProperties(), QubitProperties(1e-4, 9e-5)])
        )
    assert 0 not in model.idle
    gate = product(model.channels_for(g.sx(0)), (0,))
    fidelity = (np.trace(gate) / 2 + 1) / 3
    assert 1 - fidelity == pytest.approx(1e-3, abs=1e-13)


def test_unusable_pairs_and_readout() -> None:
    model = NoiseModel.from_backend(Small(pair_error=1.0, readout=1.0))
    assert model.coupling == ()
    assert "cx" not in (model.basis_gates or ())
    assert np.array_equal(model.readout[0], np.full((2, 2), 0.5))
    assert any("tells nothing: 0, 1" in line for line in model.report)


class Bare:
    """A backend without numbers, such as a simulator."""

    name = "bare"

    def __init__(self) -> None:
        self.target = Target(num_qubits=2)
        self.target.add_instruction(SXGate(), {(q,): None for q in range(2)})


def test_a_backend_without_calibration_data_has_no_noise_and_that_is_said_once() -> None:
    with pytest.warns(errors.NoiseNotAppliedWarning, match="'bare' has no calibration") as caught:
        model = NoiseModel.from_backend(Bare())
    assert len(caught) == 1
    assert not model.rules
    with pytest.raises(errors.NoiseNotAppliedError, match="from_aer"):
        NoiseModel.from_backend(Bare(), missing="raise")


def test_generic_backends() -> None:
    backend = GenericBackendV2(3, seed=5)
    model = NoiseModel.from_backend(backend)
    aer = AerNoiseModel.from_backend(backend)
    for gate in ("cx", "sx"):
        for qubits, error in aer._local_quantum_errors[gate].items():
            ours = product(model.channels_for(Op(gate_named(gate), qubits)), qubits)
            assert np.abs(ours - transfer_of_aer(error)).max() < ATOL


def test_bad_backends_and_qubits() -> None:
    with pytest.raises(errors.ArgumentTypeError, match="BackendV2"):
        NoiseModel.from_backend("fake_manila")
    for qubits in ([5], [], [0, 0], [-1]):
        with pytest.raises(errors.QubitError):
            NoiseModel.from_backend(device("FakeManilaV2"), qubits=qubits)
