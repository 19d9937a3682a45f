"""The front door of writing: `dumps`."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, ConversionError, InvalidArgumentError
from circuits.interop.qasm.canonical import DEFINITIONS, HEADERS, NEEDS
from circuits.interop.qasm.inputs3 import entry_annotation
from circuits.interop.qasm.library import stdgates
from circuits.interop.qasm.lowering import lower
from circuits.interop.qasm.printing import angle_text, decimal
from circuits.interop.qasm.words3 import RESERVED
from circuits.ops import Op
from circuits.symbols import Symbol

_QUBITS, _BITS = "q", "c"


def dumps(circuit: Circuit, version: int = 2) -> str:
    """Write a circuit as OpenQASM.

    The text means exactly the circuit, global phase included, to a reader that takes gates as
    Qiskit does. Numbers are written with all their digits, so that reading gives the same bits.
    Gates without a standard name come with their definition; unitaries, state preparations and
    Pauli rotations are decomposed. Recorded measurements are written at the end.

    Version 3 declares one scalar input for each symbol that is used, annotated so that `loads`
    restores the groups.

    Args:
        circuit: The circuit.
        version: 2 or 3.

    Raises:
        ConversionError: If the version cannot express the circuit: symbols or delays in version
            2, channels, symbolic state preparation, very large unitaries.
    """
    if not isinstance(circuit, Circuit):
        raise ArgumentTypeError(
            f"Argument `circuit` must be a `Circuit`, got {type(circuit).__name__}."
        )
    if version not in (2, 3) or isinstance(version, bool):
        raise InvalidArgumentError(f"Argument `version` must be 2 or 3, got {version!r}.")
    if version == 2 and circuit.parameters:
        names = ", ".join(group.name for group in circuit.parameters)
        raise ConversionError(
            f"OpenQASM 2 has no parameters, and the circuit has the groups {names}: bind values "
            "first (`circuit.bind(x=..., w=...)`), or write version=3."
        )
    symbols = _symbol_names(circuit)
    needed: dict[str, None] = {}
    body = [line for op in circuit.ops for line in _statements(op, version, symbols, needed)]
    return HEADERS[version] + "".join(
        f"{line}\n"
        for line in (
            *(DEFINITIONS[version][name] for name in needed),
            *_declarations(symbols),
            *_registers(circuit, version),
            *body,
            *_measurements(circuit, version),
        )
    )


def _statements(
    op: Op, version: int, symbols: dict[Symbol, str], needed: dict[str, None]
) -> list[str]:
    """The lines of one op; definitions that they need are noted in `needed`."""
    if op.kind == "barrier":
        return [f"barrier {_qubits(op.qubits)};"]
    if op.kind == "delay":
        if version == 2:
            raise ConversionError(
                f"OpenQASM 2 cannot hold `{op!r}`: it has no delays. Write version=3."
            )
        return [f"delay[{decimal(op.angles[0].constant)}s] {_qubits(op.qubits)};"]
    lines = []
    for piece in lower(op, version):
        if piece.definition:
            needed.update(dict.fromkeys((*NEEDS.get(piece.definition, ()), piece.definition)))
        angles = ", ".join(angle_text(angle, symbols) for angle in piece.angles)
        head = f"{piece.name}({angles})" if piece.angles else piece.name
        lines.append(f"{head} {_qubits(piece.qubits)}".rstrip() + ";")
    return lines


def _qubits(qubits: Iterable[int]) -> str:
    return ", ".join(f"{_QUBITS}[{q}]" for q in qubits)


def _registers(circuit: Circuit, version: int) -> list[str]:
    bits = max(circuit.measured.values(), default=-1) + 1
    if version == 2:
        lines = [f"qreg {_QUBITS}[{circuit.n_qubits}];", f"creg {_BITS}[{bits}];"]
    else:
        lines = [f"qubit[{circuit.n_qubits}] {_QUBITS};", f"bit[{bits}] {_BITS};"]
    return lines if bits else lines[:1]


def _measurements(circuit: Circuit, version: int) -> list[str]:
    form = "measure {0} -> {1};" if version == 2 else "{1} = measure {0};"
    return [
        form.format(f"{_QUBITS}[{qubit}]", f"{_BITS}[{bit}]")
        for qubit, bit in circuit.measured.items()
    ]


def _symbol_names(circuit: Circuit) -> dict[Symbol, str]:
    """A name for each symbol that is used: group by group, entries in order."""
    order = {(group.kind, group.name): k for k, group in enumerate(circuit.parameters)}
    used = {s for op in circuit.ops for angle in op.angles for s in angle.symbols}
    taken = {_QUBITS, _BITS, *RESERVED, *stdgates(), *DEFINITIONS[3]}
    names: dict[Symbol, str] = {}
    for symbol in sorted(used, key=lambda s: (order[s.group.kind, s.group.name], s.index)):
        name = "_".join([symbol.group.name, *map(str, _where(symbol))])
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            name = f"parameter_{len(names)}"
        while name in taken:
            name += "_"
        taken.add(name)
        names[symbol] = name
    return names


def _where(symbol: Symbol) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(symbol.index, symbol.group.shape))


def _declarations(symbols: dict[Symbol, str]) -> list[str]:
    lines: list[str] = []
    for symbol, name in symbols.items():
        group = symbol.group
        if (group.kind, group.name, group.shape) != ("weight", name, ()):
            lines.append(entry_annotation(group.kind, group.name, _where(symbol), group.shape))
        lines.append(f"input float[64] {name};")
    return lines
