"""Pauli propagation on the kicked Ising circuit of 127 qubits, beside other packages.

<Z_62> after 5 steps (and after 20, truncated) of Kim et al., Nature 618, 500 (2023), on IBM Eagle's
heavy-hexagonal lattice, at theta = 0, pi/8, pi/4 and pi/2. At 0 the value is 1; at pi/2 the circuit
is Clifford, and Qiskit's stabilizers give the value. After 4 steps the light cone fits a state
vector, which is the reference there. Rows with equal `min_abs` drop strings by the same rule.

Peers take part if they can be imported: `pip install pauli-prop propaq`.

Usage: `python -m tests.benchmarks.pauli_propagation [--deep] [--gradient] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from circuits import weights
from noise import PauliPropagation
from tests.support.heavy_hex import N_QUBITS, eagle_edges, kicked_ising, light_cone

Row = dict[str, Any]
THETAS = {"0": 0.0, "pi/8": math.pi / 8, "pi/4": math.pi / 4, "pi/2": math.pi / 2}


def ours(theta: float, steps: int, min_abs: float) -> Row:
    """Value, statistical-style error and bound."""
    result = kicked_ising(theta, steps).estimate("Z62", backend=PauliPropagation(min_abs=min_abs))
    return {
        "value": result.values.item(),
        "error": result.standard_errors.item(),
        "bound": result.metadata["truncation_bound"].item(),
        "terms": result.metadata["largest_sum"],
    }


def _qiskit_circuit(theta: float, steps: int) -> Any:
    """The circuit in gates that every package knows to be Clifford: RZZ(-pi/2) = CZ S^-1 S^-1."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(N_QUBITS)
    for _ in range(steps):
        for q in range(N_QUBITS):
            circuit.rx(theta, q)
        for a, b in eagle_edges():
            circuit.sdg(a)
            circuit.sdg(b)
            circuit.cz(a, b)
    return circuit


def _z62() -> Any:
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_sparse_list([("Z", [62], 1.0)], N_QUBITS)


def pauli_prop(theta: float, steps: int, min_abs: float) -> Row:
    """IBM's package; it holds at most 3 million strings here."""
    from pauli_prop import propagate_through_circuit

    found, lost = propagate_through_circuit(
        _z62(), _qiskit_circuit(theta, steps), 3_000_000, min_abs, "h"
    )
    diagonal = ~found.paulis.x.any(1)
    value = float(found.coeffs[diagonal].real.sum())
    return {"value": value, "bound": lost, "terms": len(found)}


def propaq(theta: float, steps: int, min_abs: float) -> Row:
    """Threaded Rust; it gives no bound."""
    from propaq.circuits import PauliCircuit
    from propaq.datatypes import PauliTermSum
    from propaq.propagators import PauliPropagator
    from propaq.truncation import TruncationPolicy

    machine = PauliPropagator(truncation=TruncationPolicy(coeff_cutoff=min_abs))
    circuit = PauliCircuit.from_qiskit(_qiskit_circuit(theta, steps))
    observable = PauliTermSum.from_sparse_pauli_op(_z62())
    return {"value": machine.expectation_value(observable, circuit).expectation_value}


PACKAGES: dict[str, Callable[[float, int, float], Row]] = {
    "ours": ours,
    "pauli_prop": pauli_prop,
    "propaq": propaq,
}


def stabilizer_value(steps: int) -> float:
    """<Z_62> at theta = pi/2 from Qiskit's stabilizers."""
    from qiskit.quantum_info import Clifford, Pauli, StabilizerState

    circuit = _qiskit_circuit(0.0, 0)
    for _ in range(steps):
        for q in range(N_QUBITS):
            circuit.sx(q)
        for a, b in eagle_edges():
            circuit.sdg(a)
            circuit.sdg(b)
            circuit.cz(a, b)
    label = "".join("Z" if q == 62 else "I" for q in reversed(range(N_QUBITS)))
    return float(StabilizerState(Clifford(circuit)).expectation_value(Pauli(label)))


def timed(function: Callable[[], Row]) -> Row:
    """The row with its seconds."""
    started = time.perf_counter()
    row = function()
    return {**row, "seconds": time.perf_counter() - started}


def rows(steps: int, cutoffs: tuple[float, ...]) -> list[Row]:
    """All packages at all angles and cutoffs."""
    found = []
    for angle, theta in THETAS.items():
        for min_abs in cutoffs:
            for name, run in PACKAGES.items():
                if name == "ours" or importlib.util.find_spec(name):
                    row = timed(lambda run=run, t=theta, m=min_abs: run(t, steps, m))
                    row = {
                        "package": name,
                        "steps": steps,
                        "theta": angle,
                        "cutoff": min_abs,
                        **row,
                    }
                    found.append(row)
                    print(json.dumps(row), flush=True)
    return found


def gradient() -> Row:
    """Values at 8 angles in one pass, with their slopes; the light cone is the reference."""
    w = weights(1)
    thetas = torch.linspace(0.1, 1.5, 8, dtype=torch.float64)[:, None].requires_grad_()
    values = kicked_ising(w[0], 3).expectation("Z62", w=thetas, backend=PauliPropagation())
    (slopes,) = torch.autograd.grad(values.sum(), thetas)
    small, qubit = light_cone(62, w[0], 3)
    exact = small.expectation(f"Z{qubit}", w=thetas)
    (expected,) = torch.autograd.grad(exact.sum(), thetas)
    return {
        "value_error": float((values - exact).abs().max().detach()),
        "slope_error": float((slopes - expected).abs().max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deep", action="store_true", help="20 steps too, at 1e-3 and 1e-4")
    parser.add_argument("--gradient", action="store_true", help="8 angles at once with slopes")
    parser.add_argument("--out", type=Path, help="where to write the rows as JSON")
    options = parser.parse_args()
    torch.set_num_threads(2)
    small, qubit = light_cone(62, math.pi / 4, 4)
    reference = small.expectation(f"Z{qubit}").item()
    checked = ours(math.pi / 4, 4, 0.0)["value"]
    print(f"4 steps, pi/4: light cone {reference:.12f}, ours {checked:.12f}")
    found = rows(5, (1e-3, 1e-4, 1e-6))
    print(f"5 steps, pi/2, stabilizers: {stabilizer_value(5)}")
    if options.deep:
        found += rows(20, (1e-3, 1e-4))
    if options.gradient:
        found.append({"package": "ours", "what": "8 angles, 3 steps", **timed(gradient)})
        print(json.dumps(found[-1]))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
