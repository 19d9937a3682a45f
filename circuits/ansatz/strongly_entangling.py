"""Strongly entangling layers: a general rotation per qubit, CX at growing distance."""

from __future__ import annotations

from collections.abc import Sequence

from circuits import gates as g
from circuits.arguments import integer, two_qubit_gate
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.ops import Op
from circuits.symbols import weights


def strongly_entangling(
    n_qubits: int,
    layers: int,
    *,
    ranges: Sequence[int] | None = None,
    gate: str = "cx",
    name: str = "weight",
) -> Circuit:
    """Layers of RZ(w_2) RY(w_1) RZ(w_0) on every qubit, then `gate` on (q, q + r mod n).

    Equal to PennyLane's `StronglyEntanglingLayers` with wire q as qubit q.

    Args:
        n_qubits: Number of qubits n.
        layers: Number L of layers.
        ranges: The distance r of each layer, between 1 and n - 1; default `l mod (n - 1) + 1`
            for layer l = 0, 1, ...
        gate: A two-qubit gate without angle.
        name: Name of the group of weights.

    Returns:
        Circuit with one group of weights of shape `(L, n, 3)`; the last axis holds the angles in
        the order in which they are applied: rz, ry, rz.

    Raises:
        KetworkError: If a count, a distance or the gate is not valid.

    References:
        Schuld et al., Phys. Rev. A 101, 032308 (2020), arXiv:1804.00633, figure 4.

    >>> strongly_entangling(3, 2).count_ops()
    {'rz': 12, 'ry': 6, 'cx': 6}
    """
    n, count = integer(n_qubits, "n_qubits"), integer(layers, "layers")
    coupling = two_qubit_gate(gate, max_angles=0)
    distances = _distances(ranges, n, count)
    w = weights(count, n, 3, name=name)
    ops: list[Op] = []
    for layer in range(count):
        for q in range(n):
            first, middle, last = w[layer, q]
            ops += [g.rz(first, q), g.ry(middle, q), g.rz(last, q)]
        if n > 1:
            ops += [Op(coupling, (q, (q + distances[layer]) % n)) for q in range(n)]
    return Circuit(n, ops)


def _distances(ranges: Sequence[int] | None, n: int, layers: int) -> list[int]:
    if ranges is None:
        return [layer % max(n - 1, 1) + 1 for layer in range(layers)]
    given = [integer(r, f"ranges[{k}]") for k, r in enumerate(ranges)]
    if len(given) != layers or any(r >= n for r in given):
        raise InvalidArgumentError(
            f"Argument `ranges` must hold {layers} distances between 1 and {n - 1}, one per layer, "
            f"got {list(ranges)}."
        )
    return given
