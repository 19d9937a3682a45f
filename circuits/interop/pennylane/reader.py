"""`from_pennylane`: walk the operations of a tape."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, final

from circuits.circuit import Circuit
from circuits.errors import ConversionError
from circuits.interop.pennylane.operations import read_operation
from circuits.interop.pennylane.tapes import as_tape, wire_positions
from circuits.ops import Op

MAX_DEPTH = 64
"""How deeply decompositions may nest."""


def from_pennylane(
    function: Any, *args: Any, wire_order: Sequence[Hashable] | None = None, **kwargs: Any
) -> Circuit:
    """Convert a PennyLane QNode, quantum function or tape.

    The function is called once with the given arguments. Numbers become constants. To get symbols
    pass arrays of symbols: `from_pennylane(f, inputs(4), weights(2, 4))`; PennyLane hands them
    through its operations and templates, and the function may combine them by sums and products.
    Measurements are not part of a circuit; `observables_from_pennylane` reads them.

    Wires become qubits 0, 1, ... in this order: `wire_order` if given; the wires that the QNode's
    device declares; ascending if the labels are 0 to n-1; else in order of first use, as
    PennyLane's simulators do. Wire k of that order is qubit k.

    Args:
        function: QNode, quantum function or tape.
        *args: Arguments of the function.
        wire_order: Wire labels in the order of our qubits; labels that no operation uses count.
        **kwargs: Keyword arguments of the function.

    Returns:
        The circuit. Its state vector is PennyLane's with the order of bits reversed.

    Raises:
        ConversionError: If an operation has no counterpart (measurement in mid-circuit, batched
            parameters), naming it and its position.
        SymbolError: If a parameter is a torch tensor that requires grad.

    >>> import pennylane as qp
    >>> from circuits import weights
    >>> def ansatz(w):
    ...     qp.RX(2 * w[0], wires=0)
    ...     qp.CNOT(wires=[0, 1])
    >>> from_pennylane(ansatz, weights(1)).ops
    (rx(2*weight[0], 0), cx(0, 1))
    """
    tape = as_tape(function, args, kwargs)
    positions = wire_positions(function, tape, wire_order)
    reader = Reader(positions)
    for position, operation in enumerate(tape.operations):
        reader.read(operation, f"operation {position} `{operation.name}`")
    return Circuit(len(positions), reader.ops)


@final
class Reader:
    """The ops read so far, and the qubits that may no longer be in |0>.

    Args:
        positions: Qubit of each wire label.
        used: Qubits that were acted on.
        depth: How many decompositions enclose what is read.
    """

    def __init__(
        self, positions: Mapping[Hashable, int], used: Sequence[int] = (), depth: int = 0
    ) -> None:
        self.positions = positions
        self.used = set(used)
        self.depth = depth
        self.ops: list[Op] = []

    def read(self, operation: Any, place: str) -> None:
        """Read one operation; `place` says where it stands."""
        if self.depth > MAX_DEPTH:
            raise ConversionError(f"Decompositions nest deeper than {MAX_DEPTH} at {place}.")
        if getattr(operation, "batch_size", None) is not None:
            raise ConversionError(
                f"The {place} has a batch of {operation.batch_size} parameter values. A circuit "
                "takes batches when it is run: pass symbols, `inputs(...)`, instead of the values."
            )
        self.depth += 1
        read_operation(operation, self, place)
        self.depth -= 1

    def add(self, op: Op) -> None:
        """Append an op."""
        self.used.update(op.qubits)
        self.ops.append(op)

    def qubits(self, wires: Any) -> tuple[int, ...]:
        """The qubits of PennyLane wires."""
        return tuple(self.positions[wire] for wire in wires)

    def fragment(self, operation: Any, place: str) -> list[Op]:
        """The ops of an operation that is to be inverted, repeated or controlled."""
        inner = Reader(self.positions, tuple(self.positions.values()), self.depth)
        inner.read(operation, place)
        return inner.ops
