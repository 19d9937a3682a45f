"""Properties of the stratified choice, for any class sizes."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from qml.data.splits import split_off, stratified_sample

counts = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(counts, st.floats(0, 1), st.integers(0, 2**32), st.booleans())
def test_sample_has_the_size_and_every_class_its_share(sizes, share, seed, one_each):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    size = round(share * len(labels))
    at_least = int(one_each and size >= len(sizes))
    chosen = stratified_sample(labels, size, torch.Generator().manual_seed(seed), at_least)
    assert len(chosen) == len(set(chosen.tolist())) == size
    assert (np.diff(chosen) > 0).all()
    taken = np.bincount(labels[chosen], minlength=len(sizes))
    assert (taken >= at_least).all()
    if not at_least:
        assert (np.abs(taken - size * np.array(sizes) / len(labels)) < 1).all()


@given(counts, st.floats(0.05, 0.95), st.integers(0, 2**32), st.integers(1, 30))
def test_split_is_a_partition_that_keeps_copies_together(sizes, fraction, seed, n_different):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    content = np.random.default_rng(seed).integers(0, n_different, len(labels))
    copies = np.array([int(np.argmax(content == value)) for value in content])
    generator = torch.Generator().manual_seed(seed)
    try:
        first, second = split_off(labels, copies, fraction, "fraction", generator)
    except ValueError:
        return
    assert sorted([*first.tolist(), *second.tolist()]) == list(range(len(labels)))
    assert not set(content[first].tolist()) & set(content[second].tolist())


def test_every_row_is_equally_likely():
    # 2000 draws of 4 of 20 rows: each row is expected 400 times with deviation 17.9; five
    # deviations for 20 rows give a false alarm once in 90000 runs, and the seed is fixed.
    labels = np.repeat([0, 1], 10)
    generator = torch.Generator().manual_seed(0)
    hits = np.zeros(20)
    for _ in range(2000):
        hits[stratified_sample(labels, 4, generator)] += 1
    assert (np.abs(hits - 400) < 5 * np.sqrt(2000 * 0.2 * 0.8)).all()
