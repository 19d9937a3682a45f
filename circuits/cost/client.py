"""What options of IBM's client add to the circuits that a job asks for.

Read from qiskit-ibm-runtime 0.51, whose client prepares randomisations and calibrations itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

_AUTO = "auto"
_USUAL_OVERHEAD = 100.0


@final
@dataclass(frozen=True, slots=True)
class Extra:
    """Executions beyond those asked for.

    Attributes:
        rounding: Executions per execution asked for: shots are divided over whole randomisations.
        overhead: How much more at most: what error cancellation may sample.
        calibration: Executions of one job that calibrate the readout.
    """

    rounding: float = 1.0
    overhead: float = 1.0
    calibration: int = 0

    @property
    def text(self) -> tuple[str, ...]:
        """What is assumed about them, in sentences."""
        if self.overhead == 1:
            return ()
        return (f"Error cancellation may need up to {self.overhead:g} times the executions.",)


def extra_of(options: Mapping[str, Any], shots: int, estimator: bool) -> Extra:
    """What the options of a job add.

    Args:
        options: As they are given to the client.
        shots: Of each circuit.
        estimator: Whether they are the estimator's; the sampler has no mitigation.
    """
    level = options.get("resilience_level", 1) if estimator else 0
    resilience, twirling = _inside(options, "resilience"), _inside(options, "twirling")
    readout = _chosen(resilience, "measure_mitigation", level >= 1) if estimator else False
    random = (
        _chosen(twirling, "enable_gates", level >= 2)
        or _chosen(twirling, "enable_measure", level >= 1)
        or readout
    )
    cancelled = bool(resilience.get("pec_mitigation"))
    if not random and not cancelled:
        return Extra()
    number, each = _randomisations(twirling, shots, 1 if cancelled else 32)
    learning = _inside(resilience, "measure_noise_learning")
    runs = learning.get("num_randomizations", _AUTO)
    most = _inside(resilience, "pec").get("max_overhead", _USUAL_OVERHEAD)
    return Extra(
        number * each / shots,
        float(_USUAL_OVERHEAD if most is None else most) if cancelled else 1.0,
        (number if not isinstance(runs, int) else runs) * each if readout else 0,
    )


def _randomisations(twirling: Mapping[str, Any], shots: int, usual: int) -> tuple[int, int]:
    """How many randomisations, and how many shots each has."""
    number = twirling.get("num_randomizations", _AUTO)
    each = twirling.get("shots_per_randomization", _AUTO)
    if number == _AUTO:
        each = max(64, math.ceil(shots / usual) if usual > 1 else 64) if each == _AUTO else each
        return math.ceil(shots / int(each)), int(each)
    each = math.ceil(shots / int(number)) if each == _AUTO else each
    return int(number), int(each)


def _chosen(options: Mapping[str, Any], name: str, usual: bool) -> bool:
    value = options.get(name)
    return usual if value is None else bool(value)


def _inside(options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = options.get(name)
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    found: Mapping[str, Any] = value.model_dump(exclude_unset=True)
    return found
