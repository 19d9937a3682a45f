"""The ansaetze of the doubly stochastic circuit, as blocks of two neighbouring qubits on a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from circuits.arguments import one_of

Slots = tuple[int | None, int | None]


@dataclass(frozen=True)
class Block:
    """Rotations of the qubits q and q + 1: one for each, then R_PP(t2) and R_QQ(t3) of both.

    Attributes:
        first: The qubit q.
        turns: Angles of the rotations of one qubit; `None` leaves one out.
        couplings: Angles of the two rotations of both.
        factor: Multiplies the angles of the couplings.
    """

    first: int
    turns: Slots
    couplings: Slots
    factor: float = 1.0


Row = tuple[Block, ...]
"""Blocks on disjoint pairs of qubits."""


@dataclass(frozen=True)
class Ansatz:
    """A family of circuits.

    Attributes:
        name: Name in `ANSAETZE`.
        axes: Paulis of the rotations of one qubit: on the qubits that are an even number of places
            away from the first data qubit, and on the others.
        couplings: PP and QQ: the Paulis of the rotations of two qubits.
        rows: Function of qubits and layers: the rows in the order of application.
        angles: Function of qubits: number of angles of a layer.
        parted: Whether the first half of the layers stands on the other half of the Bell pairs.
    """

    name: str
    axes: tuple[str, str]
    couplings: tuple[str, str]
    rows: Callable[[int, int], tuple[Row, ...]]
    angles: Callable[[int], int]
    parted: bool = False

    @property
    def can_be_real(self) -> bool:
        """Whether complex conjugation (times Y on the other qubits) reverses all rotations."""
        return self.axes[0] == "Y" and self.couplings == ("XX", "ZZ")

    def n_angles(self, n_qubits: int, layers: int) -> int:
        """Number of angles of the whole circuit."""
        return layers * self.angles(n_qubits)


def _checkerboard(n_qubits: int, layers: int) -> tuple[Row, ...]:
    """A layer is blocks on (0, 1), (2, 3), ..., then on (1, 2), (3, 4), ..."""

    def rows() -> Iterator[Row]:
        slot = 0
        for _ in range(layers):
            for start in (0, 1):
                row = []
                for first in range(start, n_qubits - 1, 2):
                    row.append(Block(first, (slot, slot + 1), (slot + 2, slot + 3)))
                    slot += 4
                if row:
                    yield tuple(row)

    return tuple(rows())


def _trotter(n_qubits: int, layers: int) -> tuple[Row, ...]:
    """A layer is a second-order step E(1/2) O(1/2) F(1) O(1/2) E(1/2).

    E and O are the couplings of even and odd pairs, F the rotations of single qubits. The angles
    of a layer are those of F, then of PP, then of QQ. Qubits without an odd pair are turned in the
    last row, which is the same as F commutes with O there.
    """
    inner = range(1, n_qubits - 1 + n_qubits % 2)
    outer = [q for q in range(n_qubits) if q not in inner]

    def row(base: int, start: int, turned: Sequence[int]) -> Row:
        blocks = []
        for q in range(start, n_qubits - 1, 2):
            turns = tuple(base + k if k in turned else None for k in (q, q + 1))
            pp = base + n_qubits + q
            blocks.append(Block(q, (turns[0], turns[1]), (pp, pp + n_qubits - 1), 0.5))
        return tuple(blocks)

    steps = ((0, ()), (1, ()), (1, inner), (0, outer))
    rows = [
        row(layer * (3 * n_qubits - 2), start, turned)
        for layer in range(layers)
        for start, turned in steps
    ]
    return tuple(r for r in rows if r)


def _blocks(n_qubits: int) -> int:
    return 4 * (n_qubits - 1)


ANSAETZE: dict[str, Ansatz] = {
    record.name: record
    for record in (
        Ansatz("simple", ("Y", "Y"), ("XX", "ZZ"), _checkerboard, _blocks),
        Ansatz("parted", ("Y", "X"), ("XX", "ZZ"), _checkerboard, _blocks, parted=True),
        Ansatz("centrosymmetric", ("X", "X"), ("XX", "ZZ"), _checkerboard, _blocks),
        Ansatz("trotter", ("Y", "X"), ("XX", "ZZ"), _trotter, lambda n: 3 * n - 2),
    )
}
"""Name -> record. All are the identity where all angles are zero."""


def ansatz_named(name: str) -> Ansatz:
    """The record of an ansatz.

    Raises:
        InvalidArgumentError: If there is no such ansatz; the message lists the names.
    """
    return ANSAETZE[one_of(name, tuple(ANSAETZE), "ansatz")]
