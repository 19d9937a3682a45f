"""PennyLane functions, tapes and QNodes to and from `Circuit`.

PennyLane puts its first wire at the most significant bit of a basis index; we put qubit 0 at the
least significant one. Wire k becomes qubit k, so labels stay and only the order of the bits in
matrices, state vectors and probabilities is reversed. This package is the only place that does.
"""

import importlib.util

from circuits.errors import MissingDependencyError

if importlib.util.find_spec("pennylane") is None:
    raise MissingDependencyError(
        "pennylane", extra="pennylane", purpose="Converting PennyLane circuits"
    )

from circuits.interop.pennylane.observables import observables_from_pennylane
from circuits.interop.pennylane.reader import from_pennylane
from circuits.interop.pennylane.writer import to_pennylane

__all__ = ["from_pennylane", "observables_from_pennylane", "to_pennylane"]
