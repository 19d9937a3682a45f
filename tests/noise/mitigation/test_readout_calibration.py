"""`ReadoutCalibration`: measured, from a model, saved, and its checks.

Sampled checks have fixed seeds; for a fresh seed a false alarm has a chance below 1e-6.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from circuits import DensityMatrix, StateVector
from circuits.errors import ArgumentTypeError, InvalidArgumentError, QubitError, ResourceLimitError
from noise.mitigation.readout import ReadoutCalibration
from noise.mitigation.readout.calibration_runs import marginals
from noise.model import NoiseModel
from noise.pauli_transfer import PauliTransfer

ERRORS = ((0.02, 0.08), (0.05, 0.01), (0.1, 0.15))
CONFUSIONS = {q: np.array([[1 - a, a], [b, 1 - b]]) for q, (a, b) in enumerate(ERRORS)}


def model() -> NoiseModel:
    found = NoiseModel()
    for qubit, confusion in CONFUSIONS.items():
        found.add_readout(confusion, qubit)
    return found


def joint(order: tuple[int, ...]) -> np.ndarray:
    """P(read | prepared) of the listed qubits, bit j the j-th, from the definition."""
    k = len(order)
    return np.array(
        [
            [
                np.prod([CONFUSIONS[q][s >> j & 1, t >> j & 1] for j, q in enumerate(order)])
                for t in range(2**k)
            ]
            for s in range(2**k)
        ]
    )


@pytest.mark.parametrize("method", ["tensored", "full"])
def test_exact_calibration_finds_the_model(method):
    backend = PauliTransfer(model(), engine="torch")
    found = ReadoutCalibration.from_backend(backend, 3, None, method=method)
    assert found.qubits == (0, 1, 2)
    assert found.has_joint == (method == "full")
    for qubit, confusion in CONFUSIONS.items():
        np.testing.assert_allclose(found.confusion(qubit), confusion, rtol=0, atol=1e-12)
        assert not found.standard_error(qubit).any()
    for order in ((0, 1, 2), (2, 0, 1)):
        np.testing.assert_allclose(found.joint(order), joint(order), rtol=0, atol=1e-12)
    rates = [(a + b) / 2 for a, b in ERRORS]
    np.testing.assert_allclose(found.flip_rates((2, 0)), [rates[2], rates[0]], rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["tensored", "full"])
def test_sampled_calibration_is_within_its_errors(method):
    backend = PauliTransfer(model(), engine="torch")
    found = ReadoutCalibration.from_backend(backend, 3, 4000, method=method, generator=3)
    for qubit, confusion in CONFUSIONS.items():
        off = np.abs(found.confusion(qubit) - confusion)
        error = found.standard_error(qubit)
        assert (error > 0).all()
        assert (off < 6 * error).all()
        # one row of a tensored calibration has 4000 shots, of a full one four times as many
        shots = 4000 * (4 if method == "full" else 1)
        a, b = ERRORS[qubit]
        expected = np.sqrt(np.array([a * (1 - a), b * (1 - b)]) / shots)
        assert (error[:, 0] / expected < 1.3).all()
        assert (error[:, 0] / expected > 0.75).all()


def test_correlated_flips_are_seen_by_the_joint_matrix_only():
    from tests.noise.mitigation.correlated_readout import CorrelatedReadout

    backend = CorrelatedReadout(DensityMatrix("torch"), 0.2)
    found = ReadoutCalibration.from_backend(backend, 2, None, method="full")
    expected = 0.8 * np.eye(4) + 0.2 * np.eye(4)[::-1]
    np.testing.assert_allclose(found.joint((0, 1)), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.confusion(1), [[0.8, 0.2], [0.2, 0.8]], rtol=0, atol=1e-12)


def test_marginals_average_over_what_the_others_hold():
    """A joint matrix in which each bit's error depends on the others, summed entry by entry."""
    whole = np.random.default_rng(1).dirichlet(np.ones(8), size=8)
    matrices, errors = marginals(whole, 500)
    for q in range(3):
        chance = np.zeros((2, 2))
        variance = np.zeros((2, 2))
        for s in range(8):
            for bit in (0, 1):
                p = sum(whole[s, t] for t in range(8) if t >> q & 1 == bit)
                chance[s >> q & 1, bit] += p / 4
                variance[s >> q & 1, bit] += p * (1 - p) / 500 / 16
        np.testing.assert_allclose(matrices[q], chance, rtol=1e-12)
        np.testing.assert_allclose(errors[q], np.sqrt(variance), rtol=0.02)


def test_from_model():
    found = ReadoutCalibration.from_model(model(), n_qubits=5)
    assert found.qubits == (0, 1, 2, 3, 4)
    assert np.array_equal(found.confusion(4), np.eye(2))
    with pytest.raises(QubitError, match="Qubit 3 is not in the readout calibration"):
        ReadoutCalibration.from_model(model()).confusion(3)
    with pytest.raises(ArgumentTypeError, match="NoiseModel"):
        ReadoutCalibration.from_model(StateVector())
    with pytest.raises(InvalidArgumentError, match="at least one qubit"):
        ReadoutCalibration.from_model(NoiseModel())


@pytest.mark.parametrize("method", ["tensored", "full"])
def test_files_round_trip(tmp_path, method):
    backend = PauliTransfer(model(), engine="torch")
    found = ReadoutCalibration.from_backend(backend, 3, 500, method=method, generator=1)
    found.save(tmp_path / "readout.json")
    again = ReadoutCalibration.load(tmp_path / "readout.json")
    assert repr(again) == repr(found)
    for q in range(3):
        assert np.array_equal(again.confusion(q), found.confusion(q))
        assert np.array_equal(again.standard_error(q), found.standard_error(q))
    assert np.array_equal(again.joint((1, 2, 0)), found.joint((1, 2, 0)))


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format": "ketwork readout calibration", "version": 9}']
)
def test_files_that_are_no_calibration(tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(InvalidArgumentError, match=r"bad\.json"):
        ReadoutCalibration.load(tmp_path / "bad.json")


def test_files_with_transposed_matrices(tmp_path):
    ReadoutCalibration(CONFUSIONS).save(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text())
    content["confusions"]["0"] = np.transpose(content["confusions"]["0"]).tolist()
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(InvalidArgumentError, match="transpose"):
        ReadoutCalibration.load(tmp_path / "r.json")


def test_files_of_another_version(tmp_path):
    ReadoutCalibration(CONFUSIONS).save(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text())
    (tmp_path / "r.json").write_text(json.dumps({**content, "version": 2}))
    with pytest.raises(InvalidArgumentError, match=r"version 1.*2\)"):
        ReadoutCalibration.load(tmp_path / "r.json")


def test_bad_input():
    backend = StateVector()
    with pytest.raises(InvalidArgumentError, match="shots"):
        ReadoutCalibration.from_backend(backend, 2, 0)
    with pytest.raises(InvalidArgumentError, match="'tensored', 'full'"):
        ReadoutCalibration.from_backend(backend, 2, 10, method="m3")
    with pytest.raises(ResourceLimitError, match=r"2\*\*11"):
        ReadoutCalibration.from_backend(backend, 11, 10, method="full")
    with pytest.raises(InvalidArgumentError, match="at least 1"):
        ReadoutCalibration.from_backend(backend, 0, 10)
    with pytest.raises(InvalidArgumentError, match="standard_errors"):
        ReadoutCalibration(CONFUSIONS, standard_errors={0: np.zeros((2, 2))})
    measured = ReadoutCalibration(CONFUSIONS, joint=joint((0, 1, 2)))
    with pytest.raises(QubitError, match="together"):
        measured.joint((0, 1))
