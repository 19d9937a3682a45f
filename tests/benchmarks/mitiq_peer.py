"""Mitiq in an interpreter of its own: numbers go in and come out as JSON.

Mitiq 1.1 needs numpy below 2.3: `python -m venv DIR && DIR/bin/pip install mitiq "numpy<2.3"`.
"""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from typing import Any

from circuits import Circuit, Op
from circuits import gates as g

Row = list[Any]  # a gate: name, angle or None, qubits

_EXTRAPOLATE = """
import json, sys, warnings
import numpy as np
from mitiq.zne import inference as z
warnings.simplefilter("ignore")
sets = json.load(sys.stdin)
methods = {
    "linear": lambda f, v: z.LinearFactory.extrapolate(f, v),
    "polynomial 2": lambda f, v: z.PolyFactory.extrapolate(f, v, 2),
    "richardson": lambda f, v: z.RichardsonFactory.extrapolate(f, v),
    "fake nodes": lambda f, v: z.FakeNodesFactory.extrapolate(f, v),
    "exponential, asymptote 0": lambda f, v: z.ExpFactory.extrapolate(f, v, asymptote=0.0),
    "exponential, free": lambda f, v: z.ExpFactory.extrapolate(f, v),
    "poly-exponential 2": lambda f, v: z.PolyExpFactory.extrapolate(f, v, 2, asymptote=0.0),
}
found = {}
for name, columns in sets.items():
    found[name] = {}
    for method, extrapolate in methods.items():
        out = []
        for factors, values in columns:
            try:
                out.append(float(np.real(extrapolate(factors, values))))
            except Exception:
                out.append(float("nan"))
        found[name][method] = out
json.dump(found, sys.stdout)
"""

_CIRCUITS = """
import json, sys, warnings
import cirq
import numpy as np
from mitiq import cdr, pec
warnings.simplefilter("ignore")
asked = json.load(sys.stdin)
GATES = {"sx": lambda a: cirq.rx(np.pi / 2), "x": lambda a: cirq.X, "rz": cirq.rz,
         "cx": lambda a: cirq.CNOT}

def read(rows):
    return cirq.Circuit(
        GATES[name](angle)(*map(cirq.LineQubit, qubits)) for name, angle, qubits in rows)

def written(circuit):
    rows = []
    for op in circuit.all_operations():
        gate, qubits = op.gate, [q.x for q in op.qubits]
        if isinstance(gate, cirq.CXPowGate):
            rows.append(["cx", None, qubits])
        else:
            kinds = {cirq.XPowGate: "rx", cirq.YPowGate: "ry", cirq.ZPowGate: "rz"}
            (axis,) = (name for kind, name in kinds.items() if isinstance(gate, kind))
            rows.append([axis, float(gate.exponent * np.pi), qubits])
    return rows

found = []
for k, rows in enumerate(asked["circuits"]):
    circuit = read(rows)
    if asked["method"] == "cdr":
        made = cdr.generate_training_circuits(
            circuit, asked["number"], asked["fraction"], random_state=100 + k)
        found.append({"circuits": [written(c) for c in made]})
        continue
    levels = {tuple(q): p for q, p in asked["levels"]}
    representations = [
        pec.represent_operation_with_local_depolarizing_noise(
            cirq.Circuit(cirq.CNOT(*map(cirq.LineQubit, q))), p)
        for q, p in levels.items()]
    made, signs, norm = pec.sample_circuit(
        circuit, representations, random_state=100 + k, num_samples=asked["number"])
    found.append({"circuits": [written(c) for c in made], "signs": signs, "norm": norm})
json.dump(found, sys.stdout)
"""


def extrapolated(python: str, columns: dict[str, list[Any]]) -> dict[str, dict[str, list[float]]]:
    """Mitiq's extrapolations of values: by set and method, one number per (factors, values)."""
    found: dict[str, dict[str, list[float]]] = _ask(python, _EXTRAPOLATE, columns)
    return found


def training_circuits(
    python: str, circuits: Sequence[Circuit], number: int, fraction: float
) -> list[list[Circuit]]:
    """Near-Clifford circuits for regression, for each circuit."""
    asked = {"circuits": _rows(circuits), "method": "cdr", "number": number, "fraction": fraction}
    found = _ask(python, _CIRCUITS, asked)
    return [[_circuit(rows, 5) for rows in one["circuits"]] for one in found]


def sampled_circuits(
    python: str,
    circuits: Sequence[Circuit],
    number: int,
    levels: dict[tuple[int, int], float],
) -> list[tuple[list[Circuit], list[float]]]:
    """Samples of error cancellation with their signed weights, whose mean is the estimate.

    Args:
        python: Mitiq's interpreter.
        circuits: Native circuits.
        number: Samples for each.
        levels: Depolarizing level of either qubit by pair of a cx; other gates count as perfect.
    """
    pairs = [[list(q), p] for q, p in levels.items()]
    asked = {"circuits": _rows(circuits), "method": "pec", "number": number, "levels": pairs}
    return [
        (
            [_circuit(rows, 5) for rows in one["circuits"]],
            [sign * one["norm"] for sign in one["signs"]],
        )
        for one in _ask(python, _CIRCUITS, asked)
    ]


def _ask(python: str, script: str, question: Any) -> Any:
    done = subprocess.run(
        [python, "-c", script], input=json.dumps(question), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"Mitiq failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _rows(circuits: Sequence[Circuit]) -> list[list[Row]]:
    return [
        [
            [op.name, float(op.angles[0].constant) if op.angles else None, list(op.qubits)]
            for op in circuit.ops
            if op.name != "global_phase"
        ]
        for circuit in circuits
    ]


def _circuit(rows: Sequence[Row], n_qubits: int) -> Circuit:
    """Native gates again: rotations about X are 0, 1 or 2 quarter turns."""
    ops: list[Op] = []
    for name, angle, qubits in rows:
        if name == "cx":
            ops.append(g.cx(*qubits))
        elif name == "rz":
            ops.append(g.rz(angle, *qubits))
        elif name == "ry":
            assert round(angle / math.pi) % 2 == 1
            ops += [g.rz(math.pi, *qubits), g.x(*qubits)]
        else:
            half, quarter = divmod(round(angle / (math.pi / 2)) % 4, 2)
            ops += half * [g.x(*qubits)] + quarter * [g.sx(*qubits)]
    return Circuit(n_qubits, ops)
