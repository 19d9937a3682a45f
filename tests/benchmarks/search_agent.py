"""What the CRLQAS agent finds by itself, with seeds, candidates, evaluations and wall time.

    python -m tests.benchmarks.search_agent TASK --seeds 0 1 2 --minutes 10 --out FOLDER

Tasks: `h2`, `h2-0.70` (noiseless, 4 qubits), `lih` (6), `beh2` (6), `h2o` (8), and `noisy`: H2 at
0.70 Angstrom under the noise and the couplings of ibmq_ourense, readout errors inverted; then the
angles of the circuit that was found are optimised once more with zero-noise extrapolation. Errors
of circuits are always those without noise; `measured_error` is what the search saw.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

import noise
from circuits import Backend
from noise import channels
from optim.problems import Problem, molecule
from optim.search import Evaluator, Report, SearchResult
from optim.search.compaction import compact
from optim.search.crlqas import CRLQAS
from optim.search.environment import Curriculum, RandomHalting

COUPLING = ((0, 1), (1, 2), (1, 3))
# Calibration of ibmq_ourense: T1 and T2 in seconds, P(1|0) and P(0|1), length of CNOTs in seconds,
# and the depolarizing probability that brings their error to the reported one.
QUBITS = (
    (110.8e-6, 91.0e-6, 0.008, 0.022),
    (111.1e-6, 30.5e-6, 0.017, 0.042),
    (97.1e-6, 113.5e-6, 0.010, 0.034),
    (142.8e-6, 102.0e-6, 0.017, 0.047),
)
CNOTS = {(0, 1): (270e-9, 0.0010), (1, 2): (391e-9, 0.0010), (1, 3): (612e-9, 0.0010)}
ROTATION = (71e-9, 2e-4)


def ourense(*, readout: bool = True) -> noise.NoiseModel:
    """Relaxation, depolarization and readout errors of every qubit and coupling."""
    model = noise.NoiseModel()

    def relaxation(qubit: int, seconds: float) -> Any:
        t1, t2, *_ = QUBITS[qubit]
        return channels.ThermalRelaxation(t1, t2, seconds)

    seconds, strength = ROTATION
    for qubit, (_, _, up, down) in enumerate(QUBITS):
        after = relaxation(qubit, seconds).then(channels.Depolarizing(strength))
        model.add(after, gates=["rx", "ry", "rz"], qubits=[qubit])
        if readout:
            model.add_readout([[1 - up, up], [down, 1 - down]], qubit)
    for pair, (seconds, strength) in CNOTS.items():
        for first, second in (pair, pair[::-1]):
            both = relaxation(first, seconds).tensor(relaxation(second, seconds))
            after = both.then(channels.Depolarizing(strength, 2))
            model.add(after, gates=["cx"], qubits=[first, second])
    return model


def readout_inverted() -> noise.PauliTransfer:
    """The noise of the gates.

    Exact values with readout errors, inverted by `noise.ReadoutInverse` with the same calibration,
    are those of the model without readout errors, which is what runs here: several times faster.
    """
    return noise.PauliTransfer(ourense(readout=False))


def extrapolated() -> noise.ZNE:
    """That, extrapolated to no noise."""
    return noise.ZNE(readout_inverted(), factors=(1, 2, 3), fold="scale")


@dataclass(frozen=True)
class Figure:
    """One figure of the results table.

    Attributes:
        problem: Makes the problem.
        agent: Makes the agent for it.
        evaluator: Options of the evaluator.
        until: Error at which the search ends.
        compacts: Whether gates that the energy does not need are left out in the end.
        budget: Largest number of candidates.
        refined: Backend with which the angles of the circuit are optimised once more in the end.
    """

    problem: Callable[[], Problem]
    agent: Callable[[Problem], CRLQAS]
    evaluator: Callable[[], dict[str, Any]] = dict
    until: float | None = None
    compacts: bool = True
    budget: int = 10**7
    refined: Callable[[], Backend] | None = None


def exploring(max_gates: int, goal: float) -> Callable[[Problem], CRLQAS]:
    """Whole episodes towards a known energy, with much exploration."""
    return lambda problem: CRLQAS(
        max_gates=max_gates, target=problem.ground_energy, curriculum=Curriculum.fixed(goal),
        epsilon_end=0.3, learn_every=8, n_steps=8, discount=0.97, learning_rate=1e-3,
    )  # fmt: skip


TASKS = {
    "h2": Figure(lambda: molecule("H2_r0.7414"), lambda _: CRLQAS(), until=7.2e-8),
    "h2-0.70": Figure(lambda: molecule("H2_r0.70"), lambda _: CRLQAS(), until=7.2e-8),
    "lih": Figure(
        lambda: molecule("LiH_r2.2_orb1-2-5"), exploring(100, 5e-4),
        lambda: {"restarts": 1, "spread": 0.5}, until=5e-4,
    ),
    "beh2": Figure(
        lambda: molecule("BeH2_r1.33_orb1-2-6"), exploring(60, 5e-5),
        lambda: {"restarts": 1, "spread": 0.5}, until=5e-5,
    ),
    "h2o": Figure(
        lambda: molecule("H2O_eq_cas4_4"), exploring(200, 1.5e-4),
        lambda: {"restarts": 1, "spread": 0.5}, until=1.5e-4,
    ),
    "noisy": Figure(
        lambda: replace(molecule("H2_r0.70"), coupling=COUPLING),
        lambda _: CRLQAS(halting=RandomHalting(40, 0.6, longest=40)),
        lambda: {"backend": readout_inverted(), "max_evaluations": 100}, compacts=False,
        budget=3000, refined=extrapolated,
    ),
}  # fmt: skip


class Late(Exception):
    """The time is up."""


def searched(task: Figure, seed: int, minutes: float, folder: Path) -> SearchResult:
    """One run, kept in `folder`; when the time is up, what it has found."""
    problem, began, seen = task.problem(), time.monotonic(), [0.0, 0.0]

    def watch(report: Report) -> None:
        seen[0] = report.candidates
        if time.monotonic() - seen[1] > 20:
            seen[1] = time.monotonic()
            gates = len(report.best)
            print(f"  {report.candidates} candidates, {report.seconds:.0f} s: error "
                  f"{report.best_error:.2e}, {gates} gates", flush=True)  # fmt: skip
        if time.monotonic() - began > 60 * minutes:
            raise Late

    options = {"generator": seed, **task.evaluator()}
    path = folder / f"{problem.name}-{seed}.pt"
    agent, budget = task.agent(problem), task.budget
    for _ in range(2):
        evaluator = Evaluator(problem, **options)
        try:
            return agent.run(
                problem, budget=budget, seed=seed, evaluator=evaluator, until=task.until,
                checkpoint=path, progress=watch,
            )  # fmt: skip
        except Late:
            budget, began = int(seen[0]), float("inf")
    raise AssertionError


def main() -> None:
    """Print a row for each seed, and write the results if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=tuple(TASKS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=10.0, help="for each seed")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = TASKS[options.task]
    folder = Path(tempfile.mkdtemp()) if options.out is None else options.out
    for seed in options.seeds:
        result = searched(task, seed, options.minutes, folder)
        row = {
            name: getattr(result, name)
            for name in ("problem", "seed", "error", "depth", "cnots", "rotations", "candidates",
                         "evaluations", "polish_evaluations", "seconds")
        }  # fmt: skip
        row["measured_error"] = result.measured - (result.energy - result.error)
        if task.compacts:
            problem = task.problem()
            evaluator = Evaluator(problem)
            small = compact(result.candidate, evaluator, max_candidates=2000)
            row["compacted"] = {
                "error": small.energy - problem.ground_energy, "depth": small.candidate.depth,
                "cnots": small.candidate.cnots, "rotations": small.candidate.rotations,
                "candidates": small.candidates,
            }  # fmt: skip
        if task.refined is not None:
            problem = task.problem()
            evaluator = Evaluator(problem, backend=task.refined())
            found = evaluator.optimize(result.candidate).candidate
            error = Evaluator(problem).energy(found) - problem.ground_energy
            row["refined"] = {"error": error, "evaluations": evaluator.evaluations}
        print(json.dumps(row), flush=True)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            stem = f"{options.task}-{seed}"
            result.save(options.out / f"{stem}.json")
            (options.out / f"{stem}-row.json").write_text(json.dumps(row))


if __name__ == "__main__":
    main()
