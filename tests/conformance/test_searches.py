"""What every search method must do, whatever it does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import pytest

from circuits import Backend, Circuit, PauliSum, Request, Result, StateVector
from circuits import gates as g
from circuits.flat.table import Floats
from optim.problems import Problem
from optim.search import Evaluator, Report, Search, SearchResult
from optim.search.choices import Choices
from optim.search.minimizers import MINIMIZERS, Minimizer, Minimum
from tests.conformance.searches import CHANCELESS, SEARCHES

CHAIN = Problem(
    "chain",
    PauliSum({"IIZZ": 0.6, "IZZI": 0.5, "ZZII": 0.4, "IIXX": -0.7, "IXXI": 0.8, "XXII": 0.5,
              "IIIX": 0.3, "YYII": -0.2, "ZIII": 0.1}),
    coupling=((1, 0), (1, 2), (2, 3)),
)  # fmt: skip
PART = Problem(
    "part", CHAIN.hamiltonian, initial=Circuit(4, [g.x(1), g.h(3), g.cx(3, 0)]), qubits=(0, 1, 2)
)
BUDGET = 24


def descent(objective: Any, start: Floats, most: int) -> Minimum:
    """Some steps down the gradient, in arithmetic that gives the same bits everywhere."""
    angles, best = start, objective.energy(start)
    for _ in range(min(most, 6)):
        tried = angles - 0.4 * objective.value_and_gradient(angles)[1]
        energy = objective.energy(tried)
        if energy >= best:
            break
        angles, best = tried, energy
    return Minimum(angles, best)


@pytest.fixture(autouse=True)
def _descent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MINIMIZERS, "descent", Minimizer(descent, gradients=True))


@pytest.fixture(params=list(SEARCHES))
def search(request: pytest.FixtureRequest) -> Search:
    return SEARCHES[request.param]()


def run(search: Search, problem: Problem = CHAIN, budget: int = BUDGET, **kw: Any) -> SearchResult:
    evaluator = Evaluator(problem, optimizer="descent", generator=0)
    return search.run(
        problem, budget=budget, evaluator=evaluator, **{"seed": 3, "polish": False, **kw}
    )


def content(result: SearchResult) -> dict[str, Any]:
    """All of a result but times."""
    found = json.loads(result.to_json())
    del found["seconds"]
    for rows in found["history"].values():
        for row in rows:
            row.pop("seconds", None)
    return dict(found)


def test_the_same_seed_gives_the_same_result(search: Search) -> None:
    assert content(run(search)) == content(run(search))


@pytest.mark.parametrize("name", [name for name in SEARCHES if name not in CHANCELESS])
def test_other_seeds_give_other_results(name: str) -> None:
    results = [run(SEARCHES[name](), seed=seed) for seed in range(4)]
    assert len({result.candidate for result in results}) > 1


@pytest.mark.parametrize("after", [1, 7, 19])
def test_a_resumed_run_equals_an_uninterrupted_one(
    search: Search, after: int, tmp_path: Path
) -> None:
    path = tmp_path / "run"

    def stop(report: Report) -> None:
        if report.candidates == after:
            raise KeyboardInterrupt

    whole = run(search)
    if whole.candidates > after:
        with pytest.raises(KeyboardInterrupt):
            run(search, checkpoint=path, progress=stop, save_every=0)
    assert content(run(search, checkpoint=path, save_every=0)) == content(whole)
    assert content(run(search, checkpoint=path)) == content(whole)


def test_every_candidate_keeps_to_qubits_and_coupling(search: Search) -> None:
    for problem in (CHAIN, PART):
        choices = Choices.of(problem)
        seen: list[Report] = []
        result = run(search, problem, progress=seen.append)
        assert choices.allows(result.candidate)
        assert all(choices.allows(report.best) for report in seen)
        state = result.circuit.statevector().numpy()
        energy = (state.conj() @ problem.hamiltonian.to_matrix() @ state).real
        assert result.energy == pytest.approx(energy, abs=1e-10)
        assert result.measured == pytest.approx(energy, abs=1e-10)


def test_the_budget_is_kept_and_candidates_are_reported_one_by_one(search: Search) -> None:
    seen: list[Report] = []
    result = run(search, progress=seen.append)
    assert [report.candidates for report in seen] == list(range(1, result.candidates + 1))
    assert 1 < result.candidates <= BUDGET
    assert run(search, budget=1).candidates == 1


@final
class Counting(Backend):
    """The exact simulator; counts the points that it runs."""

    differentiable = True

    def __init__(self) -> None:
        self.points = 0
        self.inner = StateVector()

    def run(self, requests: Sequence[Request]) -> list[Result]:
        self.points += sum(len(request.values) for request in requests)
        return self.inner.run(requests)


def test_every_energy_is_counted(search: Search) -> None:
    backend = Counting()
    evaluator = Evaluator(CHAIN, backend=backend, optimizer="descent", generator=0)
    result = search.run(CHAIN, budget=10, seed=3, evaluator=evaluator)
    assert result.polish_evaluations > 0
    assert result.evaluations + result.polish_evaluations == backend.points


def test_settings_are_part_of_the_result_and_say_what_was_searched(search: Search) -> None:
    result = run(search, budget=3)
    settings = {key: value for key, value in result.options.items() if key != "evaluator"}
    assert settings == json.loads(json.dumps(search.options()))
    assert result.method == search.method
    back = SearchResult.from_json(result.to_json())
    assert content(back) == content(result)


def test_a_search_improves_on_the_empty_circuit(search: Search) -> None:
    result = search.run(CHAIN, budget=60, seed=1)
    assert result.energy < CHAIN.energy(Circuit(4)) - 1.5
    assert result.error > -1e-9
