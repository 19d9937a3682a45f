"""Backends on Qiskit: Aer's simulators, and everything that is a V2 primitive."""

from __future__ import annotations

import importlib.util

from circuits.errors import MissingDependencyError

if importlib.util.find_spec("qiskit") is None:
    raise MissingDependencyError(
        "qiskit", extra="qiskit", purpose="Running circuits on Qiskit's primitives and simulators"
    )
