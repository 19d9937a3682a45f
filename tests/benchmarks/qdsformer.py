"""A training step of `QDSFormer` against softmax attention, and its circuit in PennyLane.

The step is forward, backward and Adam on a batch of 28 x 28 images cut into 7 stripes: 8 tokens, a
circuit of 16 layers with 4 auxiliary qubits, float32. Contestants take turns in one process.

PennyLane runs the same circuit on Bell pairs, on `default.qubit` with broadcasting and
backpropagation, which needs memory for every gate: its batch is smaller, and times are compared
per sample. Its probabilities are compared with our matrices first. Without PennyLane installed
only our own times are shown.

Usage: `python -m tests.benchmarks.qdsformer [--repeats N] [--threads N] [--batch N]
[--peer-batch N] [--peer-repeats N] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from qml import QDSFormer
from qml.models.qdsformer import DoublyStochasticCircuit

Step = Callable[[], Any]

TARGETS = {"over softmax": 15.0, "times as fast as PennyLane": 20.0}
LAYERS, AUXILIARY, TOKENS = 16, 4, 8
_TOLERANCE = 1e-4


def training_step(model: nn.Module, x: Tensor, y: Tensor) -> Step:
    """Forward, backward and Adam."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def our_circuit_step(circuit: DoublyStochasticCircuit, scores: Tensor, weight: Tensor) -> Step:
    """Matrices and their gradients by scores and theta."""

    def step() -> Tensor:
        scores.grad = circuit.theta.grad = None
        found: Tensor = circuit(scores)
        (found * weight).sum().backward()
        return found.detach()

    return step


def pennylane_step(circuit: DoublyStochasticCircuit, scores: Tensor, weight: Tensor) -> Step:
    """As `our_circuit_step`, by PennyLane: the ansatz `parted`, written out from its definition."""
    import pennylane as qp

    n, data = circuit.n_qubits, circuit.measured_qubits()[: circuit.n_data]
    measured = [*(q + n for q in reversed(data)), *reversed(data)]  # the highest bit first

    @qp.qnode(qp.device("default.qubit", wires=2 * n), diff_method="backprop")
    def probabilities(angles: Tensor) -> Any:
        for q in range(n):
            qp.Hadamard(q)
            qp.CNOT([q, q + n])
        left = iter(angles.unbind(1))
        for _ in range(circuit.layers):
            for q in [*range(0, n - 1, 2), *range(1, n - 1, 2)]:
                for k in (q, q + 1):
                    (qp.RX if (k - data[0]) % 2 else qp.RY)(next(left), k)
                qp.IsingXX(next(left), [q, q + 1])
                qp.IsingZZ(next(left), [q, q + 1])
        return qp.probs(wires=measured)

    def step() -> Tensor:
        scores.grad = circuit.theta.grad = None
        flat = scores.flatten(1)
        angles = circuit.theta * flat[:, torch.arange(len(circuit.theta)) % flat.shape[1]]
        found = TOKENS * probabilities(angles).unflatten(-1, (TOKENS, TOKENS)).mT
        (found * weight).sum().backward()
        detached: Tensor = found.detach()
        return detached

    return step


def in_turns(steps: dict[str, Step], repeats: int) -> dict[str, list[float]]:
    """Milliseconds of every step; each is run once untimed before it is timed."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            step()
            start = time.perf_counter()
            step()
            times[name].append(1e3 * (time.perf_counter() - start))
    return times


def measure_training(batch: int, repeats: int) -> dict[str, dict[str, float]]:
    """Training steps of the transformer with every attention."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(batch, 784, generator=generator)
    y = torch.randint(0, 10, (batch,), generator=generator)
    model = QDSFormer(784, 10, circuit_layers=LAYERS, n_auxiliary=AUXILIARY, generator=0)
    models = {"softmax": model.without_circuit(generator=0), "circuit": model}
    models |= {name: model.without_circuit(name, generator=0) for name in ("sinkhorn", "qr")}
    steps = {name: training_step(module, x, y) for name, module in models.items()}
    times = in_turns(steps, repeats)
    return {
        name: {
            "ms": statistics.median(found),
            "fastest ms": min(found),
            "over softmax": statistics.median(found) / statistics.median(times["softmax"]),
            "by fastest": min(found) / min(times["softmax"]),
        }
        for name, found in times.items()
    }


def measure_circuit(batch: int, peer_batch: int, repeats: int) -> dict[str, dict[str, float]]:
    """The circuit alone with its gradients, against PennyLane where it is installed."""
    generator = torch.Generator().manual_seed(1)
    circuit = DoublyStochasticCircuit(
        TOKENS, layers=LAYERS, n_auxiliary=AUXILIARY, ansatz="parted", generator=0
    )
    scores = torch.randn(batch, TOKENS, TOKENS, generator=generator)
    weight = torch.randn(batch, TOKENS, TOKENS, generator=generator)
    few = scores[:peer_batch].clone().requires_grad_()
    steps = {"ketwork": our_circuit_step(circuit, scores.clone().requires_grad_(), weight)}
    sizes = {"ketwork": batch}
    if importlib.util.find_spec("pennylane") is not None:
        peer = pennylane_step(circuit, few, weight[:peer_batch])
        theirs = peer(), few.grad, circuit.theta.grad
        ours = our_circuit_step(circuit, few, weight[:peer_batch])(), few.grad, circuit.theta.grad
        for mine, other in zip(ours, theirs, strict=True):
            assert mine is not None
            assert other is not None
            difference = float((mine - other).abs().max() / other.abs().max().clamp_min(1))
            assert difference < _TOLERANCE, f"PennyLane differs by {difference}."
        steps["PennyLane"], sizes["PennyLane"] = peer, peer_batch
    times = in_turns(steps, repeats)
    rows = {
        name: {"batch": sizes[name], "ms per sample": statistics.median(found) / sizes[name]}
        for name, found in times.items()
    }
    if "PennyLane" in rows:
        ratio = rows["PennyLane"]["ms per sample"] / rows["ketwork"]["ms per sample"]
        rows["ketwork"]["times as fast as PennyLane"] = ratio
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--peer-batch", type=int, default=5)
    parser.add_argument("--peer-repeats", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(f"training step, batch {given.batch}, float32, {given.threads} thread(s)\n")
    print("| attention | ms | over softmax | by fastest |\n|---|---|---|---|")
    training = measure_training(given.batch, given.repeats)
    for name, row in training.items():
        print(f"| {name} | {row['ms']:.1f} | {row['over softmax']:.1f} | {row['by fastest']:.1f} |")
    circuit = measure_circuit(given.batch, given.peer_batch, given.peer_repeats)
    print("\n| circuit, forward + backward | batch | ms per sample |\n|---|---|---|")
    for name, row in circuit.items():
        print(f"| {name} | {row['batch']} | {row['ms per sample']:.2f} |")
    reached = training["circuit"]["over softmax"]
    met = "met" if reached <= TARGETS["over softmax"] else "missed"
    print(f"\ntarget (at most 15 softmax steps) {met}: {reached:.1f}")
    faster = circuit["ketwork"].get("times as fast as PennyLane")
    if faster is not None:
        met = "met" if faster >= TARGETS["times as fast as PennyLane"] else "missed"
        print(f"target (20 times as fast as PennyLane) {met}: {faster:.0f}")
    if given.out:
        found = {"training": training, "circuit": circuit}
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
