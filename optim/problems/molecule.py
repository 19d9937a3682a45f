"""`molecule`: electronic ground states, from the library or computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from circuits import Circuit, PauliSum
from circuits import gates as g
from circuits.errors import InvalidArgumentError
from optim.problems import chemistry, library
from optim.problems.encodings import (
    MAPPINGS,
    blocked_order,
    encode,
    encoding,
    inverse,
    reorder_modes,
    z_symmetries,
)
from optim.problems.encodings import taper as tapered
from optim.problems.problem import Problem

TAPERINGS = ("none", "spin", "all")

Geometry = Sequence[tuple[str, Sequence[float]]]


@dataclass(frozen=True)
class Electrons:
    """A Hamiltonian in the Jordan-Wigner mapping, spins interleaved, and its reference.

    Attributes:
        hamiltonian: Of 2 qubits per orbital: 2p for spin up, 2p + 1 for spin down.
        reference: The Hartree-Fock basis state, bit q for qubit q.
        facts: Provenance.
    """

    hamiltonian: PauliSum
    reference: int
    facts: dict[str, Any]


def list_molecules() -> tuple[str, ...]:
    """Names of the molecular Hamiltonians that come with the package, for `molecule`.

    >>> list_molecules()[:2]
    ('BeH2_r1.33_cas4_4', 'BeH2_r1.33_orb1-2-6')
    """
    return tuple(library.names())


def molecule(
    name: str,
    n_qubits: int | None = None,
    *,
    mapping: str | None = None,
    taper: str | None = None,
    hartree_fock: bool = False,
    geometry: Geometry | None = None,
    basis: str | None = None,
    charge: int | None = None,
    multiplicity: int | None = None,
    active_electrons: int | None = None,
    active_orbitals: int | Sequence[int] | None = None,
) -> Problem:
    """Ground state of a molecule's electrons, in Hartree.

    Without `geometry` the Hamiltonian comes from the library (STO-3G; made with PySCF and
    OpenFermion). With it, it is computed by PySCF (extra `chemistry`): restricted Hartree-Fock,
    integrals of the active orbitals, frozen core in the constant.

    Args:
        name: A name of `list_molecules()`, or a formula: `"H2"` (4 or 2 qubits), `"LiH"` (6, 4),
            `"BeH2"` (6, 8), `"H2O"` (8, 10), the first being the default; with `geometry` any
            name.
        n_qubits: Number of qubits of the library's Hamiltonian: all, or two fewer (parity mapping
            without the parities of the two spins).
        mapping: `"jordan-wigner"` (spins interleaved: qubit 2p is orbital p with spin up, 2p + 1
            with spin down), `"parity"` (all spins up, then all down) or `"bravyi-kitaev"`
            (interleaved). Default Jordan-Wigner, or parity where two qubits fewer are asked for.
        taper: `"none"`; `"spin"`: remove two qubits, the parities of the numbers of electrons of
            either spin; `"all"`: remove one qubit for each parity that is conserved, point-group
            symmetries among them. The sector is that of the Hartree-Fock state.
        hartree_fock: Whether circuits start with the X gates of the Hartree-Fock state.
        geometry: Atoms `(element, (x, y, z))` with positions in Angstrom.
        basis: Basis set, default `"sto-3g"`.
        charge: Default 0.
        multiplicity: 2 S + 1, default 1.
        active_electrons: Electrons in the active orbitals; default all, or those that the active
            orbitals hold in the Hartree-Fock state.
        active_orbitals: How many orbitals above the frozen ones are active, or their indices by
            rising energy, from 0; default all.

    Returns:
        The problem. Its `provenance` holds the geometry, the active space, the mapping, and the
        Hartree-Fock and exact energies of the given number of electrons. The ground energy is that
        of the Hamiltonian, whatever the number of electrons: the same for all of the library and
        most neutral molecules; for ions compare with `provenance["exact_energy"]`.

    Raises:
        InvalidArgumentError: If a name or a combination of arguments does not exist.
        MissingDependencyError: If a geometry is given and PySCF is not installed.

    >>> problem = molecule("H2_r0.70")
    >>> problem.n_qubits, round(problem.ground_energy, 8)
    (4, -1.13618945)
    >>> molecule("LiH", n_qubits=4).n_qubits
    4
    """
    if geometry is None:
        given: dict[str, Any] = {"basis": basis, "charge": charge, "multiplicity": multiplicity}
        given |= {"active_electrons": active_electrons, "active_orbitals": active_orbitals}
        _refuse(given, "describes a computation: give a `geometry` with it")
        stored = library.find(name, n_qubits)
        electrons = _from_library(stored.key)
        fewer = stored.n_qubits < electrons.hamiltonian.n_qubits
        mapping = mapping or ("parity" if fewer else "jordan-wigner")
        taper = taper or ("spin" if fewer else "none")
        title = stored.key
    else:
        _refuse({"n_qubits": n_qubits}, "follows from the active space where `geometry` is given")
        electrons = _computed(
            geometry,
            basis or "sto-3g",
            charge or 0,
            1 if multiplicity is None else multiplicity,
            active_electrons,
            active_orbitals,
        )
        mapping, taper, title = mapping or "jordan-wigner", taper or "none", name
    problem = _problem(title, electrons, mapping, taper, hartree_fock)
    if n_qubits is not None and problem.n_qubits != n_qubits:
        raise InvalidArgumentError(
            f"{title!r} with mapping={mapping!r} and taper={taper!r} has {problem.n_qubits} "
            f"qubits, got n_qubits={n_qubits}. Leave one of them out."
        )
    return problem


def _problem(
    title: str, electrons: Electrons, mapping: str, tapering: str, hartree_fock: bool
) -> Problem:
    full = electrons.hamiltonian.n_qubits
    hamiltonian, reference = mapped(electrons, mapping, tapering)
    size = hamiltonian.n_qubits
    if tapering != "none":
        title += f"_{size}q"
    if (mapping, tapering) not in (("jordan-wigner", "none"), ("parity", "spin")):
        title += f"_{mapping}"
    label = f"{reference:0{size}b}"
    facts: dict[str, Any] = {"mapping": mapping, "taper": tapering, "hartree_fock_state": label}
    facts["spin_order"] = "blocked" if mapping == "parity" else "interleaved"
    facts["untapered_qubits"] = full
    ups = [g.x(q) for q in range(size) if reference >> q & 1]
    return Problem(
        title,
        hamiltonian,
        initial=Circuit(size, ups) if hartree_fock else None,
        provenance={**electrons.facts, **facts},
    )


def mapped(electrons: Electrons, mapping: str, tapering: str) -> tuple[PauliSum, int]:
    """The Hamiltonian and the reference state in another mapping, tapered."""
    if mapping not in MAPPINGS or tapering not in TAPERINGS:
        raise InvalidArgumentError(
            f"Arguments `mapping` and `taper` must be among {MAPPINGS} and {TAPERINGS}, got "
            f"{mapping!r} and {tapering!r}."
        )
    hamiltonian, n_modes = electrons.hamiltonian, electrons.hamiltonian.n_qubits
    order = blocked_order(n_modes) if mapping == "parity" else list(range(n_modes))
    if mapping == "parity":
        hamiltonian = reorder_modes(hamiltonian, order)
    matrix = encoding(mapping, n_modes)
    occupied = [electrons.reference >> mode & 1 for mode in order]
    ups = [1 - mode % 2 for mode in order]
    hamiltonian = encode(hamiltonian, matrix)
    reference = _mask(matrix @ occupied)
    if tapering == "none":
        return hamiltonian, reference
    if tapering == "all":
        return tapered(hamiltonian, z_symmetries(hamiltonian), reference)
    # The parity of a set of modes, a row s of numbers, is s f = (s B^-1) g: solve for s B^-1.
    spins = [_parity_mask(matrix, row) for row in (ups, [1 - up for up in ups])]
    return tapered(hamiltonian, spins, reference)


def _parity_mask(matrix: Any, row: list[int]) -> int:
    return _mask(row @ inverse(matrix))


def _mask(bits: Any) -> int:
    return sum(int(bit) % 2 << q for q, bit in enumerate(bits))


def _from_library(key: str) -> Electrons:
    facts = dict(library.record(key))
    hamiltonian = PauliSum(facts.pop("hamiltonian"))
    return Electrons(hamiltonian, int(facts["hartree_fock_state"], 2), facts)


def _computed(*arguments: Any) -> Electrons:
    hamiltonian, reference, facts = chemistry.compute(*arguments)
    return Electrons(hamiltonian, reference, facts)


def _refuse(given: dict[str, Any], why: str) -> None:
    for argument, value in given.items():
        if value is not None:
            raise InvalidArgumentError(f"Argument `{argument}` {why}, got {argument}={value!r}.")
