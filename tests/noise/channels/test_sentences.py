"""What each class says it does, in formulas, on random density matrices."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.gates.record import pauli_matrix
from noise.channels import (
    AmplitudeDamping,
    BitFlip,
    BitPhaseFlip,
    Channel,
    Depolarizing,
    Kraus,
    OverRotation,
    PauliChannel,
    PauliLindblad,
    PauliTransferMatrix,
    PhaseDamping,
    PhaseFlip,
    ThermalRelaxation,
)
from tests.support.strategies import random_channel, seeds

X, Y, Z = (pauli_matrix(label) for label in "XYZ")
units = st.floats(0, 1)


def random_state(seed: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    rho = root @ root.conj().T
    return rho / np.trace(rho)


def applied(channel: Channel, rho: np.ndarray) -> np.ndarray:
    d = len(rho)
    flat = channel.superoperator().numpy() @ rho.T.ravel()  # columns stacked
    return flat.reshape(d, d).T


def mean(label: str, rho: np.ndarray) -> float:
    return float(np.trace(pauli_matrix(label) @ rho).real)


def close(ours: np.ndarray | float, theirs: np.ndarray | float) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@given(seeds, st.integers(1, 3), st.floats(0, 1))
def test_depolarizing(seed, k, p):
    rho = random_state(seed, 2**k)
    close(applied(Depolarizing(p, k), rho), (1 - p) * rho + p * np.eye(2**k) / 2**k)


@given(seeds, units)
def test_depolarizing_from_pauli_probability(seed, p):
    rho = random_state(seed, 2)
    expected = (1 - p) * rho + p / 3 * sum(a @ rho @ a for a in (X, Y, Z))
    close(applied(Depolarizing.from_pauli_probability(p), rho), expected)
    two = Depolarizing.from_pauli_probability(p, 2).chi().diagonal().real.numpy()
    close(two, [1 - p, *[p / 15] * 15])


@pytest.mark.parametrize(
    ("channel", "pauli"), [(BitFlip, X), (PhaseFlip, Z), (BitPhaseFlip, Y)], ids=["X", "Z", "Y"]
)
@given(seed=seeds, p=units)
def test_flips(channel: Callable[[float], Channel], pauli, seed, p):
    rho = random_state(seed, 2)
    close(applied(channel(p), rho), (1 - p) * rho + p * pauli @ rho @ pauli)


@given(seeds, st.tuples(units, units, units).map(lambda v: tuple(x / 3 for x in v)))
def test_pauli_channel(seed, p):
    rho = random_state(seed, 4)
    table = dict(zip(("XI", "ZY", "IZ"), p, strict=True))
    errors = [(q, pauli_matrix(label)) for label, q in table.items()]
    expected = (1 - sum(p)) * rho + sum(q * a @ rho @ a for q, a in errors)
    close(applied(PauliChannel(table), rho), expected)
    if 1 - sum(p) > 0:
        close(applied(PauliChannel({**table, "II": 1 - sum(p)}), rho), expected)


@given(seeds, units, units)
def test_amplitude_damping(seed, gamma, population):
    rho = random_state(seed, 2)
    after = applied(AmplitudeDamping(gamma, population), rho)
    close(mean("Z", after), (1 - gamma) * mean("Z", rho) + gamma * (1 - 2 * population))
    for label in "XY":
        close(mean(label, after), math.sqrt(1 - gamma) * mean(label, rho))
    close(np.trace(after).real, 1)
    excited = applied(AmplitudeDamping(gamma), np.diag([0.0, 1.0]))
    close(excited, np.diag([gamma, 1 - gamma]))


@given(seeds, units)
def test_phase_damping(seed, lam):
    rho = random_state(seed, 2)
    after = applied(PhaseDamping(lam), rho)
    close(after, applied(PhaseFlip((1 - math.sqrt(1 - lam)) / 2), rho))
    close(mean("Z", after), mean("Z", rho))
    close(mean("X", after), math.sqrt(1 - lam) * mean("X", rho))


@given(seeds, st.floats(0.1, 10), st.floats(0.01, 2), st.floats(0, 20), units)
def test_thermal_relaxation(seed, t1, ratio, time, population):
    rho, t2 = random_state(seed, 2), ratio * t1
    after = applied(ThermalRelaxation(t1, t2, time, population), rho)
    decay = math.exp(-time / t1)
    close(mean("Z", after), decay * mean("Z", rho) + (1 - decay) * (1 - 2 * population))
    for label in "XY":
        close(mean(label, after), math.exp(-time / t2) * mean(label, rho))


@given(seeds, st.floats(0.1, 10), st.floats(0, 20))
def test_thermal_relaxation_without_decay(seed, t2, time):
    rho = random_state(seed, 2)
    after = applied(ThermalRelaxation(math.inf, t2, time), rho)
    close(mean("Z", after), mean("Z", rho))
    close(mean("Y", after), math.exp(-time / t2) * mean("Y", rho))
    close(applied(ThermalRelaxation(math.inf, math.inf, time), rho), rho)


@given(seeds, st.floats(-7, 7))
def test_over_rotation(seed, angle):
    rho = random_state(seed, 4)
    u = math.cos(angle / 2) * np.eye(4) - 1j * math.sin(angle / 2) * pauli_matrix("ZX")
    close(applied(OverRotation(angle, "ZX"), rho), u @ rho @ u.conj().T)


@given(seeds, st.floats(0, 3), st.floats(0, 3))
def test_pauli_lindblad(seed, a, b):
    """One string is a Pauli channel with (1 - e^(-2 rate)) / 2; strings act independently."""
    rho = random_state(seed, 4)
    after = applied(PauliLindblad({"XI": a, "ZZ": b}), rho)
    for label, rate in (("XI", a), ("ZZ", b)):
        rho = applied(PauliChannel({label: (1 - math.exp(-2 * rate)) / 2}), rho)
    close(after, rho)


@given(seeds, seeds, st.integers(1, 2))
def test_kraus(seed, other, k):
    rho, operators = random_state(seed, 2**k), random_channel(other, 2**k)
    expected = sum(a @ rho @ a.conj().T for a in operators)
    close(applied(Kraus(operators), rho), expected)
    close(applied(PauliTransferMatrix(Kraus(operators).transfer()), rho), expected)


@given(seeds)
def test_transfer_matrices_are_traces(seed):
    """R[i, j] = Tr(P_i E(P_j)) / 2^k, the first qubit the least significant digit."""
    operators = random_channel(seed, 4)
    r = Kraus(operators).transfer().numpy()
    labels = [a + b for b in "IXYZ" for a in "IXYZ"]
    for i, j in ((1, 4), (6, 11), (15, 0), (0, 7), (9, 9)):
        p, q = pauli_matrix(labels[i]), pauli_matrix(labels[j])
        image = sum(a @ q @ a.conj().T for a in operators)
        close(r[i, j], np.trace(p @ image).real / 4)
