"""The weighted sum against its definition; structure weights learn what is good."""

from __future__ import annotations

import pytest
import torch

from circuits.errors import InvalidArgumentError
from optim.problems import molecule
from optim.search.differentiable import DifferentiableSearch, weighted_sum


def test_weighted_sum_is_what_it_says() -> None:
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    chosen = torch.tensor([[0, 1, 2], [3, 3, 3], [1, 1, 0]])
    energies = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    p = torch.softmax(weights, 1)
    shares = torch.stack(
        [torch.stack([p[s, j] for s, j in enumerate(row)]).prod() ** (1 / 3) for row in chosen]
    )
    expected = (shares * energies).sum() / shares.sum()
    torch.testing.assert_close(weighted_sum(weights, chosen, energies), expected)
    assert torch.autograd.gradcheck(
        lambda w: weighted_sum(w, chosen, energies), (weights.requires_grad_(),)
    )


def test_weights_settle_on_good_circuits() -> None:
    problem = molecule("H2_r0.70")
    result = DifferentiableSearch(16, entropy=0.0, rate=1.0).run(problem, budget=320, seed=0)
    assert result.error < 1e-6
    batches = result.history["batches"]
    assert len(batches) == 320 // 16
    assert batches[-1]["entropy"] < 0.5 * batches[0]["entropy"]


@pytest.mark.parametrize(
    "options", [{"slots": 0}, {"batch": 1}, {"rate": 0.0}, {"entropy": -0.1}, {"axes": "cx"}]
)
def test_settings_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError):
        DifferentiableSearch(**options).run(molecule("H2_r0.70"), budget=1)  # type: ignore[arg-type]
