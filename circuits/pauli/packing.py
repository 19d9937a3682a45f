"""Bit masks of many Pauli strings as packed words, and vectorised commutation tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
CommutationKind = Literal["qubit-wise", "general"]


def pack(masks: Sequence[int], n_bits: int) -> Words:
    """Masks as little-endian 64-bit words.

    Args:
        masks: T non-negative integers below 2**n_bits.
        n_bits: Number of bits to keep.

    Returns:
        Array (T, W) with W = max(1, ceil(n_bits / 64)); bit b of word k is bit 64 k + b.
    """
    n_words = max(1, -(-n_bits // 64))
    data = b"".join(mask.to_bytes(8 * n_words, "little") for mask in masks)
    words = np.frombuffer(data, dtype="<u8").reshape(len(masks), n_words)
    return words.astype(np.uint64)


def conflicts(
    x_rows: Words, z_rows: Words, x_all: Words, z_all: Words, kind: CommutationKind
) -> NDArray[np.bool_]:
    """Which strings may not be measured together.

    Args:
        x_rows: X masks of R strings, (R, W); `z_rows` likewise.
        z_rows: Z masks of the same strings.
        x_all: X masks of T strings, (T, W); `z_all` likewise.
        z_all: Z masks of the same strings.
        kind: `"general"` tests commutation of the strings, `"qubit-wise"` of every letter.

    Returns:
        Array (R, T), true where the pair does not commute in the sense of `kind`.
    """
    x1, z1 = x_rows[:, None, :], z_rows[:, None, :]
    x2, z2 = x_all[None, :, :], z_all[None, :, :]
    if kind == "qubit-wise":
        differs = (x1 ^ x2) | (z1 ^ z2)
        clash: NDArray[np.bool_] = np.any(differs & (x1 | z1) & (x2 | z2), axis=-1)
        return clash
    odd = np.bitwise_xor.reduce((x1 & z2) ^ (z1 & x2), axis=-1)
    anticommute: NDArray[np.bool_] = (np.bitwise_count(odd) & 1).astype(np.bool_)
    return anticommute
