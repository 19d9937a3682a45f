"""The runs of `ketwork search`: one per seed, here or on worker processes, each resumable."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from circuits.errors import CheckpointError, WaitTimeoutError
from noise import NoiseModel, PauliTransfer
from optim.executors import Processes, Serial
from optim.problems import Problem
from optim.search import Candidate, Evaluator, Report, SearchResult
from optim.search.crlqas import CRLQAS
from optim.search.mps import mps_start, with_start
from optim.search.rollouts import ParallelCRLQAS
from qml.training import atomic_write

from .search_methods import search_of

PLAN, RESULT, CHECKPOINT, PROGRESS = "plan.json", "search.json", "search.ckpt", "progress.json"
STARTS = ("mps", "mps-fixed")
_PERIOD = 0.5  # seconds between two looks at the progress of workers


@dataclass(frozen=True)
class Plan:
    """What every run of a command does; the seed is all that differs.

    Args:
        problem: The problem.
        agent: Name of the method.
        budget: Candidates per run.
        preset: Preset of the method.
        max_gates: Largest number of gates.
        start: `"mps"` to begin with the gates of a matrix product state, `"mps-fixed"` to leave
            these as they are.
        noise: Noise of the machine on which candidates are evaluated.
        shots: Measurements per energy.
        optimizer: How angles are optimised.
        max_evaluations: Largest number of evaluations per candidate.
        until: Error at which a run ends.
        ahead: Processes that play the episodes of one run of `crlqas`.
    """

    problem: Problem
    agent: str
    budget: int
    preset: str | None = None
    max_gates: int | None = None
    start: str | None = None
    noise: NoiseModel | None = None
    shots: int | None = None
    optimizer: str | None = None
    max_evaluations: int = 1000
    until: float | None = None
    ahead: int | None = None

    def facts(self) -> dict[str, Any]:
        """What must agree for a folder to be of the same plan, as JSON holds it."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        noise = None if self.noise is None else json.loads(self.noise.to_json())
        return {**found, "problem": self.problem.name, "noise": noise}


@dataclass(frozen=True)
class Progress:
    """How a run stands."""

    candidates: int
    evaluations: int
    seconds: float
    best_energy: float
    best_error: float
    cnots: int
    depth: int
    facts: dict[str, Any]

    @classmethod
    def of(cls, report: Report) -> Progress:
        """From what a search reports."""
        return cls(
            report.candidates, report.evaluations, report.seconds, report.best_energy,
            report.best_error, report.best.cnots, report.best.depth, dict(report.facts),
        )  # fmt: skip


Show = Callable[[int, Progress], None]


def run_seed(plan: Plan, seed: int, folder: str, show: Show | None = None) -> str:
    """Runs the search with one seed, from its checkpoint if there is one.

    Args:
        plan: What to do.
        seed: The seed.
        folder: Where checkpoint, progress and result are kept.
        show: Told about the progress; by default the file `progress.json` is, about twice a
            second.

    Returns:
        The result as JSON.
    """
    home = Path(folder)
    if (home / RESULT).exists():
        return SearchResult.load(home / RESULT).to_json()
    home.mkdir(parents=True, exist_ok=True)
    last = 0.0

    def report(found: Report) -> None:
        nonlocal last
        if time.monotonic() - last < _PERIOD and found.candidates < found.budget:
            return
        last = time.monotonic()
        if show is not None:
            show(seed, Progress.of(found))
        else:
            _write(home / PROGRESS, json.dumps(asdict(Progress.of(found))))

    problem, start = _started(plan, seed)
    search = search_of(plan.agent, preset=plan.preset, max_gates=plan.max_gates, start=start)
    with Serial() if plan.ahead is None else Processes(plan.ahead) as executor:
        if isinstance(search, CRLQAS) and plan.ahead is not None:
            search = ParallelCRLQAS(search, executor, ahead=plan.ahead)
        result = search.run(
            problem,
            budget=plan.budget,
            seed=seed,
            evaluator=evaluator_of(plan, problem, seed),
            checkpoint=home / CHECKPOINT,
            progress=report,
            until=plan.until,
        )
    _write(home / RESULT, result.to_json())
    return result.to_json()


def evaluator_of(plan: Plan, problem: Problem, seed: int) -> Evaluator:
    """What evaluates the candidates of a run."""
    backend = PauliTransfer(plan.noise) if plan.noise is not None or plan.shots else None
    usual = "cobyla" if plan.shots else "bfgs"
    return Evaluator(
        problem,
        backend=backend,
        shots=plan.shots,
        generator=seed,
        optimizer=usual if plan.optimizer is None else plan.optimizer,
        max_evaluations=plan.max_evaluations,
    )


def run_all(
    plan: Plan, seeds: list[int], out: Path, workers: int, show: Show
) -> Iterator[tuple[int, SearchResult]]:
    """Runs all seeds and yields each result as it comes.

    Args:
        plan: What to do.
        seeds: The seeds.
        out: Folder of the command; run `s` lives in `seed-s`.
        workers: Processes; with 1, or one seed, the runs are in this process.
        show: Told about the progress.
    """
    homes = {seed: out / f"seed-{seed}" for seed in seeds}
    if workers == 1 or len(seeds) == 1:
        for seed, home in homes.items():
            yield seed, SearchResult.from_json(run_seed(plan, seed, str(home), show))
        return
    with Processes(min(workers, len(seeds))) as executor:
        calls = {executor.submit(run_seed, plan, s, str(home)): s for s, home in homes.items()}
        while calls:
            try:
                for call in executor.as_completed(timeout=_PERIOD):
                    yield calls.pop(call), SearchResult.from_json(call.result())
            except WaitTimeoutError:
                for seed in calls.values():
                    _relay(seed, homes[seed] / PROGRESS, show)


def _relay(seed: int, path: Path, show: Show) -> None:
    if path.exists():
        show(seed, Progress(**json.loads(path.read_text())))


def _started(plan: Plan, seed: int) -> tuple[Problem, Candidate | None]:
    """The problem with the fixed part of the start in front, and the part that may change."""
    if plan.start is None:
        return plan.problem, None
    found = mps_start(plan.problem, seed=seed).candidate
    if plan.start == STARTS[1]:
        return with_start(plan.problem, found), None
    return plan.problem, found


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as file:
        file.write(text.encode())


def check_plan(out: Path, plan: Plan) -> None:
    """Write the plan to the folder, or raise if the folder holds runs of another one."""
    path, facts = out / PLAN, json.loads(json.dumps(plan.facts()))
    before = json.loads(path.read_text()) if path.exists() else facts
    changed = [name for name in facts if before.get(name) != facts[name]]
    if changed:
        told = [f"{name} {before.get(name)}" if name != "noise" else name for name in changed]
        raise CheckpointError(
            f"--resume: the runs in {out} were made with other settings ({', '.join(told)}). Give "
            "the same options, or choose another --out."
        )
    _write(path, json.dumps(facts, indent=1))
