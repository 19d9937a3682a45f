"""Compaction keeps the energy within what it may cost."""

from __future__ import annotations

import numpy as np
import pytest

from optim.problems import Problem, molecule
from optim.search import Candidate, Evaluator, Placed
from optim.search.compaction import Compactor, compact
from optim.search.prices import Prices


@pytest.fixture(scope="module")
def hydrogen() -> Problem:
    return molecule("H2_r0.70")


def padded(problem: Problem) -> Candidate:
    """A circuit for the ground state with many gates that it does not need."""
    rng = np.random.default_rng(1)
    listed = [Placed("ry", (q,), float(rng.normal())) for q in range(4)]
    for a, b in ((0, 1), (1, 2), (2, 3), (0, 2), (3, 1), (0, 1), (1, 2), (2, 3)):
        listed += [Placed("cx", (a, b)), Placed("ry", (a,), 0.1), Placed("ry", (b,), 0.2)]
        listed.append(Placed("rz", (b,), 0.3))
    return Evaluator(problem).optimize(Candidate(4, listed)).candidate


def test_a_padded_circuit_becomes_small(hydrogen: Problem) -> None:
    start, evaluator = padded(hydrogen), Evaluator(hydrogen)
    before = evaluator.energy(start)
    found = compact(start, evaluator, tolerance=1e-7)
    assert found.energy <= before + 1e-7
    assert evaluator.energy(found.candidate) == pytest.approx(found.energy, abs=1e-12)
    assert found.removed == len(start) - len(found.candidate) >= 20
    assert found.candidates == evaluator.candidates
    assert found.candidate.cnots <= 4


def test_a_tolerance_buys_gates(hydrogen: Problem) -> None:
    start = padded(hydrogen)
    tight = compact(start, Evaluator(hydrogen), tolerance=0.0)
    loose = compact(start, Evaluator(hydrogen), tolerance=0.1)
    energy = Evaluator(hydrogen).energy(start)
    assert tight.energy <= energy
    assert energy < loose.energy <= energy + 0.1
    assert len(loose.candidate) < len(tight.candidate)
    assert len(loose.candidate) <= 2  # the Hartree-Fock state is within a tenth of a hartree


def test_it_stops_when_told(hydrogen: Problem) -> None:
    evaluator = Evaluator(hydrogen)
    assert compact(padded(hydrogen), evaluator, tolerance=1e-7, max_candidates=3).candidates == 3
    assert evaluator.candidates == 3


def test_nothing_to_leave_out(hydrogen: Problem) -> None:
    evaluator = Evaluator(hydrogen)
    empty = compact(Candidate(4), evaluator)
    assert (empty.candidate, empty.removed, empty.candidates) == (Candidate(4), 0, 0)


def test_prices_decide_gate_by_gate(hydrogen: Problem) -> None:
    """With a price, what a step saves may cost that much, and earlier gains are not spent."""
    start, evaluator = padded(hydrogen), Evaluator(hydrogen)
    prices = Prices(cnot=0.05, gate=0.01)
    compactor = Compactor(
        evaluator, start, evaluator.energy(start), price=lambda c: prices.of(hydrogen, c)
    )
    cost = compactor.energy + prices.of(hydrogen, start)
    while (trial := compactor.ask()) is not None:
        kept = compactor.tell(evaluator.optimize(trial))
        now = compactor.energy + prices.of(hydrogen, compactor.candidate)
        assert now <= cost + 1e-12
        assert kept or compactor.candidate is not trial
        cost = now
    assert compactor.candidate.cnots <= 4


def test_state_of_a_compactor(hydrogen: Problem) -> None:
    start, evaluator = padded(hydrogen), Evaluator(hydrogen)
    compactor = Compactor(evaluator, start, evaluator.energy(start), 1e-6)
    first = compactor.ask()
    assert first is not None
    compactor.tell(evaluator.optimize(first))
    trial = compactor.ask()
    copy = Compactor(evaluator, Candidate(4), 0.0)
    copy.load_state_dict(compactor.state_dict())
    assert copy.ask() == trial
    assert copy.state_dict() == compactor.state_dict()
