"""Speed of what a search does all day: energies with gradients of new circuits, environment steps.

    python -m tests.benchmarks.search_speed

in an environment that also has Qulacs (the simulator of the CRLQAS authors). Times are CPU times
of one thread; ours and the peer's are taken in turns, and ratios are medians over the turns.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from optim.problems import Problem, molecule
from optim.search import Candidate, Evaluator
from optim.search.environment import CircuitGame, Curriculum

_TURN = 0.1  # seconds


def measured(tasks: dict[str, Callable[[], Any]], turns: int) -> dict[str, list[float]]:
    """Seconds of CPU per call of each task, for each turn; the tasks take turns."""
    counts, found = {}, {name: list[float]() for name in tasks}
    for name, task in tasks.items():
        task()
        start = time.process_time()
        task()
        counts[name] = max(1, int(_TURN / max(time.process_time() - start, 1e-6)))
    for _ in range(turns):
        for name, task in tasks.items():
            start = time.process_time()
            for _ in range(counts[name]):
                task()
            found[name].append((time.process_time() - start) / counts[name])
    return found


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Median over the turns of the quotient."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


def water_candidate(problem: Problem, cnots: int = 105, rotations: int = 35) -> Candidate:
    """The size of the published H2O circuit: random places, random angles."""
    rng, n = np.random.default_rng(0), problem.n_qubits
    gates: list[tuple[Any, ...]] = []
    for is_cnot in rng.permutation([True] * cnots + [False] * rotations):
        if is_cnot:
            gates.append(("cx", tuple(rng.choice(n, 2, replace=False).tolist())))
        else:
            axis = ("rx", "ry", "rz")[rng.integers(3)]
            gates.append((axis, (int(rng.integers(n)),), float(rng.uniform(-np.pi, np.pi))))
    return Candidate(n, gates)


class Qulacs:
    """The peer: a circuit is built, its energy taken, its gradient by `backprop`.

    Args:
        problem: The problem.
    """

    def __init__(self, problem: Problem) -> None:
        import qulacs

        self.qulacs: Any = qulacs
        self.n = problem.n_qubits
        self.observable = qulacs.Observable(self.n)
        for label, value in zip(
            problem.hamiltonian.indexed_labels(), problem.hamiltonian.coefficients, strict=True
        ):
            spaced = "" if label == "I" else " ".join(f"{p[0]} {p[1:]}" for p in label.split())
            self.observable.add_operator(complex(value), spaced)
        self.state = qulacs.QuantumState(self.n)

    def build(self, gates: Sequence[Any]) -> Any:
        """The circuit of a candidate's gates; angles have the other sign here."""
        circuit = self.qulacs.ParametricQuantumCircuit(self.n)
        for name, qubits, angle in gates:
            if name == "cx":
                circuit.add_CNOT_gate(*qubits)
            else:
                getattr(circuit, f"add_parametric_{name.upper()}_gate")(*qubits, -angle)
        return circuit

    def energy(self, circuit: Any) -> float:
        """Energy of a circuit."""
        self.state.set_zero_state()
        circuit.update_quantum_state(self.state)
        return float(self.observable.get_expectation_value(self.state))

    def value_and_gradient(self, circuit: Any) -> tuple[float, np.ndarray]:
        """Energy and gradient of a circuit."""
        return self.energy(circuit), -np.array(circuit.backprop(self.observable))


