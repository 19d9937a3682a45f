"""`minimize`: every method, both kinds of circuits, backends, shots, budgets, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import torch

from circuits import Circuit, FlatCircuit, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, KetworkError, NonFiniteError, ShapeError
from optim import minimize
from optim.minimization import METHODS
from optim.minimization.methods import ALIASES
from optim.problems import molecule
from tests.optim.minimization.support import PROBLEM, flat_circuit, tied_circuit

OPTIONS = {"qn-spsa": {"learning_rate": 0.02, "damping": 0.1}}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_comes_near_the_ground_energy(method):
    noisy = METHODS[method].random
    found = minimize(
        PROBLEM,
        flat_circuit(),
        method=method,
        generator=1,
        max_evaluations=3000 if noisy else 1500,
        options=OPTIONS.get(method),
    )
    error = found.energy - PROBLEM.ground_energy
    assert -1e-10 < error < (0.2 if noisy else 2e-3)
    assert found.method == method
    assert found.evaluations <= (3000 if noisy else 1500)
    assert (found.gradients > 0) == METHODS[method].gradients


@pytest.mark.parametrize("method", METHODS)
def test_result_fits_together(method):
    flat = flat_circuit(2)
    seen = []
    found = minimize(
        PROBLEM,
        flat,
        method=method,
        generator=1,
        max_evaluations=61,
        callback=lambda *row: seen.append(row),
    )
    assert found.energy == pytest.approx(
        flat.expectation(PROBLEM.hamiltonian, found.parameters), abs=1e-10
    )
    assert found.energy <= flat.expectation(PROBLEM.hamiltonian) + 1e-10 or METHODS[method].random
    assert found.evaluations <= 61
    assert found.history[-1][1] == found.energy
    assert [e for _, e in found.history] == sorted((e for _, e in found.history), reverse=True)
    assert seen[-1] == (found.evaluations, found.energy)
    assert found.energies.tolist() == [found.energy]
    np.testing.assert_array_equal(found.ends[0], found.parameters)
    np.testing.assert_array_equal(flat.angles, flat_circuit(2).angles)  # not changed


@pytest.mark.parametrize("method", METHODS)
def test_flat_circuits_and_circuits_agree(method):
    flat = flat_circuit(3)
    circuit = flat.to_circuit(symbols=True)
    options = {"method": method, "max_evaluations": 25, "generator": 2}
    one = minimize(PROBLEM, flat, start=flat.angles, **options)
    two = minimize(PROBLEM, circuit, start=torch.from_numpy(flat.angles), **options)
    assert one.energy == pytest.approx(two.energy, abs=1e-5)
    assert one.evaluations == two.evaluations


def test_gradient_methods_are_exact():
    """Two quasi-Newton methods reach what SciPy's trust-region method finds from there."""
    circuit = tied_circuit()
    begin = np.array([0.3, -0.4, 0.2, 0.5])

    def energy(x):
        values = torch.from_numpy(np.array(x).reshape(2, 2))
        return float(circuit.expectation(PROBLEM.hamiltonian, w=values)[0])

    reference = scipy.optimize.minimize(energy, begin, method="Nelder-Mead", tol=1e-11)
    for method in ("l-bfgs-b", "bfgs"):
        found = minimize(PROBLEM, circuit, method=method, start=begin)
        assert found.energy == pytest.approx(reference.fun, abs=1e-8)
        assert found.converged
        assert found.evaluations < 100


@pytest.mark.parametrize("method", ["bfgs", "adam", "rotosolve", "spsa", "qn-spsa"])
def test_start_points_run_side_by_side_as_alone(method):
    flat = flat_circuit()
    starts = np.random.default_rng(0).uniform(-2, 2, (5, flat.n_angles))
    options = {"method": method, "max_evaluations": 25}
    together = minimize(PROBLEM, flat, start=starts, generator=3, **options)
    if not METHODS[method].random:
        alone = [minimize(PROBLEM, flat, start=start, **options) for start in starts]
        energies = [found.energy for found in alone]
        np.testing.assert_allclose(together.energies, energies, atol=1e-6)
        assert together.evaluations == sum(found.evaluations for found in alone)
    assert together.energy == together.energies.min()
    assert together.ends.shape == (5, flat.n_angles)
    assert together.evaluations <= 5 * 25
    for energy, end in zip(together.energies, together.ends, strict=True):
        assert flat.expectation(PROBLEM.hamiltonian, end) == pytest.approx(energy, abs=1e-10)


