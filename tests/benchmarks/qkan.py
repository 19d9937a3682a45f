"""`QKANLayer` against the exact solver of the authors' package `qkan`, in one run.

A step is forward and backward of one layer, gradients by data and parameters. Both have the same
parameters, results are compared, and steps take turns. Peak memory is the growth of the resident
set of a fresh process during one step (Linux). Needs `qkan` in the environment:
`pip install qkan==0.2.3`, without which only our own times are shown.

Usage: `python -m tests.benchmarks.qkan [--repeats N] [--threads N] [--size N] [--batch N]
[--only TEXT] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from qml.models.qkan import QKANLayer, native

Step = Callable[[], list[Tensor]]

WORKLOADS: dict[str, dict[str, Any]] = {
    "pz": {"ansatz": "pz"},
    "pz, trained factors": {"ansatz": "pz", "preact_trainable": True},
    "pz, trained factors, fast measure": {
        "ansatz": "pz",
        "preact_trainable": True,
        "fast_measure": True,
    },
    "rpz, trained factors": {"ansatz": "rpz", "preact_trainable": True},
    "mix, trained factors": {"ansatz": "mix", "preact_trainable": True},
    "pz, trained factors, r = 10": {"ansatz": "pz", "preact_trainable": True, "reps": 10},
}
PEER, OURS, TORCH = "qkan exact", "ketwork", "ketwork without kernels"
TARGETS = {"times as fast": 10.0, "share of memory": 0.25}
_TOLERANCE = 2e-4


def _ours(options: dict[str, Any], size: int) -> torch.nn.Module:
    return QKANLayer(size, size, **{"reps": 3, **options})


def _theirs(options: dict[str, Any], size: int) -> torch.nn.Module:
    import qkan

    given = {"reps": 3, "fast_measure": False, **options}
    layer: torch.nn.Module = qkan.QKANLayer(size, size, solver="exact", **given)
    return layer


def make_step(contestant: str, options: dict[str, Any], size: int, batch: int) -> Step:
    """The step of a contestant; all have the same parameters and data."""
    generator = torch.Generator().manual_seed(0)
    make = _theirs if contestant == PEER else _ours
    layer = make(options, size)
    reps = options.get("reps", 3)
    numbers = torch.randn(size, size, reps + 1, 2, generator=generator)
    theta = layer.get_parameter("theta")
    with torch.no_grad():
        theta.copy_(numbers[..., : theta.shape[-1]])
    x = (2 * torch.rand(batch, size, generator=generator) - 1).requires_grad_()
    target = torch.randn(batch, size, generator=generator)
    trained = {n: p for n, p in sorted(layer.named_parameters()) if p.requires_grad}
    supports = native.supports

    def step() -> list[Tensor]:
        x.grad = None
        layer.zero_grad()
        if contestant == TORCH:
            native.supports = lambda *_: False
        try:
            y = layer(x)
            (y * target).sum().backward()
        finally:
            native.supports = supports
        assert x.grad is not None
        return [y.detach(), x.grad, *(p.grad for p in trained.values() if p.grad is not None)]

    return step


def memory_of(contestant: str, workload: str, size: int, batch: int) -> float:
    """MiB by which the peak of a fresh process grows in its first step."""
    arguments = [contestant, workload, str(size), str(batch)]
    module = [sys.executable, "-m", "tests.benchmarks.qkan", "--memory", *arguments]
    ran = subprocess.run(module, capture_output=True, text=True, check=True)
    return float(ran.stdout.split()[-1])


def _print_memory(contestant: str, workload: str, size: int, batch: int) -> None:
    make_step(contestant, WORKLOADS[workload], 2, 2)()  # what the first call loads is no growth
    step = make_step(contestant, WORKLOADS[workload], size, batch)
    before = _status("VmRSS")
    step()
    print(max(0.0, _status("VmHWM") - before))


def _status(name: str) -> float:
    """MiB of memory in use or at its peak; `getrusage` would count the parent's peak as well."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise OSError(f"/proc/self/status has no {name}: memory is measured on Linux only.")


def measure(workload: str, size: int, batch: int, repeats: int) -> dict[str, dict[str, float]]:
    """Median milliseconds, ratio and memory of every contestant."""
    names = [OURS, TORCH]
    if importlib.util.find_spec("qkan") is not None:
        names.append(PEER)
    steps = {name: make_step(name, WORKLOADS[workload], size, batch) for name in names}
    results = {name: step() for name, step in steps.items()}
    for name in names[1:]:
        for ours, other in zip(results[OURS], results[name], strict=True):
            difference = float((ours - other).abs().max() / other.abs().max().clamp_min(1))
            assert difference < _TOLERANCE, f"{name} differs by {difference} on {workload}."
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for name, step in steps.items():
            step()  # what the others left in caches and memory is not part of the step
            start = time.perf_counter()
            step()
            times[name].append(1e3 * (time.perf_counter() - start))
    rows = {}
    for name in names:
        middle = statistics.median(times[name])
        rows[name] = {
            "ms": middle,
            "fastest ms": min(times[name]),
            "MiB": memory_of(name, workload, size, batch),
        }
    if PEER in rows:
        for name in (OURS, TORCH):
            rows[name]["times as fast"] = rows[PEER]["ms"] / rows[name]["ms"]
            rows[name]["by fastest"] = rows[PEER]["fastest ms"] / rows[name]["fastest ms"]
            rows[name]["share of memory"] = rows[name]["MiB"] / rows[PEER]["MiB"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--memory", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.memory:
        contestant, workload, size, batch = given.memory
        _print_memory(contestant, workload, int(size), int(batch))
        return
    print(
        f"layer {given.size} -> {given.size}, batch {given.batch}, float32, "
        f"{given.threads} thread(s), forward + backward, median of {given.repeats}\n"
    )
    print("| circuit, r = 3 | contestant | ms | times as fast | by fastest | MiB | share |")
    print("|---|---|---|---|---|---|---|")
    found = {}
    for workload in WORKLOADS:
        if given.only not in workload:
            continue
        found[workload] = measure(workload, given.size, given.batch, given.repeats)
        for name, row in found[workload].items():
            ratios = [row.get(key) for key in ("times as fast", "by fastest")]
            fast, fastest = ("" if ratio is None else f"{ratio:.0f}" for ratio in ratios)
            share = row.get("share of memory")
            print(
                f"| {workload} | {name} | {row['ms']:.1f} | "
                f"{fast} | {fastest} | {row['MiB']:.1f} | "
                f"{'' if share is None else f'{share:.3f}'} |",
                flush=True,
            )
    judged = found.get("pz", {}).get(OURS, {})
    if "times as fast" in judged:
        quick = judged["times as fast"] >= TARGETS["times as fast"]
        lean = judged["share of memory"] <= TARGETS["share of memory"]
        print(f"\ntargets (pz): 10 times as fast {'met' if quick else 'missed'}, ", end="")
        print(f"at most 1/4 of the memory {'met' if lean else 'missed'}")
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
