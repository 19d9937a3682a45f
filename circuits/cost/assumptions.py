"""How machine time follows from circuits and shots, and what is assumed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from circuits.arguments import number
from circuits.cost.client import Extra
from circuits.cost.shape import Shape
from circuits.errors import InvalidArgumentError

USUAL_REP_DELAY = 250e-6
_GUIDE = "https://quantum.cloud.ibm.com/docs/guides/estimate-job-run-time"


@final
@dataclass(frozen=True, slots=True)
class Work:
    """A circuit and how often it is measured in one job.

    Attributes:
        shape: One run of it.
        points: Sets of values.
        bases: Measured circuits for each point.
        factors: Noise factors at which the service's client runs each of them.
    """

    shape: Shape
    points: int
    bases: int = 1
    factors: tuple[float, ...] = (1.0,)

    @property
    def circuits(self) -> int:
        """Circuits that are executed."""
        return self.points * self.bases * len(self.factors)


@final
@dataclass(frozen=True, slots=True)
class Assumptions:
    """Numbers that an estimate of machine time rests on.

    For a job of circuits c with s shots each, on a machine that waits r between shots,

        low  = overhead_low  + sum_c s (r + t_c)
        high = overhead_high + slack * sum_c s (r + max(t_c, usual_circuit)),

    with t_c the time of the circuit by the machine's calibration data. IBM's guide gives
    overhead + (r + circuit length) * executions, with 2 s and 350 us in its quick form, and shows a
    service's own estimate that is 1.47 times as large per execution, hence the slack.

    Args:
        rep_delay: Seconds between shots; `None` is what the machine says, or else 250 us.
        overhead: Least and most seconds of a job besides its executions.
        usual_circuit: Seconds that a circuit takes at least, in the upper estimate.
        slack: Factor of the upper estimate.

    Raises:
        InvalidArgumentError: If a number is negative, or the upper one below the lower one.

    References:
        https://quantum.cloud.ibm.com/docs/guides/estimate-job-run-time
    """

    rep_delay: float | None = None
    overhead: tuple[float, float] = (1.0, 2.0)
    usual_circuit: float = 100e-6
    slack: float = 1.5

    def __post_init__(self) -> None:
        given = {
            "rep_delay": 0.0 if self.rep_delay is None else self.rep_delay,
            "overhead": min(self.overhead),
            "usual_circuit": self.usual_circuit,
            "slack": self.slack - 1,
        }
        wrong = [name for name, value in given.items() if number(value, name) < 0]
        if wrong or self.overhead[0] > self.overhead[1]:
            name = wrong[0] if wrong else "overhead"
            raise InvalidArgumentError(
                f"Argument `{name}` must be at least {1 if name == 'slack' else 0}, and `overhead` "
                f"in ascending order, got {getattr(self, name)}."
            )

    def seconds(
        self, works: Sequence[Work], shots: int, rep_delay: float | None, extra: Extra | None = None
    ) -> tuple[float, float]:
        """Machine time of one job, at least and at most.

        Args:
            works: Its circuits.
            shots: Of each circuit.
            rep_delay: What the machine says.
            extra: What options of the client add.
        """
        wait, more = self.wait(rep_delay), Extra() if extra is None else extra
        low = more.calibration * wait
        high = self.slack * more.calibration * (wait + self.usual_circuit)
        for work in works:
            runs = work.points * work.bases * shots * more.rounding
            for factor in work.factors:
                length = factor * work.shape.seconds
                low += runs * (wait + length)
                longest = max(length, self.usual_circuit)
                high += self.slack * runs * more.overhead * (wait + longest)
        return self.overhead[0] + low, self.overhead[1] + high

    def wait(self, rep_delay: float | None) -> float:
        """Seconds between shots."""
        if self.rep_delay is not None:
            return self.rep_delay
        return USUAL_REP_DELAY if rep_delay is None else rep_delay

    def text(self, device: str | None, rep_delay: float | None, untimed: int) -> tuple[str, ...]:
        """What is assumed, one sentence each."""
        wait = f"{1e6 * self.wait(rep_delay):.0f} us between shots"
        whose = f"as {device} says" if rep_delay is not None and self.rep_delay is None else ""
        lines = [
            f"{wait} ({whose or 'assumed'}).",
            "Least time: every circuit takes what its gates and readout take by the calibration "
            f"data, and a job {self.overhead[0]:g} s besides.",
            f"Most time: a circuit takes {1e6 * self.usual_circuit:.0f} us or more, all executions "
            f"{self.slack:g} times as long, and a job {self.overhead[1]:g} s besides ({_GUIDE}).",
            "Time in the queue is not counted; in a session, wall-clock time is charged instead.",
        ]
        if untimed:
            lines.append(
                f"The duration of {untimed} operation(s) is not known; they count as no time."
            )
        return tuple(lines)
