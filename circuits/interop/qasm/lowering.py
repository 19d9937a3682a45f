"""Turns ops into what OpenQASM can say: named gates, with modifiers in version 3."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from circuits import gates as g
from circuits.errors import ConversionError
from circuits.gates import TABLE, gate_named
from circuits.interop.qasm import synthesis
from circuits.interop.qasm.canonical import DEFINITIONS
from circuits.interop.qasm.powers import op_matrix
from circuits.ops import Op, inverse
from circuits.symbols import Angle

MAX_UNITARY_QUBITS = 6
MAX_STATE_QUBITS = 14
MAX_CONTROLS = 10

_MODIFIED = {"sxdg": "inv @ sx"}
_LABELS = {"rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "ZX"}
_HALF_PI = math.pi / 2


@dataclass(frozen=True, slots=True)
class Piece:
    """One gate statement.

    Attributes:
        name: Name of the gate, with modifiers in front.
        angles: Its angles.
        qubits: Its qubits.
        definition: Name of the definition that the header must hold, or empty.
    """

    name: str
    angles: tuple[Angle, ...]
    qubits: tuple[int, ...]
    definition: str = ""


def lower(op: Op, version: int) -> list[Piece]:
    """The statements that say one op, exactly, global phase included.

    Args:
        op: Any op but `barrier` and `delay`.
        version: 2 or 3.

    Raises:
        ConversionError: If there is none; the message names the op and a remedy.
    """
    rule = _channel if op.is_channel else _RULES.get(op.kind)
    if rule is not None:
        return [piece for part in rule(op) for piece in lower(part, version)]
    return _lower_2(op) if version == 2 else _lower_3(op)


def _named(op: Op, name: str, definition: str = "") -> list[Piece]:
    return [Piece(name, op.angles, op.qubits, definition)]


def _lower_2(op: Op) -> list[Piece]:
    if op.gate.qasm2:
        return _named(op, op.gate.qasm2)
    if op.name in DEFINITIONS[2]:
        return _named(op, op.name, op.name)
    if op.kind == "global_phase":
        # e^{i a} = P(a) X P(a) X on any qubit.
        parts = [g.p(op.angles[0], 0), g.x(0)] * 2
    elif len(op.qubits) - op.n_controls == 1:
        if op.n_controls > MAX_CONTROLS:
            raise ConversionError(
                f"OpenQASM 2 cannot hold `{op.name}`: a gate with {op.n_controls} controls would "
                f"take about 2^{op.n_controls} gates (at most {MAX_CONTROLS} controls are "
                "written). Use version=3."
            )
        matrix = np.asarray(op_matrix(replace(op, gate=_uncontrolled(op), qubits=op.qubits[-1:])))
        parts = synthesis.controlled_one_qubit(matrix, op.qubits[: op.n_controls], op.qubits[-1])
    else:
        parts = _controlled_parts(op) or _synthesised(op)
    return [piece for part in parts for piece in lower(part, 2)]


def _controlled_parts(op: Op) -> list[Op]:
    """A controlled two-qubit gate through the one factor that needs the controls; maybe none."""
    controls, targets = op.qubits[: op.n_controls], op.qubits[op.n_controls :]
    if op.kind in _LABELS:
        rotation = g.pauli_rotation(op.angles[0], _LABELS[op.kind], *targets)
        return [g.controlled(rotation, *controls)]
    if op.kind == "iswap":
        halves = [g.pauli_rotation(-_HALF_PI, label, *targets) for label in ("XX", "YY")]
        return [g.controlled(half, *controls) for half in halves]
    if op.kind in ("swap", "cswap"):
        a, b = targets
        outer = g.cx(b, a)
        return [outer, g.controlled(g.x(b), *controls, a), outer]
    return []


def _uncontrolled(op: Op) -> g.Gate:
    """A record whose matrix is the target block of the op alone."""
    return replace(op.gate, n_controls=0, n_qubits=len(op.qubits) - op.n_controls)


def _lower_3(op: Op) -> list[Piece]:
    if op.gate.qasm3:
        return _named(op, op.gate.qasm3)
    if op.name in DEFINITIONS[3]:
        return _named(op, op.name, op.name)
    if op.name in _MODIFIED:
        return _named(op, _MODIFIED[op.name])
    base = gate_named(op.gate.base)
    added = op.gate.n_controls - base.n_controls
    inner = replace(op, gate=base, qubits=op.qubits[added:])
    if base.name in ("u", "u2", "u3"):
        # `ctrl @ U` is read in two ways (with or without the phase of U); `cu` in one.
        added -= 1
        theta = (Angle(_HALF_PI),) if base.name == "u2" else ()
        angles = (*theta, *op.angles, Angle(0.0))
        inner = Op(TABLE["cu"], op.qubits[added:], angles)
    prefix = {0: "", 1: "ctrl @ "}.get(added, f"ctrl({added}) @ ")
    return [
        Piece(prefix + piece.name, piece.angles, op.qubits[:added] + piece.qubits, piece.definition)
        for piece in _lower_3(inner)
    ]


def _pauli_rotation(op: Op) -> list[Op]:
    """Basis changes, a ladder of CX, and a (controlled) rz on the last qubit of the support."""
    controls, targets = op.qubits[: op.n_controls], op.qubits[op.n_controls :]
    support = [(c, q) for c, q in zip(op.pauli, targets, strict=True) if c != "I"]
    if not support:
        phase = g.global_phase(op.angles[0] * -0.5)
        return [g.controlled(phase, *controls) if controls else phase]
    turns = [
        g.h(q) if character == "X" else g.rx(_HALF_PI, q)
        for character, q in support
        if character != "Z"
    ]
    ladder = [g.cx(a, b) for (_, a), (_, b) in pairwise(support)]
    rotation = g.rz(op.angles[0], support[-1][1])
    middle = g.controlled(rotation, *controls) if controls else rotation
    back = [step for turn in reversed([*turns, *ladder]) for step in inverse(turn)]
    return [*turns, *ladder, middle, *back]


def _synthesised(op: Op) -> list[Op]:
    if len(op.qubits) > MAX_UNITARY_QUBITS:
        raise ConversionError(
            f"OpenQASM cannot hold `{op!r}`: it would take about 4^{len(op.qubits)} gates (at most "
            f"{MAX_UNITARY_QUBITS} qubits are written). Build the circuit from named gates."
        )
    return synthesis.unitary(op_matrix(op), op.qubits)


def _state(op: Op) -> list[Op]:
    if op.data is None:
        raise ConversionError(
            "OpenQASM cannot hold `state_preparation` of symbolic amplitudes. Build it with "
            "numbers: `gates.state_preparation(values, *qubits)`."
        )
    if len(op.qubits) > MAX_STATE_QUBITS:
        raise ConversionError(
            f"OpenQASM cannot hold `state_preparation` on {len(op.qubits)} qubits: it would take "
            f"about 2^{len(op.qubits) + 2} gates (at most {MAX_STATE_QUBITS} qubits are written)."
        )
    return synthesis.state(op.data, op.qubits)


def _channel(op: Op) -> list[Op]:
    raise ConversionError(
        f"OpenQASM cannot hold `{op!r}`: it has no channels. Convert the circuit without noise, "
        "or use `to_qiskit()`."
    )


_RULES: dict[str, Callable[[Op], list[Op]]] = {
    "pauli_rotation": _pauli_rotation,
    "unitary": _synthesised,
    "state_preparation": _state,
}
