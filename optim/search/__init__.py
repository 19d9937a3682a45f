"""Architecture search: methods that look for a circuit of low energy, gate by gate."""

from __future__ import annotations

from optim.search.base import Search, Steps
from optim.search.candidate import Candidate, Placed
from optim.search.evaluator import Evaluator, Optimized
from optim.search.result import SearchResult
from optim.search.task import Report, Task

__all__ = [
    "Candidate",
    "Evaluator",
    "Optimized",
    "Placed",
    "Report",
    "Search",
    "SearchResult",
    "Steps",
    "Task",
]
