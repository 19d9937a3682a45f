"""Near-Clifford training circuits: one circuit whose rotation angles are inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.execution import Request, Values
from circuits.ops import Op
from circuits.simulators.binding import bind
from circuits.symbols import Angle, Group, inputs
from noise.clifford import clifford_step, conjugation_of

_WIDTH = 0.5  # radians: how far from its angle a rotation is usually sent
_NEIGHBOURS = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A circuit prepared for training.

    Attributes:
        circuit: The circuit with the angles of its rotations as inputs of a group of its own.
        group: That group.
        slots: For each angle of the group its position among all angles of the original.
        owners: For each angle of the group which rotation it belongs to.
        steps: For each angle of the group the spacing of Clifford angles.
    """

    circuit: Circuit
    group: str
    slots: tuple[int, ...]
    owners: tuple[int, ...]
    steps: tuple[float, ...]

    @property
    def n_rotations(self) -> int:
        """Number of rotations that can be replaced."""
        return len(set(self.owners))


def make_plan(circuit: Circuit) -> Plan:
    """Find the rotations of a circuit that are not Clifford and turn their angles into inputs.

    Args:
        circuit: A lowered circuit.
    """
    name = "clifford_angle"
    while any(group.name == name for group in circuit.parameters):
        name += "_"
    chosen: list[tuple[int, Op, int]] = []
    first = 0
    for position, op in enumerate(circuit.ops):
        if clifford_step(op) is not None and conjugation_of(op) is None:
            chosen.append((position, op, first))
        first += len(op.angles)
    slots = tuple(start + k for _, op, start in chosen for k in range(len(op.angles)))
    owners = tuple(i for i, (_, op, _) in enumerate(chosen) for _ in op.angles)
    steps = tuple(clifford_step(op) or 0.0 for _, op, _ in chosen for _ in op.angles)
    ops = list(circuit.ops)
    if chosen:
        symbols = iter(inputs(len(slots), name=name))
        for position, op, _ in chosen:
            angles: tuple[Angle, ...] = tuple(next(symbols) for _ in op.angles)
            ops[position] = replace(op, angles=angles)
    return Plan(Circuit(circuit.n_qubits, ops), name, slots, owners, steps)


def training_angles(
    plan: Plan, angles: Tensor, n_training: int, fraction: float, generator: torch.Generator
) -> Tensor:
    """Angles of the training circuits.

    In each, a random choice of `fraction` of the rotations keeps its angles. The others are sent
    to multiples k of the Clifford spacing near their angle with probability proportional to
    exp(-(distance / 0.5 rad)^2). All points share the random numbers, so the training circuits of
    a point do not depend on the other points.

    Args:
        plan: Of the circuit.
        angles: All angles of the circuit, `(n_angles, points)`.
        n_training: Number n of training circuits per point.
        fraction: Share of rotations that keep their angles.
        generator: Source of randomness.

    Returns:
        `(n, points, len(plan.slots))`.

    References:
        Czarnik, Arrasmith, Coles, Cincio, Quantum 5, 592 (2021), section IV.
    """
    own = angles.detach().double().cpu()[list(plan.slots)].T  # (points, angles)
    step = torch.tensor(plan.steps, dtype=torch.float64)
    nearest = torch.round(own / step)
    options = (nearest[..., None] + torch.tensor(_NEIGHBOURS)) * step[:, None]
    chances = torch.exp(-(((options - own[..., None]) / _WIDTH) ** 2)).cumsum(dim=-1)
    shape = (n_training, 1, len(plan.slots))
    thrown = torch.rand(*shape, generator=generator, dtype=torch.float64)
    picked = (thrown[..., None] * chances[..., -1:] > chances[..., :-1]).sum(dim=-1, keepdim=True)
    snapped = options.expand(n_training, *options.shape).gather(-1, picked)[..., 0]
    kept = round(fraction * plan.n_rotations)
    ranks = torch.rand(n_training, 1, plan.n_rotations, generator=generator).argsort(-1).argsort(-1)
    keep = (ranks < kept)[..., list(plan.owners)]
    return torch.where(keep, own, snapped).to(angles)


def angles_of(request: Request) -> Tensor:
    """All angles of a request's circuit, `(n_angles, points)`."""
    binding = bind(request.circuit)
    with torch.no_grad():
        return binding.angles(binding.numbers(request.circuit), request.inputs, request.weights)


def values_for(plan: Plan, request: Request, trained: Tensor) -> Values:
    """Values of the training circuit's symbols.

    Args:
        plan: Of the request's circuit.
        request: The original request.
        trained: `(n, points, angles)`.

    Returns:
        Values at n * points points, the points of the first training circuit first.
    """
    n, points = trained.shape[:2]
    columns: dict[tuple[str, str], Tensor] = {}
    tables = (("input", request.inputs.detach()), ("weight", request.weights.detach()))
    for kind, table in tables:
        groups = [g for g in request.circuit.parameters if g.kind == kind]
        spread = table.expand(points, table.shape[1])
        for group, part in zip(groups, spread.split([g.size for g in groups], dim=1), strict=True):
            columns[kind, group.name] = part.repeat(n, 1)
    columns["input", plan.group] = trained.reshape(n * points, -1)

    def joined(groups: tuple[Group, ...]) -> Tensor:
        parts = [columns[g.kind, g.name] for g in groups]
        return torch.cat(parts, dim=1) if parts else trained.new_zeros(n * points, 0)

    return Values(joined(plan.circuit.input_groups), joined(plan.circuit.weight_groups))
