"""IBM's primitives in local mode: overhead of a training loop, and large fake devices.

`loop`: steps of training of a 4-qubit layer on a fake device, one job each; the share of the time
that is spent outside the client's primitives (preparing, running, decoding). `devices`: one
evaluation of 4 qubits (10 points, 3 observables) with noise on every shipped device of 127 and
more qubits, all of it and cut out, first call (which reads the device's data) and second.

Usage: `python -m tests.benchmarks.ibm_local [loop|devices] [--steps N] [--shots N] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import torch

import circuits
from circuits import Circuit, weights
from circuits import gates as g
from circuits.errors import QubitError
from qml import QuantumLayer

OBSERVED = ("Z0", "X0 X1", "Z2 Z3")


def layered(layers: int = 2) -> Circuit:
    """RY and CX on a chain of 4 qubits."""
    w = weights(layers, 4)
    circuit = Circuit(4)
    for layer in range(layers):
        circuit += [g.ry(w[layer, q], q) for q in range(4)]
        circuit += [g.cx(q, q + 1) for q in range(3)]
    return circuit


def training_loop(
    steps: int, shots: int, device: str = "fake:boston:4", method: str = "parameter-shift"
) -> dict[str, Any]:
    """Trains, and measures where the time goes.

    Args:
        steps: Number of steps.
        shots: Shots of each value.
        device: Where.
        method: How it is differentiated.
    """
    from circuits.backends.ibm import runners

    inside, jobs = [0.0], [0]
    run = runners.LocalRunner.run

    def timed(self: Any, sent: Any, *rest: Any) -> Any:
        jobs[0] += len(sent)
        start = time.perf_counter()
        try:
            return run(self, sent, *rest)
        finally:
            inside[0] += time.perf_counter() - start

    torch.manual_seed(1)
    backend = circuits.IBM(device, shots)
    layer = QuantumLayer(layered(), list(OBSERVED), backend=backend, diff_method=method)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    layer().sum().backward()  # reads the device's data and brings the circuit to its gates
    runners.LocalRunner.run = timed  # type: ignore[method-assign]
    losses = []
    start = time.perf_counter()
    try:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = layer().sum()
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
    finally:
        runners.LocalRunner.run = run  # type: ignore[method-assign]
    total = time.perf_counter() - start
    return {
        "steps": steps,
        "jobs": jobs[0],
        "seconds": total,
        "outside": (total - inside[0]) / total,
        "first_loss": losses[0],
        "last_loss": losses[-1],
    }


def large_devices(shots: int, least: int = 127) -> list[dict[str, Any]]:
    """One evaluation on each large fake device, whole and cut out.

    Args:
        shots: Shots of each value.
        least: Fewest qubits of a device.
    """
    from circuits.backends.ibm.fakes import fake_device, fake_names

    circuit, rows = layered(), []
    table = torch.rand(10, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    exact = circuit.expectation(list(OBSERVED), w=table)
    for name in fake_names():
        device = fake_device(name)
        if device.num_qubits < least:
            continue
        row: dict[str, Any] = {"device": name, "qubits": device.num_qubits}
        try:
            small = circuits.cut_out(device)
        except QubitError as error:
            print(f"{name:<12} {device.num_qubits:>4} qubits  {error}")
            continue
        for label, mode in (("whole", device), ("cut out", small)):
            backend = circuits.IBM(mode, shots)
            for call in ("first", "second"):
                start = time.perf_counter()
                found = circuit.expectation(list(OBSERVED), w=table, backend=backend)
                row[f"{label}, {call}"] = time.perf_counter() - start
            row[f"{label}, error"] = float((found - exact).abs().mean())
        row["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append(row)
        print(
            f"{name:<12} {device.num_qubits:>4} qubits  whole {row['whole, first']:5.2f} s, then "
            f"{row['whole, second']:5.2f} s; cut out {row['cut out, first']:5.2f} s, then "
            f"{row['cut out, second']:5.2f} s; mean error {row['whole, error']:.3f}, "
            f"{row['cut out, error']:.3f}; {row['peak_gib']:.2f} GiB",
            flush=True,
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("loop", "devices", "all"), default="all")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--shots", type=int, default=512)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    found: dict[str, Any] = {}
    if given.what in ("loop", "all"):
        for method in ("parameter-shift", "spsa"):
            row = found[method] = training_loop(given.steps, given.shots, method=method)
            print(
                f"{method}: {row['steps']} steps, {row['jobs']} jobs, {row['seconds']:.1f} s, "
                f"{100 * row['outside']:.1f} % outside the primitive's run; loss "
                f"{row['first_loss']:.2f} -> {row['last_loss']:.2f}",
                flush=True,
            )
    if given.what in ("devices", "all"):
        found["devices"] = large_devices(given.shots)
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
