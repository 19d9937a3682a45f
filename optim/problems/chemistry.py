"""Electronic Hamiltonians from scratch: integrals by PySCF, fermions to Pauli strings here.

With E_pq = sum over spins of a_p^dagger a_q and integrals h_pq and (pq|rs),

    H = c + sum h_pq E_pq + 1/2 sum (pq|rs) (E_pq E_rs - delta_qr E_ps).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits import PauliSum
from circuits.errors import InvalidArgumentError, MissingDependencyError, SolverError

Array = NDArray[np.float64]

SMALLEST = 1e-12
"""Coefficients up to this size, in Hartree, are rounding of the integrals."""


MOST_EXACT = 10
"""Up to so many active orbitals the exact energy of the given number of electrons is recorded."""


def compute(
    geometry: Sequence[tuple[str, Sequence[float]]],
    basis: str,
    charge: int,
    multiplicity: int,
    active_electrons: int | None,
    active_orbitals: int | Sequence[int] | None,
) -> tuple[PauliSum, int, dict[str, Any]]:
    """Hamiltonian (Jordan-Wigner, spins interleaved), Hartree-Fock state, and provenance.

    Raises:
        MissingDependencyError: If PySCF is not installed.
        InvalidArgumentError: If the molecule or its active space does not exist.
        SolverError: If the Hartree-Fock iterations do not converge.
    """
    try:
        import pyscf
        from pyscf import ao2mo, fci, gto, scf
    except ImportError as error:
        raise MissingDependencyError(
            "pyscf", "chemistry", "Computing a molecule from its geometry"
        ) from error
    atoms = [(str(element), tuple(float(c) for c in place)) for element, place in geometry]
    try:
        mol = gto.M(atom=atoms, basis=basis, charge=charge, spin=multiplicity - 1, verbose=0)
    except (RuntimeError, KeyError, ValueError) as error:
        raise InvalidArgumentError(
            f"PySCF accepts no molecule of geometry {atoms}, basis {basis!r}, charge {charge} and "
            f"multiplicity {multiplicity}: {error}"
        ) from error
    field = (scf.RHF if multiplicity == 1 else scf.ROHF)(mol)
    field.conv_tol = 1e-12
    field.kernel()
    if not field.converged:
        raise SolverError("The Hartree-Fock iterations did not converge.")
    n_orbitals = field.mo_coeff.shape[1]
    frozen, active = active_space(mol.nelectron, n_orbitals, active_electrons, active_orbitals)
    core, one, two = _integrals(mol, field, ao2mo, frozen, active)
    electrons = mol.nelectron - 2 * len(frozen)
    facts = {
        "molecule": "".join(element for element, _ in atoms),
        "basis": basis,
        "geometry_angstrom": [[element, list(place)] for element, place in atoms],
        "charge": charge,
        "multiplicity": multiplicity,
        "frozen_orbitals": frozen,
        "active_orbitals": active,
        "active_electrons": electrons,
        "core_energy": core,
        "nuclear_repulsion": float(mol.energy_nuc()),
        "hartree_fock_energy": float(field.e_tot),
        "source": f"PySCF {pyscf.__version__}",
    }
    n_up = (electrons + multiplicity - 1) // 2
    if len(active) <= MOST_EXACT:
        solver = fci.direct_spin1.FCI()
        solver.conv_tol = 1e-12
        found = solver.kernel(one, two, len(active), (n_up, electrons - n_up), ecore=core)
        facts["exact_energy"] = float(found[0])
    return jordan_wigner(core, one, two), reference_state(n_up, electrons - n_up), facts


def active_space(
    n_electrons: int,
    n_orbitals: int,
    active_electrons: int | None,
    active_orbitals: int | Sequence[int] | None,
) -> tuple[list[int], list[int]]:
    """Indices of the frozen orbitals, doubly occupied, and of the active ones.

    Raises:
        InvalidArgumentError: If there is no such active space.
    """
    chosen: list[int] | None = None
    if active_orbitals is not None and not isinstance(active_orbitals, int):
        chosen = [int(k) for k in active_orbitals]
    if active_electrons is None:
        below = 0 if chosen is None else sum(k not in chosen for k in range(n_electrons // 2))
        active_electrons = n_electrons - 2 * below
    n_frozen, odd = divmod(n_electrons - active_electrons, 2)
    if odd or n_frozen < 0 or active_electrons < 1:
        raise InvalidArgumentError(
            f"Argument `active_electrons` must leave an even number of the {n_electrons} electrons "
            f"in frozen orbitals, got {active_electrons}."
        )
    if chosen is None:
        frozen = list(range(n_frozen))
        count = n_orbitals - n_frozen if active_orbitals is None else int(active_orbitals)  # type: ignore[arg-type]
        chosen = list(range(n_frozen, n_frozen + count))
    else:
        frozen = [k for k in range(n_orbitals) if k not in chosen][:n_frozen]
    fits = chosen and len({*chosen}) == len(chosen) and 0 <= min(chosen)
    if not fits or max(chosen) >= n_orbitals or active_electrons > 2 * len(chosen):
        raise InvalidArgumentError(
            f"Argument `active_orbitals` must name orbitals from 0 to {n_orbitals - 1} that hold "
            f"{active_electrons} electrons, got {active_orbitals!r}."
        )
    return frozen, chosen


def reference_state(n_up: int, n_down: int) -> int:
    """The basis state, spins interleaved, with the lowest orbitals occupied.

    >>> f"{reference_state(2, 1):06b}"
    '000111'
    """
    return sum(1 << 2 * p for p in range(n_up)) + sum(2 << 2 * p for p in range(n_down))


def jordan_wigner(core: float, one: Array, two: Array) -> PauliSum:
    """The Hamiltonian on qubits: orbital p with spin up is qubit 2p, with spin down 2p + 1.

    Args:
        core: Energy of nuclei and frozen electrons, Hartree.
        one: h_pq `(k, k)` of the active orbitals.
        two: (pq|rs) `(k, k, k, k)`, in chemists' order.

    >>> jordan_wigner(0.5, np.array([[-1.0]]), np.zeros((1, 1, 1, 1)))
    PauliSum({'II': -0.5, 'IZ': 0.5, 'ZI': 0.5})
    """
    size = len(one)
    moves = [[_excitation(p, q, size) for q in range(size)] for p in range(size)]
    corrected = one - 0.5 * np.einsum("pqqs->ps", two)
    total = PauliSum.from_masks([(0, 0, core)], n_qubits=2 * size)
    for p in range(size):
        for q in range(size):
            inner = PauliSum.from_masks([(0, 0, corrected[p, q])], n_qubits=2 * size)
            pairs = [
                (x, z, 0.5 * two[p, q, r, s] * c)
                for r in range(size)
                for s in range(size)
                if abs(two[p, q, r, s]) > SMALLEST
                for x, z, c in moves[r][s].terms
            ]
            total = total + moves[p][q] * (inner + PauliSum.from_masks(pairs, n_qubits=2 * size))
    return total.simplify(SMALLEST)


def _excitation(p: int, q: int, size: int) -> PauliSum:
    """E_pq, summed over the two spins."""
    parts = [_ladder(2 * p + s, -1) * _ladder(2 * q + s, 1) for s in (0, 1)]
    return (parts[0] + parts[1]).with_width(2 * size)


def _ladder(mode: int, sign: int) -> PauliSum:
    """The annihilator (X + i Y) / 2 with Zs on the modes before, or with sign -1 the creator."""
    before = (1 << mode) - 1
    x = (1 << mode, before, 0.5)
    y = (1 << mode, before | 1 << mode, 0.5j * sign)
    return PauliSum.from_masks([x, y])


def _integrals(
    mol: Any, field: Any, ao2mo: Any, frozen: list[int], active: list[int]
) -> tuple[float, Array, Array]:
    """Core energy, h_pq and (pq|rs) of the active orbitals over a frozen core."""
    inner, outer = field.mo_coeff[:, frozen], field.mo_coeff[:, active]
    hcore = field.get_hcore()
    density = 2 * inner @ inner.T
    potential = field.get_veff(mol, density) if frozen else np.zeros_like(hcore)
    if frozen and np.ndim(potential) == 3:  # one for each spin, equal for a closed core
        potential = potential[0]
    core = float(mol.energy_nuc() + np.sum(density * (hcore + 0.5 * potential)))
    one = outer.T @ (hcore + potential) @ outer
    two = ao2mo.restore(1, ao2mo.kernel(mol, outer), len(active))
    return core, np.asarray(one), np.asarray(two)
