"""CRLQAS with episodes on workers: exact budgets, the same result anywhere, resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from circuits.errors import ArgumentTypeError, InvalidArgumentError
from optim.executors import Processes, Serial
from optim.problems import Problem, transverse_field_ising
from optim.search import Report, SearchResult
from optim.search.crlqas import CRLQAS
from optim.search.rollouts import ParallelCRLQAS

BUDGET = 70


@pytest.fixture(scope="module")
def problem() -> Problem:
    return transverse_field_ising(3)


def agent(**settings: Any) -> CRLQAS:
    chosen: dict[str, Any] = {"max_gates": 6, "batch_size": 8, "learn_every": 1, "test_every": 3}
    return CRLQAS(**chosen | settings)


def summary(result: SearchResult) -> dict[str, Any]:
    names = ("candidate", "energy", "candidates", "evaluations")
    rows = {
        kind: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
        for kind, rows in result.history.items()
    }
    return {**{name: getattr(result, name) for name in names}, "history": rows}


def run(problem: Problem, ahead: int = 3, budget: int = BUDGET, **options: Any) -> SearchResult:
    with Serial() as executor:
        return ParallelCRLQAS(agent(), executor, ahead=ahead).run(
            problem, budget=budget, seed=4, **options
        )


@pytest.mark.parametrize("ahead", [1, 3, 20])
def test_the_budget_is_spent_exactly(problem: Problem, ahead: int) -> None:
    seen: list[Report] = []
    result = run(problem, ahead, progress=seen.append)
    assert result.candidates == BUDGET
    assert seen[-1].candidates == BUDGET
    assert result.evaluations == seen[-1].evaluations
    assert result.method == "crlqas-parallel"
    gates = [row["gates"] for kind in ("episodes", "tests") for row in result.history[kind]]
    assert BUDGET - 6 * ahead <= sum(gates) <= BUDGET


def test_greedy_tests_come_between_the_episodes(problem: Problem) -> None:
    history = run(problem).history
    assert [row["episode"] for row in history["episodes"]] == list(range(len(history["episodes"])))
    assert len(history["tests"]) in (
        (len(history["episodes"]) - 1) // 3,
        len(history["episodes"]) // 3,
    )


def test_it_learns_from_what_the_workers_played(problem: Problem) -> None:
    late = [row["epsilon"] for row in run(problem, 1).history["episodes"]]
    assert late[-1] < late[0]
    assert late == sorted(late, reverse=True)


def test_processes_find_what_one_process_finds(problem: Problem) -> None:
    found = []
    # Random actions only: last bits of a network's output may differ between processes.
    search = agent(epsilon_end=1.0, test_every=0)
    for make in (Serial, lambda: Processes(2)):
        with make() as executor:
            parallel = ParallelCRLQAS(search, executor, ahead=3)
            found.append(parallel.run(problem, budget=BUDGET, seed=4))
    alone, spread = found
    assert spread.candidates == alone.candidates
    assert spread.candidate.structure == alone.candidate.structure
    assert spread.energy == pytest.approx(alone.energy, abs=1e-9)


def test_a_resumed_run_equals_an_uninterrupted_one(problem: Problem, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(report: Report) -> None:
        if report.candidates > 30:
            raise Stop

    path = tmp_path / "run.ckpt"
    with pytest.raises(Stop):
        run(problem, checkpoint=path, progress=stop, save_every=0.0)
    seen: list[int] = []
    resumed = run(problem, checkpoint=path, progress=lambda r: seen.append(r.candidates))
    assert seen[0] > 20
    assert summary(resumed) == summary(run(problem))


def test_the_lag_is_part_of_the_method(problem: Problem) -> None:
    epsilons = [run(problem, ahead).history["episodes"][4]["epsilon"] for ahead in (1, 20)]
    assert epsilons[1] == 1.0 > epsilons[0]  # twenty ahead: sent before anything was learned


def test_it_stops_at_the_wanted_error(problem: Problem) -> None:
    with Serial() as executor:
        result = ParallelCRLQAS(agent(), executor, ahead=5).run(
            problem, budget=300, seed=4, until=1.5
        )
        assert result.candidates < 300
        assert all(call.cancelled for call in executor.as_completed())


def test_arguments(problem: Problem) -> None:
    with Serial() as executor:
        with pytest.raises(ArgumentTypeError, match="executor"):
            ParallelCRLQAS(agent(), "processes")  # type: ignore[arg-type]
        with pytest.raises(ArgumentTypeError, match="search"):
            ParallelCRLQAS(torch.nn.Identity(), executor)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="ahead"):
            ParallelCRLQAS(agent(), executor, ahead=0)