def candidates(turns: int) -> dict[str, Any]:
    """Energy and gradient of one H2O candidate, a new circuit each time, and of 64 angle sets."""
    problem = molecule("H2O_eq_cas4_4")
    whole = water_candidate(problem)
    base, last = whole[:-1], whole[-1:]
    evaluator, peer, gates = Evaluator(problem), Qulacs(problem), whole.gates
    table = np.random.default_rng(1).uniform(-np.pi, np.pi, (64, whole.rotations))
    ours = evaluator.value_and_gradient(whole)
    theirs = peer.value_and_gradient(peer.build(gates))
    difference = max(abs(ours[0] - theirs[0]), float(np.abs(ours[1] - theirs[1]).max()))
    circuit = peer.build(gates)
    times = measured(
        {
            "ours": lambda: evaluator.value_and_gradient(base + last),
            "ours, 64 sets": lambda: evaluator.value_and_gradient(whole, table),
            "qulacs, built and evaluated": lambda: peer.value_and_gradient(peer.build(gates)),
            "qulacs, backprop alone": lambda: circuit.backprop(peer.observable),
        },
        turns,
    )
    one, many = times["ours"], [t / 64 for t in times["ours, 64 sets"]]
    alone, built = times["qulacs, backprop alone"], times["qulacs, built and evaluated"]
    return {
        "gates": [whole.cnots, whole.rotations],
        "terms": len(problem.hamiltonian.terms),
        "largest_difference": difference,
        "milliseconds": {name: 1e3 * statistics.median(t) for name, t in times.items()},
        "new_circuit_over_backprop": ratio(alone, one),
        "new_circuit_over_built": ratio(built, one),
        "per_set_of_64_over_backprop": ratio(alone, many),
        "per_set_of_64_over_built": ratio(built, many),
    }


def episodes(problem: Problem, max_gates: int, count: int) -> tuple[list[Candidate], float, int]:
    """Random legal episodes: the candidates as they were started, seconds, evaluations."""
    evaluator, rng = Evaluator(problem), np.random.default_rng(0)
    started: list[Candidate] = []

    def optimize(candidate: Candidate) -> Any:
        started.append(candidate)
        return evaluator.optimize(candidate)

    game = CircuitGame(
        problem, optimize, evaluator.energy(Candidate(problem.n_qubits)), max_gates=max_gates,
        curriculum=Curriculum.fixed(1e-12),
    )  # fmt: skip
    start = time.process_time()
    for _ in range(count):
        game.reset(rng)
        while not game.over:
            game.observation()
            game.step(int(rng.choice(np.flatnonzero(game.mask))))
    return started, time.process_time() - start, evaluator.evaluations


def environment(count: int) -> dict[str, Any]:
    """Steps per second on H2-4q, and the same steps by COBYLA with at most 1000 evaluations."""
    problem = molecule("H2_r0.7414")
    episodes(problem, 40, 1)
    started, seconds, evaluations = episodes(problem, 40, count)
    quick = Evaluator(problem)
    slow = Evaluator(problem, optimizer="cobyla", max_evaluations=1000)
    chosen = [candidate for candidate in started if candidate.rotations][:: max(1, count // 2)]
    peer, times = Qulacs(problem), {"bfgs": 0.0, "cobyla": 0.0}
    energies, used, lower = 0.0, 0, list[float]()
    for candidate in chosen:
        start = time.process_time()
        ours = quick.optimize(candidate)
        middle = time.process_time()
        theirs = slow.optimize(candidate)
        times["bfgs"] += middle - start
        times["cobyla"] += time.process_time() - middle
        lower.append(theirs.energy - ours.energy)
        circuit, n = peer.build(candidate.gates), min(200, theirs.evaluations)
        start = time.process_time()
        for _ in range(n):
            peer.energy(circuit)
        energies += (time.process_time() - start) / n * theirs.evaluations
        used += theirs.evaluations
    return {
        "steps": len(started),
        "steps_per_second": len(started) / seconds,
        "evaluations_per_step": evaluations / len(started),
        "compared_steps": len(chosen),
        "steps_with_higher_energy_than_cobyla": sum(gain < -1e-6 for gain in lower),
        "mean_energy_below_cobyla": statistics.mean(lower),
        "cobyla_evaluations_per_step": used / len(chosen),
        "over_cobyla": times["cobyla"] / times["bfgs"],
        "over_the_qulacs_energies_of_cobyla_alone": energies / times["bfgs"],
        "over_1000_qulacs_energies": energies / used * 1000 * len(chosen) / times["bfgs"],
    }


def main() -> None:
    """Print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    options = parser.parse_args()
    if importlib.util.find_spec("qulacs") is None:
        print("Qulacs is not installed here: there is nothing to compare with.")
        return
    torch.set_num_threads(1)
    found = {"candidate": candidates(options.turns), "environment": environment(options.episodes)}
    print(json.dumps(found, indent=1))
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
