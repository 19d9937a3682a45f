"""The closed form from calibration data, against transfer matrices."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noise import Depolarizing, PauliTransferMatrix, ThermalRelaxation
from noise.model.calibration import Coherence, depolarizing_strength, relaxation_fidelity

coherences = st.tuples(st.floats(1e-5, 1e-3), st.floats(0.05, 2.0)).map(
    lambda pair: Coherence(pair[0], pair[0] * pair[1])
)


def _relaxation(given_times: list[Coherence], time: float) -> PauliTransferMatrix:
    parts = [ThermalRelaxation(c.t1, c.t2, time) for c in given_times]
    total = PauliTransferMatrix(parts[0].transfer())
    for part in parts[1:]:
        total = total.tensor(part)
    return total


@given(st.lists(coherences, min_size=1, max_size=2), st.floats(0, 1e-5))
def test_fidelity_of_relaxation_is_that_of_its_transfer_matrix(
    times: list[Coherence], time: float
) -> None:
    expected = _relaxation(times, time).average_gate_fidelity()
    assert relaxation_fidelity(times, time) == pytest.approx(expected, abs=1e-13)


@given(st.lists(coherences, min_size=1, max_size=2), st.floats(0, 1e-6), st.floats(0, 0.4))
def test_the_gate_has_the_reported_error_unless_relaxation_exceeds_it(
    times: list[Coherence], time: float, error: float
) -> None:
    k = len(times)
    relaxed = relaxation_fidelity(times, time)
    p = depolarizing_strength(error, relaxed, k)
    gate = Depolarizing(p, k).then(_relaxation(times, time))
    assert 1 - gate.average_gate_fidelity() == pytest.approx(max(error, 1 - relaxed), abs=1e-12)


def test_without_relaxation_the_error_is_all_depolarizing() -> None:
    nothing = [Coherence(math.inf, math.inf)]
    assert relaxation_fidelity(nothing, 1e-6) == 1.0
    assert not nothing[0].relaxes
    assert depolarizing_strength(0.75 * 2 / 3, 1.0, 1) == pytest.approx(1.0)


@pytest.mark.parametrize("k", [1, 2])
def test_errors_beyond_the_worst_possible_are_capped(k: int) -> None:
    p = depolarizing_strength(1.0, 1.0, k)
    assert p == pytest.approx(4**k / (4**k - 1))
    Depolarizing(p, k)
