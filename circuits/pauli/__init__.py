"""Observables: weighted sums of Pauli strings.

`PauliSum` is the value; `X`, `Y`, `Z`, `I` build one-letter sums; `as_observable` and
`as_observables` turn what a user may pass (labels, dicts, Qiskit operators) into `PauliSum`.

A full-width label such as `"IZ"` has qubit 0 as its rightmost character and fixes the number of
qubits; an indexed label such as `"X0 Z3"` names its qubits and fixes nothing.
"""

from circuits.pauli.coerce import as_observable, as_observables
from circuits.pauli.grouping import group_masks
from circuits.pauli.letters import I, X, Y, Z
from circuits.pauli.packing import CommutationKind
from circuits.pauli.pauli_group import PauliGroup
from circuits.pauli.pauli_sum import PauliSum
from circuits.pauli.terms import PauliTerm

__all__ = [
    "CommutationKind",
    "I",
    "PauliGroup",
    "PauliSum",
    "PauliTerm",
    "X",
    "Y",
    "Z",
    "as_observable",
    "as_observables",
    "group_masks",
]
