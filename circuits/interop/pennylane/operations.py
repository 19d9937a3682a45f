"""One reader per kind of PennyLane operation, chosen by class."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
import pennylane as qp

from circuits.errors import ConversionError, KetworkError
from circuits.gates import constructors as g
from circuits.gates.record import Gate
from circuits.gates.table import TABLE
from circuits.interop.powers import controlled_by, integer_power, inverted
from circuits.ops import Op
from circuits.symbols import Angle, as_angle

if TYPE_CHECKING:
    from circuits.interop.pennylane.reader import Reader

_ALIASES = ("u",)
"""Gates that PennyLane knows under the name of another gate of the table."""

RECORD: dict[type[Any], Gate] = {
    getattr(qp, record.pennylane): record
    for name, record in TABLE.items()
    if record.pennylane and record.n_qubits and name not in _ALIASES
}
"""Record of the gate table for a PennyLane operation class."""


def read_operation(operation: Any, reader: Reader, place: str) -> None:
    """Append the ops of one PennyLane operation to the reader."""
    record = RECORD.get(type(operation))
    if record is None or len(operation.wires) != record.n_qubits:
        _read(operation, reader, place)
    else:
        reader.add(Op(record, reader.qubits(operation.wires), angles_of(operation, place)))


def angles_of(operation: Any, place: str) -> tuple[Angle, ...]:
    """The parameters of an operation as angles: symbols stay, numbers become constants."""
    return tuple(as_angle(plain(value), f"of the {place}") for value in operation.data)


def plain(value: Any) -> Any:
    """PennyLane's own arrays as NumPy's; arrays of one entry without axes as the entry."""
    if isinstance(value, np.ndarray):
        value = np.asarray(value)
        return value.item() if value.ndim == 0 else value
    return value


@singledispatch
def _read(operation: Any, reader: Reader, place: str) -> None:
    """Anything else: by its decomposition, else by its matrix."""
    symbolic = any(_is_symbolic(value) for value in getattr(operation, "data", ()))
    steps, reason = _decomposition(operation)
    if steps is not None:
        for position, step in enumerate(steps):
            reader.read(step, f"{place} > operation {position} `{step.name}`")
    elif symbolic or not getattr(operation, "has_matrix", False):
        raise ConversionError(
            f"The {place} cannot be converted: it has no decomposition"
            f"{' with symbols' if symbolic else ' and no matrix'}{reason}. Replace it by gates."
        )
    else:
        _add_matrix(operation, reader)


def _add_matrix(operation: Any, reader: Reader) -> None:
    wires = operation.wires[::-1]  # PennyLane's first wire is the most significant bit
    reader.add(g.unitary(plain(operation.matrix()), *reader.qubits(wires)))


def _is_symbolic(value: Any) -> bool:
    flat = np.ravel(value) if isinstance(value, np.ndarray) else [value]
    return any(isinstance(entry, Angle) and not entry.is_constant for entry in flat)


def _decomposition(operation: Any) -> tuple[list[Any] | None, str]:
    """The steps of an operation; without any, `None` and the reason."""
    if not getattr(operation, "has_decomposition", False):
        return None, ""
    try:
        with qp.QueuingManager.stop_recording():
            return list(operation.decomposition()), ""
    except KetworkError:
        raise
    except Exception as error:
        return None, f" ({error})"


def _refuse(what: str) -> Callable[..., None]:
    def refuse(operation: Any, reader: Reader, place: str) -> None:
        raise ConversionError(f"The {place} is {what}, which cannot be converted. Remove it.")

    return refuse


_read.register(qp.ops.MidMeasure, _refuse("a measurement in mid-circuit"))
_read.register(qp.ops.PauliMeasure, _refuse("a measurement in mid-circuit"))
_read.register(qp.ops.Conditional, _refuse("classically controlled"))
_read.register(qp.Snapshot, _refuse("a snapshot"))
_read.register(qp.WireCut, _refuse("a wire cut"))


@_read.register(qp.Identity)
def _identity(operation: qp.Identity, reader: Reader, place: str) -> None:
    for qubit in reader.qubits(operation.wires):
        reader.add(Op(TABLE["id"], (qubit,)))


@_read.register(qp.Barrier)
def _barrier(operation: qp.Barrier, reader: Reader, place: str) -> None:
    reader.ops.append(g.barrier(*reader.qubits(operation.wires)))


@_read.register(qp.GlobalPhase)
def _global_phase(operation: qp.GlobalPhase, reader: Reader, place: str) -> None:
    """PennyLane's is exp(-i phi), ours exp(i gamma)."""
    (phi,) = angles_of(operation, place)
    reader.add(Op(TABLE["global_phase"], (), (-phi,)))


