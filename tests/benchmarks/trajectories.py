"""Trajectories beside Aer's state-vector trajectories, on the same circuits and noise models.

Ising-like layers of RY, RZ and CX on n qubits; noise "pauli" is depolarizing after every gate,
noise "relaxation" has T1 and T2 too, so that branches depend on the state. Observables are Z on
each qubit. As estimators differ in variance, the last column compares the time to equal standard
error: the ratio of times times the squared ratio of errors. Aer's errors come from the exact
values' spread over runs with several seeds.

Usage: `python -m tests.benchmarks.trajectories [--qubits N ...] [--number N] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from circuits import Circuit
from circuits import gates as g
from noise import NoiseModel, Trajectories, channels

AER_SEEDS = 4
STRIDE = 10**6  # Aer's shot k has the seed s + k: near seeds share most of their shots


def circuit_of(n: int, layers: int) -> Circuit:
    """Layers of random RY and RZ, and CX on neighbours."""
    rng = np.random.default_rng(n)
    ops = []
    for layer in range(layers):
        for q in range(n):
            ops += [g.ry(rng.uniform(-3, 3), q), g.rz(rng.uniform(-3, 3), q)]
        ops += [g.cx(q, q + 1) for q in range(layer % 2, n - 1, 2)]
    return Circuit(n, ops)


def model_of(kind: str) -> NoiseModel:
    """Depolarizing after every gate, with or without relaxation."""
    model = NoiseModel().add(channels.Depolarizing(0.001), gates=["ry", "rz"])
    model.add(channels.Depolarizing(0.01, 2), gates="cx")
    if kind == "relaxation":
        model.add(channels.ThermalRelaxation(100e-6, 120e-6, 35e-9), gates=["ry", "rz"])
        wait = channels.ThermalRelaxation(100e-6, 120e-6, 300e-9)
        model.add(wait.tensor(wait), gates="cx")
    return model


def ours(circuit: Circuit, model: NoiseModel, number: int) -> dict[str, Any]:
    """Values, standard errors and seconds."""
    labels = [f"Z{q}" for q in range(circuit.n_qubits)]
    started = time.perf_counter()
    result = circuit.estimate(labels, backend=Trajectories(model, number, generator=1))
    seconds = time.perf_counter() - started
    return {"values": result.values, "errors": result.standard_errors, "seconds": seconds}


def aer(circuit: Circuit, model: NoiseModel, number: int) -> dict[str, Any]:
    """Values of the first seed, standard errors from the spread over seeds, seconds of one run."""
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator

    compiled = circuit.to_qiskit()
    for q in range(circuit.n_qubits):
        compiled.save_expectation_value(SparsePauliOp("Z"), [q], label=f"Z{q}")
    noise, rows, seconds = model.to_aer(), [], []
    for seed in range(AER_SEEDS):
        machine = AerSimulator(
            method="statevector", noise_model=noise, seed_simulator=1 + STRIDE * seed
        )
        started = time.perf_counter()
        data = machine.run(compiled, shots=number).result().data()
        seconds.append(time.perf_counter() - started)
        rows.append([data[f"Z{q}"] for q in range(circuit.n_qubits)])
    table = torch.tensor(rows, dtype=torch.float64)
    return {"values": table[0], "errors": table.std(0), "seconds": min(seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", type=int, nargs="+", default=[8, 12])
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--number", type=int, default=1000, help="trajectories, shots of Aer")
    parser.add_argument("--out", type=Path, help="where to write the rows as JSON")
    options = parser.parse_args()
    rows = []
    for n in options.qubits:
        for kind in ("pauli", "relaxation"):
            circuit, model = circuit_of(n, options.layers), model_of(kind)
            ours(circuit, model, 2)
            mine, other = (f(circuit, model, options.number) for f in (ours, aer))
            error, aer_error = (float(r["errors"].square().mean().sqrt()) for r in (mine, other))
            row = {
                "qubits": n, "noise": kind, "trajectories": options.number,
                "seconds": mine["seconds"], "aer_seconds": other["seconds"],
                "error": error, "aer_error": aer_error,
                "faster": other["seconds"] / mine["seconds"],
                "faster_at_equal_error": other["seconds"] * aer_error**2
                / (mine["seconds"] * error**2),
                "largest_difference_in_errors": float(
                    ((mine["values"] - other["values"]).abs() / aer_error).max()
                ),
            }  # fmt: skip
            rows.append(row)
            print(json.dumps(row), flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
