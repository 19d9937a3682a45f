"""Rewriting a sequence of gates into a shorter one that prepares the same state.

Nothing is optimised here: gates that meet after commuting are merged or cancelled, rotations by
zero are dropped, and so is what does nothing to a qubit that is still in |0>. The state is kept up
to a global phase (a rotation by 2 pi is -1).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from optim.search.candidate import Candidate, Placed

# The Pauli letter with which a gate acts on each of its qubits. Gates whose letters agree on every
# qubit that they share commute. Gates that are not named here are taken to commute with nothing.
_LETTERS = {
    **{"rx": "X", "ry": "Y", "rz": "Z", "p": "Z", "x": "X", "y": "Y", "z": "Z"},
    **{"s": "Z", "sdg": "Z", "t": "Z", "tdg": "Z", "cx": "ZX", "cz": "ZZ", "cp": "ZZ"},
    **{"rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "ZX"},
}
_SELF_INVERSE = frozenset(("x", "y", "z", "h", "cx", "cz", "cy", "ch", "swap", "ccx", "ccz"))
_SYMMETRIC = frozenset(("cz", "cp", "rxx", "ryy", "rzz", "swap", "ccz"))
_CONTROLS = {"cx": 1, "cy": 1, "ch": 1, "cz": 2, "cp": 2, "ccx": 2, "ccz": 3}
_ROTATIONS = frozenset(("rx", "ry", "rz", "p", "cp", "rxx", "ryy", "rzz", "rzx"))


def simplified(
    candidate: Candidate, *, idle: Collection[int] = (), tolerance: float = 1e-9
) -> Candidate:
    """A candidate with at most as many gates that prepares the same state.

    Args:
        candidate: The gates.
        idle: Qubits that are in |0> before the first gate: all of them, unless the problem has
            initial gates (see `idle_qubits`).
        tolerance: Rotations by at most this many radians are dropped.

    Returns:
        The same state up to a global phase, if `tolerance` is 0, and else up to the dropped angles.

    >>> gates = [("cx", (0, 1)), ("rz", (0,), 0.5), ("cx", (0, 1)), ("ry", (1,), 0.3)]
    >>> simplified(Candidate(2, gates)).gates
    (Placed(name='rz', qubits=(0,), angle=0.5), Placed(name='ry', qubits=(1,), angle=0.3))
    """
    gates = list(candidate.gates)
    while True:
        shorter = _one_pass(gates, frozenset(idle), tolerance)
        if len(shorter) == len(gates):
            return Candidate(candidate.n_qubits, shorter)
        gates = shorter


def commute(first: Placed, second: Placed) -> bool:
    """Whether two gates are known to commute: equal Pauli letters on all qubits they share."""
    shared = set(first.qubits) & set(second.qubits)
    return all(
        (letter := _letter(first, qubit)) is not None and letter == _letter(second, qubit)
        for qubit in shared
    )


def is_redundant(gates: Sequence[Placed], gate: Placed, *, idle: Collection[int] = ()) -> bool:
    """Whether one more gate would merge with one of `gates`, cancel it, or do nothing.

    Args:
        gates: The gates before.
        gate: The gate that would follow; its angle does not matter.
        idle: As for `simplified`.
    """
    return _partner(gates, gate) is not None or _does_nothing(gate, gates, frozenset(idle))


def _one_pass(gates: Sequence[Placed], idle: frozenset[int], tolerance: float) -> list[Placed]:
    kept: list[Placed] = []
    for gate in gates:
        name, qubits, angle = gate
        if angle is not None and name in _ROTATIONS:
            angle = math.remainder(angle, 2 * math.pi)
            if abs(angle) <= tolerance:
                continue
            gate = Placed(name, qubits, angle)
        place = _partner(kept, gate)
        if place is not None:
            merged = _merged(kept[place], gate)
            kept[place : place + 1] = [] if merged is None else [merged]
        elif not _does_nothing(gate, kept, idle):
            kept.append(gate)
    return kept


def _partner(gates: Sequence[Placed], gate: Placed) -> int | None:
    """Place of the last gate that a further one can be moved to and merged with."""
    for place in range(len(gates) - 1, -1, -1):
        if _meets(gate, gates[place]):
            return place
        if not commute(gate, gates[place]):
            return None
    return None


def _meets(gate: Placed, other: Placed) -> bool:
    """Whether the two, side by side, are one gate or none."""
    if gate.name != other.name or gate.name not in _SELF_INVERSE | _ROTATIONS:
        return False
    if gate.name in _SYMMETRIC:
        return set(gate.qubits) == set(other.qubits)
    return gate.qubits == other.qubits


def _merged(first: Placed, second: Placed) -> Placed | None:
    if first.angle is None or second.angle is None:
        return None
    return Placed(first.name, first.qubits, first.angle + second.angle)


def _does_nothing(gate: Placed, before: Sequence[Placed], idle: frozenset[int]) -> bool:
    """Whether a gate finds |0> where that makes it trivial: on a control, or where diagonal."""
    controls = gate.qubits[: _CONTROLS.get(gate.name, 0)]
    if any(_is_zero(qubit, before, idle) for qubit in controls):
        return True
    diagonal = set(_LETTERS.get(gate.name, "")) == {"Z"}
    return diagonal and all(_is_zero(qubit, before, idle) for qubit in gate.qubits)


def _is_zero(qubit: int, before: Sequence[Placed], idle: frozenset[int]) -> bool:
    """Whether a qubit is still in |0>: only gates diagonal on it have touched it."""
    return qubit in idle and all(
        _letter(gate, qubit) == "Z" for gate in before if qubit in gate.qubits
    )


def _letter(gate: Placed, qubit: int) -> str | None:
    letters = _LETTERS.get(gate.name)
    return None if letters is None else letters[gate.qubits.index(qubit)]
