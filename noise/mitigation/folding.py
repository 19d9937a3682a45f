"""Folding: longer circuits that do the same, so that the noise is a known factor stronger.

Every function takes a circuit that has been lowered and keeps it native: G becomes G (G^-1 G)^n
where G^-1 is written with gates that the machine has. Noise strengths are counted in two-qubit
gates (in all gates that are not virtual where a circuit has none), so that a factor of 3 means
three times as many of them; where a factor cannot be reached the nearest one is, and is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import torch

from circuits import gates as g
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.ops import Op, inverse

Native = Callable[[tuple[Op, ...]], bool]
Inverse = tuple[Op, ...]

TIMELESS = ("barrier", "global_phase", "rz", "p", "u1")
VIRTUAL = (*TIMELESS, "id")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded circuit.

    Attributes:
        circuit: What to run instead.
        factor: By how much the noise is really stronger: the ratio of gate counts.
    """

    circuit: Circuit
    factor: float


def any_gate(ops: tuple[Op, ...]) -> bool:
    """A machine that has every gate."""
    return True


def native_inverse(op: Op, used: Collection[str], native: Native = any_gate) -> Inverse:
    """The inverse of an op, up to a global phase, in gates that the machine has.

    Gates that the circuit already uses come first: a noise rule that knows `sx` may not know
    `sxdg`, and the folded gate must be as noisy as the gate itself. With rz virtual,
    sx^-1 = rz(pi) sx rz(pi) has exactly the noise of sx.

    Args:
        op: A unitary gate.
        used: Names of gates that are known to be native.
        native: Whether the machine takes given ops as they are.

    Raises:
        UnsupportedOperationError: If the op has no inverse, or none that is native.
    """
    known = {*used, op.name}
    candidates = [inverse(op), *(rule(op) for rule in _REWRITES.get(op.name, ()))]
    for candidate in candidates:
        if all(step.name in known for step in candidate):
            return candidate
    for candidate in candidates:
        if native(candidate):
            return candidate
    tried = "; ".join(" ".join(step.name for step in candidate) for candidate in candidates)
    raise UnsupportedOperationError(
        f"The inverse of `{op.name}` is not native to the backend (tried: {tried}), so it cannot "
        'be folded. Use fold="scale" or fold="identity", or add one of these gates to the basis.'
    )


def _between_z(op: Op) -> Inverse:
    """G^-1 = Z G Z up to a phase, for exponentials of terms that anticommute with Z of a qubit."""
    return (g.rz(math.pi, op.qubits[0]), op, g.rz(math.pi, op.qubits[0]))


_REWRITES: dict[str, tuple[Callable[[Op], Inverse], ...]] = {
    "sx": (_between_z,),
    "sxdg": (_between_z,),
    "iswap": (_between_z,),
}


def fold_global(circuit: Circuit, factor: float, *, native: Native = any_gate) -> Folded:
    """U -> U (U^-1 U)^n L^-1 L, where L is the end of the circuit that makes up the rest.

    Args:
        circuit: A lowered circuit; state preparation stays in front of the fold.
        factor: At least 1; odd integers are met exactly.
        native: Whether the machine takes given ops as they are.

    References:
        Giurgica-Tiron et al., IEEE QCE 2020, 306, section II.B.
    """
    head, body = _split(circuit)
    undo = _inverses(body, native)
    weigh = _measure(body)
    weights = [weigh(op) for op in body]
    total = sum(weights)
    whole = math.floor((factor - 1) / 2 + 1e-9)
    missing = (factor - 1 - 2 * whole) / 2 * total
    cut = _nearest_tail(weights, missing)
    back = [step for op_inverse in reversed(undo) for step in op_inverse]
    tail_back = [step for op_inverse in reversed(undo[cut:]) for step in op_inverse]
    ops = [*head, *body, *whole * [*back, *body], *tail_back, *body[cut:]]
    reached = 1 + 2 * whole + 2 * (sum(weights[cut:]) / total if total else 0.0)
    return Folded(_rebuilt(circuit, ops), reached)


def fold_gates(
    circuit: Circuit,
    factor: float,
    *,
    names: Collection[str] | None = None,
    generator: torch.Generator | None = None,
    random: bool = False,
    native: Native = any_gate,
) -> Folded:
    """G -> G (G^-1 G)^n for every gate; some get one more fold to reach the factor.

    Args:
        circuit: A lowered circuit.
        factor: At least 1; odd integers are met exactly.
        names: Only fold gates of these names; `None` folds all but virtual ones.
        generator: Source of randomness for `random`.
        random: Draw the gates that get one more fold; otherwise they are evenly spread.
        native: Whether the machine takes given ops as they are.

    Raises:
        InvalidArgumentError: If the circuit has none of the named gates.
    """
    head, body = _split(circuit)
    chosen = [k for k, op in enumerate(body) if _is_chosen(op, names)]
    if not chosen:
        wanted = "gates to fold" if names is None else f"of the gates {sorted(names)}"
        raise InvalidArgumentError(
            f"The lowered circuit has none {wanted}; it uses {sorted(circuit.count_ops())}."
        )
    weigh = _measure([body[k] for k in chosen])
    heavy = [k for k in chosen if weigh(body[k])]
    whole = math.floor((factor - 1) / 2 + 1e-9)
    share = (factor - 1 - 2 * whole) / 2
    extra = round(share * len(heavy))
    light = [k for k in chosen if not weigh(body[k])]
    folded = _pick(heavy, extra, random, generator)
    folded |= _pick(light, round(share * len(light)), random, generator)
    undo = dict(zip(chosen, _inverses([body[k] for k in chosen], native, body), strict=True))
    ops = [*head]
    for k, op in enumerate(body):
        ops.append(op)
        if k in undo:
            ops.extend((whole + (k in folded)) * [*undo[k], op])
    return Folded(_rebuilt(circuit, ops), 1 + 2 * whole + 2 * extra / len(heavy))


