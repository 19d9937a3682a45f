"""Energies, gradients and optimised angles against dense matrices, and how they are counted."""

from __future__ import annotations

import numpy as np
import pytest

import noise
from circuits import Circuit, PauliSum, StateVector
from circuits import gates as g
from circuits.errors import ArgumentTypeError, InvalidArgumentError, UnsupportedOperationError
from optim.problems import Problem, molecule
from optim.search import Candidate, Evaluator
from tests.optim.search.support import FIELD

CIRCUIT = Candidate(
    3,
    [
        ("ry", (0,), 0.4), ("cx", (0, 1)), ("rx", (1,), -1.1), ("cx", (2, 1)), ("rz", (1,), 0.7),
        ("ry", (2,), 2.2), ("cx", (1, 2)), ("rx", (0,), 0.3),
    ],
)  # fmt: skip
STARTED = Problem(
    "started", FIELD.hamiltonian, initial=Circuit(3, [g.x(1), g.ry(0.6, 2), g.cx(2, 0)])
)


def exact(problem: Problem, candidate: Candidate, angles: np.ndarray) -> float:
    circuit = candidate.with_angles(angles).to_circuit()
    if problem.initial is not None:
        circuit = problem.initial + circuit
    state = circuit.statevector().numpy()
    return float((state.conj() @ problem.hamiltonian.to_matrix() @ state).real)


def noisy_backend() -> noise.PauliTransfer:
    model = noise.NoiseModel()
    model.add(noise.channels.Depolarizing(0.01), gates=["rx", "ry", "rz"])
    model.add(noise.channels.Depolarizing(0.03, 2), gates=["cx"])
    return noise.PauliTransfer(model)


@pytest.mark.parametrize("problem", [FIELD, STARTED])
@pytest.mark.parametrize("backend", [None, StateVector()], ids=["native", "backend"])
def test_energies_and_gradients(problem: Problem, backend: StateVector | None) -> None:
    evaluator = Evaluator(problem, backend=backend)
    table = np.random.default_rng(0).normal(size=(4, CIRCUIT.rotations))
    wanted = [exact(problem, CIRCUIT, row) for row in table]
    np.testing.assert_allclose(evaluator.energies(CIRCUIT, table), wanted, atol=1e-12)
    assert evaluator.energy(CIRCUIT, table[1]) == pytest.approx(wanted[1])
    assert evaluator.energy(CIRCUIT) == pytest.approx(exact(problem, CIRCUIT, CIRCUIT.angles))
    values, slopes = evaluator.value_and_gradient(CIRCUIT, table)
    np.testing.assert_allclose(values, wanted, atol=1e-12)
    for k in range(CIRCUIT.rotations):  # the parameter-shift rule
        shift = np.zeros(CIRCUIT.rotations)
        shift[k] = np.pi / 2
        up, down = (exact(problem, CIRCUIT, table[2] + s * shift) for s in (1, -1))
        assert slopes[2, k] == pytest.approx((up - down) / 2, abs=1e-12)
    value, one = evaluator.value_and_gradient(CIRCUIT, table[3])
    assert value == pytest.approx(wanted[3])
    np.testing.assert_allclose(one, slopes[3], atol=1e-12)


def test_candidates_in_turn_do_not_get_mixed_up() -> None:
    evaluator = Evaluator(STARTED)
    others = [CIRCUIT, CIRCUIT.append("ry", 1, angle=0.9), CIRCUIT[:3], Candidate(3)]
    for candidate in [*others, *reversed(others)]:
        expected = exact(STARTED, candidate, candidate.angles)
        assert evaluator.energy(candidate) == pytest.approx(expected)


def test_counters() -> None:
    evaluator = Evaluator(FIELD)
    evaluator.energies(CIRCUIT, np.zeros((3, 5)))
    evaluator.value_and_gradient(CIRCUIT)
    evaluator.value_and_gradient(CIRCUIT, np.zeros((2, 5)))
    assert (evaluator.candidates, evaluator.evaluations, evaluator.gradients) == (0, 6, 3)
    found = evaluator.optimize(CIRCUIT)
    assert evaluator.candidates == 1
    assert evaluator.evaluations == 6 + found.evaluations
    before = evaluator.evaluations
    assert evaluator.polish(found.candidate).evaluations == evaluator.evaluations - before
    assert evaluator.candidates == 1
    assert evaluator.optimize(Candidate(3)).evaluations == 1


@pytest.mark.parametrize("optimizer", ["bfgs", "lbfgs", "cobyla"])
def test_optimised_angles_are_a_minimum(optimizer: str) -> None:
    evaluator = Evaluator(FIELD, optimizer=optimizer)
    found = evaluator.optimize(CIRCUIT)
    assert found.energy < evaluator.energy(CIRCUIT) - 0.1
    assert found.energy == pytest.approx(evaluator.energy(found.candidate))
    assert found.candidate.structure == CIRCUIT.structure
    assert np.abs(evaluator.value_and_gradient(found.candidate)[1]).max() < 1e-3
    polished = evaluator.polish(found.candidate)
    assert np.abs(evaluator.value_and_gradient(polished.candidate)[1]).max() < 1e-6
    assert polished.energy <= found.energy


