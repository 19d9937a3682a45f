"""Expectation values as functions of one parameter: trigonometric polynomials and their minima.

A parameter t that enters the angles of several gates as c_j t + const makes an expectation value

    f(t) = a_0 + sum_k a_k cos(k w t) + b_k sin(k w t),   k = 1 ... K,

whose frequencies are sums of those of the gates. 2 K + 1 values in one period fix it.

References:
    Wierichs, Izaac, Wang, Lin, Quantum 6, 677 (2022), section 2: the frequencies.
    Nakanishi, Fujii, Todo, Phys. Rev. Research 2, 043158 (2020): minimizing along one parameter.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits import Circuit
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.symbols import Symbol

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

MOST_HARMONICS = 200
"""Largest K; each needs two more values along the parameter."""

_LARGEST_DENOMINATOR = 1000
_GRID = 16
_NEWTON_STEPS = 30


@dataclass(frozen=True, slots=True)
class Wave:
    """The frequencies of one parameter: k * base for k = 1 ... harmonics; no harmonics: constant.

    Attributes:
        base: w, the smallest common divisor of the frequencies.
        harmonics: K.
    """

    base: float = 1.0
    harmonics: int = 1

    @property
    def offsets(self) -> Array:
        """Where to evaluate, relative to the present value: `(2 K + 1,)`, the first is 0."""
        count = 2 * self.harmonics + 1
        return 2 * np.pi / self.base * np.arange(count) / count

    def coefficients(self, values: Array) -> Complex:
        """The complex c_0 ... c_K of f(t) = Re sum_k c_k exp(i k w t) from values at `offsets`."""
        found = np.fft.rfft(np.asarray(values, dtype=np.float64)) / len(values)
        found[1:] *= 2
        return found

    def minimum(self, values: Array) -> tuple[float, float]:
        """Where the function is smallest, relative to the present value, and its value there.

        Args:
            values: `(2 K + 1,)`, the function at `offsets`.

        Returns:
            The shift of the parameter, within half a period, and the smallest value.
        """
        c = self.coefficients(values)
        if self.harmonics == 0:
            return 0.0, float(values[0])
        if self.harmonics == 1:
            phase = math.pi - math.atan2(c[1].imag, c[1].real)
            least = float(c[0].real - abs(c[1]))
        else:
            phase, least = _lowest(c)
        phase = math.remainder(phase, 2 * math.pi)
        return phase / self.base, least


def wave_of(frequencies: Any) -> Wave:
    """The common divisor of some positive frequencies and the largest multiple.

    Raises:
        InvalidArgumentError: If they have no common divisor with at most 200 multiples.

    >>> wave_of([0.5, 1.0])
    Wave(base=0.5, harmonics=2)
    >>> wave_of([3.0])
    Wave(base=3.0, harmonics=1)
    """
    found = sorted({float(f) for f in frequencies})
    if not found:
        return Wave(1.0, 0)
    if not all(math.isfinite(f) and f > 0 for f in found):
        raise InvalidArgumentError(f"Frequencies must be positive numbers, got {found}.")
    ratios = [Fraction(f / found[0]).limit_denominator(_LARGEST_DENOMINATOR) for f in found]
    common = math.lcm(*(r.denominator for r in ratios))
    divisor = Fraction(math.gcd(*(int(r * common) for r in ratios)), common)
    harmonics = int(ratios[-1] / divisor)
    exact = np.allclose([float(r) * found[0] for r in ratios], found, rtol=1e-9, atol=0.0)
    if not exact or harmonics > MOST_HARMONICS:
        raise InvalidArgumentError(
            f"The frequencies {found[:8]} of a parameter have no common divisor of which they are "
            f"at most {MOST_HARMONICS} multiples, so the function along it cannot be fitted. "
            "Scale angles by simple fractions, or use another optimizer."
        )
    return Wave(found[0] * float(divisor), harmonics)


def waves_of(circuit: Circuit) -> tuple[Wave, ...]:
    """One `Wave` per weight of a circuit, in the order of its weight groups, row-major.

    Raises:
        UnsupportedOperationError: If a weight multiplies another symbol, is a power, or is the
            strength of a channel or an amplitude, so that values are no trigonometric polynomial
            with fixed frequencies in it.

    >>> from circuits import gates as g, weights
    >>> w = weights(2)
    >>> waves_of(Circuit(2, [g.rx(w[0], 0), g.ry(w[0], 1), g.crz(w[1], 0, 1)]))
    (Wave(base=1.0, harmonics=2), Wave(base=0.5, harmonics=2))
    """
    found: dict[Symbol, list[tuple[float, ...]]] = {
        Symbol(group, i): [] for group in circuit.weight_groups for i in range(group.size)
    }
    for op in circuit.ops:
        for place, angle in enumerate(op.angles):
            for coefficient, product in angle.terms:
                varied = [s for s in product if s.group.kind == "weight"]
                if not varied:
                    continue
                fixed = op.is_channel or op.kind == "state_preparation"
                if fixed or len(product) > 1:
                    raise UnsupportedOperationError(
                        f"The value of a circuit is no trigonometric polynomial with fixed "
                        f"frequencies in {varied[0]}, which enters `{op.name}` on qubits "
                        f"{op.qubits} as {angle}. Use 'adam', 'l-bfgs-b' or 'spsa'."
                    )
                gaps = op.gate.frequencies[place]
                found[varied[0]].append(tuple(abs(coefficient) * gap for gap in gaps))
    return tuple(_wave_of_gates(gates) for gates in found.values())


def _wave_of_gates(gates: list[tuple[float, ...]]) -> Wave:
    """The wave of a parameter from the frequencies of each gate: they add and subtract."""
    gates = [gaps for gaps in gates if gaps]
    if not gates:
        return Wave(1.0, 0)
    largest = sum(max(gaps) for gaps in gates)
    return wave_of({round(gap, 10) for gap in (*itertools.chain(*gates), largest)})


def _lowest(c: Complex) -> tuple[float, float]:
    """Phase and value of the global minimum of Re sum_k c_k exp(i k p), by a grid and Newton."""
    orders = np.arange(len(c))
    grid = 2 * np.pi * np.arange(_GRID * len(c)) / (_GRID * len(c))
    values = _wave_values(c, grid)
    lower = (values <= np.roll(values, 1)) & (values <= np.roll(values, -1))
    phases = grid[lower]
    step = grid[1]
    for _ in range(_NEWTON_STEPS):
        slope = _wave_values(1j * orders * c, phases)
        curvature = _wave_values(-(orders**2) * c, phases)
        convex = curvature > 0
        newton = -slope / np.where(convex, curvature, 1.0)
        move = np.where(convex, newton, -np.sign(slope) * step)
        phases = phases + np.clip(move, -step, step)
    final = _wave_values(c, phases)
    best = int(final.argmin())
    if final[best] > values.min():
        best_on_grid = int(values.argmin())
        return float(grid[best_on_grid]), float(values[best_on_grid])
    return float(phases[best]), float(final[best])


def _wave_values(c: Complex, phases: Array) -> Array:
    return (np.exp(1j * np.outer(phases, np.arange(len(c)))) @ c).real
