"""`from_qiskit`: walk a Qiskit circuit, instruction by instruction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from qiskit import QuantumCircuit

from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, ConversionError
from circuits.gates.constructors import Constructor
from circuits.interop.qiskit.expressions import to_angle
from circuits.interop.qiskit.instructions import read_operation
from circuits.interop.qiskit.parameters import declare_symbols
from circuits.ops import Op
from circuits.symbols import Angle

MAX_DEPTH = 64
"""How deeply definitions of gates may nest."""


def from_qiskit(
    circuit: QuantumCircuit, input_params: Any = None, weight_params: Any = None
) -> Circuit:
    """Convert a Qiskit circuit.

    Qubits are numbered as in `circuit.qubits`. The parameters become the groups `x` (inputs) and
    `weight` (weights), of shape `(k,)`, in the order in which they are named; those that are not
    named become weights in the order of `circuit.parameters`. Terminal measurements are dropped
    and recorded in `Circuit.measured`. Gates that the gate table does not have are replaced by
    their definitions; the evolution under a sum of non-commuting Pauli terms is the product
    formula of its `synthesis`.

    Args:
        circuit: The circuit.
        input_params: The parameters that are inputs: a `Parameter`, a `ParameterVector` (all its
            elements, used or not), a name of either, or a list of these. A mapping from group
            names to these declares several groups; there a lone `Parameter` makes a group of
            shape `()`.
        weight_params: The parameters that are weights, likewise. If given, every parameter must
            be named in one of the two.

    Returns:
        The circuit, equal to Qiskit's including its global phase.

    Raises:
        ConversionError: If an instruction has no counterpart (measurement in mid-circuit, reset,
            classical control), naming it and its position; if an angle is not a polynomial in
            the parameters; or if parameters are named wrongly.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> bell = QuantumCircuit(2)
    >>> _ = bell.rx(2 * Parameter("a"), 0), bell.cx(0, 1)
    >>> from_qiskit(bell).ops
    (rx(2*weight[0], 0), cx(0, 1))
    """
    if not isinstance(circuit, QuantumCircuit):
        raise ArgumentTypeError(
            f"Argument `circuit` must be a qiskit.QuantumCircuit, got {type(circuit).__name__}. "
            "Append a gate or instruction to a QuantumCircuit first."
        )
    if circuit.num_qubits == 0:
        raise ConversionError("The circuit has no qubits; a `Circuit` needs at least one.")
    reader = Reader(declare_symbols(circuit, input_params, weight_params))
    reader.read_circuit(
        circuit, range(circuit.num_qubits), range(circuit.num_clbits), "instruction "
    )
    return Circuit(circuit.num_qubits, reader.finish(), measured=reader.measured)


@final
class Reader:
    """The ops read so far, and what is known about the qubits.

    Args:
        symbols: Angle of each parameter, by name.
        used: Qubits that may no longer be in |0>.
        depth: How many definitions enclose what is read.
    """

    def __init__(
        self, symbols: Mapping[str, Angle], used: Sequence[int] = (), depth: int = 0
    ) -> None:
        self.symbols = symbols
        self.used = set(used)
        self.depth = depth
        self.ops: list[Op] = []
        self.phase = Angle(0.0)
        self.measured: dict[int, int] = {}

    def finish(self) -> list[Op]:
        """All ops, the global phases of the circuits read in one op at the front."""
        phase = [] if self.phase == 0 else [Constructor("global_phase")(self.phase)]
        return [*phase, *self.ops]

    def read_circuit(
        self, circuit: QuantumCircuit, qubits: Sequence[int], clbits: Sequence[int], prefix: str
    ) -> None:
        """Read all instructions of a circuit whose bits are these bits of ours."""
        if self.depth > MAX_DEPTH:
            raise ConversionError(f"Definitions nest deeper than {MAX_DEPTH} at {prefix}.")
        self.depth += 1
        self.phase = self.phase + to_angle(
            circuit.global_phase, self.symbols, f"the global phase ({prefix.strip(' >')})"
        )
        for position, instruction in enumerate(circuit.data):
            operation = instruction.operation
            self.read(
                operation,
                [qubits[circuit.find_bit(q).index] for q in instruction.qubits],
                [clbits[circuit.find_bit(c).index] for c in instruction.clbits],
                f"{prefix}{position} `{operation.name}`",
            )
        self.depth -= 1

    def read(
        self, operation: Any, qubits: Sequence[int], clbits: Sequence[int], place: str
    ) -> None:
        """Read one operation on these qubits; `place` says where it stands."""
        read_operation(operation, self, qubits, clbits, place)

    def add(self, op: Op, place: str) -> None:
        """Append an op; a qubit that was measured takes barriers only."""
        if op.kind != "barrier":
            for qubit in op.qubits:
                if qubit in self.measured:
                    raise ConversionError(
                        f"Qubit {qubit} is measured in mid-circuit: the {place} acts on it "
                        "afterwards. Only terminal measurements can be converted."
                    )
            self.used.update(op.qubits)
        self.ops.append(op)

    def measure(self, qubit: int, clbit: int, place: str) -> None:
        """Record a terminal measurement."""
        if qubit in self.measured:
            raise ConversionError(
                f"Qubit {qubit} is measured in mid-circuit: the {place} measures it again."
            )
        if clbit in self.measured.values():
            raise ConversionError(
                f"The {place} overwrites classical bit {clbit}, which holds the outcome of another "
                "qubit. Measure each qubit into a bit of its own."
            )
        self.measured[qubit] = clbit

    def angle(self, value: Any, place: str) -> Angle:
        """The angle that a gate's parameter stands for."""
        return to_angle(value, self.symbols, f"the {place}")

    def fragment(self, operation: Any, qubits: Sequence[int], place: str) -> list[Op]:
        """The ops of an operation that is to be inverted, repeated or controlled."""
        inner = Reader(self.symbols, qubits, self.depth)
        inner.read(operation, qubits, (), place)
        return inner.finish()
