"""The gate table: one record per gate, and look-up by name."""

from __future__ import annotations

import dataclasses
import difflib
import functools

import numpy as np

from circuits.errors import UnknownGateError
from circuits.gates import matrices as m
from circuits.gates.channels import CHANNELS
from circuits.gates.record import PAULI_MATRICES, Definition, Gate, controlled_matrix

_H = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
_S = np.diag([1, 1j])
_T = np.diag([1, np.exp(1j * np.pi / 4)])
_SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_SWAP = np.eye(4)[[0, 2, 1, 3]]
_ISWAP = np.array([[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]])
_ECR = np.array([[0, 1, 0, 1j], [1, 0, -1j, 0], [0, 1j, 0, 1], [-1j, 0, 1, 0]]) / np.sqrt(2)
_PI = np.pi

# Margolus gate and its three-control relative, as `qelib1.inc` defines them.
_RCCX: Definition = (
    ("u2", (0, _PI), (2,)),
    ("p", (_PI / 4,), (2,)),
    ("cx", (), (1, 2)),
    ("p", (-_PI / 4,), (2,)),
    ("cx", (), (0, 2)),
    ("p", (_PI / 4,), (2,)),
    ("cx", (), (1, 2)),
    ("p", (-_PI / 4,), (2,)),
    ("u2", (0, _PI), (2,)),
)
_RC3X: Definition = (
    ("u2", (0, _PI), (3,)),
    ("p", (_PI / 4,), (3,)),
    ("cx", (), (2, 3)),
    ("p", (-_PI / 4,), (3,)),
    ("u2", (0, _PI), (3,)),
    ("cx", (), (0, 3)),
    ("p", (_PI / 4,), (3,)),
    ("cx", (), (1, 3)),
    ("p", (-_PI / 4,), (3,)),
    ("cx", (), (0, 3)),
    ("p", (_PI / 4,), (3,)),
    ("cx", (), (1, 3)),
    ("p", (-_PI / 4,), (3,)),
    ("u2", (0, _PI), (3,)),
    ("p", (_PI / 4,), (3,)),
    ("cx", (), (2, 3)),
    ("p", (-_PI / 4,), (3,)),
    ("u2", (0, _PI), (3,)),
)

_PHASE = {"I": -0.5, "Z": 0.5}  # generator of diag(1, e^{i angle})


def _fixed(
    name: str, matrix: np.ndarray, inverse: str = "self", *, formula: str, **names: str
) -> Gate:
    """A gate without angles and without controls."""
    magnitude = np.abs(matrix)
    is_permutation = bool(np.all(np.isin(matrix, (0, 1)) & (magnitude == matrix)))
    return Gate(
        name,
        int(np.log2(len(matrix))),
        formula=formula,
        block=m.constant(matrix),
        inverse=inverse,
        permutation=is_permutation,
        **names,  # type: ignore[arg-type]
    )


def _rotation(name: str, label: str, **names: str) -> Gate:
    """exp(-i theta P / 2) for one Pauli label."""
    return Gate(
        name,
        len(label),
        ("theta",),
        f"exp(-i theta {label} / 2), character k of the label on the k-th qubit",
        m.pauli_rotation(label),
        ({label: 0.5},),
        "negate",
        **names,  # type: ignore[arg-type]
    )


def _controlled(name: str, base: Gate, n_controls: int, inverse: str, **names: str) -> Gate:
    """The gate `base`, applied where all controls are 1."""
    qubits = base.n_qubits
    assert qubits is not None
    return Gate(
        name,
        qubits + n_controls,
        base.parameters,
        f"`{base.name}` on the last qubit(s) where the first {n_controls} are 1",
        base.block,
        base.generators,
        inverse,
        n_controls + base.n_controls,
        permutation=base.permutation,
        base=base.name,
        **names,  # type: ignore[arg-type]
    )


def _defined(name: str, n_qubits: int, definition: Definition, inverse: str, **names: str) -> Gate:
    """A fixed gate given as a product of simpler ones."""
    matrix = np.eye(2**n_qubits, dtype=np.complex128)
    for part, angles, qubits in definition:
        matrix = _embed(_numeric(_TABLE[part], angles), qubits, n_qubits) @ matrix
    return Gate(
        name,
        n_qubits,
        formula="product of the gates of its definition",
        block=m.constant(matrix),
        inverse=inverse,
        definition=definition,
        **names,  # type: ignore[arg-type]
    )


