"""What is drawn for an op: dots, crosses, and boxes with a label, independent of the medium."""

from __future__ import annotations

from dataclasses import dataclass, field

from circuits.gates.table import TABLE
from circuits.ops import Op
from circuits.symbols import Angle

DOT, PLUS, CROSS = "dot", "plus", "cross"

_LABELS = {
    "id": "I",
    "sdg": "S†",
    "tdg": "T†",
    "sx": "√X",
    "sxdg": "√X†",
    "iswap": "iSWAP",
    "u_with_phase": "U",
    "unitary": "Unitary",
    "kraus": "Kraus",
    "transfer_matrix": "Channel",
    "depolarizing": "Depol",
    "pauli_channel": "Pauli",
    "pauli_lindblad": "Lindblad",
    "bit_flip": "BitFlip",
    "phase_flip": "PhaseFlip",
    "bit_phase_flip": "BitPhaseFlip",
    "amplitude_damping": "AmpDamp",
    "phase_damping": "PhaseDamp",
    "thermal_relaxation": "Relax",
    "state_preparation": "Prepare",
    "delay": "Delay",
    "pauli_rotation": "R",
}
_SMALL = {"x": PLUS, "z": DOT, "swap": CROSS}
_SYMMETRIC = ("rxx", "ryy", "rzz", "iswap", "depolarizing")
_PREFIXES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"), (1e-12, "ps"))


@dataclass(frozen=True, slots=True)
class Glyph:
    """The picture of one op.

    Attributes:
        qubits: All qubits of the op.
        label: Name in the box; empty where there is no box.
        kind: `"gate"`, `"barrier"` or `"measure"`.
        small: Qubits that carry a dot, a plus or a cross, with its kind.
        box: Qubits of the box.
        angles: Arguments written beside the label.
        note: Further text written like an argument.
        marks: Text at the wires inside a box of several qubits.
        role: `"fixed"`, `"input"`, `"weight"`, `"both"` (what the angles depend on),
            `"channel"` or `"measure"`.
    """

    qubits: tuple[int, ...]
    label: str = ""
    kind: str = "gate"
    small: dict[int, str] = field(default_factory=dict)
    box: tuple[int, ...] = ()
    angles: tuple[Angle, ...] = ()
    note: str = ""
    marks: dict[int, str] = field(default_factory=dict)
    role: str = "fixed"

    @property
    def pieces(self) -> tuple[tuple[int, ...], ...]:
        """The box as runs of neighbouring qubits, top first: one run unless wires pass between."""
        qubits = tuple(sorted(self.box))
        if not qubits:
            return ()
        if qubits[-1] - qubits[0] == len(qubits) - 1:
            return (qubits,)
        return tuple((q,) for q in qubits)


def glyph_of(op: Op) -> Glyph:
    """The picture of an op."""
    root = _root(op)
    if root == "barrier":
        return Glyph(op.qubits, kind="barrier")
    controls, targets = op.qubits[: op.n_controls], op.qubits[op.n_controls :]
    small = dict.fromkeys(controls, DOT)
    if root in _SMALL and (controls or root == "swap"):
        small |= dict.fromkeys(targets, _SMALL[root])
        return Glyph(op.qubits, small=small)
    angles, note = (() if root in ("delay", "state_preparation") else op.angles), ""
    if root == "delay":
        note = _duration(float(op.angles[0]))
    elif op.pauli and op.is_channel:
        note = op.pauli.replace(" ", ",")
    elif root == "state_preparation":
        note = ",".join(dict.fromkeys(s.group.name for a in op.angles for s in a.symbols))
    return Glyph(
        op.qubits,
        _LABELS.get(root, root.upper()),
        small=small,
        box=targets,
        angles=angles,
        note=note,
        marks=_marks(op, root, targets),
        role=_role(op),
    )


def measurement_glyph(qubit: int, bit: int) -> Glyph:
    """The picture of a terminal measurement into a classical bit."""
    return Glyph((qubit,), "M", "measure", box=(qubit,), note=f"c{bit}", role="measure")


def _root(op: Op) -> str:
    """Name of the gate without any controls."""
    name = op.gate.base or op.gate.name
    while name in TABLE and TABLE[name].base:
        name = TABLE[name].base
    return name


def _marks(op: Op, root: str, targets: tuple[int, ...]) -> dict[int, str]:
    if root == "pauli_rotation":
        return dict(zip(targets, op.pauli, strict=True))
    if root == "rzx":
        return dict(zip(targets, "ZX", strict=True))
    if len(targets) < 2 or root in _SYMMETRIC:
        return {}
    return {q: str(k) for k, q in enumerate(targets)}


def _role(op: Op) -> str:
    if op.is_channel:
        return "channel"
    kinds = {s.group.kind for angle in op.angles for s in angle.symbols}
    return "both" if len(kinds) == 2 else next(iter(kinds), "fixed")


def _duration(seconds: float) -> str:
    for unit, name in _PREFIXES:
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.3g} s"