@_read.register(qp.Rot)
def _rot(operation: qp.Rot, reader: Reader, place: str) -> None:
    """Rot(phi, theta, omega) = RZ(omega) RY(theta) RZ(phi)."""
    qubits = reader.qubits(operation.wires)
    for name, angle in zip(("rz", "ry", "rz"), angles_of(operation, place), strict=True):
        reader.add(Op(TABLE[name], qubits, (angle,)))


@_read.register(qp.PauliRot)
def _pauli_rotation(operation: qp.PauliRot, reader: Reader, place: str) -> None:
    _rotate(operation, operation.hyperparameters["pauli_word"], reader, place)


@_read.register(qp.MultiRZ)
def _multi_rz(operation: qp.MultiRZ, reader: Reader, place: str) -> None:
    _rotate(operation, "Z" * len(operation.wires), reader, place)


def _rotate(operation: Any, word: str, reader: Reader, place: str) -> None:
    (theta,) = angles_of(operation, place)
    reader.add(g.pauli_rotation(theta, word, *reader.qubits(operation.wires)))


@_read.register(qp.QubitUnitary)
def _unitary(operation: qp.QubitUnitary, reader: Reader, place: str) -> None:
    _add_matrix(operation, reader)


@_read.register(qp.operation.Channel)
def _channel(operation: qp.operation.Channel, reader: Reader, place: str) -> None:
    operators = [plain(operator) for operator in operation.kraus_matrices()]
    reader.add(g.kraus(operators, *reader.qubits(operation.wires[::-1])))


@_read.register(qp.StatePrep)
def _state(operation: qp.StatePrep, reader: Reader, place: str) -> None:
    qubits = reader.qubits(operation.wires[::-1])
    if reader.used.isdisjoint(qubits):
        reader.add(g.state_preparation(plain(operation.data[0]), *qubits))
    else:
        _read.dispatch(object)(operation, reader, place)


@_read.register(qp.ops.op_math.Adjoint)
def _adjoint(operation: Any, reader: Reader, place: str) -> None:
    for op in inverted(reader.fragment(operation.base, place), f"The {place}"):
        reader.add(op)


@_read.register(qp.ops.op_math.Pow)
def _power(operation: Any, reader: Reader, place: str) -> None:
    if not float(operation.z).is_integer():
        if any(_is_symbolic(value) for value in operation.data):
            raise ConversionError(
                f"The {place} raises an operation with symbols to the power {operation.z}; only "
                "integer powers of these can be converted."
            )
        _add_matrix(operation, reader)
        return
    ops = reader.fragment(operation.base, place)
    for op in integer_power(ops, int(operation.z), f"The {place}"):
        reader.add(op)


@_read.register(qp.ops.op_math.Controlled)
def _controlled(operation: Any, reader: Reader, place: str) -> None:
    """Controls on 0 are flipped by X before and after."""
    controls = reader.qubits(operation.control_wires)
    values = operation.control_values
    flips = [Op(TABLE["x"], (q,)) for q, one in zip(controls, values, strict=True) if not one]
    inner = controlled_by(reader.fragment(operation.base, place), controls, f"The {place}")
    for op in (*flips, *inner, *flips):
        reader.add(op)
