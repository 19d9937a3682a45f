"""What all searches share: budgets, the record, checkpoints, interrupts, polishing, results."""

from __future__ import annotations

import _thread
import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
import torch

import noise
from circuits import Circuit, StateVector
from circuits import gates as g
from circuits.errors import ArgumentTypeError, CheckpointError, InvalidArgumentError
from optim.problems import Problem
from optim.search import Candidate, Evaluator, Report, SearchResult, Task
from tests.optim.search.support import FIELD, Guesses


def facts(result: SearchResult) -> dict[str, Any]:
    """All of a result that does not depend on how fast the machine is."""
    found = {name: getattr(result, name) for name in _NAMES if name != "seconds"}
    found["history"] = {
        kind: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
        for kind, rows in result.history.items()
    }
    return found


_NAMES = [entry.name for entry in dataclasses.fields(SearchResult)]


def test_result_describes_the_best_circuit() -> None:
    result = Guesses().run(FIELD, budget=30, seed=3)
    assert result.candidates == 30
    assert result.error == pytest.approx(result.energy - FIELD.ground_energy)
    assert result.energy == pytest.approx(FIELD.energy(result.circuit))
    assert result.measured == pytest.approx(result.energy)
    assert result.depth == result.candidate.depth
    assert result.cnots + result.rotations == len(result.candidate) == 6
    assert result.parameters == result.rotations
    best = result.history["best"]
    assert best[-1]["energy"] == pytest.approx(result.energy, abs=1e-6)
    assert [row["energy"] for row in best] == sorted((row["energy"] for row in best), reverse=True)
    assert [row["candidates"] for row in result.history["tens"]] == [10, 20, 30]
    assert result.options["gates"] == 6
    assert result.options["evaluator"]["optimizer"] == "bfgs"


def test_seeds_decide() -> None:
    one, two, three = (Guesses().run(FIELD, budget=15, seed=seed) for seed in (1, 1, 2))
    assert one.candidate.structure == two.candidate.structure
    assert one.candidate.structure != three.candidate.structure


def test_reports_come_after_every_candidate() -> None:
    reports: list[Report] = []
    result = Guesses().run(FIELD, budget=12, seed=1, progress=reports.append, polish=False)
    assert [report.candidates for report in reports] == list(range(1, 13))
    assert [report.facts["guess"] for report in reports] == list(range(1, 13))
    assert {report.budget for report in reports} == {12}
    assert reports[-1].best == result.candidate
    assert reports[-1].best_energy == result.measured == min(report.energy for report in reports)
    assert reports[-1].best_error == pytest.approx(result.error)
    assert reports[-1].evaluations == result.evaluations


def test_a_wanted_error_ends_the_search() -> None:
    whole = Guesses().run(FIELD, budget=60, seed=1, polish=False)
    wanted = whole.history["best"][-2]["error"] + 1e-6
    early = Guesses().run(FIELD, budget=60, seed=1, polish=False, until=wanted)
    assert early.candidates == whole.history["best"][-2]["candidates"] < 60


def test_polishing_is_counted_apart() -> None:
    rough = Evaluator(FIELD, optimizer="cobyla", max_evaluations=30)
    result = Guesses().run(FIELD, budget=8, seed=1, evaluator=rough)
    plain = Guesses().run(
        FIELD, budget=8, seed=1, polish=False,
        evaluator=Evaluator(FIELD, optimizer="cobyla", max_evaluations=30),
    )  # fmt: skip
    assert plain.polish_evaluations == 0 < result.polish_evaluations
    assert result.evaluations == plain.evaluations == rough.evaluations
    assert result.energy < plain.energy - 1e-6


def test_energy_of_a_noisy_search_is_without_noise() -> None:
    model = noise.NoiseModel()
    model.add(noise.channels.Depolarizing(0.05), gates=["rx", "ry", "rz", "cx"])
    evaluator = Evaluator(FIELD, backend=noise.PauliTransfer(model))
    result = Guesses(4).run(FIELD, budget=5, seed=1, evaluator=evaluator)
    assert result.energy == pytest.approx(FIELD.energy(result.circuit))
    assert result.measured > result.energy + 1e-3


def test_gates_of_the_problem_are_part_of_the_circuit_only() -> None:
    problem = Problem("started", FIELD.hamiltonian, initial=Circuit(3, [g.x(0), g.cx(0, 1)]))
    result = Guesses(3).run(problem, budget=3, seed=1)
    assert len(result.candidate) == 3
    assert len(result.circuit.ops) == 5
    assert problem.energy(result.circuit) == pytest.approx(result.energy)


