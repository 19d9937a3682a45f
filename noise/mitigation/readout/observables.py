"""Observables that, measured with readout error, have the mean of another one without.

A Pauli letter P of qubit q is read as a_q I + b_q P. So the mean of prod_q (P_q - a_q) / b_q over
noisy readings is <prod_q P_q>: a readout correction is another observable, and no distribution is
touched.
"""

from __future__ import annotations

from collections.abc import Mapping

from circuits.errors import InvalidArgumentError, ResourceLimitError
from circuits.pauli import PauliSum
from noise.mitigation.readout.confusion import letter_reading
from noise.mitigation.readout.outcomes import Floats

_MOST_TERMS = 2**16
_SINGULAR = 1e-8


def corrected_observable(observable: PauliSum, confusions: Mapping[int, Floats]) -> PauliSum:
    """The observable whose noisy readings have the noiseless mean of `observable`.

    Each string becomes prod_q (P_q - a_q I) / b_q, up to 2^w strings for w letters on qubits that
    are read asymmetrically (a_q != 0), all measured together.

    Args:
        observable: What is wanted.
        confusions: Matrix `(2, 2)` of each qubit of the observable, row prepared, column read.

    Returns:
        What to measure.

    Raises:
        InvalidArgumentError: If b_q = 0: what is read says nothing about the qubit.
        ResourceLimitError: If there would be more than 65536 strings.

    >>> import numpy as np
    >>> corrected_observable(PauliSum("Z0"), {0: np.array([[0.75, 0.25], [0.5, 0.5]])})
    PauliSum({'': -1.0, 'Z0': 4.0})
    """
    triples: list[tuple[int, int, complex]] = []
    for x_mask, z_mask, coefficient in observable.terms:
        strings: list[tuple[int, int, complex]] = [(0, 0, coefficient)]
        for q in range((x_mask | z_mask).bit_length()):
            bit = 1 << q
            if not (x_mask | z_mask) & bit:
                continue
            offset, scale = letter_reading(confusions[q])
            if abs(scale) < _SINGULAR:
                raise InvalidArgumentError(
                    f"The confusion matrix of qubit {q} is singular: its readings do not depend "
                    "on its state. Leave the qubit out, or calibrate again."
                )
            letter = [(x | x_mask & bit, z | z_mask & bit, c / scale) for x, z, c in strings]
            rest = [(x, z, -offset / scale * c) for x, z, c in strings] if offset else []
            strings = letter + rest
            if len(strings) + len(triples) > _MOST_TERMS:
                raise ResourceLimitError(
                    f"The corrected observable has more than {_MOST_TERMS} Pauli strings: one of "
                    f"{(x_mask | z_mask).bit_count()} letters makes as many as it has subsets. Use "
                    "method='subspace' with shots, or twirled readout (TREX)."
                )
        triples += strings
    return PauliSum.from_masks(triples, n_qubits=observable.width)
