"""Q-Cluster and readout inversion on the pinned sets, beside mthree on the same counts.

* Bitstrings: the exact outcomes of 11 QASMBench circuits, each measured bit flipped independently
  with p = 0.05, 0.1, 0.2; Hellinger fidelity to the exact distribution, averaged over seeds and
  circuits. Every method is given p; one more Q-Cluster estimates it from the counts.
* Wide: time to invert the readout of GHZ-like counts over many bits.
* Values: 450 expectation values under the readout errors of Qiskit's FakeManilaV2 alone.

Usage: `python -m tests.benchmarks.mitigation_readout [--strings DIR] [--circuits DIR]
[--mthree PYTHON] [--seeds N] [--out FILE]`, where `--strings` holds the QASMBench files,
`--circuits` the pinned 5-qubit circuits, and PYTHON is an interpreter that has mthree.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits import Backend, Circuit, StateVector
from noise import NoiseModel, PauliTransfer
from noise.mitigation import TREX, ReadoutCalibration, ReadoutInverse
from noise.mitigation.qcluster import estimate_flip_rate, q_cluster
from noise.mitigation.readout import Outcomes, SubspaceInverse
from noise.mitigation.readout.transition import flip_confusions
from tests.benchmarks.pinned_circuits import errors, lowered, measured, requests_for

NAMES = (
    "adder_n4", "bv_n14", "cat_state_n4", "deutsch_n2", "fredkin_n3", "ghz_state_n23", "grover_n2",
    "hs4_n4", "iswap_n2", "multiply_n13", "toffoli_n3",
)  # fmt: skip
RATES = (0.05, 0.1, 0.2)
SHOTS = 4096
WIDE = ((20, 0.02), (27, 0.02), (50, 0.02), (100, 0.01), (127, 0.01))
WIDE_SHOTS = 10_000

MTHREE = """
import json, sys, time
import numpy as np
import mthree
found = []
for case in json.load(sys.stdin):
    k, p = len(next(iter(case["counts"]))), case["p"]
    correct = mthree.M3Mitigation(None)
    correct.cals_from_matrices([np.array([[1 - p, p], [p, 1 - p]])] * k)
    started = time.perf_counter()
    try:
        quasi = correct.apply_correction(case["counts"], range(k))
    except Exception as problem:
        found.append({"failed": repr(problem)})
        continue
    seconds = time.perf_counter() - started
    both = {"quasi": quasi, "nearest": quasi.nearest_probability_distribution()}
    plain = {name: {b: float(v) for b, v in values.items()} for name, values in both.items()}
    found.append({"seconds": seconds, **plain})
