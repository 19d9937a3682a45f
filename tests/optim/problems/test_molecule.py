"""Molecules of the library: energies, bit order, electrons, mappings, names."""

from __future__ import annotations

import numpy as np
import pytest

from circuits import PauliSum
from circuits.errors import InvalidArgumentError, MissingDependencyError
from optim.problems import chemistry, library, list_molecules, molecule

# Exact energies of the Hamiltonians of the architecture-search papers, diagonalized by others.
PUBLISHED = {
    "H2_r0.70": (15, -1.136189454),
    "H2_r0.7414": (15, -1.137270175),
    "LiH_r1.2_orb1-2-5": (118, -7.850698378),
    "LiH_r2.2_orb1-2-5": (118, -7.844879093),
    "LiH_r3.4_orb1-2-5": (118, -7.789088898),
    "LiH_r1.2_orb1-2-5_4q": (100, -7.850698378),
    "LiH_r3.4_orb1-2-5_4q": (100, -7.789088898),
    "BeH2_r1.33_orb1-2-6": (62, -15.564627884),
    "H2O_eq_cas4_4": (193, -74.972335581),
    "H2O_10q": (492, -74.999908388),
}

H2_ONE = np.diag([-1.2524635735648981, -0.4759487152209642])


def h2_two() -> np.ndarray:
    """(pq|rs) of H2 at 0.7414 Angstrom in STO-3G, from PySCF."""
    two = np.zeros((2, 2, 2, 2))
    two[0, 0, 0, 0], two[1, 1, 1, 1] = 0.6744887663568377, 0.6973937674230264
    two[0, 0, 1, 1] = two[1, 1, 0, 0] = 0.6634680964235677
    for place in ((0, 1, 0, 1), (0, 1, 1, 0), (1, 0, 0, 1), (1, 0, 1, 0)):
        two[place] = 0.18128880821149584
    return two


@pytest.mark.parametrize("name", PUBLISHED)
def test_exact_energies_of_others(name):
    terms, energy = PUBLISHED[name]
    problem = molecule(name)
    assert len(problem.hamiltonian.terms) == terms
    assert problem.ground_energy == pytest.approx(energy, abs=1.5e-9)


@pytest.mark.parametrize("name", list_molecules())
def test_every_molecule(name):
    problem = molecule(name, hartree_fock=True)
    facts = problem.provenance
    assert problem.name == name
    assert problem.ground_energy == pytest.approx(facts["exact_energy"], abs=1e-9)
    # the X gates of the initial circuit prepare the Hartree-Fock determinant
    assert problem.initial is not None
    assert problem.energy(problem.initial) == pytest.approx(facts["hartree_fock_energy"], abs=1e-8)
    assert problem.lower_bound < problem.ground_energy
    for key in ("geometry_angstrom", "active_orbitals", "mapping", "source", "core_energy"):
        assert key in facts


@pytest.mark.parametrize("key", library.keys())
def test_ground_states_have_the_active_electrons(key):
    problem = molecule(key)
    state = problem.ground_state
    bits = np.arange(len(state))[:, None] >> np.arange(problem.n_qubits) & 1
    weight = np.abs(state) ** 2
    up, down = bits[:, 0::2].sum(1), bits[:, 1::2].sum(1)
    assert weight @ (up + down) == pytest.approx(problem.provenance["active_electrons"], abs=1e-6)
    assert weight @ (up - down) == pytest.approx(0, abs=1e-6)


def test_qubit_0_is_the_lowest_orbital_with_spin_up():
    found = molecule("H2").hamiltonian
    terms = dict(zip(found.labels(), found.coefficients, strict=True))
    assert terms["IIIZ"] == pytest.approx(0.1711977490)  # the occupied orbital
    assert terms["ZIII"] == pytest.approx(-0.2227859304)
    assert molecule("H2").provenance["hartree_fock_state"] == "0011"


def test_library_follows_from_the_integrals():
    made = chemistry.jordan_wigner(0.7137539936876182, H2_ONE, h2_two())
    difference = (made - molecule("H2_r0.7414").hamiltonian).simplify(1e-10)
    assert not difference.terms


@pytest.mark.parametrize(
    ("formula", "sizes"),
    [("H2", (4, 2)), ("LiH", (6, 4)), ("BeH2", (6, 8)), ("H2O", (8, 10))],
)
def test_formulas(formula, sizes):
    assert molecule(formula).n_qubits == sizes[0]
    assert [molecule(formula, n_qubits=n).n_qubits for n in sizes] == list(sizes)


def test_two_qubits_fewer():
    problem = molecule("LiH_r2.2_orb1-2-5", 4)
    assert (problem.n_qubits, problem.provenance["mapping"]) == (4, "parity")
    assert problem.name == "LiH_r2.2_orb1-2-5_4q"
    assert molecule(problem.name) == problem


