"""Backends plan a circuit once; what is remembered ends when the noise model changes."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

import noise
from circuits import Backend, Circuit, PauliSum, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError
from circuits.execution import Request
from noise import channels
from noise.mitigation.base import Mitigation

N = 3


def circuit() -> Circuit:
    x, w = inputs(N), weights(N)
    made = Circuit(N, [g.rx(x[q], q) for q in range(N)])
    made += [g.cx(q, (q + 1) % N) for q in range(N)]
    return made + [g.ry(w[q], q) for q in range(N)]


def model(strength: float = 0.02) -> noise.NoiseModel:
    made = noise.NoiseModel().add(channels.Depolarizing(strength, 2), gates="cx")
    return made.add_readout([[0.97, 0.03], [0.06, 0.94]], range(N))


def calibration() -> noise.ReadoutCalibration:
    return noise.ReadoutCalibration.from_model(model())


DURATIONS = {"rx": 3e-8, "ry": 3e-8, "cx": 3e-7, "x": 3e-8, "rz": 0.0}
WRAPPED = {
    "global": lambda inner: noise.ZNE(inner),
    "gates": lambda inner: noise.ZNE(inner, fold="gates", gates="cx"),
    "identity": lambda inner: noise.ZNE(inner, fold="identity"),
    "seeded": lambda inner: noise.ZNE(inner, (1, 1.7, 2.4), "random", seed=5),
    "scale": lambda inner: noise.ZNE(inner, fold="scale"),
    "readout": lambda inner: noise.ReadoutInverse(inner, calibration()),
    "decoupling": lambda inner: noise.DynamicalDecoupling(inner, durations=DURATIONS),
    "nested": lambda inner: noise.ZNE(noise.ReadoutInverse(inner, calibration())),
}


def request(made: Circuit, observables: list[PauliSum], shots: int | None = None) -> Request:
    values = torch.linspace(0.1, 1.3, 2 * N, dtype=torch.float64).repeat(2, 1)
    return Request(made, values, observables, shots=shots, generator=3)


@pytest.fixture(params=WRAPPED)
def backend(request: pytest.FixtureRequest) -> Mitigation:
    return WRAPPED[request.param](noise.PauliTransfer(model()))


def innermost(backend: Backend) -> noise.PauliTransfer:
    while not isinstance(backend, noise.PauliTransfer):
        backend = backend.backend  # type: ignore[attr-defined]
    return backend


def test_same_circuit_is_prepared_as_the_same_objects(backend: Mitigation) -> None:
    asked = request(circuit(), [PauliSum("Z0 Z1")])
    first, again = (backend.prepare(backend._ready(asked)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one.circuit is other.circuit
        assert all(a is b for a, b in zip(one.observables, other.observables, strict=True))
    elsewhere = backend.prepare(backend._ready(request(circuit(), [PauliSum("Z0 Z1")])))
    assert elsewhere[-1].circuit is not first[-1].circuit


@pytest.mark.parametrize("shots", [None, 300])
def test_a_changed_model_is_used(backend: Mitigation, shots: int | None) -> None:
    """A second rule on the same gate, a second readout error: nothing of the first runs stays."""
    asked = request(circuit(), [PauliSum("Z0 Z1"), PauliSum("X2")], shots)
    before = backend.run([asked])[0].values
    changed = innermost(backend).noise_model
    assert changed is not None
    changed.add(channels.Depolarizing(0.2, 2), gates="cx")
    (after,) = backend.run([asked])
    twin = pickle.loads(pickle.dumps(backend))
    (fresh,) = twin.run([asked])
    torch.testing.assert_close(after.values, fresh.values, rtol=0, atol=1e-12)
    assert float((after.values - before).abs().max()) > 0.01


def test_a_changed_model_is_used_for_samples() -> None:
    readout = noise.NoiseModel().add_readout([[0.97, 0.03], [0.06, 0.94]], 0)
    plain = noise.PauliTransfer(readout)
    made = Circuit(1, [g.x(0)])
    asked = Request(made, torch.zeros(1, 0), qubits=[0], shots=50, generator=1)
    plain.run([asked])
    readout.add_readout([[1.0, 0.0], [1.0, 0.0]], 0)
    assert int(plain.run([asked])[0].samples.sum()) == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("shots", [None, 300])
def test_other_questions_get_other_answers(backend: Mitigation, shots: int | None) -> None:
    """Plans are kept for each circuit and observable, not for the last ones."""
    one = circuit()
    other = one + Circuit(N, [g.x(0)])
    asked = [
        request(made, [PauliSum(text)], shots) for made in (one, other) for text in ("Z0 Z1", "Y2")
    ]
    twin = pickle.loads(pickle.dumps(backend))
    for each in [*asked, *asked]:
        (found,), (fresh,) = backend.run([each]), copy.deepcopy(twin).run([each])
        torch.testing.assert_close(found.values, fresh.values, rtol=0, atol=1e-12)


def test_changed_options_are_used() -> None:
    zne = noise.ZNE(noise.PauliTransfer(model()))
    asked = request(circuit(), [PauliSum("Z0 Z1")])
    zne.run([asked])
    for name, value in (("factors", (1.0, 1.8, 2.6)), ("fold", "gates"), ("gates", ("cx",))):
        setattr(zne, name, value)
        (fresh,) = pickle.loads(pickle.dumps(zne)).run([asked])
        (found,) = zne.run([asked])
        torch.testing.assert_close(found.metadata["raw"], fresh.metadata["raw"])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_give_the_same_values(backend: Mitigation, copied) -> None:
    asked = request(circuit(), [PauliSum("Z0 Z1")])
    expected = backend.run([asked])[0].values
    torch.testing.assert_close(copied(backend).run([asked])[0].values, expected)


def test_device_is_translated_once_with_its_observables() -> None:
    """A device's circuit and observables are the same objects at each step of a training."""
    pytest.importorskip("qiskit_ibm_runtime")
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    device = noise.NoiseModel.from_backend(FakeManilaV2())
    asked = request(circuit(), [PauliSum("Z0 Z1")])
    first, again = device.lower(asked), device.lower(asked)
    assert first.circuit is again.circuit
    assert first.observables[0] is again.observables[0]
    other = device.lower(request(asked.circuit, [PauliSum("Z2")]))
    assert other.circuit is first.circuit
    assert other.observables != first.observables


def test_a_generator_where_nothing_is_drawn_raises(backend: Mitigation) -> None:
    with pytest.raises(InvalidArgumentError, match="generator"):
        circuit().expectation("Z0", torch.zeros(N), torch.zeros(N), backend=backend, generator=1)
    circuit().estimate("Z0", torch.zeros(N), torch.zeros(N), backend=backend, shots=30, generator=1)


@pytest.mark.parametrize("inner", [noise.PauliTransfer(model()), noise.Trajectories(model(), 20)])
def test_where_something_is_drawn_a_generator_decides(inner: Backend) -> None:
    drawing = noise.ZNE(inner, (1, 1.7, 2.4), "random") if inner.deterministic else noise.ZNE(inner)
    assert not drawing.deterministic
    pairs = Circuit(4, [g.h(0), g.cx(0, 1), g.h(2), g.cx(2, 3), g.cx(2, 3)])
    values = [
        pairs.expectation("X0 X1", backend=drawing, generator=seed).item()
        for seed in (1, 1, 2, 3, 4, 5, 6)
    ]
    assert values[0] == values[1]
    assert len(set(values)) > 1
