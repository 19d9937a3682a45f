"""Stratified choice of rows by a generator: train/validation/test splits and limits."""

from __future__ import annotations

import numpy as np
import torch

from circuits import errors

from .raw import Index, Labels


def make_generator(seed: int | torch.Generator) -> torch.Generator:
    """A CPU generator: the given one, or a new one seeded with an integer.

    Args:
        seed: Integer in ``[0, 2**63)``, or a generator on the CPU (it is advanced).

    Returns:
        The generator.

    Raises:
        ArgumentTypeError: If `seed` is neither.
        InvalidArgumentError: If the integer is out of range or the generator not on the CPU.
    """
    if isinstance(seed, torch.Generator):
        if seed.device.type != "cpu":
            raise errors.InvalidArgumentError(
                f"seed: expected a torch.Generator on the CPU, received one on {seed.device}"
            )
        return seed
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise errors.ArgumentTypeError(
            f"seed: expected an int or torch.Generator, received {type(seed).__name__}"
        )
    if not 0 <= seed < 2**63:
        raise errors.InvalidArgumentError(f"seed: expected 0 <= seed < 2**63, received {seed}")
    return torch.Generator().manual_seed(int(seed))


def stratified_sample(
    labels: Labels, size: int, generator: torch.Generator, at_least: int = 0
) -> Index:
    """Choose rows at random so that every class keeps its share.

    Class c with n_c of n rows gets floor(size n_c / n) rows, and the rows that are left go to the
    classes with the largest remainders (lower label first where they tie). With `at_least` = a,
    each class first gets a rows, and the rule applies to the rest.

    Args:
        labels: Class numbers, shape ``(n,)``.
        size: How many rows, between 0 and n.
        generator: Source of randomness.
        at_least: Rows that each class gets in any case; each class must have as many, and `size`
            must suffice.

    Returns:
        Indices in ascending order, shape ``(size,)``.
    """
    classes, counts = np.unique(labels, return_counts=True)
    quotas = at_least + _quotas(counts - at_least, size - at_least * len(counts))
    chosen = [np.empty(0, dtype=np.int64)]
    for label, quota in zip(classes, quotas, strict=True):
        rows = np.nonzero(labels == label)[0]
        order = torch.randperm(len(rows), generator=generator).numpy()
        chosen.append(rows[order[:quota]])
    return np.sort(np.concatenate(chosen))


def split_off(
    labels: Labels, copies: Index, fraction: float, argument: str, generator: torch.Generator
) -> tuple[Index, Index]:
    """Split rows into two stratified parts that share no row and no identical rows.

    Rows that are copies of one another follow the first of them, so the second part may differ
    from its nominal size round(fraction n) by a few rows.

    Args:
        labels: Class numbers, shape ``(n,)``.
        copies: For each row the index of the first identical row, shape ``(n,)``.
        fraction: Share of the second part, 0 <= fraction < 1.
        argument: Name of the caller's argument, for error messages.
        generator: Source of randomness.

    Returns:
        Indices of the first and of the second part, each ascending.

    Raises:
        InvalidArgumentError: If `fraction` is out of range or a part would be empty.
    """
    if not 0.0 <= fraction < 1.0:
        raise errors.InvalidArgumentError(f"{argument}: expected 0 <= x < 1, received {fraction}")
    size = round(fraction * len(labels))
    second = np.zeros(len(labels), dtype=bool)
    second[stratified_sample(labels, size, generator)] = True
    second = second[copies]
    if fraction > 0 and (not second.any() or second.all()):
        raise errors.InvalidArgumentError(
            f"{argument}: {fraction} of {len(labels)} samples leaves one of the two parts empty; "
            "choose another fraction or more data"
        )
    return np.nonzero(~second)[0], np.nonzero(second)[0]


def _quotas(counts: Index, size: int) -> Index:
    exact = size * counts / max(counts.sum(), 1)
    quotas = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - quotas), kind="stable")
    quotas[order[: size - quotas.sum()]] += 1
    return quotas
