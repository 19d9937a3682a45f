"""`Outcomes`: distinct measured bitstrings with their counts, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from circuits.errors import ArgumentTypeError, InvalidArgumentError, ShapeError

Floats = NDArray[np.float64]
Bits = NDArray[np.uint8]


@final
@dataclass(frozen=True, eq=False)
class Outcomes:
    """Distinct bitstrings and how often each was seen.

    Attributes:
        bits: `(m, k)` of 0 and 1, rows distinct; column j is the j-th measured qubit.
        counts: `(m,)`, non-negative, with a positive sum.
    """

    bits: Bits
    counts: Floats

    @property
    def n_bits(self) -> int:
        """Number of measured bits."""
        return int(self.bits.shape[1])

    @property
    def shots(self) -> float:
        """Sum of the counts."""
        return float(self.counts.sum())

    @property
    def frequencies(self) -> Floats:
        """Counts over shots `(m,)`."""
        return self.counts / self.counts.sum()

    @classmethod
    def of(cls, source: Any, argument: str = "counts") -> Outcomes:
        """Outcomes of counts (a mapping) or of samples (an array).

        Args:
            source: Bitstring to count, column 0 rightmost, as `circuits.counts` gives; or 0 and 1
                as `(shots, k)`.
            argument: Name used in error messages.

        Raises:
            ArgumentTypeError: If it is neither.
            ShapeError: If bitstrings differ in length or the array has not two axes.
            InvalidArgumentError: If there is nothing (zero shots), or a count or bit is invalid.
        """
        if isinstance(source, Outcomes):
            return source
        if isinstance(source, Mapping):
            return cls._of_counts(source, argument)
        if not isinstance(source, Tensor | np.ndarray):
            raise ArgumentTypeError(
                f"Argument `{argument}` must be counts such as {{'01': 12}} or an array of samples "
                f"(shots, k), got {type(source).__name__}."
            )
        samples = np.asarray(source.cpu() if isinstance(source, Tensor) else source)
        if samples.ndim != 2 or samples.shape[1] == 0:
            raise ShapeError(
                f"Argument `{argument}` must have shape (shots, k), got {samples.shape}; index the "
                "batch first."
            )
        if not len(samples) or not np.isin(samples, (0, 1)).all():
            what = "no shot" if not len(samples) else "values other than 0 and 1"
            raise InvalidArgumentError(
                f"Argument `{argument}` must hold measured bits, got {what}."
            )
        return cls._merged(samples.astype(np.uint8), np.ones(len(samples)))

    @classmethod
    def _of_counts(cls, counts: Mapping[str, float], argument: str) -> Outcomes:
        lengths = {len(label) for label in counts}
        if len(lengths) > 1 or 0 in lengths:
            raise ShapeError(
                f"Bitstrings of `{argument}` must have one positive length, got lengths "
                f"{sorted(lengths)}."
            )
        numbers = np.array([float(number) for number in counts.values()])
        if not np.isfinite(numbers).all() or (numbers < 0).any() or numbers.sum() <= 0:
            raise InvalidArgumentError(
                f"Argument `{argument}` must hold non-negative numbers with a positive sum (at "
                f"least one shot), got {dict(list(counts.items())[:4])}."
            )
        text = "".join(label[::-1] for label in counts)
        if set(text) - {"0", "1"}:
            raise InvalidArgumentError(
                f"Bitstrings of `{argument}` must be made of 0 and 1, got {next(iter(counts))!r}. "
                "Join classical registers without spaces."
            )
        flat = np.frombuffer(text.encode(), dtype=np.uint8) - ord("0")
        seen = numbers > 0
        return cls._merged(flat.reshape(len(counts), -1)[seen], numbers[seen])

    @classmethod
    def _merged(cls, bits: Bits, weights: Floats) -> Outcomes:
        distinct, source = _unique_rows(bits)
        summed = np.bincount(source, weights, minlength=len(distinct))
        return cls(distinct, summed.astype(np.float64))

    def joined(self, bits: Bits, weights: Floats, own: Floats) -> tuple[Bits, Floats]:
        """Weights `own` on these bitstrings and `weights` on others, added up per bitstring."""
        merged = self._merged(np.concatenate([self.bits, bits]), np.concatenate([own, weights]))
        return merged.bits, merged.counts

    def dense(self) -> Floats:
        """Frequencies of all bitstrings `(2**k,)`, bit j of the index the j-th column."""
        index = self.bits.astype(np.int64) @ (1 << np.arange(self.n_bits, dtype=np.int64))
        found = np.bincount(index, self.frequencies, minlength=2**self.n_bits)
        return found.astype(np.float64)

    def labels(self) -> list[str]:
        """Bitstrings, column 0 rightmost."""
        return labels(self.bits)


def all_bits(n_bits: int) -> Bits:
    """All bitstrings `(2**k, k)` in the order of their index."""
    index = np.arange(2**n_bits)[:, None]
    return (index >> np.arange(n_bits) & 1).astype(np.uint8)


def labels(bits: Bits) -> list[str]:
    """Rows `(m, k)` of 0 and 1 as strings, column 0 rightmost."""
    text = np.ascontiguousarray(bits[:, ::-1] + np.uint8(ord("0")))
    return [row.tobytes().decode() for row in text]


def as_mapping(bits: Bits, values: Floats) -> dict[str, float]:
    """Bitstring to value, largest first."""
    order = np.argsort(-values, kind="stable")
    return dict(zip(labels(bits[order]), values[order].tolist(), strict=True))


def to_samples(bits: Bits, probabilities: Floats, shots: int) -> Bits:
    """`shots` rows of `bits` in numbers nearest to `shots * probabilities` (largest remainders).

    No further randomness enters, so frequencies differ from the probabilities by less than
    1 / shots.

    Args:
        bits: `(m, k)`.
        probabilities: `(m,)`, non-negative, with sum 1.
        shots: Number of rows wanted.

    Returns:
        `(shots, k)`, equal rows together.
    """
    exact = probabilities / probabilities.sum() * shots
    numbers = np.floor(exact + 1e-9).astype(np.int64)
    missing = shots - int(numbers.sum())
    numbers[np.argsort(numbers - exact, kind="stable")[:missing]] += 1
    return np.repeat(bits, numbers, axis=0)


def _unique_rows(bits: Bits) -> tuple[Bits, NDArray[np.intp]]:
    packed = np.packbits(bits, axis=1, bitorder="little")
    padded = np.zeros((len(bits), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    words = padded.view("<u8")
    keys = words[:, 0] if words.shape[1] == 1 else words
    _, first, source = np.unique(
        keys, axis=None if keys.ndim == 1 else 0, return_index=True, return_inverse=True
    )
    return bits[first], source.ravel()
