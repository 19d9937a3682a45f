"""The three stages between reading and tensors: choose classes, split, limit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from circuits import errors

from .classes import choose_classes
from .raw import Index, Labels, RawSet, Rows
from .splits import split_off, stratified_sample

DEFAULT_VAL_FRACTION = 0.1
DEFAULT_TEST_FRACTION = 0.2

Chosen = tuple[Rows, Index, Labels]
"""Rows of a source, which of them are chosen, and the labels of the chosen ones."""


def choose(
    raw: RawSet, classes: Sequence[int | str] | None, notes: list[str]
) -> tuple[dict[str, Chosen], tuple[str, ...]]:
    """Keep the rows of the wanted classes, in each part; all without `classes`. Adds to `notes`."""
    if classes is None:
        every = {
            part: (rows, np.arange(len(rows.labels), dtype=np.int64), rows.labels)
            for part, rows in raw.parts.items()
        }
        return every, raw.class_names
    chosen: dict[str, Chosen] = {}
    class_names: tuple[str, ...] = ()
    for part, rows in raw.parts.items():
        index, labels, class_names = choose_classes(rows.labels, raw.class_names, classes)
        chosen[part] = (rows, index, labels)
    notes.append(f"classes {', '.join(class_names)} of {len(raw.class_names)}")
    return chosen, class_names


def split(
    name: str,
    chosen: dict[str, Chosen],
    val_fraction: float | None,
    test_fraction: float | None,
    generator: torch.Generator,
    notes: list[str],
) -> dict[str, Chosen]:
    """Split off the test and validation parts that the makers did not publish. Adds to `notes`."""
    parts = {("train" if part == "all" else part): rows for part, rows in chosen.items()}
    for part, base, fraction, default in (
        ("test", "samples", test_fraction, DEFAULT_TEST_FRACTION),
        ("val", "training samples", val_fraction, DEFAULT_VAL_FRACTION),
    ):
        if part in chosen:
            if fraction is not None:
                raise errors.InvalidArgumentError(
                    f"{part}_fraction: {name!r} comes with its own {part} part, so this "
                    f"argument has no effect; leave it out, or make the part smaller with limit="
                )
            notes.append(f"{part}: the makers' own part")
            continue
        share = default if fraction is None else fraction
        rows, index, labels = parts["train"]
        copies = _copies_within(rows, index)
        kept, off = split_off(labels, copies, share, f"{part}_fraction", generator)
        parts["train"] = (rows, index[kept], labels[kept])
        parts[part] = (rows, index[off], labels[off])
        notes.append(f"{part}: {share} of the {base}, stratified, split off by seed")
    return parts


def _copies_within(rows: Rows, index: Index) -> Index:
    """For each chosen row the place, among the chosen, of the first row identical to it."""
    first = rows.first_copies()[index]
    _, place, inverse = np.unique(first, return_index=True, return_inverse=True)
    return place[inverse].astype(np.int64)


def limited(
    parts: dict[str, Chosen],
    limits: dict[str, int],
    n_classes: int,
    generator: torch.Generator,
    notes: list[str],
) -> dict[str, Chosen]:
    """Draw at most so many rows of each named part, stratified. Adds to `notes`."""
    smaller = dict(parts)
    for part, size in limits.items():
        rows, index, labels = parts[part]
        if size >= len(labels):
            continue
        if size < n_classes:
            raise errors.InvalidArgumentError(
                f"limit: expected at least one sample per class ({n_classes}) in {part}, received "
                f"{size}; raise it, or keep fewer classes with classes="
            )
        kept = stratified_sample(labels, size, generator, at_least=1)
        smaller[part] = (rows, index[kept], labels[kept])
        notes.append(f"{part}: {size} of {len(labels)} samples, stratified, chosen by seed")
    return smaller
