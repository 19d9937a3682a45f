"""Zero-noise extrapolation on the pinned circuits, beside Mitiq's extrapolators on the same values.

Noisy values are those of our Pauli-transfer simulator; the largest difference to Aer's density
matrices over circuits folded three times is printed first.

Usage: `python -m tests.benchmarks.mitigation_zne --data-dir DIR [--mitiq PYTHON] [--shots N]
[--first N] [--out FILE]`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from circuits import Backend, Circuit, StateVector
from noise import ZNE, PauliTransfer
from noise.mitigation.extrapolation import EXTRAPOLATORS, Extrapolator, as_extrapolator
from noise.mitigation.neural import family, train
from tests.benchmarks import mitiq_peer
from tests.benchmarks.pinned_circuits import (
    OBSERVED,
    aer_values,
    errors,
    lowered,
    manila,
    measured,
    parser,
    requests_for,
    show,
)

SETTINGS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("global", (1, 3, 5)),
    ("gates", (1, 3, 5)),
    ("random", (1, 2, 3)),
)


def evaluate(
    backend: Backend,
    circuits: Sequence[Circuit],
    extrapolators: dict[str, tuple[tuple[float, ...], Extrapolator]],
    fold: str,
    factors: tuple[float, ...],
    shots: int | None,
) -> tuple[dict[str, Tensor], list[Any]]:
    """Mitigated values per extrapolator, and the values at the factors, for Mitiq.

    Each extrapolator runs its own circuits when there are shots (it chooses its shares); exact
    values are measured once.
    """
    options: dict[str, Any] = {"seed": 11} if fold == "random" else {}
    found, columns = {}, []
    for name, (needed, extrapolator) in extrapolators.items():
        if needed and needed != factors:
            continue
        start = factors[:2] if extrapolator.rounds else factors
        zne = ZNE(backend, start, fold, extrapolator, **options)
        results = zne.run(requests_for(circuits, shots, 5))
        found[name] = measured(results)
        if name == "linear":
            for result in results:
                reached = list(result.metadata["factors"])
                raw = result.metadata["raw"][:, 0]
                columns += [(reached, raw[:, k].tolist()) for k in range(raw.shape[1])]
    return found, columns


def neural(backend: Backend, circuits: Sequence[Circuit], shots: int | None) -> Extrapolator:
    """A network trained on the same circuits with other angles; one sample of each circuit."""
    others = [family(c, 1, strength=1.0, generator=100 + k)[0] for k, c in enumerate(circuits)]
    return train(ZNE(backend, (1, 3, 5)), others, list(OBSERVED), shots=shots, generator=9)


def agreement(backend: Backend, circuits: Sequence[Circuit]) -> float:
    """Largest difference between our noisy values and Aer's, folded circuits included."""
    folded = [c + list(c.inverse().ops) + list(c.ops) for c in circuits[:3]]
    native = [backend.lower(r).circuit for r in requests_for([*circuits, *folded], None, None)]
    ours = measured(backend.run(requests_for(native, None, None)))
    return float((ours - aer_values(native)).abs().max())


def main() -> None:
    """Run the benchmark and print its tables."""
    options = parser(__doc__).parse_args()
    started = time.perf_counter()
    backend, circuits = PauliTransfer(manila()), lowered(options.data_dir, options.first)
    print(f"{len(circuits)} circuits; largest difference to Aer {agreement(backend, circuits):.1e}")
    exact = measured(StateVector().run(requests_for(circuits, None, None)))
    report: dict[str, Any] = {}
    for shots in (None, options.shots):
        what = "exact noisy values" if shots is None else f"{shots} shots per mitigated value"
        raw = errors(measured(backend.run(requests_for(circuits, shots, 5))), exact)
        rows, columns = {"unmitigated": raw}, {}
        extrapolators: dict[str, tuple[tuple[float, ...], Extrapolator]] = {
            name: ((), as_extrapolator(name)) for name in EXTRAPOLATORS
        }
        extrapolators["neural"] = ((1, 3, 5), neural(backend, circuits, shots))
        for fold, factors in SETTINGS:
            label = f"{fold} {','.join(f'{f:g}' for f in factors)}"
            found, columns[label] = evaluate(backend, circuits, extrapolators, fold, factors, shots)
            rows.update({f"{n}, {label}": errors(v, exact) for n, v in found.items()})
        show(f"ketwork, {what}", rows, raw["mean"])
        report[what] = {"ketwork": rows}
        if options.mitiq:
            theirs = {
                f"{n}, {label}": errors(torch.tensor(v, dtype=torch.float64), exact)
                for label, methods in mitiq_peer.extrapolated(options.mitiq, columns).items()
                for n, v in methods.items()
            }
            show(f"Mitiq, {what}, the same values", theirs, raw["mean"])
            report[what]["mitiq"] = theirs
    print(f"\n{time.perf_counter() - started:.0f} s")
    if options.out:
        options.out.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
