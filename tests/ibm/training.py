"""A small training on a machine of the service, and processes that run it until they are killed.

`Nursery` forks: one process loads the libraries once, so that a child costs milliseconds. It must
never run a circuit itself, for threads do not survive a fork.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sqlite3
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, final

import torch

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
    "torch._dynamo",
)
"""What a training loads when it needs it; here before the fork."""
for _name in LAZY:
    importlib.import_module(_name)

PACE = Pace(shortest=0.01, longest=0.1, call=20.0, patience=300.0, submissions=50)
METHODS = ("parameter-shift", "spsa")
LATEST = "last.ckpt"


def circuit() -> Circuit:
    """Two qubits, one input, four weights."""
    x, w = inputs(1), weights(4)
    return Circuit(
        2,
        [g.ry(x[0], 0), g.ry(w[0], 0), g.ry(w[1], 1), g.cx(0, 1), g.ry(w[2], 0), g.rx(w[3], 1)],
    )


def train(folder: Path, method: str, steps: int) -> None:
    """Steps of training, one job each; takes up where an earlier process was killed."""
    torch.manual_seed(7)
    backend = IBM(
        "ibm_quiet",
        64,
        ledger=folder / "jobs.sqlite",
        per_minute=None,
        pace=PACE,
    )
    layer = QuantumLayer(circuit(), ["Z0", "Z0 Z1"], backend=backend, diff_method=method)
    samples, targets = torch.tensor([[0.3], [1.1]]), torch.tensor([[0.5, -0.5], [-0.2, 0.1]])
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3, momentum=0.9)
    first = 0
    if (folder / LATEST).exists():
        state = load_checkpoint(folder / LATEST)
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
        training = {"step": step + 1, "momenta": momenta}
        save_checkpoint(folder / LATEST, layer, training=training)


def weights_of(folder: Path) -> bytes:
    """The weights of the last step, bit by bit."""
    model = load_checkpoint(folder / LATEST).model
    return b"".join(model[name].numpy().tobytes() for name in sorted(model))


def states(folder: Path) -> dict[str, int]:
    """How many jobs the ledger holds in each state, read beside the library."""
    path = folder / "jobs.sqlite"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as connection:
        try:
            rows = connection.execute("SELECT state, count(*) FROM jobs GROUP BY state")
            return dict(rows.fetchall())
        except sqlite3.OperationalError:
            return {}


@final
class Nursery:
    """Children that do something until it is done or they are killed."""

    @staticmethod
    def start(folder: Path, work: Callable[[], None]) -> int:
        """Forks a child; returns its pid."""
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            (folder / "fault").write_text(traceback.format_exc())
        os._exit(code)

    @staticmethod
    def end(pid: int) -> bool:
        """Waits for a child; returns whether it was killed."""
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status)

    @classmethod
    def kill_when(cls, pid: int, ready: Callable[[], bool]) -> bool:
        """Kills a child when it is time, unless it ends before; returns whether it was killed."""
        while not ready():
            done, _ = os.waitpid(pid, os.WNOHANG)
            if done:
                return False
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)
        return cls.end(pid)


def judge(
    folder: Path, made: list[dict[str, Any]], steps: int, expected: bytes | None
) -> list[str]:
    """What is wrong after the last process has ended.

    Args:
        folder: The run's.
        made: Jobs that the service holds of this run.
        steps: Jobs that there should be.
        expected: The weights of an undisturbed run.
    """
    if (folder / "fault").exists():
        return [(folder / "fault").read_text()]
    faults = []
    with closing(sqlite3.connect(folder / "jobs.sqlite")) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            faults.append("integrity of the ledger")
        rows = connection.execute("SELECT tag, job_id, state FROM jobs").fetchall()
    if [state for _, _, state in rows] != ["done"] * steps:
        faults.append(f"the ledger holds {rows}")
    known = sorted((tag, job_id) for tag, job_id, _ in rows)
    held = sorted((job["tags"][0], job["id"]) for job in made)
    if held != known:
        faults.append(f"the service holds {json.dumps(held)}, the ledger {json.dumps(known)}")
    if expected is not None and weights_of(folder) != expected:
        faults.append("other weights")
    return faults
