"""Results of sampled qubits after mitigation: samples of a corrected distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from noise.mitigation.readout.outcomes import Bits, Floats, Outcomes, to_samples

Mitigate = Callable[[Outcomes], tuple[Bits, Floats, Mapping[str, Any]]]


def mitigated_samples(
    samples: Tensor, mitigate: Mitigate, generator: torch.Generator | None
) -> tuple[Tensor, dict[str, list[Any]]]:
    """Replace the samples of every point by such of its mitigated distribution.

    Each bitstring comes in the number nearest to its probability times the shots, so nothing is
    added to the statistical error; the order is random.

    Args:
        samples: uint8 `(points, shots, k)`.
        mitigate: From outcomes to bitstrings `(m, k)`, their probabilities `(m,)`, and facts.
        generator: Source of the order.

    Returns:
        Samples of the same shape, and for each fact the list of its values at the points.
    """
    shots = samples.shape[1]
    rows, facts = [], []
    for point in samples:
        bits, probabilities, fact = mitigate(Outcomes.of(point))
        device = torch.device("cpu") if generator is None else generator.device
        order = torch.randperm(shots, generator=generator, device=device).cpu().numpy()
        rows.append(to_samples(bits, probabilities, shots)[order])
        facts.append(fact)
    stacked = torch.as_tensor(np.stack(rows)) if rows else samples
    names = facts[0] if facts else {}
    return stacked.to(samples.device), {name: [fact[name] for fact in facts] for name in names}
