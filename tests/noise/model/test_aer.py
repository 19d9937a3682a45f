"""Models to and from Aer: gate by gate, whole circuits, and what cannot be carried over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("qiskit_aer")

import qiskit_aer.noise as aer
from qiskit.circuit.library import HGate, IGate, XGate
from qiskit.quantum_info import Kraus as QiskitKraus
from qiskit_aer import AerSimulator

from circuits import Circuit, Op, errors, weights
from circuits import gates as g
from circuits.backends.density_matrix import density_matrix
from circuits.gates import gate_named
from noise import (
    AmplitudeDamping,
    BitFlip,
    Depolarizing,
    Kraus,
    NoiseModel,
    OverRotation,
    PauliChannel,
    PauliLindblad,
    PhaseDamping,
    ThermalRelaxation,
)
from tests.noise.model.devices import product, random_native_circuit, transfer_of_aer
from tests.support.strategies import random_channel, random_unitary

ATOL = 1e-10
LINE = [(0, 1), (1, 0), (1, 2), (2, 1)]


def aer_state(circuit: Circuit, model: Any) -> np.ndarray:
    run = circuit.to_qiskit()
    run.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    return np.asarray(simulator.run(run).result().data()["density_matrix"])


def our_state(circuit: Circuit, model: NoiseModel) -> np.ndarray:
    nothing = torch.zeros(1, 0, dtype=torch.float64)
    d = 2**circuit.n_qubits
    return density_matrix(model.apply(circuit), nothing, nothing)[:, 0].numpy().reshape(d, d)


def waiting(circuit: Circuit, *delays: Op) -> Circuit:
    return Circuit(circuit.n_qubits, [*circuit.ops, *delays])


def rich_model() -> NoiseModel:
    """Rules of all kinds on three qubits; not unital, so that order shows."""
    model = NoiseModel(n_qubits=3).add(AmplitudeDamping(0.05, 0.1), gates=["sx", "cx"])
    model.add(PauliChannel({"XZ": 0.02, "YI": 0.01}), gates="cx")
    model.add(BitFlip(0.03), gates="x").add(Depolarizing(0.02, 2), gates="cx", qubits=(1, 2))
    model.add(ThermalRelaxation(1.0, 0.8, 0.1), gates="cx", positions=1, except_for=[(1, 0)])
    model.add(Kraus(random_channel(3, 2)), gates="sx", qubits=[2]).add(PhaseDamping(0.1), qubits=1)
    model.add(OverRotation(0.05, "X"), gates="rz", qubits=[0])
    model.add(PauliLindblad({"ZZ": 0.01, "XI": 0.02}), gates="cx", qubits=[(2, 1)])
    return model.add_idle(0, 1e-4, 8e-5).add_idle(2, 2e-4, 3e-4, population=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_whole_circuits_agree_with_aers_density_matrix(seed: int) -> None:
    model = rich_model()
    circuit = waiting(random_native_circuit(seed, 3, 25, LINE), g.delay(2e-5, 0), g.delay(3e-5, 2))
    np.testing.assert_allclose(
        our_state(circuit, model), aer_state(circuit, model.to_aer()), atol=ATOL, rtol=0
    )


@pytest.mark.filterwarnings("ignore:.*no rule for gates of the circuit. `rz`")
@pytest.mark.parametrize("seed", range(2))
def test_models_come_back_from_aer(seed: int) -> None:
    model = rich_model()
    back = NoiseModel.from_aer(model.to_aer(), n_qubits=3)
    circuit = waiting(random_native_circuit(seed + 10, 3, 25, LINE), g.delay(2e-5, 0))
    np.testing.assert_allclose(
        our_state(circuit, back), our_state(circuit, model), atol=1e-12, rtol=0
    )


def aer_errors() -> dict[str, Any]:
    amplitude = aer.amplitude_damping_error(0.1, 0.2)
    return {
        "depolarizing": aer.depolarizing_error(0.05, 2),
        "pauli": aer.pauli_error([("XZ", 0.1), ("IY", 0.2), ("II", 0.7)]),
        "Pauli class": aer.PauliError(["XI", "ZY"], [0.1, 0.9]),
        "Pauli-Lindblad class": aer.PauliLindbladError(["XI", "ZY"], [0.1, 0.3]),
        "kraus": aer.kraus_error(list(random_channel(5, 4))),
        "mixed unitary": aer.mixed_unitary_error(
            [(random_unitary(1, 4), 0.9), (random_unitary(2, 4), 0.1)]
        ),
        "coherent": aer.coherent_unitary_error(random_unitary(3, 4)),
        "reset": aer.reset_error(0.1, 0.05).tensor(aer.reset_error(0.2)),
        "relaxation": aer.thermal_relaxation_error(1, 0.7, 0.1).expand(
            aer.thermal_relaxation_error(1, 1.8, 0.2, 0.1)
        ),
        "damping after": aer.depolarizing_error(0.1, 2).compose(amplitude.tensor(amplitude)),
        "gates": aer.QuantumError(
            [([(HGate(), [1]), (XGate(), [0])], 0.3), ([(IGate(), [0]), (IGate(), [1])], 0.7)]
        ),
        "channel": aer.QuantumError(QiskitKraus(list(random_channel(6, 4)))),
    }


@pytest.mark.parametrize("name", list(aer_errors()))
def test_every_kind_of_aer_error(name: str) -> None:
    error = aer_errors()[name]
    model = aer.NoiseModel()
    model.add_quantum_error(error, "cx", [2, 0])
    ours = NoiseModel.from_aer(model)
    expected = transfer_of_aer(error)
    found = product(ours.channels_for(g.cx(2, 0)), (2, 0))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert not ours.channels_for(g.cx(0, 2))
    back = ours.to_aer()._local_quantum_errors["cx"][(2, 0)]
    np.testing.assert_allclose(transfer_of_aer(back), expected, atol=1e-12)


def test_an_error_for_particular_qubits_replaces_the_one_for_all() -> None:
    model = aer.NoiseModel()
    model.add_all_qubit_quantum_error(aer.depolarizing_error(0.1, 1), ["x", "sx"])
    model.add_quantum_error(aer.amplitude_damping_error(0.3), "x", [1])
    ours = NoiseModel.from_aer(model)
    circuit = Circuit(2, [g.x(0), g.x(1), g.sx(1)])
    np.testing.assert_allclose(our_state(circuit, ours), aer_state(circuit, model), atol=ATOL)
    again = ours.to_aer()
    np.testing.assert_allclose(aer_state(circuit, again), aer_state(circuit, model), atol=ATOL)


def test_a_device_of_aer_is_ours() -> None:
    pytest.importorskip("qiskit_ibm_runtime")
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    theirs = aer.NoiseModel.from_backend(FakeManilaV2())
    ours = NoiseModel.from_backend(FakeManilaV2())
    read = NoiseModel.from_aer(theirs, strict=False)
    assert any("`reset`" in line for line in read.report)
    with pytest.raises(errors.ConversionError, match="`reset`"):
        NoiseModel.from_aer(theirs)
    assert "rz" in read.noiseless
    pairs = [(0, 1), (1, 0), (1, 2), (2, 1)]
    circuit = waiting(random_native_circuit(4, 5, 30, pairs), g.delay(1e-5, 1))
    expected = our_state(circuit, ours)
    np.testing.assert_allclose(our_state(circuit, read), expected, atol=1e-12)
    np.testing.assert_allclose(aer_state(circuit, ours.to_aer()), expected, atol=ATOL)
    # Aer leaves out terms of its own mixtures whose probability is below 1e-10.
    np.testing.assert_allclose(aer_state(circuit, theirs), expected, atol=1e-8)


def test_readout_and_virtual_gates_survive_both_ways() -> None:
    model = NoiseModel(basis_gates=["rz", "sx", "cx"], n_qubits=2, noiseless=["rz"])
    model.add(BitFlip(0.1), gates="sx").add(BitFlip(0.1), gates="cx")
    model.add_readout([[0.98, 0.02], [0.07, 0.93]], 1)
    theirs = model.to_aer()
    assert theirs.basis_gates == ["cx", "rz", "sx"]
    assert np.array_equal(theirs._local_readout_errors[(1,)].probabilities, model.readout[1])
    back = NoiseModel.from_aer(theirs, n_qubits=2)
    assert np.array_equal(back.readout[1], model.readout[1])
    assert "rz" in back.noiseless
    simulator = AerSimulator(noise_model=theirs, seed_simulator=7)
    run = Circuit(2, [g.id(0)]).to_qiskit()
    run.measure_all()
    ones = simulator.run(run, shots=100_000).result().get_counts().get("10", 0)
    # 100000 shots with p = 0.02: sigma is 44; 5.5 sigma is passed by chance with 4e-8.
    assert abs(ones - 2000) < 5.5 * 44.3


def test_readout_for_all_qubits_needs_their_number() -> None:
    model = aer.NoiseModel()
    model.add_all_qubit_readout_error([[0.9, 0.1], [0.2, 0.8]])
    model.add_readout_error([[0.8, 0.2], [0.3, 0.7]], [1])
    with pytest.raises(errors.ConversionError, match="n_qubits"):
        NoiseModel.from_aer(model)
    readout = NoiseModel.from_aer(model, n_qubits=3).readout
    assert [readout[q][0, 1] for q in range(3)] == pytest.approx([0.1, 0.2, 0.1])


def test_what_cannot_be_carried_over_from_aer() -> None:
    flip = aer.pauli_error([("X", 0.1), ("I", 0.9)])
    model = aer.NoiseModel()
    model.add_all_qubit_quantum_error(flip, ["measure", "reset", "x"])
    model.add_all_qubit_quantum_error(flip, "my_pulse")
    model.add_readout_error(np.kron([[0.9, 0.1], [0.2, 0.8]], np.eye(2)), [0, 1])
    model._custom_noise_passes.append(aer.LocalNoisePass(lambda op, qubits: None))
    with pytest.raises(errors.ConversionError) as caught:
        NoiseModel.from_aer(model)
    lost = ("`measure`", "`reset`", "`my_pulse`", "correlated", "LocalNoisePass")
    assert all(text in str(caught.value) for text in lost)
    partial = NoiseModel.from_aer(model, strict=False)
    assert all(any(text in line for line in partial.report) for text in lost)
    assert partial.channels_for(g.x(0))
    with pytest.raises(errors.ArgumentTypeError, match="qiskit_aer"):
        NoiseModel.from_aer({"errors": []})


def test_what_cannot_be_carried_over_to_aer() -> None:
    with pytest.raises(errors.SymbolError, match="bind"):
        NoiseModel().add(BitFlip(weights(1)[0])).to_aer()
    with pytest.raises(errors.ConversionError, match="pauli_rotation"):
        NoiseModel().add(BitFlip(0.1), gates="pauli_rotation").to_aer()
    with pytest.raises(errors.ConversionError, match="n_qubits"):
        NoiseModel().add(BitFlip(0.1), gates="cx", qubits=1).to_aer()
    NoiseModel().add(BitFlip(0.1), gates="cx", qubits=1).to_aer(n_qubits=2)
    with pytest.raises(errors.ConversionError, match="without noise"):
        NoiseModel().add(BitFlip(0.1), gates="x", except_for=[(1,)]).to_aer()


def test_a_rule_for_every_gate_reaches_every_gate_of_aer() -> None:
    model = NoiseModel().add(AmplitudeDamping(0.1))
    theirs = model.to_aer()
    for name in ("h", "rz", "cx", "ccx", "cswap", "u"):
        gate = gate_named(name)
        qubits = tuple(range(gate.n_qubits or 0))
        ours = product(model.channels_for(Op(gate, qubits)), qubits)
        error = theirs._default_quantum_errors[name]
        np.testing.assert_allclose(transfer_of_aer(error), ours, atol=1e-12)


def test_what_is_meant_raises_no_alarm(caplog: pytest.LogCaptureFixture) -> None:
    """Aer warns that errors of particular qubits replace those of all; ours hold everything."""
    rich_model().to_aer()
    assert not caplog.records
