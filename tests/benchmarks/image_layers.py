"""Layers of the image models against the same circuits in PennyLane: forward and backward.

| layer | circuit |
|---|---|
| HQNN-Parallel | 4 circuits of 5 qubits: angles, 3 layers of RZ, RY and a ring of CNOTs |
| quanvolution | 4 qubits on each of the 49 patches of an image of 14 x 14 pixels, 1 layer |
| Hamiltonian embedding | 5 qubits, 10 repetitions of exp(-i t M / 2) and SU(32) |
| quantum linear layer | 7 qubits, 10 repetitions of exp(i H / 10) and SU(128) |

PennyLane runs `default.qubit` with broadcasting and backpropagation, and its `SpecialUnitary` (on 7
qubits, where that does not fit into the memory, it gets the gates' matrices); the exponentials of
the data are `torch.linalg.matrix_exp`, which its users would take. Values and gradients are
compared first. Contestants take turns in one process, float32, CPU time.

Usage: `python -m tests.benchmarks.image_layers [--batch N] [--repeats N] [--threads N]
[--layer NAME ...] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qml import HamiltonianEmbedding, QuantumLinear, Quanvolution
from qml.models.cores import core_layer
from qml.models.hamiltonian_embedding import square_matrix
from qml.models.special_unitary import pauli_matrix

Layer = Callable[[Tensor], Tensor]
_TOLERANCE = 1e-3
_SPECIAL = 5
"""Most qubits for PennyLane's `SpecialUnitary`: on 7 it would hold 16,383 matrices of 128 x 128."""


class Contest(NamedTuple):
    """Our layer and PennyLane's of the same function.

    Attributes:
        ours: Our layer.
        theirs: The same function.
        parameters: What both are differentiated by, beside the input.
        x: A batch of inputs.
    """

    ours: Layer
    theirs: Layer
    parameters: list[Tensor]
    x: Tensor


