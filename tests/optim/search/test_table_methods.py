"""Methods of `optim.minimize` in the evaluator of searches."""

from __future__ import annotations

import numpy as np
import pytest

from circuits import StateVector
from optim.problems import transverse_field_ising
from optim.search.candidate import Candidate
from optim.search.evaluator import Evaluator
from optim.search.minimizers import MINIMIZERS

PROBLEM = transverse_field_ising(2, field=0.7)
METHODS = ("rotosolve", "spsa", "adam-spsa")


def candidate() -> Candidate:
    start = Candidate(2).append("ry", 0, angle=0.4).append("ry", 1, angle=-0.3)
    start = start.append("crx", 0, 1, angle=0.2).append("cx", 0, 1)
    return start.append("ry", 0, angle=0.1).append("ry", 1, angle=0.5)


@pytest.mark.parametrize("name", METHODS)
def test_energies_fall_and_the_budget_holds(name):
    evaluator = Evaluator(PROBLEM, optimizer=name, max_evaluations=400)
    before = evaluator.energy(candidate())
    found = evaluator.optimize(candidate())
    assert found.energy <= before
    assert found.energy - PROBLEM.ground_energy < 0.5 * (before - PROBLEM.ground_energy)
    assert found.evaluations <= 400
    assert found.energy == pytest.approx(PROBLEM.energy(found.candidate.flat(PROBLEM)), abs=1e-10)
    assert not MINIMIZERS[name].gradients


def test_rotosolve_takes_controlled_rotations_for_what_they_are():
    """From any start it ends where no angle alone, over its whole period, is lower."""
    evaluator = Evaluator(PROBLEM, optimizer="rotosolve", max_evaluations=5000)
    found = evaluator.optimize(candidate())
    angles = found.candidate.angles
    for k in range(len(angles)):
        table = np.tile(angles, (200, 1))
        table[:, k] += np.linspace(0, 4 * np.pi, 200)
        assert evaluator.energies(found.candidate, table).min() > found.energy - 1e-6


@pytest.mark.parametrize("name", METHODS)
def test_shots(name):
    def run():
        return Evaluator(
            PROBLEM,
            backend=StateVector(),
            shots=200,
            generator=3,
            optimizer=name,
            max_evaluations=60,
        ).optimize(candidate())

    one, two = run(), run()
    assert one.energy == pytest.approx(two.energy, abs=1e-9)
    assert one.evaluations <= 60
