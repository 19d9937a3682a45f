"""MaskablePPO as a search: what it finds, how it goes on, and that it leaves no trace."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits.errors import MissingDependencyError
from optim.problems import molecule
from optim.search.ppo import PPO
from tests.optim.search.support import FIELD
from tests.optim.search.test_base import facts

SMALL = {"max_gates": 6, "hidden": (16,), "rollout": 24, "batch_size": 12, "epochs": 2}


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    with pytest.raises(MissingDependencyError, match=r"ketwork\[search\]"):
        PPO().run(FIELD, budget=4)


class TestWithPackage:
    @pytest.fixture(autouse=True)
    def _needed(self) -> None:
        pytest.importorskip("sb3_contrib")

    def test_hydrogen_is_solved_within_the_budget(self) -> None:
        result = PPO(rollout=64).run(molecule("H2_r0.7414"), budget=3000, seed=1, until=1e-7)
        assert result.error < 7.2e-8
        assert result.candidates < 3000
        assert result.history["episodes"][-1]["gates"] <= 40

    def test_budget_ends_it_within_a_rollout(self) -> None:
        result = PPO(**SMALL).run(FIELD, budget=40, seed=1, polish=False)
        assert result.candidates == 40

    def test_resumed_search_equals_an_uninterrupted_one(self, tmp_path: Path) -> None:
        whole = PPO(**SMALL).run(FIELD, budget=96, seed=3, polish=False)
        path = tmp_path / "ppo.pt"
        PPO(**SMALL).run(FIELD, budget=48, seed=3, polish=False, checkpoint=path)
        resumed = PPO(**SMALL).run(FIELD, budget=96, seed=3, polish=False, checkpoint=path)
        one, two = facts(whole), facts(resumed)
        assert one["candidate"].structure == two["candidate"].structure
        episodes = [found["history"]["episodes"] for found in (one, two)]
        for name in ("gates", "success", "episode", "candidates"):
            assert [row[name] for row in episodes[0]] == [row[name] for row in episodes[1]]
        rewards = [[row["reward"] for row in rows] for rows in episodes]
        np.testing.assert_allclose(*rewards, atol=1e-6)

    def test_global_generators_are_left_as_they_were(self) -> None:
        np.random.seed(3)  # noqa: NPY002
        random.seed(3)
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
        PPO(**SMALL).run(FIELD, budget=30, seed=1, polish=False)
        assert random.getstate() == before[0]
        assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
        assert torch.equal(torch.get_rng_state(), before[2])
