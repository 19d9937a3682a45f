"""A whole run: every workload, then the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qml.bench.contestants import DTYPES, OURS, OURS32, PEERS, ours
from qml.bench.measure import Limits, Measurement, measure
from qml.bench.peak import measure_peak
from qml.bench.report import Report


def run(
    keys: Sequence[str],
    peers: Sequence[str] = tuple(PEERS),
    *,
    engine: str = "auto",
    dtype: str = "both",
    device: str = "cpu",
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Report:
    """Measure ourselves and the installed peers on some workloads.

    Args:
        keys: Names in `WORKLOADS`.
        peers: Names in `PEERS`; those not installed are named in the report.
        engine: Our engine: auto, native or torch.
        dtype: Our precision: float64, float32 or both.
        device: Where our tensors live; the peers run on the CPU.
        limits: Time limits.
        say: Receives a line on what is going on.
    """
    wanted = [PEERS[name] for name in peers]
    missing = {peer.key: peer.missing for peer in wanted if peer.missing}
    taking_part = ours(engine, dtype, device) + [p for p in wanted if p.key not in missing]
    runs: dict[str, dict[str, Measurement]] = {}
    for key in keys:
        found = measure(key, taking_part, limits or Limits(), say)
        runs[key] = {measurement.contestant: measurement for measurement in found}
    counted = {m.contestant for row in runs.values() for m in row.values() if m.kernel is not None}
    peaks = {who: measure_peak(DTYPES[who]) for who in (OURS, OURS32) if who in counted}
    versions = {contestant.key: contestant.versions for contestant in taking_part}
    return Report(runs, versions, missing, frozenset({OURS32}), peaks)
