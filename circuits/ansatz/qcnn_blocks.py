"""The nine two-qubit convolution blocks of Hur et al., and the pooling block, as records.

References:
    Hur, Kim and Park, Quantum Mach. Intell. 4, 3 (2022), arXiv:2108.00661, figure 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from circuits import gates as g
from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.ops import Op
from circuits.symbols import weights

Angles = Sequence[Any]
BlockFunction = Callable[[Angles, int, int], list[Op]]


@dataclass(frozen=True, slots=True)
class Block:
    """A two-qubit block with angles.

    Attributes:
        name: Name in `BLOCKS`.
        n_angles: Number of angles.
        ops: Function `(angles, a, b)` to the ops on qubits a and b.
    """

    name: str
    n_angles: int
    ops: BlockFunction

    def on(self, angles: Angles, a: int, b: int) -> list[Op]:
        """The block's ops on qubits `a` and `b`.

        Args:
            angles: `n_angles` numbers or expressions, in radians, in the order of use.
            a: First qubit.
            b: Second qubit.

        Raises:
            InvalidArgumentError: If the number of angles is wrong.
        """
        if len(angles) != self.n_angles:
            raise InvalidArgumentError(
                f"Block {self.name!r} takes {self.n_angles} angles, got {len(angles)}."
            )
        return self.ops(angles, a, b)

    def circuit(self, name: str = "weight") -> Circuit:
        """The block on qubits 0 and 1 as a circuit with weights `(n_angles,)`."""
        return Circuit(2, self.ops(weights(self.n_angles, name=name), 0, 1))


def _both(gate: Callable[..., Op], angles: Angles, a: int, b: int) -> list[Op]:
    return [gate(angles[0], a), gate(angles[1], b)]


def _ttn(t: Angles, a: int, b: int) -> list[Op]:
    return [*_both(g.ry, t, a, b), g.cx(a, b)]


def _xz_cross(gate: Callable[..., Op]) -> BlockFunction:
    def ops(t: Angles, a: int, b: int) -> list[Op]:
        return [
            *_both(g.rx, t[0:2], a, b),
            *_both(g.rz, t[2:4], a, b),
            gate(t[4], b, a),
            gate(t[5], a, b),
            *_both(g.rx, t[6:8], a, b),
            *_both(g.rz, t[8:10], a, b),
        ]

    return ops


def _u9(t: Angles, a: int, b: int) -> list[Op]:
    return [g.h(a), g.h(b), g.cz(a, b), *_both(g.rx, t, a, b)]


def _y_cross(gate: Callable[..., Op]) -> BlockFunction:
    def ops(t: Angles, a: int, b: int) -> list[Op]:
        return [
            *_both(g.ry, t[0:2], a, b),
            gate(t[2], b, a),
            *_both(g.ry, t[3:5], a, b),
            gate(t[5], a, b),
        ]

    return ops


def _u15(t: Angles, a: int, b: int) -> list[Op]:
    return [*_both(g.ry, t[0:2], a, b), g.cx(b, a), *_both(g.ry, t[2:4], a, b), g.cx(a, b)]


def _so4(t: Angles, a: int, b: int) -> list[Op]:
    return [
        *_both(g.ry, t[0:2], a, b),
        g.cx(a, b),
        *_both(g.ry, t[2:4], a, b),
        g.cx(a, b),
        *_both(g.ry, t[4:6], a, b),
    ]


def _su4(t: Angles, a: int, b: int) -> list[Op]:
    return [
        g.u3(*t[0:3], a),
        g.u3(*t[3:6], b),
        g.cx(a, b),
        g.ry(t[6], a),
        g.rz(t[7], b),
        g.cx(b, a),
        g.ry(t[8], a),
        g.cx(a, b),
        g.u3(*t[9:12], a),
        g.u3(*t[12:15], b),
    ]


def _pooling(t: Angles, control: int, target: int) -> list[Op]:
    return [g.crz(t[0], control, target), g.x(control), g.crx(t[1], control, target)]


BLOCKS: dict[str, Block] = {
    block.name: block
    for block in (
        Block("TTN", 2, _ttn),
        Block("U5", 10, _xz_cross(g.crz)),
        Block("U6", 10, _xz_cross(g.crx)),
        Block("U9", 2, _u9),
        Block("U13", 6, _y_cross(g.crz)),
        Block("U14", 6, _y_cross(g.crx)),
        Block("U15", 4, _u15),
        Block("SO4", 6, _so4),
        Block("SU4", 15, _su4),
    )
}

POOLING = Block("pooling", 2, _pooling)
"""CRZ(control, target), X on the control, CRX(control, target); `a` is the control."""


def block_named(block: str | Block) -> Block:
    """The record of a block, by name; a `Block` of your own is passed through.

    Raises:
        InvalidArgumentError: If there is no such block; the message lists the names.
    """
    if isinstance(block, Block):
        integer(block.n_angles, "block.n_angles")
        return block
    if block in BLOCKS:
        return BLOCKS[block]
    close = difflib.get_close_matches(str(block).upper(), BLOCKS, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InvalidArgumentError(
        f"Argument `block` must be one of {', '.join(BLOCKS)} or a `Block`, got {block!r}.{hint}"
    )
