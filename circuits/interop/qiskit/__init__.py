"""Qiskit circuits to and from `Circuit`.

Both sides are little-endian: qubit k is qubit k, and the first listed qubit is the least
significant bit of a matrix. Global phase is kept, and so are barriers and delays.
"""

import importlib.util

from circuits.errors import MissingDependencyError

if importlib.util.find_spec("qiskit") is None:
    raise MissingDependencyError("qiskit", extra="qiskit", purpose="Converting Qiskit circuits")

from circuits.interop.qiskit.reader import from_qiskit
from circuits.interop.qiskit.writer import to_qiskit

__all__ = ["from_qiskit", "to_qiskit"]
