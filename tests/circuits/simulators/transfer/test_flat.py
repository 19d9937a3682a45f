"""Circuits without symbols run many at a time; the values are those of one at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit, DensityMatrix, PauliSum, Request, _native, weights
from circuits import gates as g
from circuits.errors import NoiseNotAppliedError, QubitError
from noise import Depolarizing, NoiseModel, OverRotation, PauliTransfer, ThermalRelaxation
from tests.support.strategies import circuits

pytestmark = pytest.mark.skipif(_native.kernels() is None, reason="no kernels")

NOTHING = torch.zeros(1, 0, dtype=torch.float64)


def request_for(circuit: Circuit, *observed: str, dtype: torch.dtype = torch.float64) -> Request:
    return Request(circuit, NOTHING.to(dtype), [PauliSum(text) for text in observed])


def model() -> NoiseModel:
    made = NoiseModel()
    made.add(Depolarizing(0.02)).add(OverRotation(0.1, "Y"), gates=["h", "cx"])
    made.add(ThermalRelaxation(90e-6, 70e-6, 3e-6, 0.1), gates=["h", "x", "cx", "rx", "ry", "rz"])
    made.add_idle(1, 80e-6, 60e-6)
    return made.add_readout([[0.98, 0.02], [0.07, 0.93]], [0, 1, 2])


def runs_flat(backend: PauliTransfer, request: Request) -> bool:
    """Whether the last run went through rows, which leaves no plan behind."""
    return not any(id(request.circuit) in key for key in backend._plans._found)


@pytest.mark.filterwarnings("ignore::circuits.errors.NoiseNotAppliedWarning")
@given(
    st.lists(circuits(max_qubits=4, symbolic=False, channels=True), min_size=1, max_size=5),
    st.sampled_from([5, 7]),
)
def test_many_circuits_equal_the_torch_engine(drawn, width):
    """Idle qubits are simulated with few qubits, and left out with many."""
    wide = [Circuit(width, c.ops) for c in drawn]
    requests = [request_for(c, "Z0", "X1 Y0", "Z4 Z1") for c in wide]
    requests += [Request(c, NOTHING, qubits=[2, 0], bases="XZ") for c in wide]
    found = PauliTransfer(model()).run(requests)
    expected = PauliTransfer(model(), engine="torch").run(requests)
    for mine, other in zip(found, expected, strict=True):
        assert mine.values is not None
        assert other.values is not None
        torch.testing.assert_close(mine.values, other.values, rtol=0, atol=1e-11)


@given(st.lists(circuits(max_qubits=3, symbolic=False, channels=True), min_size=1, max_size=4))
def test_many_circuits_equal_the_density_matrix(drawn):
    requests = [request_for(c, "Z0", "Y0") for c in drawn]
    for mine, other in zip(
        PauliTransfer().run(requests), DensityMatrix("torch").run(requests), strict=True
    ):
        torch.testing.assert_close(mine.values, other.values, rtol=0, atol=1e-11)


def test_long_circuits_equal_the_torch_engine():
    """Constants are added while a circuit is built: what rows point to must not move away."""
    random = np.random.default_rng(5)
    requests = []
    for _ in range(40):
        ops = []
        for _ in range(30):
            a, b = (int(q) for q in random.choice(4, 2, replace=False))
            name = ("rx", "ry", "rz", "h", "cx", "cz")[random.integers(6)]
            angle = [float(random.normal())] if name[0] == "r" else []
            ops.append(getattr(g, name)(*angle, a, *([b] if name[0] == "c" else [])))
        requests.append(request_for(Circuit(4, ops), "Z0 X1", "Y2", "Z3"))
    found = PauliTransfer(model()).run(requests)
    expected = PauliTransfer(model(), engine="torch").run(requests)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine.values, other.values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_results_come_in_order_with_dtype_points_and_tags(dtype):
    backend = PauliTransfer()
    flipped, idle = Circuit(2, [g.x(0)]), Circuit(2, [g.x(1), g.depolarizing(0.2, 1)])
    requests = [
        Request(flipped, torch.zeros(3, 0, dtype=dtype), [PauliSum("Z0")], tags={"name": "a"}),
        Request(idle, torch.zeros(1, 0, dtype=dtype), [PauliSum("Z0"), PauliSum("Z1")]),
        Request(flipped, torch.zeros(0, 0, dtype=dtype), qubits=[0]),
    ]
    results = backend.run(requests)
    assert [r.values.tolist() for r in results[:2]] == [[[-1.0]] * 3, [[1.0, pytest.approx(-0.8)]]]
    assert results[2].values.shape == (0, 2)
    assert all(r.values.dtype == dtype for r in results)
    assert results[0].metadata["name"] == "a"
    assert all(runs_flat(backend, request) for request in requests)


def test_every_circuit_keeps_its_own_angles():
    angles = torch.linspace(-3, 3, 7, dtype=torch.float64)
    requests = [request_for(Circuit(1, [g.rx(float(a), 0), g.rx(0.2, 0)]), "Z0") for a in angles]
    found = torch.cat([r.values for r in PauliTransfer().run(requests)])
    torch.testing.assert_close(found[:, 0], torch.cos(angles + 0.2), rtol=0, atol=1e-14)


def test_strengths_and_durations_of_ops_are_their_own():
    backend = PauliTransfer(NoiseModel().add_idle(0, 50e-6, 40e-6).add(Depolarizing(0.0)))
    times, strengths = (1e-6, 30e-6), (0.1, 0.3)
    waits = [request_for(Circuit(1, [g.x(0), g.delay(t, 0)]), "Z0") for t in times]
    damped = [request_for(Circuit(1, [g.x(0), g.amplitude_damping(s, 0)]), "Z0") for s in strengths]
    found = torch.cat([r.values for r in backend.run([*waits, *damped])])[:, 0]
    decay = [1 - 2 * torch.exp(torch.tensor(-t / 50e-6, dtype=torch.float64)) for t in times]
    expected = torch.tensor([*decay, *(2 * s - 1 for s in strengths)], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_model_that_changes_is_followed():
    changing, circuit = NoiseModel().add(Depolarizing(0.1)), Circuit(1, [g.x(0)])
    backend = PauliTransfer(changing)
    assert float(backend.run([request_for(circuit, "Z0")])[0].values) == pytest.approx(-0.9)
    changing.add_readout([[1.0, 0.0], [0.5, 0.5]], 0)
    assert float(backend.run([request_for(circuit, "Z0")])[0].values) == pytest.approx(0.05)


def test_what_rows_cannot_say_goes_through_a_plan():
    """Symbols, matrices of the circuit's own and preparations are not lost among the others."""
    w = weights(1)
    half = torch.tensor([[torch.pi]], dtype=torch.float64)
    fixed = request_for(Circuit(1, [g.ry(0.0, 0)]), "Z0")
    others = [
        Request(Circuit(1, [g.ry(w[0], 0)]), half, [PauliSum("Z0")]),
        request_for(Circuit(1, [g.unitary([[0, 1], [1, 0]], 0)]), "Z0"),
        request_for(Circuit(1, [g.state_preparation([0, 1], 0)]), "Z0"),
    ]
    backend = PauliTransfer()
    results = backend.run([fixed, *others])
    values = [float(r.values) for r in results]
    assert values == pytest.approx([1.0, -1.0, -1.0, -1.0], abs=1e-12)
    assert not any(runs_flat(backend, request) for request in others)


def test_gates_that_lack_noise_are_still_reported():
    noisy = Circuit(1, [g.x(0), g.h(0)])
    strict = NoiseModel(missing="raise").add(Depolarizing(0.1), gates="x")
    for circuit, policy in ((noisy, strict), (Circuit(1, [g.h(0)]), strict)):
        with pytest.raises(NoiseNotAppliedError, match="`h`"):
            PauliTransfer(policy).run([request_for(circuit, "X0")])
    silent = PauliTransfer(NoiseModel().add(Depolarizing(0.1), gates="x"))
    silent.run([request_for(noisy, "X0")])  # one noisy gate is enough
    with pytest.warns(UserWarning, match="without gate noise"):
        silent.run([request_for(Circuit(1, [g.h(0)]), "X0")])


def test_circuits_wider_than_the_machine_are_refused():
    small = NoiseModel(n_qubits=1).add(Depolarizing(0.1))
    with pytest.raises(QubitError, match="machine"):
        PauliTransfer(small).run([request_for(Circuit(2, [g.x(0)]), "Z0")])
