"""Small trainings on a machine of the service, which go on where they were killed."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

import circuits.jobs.jobs
from circuits import IBM, Circuit, inputs, weights
from circuits import gates as g
from circuits.jobs import Pace
from qml import QuantumLayer
from qml.training import load_checkpoint, save_checkpoint

LAZY = (
    "circuits.backends.ibm.remote",
    "qiskit.transpiler.passes.synthesis.hls_plugins",
    "qiskit.transpiler.preset_passmanagers",
    "qiskit_ibm_runtime.executor_estimator",
    "qiskit_ibm_runtime.transpiler.plugin",
    "qml.cli",
    "torch._dynamo",
)
"""What a training loads when it needs it."""

PACE = Pace(shortest=0.01, longest=0.1, call=20.0, patience=300.0, submissions=50)
COMMAND = (
    *("train", "--quiet", "--model", "reupload", "--n-qubits", "2", "--layers", "1"),
    *("--data", "iris", "--limit", "6", "--batch-size", "3", "--epochs", "2", "--seed", "3"),
    *("--backend", "ibm:ibm_quiet", "--shots", "32"),
)


def load() -> None:
    """Loads all of it, before a fork."""
    for name in LAZY:
        importlib.import_module(name)


def circuit() -> Circuit:
    """Two qubits, one input, four weights."""
    x, w = inputs(1), weights(4)
    return Circuit(
        2,
        [g.ry(x[0], 0), g.ry(w[0], 0), g.ry(w[1], 1), g.cx(0, 1), g.ry(w[2], 0), g.rx(w[3], 1)],
    )


def train(folder: Path, method: str, steps: int) -> None:
    """Steps of training, one job each; the checkpoint after each step is `last.ckpt`."""
    torch.manual_seed(7)
    ledger = folder / "jobs.sqlite"
    backend = IBM("ibm_quiet", 64, ledger=ledger, per_minute=None, pace=PACE)
    layer = QuantumLayer(circuit(), ["Z0", "Z0 Z1"], backend=backend, diff_method=method)
    samples, targets = torch.tensor([[0.3], [1.1]]), torch.tensor([[0.5, -0.5], [-0.2, 0.1]])
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3, momentum=0.9)
    first, path = 0, folder / "last.ckpt"
    if path.exists():
        state = load_checkpoint(path)
        state.load_into(layer)
        assert state.training is not None
        first = state.training["step"]
        for parameter, momentum in zip(layer.parameters(), state.training["momenta"], strict=True):
            optimizer.state[parameter]["momentum_buffer"] = momentum
    for step in range(first, steps):
        torch.manual_seed(step)
        with backend.keyed(f"step {step}"):
            optimizer.zero_grad()
            ((layer(samples) - targets) ** 2).mean().backward()
        optimizer.step()
        momenta = [optimizer.state[p]["momentum_buffer"] for p in layer.parameters()]
        save_checkpoint(path, layer, training={"step": step + 1, "momenta": momenta})


def command(folder: Path) -> None:
    """`ketwork train --backend`, with `--resume` once there is a checkpoint."""
    from qml.cli import app

    os.environ["KETWORK_LEDGER"] = str(folder / "jobs.sqlite")
    circuits.jobs.jobs.Pace = lambda: PACE  # type: ignore[assignment,misc]
    out = folder / "run"
    started = (out / "last.ckpt").exists()
    options = ["train", "--quiet", "--resume"] if started else [*COMMAND, "--overwrite"]
    app([*options, "--out", str(out)], standalone_mode=False)


PROGRAMS: dict[str, tuple[int, Callable[[Path], None]]] = {
    "parameter-shift": (5, partial(train, method="parameter-shift", steps=5)),
    "spsa": (5, partial(train, method="spsa", steps=5)),
    "ketwork train": (9, command),
}
"""Trainings, each with the number of its jobs; two of its steps and validations in each of two
epochs, and the test part make nine."""
