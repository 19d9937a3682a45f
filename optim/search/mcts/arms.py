"""What is known of the fillings of some slots, each judged on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from circuits.flat.table import Floats, Integers


@final
class Arms:
    """Counts and rewards of each filling of each slot.

    The reward of a circuit is taken to be a sum of terms, one for each slot (the naive
    assumption for combinatorial bandits), so a filling is judged by the mean over the circuits
    that had it, whatever stood in the other slots.

    Args:
        slots: Number of slots.
        fillings: Number of fillings of each.

    References:
        Ontanon, AIIDE (2013): naive Monte Carlo sampling for combinatorial bandits.
    """

    def __init__(self, slots: int, fillings: int) -> None:
        self.counts: Integers = np.zeros((slots, fillings), dtype=np.int64)
        self.totals: Floats = np.zeros((slots, fillings))

    def add(self, chosen: Sequence[int], reward: float) -> None:
        """Take the reward of a circuit into account.

        Args:
            chosen: `(slots,)`, its filling of each slot.
            reward: Its reward.
        """
        rows = np.arange(len(self.counts))
        self.counts[rows, list(chosen)] += 1
        self.totals[rows, list(chosen)] += reward

    def scores(self, slot: int, exploration: float, span: float) -> Floats:
        """Upper confidence bounds `(fillings,)` of a slot, infinite for those never tried.

        Args:
            slot: The slot.
            exploration: Weight of what is not known.
            span: Difference between the largest and the smallest reward so far.
        """
        counts, totals = self.counts[slot], self.totals[slot]
        tried = np.maximum(counts, 1)
        bonus = np.sqrt(np.log(max(1, counts.sum())) / tried)
        return np.where(counts == 0, np.inf, totals / tried + exploration * span * bonus)

    def pruned(self, slot: int, keep: float) -> Integers:
        """Fillings of a slot that are still drawn: a share `keep` of them once all were tried."""
        counts = self.counts[slot]
        if (counts == 0).any():
            return np.arange(len(counts))
        means = self.totals[slot] / counts
        best = np.argsort(-means, kind="stable")[: max(1, round(keep * len(means)))]
        return np.sort(best)

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return {"counts": self.counts.tolist(), "totals": self.totals.tolist()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.counts = np.array(state["counts"], dtype=np.int64)
        self.totals = np.array(state["totals"], dtype=np.float64)
