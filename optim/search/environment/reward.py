"""The reward of CRLQAS: incremental, with fixed ends."""

from __future__ import annotations

SUCCESS = 5.0
FAILURE = -5.0


def incremental_reward(
    previous: float, energy: float, target: float, threshold: float, *, last: bool
) -> float:
    """Reward of a step.

    5 if |E - E_target| < threshold; else -5 if the step was the last one permitted; else
    (E_previous - E) / |E_previous - E_target|, clipped to [-1, 1].

    Args:
        previous: Energy before the step E_previous.
        energy: Energy after it E.
        target: Energy that rewards refer to E_target: a lower bound ("fake minimum"), so that
            nobody need know the ground energy, or the ground energy.
        threshold: Distance from the target that counts as success.
        last: Whether no further step is permitted.

    References:
        Patel et al., arXiv:2402.03500.

    >>> incremental_reward(-0.5, -0.75, -1.0, 0.1, last=False)
    0.5
    >>> incremental_reward(-0.5, -0.95, -1.0, 0.1, last=True)
    5.0
    """
    if abs(energy - target) < threshold:
        return SUCCESS
    if last:
        return FAILURE
    distance = abs(previous - target)
    if not distance:
        return -1.0 if energy > previous else 0.0
    return min(1.0, max(-1.0, (previous - energy) / distance))
