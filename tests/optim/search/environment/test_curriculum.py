"""Reward, moving threshold and random halting against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from circuits.errors import InvalidArgumentError
from optim.search.environment import (
    Curriculum,
    MovingThreshold,
    RandomHalting,
    incremental_reward,
)


@pytest.mark.parametrize(
    ("previous", "energy", "last", "expected"),
    [
        (-1.0, -1.5, False, 0.5),  # half of the way to the target
        (-1.0, -0.75, False, -0.25),
        (-1.0, 1.0, False, -1.0),  # clipped
        (-1.5, -2.6, False, 1.0),  # beyond the target by more than the threshold: clipped
        (-1.0, -1.95, False, 5.0),
        (-1.0, -1.95, True, 5.0),  # success counts before failure
        (-1.0, -1.5, True, -5.0),
        (-1.0, -1.9, False, 0.9),  # the threshold itself is no success
        (-2.0, -1.5, False, -1.0),  # from the very target
    ],
)
def test_reward(previous: float, energy: float, last: bool, expected: float) -> None:
    found = incremental_reward(previous, energy, -2.0, 0.0999999999, last=last)
    assert found == pytest.approx(expected)


def episodes(moving: MovingThreshold, *plays: tuple[float, bool]) -> list[float]:
    found = []
    for lowest, success in plays:
        moving.end_episode(lowest, success=success)
        found.append(round(moving.value, 9))
    return found


def test_threshold_starts_at_the_first_or_at_the_distance_of_no_gates() -> None:
    assert MovingThreshold(Curriculum(first=0.7), -2.0, 0.5).value == 0.7
    assert MovingThreshold(Curriculum(), -2.0, 0.5).value == 2.5


def test_greedy_shift_reductions_and_warm_up() -> None:
    rules = Curriculum(first=1.5, delta=0.1, shift_every=4, warm_up=4, successes=2, patience=99)
    moving = MovingThreshold(rules, -2.0, 0.0)
    # The 4th episode is in the warm-up; successes 2 and 4 lower the threshold by 0.01 each.
    assert episodes(moving, (-0.6, True), (-0.7, True), (-0.7, False), (-0.7, True)) == [
        1.5, 1.49, 1.49, 1.49,
    ]  # fmt: skip
    # The 8th shifts to |-2 + 0.8| + 0.1 = 1.3, whatever was counted.
    assert episodes(moving, (-0.7, False), (-0.8, True), (-0.8, True), (-0.8, True)) == [
        1.49, 1.48, 1.48, 1.3,
    ]  # fmt: skip
    # The counters began anew: two further successes until the next reduction.
    assert episodes(moving, (-0.8, True), (-0.8, True)) == [1.3, 1.29]


def test_reductions_are_limited_and_wait_for_the_switch() -> None:
    rules = Curriculum(first=1.0, delta=0.1, successes=1, most_reductions=2, switch=1.0)
    moving = MovingThreshold(rules, -2.0, 0.0)
    # Best distances 1.5 and 1.1 are not below the switch; 0.9 is, twice.
    plays = [(-0.5, True), (-0.9, True), (-1.1, True), (-1.1, True), (-1.1, True)]
    assert episodes(moving, *plays) == [1.0, 1.0, 0.99, 0.98, 0.98]


def test_threshold_is_raised_once_when_nothing_gets_better() -> None:
    rules = Curriculum(first=1.0, delta=0.1, patience=2)
    moving = MovingThreshold(rules, -2.0, 0.0)
    same = (-1.0, False)
    assert episodes(moving, same, same, same, same, same, same) == [1.0, 1.0, 1.1, 1.1, 1.1, 1.1]
    # A new best energy makes it possible again.
    better = (-1.2, False)
    assert episodes(moving, better, better, better) == [1.1, 1.1, 1.2]


def test_fixed_threshold_never_moves() -> None:
    moving = MovingThreshold(Curriculum.fixed(1.6e-3), -2.0, 0.0)
    assert set(episodes(moving, *[(-1.0, True)] * 600)) == {1.6e-3}


def test_threshold_goes_on_from_its_state() -> None:
    rules = Curriculum(first=1.5, delta=0.1, shift_every=7, warm_up=3, successes=2, patience=3)
    plays = [(-0.1 * k, k % 3 == 0) for k in range(20)]
    whole, half = MovingThreshold(rules, -2.0, 0.0), MovingThreshold(rules, -2.0, 0.0)
    expected = episodes(whole, *plays)
    episodes(half, *plays[:9])
    resumed = MovingThreshold(rules, -2.0, 0.0)
    resumed.load_state_dict(half.state_dict())
    assert episodes(resumed, *plays[9:]) == expected[9:]


def test_halting_follows_the_clipped_negative_binomial() -> None:
    halting, rng = RandomHalting(70, 0.573, 25, 70), np.random.default_rng(0)
    drawn = np.array([halting.draw(rng, 100) for _ in range(20_000)])
    assert drawn.min() >= 25
    assert drawn.max() <= 70
    law = scipy.stats.nbinom(70, 0.573)
    # Six standard deviations of a frequency: false alarm below 1e-8 each.
    for at_most in (40, 52, 60, 69):
        p = law.cdf(at_most)
        assert abs((drawn <= at_most).mean() - p) < 6 * np.sqrt(p * (1 - p) / len(drawn))


def test_halting_never_exceeds_the_gates_of_the_environment() -> None:
    rng = np.random.default_rng(0)
    assert {RandomHalting(40, 0.1).draw(rng, 7) for _ in range(50)} == {7}
    assert {RandomHalting(1, 1.0, 3).draw(rng, 7) for _ in range(50)} == {3}


@pytest.mark.parametrize("bad", [{"delta": 0.0}, {"first": -1.0}, {"shift_every": 0}])
def test_bad_rules_raise(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidArgumentError):
        Curriculum(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [(0, 0.5, 1), (1, 0.0, 1), (1, 0.5, 0), (1, 0.5, 5, 4)])
def test_bad_halting_raises(bad: tuple[float, ...]) -> None:
    with pytest.raises(InvalidArgumentError):
        RandomHalting(*bad)  # type: ignore[arg-type]
