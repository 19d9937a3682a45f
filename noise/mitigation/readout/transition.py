"""Probabilities of reading one bitstring where another was prepared, as a matrix product.

With l = log C, the logarithm of prod_q C_q[prepared_q, read_q] is bilinear in the bits, so a whole
matrix of such products is one matrix product and one exponential, at any number of bits.
"""

from __future__ import annotations

import numpy as np

from noise.mitigation.readout.outcomes import Bits, Floats

_NEVER = np.finfo(np.float64).tiny  # stands for probability zero: its products underflow to zero


def transition_matrix(read: Bits, prepared: Bits, confusions: Floats) -> Floats:
    """P(read i | prepared j) = prod_q C_q[prepared_jq, read_iq].

    Args:
        read: `(m, k)` of 0 and 1.
        prepared: `(l, k)` of 0 and 1.
        confusions: `(k, 2, 2)`, row prepared, column read.

    Returns:
        `(m, l)`.
    """
    logs = np.log(np.maximum(confusions, _NEVER))
    base, of_read = logs[:, 0, 0], logs[:, 0, 1] - logs[:, 0, 0]
    of_prepared, of_both = logs[:, 1, 0] - logs[:, 0, 0], logs[:, 1, 1] - logs[:, 1, 0] - of_read
    x, y = read.astype(np.float64), prepared.astype(np.float64)
    exponent = (x * of_both) @ y.T
    exponent += (x @ of_read)[:, None]
    exponent += y @ of_prepared + base.sum()
    result: Floats = np.exp(exponent, out=exponent)
    return result


def flip_confusions(rates: Floats) -> Floats:
    """Confusion matrices `(k, 2, 2)` of bits that flip with probabilities `(k,)` either way."""
    return np.stack([np.stack([1 - rates, rates], -1), np.stack([rates, 1 - rates], -1)], -2)


def hamming(left: Bits, right: Bits) -> Floats:
    """Number of bits in which rows of `(m, k)` and `(l, k)` differ: `(m, l)`."""
    x, y = left.astype(np.float64), right.astype(np.float64)
    return x.sum(1)[:, None] + y.sum(1) - 2 * (x @ y.T)
