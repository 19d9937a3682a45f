"""Binding: from values of inputs and weights to the angles of a circuit.

The index tables depend on structure only; the numbers (constants and coefficients) are read from
the circuit at hand. Angles that depend on weights only are *shared*: they are computed once for
the whole batch. Layout here and in the engines: the batch is the last axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.symbols import Angle, Symbol


@dataclass(frozen=True, slots=True)
class AngleTable:
    """How a set of angles follows from a table of values whose row 0 is the number one.

    Attributes:
        slots: For each angle its position among all angles of the circuit.
        factors: `(n_terms, degree)` rows of the value table; a term is their product.
        targets: `(n_terms,)` which angle (row of `slots`) the term belongs to.
        one_to_one: Whether term t is the only term of angle t.
    """

    slots: np.ndarray
    factors: np.ndarray
    targets: np.ndarray
    one_to_one: bool

    def evaluate(self, rows: Tensor, constants: Tensor, coefficients: Tensor) -> Tensor:
        """Angles `(n, batch)` from the value table and the circuit's numbers.

        Args:
            rows: `(n_values, batch)`; row 0 is the number one.
            constants: `(n,)`.
            coefficients: `(n_terms,)`.
        """
        if not len(self.targets):
            return constants[:, None].expand(len(self.slots), rows.shape[1])
        index = torch.as_tensor(self.factors, device=rows.device)
        product = rows.index_select(0, index[:, 0])
        for k in range(1, index.shape[1]):
            product = product * rows.index_select(0, index[:, k])
        product = product * coefficients[:, None]
        base = constants[:, None]
        if self.one_to_one:
            return base + product
        target = torch.as_tensor(self.targets, device=rows.device)
        return base + torch.zeros_like(product[:1]).expand(len(self.slots), -1).index_add(
            0, target, product
        )


@dataclass(frozen=True, slots=True)
class Binding:
    """All angles of a circuit structure, split into shared and per-sample ones.

    Attributes:
        shared: Angles without inputs, from rows `[1, weights]`.
        per_sample: Angles with inputs, from rows `[1, inputs, weights]`.
    """

    shared: AngleTable
    per_sample: AngleTable

    def numbers(self, circuit: Circuit) -> tuple[np.ndarray, ...]:
        """Constants and coefficients of a circuit of this structure, for both tables."""
        angles = [angle for op in circuit.ops for angle in op.angles]
        found: list[np.ndarray] = []
        for table in (self.shared, self.per_sample):
            chosen = [angles[slot] for slot in table.slots]
            found.append(np.array([a.constant for a in chosen], dtype=np.float64))
            found.append(np.array([c for a in chosen for c, _ in a.terms], dtype=np.float64))
        return tuple(found)

    def angles(self, numbers: tuple[np.ndarray, ...], inputs: Tensor, weights: Tensor) -> Tensor:
        """All angles `(n_angles, batch)` in the circuit's order, differentiable by torch.

        Args:
            numbers: What `numbers` returned for the circuit.
            inputs: `(batch, n_inputs)`.
            weights: `(1 or batch, n_weights)`.
        """
        like = [torch.as_tensor(n, dtype=inputs.dtype, device=inputs.device) for n in numbers]
        one, spread = inputs.new_ones(1, len(inputs)), weights.T.expand(-1, len(inputs))
        shared = self.shared.evaluate(torch.cat([one, spread]), *like[:2])
        varying = self.per_sample.evaluate(torch.cat([one, inputs.T, spread]), *like[2:])
        order = np.argsort(np.concatenate([self.shared.slots, self.per_sample.slots]))
        back = torch.as_tensor(order, device=inputs.device)
        return torch.cat([shared, varying]).index_select(0, back)


def bind(circuit: Circuit) -> Binding:
    """The binding of a circuit's structure."""
    angles = [angle for op in circuit.ops for angle in op.angles]
    offsets: dict[str, int] = {}
    position = {"input": 0, "weight": 0}
    for group in circuit.parameters:
        offsets[group.kind + group.name] = position[group.kind]
        position[group.kind] += group.size
    varying = [k for k, angle in enumerate(angles) if angle.depends_on_inputs]
    steady = [k for k, angle in enumerate(angles) if not angle.depends_on_inputs]

    def row(symbol: Symbol, n_inputs: int) -> int:
        start = offsets[symbol.group.kind + symbol.group.name]
        after = n_inputs if symbol.group.kind == "weight" else 0
        return 1 + after + start + symbol.index

    return Binding(
        _table(angles, steady, lambda s: row(s, 0)),
        _table(angles, varying, lambda s: row(s, position["input"])),
    )


def _table(angles: list[Angle], slots: list[int], row: Callable[[Symbol], int]) -> AngleTable:
    products = [[row(s) for s in p] for k in slots for _, p in angles[k].terms]
    degree = max((len(p) for p in products), default=1)
    padded = [p + [0] * (degree - len(p)) for p in products]
    targets = [i for i, k in enumerate(slots) for _ in angles[k].terms]
    return AngleTable(
        np.array(slots, dtype=np.int64),
        np.array(padded, dtype=np.int64).reshape(len(products), degree),
        np.array(targets, dtype=np.int64),
        targets == list(range(len(slots))),
    )
