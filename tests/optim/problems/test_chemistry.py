"""Molecules computed with PySCF, against the library and against OpenFermion."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyscf")

from circuits import PauliSum
from circuits.errors import InvalidArgumentError
from optim.problems import library, molecule
from optim.problems.encodings import encode, encoding


def computed(key: str, **options):
    facts = library.record(key)
    return molecule(
        key,
        geometry=facts["geometry_angstrom"],
        active_electrons=facts["active_electrons"],
        active_orbitals=facts["active_orbitals"],
        **options,
    )


@pytest.mark.parametrize("key", library.keys())
def test_library_from_scratch(key):
    stored, made = molecule(key), computed(key)
    assert made.ground_energy == pytest.approx(stored.ground_energy, abs=1e-8)
    assert made.provenance["exact_energy"] == pytest.approx(stored.ground_energy, abs=1e-8)
    for name in ("core_energy", "hartree_fock_energy", "nuclear_repulsion"):
        assert made.provenance[name] == pytest.approx(stored.provenance[name], abs=1e-8)
    for name in ("frozen_orbitals", "active_orbitals", "hartree_fock_state"):
        assert made.provenance[name] == stored.provenance[name]
    if stored.n_qubits <= 6:
        # signs of orbitals are arbitrary, the spectrum is not
        spectra = [np.linalg.eigvalsh(p.hamiltonian.to_matrix()) for p in (stored, made)]
        np.testing.assert_allclose(*spectra, atol=1e-8)


def test_full_configuration_interaction():
    """The ground energy of all orbitals is PySCF's own FCI energy."""
    from pyscf import fci, gto, scf

    geometry = [("H", (0, 0, 0)), ("H", (0, 0, 0.9)), ("H", (0, 0, 1.8)), ("H", (0, 0, 2.7))]
    mol = gto.M(atom=geometry, basis="sto-3g", verbose=0)
    field = scf.RHF(mol).run(conv_tol=1e-12)
    expected = fci.FCI(field).kernel()[0]
    assert molecule("H4", geometry=geometry).ground_energy == pytest.approx(expected, abs=1e-8)


def test_another_basis_and_an_ion():
    """With one electron more it would be a molecule of lower energy, in the same Hamiltonian."""
    geometry = [("He", (0, 0, 0)), ("H", (0, 0, 0.775))]
    from pyscf import fci, gto, scf

    mol = gto.M(atom=geometry, basis="6-31g", charge=1, verbose=0)
    expected = fci.FCI(scf.RHF(mol).run(conv_tol=1e-12)).kernel()[0]
    problem = molecule("HeH+", geometry=geometry, basis="6-31g", charge=1)
    assert problem.n_qubits == 8
    assert problem.provenance["exact_energy"] == pytest.approx(expected, abs=1e-8)
    levels = np.linalg.eigvalsh(problem.hamiltonian.to_matrix())
    assert np.abs(levels - expected).min() < 1e-8
    assert problem.ground_energy < expected


def test_open_shell():
    """A hydrogen atom: one electron, the doublet's reference is its ground state."""
    problem = molecule("H", geometry=[("H", (0, 0, 0))], multiplicity=2, hartree_fock=True)
    assert problem.ground_energy == pytest.approx(-0.46658185, abs=1e-7)
    assert problem.energy(problem.initial) == pytest.approx(problem.ground_energy, abs=1e-9)


def test_impossible_molecule():
    with pytest.raises(InvalidArgumentError, match="PySCF accepts no molecule"):
        molecule("H2", geometry=[("H", (0, 0, 0)), ("H", (0, 0, 1))], multiplicity=2)


def test_mappings_are_those_of_openfermion():
    openfermion = pytest.importorskip("openfermion")
    from openfermion.ops import InteractionOperator
    from openfermion.transforms import (
        binary_code_transform,
        bravyi_kitaev,
        get_fermion_operator,
        jordan_wigner,
        parity_code,
    )

    rng = np.random.default_rng(5)
    size = 3
    one = rng.normal(size=(size, size))
    one = one + one.T
    two = rng.normal(size=(size,) * 4)
    for order in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        two = two + two.transpose(order)
    from optim.problems import chemistry

    ours = chemistry.jordan_wigner(0.3, one, two)
    # physicists' order, spins interleaved
    h1, h2 = openfermion.chem.molecular_data.spinorb_from_spatial(one, two.transpose(0, 2, 3, 1))
    fermions = get_fermion_operator(InteractionOperator(0.3, h1, 0.5 * h2))
    theirs = {
        "jordan-wigner": jordan_wigner(fermions),
        "bravyi-kitaev": bravyi_kitaev(fermions, n_qubits=2 * size),
        "parity": binary_code_transform(fermions, parity_code(2 * size)),
    }
    for mapping, operator in theirs.items():
        labels = {
            " ".join(f"{letter}{q}" for q, letter in string): coefficient
            for string, coefficient in operator.terms.items()
        }
        expected = PauliSum(labels, n_qubits=2 * size).simplify(1e-9)
        made = encode(ours, encoding(mapping, 2 * size))
        assert not (made - expected).simplify(1e-9).terms
