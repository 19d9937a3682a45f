"""Nested Monte Carlo tree search over circuits of slots."""

from __future__ import annotations

from optim.search.mcts.search import NestedMCTS

__all__ = ["NestedMCTS"]