def test_optimisation_leaves_stationary_points() -> None:
    # At angle 0 all derivatives vanish and the energy is at its maximum.
    problem = Problem("z", PauliSum({"ZZ": 1.0}))
    flat = Candidate(2, [("rx", (0,)), ("ry", (1,)), ("rz", (1,))])
    assert Evaluator(problem).optimize(flat).energy == pytest.approx(-1)


def test_further_starts_find_lower_minima_and_repeat() -> None:
    problem = molecule("H2_r0.7414")
    rng, alone, several = np.random.default_rng(3), [], []
    for k in range(6):
        gates = [("ry", (q,), rng.normal()) for q in range(4)]
        gates += [("cx", (q, (q + 1) % 4)) for q in range(4)] + [("rx", (q,)) for q in range(4)]
        candidate = Candidate(4, gates)
        alone.append(Evaluator(problem).optimize(candidate).energy)
        one, two = (Evaluator(problem, restarts=4, generator=k).optimize(candidate) for _ in "ab")
        assert one.energy == pytest.approx(two.energy, abs=1e-9)
        several.append(one.energy)
    gains = np.array(alone) - several
    assert gains.min() > -1e-9
    assert gains.max() > 1e-3


def test_no_optimiser_keeps_the_angles() -> None:
    evaluator = Evaluator(FIELD, optimizer="none")
    assert evaluator.optimize(CIRCUIT).candidate == CIRCUIT
    start = np.arange(5.0)
    assert evaluator.optimize(CIRCUIT, start).candidate.angles.tolist() == start.tolist()


def test_noise_comes_from_the_backend() -> None:
    backend = noisy_backend()
    evaluator = Evaluator(STARTED, backend=backend)
    circuit = STARTED.initial + CIRCUIT.to_circuit()
    expected = float(circuit.expectation(FIELD.hamiltonian, backend=backend))
    assert evaluator.energy(CIRCUIT) == pytest.approx(expected)
    assert abs(expected - Evaluator(STARTED).energy(CIRCUIT)) > 1e-3
    slopes = evaluator.value_and_gradient(CIRCUIT)[1]
    step = np.zeros(5)
    step[2] = 1e-5
    up, down = (evaluator.energy(CIRCUIT, CIRCUIT.angles + s * step) for s in (1, -1))
    assert slopes[2] == pytest.approx((up - down) / 2e-5, abs=1e-7)
    assert evaluator.optimize(CIRCUIT).energy < expected - 0.1


def test_shots_are_drawn_from_the_generator() -> None:
    def energies(seed: int) -> list[float]:
        evaluator = Evaluator(
            FIELD, backend=StateVector(), shots=100, generator=seed, optimizer="cobyla"
        )
        return [evaluator.energy(CIRCUIT) for _ in range(3)]

    assert energies(1) == energies(1) != energies(2)
    assert len(set(energies(1))) == 3


def test_state_is_taken_over() -> None:
    one = Evaluator(FIELD, restarts=2, generator=5)
    one.optimize(CIRCUIT)
    two = Evaluator(FIELD, restarts=2, generator=6)
    two.load_state_dict(one.state_dict())
    assert one.optimize(CIRCUIT).energy == pytest.approx(two.optimize(CIRCUIT).energy)
    assert (one.candidates, one.evaluations) == (two.candidates, two.evaluations)


def test_torch_and_native_engines_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    native = Evaluator(FIELD).value_and_gradient(CIRCUIT)
    monkeypatch.setattr("circuits._native.kernels", lambda: None)
    torch_engine = Evaluator(FIELD).value_and_gradient(CIRCUIT)
    assert native[0] == pytest.approx(torch_engine[0])
    np.testing.assert_allclose(native[1], torch_engine[1], atol=1e-12)


def test_what_cannot_be_raises() -> None:
    with pytest.raises(ArgumentTypeError, match="`problem` must be a Problem"):
        Evaluator("H2")  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="`backend` must be a Backend"):
        Evaluator(FIELD, backend="aer")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="'bfgs', 'lbfgs', 'cobyla'"):
        Evaluator(FIELD, optimizer="sgd")
    with pytest.raises(InvalidArgumentError, match="needs a backend that measures"):
        Evaluator(FIELD, shots=100)
    with pytest.raises(InvalidArgumentError, match="optimizer='cobyla'"):
        Evaluator(FIELD, backend=StateVector(), shots=100)
    sampled = Evaluator(FIELD, backend=StateVector(), shots=100, optimizer="cobyla")
    with pytest.raises(UnsupportedOperationError, match="gives no gradients"):
        sampled.value_and_gradient(CIRCUIT)
    with pytest.raises(UnsupportedOperationError, match="gives no gradients"):
        sampled.polish(CIRCUIT)
