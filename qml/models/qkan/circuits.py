"""Activations as circuits, one qubit for each: to draw, export, and run on any backend."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from circuits import SPSA, Backend, Circuit, PauliSum, inputs, weights
from circuits import gates as g
from circuits.arguments import integer
from circuits.errors import UnsupportedOperationError
from circuits.evaluate import check_backend
from circuits.execution import Seed, as_generator, check_shots
from circuits.gradients import make_evaluator
from circuits.ops import Op
from qml.models.qkan.ansatz import AXES, Ansatz
from qml.models.qkan.bloch import Activation
from qml.models.qkan.domain import arccos

_GATES: dict[str, Any] = {"rx": g.rx, "ry": g.ry, "rz": g.rz, "x": g.x, "z": g.z}


def activation_ops(
    record: Ansatz, reps: int, theta: Sequence[Any], data: Sequence[Any], qubit: int = 0
) -> list[Op]:
    """The gates of an activation, whose value is <Z> of the qubit afterwards.

    Args:
        record: The circuit.
        reps: Number of repetitions.
        theta: Trainable angles, `n_angles` numbers or symbols.
        data: Angles of the data rotations, one for every repetition.
        qubit: Where.
    """
    blocks, size = record.slots(reps)
    ops = [g.h(qubit)]
    for block in range(blocks):
        angles = iter(theta[block * size : (block + 1) * size])
        ops += [
            _GATES[gate](next(angles), qubit) if gate in AXES else _GATES[gate](qubit)
            for gate in record.block
        ]
        ops += [_GATES[record.data](data[block], qubit)] if block < reps else []
    return ops


def edges_circuit(
    record: Ansatz, reps: int, columns: Sequence[int], n_inputs: int, *, shifted: bool
) -> Circuit:
    """One qubit for each of some edges, with their parameters as symbols.

    Args:
        record: The circuit.
        reps: Number of repetitions r.
        columns: The input of each edge.
        n_inputs: Number of inputs.
        shifted: Whether factors and offsets of the data are symbols, too.

    Returns:
        Circuit with inputs `x` of shape `(n_inputs,)` and weights `theta` `(edges, n_angles)`,
        `preacts_weight` and `preacts_bias` `(edges, r)`. As angles are polynomials of symbols, the
        ansatz px has inputs `angle` `(edges, r)` instead of x, factors and offsets: they are
        arccos(w x + b).
    """
    edges = range(len(columns))
    theta = weights(len(columns), record.n_angles(reps), name="theta")
    if record.arccos:
        data = inputs(len(columns), reps, name="angle")
    else:
        x = inputs(n_inputs)
        data = [[x[columns[e]] for _ in range(reps)] for e in edges]
        if shifted:
            factor = weights(len(columns), reps, name="preacts_weight")
            offset = weights(len(columns), reps, name="preacts_bias")
            data = [[factor[e, k] * data[e][k] + offset[e, k] for k in range(reps)] for e in edges]
    ops = [op for e in edges for op in activation_ops(record, reps, theta[e], data[e], e)]
    return Circuit(len(columns), ops)


def angles_circuit(kind: Activation, n_qubits: int) -> Circuit:
    """Activations side by side, all of whose angles are inputs `(n_qubits, angles + reps)`."""
    record, reps = kind.record, kind.reps
    split = record.n_angles(reps)
    angle = inputs(n_qubits, split + reps, name="angle")
    ops: list[Op] = []
    for qubit in range(n_qubits):
        ops += activation_ops(record, reps, angle[qubit, :split], angle[qubit, split:], qubit)
    return Circuit(n_qubits, ops)


@final
@dataclass(frozen=True)
class CircuitRunner:
    """Runs the activations of a layer on a backend.

    The circuit is the same for every edge, so that edges and samples are points of one request.

    Attributes:
        kind: Circuit, repetitions, measurement.
        backend: Where to run.
        shots: Measurements of each activation; `None` is exact.
        diff_method: See `QuantumLayer`.
        generator: Randomness of shots.
        n_qubits: Activations that run side by side on a device.
    """

    kind: Activation
    backend: Backend
    shots: int | None = None
    diff_method: str | SPSA = "auto"
    generator: Seed = None
    n_qubits: int = 1

    def __post_init__(self) -> None:
        if self.kind.fast:
            raise UnsupportedOperationError(
                "fast_measure=True reads |alpha| - |beta|, which no measurement gives. Build the "
                "layer with fast_measure=False for backends and circuits."
            )
        check_backend(self.backend)
        check_shots(self.shots)
        object.__setattr__(self, "generator", as_generator(self.generator))
        integer(self.n_qubits, "n_qubits")
        _ = self.evaluate

    @functools.cached_property
    def evaluate(self) -> Any:
        """The differentiable function of angles `(points, ...)` and no weights."""
        observed = tuple(PauliSum(f"Z{q}") for q in range(self.n_qubits))
        return make_evaluator(
            angles_circuit(self.kind, self.n_qubits),
            observed,
            self.backend,
            self.shots,
            self.generator,
            self.diff_method,
        )

    def __call__(self, x: Tensor, theta: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Activations `(batch, out, in)` of data `(batch, in)` and parameters `(out, in, ...)`."""
        encoded = weight * x[:, None, :, None] + bias
        data = arccos(encoded) if self.kind.record.arccos else encoded
        angles = torch.cat([theta.expand(*data.shape[:-1], theta.shape[-1]), data], -1)
        flat = angles.flatten(0, 2)
        more = -len(flat) % self.n_qubits
        flat = torch.nn.functional.pad(flat, (0, 0, 0, more))
        points = flat.reshape(-1, self.n_qubits * flat.shape[-1])
        values: Tensor = self.evaluate(points, points.new_zeros(1, 0))
        return values.flatten()[: angles.shape[:-1].numel()].reshape(angles.shape[:-1])

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "evaluate"}