@pytest.mark.parametrize("mapping", ["jordan-wigner", "parity", "bravyi-kitaev"])
@pytest.mark.parametrize("key", ["H2_r1.5", "LiH_r3.4_orb1-2-5", "BeH2_r1.33_orb1-2-6"])
def test_mappings_have_one_spectrum(key, mapping):
    expected = np.linalg.eigvalsh(molecule(key).hamiltonian.to_matrix())
    mapped = molecule(key, mapping=mapping, hartree_fock=True)
    np.testing.assert_allclose(
        np.linalg.eigvalsh(mapped.hamiltonian.to_matrix()), expected, atol=1e-10
    )
    energy = mapped.provenance["hartree_fock_energy"]
    assert mapped.energy(mapped.initial) == pytest.approx(energy, abs=1e-8)


@pytest.mark.parametrize("mapping", ["jordan-wigner", "parity", "bravyi-kitaev"])
@pytest.mark.parametrize(("key", "sizes"), [("H2_r0.70", (2, 1)), ("LiH_r2.2_orb1-2-5", (4, 4))])
def test_tapering_keeps_the_ground_energy(key, sizes, mapping):
    full = molecule(key)
    spectrum = np.linalg.eigvalsh(full.hamiltonian.to_matrix())
    for tapering, size in zip(("spin", "all"), sizes, strict=True):
        problem = molecule(key, mapping=mapping, taper=tapering, hartree_fock=True)
        assert problem.n_qubits == size
        assert problem.ground_energy == pytest.approx(full.ground_energy, abs=1e-10)
        energy = problem.provenance["hartree_fock_energy"]
        assert problem.energy(problem.initial) == pytest.approx(energy, abs=1e-8)
        sector = np.linalg.eigvalsh(problem.hamiltonian.to_matrix())
        assert np.abs(sector[:, None] - spectrum).min(axis=1).max() < 1e-9


def test_known_two_qubit_hamiltonian_of_h2():
    """O'Malley et al., Phys. Rev. X 6, 031007 (2016), table 1: 0.75 Angstrom, and its structure."""
    found = molecule("H2", n_qubits=2).hamiltonian
    assert set(found.labels()) == {"II", "IZ", "ZI", "ZZ", "XX"}
    by_label = dict(zip(found.labels(), found.coefficients, strict=True))
    assert abs(by_label["XX"]) == pytest.approx(0.1812, abs=2e-3)
    assert abs(by_label["IZ"]) == pytest.approx(abs(by_label["ZI"]), abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "He"}, "has no molecule 'He'"),
        ({"name": "H2", "n_qubits": 3}, r"\[2, 4\] qubits"),
        ({"name": "H2_r0.70", "n_qubits": 8}, "has 4 qubits"),
        ({"name": "H2", "mapping": "ternary"}, "ternary"),
        ({"name": "H2", "taper": "some"}, "some"),
        ({"name": "H2", "basis": "sto-3g"}, "`basis`"),
        ({"name": "H2", "active_orbitals": 2}, "`active_orbitals`"),
        ({"name": "H2", "n_qubits": 4, "taper": "all"}, "has 1 qubits"),
        ({"name": "X", "n_qubits": 4, "geometry": [("H", (0, 0, 0))]}, "`n_qubits`"),
    ],
)
def test_refused(arguments, words):
    with pytest.raises(InvalidArgumentError, match=words):
        molecule(**arguments)


def test_without_pyscf_the_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyscf", None)
    with pytest.raises(MissingDependencyError, match=r"ketwork\[chemistry\]"):
        molecule("H2", geometry=[("H", (0, 0, 0)), ("H", (0, 0, 0.7))])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((4, 6, None, None), ([], [0, 1, 2, 3, 4, 5])),
        ((4, 6, 2, 3), ([0], [1, 2, 3])),
        ((4, 6, None, [1, 2, 5]), ([0], [1, 2, 5])),
        ((6, 7, 4, [1, 2, 6]), ([0], [1, 2, 6])),
        ((10, 7, 6, 5), ([0, 1], [2, 3, 4, 5, 6])),
    ],
)
def test_active_spaces(arguments, expected):
    assert chemistry.active_space(*arguments) == expected


@pytest.mark.parametrize(
    "arguments",
    [(4, 6, 3, None), (4, 6, 6, None), (4, 6, 0, 2), (4, 6, 4, 1), (4, 6, 2, 9), (4, 6, 2, [1, 1])],
)
def test_impossible_active_spaces(arguments):
    with pytest.raises(InvalidArgumentError):
        chemistry.active_space(*arguments)


def test_one_orbital_by_hand():
    """One orbital with repulsion U: H = h (n_up + n_down) + U n_up n_down."""
    made = chemistry.jordan_wigner(0.0, np.array([[-0.5]]), np.full((1, 1, 1, 1), 0.8))
    numbers = [0.5 * (PauliSum({"": 1.0}) - PauliSum(f"Z{q}")) for q in (0, 1)]
    by_hand = -0.5 * (numbers[0] + numbers[1]) + 0.8 * numbers[0] * numbers[1]
    assert not (made - by_hand).simplify(1e-12).terms
