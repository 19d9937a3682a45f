"""`minimize` on other backends, with shots, and in stages of shots."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, PauliSum, StateVector, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, NonFiniteError
from optim import minimize
from optim.problems import molecule
from tests.optim.minimization.support import PROBLEM, flat_circuit, tied_circuit


@pytest.mark.parametrize("method", ["l-bfgs-b", "rotosolve", "gradient-descent"])
def test_other_backends(method):
    """A noisy simulator: the same minimum as without noise, at the energy that noise leaves."""
    w = weights(2)
    clean = [g.ry(w[0], 0), g.ry(w[1], 1), g.cx(0, 1)]
    noisy = Circuit(2, [*clean, g.depolarizing(0.1, 0), g.depolarizing(0.1, 1)])
    target = PauliSum({"ZZ": 1.0, "IX": 0.5}, n_qubits=2)
    options = {"method": method, "start": [0.4, 0.9], "max_evaluations": 150}
    found = minimize(target, noisy, backend=DensityMatrix("torch"), **options)
    values = torch.from_numpy(found.parameters)
    expected = noisy.expectation(target, w=values, backend=DensityMatrix("torch"))[0].item()
    assert found.energy == pytest.approx(expected, abs=1e-10)
    rows = torch.cartesian_prod(*[torch.linspace(-3.2, 3.2, 40, dtype=torch.float64)] * 2)
    grid = noisy.expectation(target, w=rows, backend=DensityMatrix("torch")).min().item()
    assert found.energy <= grid + 1e-3


@pytest.mark.parametrize("method", ["spsa", "rotosolve", "l-bfgs-b", "cobyla"])
def test_shots(method):
    """The energy is measured at the last point, and runs repeat with the seed."""
    flat = flat_circuit()
    options = {"method": method, "shots": 2000, "max_evaluations": 81}
    one, two = (minimize(PROBLEM, flat, generator=5, **options) for _ in range(2))
    assert one.energy == pytest.approx(two.energy, abs=1e-9)
    np.testing.assert_allclose(one.parameters, two.parameters, atol=1e-9)
    assert one.evaluations <= 81
    exact = flat.expectation(PROBLEM.hamiltonian, one.parameters)
    # 7 standard errors: each of the 5 terms has a variance of at most 1 / 2000
    assert abs(one.energy - exact) < 7 * np.sqrt((2 * 1.0 + 3 * 0.8**2) * 3 / 2000)
    assert exact < flat.expectation(PROBLEM.hamiltonian)


def test_a_sampled_result_is_the_last_point_measured_anew():
    """SPSA never evaluates the points that it moves to, so the result is none of those before."""
    rows = []

    class Watched(StateVector):
        def run(self, requests):
            rows.extend(row for request in requests for row in request.values.tolist())
            return super().run(requests)

    options = {"method": "spsa", "shots": 100, "max_evaluations": 21, "generator": 0}
    found = minimize(PROBLEM, flat_circuit(), backend=Watched(), **options)
    assert len(rows) == found.evaluations == 21
    assert rows[-1] == found.parameters.tolist()
    assert rows[-1] not in rows[:-1]


def test_stages_bring_their_shots():
    spent = []

    class Watched(StateVector):
        def run(self, requests):
            spent.extend(request.shots for request in requests for _ in range(request.points))
            return super().run(requests)

    found = minimize(
        PROBLEM,
        flat_circuit(),
        method="adam-spsa",
        backend=Watched(),
        generator=0,
        options={"stages": [(4, 10), (2, 100), (2, 1000)]},
    )
    assert spent == [10] * 4 + [100] * 2 + [1000] * 2
    assert found.evaluations == 9  # the last one exact, at the end
    assert found.message == "the evaluations of all stages are spent"
    with pytest.raises(InvalidArgumentError, match="drop `shots`"):
        minimize(PROBLEM, flat_circuit(), method="adam-spsa", shots=3, options={"preset": "h2-2q"})


def test_presets_in_minimize():
    problem = molecule("H2", 2)
    w = weights(4)
    ansatz = Circuit(2, [g.ry(w[0], 0), g.ry(w[1], 1), g.cx(0, 1), g.ry(w[2], 0), g.ry(w[3], 1)])
    found = minimize(problem, ansatz, method="adam-spsa", generator=7, options={"preset": "h2-2q"})
    assert found.evaluations == 501
    assert found.energy - problem.ground_energy < 0.05


def test_energies_that_are_not_finite():
    class Broken(StateVector):
        def run(self, requests):
            (result,) = super().run(requests)
            result.values[:] = torch.nan
            return [result]

    with pytest.raises(NonFiniteError, match="not finite"):
        minimize(PROBLEM, tied_circuit(), method="spsa", backend=Broken(), shots=10)
