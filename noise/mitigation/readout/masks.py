"""Which qubits are flipped before measurement, twirl by twirl: balanced masks.

Averaged over masks, the flips should cancel every product of up to as many readout asymmetries as
an observable has letters. Random masks do so on average only; the masks here do exactly, up to
their strength.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from noise.mitigation.readout.outcomes import Bits


@dataclass(frozen=True)
class TwirlMasks:
    """Masks and how well they are balanced.

    Attributes:
        flips: `(twirls, qubits)` of 0 and 1.
        strength: Any so many columns hold every pattern equally often; 0 if none need.
    """

    flips: Bits
    strength: int


def twirl_masks(n_qubits: int, n_twirls: int, generator: torch.Generator | None) -> TwirlMasks:
    """An orthogonal array of flips, shifted by a random mask.

    With 2^t twirls row r flips qubit q if the parity of r & c_q is odd, where the c_q are the unit
    vectors for n <= t qubits (all patterns, full strength), else t-bit numbers with the lowest bit
    set, any three of which are linearly independent (strength 3, n <= 2^(t-1)), or all t-bit
    numbers but zero (strength 2, n < 2^t). Twirls in other numbers, and for more qubits, are drawn
    independently.

    Args:
        n_qubits: Number of qubits.
        n_twirls: Number of masks.
        generator: Source of randomness.
    """
    device = torch.device("cpu") if generator is None else generator.device

    def draw(rows: int) -> Bits:
        drawn = torch.randint(2, (rows, n_qubits), generator=generator, device=device)
        found: Bits = drawn.to(torch.uint8).cpu().numpy()
        return found

    digits = n_twirls.bit_length() - 1
    power = n_twirls == 1 << digits
    if not power or n_qubits >= n_twirls:
        return TwirlMasks(draw(n_twirls), 0)
    if n_qubits <= digits:
        codes, strength = [1 << q for q in range(n_qubits)], n_qubits
    elif n_qubits <= n_twirls // 2:
        codes, strength = [2 * q + 1 for q in range(n_qubits)], 3
    else:
        codes, strength = [q + 1 for q in range(n_qubits)], 2
    rows = [[(r & code).bit_count() % 2 for code in codes] for r in range(n_twirls)]
    flips = torch.tensor(rows, dtype=torch.uint8).reshape(n_twirls, n_qubits).numpy() ^ draw(1)
    return TwirlMasks(flips, strength)
