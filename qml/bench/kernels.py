"""How far our kernels are from what the machine can do, and what limits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from qml.bench.measure import Measurement
from qml.bench.peak import Peak
from qml.bench.targets import Runs


class Table(NamedTuple):
    """A title, names of columns, and rows of text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


_COLUMNS = ("", "kernels", "beyond", "GFLOP/s", "GB/s", "limit", "threads")

KERNEL_NOTE = (
    "our kernels: time within a warm call and beyond it (autograd and binding of values); "
    "operations and memory traffic in a second, in brackets as parts of what the machine does; a "
    "dash where states stay in a cache; gains from more threads over one"
)


def kernel_table(runs: Runs, peaks: Mapping[str, Peak]) -> Table:
    """A row for each of our measurements whose kernels were counted.

    Args:
        runs: Measurements by workload and contestant.
        peaks: Peaks by contestant; others have no row.
    """
    rows = [
        [f"{key}, {who}", *_cells(m, peaks[who])]
        for key, row in runs.items()
        for who, m in row.items()
        if who in peaks and m.kernel is not None
    ]
    return Table("Our kernels", _COLUMNS, rows)


def limit_of(m: Measurement, peak: Peak) -> str:
    """What takes the time: calls from Python, memory, arithmetic, or neither of these."""
    if m.kernel is None or m.median is None:
        return "not known"
    if m.kernel < m.median / 2:
        return "calls"
    flops = m.operations / m.kernel / peak.flops
    bandwidth = m.traffic / m.kernel / peak.bandwidth
    if max(flops, bandwidth) < 0.2:
        return "neither"
    return "memory" if bandwidth > flops else "arithmetic"


def _cells(m: Measurement, peak: Peak) -> list[str]:
    kernel = m.kernel or 0.0
    flops, bandwidth = m.operations / kernel, m.traffic / kernel
    beyond = (m.median or 0.0) - kernel
    single = m.threads.get("1")
    scaling = [f"{n}: {single / t:.2f}x" for n, t in m.threads.items() if single and n != "1"]
    return [
        duration(kernel),
        duration(beyond),
        f"{flops / 1e9:.3g} ({flops / peak.flops:.0%})",
        f"{bandwidth / 1e9:.3g} ({bandwidth / peak.bandwidth:.0%})" if m.traffic else "-",
        limit_of(m, peak),
        ", ".join(scaling),
    ]


def duration(seconds: float) -> str:
    """A time with three digits.

    >>> duration(0.00042)
    '0.42 ms'
    """
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
