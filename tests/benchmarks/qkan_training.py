"""Two trainings of the authors of QKAN: a function by layer extension, MNIST behind a small CNN.

The function is exp(sin(pi x) + y^2) on [-1, 1]^2, 1000 points to train and 1000 to test, a network
[2, 5, 1] that grows from 1 to 5, 10, 15, 20 repetitions; float64. Published: 1.24e-7 (mean square
error on the test points, 100 steps of L-BFGS of 20 iterations at each size). The target is the
same; we take L-BFGS with a line search.

The CNN has 3, 6, 10 channels; behind it are a QKAN [10, 10], 1884 parameters in all, or an MLP
10-20-20-10, 1934 parameters. Published: 95.85 % and 95.57 % (batches of 1000, 20 epochs).

Usage: `python -m tests.benchmarks.qkan_training function [--seed N] [--steps N] [--out FILE]`,
`... mnist --data-dir DIR [--head qkan|mlp] [--epochs N] [--batch N] [--limit N] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from qml import QKAN, data


def target(x: Tensor) -> Tensor:
    """exp(sin(pi x_0) + x_1^2), as a column."""
    return (torch.sin(math.pi * x[:, :1]) + x[:, 1:] ** 2).exp()


def learn_function(seed: int, steps: int, sizes: tuple[int, ...] = (5, 10, 15, 20)) -> list[Any]:
    """Losses after every growth."""
    generator = torch.Generator().manual_seed(seed)
    points = 2 * torch.rand(2000, 2, generator=generator, dtype=torch.float64) - 1
    train, test = points[:1000], points[1000:]
    model = QKAN(
        [2, 5, 1],
        reps=1,
        preact_trainable=True,
        postact_weight_trainable=True,
        postact_bias_trainable=True,
        ba_trainable=True,
        generator=seed,
        dtype=torch.float64,
    )
    started, rows = time.perf_counter(), []
    adam = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(100):
        adam.zero_grad()
        (model(train) - target(train)).square().mean().backward()
        adam.step()
    for reps in (1, *sizes):
        evaluations = 100 if reps == 1 else 0
        if reps > 1:
            model = model.extended(reps)
            evaluations = _descend(model, train, steps)
        with torch.no_grad():
            losses = [float((model(x) - target(x)).square().mean()) for x in (train, test)]
        rows.append(
            {
                "reps": reps,
                "train": losses[0],
                "test": losses[1],
                "parameters": model.n_parameters,
                "evaluations": evaluations,
                "seconds": time.perf_counter() - started,
            }
        )
        print(
            f"r = {reps:2d}: train {losses[0]:.2e}, test {losses[1]:.2e}, "
            f"{model.n_parameters} parameters, {rows[-1]['seconds']:.0f} s",
            flush=True,
        )
    return rows


def _descend(model: QKAN, x: Tensor, steps: int) -> int:
    """Up to 20 `steps` iterations of L-BFGS; returns the number of evaluations."""
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=20,
        history_size=50,
        tolerance_grad=1e-13,
        tolerance_change=1e-16,
        line_search_fn="strong_wolfe",
    )
    evaluations = 0

    def closure() -> Tensor:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        loss = (model(x) - target(x)).square().mean()
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return evaluations


def image_network(head: str, seed: int) -> nn.Sequential:
    """The CNN with one of the heads: images `(batch, 1, 28, 28)` to 10 logits."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for n_in, n_out, kernel in ((1, 3, 5), (3, 6, 5), (6, 10, 3)):
        layers += [nn.Conv2d(n_in, n_out, kernel), nn.ReLU(), nn.MaxPool2d(2)]
    if head == "qkan":
        return nn.Sequential(*layers, nn.Flatten(), QKAN([10, 10], generator=seed))
    mlp = [nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 10)]
    return nn.Sequential(*layers, nn.Flatten(), *mlp)


def learn_digits(given: argparse.Namespace) -> list[Any]:
    """Test accuracy after every epoch."""
    digits = data.load("mnist", data_dir=given.data_dir, limit=given.limit, seed=0)
    parts = [(digits.x_train, digits.y_train), (digits.x_test, digits.y_test)]
    (x, y), (x_test, y_test) = [
        ((images.reshape(-1, 1, 28, 28).float() - 0.5) / 0.5, labels.long())
        for images, labels in parts
    ]
    model = image_network(given.head, given.seed)
    numbers = sum(p.numel() for p in model.parameters())
    optimizer = torch.optim.Adam(model.parameters(), given.lr)
    total = given.epochs * -(-len(x) // given.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    generator = torch.Generator().manual_seed(given.seed)
    started, rows = time.perf_counter(), []
    for epoch in range(given.epochs):
        for chosen in torch.randperm(len(x), generator=generator).split(given.batch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            best = torch.cat([model(part) for part in x_test.split(1000)]).topk(3).indices
        right = best == y_test[:, None]
        row = {
            "epoch": epoch + 1,
            "accuracy": float(right[:, 0].double().mean()),
            "top3": float(right.any(1).double().mean()),
            "parameters": numbers,
            "train_samples": len(x),
            "seconds": time.perf_counter() - started,
        }
        rows.append(row)
        print(
            f"{given.head}, {numbers} parameters, epoch {epoch + 1}: {row['accuracy']:.2%}, "
            f"among three {row['top3']:.2%}, {row['seconds']:.0f} s",
            flush=True,
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("task", choices=["function", "mnist"], nargs="?", default="function")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--data-dir")
    parser.add_argument("--head", choices=["qkan", "mlp"], default="qkan")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.task == "function":
        rows = learn_function(given.seed, given.steps)
    else:
        rows = learn_digits(given)
    if given.out:
        given.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
