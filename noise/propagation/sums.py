"""`SparseSum`: a sum of Pauli strings that steps are applied to in place.

Strings are kept by numpy without any graph; coefficients are a torch tensor `(terms, points)`
whose graph is kept, so that one set of strings serves a whole batch of points and gradients come
by backpropagation.
"""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from circuits.errors import ResourceLimitError
from circuits.pauli.packing import Words
from circuits.simulators.memory import physical_memory
from noise.propagation.maps import Local, Rotation, Step
from noise.propagation.strings import (
    Index,
    Strings,
    anticommute,
    codes_of,
    local_words,
    rotated_signs,
)
from noise.propagation.truncation import Loss, Truncation

_COPIES = 6  # how often the sum is in memory while a step is applied
_SWEEP = 16  # terms are searched for small ones when a 16th of them may be small


@final
class SparseSum:
    """sum_t c_t P_t at a number of points.

    Args:
        strings: T distinct strings.
        coefficients: `(T, points)`.
        truncation: What to drop.
    """

    def __init__(self, strings: Strings, coefficients: Tensor, truncation: Truncation) -> None:
        self.strings = strings
        self.coefficients = coefficients
        self.truncation = truncation
        self.loss = Loss(coefficients.shape[1], coefficients)
        self.largest = len(strings)

    def apply(self, step: Step) -> None:
        """Replace the sum O by E^dagger(O)."""
        if isinstance(step, Rotation):
            self._rotate(step)
        else:
            self._map(step)
        self.largest = max(self.largest, len(self.strings))

    def zero_state_value(self) -> Tensor:
        """<0...0|O|0...0>, `(points,)`."""
        return self.coefficients[_torch(self.strings.diagonal().nonzero()[0])].sum(0)

    def truncate(self) -> None:
        """Drop what the truncation says from all terms."""
        self._drop(self._too_heavy(slice(None)) | self._too_small(self.coefficients))
        limit = self.truncation.max_terms
        if limit is not None and len(self.strings) > limit:
            size = self.coefficients.detach().abs().amax(1)
            order = torch.argsort(size, descending=True, stable=True)
            excess = np.zeros(len(self.strings), dtype=np.bool_)
            excess[order[limit:].numpy()] = True
            self._drop(excess)

    # === rotations ===

    def _rotate(self, step: Rotation) -> None:
        chosen = anticommute(self.strings.words, step.generator).nonzero()[0]
        if not len(chosen):
            return
        turn = step.turn
        if turn.stays:
            self._scale(chosen, turn.cos[None])
            return
        words = self.strings.words[:, chosen]
        signs = self._like(rotated_signs(words, step.generator))[:, None]
        if turn.leaves:
            self._scale(chosen, turn.sin * signs)
            self.strings.exchange(chosen, np.repeat(step.generator[:, None], len(chosen), 1))
            self._check_weights(chosen)
            return
        partners = self._partners(chosen, step.generator)
        old = self.coefficients[_torch(chosen)]
        moved = turn.sin * signs * old  # what becomes of P as coefficient of its partner
        paired = (partners >= 0).nonzero()[0]
        alone = (partners < 0).nonzero()[0]
        # c'_P = cos c_P + sin s(Q) c_Q with the partner Q of P
        kept = (turn.cos * old).index_add(0, _torch(partners[paired]), moved[_torch(paired)])
        self._put(chosen, kept)
        fresh = moved[_torch(alone)]
        fresh_words = words[:, alone] ^ step.generator[:, None]
        wrong = self._too_small(fresh) | _heavy(fresh_words, self.truncation.max_weight)
        self.loss.add(fresh[_torch(wrong.nonzero()[0])])
        good = (~wrong).nonzero()[0]
        shift = codes_of(step.generator[:, None], self.strings.seed)
        codes = self.strings.codes[chosen][alone[good]] ^ shift
        self._append(fresh_words[:, good], codes, fresh[_torch(good)])
        if int(self._too_small(kept).sum()) * _SWEEP > len(self.strings) or self._too_many():
            self.truncate()

    def _partners(self, chosen: Index, generator: Words) -> Index:
        """For each chosen P the position among the chosen of the string G P, or -1."""
        while True:
            codes = self.strings.codes[chosen]
            shifted = codes ^ codes_of(generator[:, None], self.strings.seed)
            pairs = np.minimum(codes, shifted)
            order = np.argsort(pairs, kind="stable")
            ranked = pairs[order]
            where = (ranked[1:] == ranked[:-1]).nonzero()[0]
            left, right = order[where], order[where + 1]
            words = self.strings.words
            product = words[:, chosen[left]] ^ words[:, chosen[right]]
            if bool((product == generator[:, None]).all()):
                partners = np.full(len(chosen), -1, dtype=np.int64)
                partners[left], partners[right] = right, left
                return partners
            self.strings.rehash()

    # === any other op ===

    def _map(self, step: Local) -> None:
        local = self.strings.local(step.qubits)
        active = local.nonzero()[0]
        if not len(active):
            return
        rows, idle = local[active], (local == 0).nonzero()[0]
        alone = step.map.alone[rows]
        self._exchange(step, active[alone], rows[alone])
        if not alone.all():
            self._split(step, active[~alone], rows[~alone], idle)
        elif self._too_many():
            self.truncate()

    def _exchange(self, step: Local, chosen: Index, rows: Index) -> None:
        if not len(chosen):
            return
        columns = step.map.target[rows]
        self._scale(chosen, self._entries(step, rows, columns))
        if bool((rows != columns).any()):
            self.strings.exchange(chosen, _differences(step, self.strings.half, rows, columns))
            self._check_weights(chosen)

    def _split(self, step: Local, chosen: Index, rows: Index, idle: Index) -> None:
        """Replace the chosen strings by all that their rows lead to.

        Where a row leads to the identity, the result may equal one of the `idle` strings, which
        are the identity on the step's qubits.
        """
        counts = step.map.pattern.sum(1)
        columns_of, starts = step.map.pattern.nonzero()[1], np.cumsum(counts) - counts
        repeats = counts[rows]
        source = np.repeat(np.arange(len(chosen)), repeats)
        rank = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        columns = columns_of[starts[rows[source]] + rank]
        if step.map.pattern[1:, 0].any():
            chosen, rows = np.concatenate([chosen, idle]), np.concatenate([rows, 0 * idle])
            source = np.concatenate([source, np.arange(len(chosen) - len(idle), len(chosen))])
            columns = np.concatenate([columns, 0 * idle])
        parents = chosen[source]
        difference = _differences(step, self.strings.half, rows[source], columns)
        words = self.strings.words[:, parents] ^ difference
        parts = self._entries(step, rows[source], columns) * self.coefficients[_torch(parents)]
        codes, first, inverse = self._unique(words, parents, difference)
        merged = parts.new_zeros(len(first), self.coefficients.shape[1])
        merged = merged.index_add(0, _torch(inverse), parts)
        kept = np.ones(len(self.strings), dtype=np.bool_)
        kept[chosen] = False
        self._keep(kept)
        self._append(words[:, first], codes, merged)
        self.truncate()

    def _unique(
        self, words: Words, parents: Index, difference: Words
    ) -> tuple[Words, Index, Index]:
        """Codes and first positions of the distinct strings, and for each string which it is."""
        while True:
            codes = self.strings.codes[parents] ^ codes_of(difference, self.strings.seed)
            distinct, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
            if np.array_equal(words[:, first[inverse]], words):
                return distinct, first, inverse
            self.strings.rehash()

    def _entries(self, step: Local, rows: Index, columns: Index) -> Tensor:
        """R[row, column] as `(entries, 1 or points)`."""
        matrix = step.map.matrix
        flat = matrix.reshape(len(matrix), -1).T
        return flat[_torch(rows * matrix.shape[-1] + columns)]

    # === terms ===

    def _like(self, numbers: NDArray[np.int64]) -> Tensor:
        return torch.as_tensor(numbers).to(self.coefficients)

    def _scale(self, chosen: Index, factors: Tensor) -> None:
        """Multiply the chosen coefficients by `(1 or chosen, 1 or points)`."""
        if not factors.requires_grad and bool((factors == 1).all()):
            return
        self._put(chosen, self.coefficients[_torch(chosen)] * factors)

    def _put(self, chosen: Index, values: Tensor) -> None:
        if values.requires_grad or self.coefficients.requires_grad:
            self.coefficients = self.coefficients.index_copy(0, _torch(chosen), values)
        else:
            self.coefficients[_torch(chosen)] = values

    def _append(self, words: Words, codes: Words, coefficients: Tensor) -> None:
        if not len(codes):
            return
        terms = len(self.strings) + len(codes)
        each = 8 * len(words) + coefficients.element_size() * coefficients.shape[1]
        if terms * each * _COPIES > physical_memory():
            raise ResourceLimitError(
                f"The propagated observable has {terms} Pauli strings at "
                f"{coefficients.shape[1]} point(s), more than fit in memory. Truncate it "
                "(`max_weight`, `min_abs`, `max_terms`), or run fewer points at once."
            )
        self.strings.append(words, codes)
        self.coefficients = torch.cat([self.coefficients, coefficients])

    def _keep(self, mask: NDArray[np.bool_]) -> None:
        self.strings.keep(mask)
        self.coefficients = self.coefficients[_torch(mask.nonzero()[0])]

    def _drop(self, mask: NDArray[np.bool_]) -> None:
        if bool(mask.any()):
            self.loss.add(self.coefficients[_torch(mask.nonzero()[0])])
            self._keep(~mask)

    def _too_small(self, coefficients: Tensor) -> NDArray[np.bool_]:
        """Which terms `(T, points)` are small at all points; zeros that have a gradient count."""
        limit = self.truncation.min_abs
        if coefficients.requires_grad and limit == 0:
            return np.zeros(len(coefficients), dtype=np.bool_)
        small: NDArray[np.bool_] = (coefficients.detach().abs() <= limit).all(1).numpy()
        return small

    def _too_heavy(self, chosen: Index | slice) -> NDArray[np.bool_]:
        return _heavy(self.strings.words[:, chosen], self.truncation.max_weight)

    def _check_weights(self, chosen: Index) -> None:
        """Drop those of the chosen strings that have become too heavy."""
        if self.truncation.max_weight is not None:
            heavy = np.zeros(len(self.strings), dtype=np.bool_)
            heavy[chosen] = self._too_heavy(chosen)
            self._drop(heavy)

    def _too_many(self) -> bool:
        limit = self.truncation.max_terms
        return limit is not None and len(self.strings) > limit


def _differences(step: Local, half: int, rows: Index, columns: Index) -> Words:
    """The words of the products of local strings number `rows` and `columns`."""
    table = local_words(step.qubits, half)
    return table[:, rows] ^ table[:, columns]


def _heavy(words: Words, max_weight: int | None) -> NDArray[np.bool_]:
    if max_weight is None:
        return np.zeros(words.shape[1], dtype=np.bool_)
    half = len(words) // 2
    return np.bitwise_count(words[:half] | words[half:]).sum(0, dtype=np.int64) > max_weight


def _torch(index: Index) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(index, dtype=np.int64))