def _numeric(gate: Gate, angles: tuple[float, ...]) -> np.ndarray:
    import torch

    assert gate.block is not None
    block = gate.block(torch.tensor(angles, dtype=torch.float64))
    return controlled_matrix(block, gate.n_controls).numpy()


def _embed(matrix: np.ndarray, qubits: tuple[int, ...], n_qubits: int) -> np.ndarray:
    """Matrix on `qubits` as a matrix on all of `n_qubits`, little-endian."""
    k = len(qubits)
    columns = np.eye(2**n_qubits, dtype=np.complex128).reshape([2] * n_qubits + [-1])
    axes = [n_qubits - 1 - q for q in reversed(qubits)]
    moved = np.moveaxis(columns, axes, range(k))
    out = (matrix @ moved.reshape(2**k, -1)).reshape(moved.shape)
    return np.moveaxis(out, range(k), axes).reshape(2**n_qubits, 2**n_qubits)


_U3 = Gate(
    "u3",
    1,
    ("theta", "phi", "lam"),
    "P(phi) RY(theta) P(lam)",
    m.u,
    ({"Y": 0.5}, _PHASE, _PHASE),
    "special",
    qiskit="u3",
    pennylane="U3",
    qasm2="u3",
    qasm3="u3",
)
_P = Gate(
    "p",
    1,
    ("lam",),
    "diag(1, e^{i lam})",
    m.phase,
    (_PHASE,),
    "negate",
    qiskit="p",
    pennylane="PhaseShift",
    qasm2="p",
    qasm3="p",
)
_X = _fixed(
    "x", PAULI_MATRICES["X"], formula="Pauli X", qiskit="x", pennylane="PauliX", qasm2="x",
    qasm3="x",
)  # fmt: skip
_Y = _fixed(
    "y", PAULI_MATRICES["Y"], formula="Pauli Y", qiskit="y", pennylane="PauliY", qasm2="y",
    qasm3="y",
)  # fmt: skip
_Z = _fixed(
    "z", PAULI_MATRICES["Z"], formula="Pauli Z", qiskit="z", pennylane="PauliZ", qasm2="z",
    qasm3="z",
)  # fmt: skip
_HGATE = _fixed("h", _H, formula="Hadamard", qiskit="h", pennylane="Hadamard", qasm2="h", qasm3="h")
_SGATE = _fixed("s", _S, "sdg", formula="diag(1, i)", qiskit="s", pennylane="S", qasm2="s",
                qasm3="s")  # fmt: skip
_SXGATE = _fixed("sx", _SX, "sxdg", formula="square root of X", qiskit="sx", pennylane="SX",
                 qasm2="sx", qasm3="sx")  # fmt: skip
_SDG = _fixed("sdg", _S.conj(), "s", formula="diag(1, -i)", qiskit="sdg", qasm2="sdg", qasm3="sdg")
_SWAPGATE = _fixed(
    "swap", _SWAP, formula="exchanges two qubits", qiskit="swap", pennylane="SWAP", qasm2="swap",
    qasm3="swap",
)  # fmt: skip
_RX = _rotation("rx", "X", qiskit="rx", pennylane="RX", qasm2="rx", qasm3="rx")
_RY = _rotation("ry", "Y", qiskit="ry", pennylane="RY", qasm2="ry", qasm3="ry")
_RZ = _rotation("rz", "Z", qiskit="rz", pennylane="RZ", qasm2="rz", qasm3="rz")
_U_WITH_PHASE = Gate(
    "u_with_phase",
    1,
    ("theta", "phi", "lam", "gamma"),
    "e^{i gamma} P(phi) RY(theta) P(lam)",
    m.u_with_phase,
    ({"Y": 0.5}, _PHASE, _PHASE, {"I": -1.0}),
)


def _copy(gate: Gate, name: str, **names: str) -> Gate:
    """The same gate under an older name."""
    cleared = {"qiskit": "", "pennylane": "", "qasm2": "", "qasm3": "", **names}
    return dataclasses.replace(gate, name=name, **cleared)  # type: ignore[arg-type]


