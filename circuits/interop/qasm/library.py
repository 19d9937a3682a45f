"""The standard headers as tables, and the definitions that our own exports write.

`qelib1.inc` and `stdgates.inc` are never read from a file: their gates are those of our gate
table, as Qiskit reads them.
"""

from __future__ import annotations

import functools

from circuits.gates import TABLE
from circuits.interop.qasm.definitions import Call, Definition

# The header as published in arXiv:1707.03429. Programs may not redefine these names; the other
# gates of Qiskit's longer header yield to a definition in the program.
ORIGINAL_QELIB1 = frozenset(
    "u3 u2 u1 cx id x y z h s sdg t tdg rx ry rz cz cy ch ccx crz cu1 cu3".split()
)
BARRIER = Definition("barrier", (), None, TABLE["barrier"])
_NOT_IN_STDGATES = ("U", "gphase", "barrier", "delay")


def table_gate(name: str, gate: str) -> Definition:
    """The gate of our table as something that a program can call by `name`."""
    record = TABLE[gate]
    return Definition(name, record.parameters, record.n_qubits, record)


@functools.cache
def builtins(version: int) -> dict[str, Definition]:
    """Gates that exist without an include."""
    if version == 2:
        return {"U": table_gate("U", "u"), "CX": table_gate("CX", "cx")}
    return {"U": table_gate("U", "u"), "gphase": table_gate("gphase", "global_phase")}


@functools.cache
def qelib1() -> dict[str, Definition]:
    """The gates of `qelib1.inc`, Qiskit's additions included."""
    gates = {r.qasm2: table_gate(r.qasm2, r.name) for r in TABLE.values() if r.qasm2}
    del gates["barrier"]
    gates["u0"] = Definition("u0", ("gamma",), 1, body=(Call(gates["id"], (), (0,)),))
    return gates


@functools.cache
def stdgates() -> dict[str, Definition]:
    """The gates of `stdgates.inc`."""
    gates = {r.qasm3: table_gate(r.qasm3, r.name) for r in TABLE.values() if r.qasm3}
    for name in _NOT_IN_STDGATES:
        del gates[name]
    return {**gates, "phase": table_gate("phase", "p"), "CX": table_gate("CX", "cx")}