json.dump(found, sys.stdout)
"""

Distribution = dict[str, float]


def exact_distribution(path: Path) -> Distribution:
    """Bitstrings of the measured bits of a circuit, without noise."""
    circuit = Circuit.from_qasm_file(path)
    order = sorted(circuit.measured, key=lambda qubit: circuit.measured[qubit])
    chances = circuit.statevector().abs().square().numpy()
    found: Distribution = {}
    for index in np.nonzero(chances > 1e-12)[0].tolist():
        label = "".join(str(index >> q & 1) for q in reversed(order))
        found[label] = found.get(label, 0.0) + float(chances[index])
    return found


def flipped(truth: Distribution, p: float, shots: int, seed: int) -> NDArray[np.uint8]:
    """Samples `(shots, k)` of a distribution, each bit flipped with probability p."""
    generator = np.random.default_rng(seed)
    bits = np.array([[int(c) for c in reversed(label)] for label in truth], dtype=np.uint8)
    chances = np.array(list(truth.values()))
    rows = bits[generator.choice(len(bits), shots, p=chances / chances.sum())]
    return rows ^ (generator.random(rows.shape) < p).astype(np.uint8)


def fidelity(found: Distribution, truth: Distribution) -> float:
    """Hellinger fidelity (sum sqrt(p q))^2."""
    overlap = sum((max(found.get(b, 0.0), 0.0) * value) ** 0.5 for b, value in truth.items())
    return float(overlap**2)


def raw_distribution(outcomes: Outcomes) -> Distribution:
    """Frequencies as measured."""
    return dict(zip(outcomes.labels(), outcomes.frequencies.tolist(), strict=True))


def subspace(outcomes: Outcomes, p: float) -> Distribution:
    """The nearest distribution to ours of subspace inversion."""
    confusions = flip_confusions(np.full(outcomes.n_bits, p))
    return SubspaceInverse(outcomes, confusions).quasi().nearest()


def mthree(python: str, cases: list[tuple[Outcomes, float]]) -> list[dict[str, Any]]:
    """Mthree's corrections of the same counts, in its own interpreter."""
    given = [
        {"counts": dict(zip(outcomes.labels(), map(int, outcomes.counts), strict=True)), "p": p}
        for outcomes, p in cases
    ]
    done = subprocess.run(
        [python, "-c", MTHREE], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def strings(folder: Path, seeds: int, python: str | None) -> dict[str, Any]:
    """Average fidelities, by p and method, and by circuit."""
    truths = {name: exact_distribution(folder / f"{name}.qasm") for name in NAMES}
    report: dict[str, Any] = {}
    for p in RATES:
        cases = [(name, Outcomes.of(flipped(truths[name], p, SHOTS, seed)))
                 for name in NAMES for seed in range(seeds)]  # fmt: skip
        started = time.perf_counter()
        given = [q_cluster(outcomes, p).distribution for _, outcomes in cases]
        seconds = (time.perf_counter() - started) / len(cases)
        methods = {
            "unmitigated": [raw_distribution(outcomes) for _, outcomes in cases],
            "subspace inversion": [subspace(outcomes, p) for _, outcomes in cases],
            "Q-Cluster": given,
            "Q-Cluster, p estimated": [
                q_cluster(outcomes, estimate_flip_rate(outcomes)).distribution
                for _, outcomes in cases
            ],
        }
        if python:
            theirs = mthree(python, [(outcomes, p) for _, outcomes in cases])
            methods["mthree"] = [one.get("nearest", {}) for one in theirs]
        rows = {
            method: {
                name: float(
                    np.mean([fidelity(found, truths[name])
                             for (case, _), found in zip(cases, all_found, strict=True)
                             if case == name])
                )
                for name in NAMES
            }
            for method, all_found in methods.items()
        }  # fmt: skip
        report[f"p = {p}"] = rows
        show_strings(p, rows, seconds)
    return report


def show_strings(p: float, rows: dict[str, dict[str, float]], seconds: float) -> None:
    """Print averages with ratios of Q-Cluster to each, and the fidelities by circuit."""
    means = {method: float(np.mean(list(row.values()))) for method, row in rows.items()}
    print(f"\np = {p}: mean fidelity (Q-Cluster takes {1e3 * seconds:.0f} ms a case)")
    for method, mean in means.items():
        gains = [means[ours] / mean for ours in ("Q-Cluster", "Q-Cluster, p estimated")]
        ratios = "  ".join(f"{gain:6.3f}x" for gain in gains)
        print(f"  {method:24} {mean:.4f}   gain of Q-Cluster, p given and estimated: {ratios}")
    for name in NAMES:
        print(f"    {name:14}" + "".join(f" {row[name]:.4f}" for row in rows.values()))


def wide(python: str | None) -> list[dict[str, Any]]:
    """Seconds for subspace inversion of two outcomes that differ in every bit."""
    cases = []
    for k, p in WIDE:
        truth = {"0" * k: 0.5, "1" * k: 0.5}
        cases.append((truth, Outcomes.of(flipped(truth, p, WIDE_SHOTS, 1)), p))
    theirs = mthree(python, [(o, p) for _, o, p in cases]) if python else [{}] * len(cases)
    rows = []
    print(f"\n{WIDE_SHOTS} shots of two outcomes: seconds of inversion, fidelity")
    for (truth, outcomes, p), other in zip(cases, theirs, strict=True):
        started = time.perf_counter()
        quasi = SubspaceInverse(outcomes, flip_confusions(np.full(outcomes.n_bits, p))).quasi()
        seconds, found = time.perf_counter() - started, quasi.distribution
        row = {
            "bits": outcomes.n_bits, "p": p, "bitstrings": len(outcomes.counts),
            "seconds": seconds, "fidelity": fidelity(quasi.nearest(), truth),
            "unmitigated": fidelity(raw_distribution(outcomes), truth),
        }  # fmt: skip
        text = (f"  {row['bits']:4} bits, p = {p}, {row['bitstrings']:5} bitstrings: ours "
                f"{seconds:.3f} s, {row['unmitigated']:.4f} -> {row['fidelity']:.4f}")  # fmt: skip
        if "seconds" in other:
            gap = max(abs(value - other["quasi"].get(b, 0.0)) for b, value in found.items())
            row |= {"mthree": other["seconds"], "largest difference": gap}
            text += f"; mthree {other['seconds']:.3f} s, largest difference {gap:.1e}"
        elif other:
            text += f"; mthree: {other['failed']}"
        print(text)
        rows.append(row)
    return rows


def values(folder: Path, shots: int) -> dict[str, Any]:
    """Errors of 450 expectation values under the device's readout alone."""
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    device, model = NoiseModel.from_backend(FakeManilaV2()), NoiseModel()
    for qubit, confusion in device.readout.items():
        model.add_readout(confusion, qubit)
    machine, circuits = PauliTransfer(model), lowered(folder)
    known = ReadoutCalibration.from_model(model)
    sampled = ReadoutCalibration.from_backend(machine, 5, 10_000, generator=1)
    methods: dict[str, Backend] = {
        "unmitigated": machine,
        "tensored inverse": ReadoutInverse(machine, known),
        "full inverse": ReadoutInverse(machine, known, method="full"),
        "subspace inverse": ReadoutInverse(machine, known, method="subspace"),
        "tensored, calibrated with 10000 shots": ReadoutInverse(machine, sampled),
        "TREX, 32 twirls": TREX(machine, seed=3),
    }
    exact = measured(StateVector().run(requests_for(circuits, None, None)))
    report: dict[str, Any] = {}
    for budget in (None, shots):
        rows = {
            name: errors(measured(method.run(requests_for(circuits, budget, 5))), exact)
            for name, method in methods.items()
        }
        report["exact" if budget is None else f"{budget} shots"] = rows
        print(f"\nreadout of FakeManilaV2, {'exact' if budget is None else f'{budget} shots'}")
        for name, row in rows.items():
            print(f"  {name:40} mean {row['mean']:.2e}  median {row['median']:.2e}  "
                  f"worst {row['worst']:.2e}")  # fmt: skip
    return report


def main() -> None:
    """Run the parts whose data are given, and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strings", type=Path, help="folder of the QASMBench circuits")
    parser.add_argument("--circuits", type=Path, help="folder of the pinned 5-qubit circuits")
    parser.add_argument("--mthree", help="interpreter that has mthree")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--shots", type=int, default=10_000)
    parser.add_argument("--out", type=Path, help="write all numbers as JSON")
    options = parser.parse_args()
    report: dict[str, Any] = {"wide": wide(options.mthree)}
    if options.strings:
        report["strings"] = strings(options.strings, options.seeds, options.mthree)
    if options.circuits:
        report["values"] = values(options.circuits, options.shots)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
