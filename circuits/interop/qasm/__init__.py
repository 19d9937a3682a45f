"""OpenQASM 2 and 3: reading into circuits and writing from them.

Reading opens no file but the one that is asked for, needs no optional package, and every failure
is a `QasmError` with line and column. What a text may use is bounded by `Limits`.

>>> from circuits.interop.qasm import loads
>>> loads('OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0],q[1];').ops
(h(0), cx(0, 1))
"""

from __future__ import annotations

from circuits.interop.qasm.limits import Limits
from circuits.interop.qasm.read import load_file, loads
from circuits.interop.qasm.write import dumps

__all__ = ["Limits", "dumps", "load_file", "loads"]