_RECORDS: tuple[Gate, ...] = (
    _fixed("id", np.eye(2), formula="identity", qiskit="id", pennylane="Identity", qasm2="id",
           qasm3="id"),
    _X, _Y, _Z, _HGATE, _SGATE, _SDG,
    _fixed("t", _T, "tdg", formula="diag(1, e^{i pi/4})", qiskit="t", pennylane="T", qasm2="t",
           qasm3="t"),
    _fixed("tdg", _T.conj(), "t", formula="diag(1, e^{-i pi/4})", qiskit="tdg", qasm2="tdg",
           qasm3="tdg"),
    _SXGATE,
    _fixed("sxdg", _SX.conj().T, "sx", formula="inverse square root of X", qiskit="sxdg",
           qasm2="sxdg"),
    _RX, _RY, _RZ, _P,
    dataclasses.replace(_U3, name="u", qiskit="u", qasm2="u", qasm3="U"),
    _copy(_P, "u1", qiskit="u1", pennylane="U1", qasm2="u1", qasm3="u1"),
    Gate("u2", 1, ("phi", "lam"), "u(pi/2, phi, lam)", m.u2, (_PHASE, _PHASE), "special",
         qiskit="u2", pennylane="U2", qasm2="u2", qasm3="u2"),
    _U3,
    _controlled("cx", _X, 1, "self", qiskit="cx", pennylane="CNOT", qasm2="cx", qasm3="cx"),
    _controlled("cy", _Y, 1, "self", qiskit="cy", pennylane="CY", qasm2="cy", qasm3="cy"),
    _controlled("cz", _Z, 1, "self", qiskit="cz", pennylane="CZ", qasm2="cz", qasm3="cz"),
    _controlled("ch", _HGATE, 1, "self", qiskit="ch", pennylane="CH", qasm2="ch", qasm3="ch"),
    _controlled("cs", _SGATE, 1, "csdg", qiskit="cs"),
    _controlled("csdg", _SDG, 1, "cs", qiskit="csdg"),
    _controlled("csx", _SXGATE, 1, "special", qiskit="csx", qasm2="csx"),
    _SWAPGATE,
    _fixed("iswap", _ISWAP, "special", formula="exp(i pi (XX + YY) / 4)", qiskit="iswap",
           pennylane="ISWAP"),
    _fixed("ecr", _ECR, "self", formula="echoed cross-resonance, (IX - XY)/sqrt(2)", qiskit="ecr",
           pennylane="ECR"),
    _controlled("crx", _RX, 1, "negate", qiskit="crx", pennylane="CRX", qasm2="crx", qasm3="crx"),
    _controlled("cry", _RY, 1, "negate", qiskit="cry", pennylane="CRY", qasm2="cry", qasm3="cry"),
    _controlled("crz", _RZ, 1, "negate", qiskit="crz", pennylane="CRZ", qasm2="crz", qasm3="crz"),
    _controlled("cp", _P, 1, "negate", qiskit="cp", pennylane="ControlledPhaseShift", qasm2="cp",
                qasm3="cp"),
    _controlled("cu", _U_WITH_PHASE, 1, "special", qiskit="cu", qasm2="cu", qasm3="cu"),
    _controlled("cu1", _P, 1, "negate", qiskit="cu1", qasm2="cu1", qasm3="cphase"),
    _controlled("cu3", _U3, 1, "special", qiskit="cu3", qasm2="cu3"),
    _rotation("rxx", "XX", qiskit="rxx", pennylane="IsingXX", qasm2="rxx"),
    _rotation("ryy", "YY", qiskit="ryy", pennylane="IsingYY"),
    _rotation("rzz", "ZZ", qiskit="rzz", pennylane="IsingZZ", qasm2="rzz"),
    _rotation("rzx", "ZX", qiskit="rzx"),
    _controlled("ccx", _X, 2, "self", qiskit="ccx", pennylane="Toffoli", qasm2="ccx", qasm3="ccx"),
    _controlled("ccz", _Z, 2, "self", qiskit="ccz", pennylane="CCZ"),
    _controlled("cswap", _SWAPGATE, 1, "self", qiskit="cswap", pennylane="CSWAP", qasm2="cswap",
                qasm3="cswap"),
    _controlled("c3x", _X, 3, "self", qiskit="mcx", qasm2="c3x"),
    _controlled("c4x", _X, 4, "self", qiskit="mcx", qasm2="c4x"),
    _controlled("c3sqrtx", _SXGATE, 3, "special", qiskit="c3sx", qasm2="c3sqrtx"),
    Gate("global_phase", 0, ("gamma",), "multiplies the state by e^{i gamma}", m.global_phase,
         ({"": -1.0},), "negate", qiskit="global_phase", pennylane="GlobalPhase", qasm3="gphase"),
    Gate("barrier", None, (), "no operation; a fence for transpilers", inverse="self",
         qiskit="barrier", pennylane="Barrier", qasm2="barrier", qasm3="barrier"),
    Gate("delay", 1, ("seconds",), "no operation for a time in seconds", m.identity(1),
         ({"I": 0.0},), "self", qiskit="delay", qasm3="delay"),
    Gate("pauli_rotation", None, ("theta",), "exp(-i theta P / 2), character k of the label on "
         "the k-th qubit", generators=({"Z": 0.5},), inverse="negate"),
    Gate("unitary", None, (), "a given unitary matrix", inverse="special", qiskit="unitary",
         pennylane="QubitUnitary"),
    Gate("state_preparation", None, (), "prepares given amplitudes from |0...0>",
         qiskit="state_preparation", pennylane="StatePrep"),
    *CHANNELS,
)  # fmt: skip

