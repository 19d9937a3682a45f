"""Architecture search: methods that look for a circuit of low energy, gate by gate."""

from __future__ import annotations

from optim.search.adapt import AdaptVQE
from optim.search.annealing import SimulatedAnnealing
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate, Placed
from optim.search.compaction import Compacted, compact
from optim.search.crlqas import CRLQAS
from optim.search.differentiable import DifferentiableSearch
from optim.search.evaluator import Evaluator, Optimized
from optim.search.mcts import NestedMCTS
from optim.search.mps import WarmStart, mps_start, with_start
from optim.search.ppo import PPO
from optim.search.prices import Prices
from optim.search.random_search import RandomSearch
from optim.search.result import SearchResult
from optim.search.rollouts import ParallelCRLQAS
from optim.search.task import Report, Task

__all__ = [
    "CRLQAS",
    "PPO",
    "AdaptVQE",
    "Candidate",
    "Compacted",
    "DifferentiableSearch",
    "Evaluator",
    "NestedMCTS",
    "Optimized",
    "ParallelCRLQAS",
    "Placed",
    "Prices",
    "RandomSearch",
    "Report",
    "Search",
    "SearchResult",
    "SimulatedAnnealing",
    "Steps",
    "Task",
    "WarmStart",
    "compact",
    "mps_start",
    "with_start",
]
