"""QKAN learns exp(sin(pi x) + y^2): by layer extension, at full size at once, and an MLP."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from qml.models import QKAN
from qml.reproduce.record import Entry, Job, Outcome, Published, Row, Scale, Table
from qml.reproduce.stages import Stage, in_stages
from qml.reproduce.texts import counted
from qml.training.randomness import seeded

SOURCE = "Jiang et al., arXiv:2509.14026, notebook of the authors (Jim137/qkan)"
SIZES = (5, 10, 15, 20)
"""Repetitions after each extension."""
STEPS: dict[Scale, int] = {"smoke": 1, "small": 100, "paper": 100}
"""Steps of L-BFGS at each size, of up to 20 iterations each."""


def target(x: Tensor) -> Tensor:
    """exp(sin(pi x_0) + x_1^2), as a column."""
    return (torch.sin(math.pi * x[:, :1]) + x[:, 1:] ** 2).exp()


def points(seed: int) -> tuple[Tensor, Tensor]:
    """1000 points of [-1, 1]^2 to train on and 1000 to test on, float64."""
    generator = torch.Generator().manual_seed(seed)
    drawn = 2 * torch.rand(2000, 2, generator=generator, dtype=torch.float64) - 1
    return drawn[:1000], drawn[1000:]


def network(reps: int, seed: int) -> QKAN:
    """The network [2, 5, 1]."""
    return QKAN(
        [2, 5, 1],
        reps=reps,
        preact_trainable=True,
        postact_weight_trainable=True,
        postact_bias_trainable=True,
        ba_trainable=True,
        generator=seed,
        dtype=torch.float64,
    )


def descend(model: nn.Module, x: Tensor, y: Tensor, steps: int) -> None:
    """Up to 20 `steps` iterations of L-BFGS with a line search on the mean squared error."""
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=20,
        history_size=50,
        tolerance_grad=1e-13,
        tolerance_change=1e-16,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss: Tensor = (model(x) - y).square().mean()
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)


def warm_up(model: nn.Module, x: Tensor, y: Tensor) -> None:
    """100 steps of Adam, which L-BFGS starts well from."""
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(100):
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()


def _grown(reps: int) -> Callable[[nn.Module], nn.Module]:
    def grow(model: nn.Module) -> nn.Module:
        assert isinstance(model, QKAN)
        return model.extended(reps)

    return grow


def _trainer(
    start: Callable[[int], nn.Module], sizes: Mapping[Scale, Sequence[int | None]], text: str
) -> Callable[[Job], Outcome]:
    """The `train` of an entry.

    Args:
        start: Function of the seed to the model to begin with.
        sizes: Repetitions that it grows to before each round of L-BFGS; None keeps it.
        text: How it is trained.
    """

    def train(job: Job) -> Outcome:
        x, x_test = (part.to(job.device or "cpu") for part in points(job.seed))
        y, y_test, steps = target(x), target(x_test), STEPS[job.scale]

        def test(model: nn.Module) -> float:
            with torch.no_grad():
                return float((model(x_test) - y_test).square().mean())

        def rounds(model: nn.Module) -> None:
            descend(model, x, y, steps)

        stages = [Stage("Adam", lambda model: warm_up(model, x, y))]
        for reps in sizes[job.scale]:
            grow = None if reps is None else _grown(reps)
            stages.append(Stage("L-BFGS" if reps is None else f"r = {reps}", rounds, grow))
        more = f"{counted(steps, 'step')} of L-BFGS in each stage"
        how = f"{text}; 100 steps of Adam, then {more}"
        facts = {"training": how, "stages": "stage of the training"}
        return in_stages(start(job.seed).to(x.device), stages, test, job, facts)

    return train


def _mlp(seed: int) -> nn.Module:
    with seeded(seed):
        layers: list[nn.Module] = [nn.Linear(2, 33), nn.Tanh(), nn.Linear(33, 33), nn.Tanh()]
        return nn.Sequential(*layers, nn.Linear(33, 1)).double()


ONCE: dict[Scale, Sequence[int | None]] = {
    "smoke": (None,),
    "small": (None,) * 5,
    "paper": (None,) * 5,
}
GROWING: dict[Scale, Sequence[int | None]] = {"smoke": (2,), "small": SIZES, "paper": SIZES}
MLP = Entry(
    "mlp",
    "MLP 2-33-33-1, tanh",
    _trainer(_mlp, ONCE, "at its full size"),
)

TABLE = Table(
    name="qkan-function",
    title="QKAN [2, 5, 1] learns exp(sin(pi x) + y^2)",
    reference=SOURCE,
    metric="loss",
    rows=(
        Row(
            "extension",
            ours=Entry(
                "extension",
                "layer extension 1, 5, 10, 15, 20",
                _trainer(lambda seed: network(1, seed), GROWING, "growing"),
                Published(1.24e-7, SOURCE),
            ),
            twin=MLP,
        ),
        Row(
            "direct",
            ours=Entry(
                "direct",
                "r = 20 from the start",
                _trainer(lambda seed: network(20, seed), ONCE, "at its full size"),
                Published(7.66e-7, SOURCE),
            ),
            twin=MLP,
        ),
    ),
    scales={
        "smoke": "1 step of L-BFGS in one stage",
        "small": "100 steps of L-BFGS (20 iterations each) in each stage, 1000 training points",
        "paper": "the same: it is small enough",
    },
    notes=("float64; L-BFGS with a line search, which the authors' notebook does not use.",),
)