@pytest.mark.parametrize("first", [1, 7, 10, 20])
def test_resumed_search_equals_an_uninterrupted_one(tmp_path: Path, first: int) -> None:
    def evaluator() -> Evaluator:
        return Evaluator(FIELD, restarts=1, generator=4)  # with randomness of its own

    whole = Guesses().run(FIELD, budget=20, seed=5, evaluator=evaluator())
    path = tmp_path / "run.pt"
    Guesses().run(FIELD, budget=first, seed=5, evaluator=evaluator(), checkpoint=path)
    resumed = Guesses().run(FIELD, budget=20, seed=5, evaluator=evaluator(), checkpoint=path)
    assert resumed.candidate.structure == whole.candidate.structure
    assert resumed.energy == pytest.approx(whole.energy, abs=1e-9)
    assert resumed.history["tens"] == whole.history["tens"]
    assert resumed.evaluations == pytest.approx(whole.evaluations, rel=0.02)
    assert resumed.seconds > 0


def test_an_interrupt_saves_a_whole_state(tmp_path: Path) -> None:
    path, seen = tmp_path / "run.pt", []

    def stop(report: Report) -> None:
        seen.append(report.candidates)
        if report.candidates == 6:
            _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt):
        Guesses().run(FIELD, budget=20, seed=5, checkpoint=path, progress=stop)
    assert seen[-1] == 6
    Guesses().run(
        FIELD, budget=20, seed=5, checkpoint=path, progress=lambda r: seen.append(r.candidates)
    )
    assert seen == list(range(1, 21))


def test_state_is_saved_on_the_way(tmp_path: Path) -> None:
    path, there = tmp_path / "deep" / "run.pt", []
    Guesses().run(
        FIELD, budget=3, seed=5, checkpoint=path, save_every=0,
        progress=lambda _: there.append(path.exists()),
    )  # fmt: skip
    assert there == [False, True, True]
    assert [entry.name for entry in path.parent.iterdir()] == ["run.pt"]


def test_a_checkpoint_of_another_run_raises(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    Guesses().run(FIELD, budget=2, seed=5, checkpoint=path)
    with pytest.raises(CheckpointError, match="its seed is 5, wanted 6"):
        Guesses().run(FIELD, budget=2, seed=6, checkpoint=path)
    with pytest.raises(CheckpointError, match="its options"):
        Guesses(7).run(FIELD, budget=2, seed=5, checkpoint=path)
    other = Evaluator(FIELD, max_evaluations=7)
    with pytest.raises(CheckpointError, match="its evaluator"):
        Guesses().run(FIELD, budget=2, seed=5, checkpoint=path, evaluator=other)


class Harmful:
    def __reduce__(self) -> Any:
        return os.system, ("exit 1",)


def test_damaged_and_hostile_checkpoints_raise(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    Guesses().run(FIELD, budget=2, seed=5, checkpoint=path)
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"not a checkpoint"):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="not a readable checkpoint"):
            Guesses().run(FIELD, budget=2, seed=5, checkpoint=path)
    torch.save({"format": 1, "facts": {}, "state": Harmful()}, path)
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        Guesses().run(FIELD, budget=2, seed=5, checkpoint=path)


def test_results_survive_their_file(tmp_path: Path) -> None:
    result = Guesses().run(FIELD, budget=5, seed=3)
    loaded = SearchResult.load(result.save(tmp_path / "result.json"))
    assert loaded == result
    assert loaded.circuit == result.circuit
    (tmp_path / "bad.json").write_text('{"format": 1}')
    with pytest.raises(CheckpointError, match="not the JSON text of a search result"):
        SearchResult.load(tmp_path / "bad.json")


def test_the_best_of_equal_energy_has_fewest_gates() -> None:
    evaluator = Evaluator(FIELD, optimizer="none")
    task = Task(FIELD, evaluator, budget=9, seed=0)
    idle = Candidate(3)
    for k in (2, 3, 1, 2):
        extra = idle
        for _ in range(k):
            extra = extra.append("rz", 0)
        task.optimize(extra)
    assert [len(kept.candidate) for kept in task.best] == [1, 2, 3]


def test_bad_arguments_raise() -> None:
    with pytest.raises(ArgumentTypeError, match=r"`problem`.*molecule\('H2'\), got str: 'H2'"):
        Guesses().run("H2", budget=1)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="`budget`"):
        Guesses().run(FIELD, budget=0)
    with pytest.raises(InvalidArgumentError, match="`seed`"):
        Guesses().run(FIELD, budget=1, seed=-1)
    other = Problem("other", FIELD.hamiltonian)
    with pytest.raises(InvalidArgumentError, match="of the problem 'field'"):
        Guesses().run(FIELD, budget=1, evaluator=Evaluator(other, backend=StateVector()))
    used = Evaluator(FIELD)
    used.optimize(Candidate(3))
    with pytest.raises(InvalidArgumentError, match="make a new one"):
        Guesses().run(FIELD, budget=1, evaluator=used)
