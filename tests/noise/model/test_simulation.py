"""Simulators under models of devices: against Aer's density matrix, and after changes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from circuits import Circuit, PauliSum, errors, inputs, weights
from circuits import gates as g
from noise import BitFlip, Depolarizing, NoiseModel, PauliTransfer

DEVICES = (
    *("FakeManilaV2", "FakePerth", "FakeGuadalupeV2"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("FakeMumbaiV2", "FakeSherbrooke")),
)
ATOL = 1e-10


def random_circuit(seed: int, n: int = 3, n_ops: int = 14) -> Circuit:
    """Gates that no device has."""
    rng, ops = np.random.default_rng(seed), []
    for _ in range(n_ops):
        a, b, *_ = (int(q) for q in rng.permutation(n))
        angle = float(rng.normal())
        choice = [g.h(a), g.ry(angle, a), g.t(b), g.cx(a, b), g.cz(a, b), g.rzz(angle, a, b)]
        ops.append(choice[rng.integers(len(choice))])
    return Circuit(n, ops)


@pytest.mark.parametrize("name", DEVICES)
def test_circuits_on_devices_agree_with_aers_density_matrix(name: str) -> None:
    pytest.importorskip("qiskit_ibm_runtime")
    pytest.importorskip("qiskit_aer")
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel as AerNoiseModel

    from tests.noise.model.devices import PAULIS, device

    backend = device(name)
    model = NoiseModel.from_backend(backend, missing="raise")
    circuit = random_circuit(len(name))
    labels = ["".join(letters) for letters in itertools.product("IXYZ", repeat=3)][1:]
    observables = [PauliSum({label: 1.0}) for label in labels]

    lowered = model.lower(circuit)
    run = lowered.circuit.to_qiskit()
    run.save_density_matrix(qubits=list(lowered.layout))
    aer = AerNoiseModel.from_backend(backend, readout_error=False)
    # Aer drops whatever is below its threshold from its states.
    simulator = AerSimulator(method="density_matrix", noise_model=aer, zero_threshold=1e-30)
    rho = np.asarray(simulator.run(run).result().data()["density_matrix"])

    def read(letter: str, qubit: int) -> np.ndarray:
        """The letter as it is read: its signs flip with the probabilities of the device."""
        known = backend.properties().qubit_property(qubit)
        up, down = known["prob_meas1_prep0"][0], known["prob_meas0_prep1"][0]
        matrix = PAULIS["IXYZ".index(letter)]
        return matrix if letter == "I" else (down - up) * np.eye(2) + (1 - up - down) * matrix

    expected = []
    for label in labels:
        matrix = np.eye(1)
        for letter, qubit in zip(reversed(label), lowered.layout, strict=True):
            matrix = np.kron(read(letter, qubit), matrix)
        expected.append(np.trace(matrix @ rho).real)
    for engine in ("auto", "torch"):
        found = circuit.expectation(observables, backend=PauliTransfer(model, engine=engine))
        np.testing.assert_allclose(found.numpy(), expected, atol=ATOL, rtol=0)
    assert np.abs(circuit.expectation(observables).numpy() - expected).max() > 0.02


def line() -> NoiseModel:
    """A machine of three qubits in a row whose gates are noisy."""
    made = NoiseModel(
        basis_gates=["rz", "sx", "x", "cx"],
        coupling=[(0, 1), (1, 0), (1, 2), (2, 1)],
        noiseless=["rz"],
    )
    made.add(Depolarizing(0.02, 2), gates="cx").add(BitFlip(0.01), gates=["sx", "x"])
    return made.add_readout([[0.95, 0.05], [0.1, 0.9]], 1)


@pytest.mark.parametrize("shots", [None, 2_000_000])
@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_values_reach_their_symbols_when_lowering_changes_the_order_of_groups(
    engine: str, shots: int | None
) -> None:
    pytest.importorskip("qiskit")
    a, b, x, y = weights(2, name="a"), weights(1, name="b"), inputs(1), inputs(2, name="y")
    circuit = Circuit(3, [g.rz(x[0], 0), g.ry(b[0] * y[1], 1), g.ry(a[1] + x[0], 2), g.h(0),
                          g.cx(0, 2), g.rz(y[0], 0), g.crx(a[0], 1, 2)])  # fmt: skip
    data = {"x": torch.tensor([0.3]), "y": torch.tensor([0.5, -0.7])}
    values = {"a": torch.tensor([0.2, 0.9]), "b": torch.tensor([1.1])}
    observables = [PauliSum("Y2"), PauliSum("X0 Z1"), PauliSum("Z0 Z1 Z2")]
    numbers = circuit.bind(data, values)
    model = line()
    lowered = model.lower(circuit)
    groups = [group.name for group in lowered.circuit.parameters]
    assert groups != [group.name for group in circuit.parameters]
    expected = numbers.expectation(observables, backend=PauliTransfer(model))
    source = None if shots is None else 3
    backend = PauliTransfer(model, engine=engine)
    found = circuit.expectation(observables, data, values, backend, shots, source)
    # Two million shots: sigma is below 7.1e-4, of which 6 are passed by chance with 2e-9.
    atol = 1e-6 if shots is None else 6 * 7.1e-4
    torch.testing.assert_close(found.double(), expected, atol=atol, rtol=0)


@pytest.mark.parametrize("angle", [None, 0.4])
def test_every_change_of_a_model_is_seen_by_a_simulator_that_ran_before(
    angle: float | None,
) -> None:
    first = g.x(0) if angle is None else g.rx(weights(1)[0], 0)
    values = None if angle is None else torch.tensor([angle])
    circuit = Circuit(1, [first, g.x(0), g.delay(1e-6, 0)])
    model = NoiseModel().add(BitFlip(0.1), gates="x")
    changed = model.copy()
    backend = PauliTransfer(changed)

    def value(simulator: PauliTransfer) -> float:
        return float(circuit.expectation("Z0", w=values, backend=simulator))

    before = value(backend)
    for k in range(20):
        # An array that is dropped often leaves its address to the next one but one.
        changed.add_readout([[1 - 0.01 * k, 0.01 * k], [0, 1]], 0)
        changed.add_readout([[0.9 - 0.01 * k, 0.1 + 0.01 * k], [0, 1]], 0)
        assert value(backend) == value(PauliTransfer(changed.copy()))
    changed.add(BitFlip(0.1), gates="x")
    assert value(backend) == value(PauliTransfer(changed.copy()))
    changed.add_idle(0, 1e-5, 1e-5)
    assert value(backend) == value(PauliTransfer(changed.copy()))
    backend.noise_model = model
    assert value(backend) == before


def test_what_is_no_noise_model_is_refused_with_the_way_to_one() -> None:
    for wrong, text in ((Depolarizing(0.1), "add\\(channel"), ("model", "channel.on")):
        with pytest.raises(errors.ArgumentTypeError, match=text):
            PauliTransfer(wrong)  # type: ignore[arg-type]
    noise = pytest.importorskip("qiskit_aer.noise")
    with pytest.raises(errors.ArgumentTypeError, match="from_aer"):
        PauliTransfer(noise.NoiseModel())
    fake_provider = pytest.importorskip("qiskit.providers.fake_provider")
    with pytest.raises(errors.ArgumentTypeError, match="from_backend"):
        PauliTransfer(fake_provider.GenericBackendV2(2))
