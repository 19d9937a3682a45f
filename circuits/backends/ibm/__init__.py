"""Jobs on IBM's machines and on their local counterparts, through qiskit-ibm-runtime."""

from __future__ import annotations

import importlib.util

from circuits.errors import MissingDependencyError

for _package in ("qiskit", "qiskit_ibm_runtime"):
    if importlib.util.find_spec(_package) is None:
        raise MissingDependencyError(
            _package, extra="ibm", purpose="Running circuits on IBM's machines"
        )
