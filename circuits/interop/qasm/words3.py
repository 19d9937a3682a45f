"""The reserved words of OpenQASM 3, and what to say about those that circuits cannot have."""

from __future__ import annotations

from circuits.interop.qasm.values import CONSTANTS, FUNCTIONS

_MID_CIRCUIT = "it needs measurement results inside the circuit, which ketwork does not have"
_CLASSICAL = "classical variables do not exist in a circuit; use 'const' or 'input'"
_PULSES = "pulse-level calibration is outside of what a circuit holds"
_SUBROUTINE = "subroutines are not supported; use 'gate'"

UNSUPPORTED = {
    "if": _MID_CIRCUIT,
    "else": _MID_CIRCUIT,
    "while": _MID_CIRCUIT,
    "switch": _MID_CIRCUIT,
    "case": _MID_CIRCUIT,
    "default": _MID_CIRCUIT,
    "break": _MID_CIRCUIT,
    "continue": _MID_CIRCUIT,
    "end": _MID_CIRCUIT,
    "reset": "a circuit starts in |0...0> and is measured at its end",
    "def": _SUBROUTINE,
    "return": _SUBROUTINE,
    "extern": _SUBROUTINE,
    "defcal": _PULSES,
    "defcalgrammar": _PULSES,
    "cal": _PULSES,
    "stretch": "delays need a length that is known when the program is read",
    "durationof": "delays need a length that is known when the program is read",
    "int": _CLASSICAL,
    "uint": _CLASSICAL,
    "float": _CLASSICAL,
    "angle": _CLASSICAL,
    "bool": _CLASSICAL,
    "complex": _CLASSICAL,
    "array": _CLASSICAL,
    "duration": _CLASSICAL,
    "output": _CLASSICAL,
    "opaque": "it belongs to OpenQASM 2",
    "nop": "use 'id' or 'barrier'",
    "pragma": "its meaning is unknown",
}
RESERVED = frozenset(
    [
        *"OPENQASM include qubit bit qreg creg const let input gate for in box barrier".split(),
        *"delay measure ctrl negctrl inv pow gphase U true false void readonly mutable im".split(),
        *UNSUPPORTED,
        *FUNCTIONS[3],
        *CONSTANTS[3],
    ]
)
MODIFIERS = ("ctrl", "negctrl", "inv", "pow")
