"""ketwork against other simulators: `ketwork bench`, for a checkout that is not installed.

Usage: `python -m tests.benchmarks.simulators [OPTIONS OF ketwork bench]`.
"""

from __future__ import annotations

import sys

import ketwork


def main(*arguments: str) -> None:
    """Run `ketwork bench`."""
    sys.argv = ["ketwork", "bench", *arguments]
    ketwork.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
