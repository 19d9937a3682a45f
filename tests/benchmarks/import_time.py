"""How much `import circuits, qml` adds over `import torch`; the target is at most 0.5 s.

Usage: `python -m tests.benchmarks.import_time [ROUNDS]`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time


def seconds(statement: str) -> float:
    """Time the statement in a new Python, the start of Python included."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main(rounds: int = 7) -> None:
    """Measure both statements in turn, so that a slow phase of the machine hits both alike."""
    statements = ("import torch", "import torch, circuits, qml")
    seconds(statements[1])  # warms the file cache
    times = [[seconds(statement) for statement in statements] for _ in range(rounds)]
    torch_alone, with_ours = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"import torch                {torch_alone:6.2f} s (median of {rounds})")
    print(f"import torch, circuits, qml {with_ours:6.2f} s")
    print(f"added                       {with_ours - torch_alone:6.2f} s (target: at most 0.50)")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
