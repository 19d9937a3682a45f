"""Many Pauli strings as bit masks in 64-bit words, with a code per string to find equal ones.

The code of a string is the exclusive or of one random 64-bit number per bit that is set, so that
code(P Q) = code(P) ^ code(Q) (Zobrist hashing). Strings are compared by their codes first; equal
codes are then compared word by word, and a collision leads to other random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuits.pauli.packing import Words, pack

Index = NDArray[np.int64]

_WORD = 64


@final
class Strings:
    """T distinct Pauli strings.

    Attributes:
        words: uint64 `(2 W, T)`: the X masks in the first W rows, the Z masks in the others; bit b
            of row k is qubit 64 k + b.
        codes: uint64 `(T,)`.
        seed: Which random numbers the codes are made from.
    """

    __slots__ = ("codes", "seed", "words")

    def __init__(self, words: Words, seed: int = 0) -> None:
        self.words = words
        self.seed = seed
        self.codes = codes_of(words, seed)

    @classmethod
    def from_masks(cls, x_masks: Sequence[int], z_masks: Sequence[int], n_qubits: int) -> Strings:
        """Strings from Python integers whose bit q is qubit q."""
        parts = [pack(x_masks, n_qubits).T, pack(z_masks, n_qubits).T]
        return cls(np.ascontiguousarray(np.concatenate(parts)))

    def __len__(self) -> int:
        return self.words.shape[1]

    @property
    def half(self) -> int:
        """Number W of words of one mask."""
        return len(self.words) // 2

    def rehash(self) -> None:
        """Make the codes from other random numbers."""
        self.seed += 1
        self.codes = codes_of(self.words, self.seed)

    def weights(self, index: Index | slice = slice(None)) -> NDArray[np.int64]:
        """Number of qubits that each string acts on."""
        chosen = self.words[:, index]
        support = chosen[: self.half] | chosen[self.half :]
        return np.bitwise_count(support).sum(0, dtype=np.int64)

    def diagonal(self) -> NDArray[np.bool_]:
        """Which strings consist of I and Z."""
        flips: NDArray[np.bool_] = np.bitwise_or.reduce(self.words[: self.half], axis=0) != 0
        return ~flips

    def local(self, qubits: Sequence[int]) -> Index:
        """The letters on `qubits` as base-4 numbers (I, X, Y, Z) = (0, 1, 2, 3), `(T,)`."""
        index = np.zeros(len(self), dtype=np.int64)
        for position, q in enumerate(qubits):
            word, bit = q // _WORD, np.uint64(q % _WORD)
            x = (self.words[word] >> bit & np.uint64(1)).astype(np.int64)
            z = (self.words[self.half + word] >> bit & np.uint64(1)).astype(np.int64)
            index |= (x ^ 3 * z) << 2 * position
        return index

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Forget all strings but the marked ones."""
        self.words, self.codes = self.words[:, mask], self.codes[mask]

    def append(self, words: Words, codes: Words) -> None:
        """Add strings that are not yet there."""
        self.words = np.concatenate([self.words, words], axis=1)
        self.codes = np.concatenate([self.codes, codes])

    def exchange(self, index: Index, difference: Words) -> None:
        """Replace the chosen strings P by P D, up to phases, for `difference (2 W, chosen)`."""
        touched = np.flatnonzero(np.bitwise_or.reduce(difference, axis=1))
        for row in touched:
            self.words[row, index] ^= difference[row]
        self.codes[index] ^= codes_of(difference, self.seed)


def random_numbers(seed: int, n_rows: int) -> Words:
    """The numbers `(n_rows, 64)` that codes are made from."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2**64, size=(n_rows, _WORD), dtype=np.uint64)


def codes_of(words: Words, seed: int) -> Words:
    """Codes `(T,)` of strings given as `(2 W, T)`."""
    table = random_numbers(seed, len(words))
    codes = np.zeros(words.shape[1], dtype=np.uint64)
    used = np.bitwise_or.reduce(words, axis=1) if words.shape[1] else np.zeros(0, np.uint64)
    for row, bits in enumerate(used):
        for bit in range(_WORD):
            if int(bits) >> bit & 1:
                one = words[row] >> np.uint64(bit) & np.uint64(1)
                codes ^= one * table[row, bit]
    return codes


def local_words(qubits: Sequence[int], half: int) -> Words:
    """The words `(2 W, 4**k)` of all strings on `qubits`, in the order of the base-4 number."""
    index = np.arange(4 ** len(qubits))
    words = np.zeros((2 * half, len(index)), dtype=np.uint64)
    for position, q in enumerate(qubits):
        letter = index >> 2 * position & 3
        z, bit = letter >> 1, np.uint64(q % _WORD)
        x = (letter ^ z) & 1
        words[q // _WORD] |= x.astype(np.uint64) << bit
        words[half + q // _WORD] |= z.astype(np.uint64) << bit
    return words


def anticommute(words: Words, other: Words) -> NDArray[np.bool_]:
    """Which strings `(2 W, T)` anticommute with one string `(2 W,)`."""
    half = len(words) // 2
    odd = np.zeros(words.shape[1], dtype=np.uint64)
    for row in range(half):
        if other[half + row]:
            odd ^= words[row] & other[half + row]
        if other[row]:
            odd ^= words[half + row] & other[row]
    return (np.bitwise_count(odd) & 1).astype(np.bool_)


def rotated_signs(words: Words, generator: Words) -> NDArray[np.int64]:
    """The sign s of i G P = s Q for strings P `(2 W, T)` that anticommute with G `(2 W,)`."""
    half = len(words) // 2
    x, z = words[:half], words[half:]
    gx, gz = generator[:half, None], generator[half:, None]
    quarter = _ones(x & z) - _ones((x ^ gx) & (z ^ gz)) + 2 * _ones(gz & x) + _ones(gx & gz)
    return np.where(quarter % 4 == 1, -1, 1)


def _ones(words: Words) -> NDArray[np.int64]:
    return np.bitwise_count(words).sum(0, dtype=np.int64)
