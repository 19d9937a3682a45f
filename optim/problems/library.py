"""The molecular Hamiltonians that come with the package."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any, NamedTuple

from circuits.errors import InvalidArgumentError

DEFAULTS: dict[tuple[str, int], str] = {
    ("H2", 4): "H2_r0.7414",
    ("H2", 2): "H2_r0.7414",
    ("LiH", 6): "LiH_r2.2_orb1-2-5",
    ("LiH", 4): "LiH_r3.4_orb1-2-5",
    ("BeH2", 6): "BeH2_r1.33_orb1-2-6",
    ("BeH2", 8): "BeH2_r1.33_cas4_4",
    ("H2O", 8): "H2O_eq_cas4_4",
    ("H2O", 10): "H2O_10q",
}
"""What a formula and a number of qubits stand for: where there is one, the Hamiltonian of the
architecture-search papers. The first entry of a formula is its default size."""

_REDUCED = ("H2", "LiH")
"""Formulas whose two-qubit reductions are listed as names of their own."""


class Stored(NamedTuple):
    """A file of the library and the number of qubits wanted of it."""

    key: str
    n_qubits: int


@functools.cache
def names() -> dict[str, Stored]:
    """Every name of the library, with the file and the number of qubits behind it."""
    found: dict[str, Stored] = {}
    for key in keys():
        size = record(key)["n_qubits"]
        found[key] = Stored(key, size)
        if record(key)["molecule"] in _REDUCED:
            found[f"{key}_{size - 2}q"] = Stored(key, size - 2)
    return found


@functools.cache
def keys() -> tuple[str, ...]:
    """Names of the files, sorted."""
    folder = resources.files("optim.problems") / "data"
    return tuple(sorted(f.name.removesuffix(".json") for f in folder.iterdir()))


@functools.cache
def record(key: str) -> dict[str, Any]:
    """Content of one file; not to be changed."""
    path = resources.files("optim.problems") / "data" / f"{key}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def find(name: str, n_qubits: int | None) -> Stored:
    """The stored Hamiltonian of a name, or of a formula and a number of qubits.

    Raises:
        InvalidArgumentError: If there is none, or it cannot have that number of qubits.
    """
    sizes = [size for formula, size in DEFAULTS if formula == name]
    if sizes:
        size = sizes[0] if n_qubits is None else n_qubits
        if size not in sizes:
            raise InvalidArgumentError(
                f"The library has {name} with {sorted(sizes)} qubits, got n_qubits={n_qubits!r}. "
                "Give a `geometry` to compute another one."
            )
        return Stored(DEFAULTS[name, size], size)
    if name not in names():
        raise InvalidArgumentError(
            f"The library has no molecule {name!r}; it has "
            f"{', '.join(dict.fromkeys(formula for formula, _ in DEFAULTS))} and "
            f"{', '.join(names())}. Give a `geometry` to compute another one."
        )
    stored = names()[name]
    full = record(stored.key)["n_qubits"]
    if n_qubits is not None and n_qubits not in (stored.n_qubits, full, full - 2):
        raise InvalidArgumentError(
            f"{stored.key!r} has {full} qubits, or {full - 2} with the parities of the two spins "
            f"removed, got n_qubits={n_qubits!r}."
        )
    return Stored(stored.key, stored.n_qubits if n_qubits is None else n_qubits)