def angle_qnode(n: int, layers: int, scale: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The circuit of the HQNN models: features `(points, n)`, weights `(layers, 2, n)`."""
    import pennylane as qp

    @qp.qnode(qp.device("default.qubit", wires=n), diff_method="backprop")
    def values(x: Tensor, w: Tensor) -> Any:
        for q in range(n):
            qp.RX(scale * x[:, q], q)
        for layer in range(layers):
            for q in range(n):
                qp.RZ(w[layer, 0, q], q)
            for q in range(n):
                qp.RY(w[layer, 1, q], q)
            for q in range(n):
                qp.CNOT([q, (q + 1) % n])
        return [qp.expval(qp.PauliZ(q)) for q in range(n)]

    return lambda x, w: torch.stack(tuple(values(x, w)), -1)


def evolution_qnode(n: int) -> Callable[[Tensor, Tensor], Tensor]:
    """From |+>^n: steps `(L, points, N, N)`, each followed by the SU(2^n) gate of `theta`."""
    import pennylane as qp

    wires = list(reversed(range(n)))  # qubit 0 is the least significant

    @qp.qnode(qp.device("default.qubit", wires=n), diff_method="backprop")
    def chances(steps: Tensor, theta: Tensor) -> Any:
        for q in range(n):
            qp.Hadamard(q)
        for step, coefficients in zip(steps, theta, strict=True):
            qp.QubitUnitary(step, wires)
            if n <= _SPECIAL:
                qp.SpecialUnitary(coefficients, wires)
            else:
                qp.QubitUnitary(torch.linalg.matrix_exp(1j * pauli_matrix(coefficients, n)), wires)
        return qp.probs(wires)

    return chances


def hqnn(batch: int) -> Contest:
    """The four circuits of HQNN-Parallel."""
    layer = core_layer("quantum", 5, 3, scale=math.pi / 2, copies=4)
    layer.reset_parameters(0)
    qnode = angle_qnode(5, 3, math.pi / 2)

    def theirs(x: Tensor) -> Tensor:
        return torch.stack([qnode(x[:, k], layer.weight[k]) for k in range(4)], 1)

    return Contest(layer, theirs, [layer.weight], torch.rand(batch, 4, 5))


def quanvolution(batch: int) -> Contest:
    """All patches of images of 14 x 14 pixels."""
    layer = Quanvolution(1, generator=0)
    qnode = angle_qnode(4, 1, math.pi)

    def theirs(images: Tensor) -> Tensor:
        patches = images.unfold(-2, 2, 2).unfold(-2, 2, 2)[:, 0].flatten(-2)
        found = qnode(patches.reshape(-1, 4), layer.layer.weight)
        return found.reshape(*patches.shape).movedim(-1, -3)

    return Contest(layer, theirs, [layer.layer.weight], torch.rand(batch, 1, 14, 14))


def embedding(batch: int) -> Contest:
    """Hamiltonian embedding of images of 28 x 28 pixels in 8 classes."""
    model = HamiltonianEmbedding(784, 8, layers=10, deviation=0.1, generator=0)
    qnode = evolution_qnode(5)

    def theirs(x: Tensor) -> Tensor:
        matrix = square_matrix(x, 5)
        steps = torch.linalg.matrix_exp(-0.5j * model.times[:, None, None, None] * matrix)
        return qnode(steps, model.theta).unflatten(-1, (-1, 16)).sum(-2)[:, :8]

    return Contest(model, theirs, [model.times, model.theta], torch.rand(batch, 784))


def linear(batch: int) -> Contest:
    """The quantum linear layer of the gradual replacement."""
    model = QuantumLinear(12544, 10, deviation=0.03, generator=0)
    qnode = evolution_qnode(7)

    def theirs(x: Tensor) -> Tensor:
        step = torch.linalg.matrix_exp(0.1j * square_matrix(x, 7))
        return qnode(step.expand(10, *step.shape), model.theta)[:, :10] + model.bias

    return Contest(model, theirs, [model.theta, model.bias], torch.randn(batch, 12544))


CONTESTS: dict[str, Callable[[int], Contest]] = {
    "hqnn-parallel": hqnn,
    "quanvolution": quanvolution,
    "hamiltonian-embedding": embedding,
    "quantum-linear": linear,
}


def gradients(layer: Layer, contest: Contest) -> list[Tensor]:
    """Values of a layer, and derivatives of a weighted sum of them."""
    x = contest.x.clone().requires_grad_()
    y = layer(x)
    weight = torch.linspace(-1, 1, y.numel()).reshape(y.shape)
    return [y.detach(), *torch.autograd.grad((y * weight).sum(), [x, *contest.parameters])]


def measure(name: str, batch: int, repeats: int) -> dict[str, Any]:
    """Times of both, in turns."""
    contest = CONTESTS[name](batch)
    both = {"ours": contest.ours, "pennylane": contest.theirs}
    found = [gradients(layer, contest) for layer in both.values()]
    difference = max(
        float((a - b).abs().max() / b.abs().max().clamp_min(1e-3))
        for a, b in zip(*found, strict=True)
    )
    times: dict[str, list[float]] = {who: [] for who in both}
    for _ in range(repeats):
        for who, layer in both.items():
            start = time.process_time()
            gradients(layer, contest)
            times[who].append(1e3 * (time.process_time() - start))
    ms = {who: statistics.median(values) for who, values in times.items()}
    ratio = ms["pennylane"] / ms["ours"]
    agree = difference < _TOLERANCE
    print(
        f"{name:22s} batch {batch}: ours {ms['ours']:8.2f} ms, "
        f"PennyLane {ms['pennylane']:9.1f} ms, "
        f"{ratio:6.1f} times as fast; largest relative difference {difference:.0e}"
        f"{'' if agree else ' TOO LARGE'}",
        flush=True,
    )
    return {"layer": name, "batch": batch, **ms, "ratio": ratio, "difference": difference}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--layer", choices=CONTESTS, action="append")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    rows = [measure(name, given.batch, given.repeats) for name in given.layer or CONTESTS]
    if given.out:
        given.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