_TABLE: dict[str, Gate] = {gate.name: gate for gate in _RECORDS}
for _gate in (
    _defined("rccx", 3, _RCCX, "self", qiskit="rccx", qasm2="rccx"),
    _defined("rc3x", 4, _RC3X, "reverse", qiskit="rcccx", qasm2="rc3x"),
):
    _TABLE[_gate.name] = _gate

TABLE: dict[str, Gate] = _TABLE

NOT_CONTROLLABLE = (
    *(gate.name for gate in CHANNELS), "state_preparation", "barrier", "delay",
)  # fmt: skip


@functools.lru_cache(maxsize=4096)
def gate_named(name: str) -> Gate:
    """The record of a gate, by its name in the table or `"c^K(BASE)"` for K more controls.

    Raises:
        UnknownGateError: If there is no such gate; the message lists the closest names.
    """
    if name in TABLE:
        return TABLE[name]
    if name.startswith("c^") and name.endswith(")"):
        count, _, base = name[2:-1].partition("(")
        if count.isdigit() and base in TABLE and base not in NOT_CONTROLLABLE:
            return controlled_gate(TABLE[base], int(count))
    usual = _USUAL_NAMES.get(name.lower(), name.lower())
    close = [usual] if usual in TABLE else difflib.get_close_matches(name, TABLE, n=3)
    hint = f" Did you mean {', '.join(close)}?" if close else ""
    raise UnknownGateError(f"There is no gate called {name!r} in the gate table.{hint}")


_USUAL_NAMES = {
    **{"cnot": "cx", "not": "x", "toffoli": "ccx", "fredkin": "cswap", "hadamard": "h"},
    **{"u1": "p", "u3": "u", "phase": "p", "phaseshift": "p", "crot": "cu", "i": "id"},
}
"""Names of gates elsewhere, for hints."""

_BY_STRUCTURE = {
    (gate.base, gate.n_controls): gate for gate in reversed(_RECORDS) if gate.n_controls
}


def controlled_gate(gate: Gate, n_controls: int) -> Gate:
    """The gate with further controls: the table's own record where there is one.

    >>> controlled_gate(TABLE["x"], 2).name
    'ccx'
    >>> controlled_gate(TABLE["ry"], 3).name
    'c^3(ry)'
    """
    if n_controls == 0:
        return gate
    if gate.n_qubits is None:
        kind, total = gate.base or gate.name, gate.n_controls + n_controls
        return dataclasses.replace(
            TABLE[kind], name=f"c^{total}({kind})", n_controls=total, base=kind
        )
    if gate.name.startswith("c^"):
        own = gate_named(gate.base)
        return controlled_gate(own, gate.n_controls - own.n_controls + n_controls)
    root = gate.base or gate.name
    known = _BY_STRUCTURE.get((root, gate.n_controls + n_controls))
    if known is not None and (gate.n_controls == 0 or gate.base):
        return known
    inverse = gate.inverse
    if inverse not in ("self", "negate"):
        inverse = "special"
    return dataclasses.replace(
        _controlled(f"c^{n_controls}({gate.name})", gate, n_controls, inverse)
    )