def insert_identities(circuit: Circuit, factor: float, *, native: Native = any_gate) -> Folded:
    """Rows of `id` on every qubit after each layer, so that the circuit is `factor` times as deep.

    This makes what happens in time stronger (relaxation, dephasing, crosstalk). It does nothing
    where the noise model has no rule for `id`.

    Args:
        circuit: A lowered circuit.
        factor: At least 1. The nearest factor 1 + rows / depth is reached; rows are spread evenly.
        native: Whether the machine takes given ops as they are.

    Raises:
        UnsupportedOperationError: If `id` is not native.
    """
    if not native((g.id(0),)):
        raise UnsupportedOperationError(
            'fold="identity" needs the gate `id`, which is not native to the backend. Use '
            'fold="global" or "gates".'
        )
    head, body = _split(circuit)
    layers = _layers(body, circuit.n_qubits)
    rows = round((factor - 1) * len(layers))
    ops = [*head]
    for k, layer in enumerate(layers):
        ops.extend(layer)
        number = (k + 1) * rows // len(layers) - k * rows // len(layers)
        ops.extend(number * [g.id(qubit) for qubit in range(circuit.n_qubits)])
    return Folded(_rebuilt(circuit, ops), 1 + rows / max(len(layers), 1))


def two_qubit_gates(circuit: Circuit) -> int:
    """Number of gates on two or more qubits, barriers left out."""
    return sum(len(op.qubits) >= 2 and op.kind != "barrier" for op in circuit.ops)


def _split(circuit: Circuit) -> tuple[list[Op], list[Op]]:
    """State preparations, and what follows; both in order.

    Preparations act on untouched qubits, so they may move to the front.
    """
    head = [op for op in circuit.ops if op.kind == "state_preparation"]
    body = [op for op in circuit.ops if op.kind != "state_preparation"]
    for position, op in enumerate(circuit.ops):
        if op.kind != "state_preparation":
            try:
                inverse(op)
            except UnsupportedOperationError:
                raise UnsupportedOperationError(
                    f"Operation {position} (`{op.name}`) has no inverse, so the circuit cannot be "
                    "folded. Put noise into the backend's noise model instead of the circuit."
                ) from None
    return head, body


def _inverses(ops: Sequence[Op], native: Native, context: Iterable[Op] = ()) -> list[Inverse]:
    used = {op.name for op in (*ops, *context)}
    return [native_inverse(op, used, native) for op in ops]


def _measure(ops: Sequence[Op]) -> Callable[[Op], bool]:
    """Which gates count: those on two or more qubits; without any, all that are not virtual."""

    def wide(op: Op) -> bool:
        return len(op.qubits) >= 2 and op.kind != "barrier"

    if any(map(wide, ops)):
        return wide
    if any(op.name not in VIRTUAL for op in ops):
        return lambda op: op.name not in VIRTUAL
    return lambda op: op.kind != "barrier"


def _is_chosen(op: Op, names: Collection[str] | None) -> bool:
    return op.name not in VIRTUAL if names is None else op.name in names


def _nearest_tail(weights: Sequence[float], wanted: float) -> int:
    """Where the shortest end of the list begins whose weight is nearest to the wanted one."""
    best, found, collected = wanted, len(weights), 0.0
    for k in reversed(range(len(weights))):
        collected += weights[k]
        if abs(collected - wanted) < best - 1e-9:
            best, found = abs(collected - wanted), k
    return found


def _pick(
    items: Sequence[int], number: int, random: bool, generator: torch.Generator | None
) -> set[int]:
    if not random:
        return {items[(2 * k + 1) * len(items) // (2 * number)] for k in range(number)}
    order = torch.randperm(len(items), generator=generator).tolist()
    return {items[k] for k in order[:number]}


def _layers(ops: Sequence[Op], n_qubits: int) -> list[list[Op]]:
    """Ops in layers of disjoint qubits, as early as possible; gates that take no time join one."""
    level = [0] * n_qubits
    layers: list[list[Op]] = []
    for op in ops:
        where = max((level[q] for q in op.qubits), default=0)
        virtual = op.name in TIMELESS
        row = max(where - 1, 0) if virtual else where
        while len(layers) <= row:
            layers.append([])
        layers[row].append(op)
        for q in op.qubits:
            level[q] = max(where, row) if virtual else row + 1
    return layers


def _rebuilt(circuit: Circuit, ops: Iterable[Op]) -> Circuit:
    return Circuit(circuit.n_qubits, ops, measured=circuit.measured)