def test_start_points_one_after_the_other():
    flat = flat_circuit()
    starts = np.random.default_rng(0).uniform(-2, 2, (3, flat.n_angles))
    found = minimize(PROBLEM, flat, start=starts, method="cobyla", max_evaluations=40)
    assert found.evaluations == 120
    assert found.energies.shape == (3,)


@pytest.mark.parametrize("method", METHODS)
def test_budgets_are_never_exceeded(method):
    for limit in (1, 2, 7):
        found = minimize(PROBLEM, flat_circuit(), method=method, max_evaluations=limit, generator=0)
        assert found.evaluations <= limit
        assert len(found.parameters) == 9


@pytest.mark.parametrize("method", ["l-bfgs-b", "rotosolve", "spsa"])
def test_circuits_without_parameters(method):
    flat = FlatCircuit(3)
    flat.append("h", 1)
    for circuit in (flat, flat.to_circuit()):
        found = minimize(PROBLEM, circuit, method=method)
        assert found.energy == pytest.approx(-0.8)
        assert found.evaluations == 1
        assert found.converged


def test_random_starts_follow_the_seed():
    circuit = tied_circuit()
    options = {"method": "cobyla", "max_evaluations": 1}
    one, two, three = (minimize(PROBLEM, circuit, generator=k, **options) for k in (1, 1, 2))
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert not np.array_equal(one.parameters, three.parameters)
    assert np.abs(one.parameters).max() <= np.pi


def test_rotosolve_of_shared_weights():
    found = minimize(PROBLEM, tied_circuit(), method="rotosolve", start=[0.3, -0.4, 0.2, 0.5])
    best = minimize(PROBLEM, tied_circuit(), method="l-bfgs-b", start=found.parameters)
    assert found.energy - best.energy < 1e-4


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(alias):
    found = minimize(PROBLEM, flat_circuit(), method=alias.upper(), max_evaluations=3)
    assert found.method == ALIASES[alias]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"method": "newton"}, InvalidArgumentError, "must be one of"),
        ({"options": {"speed": 1}}, InvalidArgumentError, "no option 'speed'"),
        ({"method": "spsa", "tolerance": 1e-3}, InvalidArgumentError, "no *effect"),
        ({"tolerance": -1.0}, InvalidArgumentError, "`tolerance`"),
        ({"max_evaluations": 0}, InvalidArgumentError, "max_evaluations"),
        ({"start": [0.1]}, ShapeError, r"\(9,\)"),
        ({"start": np.zeros((0, 9))}, ShapeError, r"\(9,\)"),
        ({"start": [np.nan] * 9}, NonFiniteError, "`start`"),
        ({"shots": 0}, InvalidArgumentError, "shots"),
        ({"method": "adam", "options": {"learning_rate": 0}}, InvalidArgumentError, "learning"),
        (
            {"method": "adam-spsa", "options": {"preset": "h2-2q", "stages": [(2, 1)]}},
            InvalidArgumentError,
            "not both",
        ),
        ({"method": "qng", "options": {"approximation": "x"}}, InvalidArgumentError, "approx"),
    ],
)
def test_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        minimize(PROBLEM, flat_circuit(), **arguments)


def test_refused_problems_and_circuits():
    with pytest.raises(KetworkError, match="Problem or a PauliSum"):
        minimize("H2", flat_circuit())  # type: ignore[arg-type]
    with pytest.raises(KetworkError, match="3 qubits"):
        minimize(PROBLEM, FlatCircuit(2))
    with pytest.raises(InvalidArgumentError, match="inputs"):
        minimize(PROBLEM, Circuit(3, [g.rx(inputs(1)[0], 0)]))
    with pytest.raises(InvalidArgumentError, match="complete"):
        minimize(molecule("H2", hartree_fock=True), Circuit(4, [g.rx(weights(1)[0], 0)]))
