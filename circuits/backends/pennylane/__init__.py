"""`PennyLane`: whatever is a PennyLane device, as a backend."""

from __future__ import annotations

import importlib.util

from circuits.errors import MissingDependencyError

if importlib.util.find_spec("pennylane") is None:
    raise MissingDependencyError(
        "pennylane", extra="pennylane", purpose="Running circuits on PennyLane's devices"
    )
