"""Annealing: settings, limits, prices, compaction; and random search."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from circuits.errors import InvalidArgumentError
from optim.problems import molecule
from optim.search import Candidate, Evaluator, Report, SearchResult
from optim.search.annealing import SimulatedAnnealing
from optim.search.random_search import RandomSearch
from optim.search.simplification import simplified
from tests.optim.search.support import FIELD


def test_it_correlates_electrons_of_lithium_hydride() -> None:
    """The best product state, where it settles first, has an error of 3.7e-2."""
    result = SimulatedAnnealing().run(molecule("LiH_r2.2_orb1-2-5"), budget=150, seed=5)
    assert result.error < 3e-2


def test_temperature_falls_from_hot_to_cold() -> None:
    seen: list[Report] = []
    search = SimulatedAnnealing(hot=0.5, cold=0.005, compaction=0.2)
    search.run(FIELD, budget=50, seed=0, progress=seen.append)
    temperatures = [r.facts["temperature"] / FIELD.accuracy for r in seen if r.candidates > 1]
    assert temperatures[0] == pytest.approx(0.5 * 0.01 ** (1 / 40))
    assert temperatures[38] == pytest.approx(0.5 * 0.01 ** (39 / 40))
    assert all(a >= b for a, b in pairwise(temperatures))


def test_a_hot_chain_accepts_and_a_cold_one_refuses() -> None:
    """At very high temperature the circuit wanders; at none it only improves."""

    def energies(hot: float, cold: float) -> list[float]:
        seen: list[Report] = []
        search = SimulatedAnnealing(hot=hot, cold=cold, cnot_price=0, gate_price=0, compaction=0)
        search.run(FIELD, budget=80, seed=1, progress=seen.append)
        return [report.energy for report in seen]

    wandering, falling = energies(1e9, 1e9), energies(1e-9, 1e-9)
    late = slice(40, None)
    assert min(falling) == pytest.approx(min(falling[late]))
    assert max(wandering[late]) > max(falling[late])


def test_limits_hold_for_every_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Candidate] = []
    seen: list[Report] = []
    search = SimulatedAnnealing(max_gates=7, max_cnots=2)
    optimize = Evaluator.optimize

    def noted(self: Evaluator, candidate: Candidate, start: object = None) -> object:
        tried.append(candidate)
        return optimize(self, candidate, None)

    monkeypatch.setattr(Evaluator, "optimize", noted)
    search.run(FIELD, budget=120, seed=2, progress=seen.append)
    assert len(tried) == len(seen)
    assert max(len(candidate) for candidate in tried) == 7
    assert max(candidate.cnots for candidate in tried) == 2


def test_prices_decide_which_circuit_is_the_best() -> None:
    free, dear = (
        SimulatedAnnealing(cnot_price=price, gate_price=price, hot=1.0).run(
            FIELD, budget=300, seed=0
        )
        for price in (0.0, 30.0)
    )
    assert dear.cnots < free.cnots
    assert dear.error > free.error
    unit = FIELD.accuracy
    cost = dear.energy + 30 * unit * (dear.cnots + len(dear.candidate))
    assert cost < free.energy + 30 * unit * (free.cnots + len(free.candidate))


def test_it_ends_early_when_nothing_is_left_to_leave_out() -> None:
    result = SimulatedAnnealing(compaction=0.9).run(molecule("H2_r0.70"), budget=400, seed=0)
    assert result.candidates < 400


def test_initial_gates_are_where_it_begins() -> None:
    problem = molecule("H2_r0.70")
    start = Candidate(4, [("ry", (0,), 3.0), ("ry", (1,), 3.1)])
    result = SimulatedAnnealing(initial=start).run(problem, budget=1, polish=False)
    assert result.candidate.structure == start.structure
    assert result.error == pytest.approx(0.0188404, abs=1e-6)  # Hartree-Fock


@pytest.mark.parametrize(
    "options",
    [{"hot": 0.1, "cold": 0.2}, {"cold": 0.0}, {"compaction": 1.0}, {"compaction": -0.1},
     {"max_gates": 0}, {"max_cnots": -1}, {"cnot_price": -1.0}, {"gate_price": -1.0}],
)  # fmt: skip
def test_settings_are_checked(options: dict[str, float]) -> None:
    with pytest.raises(InvalidArgumentError):
        SimulatedAnnealing(**options)  # type: ignore[arg-type]


def test_random_circuits_hold_no_redundant_gate_and_keep_to_their_size() -> None:
    for per in ("gate", "circuit"):
        seen: list[Report] = []
        search = RandomSearch(6, per=per)
        result = search.run(FIELD, budget=60, seed=0, progress=seen.append, polish=False)
        lengths = {len(report.best) for report in seen}
        assert max(lengths) <= 6
        generic = result.candidate.with_angles([1.0] * result.rotations)
        assert simplified(generic, idle=range(3)) == generic


@pytest.mark.parametrize("options", [{"max_gates": 0}, {"per": "episode"}])
def test_settings_of_random_search_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError):
        RandomSearch(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_a_checkpoint_knows_the_best_circuit(seed: int, tmp_path: Path) -> None:
    """At constant heat the best circuit comes early, and compaction begins with it."""
    search = SimulatedAnnealing(hot=300.0, cold=300.0, compaction=0.3)

    def stop(report: Report) -> None:
        if report.candidates == 24:
            raise KeyboardInterrupt

    def run(progress: Callable[[Report], None] | None = None) -> SearchResult:
        evaluator = Evaluator(FIELD, optimizer="none", generator=0)
        return search.run(
            FIELD, budget=40, seed=seed, evaluator=evaluator, progress=progress, save_every=0,
            checkpoint=None if whole is None else tmp_path / "run",
        )  # fmt: skip

    whole: SearchResult | None = None
    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(stop)
    assert run().candidate == whole.candidate
