"""`noise.PauliTransfer` against other simulators of noisy circuits, in one run.

All contestants compute the same numbers, which is checked, and take turns of at least 0.1 s, the
median of whose calls counts; the first call (compilation, plans) is shown on its own. Peers that
are not installed are left out, by name.

Usage: `python -m tests.benchmarks.pauli_transfer [--only TEXT] [--repeats N] [--threads N]
[--seconds S] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.benchmarks.peers import architectures, reuploading

Step = Callable[[], np.ndarray]
_TURN = 0.1  # seconds
_TOLERANCE = 1e-5  # PennyLane computes some channels in single precision


@dataclass(frozen=True, slots=True)
class Workload:
    """What is measured.

    Attributes:
        name: For the table.
        steps: For each contestant what makes its step.
        targets: How many times as long each peer should take, where that was set.
    """

    name: str
    steps: Mapping[str, Callable[[], Step]]
    targets: Mapping[str, float]


def noisy_layer(
    n: int, layers: int, batch: int, gradient: bool, targets: dict[str, float]
) -> Workload:
    """The re-uploading circuit with depolarizing noise after every gate."""
    random = np.random.default_rng(0)
    x = random.uniform(-np.pi, np.pi, (batch, n))
    w = random.uniform(-np.pi, np.pi, (layers, n, 3))
    steps = {
        name: partial(make, n, layers, x, w, gradient)
        for name, make in reuploading.CONTESTANTS.items()
        if name in targets or name == "ketwork"
    }
    what = "value + gradients" if gradient else "value"
    return Workload(f"R({n},{layers}) batch {batch}, {what}", steps, targets)


def search(n: int, size: int, count: int, build: bool, targets: dict[str, float]) -> Workload:
    """Many different circuits, one energy each."""
    proposed = architectures.propose(n, size, count, seed=1)
    steps = {
        name: partial(make, n, proposed, build)
        for name, make in architectures.CONTESTANTS.items()
        if name in targets or name == "ketwork"
    }
    what = "from lists of gates" if build else "circuits given"
    return Workload(f"{count} circuits of {n} qubits, {size} gates, {what}", steps, targets)


PENNYLANE, TENSORCIRCUIT, AER, QULACS = (
    "PennyLane default.mixed",
    "tensorcircuit-ng DMCircuit",
    "Aer density_matrix",
    "Qulacs DensityMatrix",
)
ANY = 0.0  # no target: the ratio is only shown


def workloads() -> list[Workload]:
    """All of them."""
    return [
        noisy_layer(4, 4, 64, True, {PENNYLANE: 100, TENSORCIRCUIT: 8}),
        noisy_layer(6, 4, 32, True, {PENNYLANE: 80, TENSORCIRCUIT: 20}),
        noisy_layer(6, 4, 32, False, {AER: 30}),
        noisy_layer(8, 2, 8, True, {PENNYLANE: ANY}),
        noisy_layer(8, 2, 8, False, {AER: ANY}),
        search(4, 30, 1000, False, {QULACS: 10, AER: 20}),
        search(4, 30, 1000, True, {QULACS: ANY, AER: ANY}),
        search(8, 60, 1000, False, {QULACS: ANY, AER: ANY}),
    ]


def turn(step: Step) -> float:
    """The median time of a call in a turn of at least `_TURN` seconds.

    Short steps are called several times in a row: the first finds cold caches and cores that
    still run the threads of the one before.
    """
    times: list[float] = []
    while sum(times) < _TURN:
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure(work: Workload, repeats: int, seconds: float) -> dict[str, dict[str, Any]]:
    """First calls and medians in seconds, and how far results are from ours."""
    steps: dict[str, Step] = {}
    rows: dict[str, dict[str, Any]] = {}
    results: dict[str, np.ndarray] = {}
    for name, make in work.steps.items():
        started = time.perf_counter()
        try:
            steps[name] = make()
            results[name] = steps[name]()
        except ImportError as error:
            rows[name] = {"missing": str(error)}
            continue
        rows[name] = {"first": time.perf_counter() - started, "times": []}
        gap = np.abs(results[name] - results["ketwork"]).max()
        rows[name]["gap"] = float(gap)
        if not gap < _TOLERANCE:
            raise SystemExit(f"{work.name}: {name} differs from ketwork by {gap:.3g}.")
    for _ in range(repeats):
        for name, step in steps.items():
            times = rows[name]["times"]
            if times and sum(times) + statistics.median(times) > seconds:
                continue
            times.append(turn(step))
    for row in rows.values():
        if "times" in row:
            row["median"] = statistics.median(row["times"])
    return rows


def show(work: Workload, rows: dict[str, dict[str, Any]]) -> None:
    """Print one table."""
    print(f"\n{work.name}")
    ours = rows["ketwork"]["median"]
    for name, row in rows.items():
        if "missing" in row:
            print(f"  {name:28} not installed ({row['missing']})")
            continue
        target = work.targets.get(name, ANY)
        wanted = f"  target {target:g}" if target else ""
        verdict = "" if not target else (" met" if row["median"] / ours >= target else " MISSED")
        print(
            f"  {name:28} {1e3 * row['median']:10.2f} ms (of {len(row['times'])}, first "
            f"{1e3 * row['first']:.0f} ms)  x{row['median'] / ours:8.1f}{wanted}{verdict}  "
            f"gap {row['gap']:.1e}",
            flush=True,
        )


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--repeats", type=int, default=21, help="rounds of turns")
    parser.add_argument("--seconds", type=float, default=10.0, help="per contestant and workload")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write all numbers as JSON")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    report = {}
    for work in workloads():
        if options.only in work.name:
            report[work.name] = measure(work, options.repeats, options.seconds)
            show(work, report[work.name])
    if options.out:
        options.out.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
