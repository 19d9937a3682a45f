"""Random small changes of a sequence of gates: what annealing proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from optim.search.candidate import Candidate, Placed
from optim.search.choices import Choices
from optim.search.gadgets import pauli_gadget

_SPREAD = 0.3  # radians: standard deviation of the angle of a new rotation
_REACH = 6  # places over which a gate is moved

Gates = list[Placed]
Item = TypeVar("Item")


class Move(NamedTuple):
    """A kind of change.

    Attributes:
        change: From the gates (which it may edit), the choices and the randomness to the new
            gates, `None` where the move is not possible.
        weight: How often it is drawn, relative to the others.
    """

    change: Callable[[Gates, Choices, np.random.Generator], Gates | None]
    weight: float


def propose(
    candidate: Candidate,
    choices: Choices,
    generator: np.random.Generator,
    moves: Mapping[str, Move] | None = None,
) -> Candidate:
    """A candidate with one random change; only gates of `choices` are put in.

    Args:
        candidate: The gates.
        choices: Gates that may be placed.
        generator: The randomness.
        moves: The moves to draw from; default `MOVES`.
    """
    table = list((MOVES if moves is None else moves).values())
    weights = np.array([move.weight for move in table], dtype=np.float64)
    while True:
        move = table[int(generator.choice(len(table), p=weights / weights.sum()))]
        changed = move.change(list(candidate.gates), choices, generator)
        if changed is not None:
            return Candidate(candidate.n_qubits, changed)


def insert_rotation(gates: Gates, choices: Choices, generator: np.random.Generator) -> Gates | None:
    """A rotation by a small angle, anywhere."""
    place = int(generator.integers(len(gates) + 1))
    gates.insert(place, _rotation(choices.qubits, choices, generator))
    return gates


def insert_cnot(gates: Gates, choices: Choices, generator: np.random.Generator) -> Gates | None:
    """A CNOT, and a rotation by a small angle on one of its qubits, anywhere."""
    if not choices.pairs:
        return None
    pair = _one(choices.pairs, generator)
    place = int(generator.integers(len(gates) + 1))
    gates[place:place] = [Placed("cx", pair), _rotation(pair, choices, generator)]
    return gates


def insert_block(gates: Gates, choices: Choices, generator: np.random.Generator) -> Gates | None:
    """One or two rotations by small angles between two equal CNOTs: close to the identity."""
    if not choices.pairs:
        return None
    pair = _one(choices.pairs, generator)
    inner = [_rotation(pair, choices, generator) for _ in range(1 + int(generator.integers(2)))]
    place = int(generator.integers(len(gates) + 1))
    gates[place:place] = [Placed("cx", pair), *inner, Placed("cx", pair)]
    return gates


def insert_gadget(gates: Gates, choices: Choices, generator: np.random.Generator) -> Gates | None:
    """Exp(-i t P / 2) for a string P of one Y and one to three X, anywhere: close to the identity.

    The smallest change that correlates more than two qubits, as exciting a pair of electrons does.
    """
    if "ry" not in choices.axes:
        return None
    group = [_one(choices.qubits, generator)]
    for _ in range(1 + int(generator.integers(3))):
        near = [b for a, b in choices.pairs if a in group and b not in group]
        if near:
            group.append(_one(near, generator))
    if len(group) == 1:
        return None
    letters = "Y" + "X" * (len(group) - 1)
    angle = _SPREAD * float(generator.standard_normal())
    place = int(generator.integers(len(gates) + 1))
    gates[place:place] = pauli_gadget(letters, group, choices.pairs, angle)
    return gates


def delete(gates: Gates, choices: Choices, generator: np.random.Generator) -> Gates | None:
    """One gate less."""
    if not gates:
        return None
    del gates[int(generator.integers(len(gates)))]
    return gates


def replace(gates: Gates, choices: Choices, generator: np.random.Generator) -> Gates | None:
    """A rotation gets another axis or qubit, a CNOT another pair that shares a qubit."""
    if not gates:
        return None
    place = int(generator.integers(len(gates)))
    old = gates[place]
    if old.name == "cx":
        near: list[Placed] = [
            Placed("cx", pair)
            for pair in choices.pairs
            if pair != old.qubits and set(pair) & set(old.qubits)
        ]
    else:
        near = [Placed(axis, old.qubits, old.angle) for axis in choices.axes if axis != old.name]
        near += [Placed(old.name, (q,), old.angle) for q in choices.qubits if (q,) != old.qubits]
    if not near:
        return None
    gates[place] = _one(near, generator)
    return gates


def swap(gates: Gates, choices: Choices, generator: np.random.Generator) -> Gates | None:
    """A gate moves a few places."""
    if len(gates) < 2:
        return None
    place = int(generator.integers(len(gates)))
    gate = gates.pop(place)
    other = place + int(generator.integers(-_REACH, _REACH + 1))
    gates.insert(min(max(other, 0), len(gates)), gate)
    return gates


MOVES: dict[str, Move] = {
    "insert_rotation": Move(insert_rotation, 0.15),
    "insert_cnot": Move(insert_cnot, 0.10),
    "insert_block": Move(insert_block, 0.20),
    "insert_gadget": Move(insert_gadget, 0.30),
    "delete": Move(delete, 0.40),
    "replace": Move(replace, 0.13),
    "swap": Move(swap, 0.12),
}
"""The moves by name; adding one is adding a row."""


def _rotation(qubits: tuple[int, ...], choices: Choices, generator: np.random.Generator) -> Placed:
    angle = _SPREAD * float(generator.standard_normal())
    return Placed(_one(choices.axes, generator), (_one(qubits, generator),), angle)


def _one(items: Sequence[Item], generator: np.random.Generator) -> Item:
    return items[int(generator.integers(len(items)))]
