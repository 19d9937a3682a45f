"""The tables of a run, as text and as files."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

import ketwork
from qml.bench.contestants import OURS
from qml.bench.kernels import KERNEL_NOTE, Table, duration, kernel_table
from qml.bench.measure import Measurement
from qml.bench.peak import Peak
from qml.bench.targets import Runs, judge
from qml.bench.workloads import WORKLOADS

TOLERANCE = {True: 1e-6, False: 1e-3}
"""Largest deviation that counts as agreement, in double and in single precision."""


@dataclass(frozen=True)
class Report:
    """Everything that a run found.

    Attributes:
        runs: Measurements by workload and contestant.
        versions: Versions by contestant.
        missing: Contestants that are not installed, with the packages they lack.
        inexact: Contestants that compute in single precision.
        peaks: What the machine can do, by contestant of ours.
    """

    runs: Runs
    versions: Mapping[str, str]
    missing: Mapping[str, Sequence[str]]
    inexact: frozenset[str]
    peaks: Mapping[str, Peak] = field(default_factory=dict)

    @property
    def disagreements(self) -> list[str]:
        """A sentence for each contestant whose results are not ours."""
        return [
            f"{m.contestant} deviates by {m.deviation:.1e} on {key}"
            for key, row in self.runs.items()
            for m in row.values()
            if m.deviation is not None
            and not m.deviation <= TOLERANCE[OURS in row and m.contestant not in self.inexact]
        ]

    def tables(self) -> list[Table]:
        """One table per workload, then our kernels, then the targets."""
        found = [self._workload(key) for key in self.runs]
        if self.peaks:
            found.append(kernel_table(self.runs, self.peaks))
        return [*found, self._targets()]

    def _workload(self, key: str) -> Table:
        row = self.runs[key]
        ours = next(iter(row.values()))
        columns = ["", "warm call", "/ ours", "calls", "first call", "memory", "deviation"]
        return Table(
            f"{key}: {WORKLOADS[key].title}", columns, [_cells(m, ours) for m in row.values()]
        )

    def _targets(self) -> Table:
        rows = []
        for target, measured, verdict in judge(self.runs):
            sign = ">=" if target.at_least else "<="
            goal = f"{sign} {target.goal:g}{target.unit}"
            value = "" if measured is None else f"{measured:.3g}{target.unit}"
            title = WORKLOADS[target.workload].title
            rows.append([f"{title}: {target.text}", goal, value, verdict])
        return Table("Targets", ["", "target", "measured", "verdict"], rows)

    def notes(self) -> list[str]:
        """What a reader must know: configurations, failures, missing contestants, agreement."""
        lines = [f"{who}: {versions}" for who, versions in self.versions.items()]
        lines += [
            "times are medians; calls of all contestants took turns. Memory is the growth of the "
            "peak beyond the imports, compilation included"
        ]
        settings = dict.fromkeys(
            f"{m.contestant}: {m.settings}"
            for row in self.runs.values()
            for m in row.values()
            if m.settings
        )
        lines += settings
        lines += [
            f"{who}: the machine does {peak.flops / 1e9:.0f} GFLOP/s in a product of matrices and "
            f"{peak.bandwidth / 1e9:.0f} GB/s in a copy"
            for who, peak in self.peaks.items()
        ]
        if self.peaks:
            lines.append(KERNEL_NOTE)
        for key, row in self.runs.items():
            for m in row.values():
                if m.failure:
                    lines.append(f"{key}: {m.contestant} has no time: {m.failure}")
                elif m.scaled:
                    lines.append(
                        f"{key}: {m.contestant} ran {m.batch} of {WORKLOADS[key].batch} samples, "
                        "its time (marked ~) is scaled"
                    )
        lines += [
            f"{who} is not installed (packages {', '.join(packages)}); "
            "pip install 'ketwork[bench]' installs every contestant"
            for who, packages in self.missing.items()
        ]
        deviations = [
            m.deviation
            for row in self.runs.values()
            for m in row.values()
            if m.deviation is not None and m.contestant not in self.inexact
        ]
        if self.disagreements:
            lines += [f"DISAGREEMENT: {sentence}" for sentence in self.disagreements]
        elif deviations:
            lines.append(
                f"values and gradients of all agree with ours: largest deviation "
                f"{max(deviations):.1e} in double precision"
            )
        return lines

    def markdown(self) -> str:
        """The report as Markdown."""
        parts = ["# ketwork bench", ""]
        parts += [f"- {name}: {value}" for name, value in machine().items()]
        for title, columns, rows in self.tables():
            parts += ["", f"## {title}", "", _row(columns), _row(["---"] * len(columns))]
            parts += [_row(row) for row in rows]
        parts += ["", "## Workloads", ""]
        parts += [f"- {key}: {WORKLOADS[key].title}" for key in self.runs]
        parts += ["", "## Notes", "", *(f"- {line}" for line in self.notes()), ""]
        return "\n".join(parts)

    def write(self, folder: Path) -> None:
        """Write `result.json` and `results.md`."""
        facts = {
            "machine": machine(),
            "versions": dict(self.versions),
            "missing": {who: list(packages) for who, packages in self.missing.items()},
            "runs": [asdict(m) for row in self.runs.values() for m in row.values()],
            "targets": [
                [f"{t.workload}: {t.text}", t.goal, measured, verdict]
                for t, measured, verdict in judge(self.runs)
            ],
            "peaks": {who: peak._asdict() for who, peak in self.peaks.items()},
            "notes": self.notes(),
        }
        (folder / "result.json").write_text(json.dumps(facts, indent=1) + "\n")
        (folder / "results.md").write_text(self.markdown())


def machine() -> dict[str, str]:
    """Where the run took place."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0].partition(":")[2].strip() if names else processor
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "processor": processor,
        "torch threads": str(torch.get_num_threads()),
        "load of the machine at the end": load,
        "system": platform.platform(),
        "Python": platform.python_version(),
        "ketwork": ketwork.__version__,
    }


def _cells(m: Measurement, ours: Measurement) -> list[str]:
    if m.median is None or m.first_call is None:
        return [m.contestant, *["-"] * 6]
    ratio = f"{m.median / ours.median:.3g}x" if ours.median else "-"
    return [
        m.contestant,
        ("~" if m.scaled else "") + duration(m.median),
        ratio,
        str(len(m.seconds)),
        duration(m.first_call),
        f"{m.memory / 2**20:.1f} MiB",
        "" if m.deviation is None else f"{m.deviation:.0e}",
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
