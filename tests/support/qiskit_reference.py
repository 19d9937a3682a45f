"""Qiskit as the oracle: states, unitaries and mixed states of our circuits.

Written against the definitions of the gates, not with `circuits.interop`, so that an error in the
converter cannot hide one in the engine. Angles are evaluated here from their terms.
"""

from __future__ import annotations

import numpy as np
from qiskit.circuit import library as lib
from qiskit.quantum_info import (
    DensityMatrix,
    Kraus,
    Operator,
    Pauli,
    SparsePauliOp,
    Statevector,
)
from scipy.linalg import expm

from circuits import Circuit, Op
from circuits import gates as g

CLASSES = {
    "id": lib.IGate, "x": lib.XGate, "y": lib.YGate, "z": lib.ZGate, "h": lib.HGate,
    "s": lib.SGate, "sdg": lib.SdgGate, "t": lib.TGate, "tdg": lib.TdgGate, "sx": lib.SXGate,
    "sxdg": lib.SXdgGate, "rx": lib.RXGate, "ry": lib.RYGate, "rz": lib.RZGate,
    "p": lib.PhaseGate, "u": lib.UGate, "u1": lib.U1Gate, "u2": lib.U2Gate, "u3": lib.U3Gate,
    "cx": lib.CXGate, "cy": lib.CYGate, "cz": lib.CZGate, "ch": lib.CHGate, "cs": lib.CSGate,
    "csdg": lib.CSdgGate, "csx": lib.CSXGate, "swap": lib.SwapGate, "iswap": lib.iSwapGate,
    "ecr": lib.ECRGate, "crx": lib.CRXGate, "cry": lib.CRYGate, "crz": lib.CRZGate,
    "cp": lib.CPhaseGate, "cu": lib.CUGate, "cu1": lib.CU1Gate, "cu3": lib.CU3Gate,
    "rxx": lib.RXXGate, "ryy": lib.RYYGate, "rzz": lib.RZZGate, "rzx": lib.RZXGate,
    "ccx": lib.CCXGate, "ccz": lib.CCZGate, "cswap": lib.CSwapGate, "c3x": lib.C3XGate,
    "c4x": lib.C4XGate, "c3sqrtx": lib.C3SXGate, "rccx": lib.RCCXGate, "rc3x": lib.RC3XGate,
    "global_phase": lib.GlobalPhaseGate,
}  # fmt: skip


def angle_values(op: Op, x: np.ndarray | None, w: np.ndarray | None) -> list[float]:
    """The op's angles for one sample, from the terms of their expressions."""
    by_kind = {"input": x, "weight": w}
    found = []
    for angle in op.angles:
        total = angle.constant
        for coefficient, product in angle.terms:
            for symbol in product:
                values = by_kind[symbol.group.kind]
                assert values is not None
                coefficient = coefficient * float(np.asarray(values).ravel()[symbol.index])
            total += coefficient
        found.append(total)
    return found


def _base_matrix(op: Op, angles: list[float]) -> np.ndarray:
    """Matrix without the controls that `gates.controlled` added."""
    if op.kind == "pauli_rotation":
        return expm(-0.5j * angles[0] * Pauli(op.pauli[::-1]).to_matrix())
    if op.kind == "unitary":
        assert op.data is not None
        return np.asarray(op.data)
    return Operator(CLASSES[op.kind](*angles)).data


def op_matrix(op: Op, angles: list[float]) -> np.ndarray:
    """Matrix of a unitary op on its qubits, the first the least significant bit."""
    base = _base_matrix(op, angles)
    own = g.TABLE[op.kind].n_controls if op.name.startswith("c^") else op.n_controls
    added = op.n_controls - own
    if not added:
        return base
    return Operator(lib.UnitaryGate(base).control(added, annotated=True)).data


def statevector(circuit: Circuit, x: np.ndarray | None = None, w: np.ndarray | None = None):
    """Final state for one sample, `(2**n,)`."""
    return np.asarray(_evolved(circuit, Statevector.from_int(0, 2**circuit.n_qubits), x, w).data)


def density_matrix(circuit: Circuit, x: np.ndarray | None = None, w: np.ndarray | None = None):
    """Final mixed state for one sample, `(2**n, 2**n)`."""
    return np.asarray(_evolved(circuit, DensityMatrix.from_int(0, 2**circuit.n_qubits), x, w).data)


def _evolved(circuit, state, x, w):
    for op in circuit.ops:
        angles = angle_values(op, x, w)
        if op.kind == "state_preparation":
            amplitudes = np.asarray(angles if op.data is None else op.data, dtype=complex)
            state = _prepared(circuit, state, amplitudes / np.linalg.norm(amplitudes), op.qubits)
        elif op.kind == "kraus":
            assert op.data is not None
            state = state.evolve(Kraus(list(op.data)), qargs=list(op.qubits))
        elif op.kind == "global_phase":
            if isinstance(state, Statevector):
                state = Statevector(state.data * np.exp(1j * angles[0]))
        elif op.kind not in ("barrier", "delay"):
            matrix = op_matrix(op, angles)
            state = state.evolve(Operator(matrix), qargs=list(op.qubits))
    return state


def _prepared(circuit, state, amplitudes, qubits):
    """A unitary whose first column is the amplitudes, on qubits in |0...0>."""
    d = len(amplitudes)
    basis = np.column_stack([amplitudes, np.eye(d)[:, : d - 1] + 0.1j * np.eye(d)[::-1, : d - 1]])
    for seed in range(5):
        q, r = np.linalg.qr(basis)
        if np.abs(np.diag(r)).min() > 1e-6:
            break
        noise = np.random.default_rng(seed).normal(size=(d, d))
        basis = np.column_stack([amplitudes, noise[:, 1:]])
    q[:, 0] = amplitudes
    return state.evolve(Operator(q), qargs=list(qubits))


def expectation(state: np.ndarray, observable: dict[str, float]) -> float:
    """<psi|O|psi> or Tr(O rho) for a Pauli sum of full-width labels."""
    matrix = SparsePauliOp.from_list(list(observable.items())).to_matrix()
    if state.ndim == 1:
        return float(np.real(state.conj() @ matrix @ state))
    return float(np.real(np.trace(matrix @ state)))
