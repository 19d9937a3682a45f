"""The Gymnasium interface: both checkers, masks, vectors, noise."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

from gymnasium.utils.env_checker import check_env

import noise
from circuits import PauliSum, StateVector
from circuits.errors import InvalidArgumentError
from optim.problems import Problem, molecule
from optim.search import Candidate, Evaluator
from optim.search.environment import CircuitEnv, Curriculum, RandomHalting, vector_env

H2 = molecule("H2_r0.7414")
FIELD = Problem("field", PauliSum({"ZI": 0.5, "XX": 0.3}), coupling=((0, 1),))


def noisy() -> Evaluator:
    model = noise.NoiseModel()
    model.add(noise.channels.Depolarizing(0.01), gates=["rx", "ry", "rz"])
    model.add(noise.channels.Depolarizing(0.05, 2), gates=["cx"])
    return Evaluator(FIELD, backend=noise.ZNE(noise.PauliTransfer(model)), optimizer="cobyla",
                     max_evaluations=15)  # fmt: skip


def sampled() -> Evaluator:
    return Evaluator(FIELD, backend=StateVector(), shots=50, optimizer="cobyla", max_evaluations=10)


MAKERS = {
    "exact": lambda: CircuitEnv(H2, max_gates=8, illegal="skip"),
    "halting": lambda: CircuitEnv(
        H2, max_gates=12, illegal="skip", halting=RandomHalting(6, 0.5, 3), render_mode="ansi"
    ),
    "mitigated": lambda: CircuitEnv(FIELD, noisy(), max_gates=4, illegal="skip"),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_gymnasiums_checker_passes(make: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(), skip_render_check=True)  # type: ignore[operator]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_checker_of_stable_baselines_passes(make: object) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(make())  # type: ignore[operator]


def test_masks_are_found_by_sb3_contrib() -> None:
    utils = pytest.importorskip("sb3_contrib.common.maskable.utils")
    env = CircuitEnv(FIELD, max_gates=8)
    env.reset(seed=0)
    assert utils.is_masking_supported(env)
    env.step(0)
    masks = utils.get_action_masks(env)
    assert masks.tolist() == [False, *[True] * 7]


def test_steps_are_those_of_the_game() -> None:
    env = CircuitEnv(H2, max_gates=3, curriculum=Curriculum.fixed(1e-9), render_mode="ansi")
    observation, info = env.reset(seed=3)
    assert info["gates"] == 0
    assert info["energy"] == pytest.approx(H2.energy(Candidate(4).to_circuit()))
    observation, _, terminated, truncated, info = env.step(np.int64(12))
    assert env.observation_space.contains(observation)
    assert (terminated, truncated) == (False, False)
    env.step(15)
    *_, terminated, truncated, info = env.step(0)
    assert (terminated, truncated, info["gates"], info["cnots"]) == (True, False, 3, 1)
    assert "RX" in env.render()
    with pytest.raises(InvalidArgumentError, match="call reset"):
        env.step(0)


def test_random_halting_truncates_and_is_seeded() -> None:
    env = CircuitEnv(
        FIELD, max_gates=30, curriculum=Curriculum.fixed(1e-9), halting=RandomHalting(6, 0.4)
    )

    def lengths(seed: int) -> list[int]:
        found = []
        for k in range(3):
            env.reset(seed=seed if k == 0 else None)
            ends = (False, False)
            while not any(ends):
                action = int(np.flatnonzero(env.action_masks())[-1])
                *_, terminated, truncated, info = env.step(action)
                ends = terminated, truncated
            assert ends == (False, True)
            found.append(info["gates"])
        return found

    assert lengths(1) == lengths(1)
    assert len({*lengths(1), *lengths(2)}) > 1


def test_illegal_actions_raise_or_are_skipped() -> None:
    strict = CircuitEnv(FIELD, max_gates=4)
    strict.reset(seed=0)
    strict.step(2)
    with pytest.raises(InvalidArgumentError, match="illegal now"):
        strict.step(2)
    lenient = CircuitEnv(FIELD, max_gates=4, illegal="skip", curriculum=Curriculum.fixed(1e-9))
    lenient.reset(seed=0)
    lenient.step(2)
    outcomes = [lenient.step(2)[1:4] for _ in range(3)]
    assert outcomes == [(-1.0, False, False), (-1.0, False, False), (-1.0, False, True)]
    assert len(lenient.game.candidate) == 1


def test_threshold_moves_at_the_end_of_episodes() -> None:
    rules = Curriculum(first=2.0, delta=0.1, successes=1, shift_every=100)
    env = CircuitEnv(FIELD, max_gates=4, curriculum=rules)
    values = []
    for _ in range(3):
        env.reset(seed=0)
        *_, info = env.step(2)
        assert info["success"]
        values.append(round(info["threshold"], 6))
    assert values == [1.99, 1.98, 1.97]


def test_several_environments_are_stepped_together() -> None:
    envs = vector_env(FIELD, 3, max_gates=5)
    observations, _ = envs.reset(seed=4)
    assert observations.shape == (3, 5 * 5 * 2 + 1)
    observations, rewards, *_ = envs.step(np.array([0, 2, 3]))
    single = CircuitEnv(FIELD, max_gates=5)
    single.reset(seed=4)
    expected, reward, *_ = single.step(3)
    np.testing.assert_allclose(observations[2], expected, atol=1e-6)
    assert rewards[2] == pytest.approx(reward)
    masks = np.stack(envs.call("action_masks"))
    assert masks.shape == (3, 8)
    assert [row.tolist().index(False) for row in masks] == [0, 2, 3]


def test_shots_and_noise_come_from_the_evaluator() -> None:
    for evaluator in (sampled(), noisy()):
        env = CircuitEnv(FIELD, evaluator, max_gates=3)
        env.reset(seed=0)
        *_, info = env.step(6)
        exact = Evaluator(FIELD).energy(env.game.candidate)
        assert info["energy"] != pytest.approx(exact, abs=1e-9)
        assert abs(info["energy"] - exact) < 0.7
        assert evaluator.candidates == 1
