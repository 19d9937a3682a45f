"""Operator pools of ADAPT-VQE, compiled to CNOTs and rotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise, product
from typing import NamedTuple

from circuits.errors import InvalidArgumentError
from optim.search.candidate import Candidate, Placed
from optim.search.choices import Choices
from optim.search.gadgets import is_connected, pauli_gadget


class Element(NamedTuple):
    """An element of a pool: gates that are the identity while their free angles are 0.

    Attributes:
        name: What it is.
        gates: Its gates. Rotations by 0 are its free angles; the others change the basis.
    """

    name: str
    gates: tuple[Placed, ...]


def pool(name: str, choices: Choices) -> tuple[Element, ...]:
    """The elements of a pool that fit a coupling.

    Args:
        name: One of `POOLS`.
        choices: The gates that may be placed. Elements act on qubits that hang together.

    Raises:
        InvalidArgumentError: If no element fits.
    """
    groups = [
        group
        for size in (2, 4)
        for group in combinations(choices.qubits, size)
        if is_connected(group, choices.pairs)
    ]
    found = tuple(element for group in groups for element in POOLS[name](group, choices))
    if not found:
        raise InvalidArgumentError(
            f"The pool {name!r} needs two coupled qubits, and the problem has none."
        )
    return found


def all_elements(elements: tuple[Element, ...], n_qubits: int) -> tuple[Candidate, list[range]]:
    """All elements one after the other, and where the angles of each stand.

    Because elements are the identity, one gradient of this gives those of all free angles.
    """
    ends = [0]
    for element in elements:
        ends.append(ends[-1] + sum(gate.angle is not None for gate in element.gates))
    gates = [gate for element in elements for gate in element.gates]
    spans = [range(first, last) for first, last in pairwise(ends)]
    return Candidate(n_qubits, gates), spans


def _qubit(group: tuple[int, ...], choices: Choices) -> Iterator[Element]:
    """exp(-i t P / 2) for the Pauli strings with one Y and otherwise X."""
    for place in range(len(group)):
        letters = "".join("Y" if k == place else "X" for k in range(len(group)))
        yield Element(_label(letters, group), pauli_gadget(letters, group, choices.pairs))


def _qubit_excitation(group: tuple[int, ...], choices: Choices) -> Iterator[Element]:
    """exp(t (Q+ - Q)): one excitation a -> b, or two a, b -> c, d, without regard to the others.

    A single excitation is 2 CNOTs and two free ry. A double one is a multiplexed ry between
    CNOTs that compute parities: 14 CNOTs and 8 free ry, whose angles are t/8 up to signs in the
    excitation proper (Yordanov et al. save one more CNOT).
    """
    if len(group) == 2:
        a, b = group
        if (a, b) in choices.pairs:
            inner = [Placed("ry", (a,), 0.0), Placed("ry", (b,), 0.0)]
            gates = [_quarter(a, 1), Placed("cx", (a, b)), *inner, Placed("cx", (a, b))]
            yield Element(f"single {a} {b}", (*gates, _quarter(a, -1)))
        return
    first, *others = group
    for partner in others:
        c, d = (q for q in others if q != partner)
        parity = [Placed("cx", pair) for pair in ((first, partner), (c, d), (first, c))]
        turned = _multiplexed_ry(first, (partner, c, d))
        gates = [*parity, *turned, *reversed(parity)]
        if all(gate.name != "cx" or gate.qubits in choices.pairs for gate in gates):
            yield Element(f"double {first} {partner} {c} {d}", tuple(gates))


def _fermionic(group: tuple[int, ...], choices: Choices) -> Iterator[Element]:
    """Fermionic excitations of Jordan-Wigner qubits: with Z on the qubits in between.

    The strings with an odd number of Y, each with an angle of its own; in an excitation proper
    the angles are equal up to signs.
    """
    between = [
        qubit
        for low, high in zip(group[::2], group[1::2], strict=True)
        for qubit in range(low + 1, high)
    ]
    whole = (*group, *between)
    if not set(between) <= set(choices.qubits) or not is_connected(whole, choices.pairs):
        return
    strings = ["".join(s) for s in product("XY", repeat=len(group)) if s.count("Y") % 2]
    gates = [
        gate
        for letters in strings
        for gate in pauli_gadget(letters + "Z" * len(between), whole, choices.pairs)
    ]
    yield Element(_label("fermionic", group), tuple(gates))


POOLS: dict[str, Callable[[tuple[int, ...], Choices], Iterator[Element]]] = {
    "qubit": _qubit,
    "qubit-excitation": _qubit_excitation,
    "fermionic": _fermionic,
}
"""The pools by name: from a group of 2 or 4 qubits to elements; adding one is adding a row."""


def _multiplexed_ry(target: int, controls: tuple[int, ...]) -> list[Placed]:
    """Rotations ry of the target by an angle for each value of the controls, along a Gray code."""
    gates: list[Placed] = []
    for k in range(2 ** len(controls)):
        flipped = min(((k + 1) & -(k + 1)).bit_length() - 1, len(controls) - 1)
        gates += [Placed("ry", (target,), 0.0), Placed("cx", (controls[flipped], target))]
    return gates


def _quarter(qubit: int, sign: int) -> Placed:
    return Placed("ry", (qubit,), sign * 1.5707963267948966)


def _label(kind: str, group: tuple[int, ...]) -> str:
    return f"{kind} {' '.join(map(str, group))}"
