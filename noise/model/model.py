"""`NoiseModel`: which noise follows which gates, and how qubits are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, final, overload

import numpy as np

from circuits.arguments import number, one_of
from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, InvalidArgumentError, QubitError
from circuits.execution import Request
from circuits.machines.machine import make_machine
from circuits.machines.records import gate_records
from circuits.ops import Op
from circuits.pauli import PauliSum
from circuits.symbols import Group
from noise.model import binding
from noise.model.coverage import POLICIES, report_gaps, report_twice
from noise.model.formats import Formats
from noise.model.idle import Idle
from noise.model.lookup import Coverage, Lookup
from noise.model.readout import check_confusion
from noise.model.rules import Rule, check_rule, make_rule

if TYPE_CHECKING:
    from circuits.machines.lowering import Lowered

_SHOWN = 50  # lines of a printed model


@final
class NoiseModel(Formats):
    """The noise of a machine: channels after gates, relaxation during delays, readout error.

    A model describes a machine, not a circuit: rules about gates that a circuit does not use have
    no effect on it. What happens to gates that no rule is about is the policy `missing`:

    * `"auto"`: a warning if the model names basis gates (it describes a device, so every gate
      should have a rule), or if *no* rule is about any gate of the circuit;
    * `"ignore"`: a warning only if no rule is about any gate of the circuit;
    * `"warn"`: a warning about every such gate;
    * `"raise"`: an error instead.

    Each warning (`NoiseNotAppliedWarning`) is given once per model. `barrier`, `global_phase`,
    channels that are in the circuit already, and the gates listed in `noiseless` have no noise
    and are never reported; `state_preparation` has noise only where a rule names it; `delay` has
    noise through `add_idle` or where a rule names it, and is reported like a gate otherwise;
    `unitary`, `id` and all other gates are gates.

    Args:
        basis_gates: Names of the gates that the machine has; `lower` translates circuits to them.
            A mapping from names to qubit tuples says where each gate exists.
        coupling: Pairs of qubits, in order, on which two-qubit gates exist.
        n_qubits: Number of qubits of the machine; by default what `coupling` needs.
        noiseless: Names of gates that have no noise on purpose, such as virtual `rz`.
        missing: What to do about gates without a rule.

    >>> from circuits import Circuit, gates as g
    >>> from noise import Depolarizing
    >>> model = NoiseModel().add(Depolarizing(0.01, 2), gates="cx").add_readout(
    ...     [[0.98, 0.02], [0.05, 0.95]], 0)
    >>> model.apply(Circuit(2, [g.h(0), g.cx(0, 1)])).ops
    (h(0), cx(0, 1), depolarizing(0.01, 0, 1))
    """

    def __init__(
        self,
        *,
        basis_gates: Iterable[str] | Mapping[str, Iterable[Sequence[int]] | None] | None = None,
        coupling: Iterable[Sequence[int]] | None = None,
        n_qubits: int | None = None,
        noiseless: Iterable[str] = (),
        missing: str = "auto",
    ) -> None:
        self._missing = one_of(missing, POLICIES, "missing")
        self._machine = make_machine(basis_gates, coupling, n_qubits)
        names = [noiseless] if isinstance(noiseless, str) else list(noiseless)
        records = gate_records(names, "noiseless") if names else None
        self._noiseless = frozenset(record.name for record in records or ())
        self._rules: tuple[Rule, ...] = ()
        self._idle: dict[int, Idle] = {}
        self._readout: dict[int, np.ndarray] = {}
        self._report: tuple[str, ...] = ()
        self._said: set[str] = set()
        self._lookup: Lookup | None = None
        self._state = object()

    # === building ===

    def add(
        self,
        channel: Any,
        *,
        gates: Any = None,
        qubits: Any = None,
        positions: Any = None,
        except_for: Iterable[Sequence[int]] = (),
    ) -> Self:
        """Let a channel follow gates. Rules accumulate: channels act in the order of the rules.

        A channel on one qubit acts on each qubit of a wider gate; any other channel must be as
        wide as the gates that are named. A rule for all gates passes over gates that its channel
        does not fit.

        Args:
            channel: A `Channel`, with numbers or symbols as strengths.
            gates: Names of gates; `None` for every gate.
            qubits: Where.

                * `None`: everywhere.
                * An integer q: the channel (on one qubit) acts on q wherever a gate touches q.
                * A list of integers is a gate's qubits *in the order in which the gate lists
                  them*: `(0, 1)` is `cx(0, 1)` and neither `cx(1, 0)` nor `cz(1, 0)`. Where only
                  one-qubit gates are named, or none and the channel is on one qubit, it means each
                  of the qubits.
                * A list of such tuples: any of them.
            positions: The places, in the gate's list of qubits, on which the channel acts: 1 is
                the target of `cx`. `None` for all.
            except_for: Qubit tuples that the rule leaves out.

        Returns:
            The model itself.

        Raises:
            UnknownGateError: If a name is no gate, with similar names.
            ChannelError: If the channel does not fit the gates.
            QubitError: If the qubits can never match, or the machine lacks them.
        """
        return self._with_rule(make_rule(channel, gates, qubits, positions, except_for))

    def add_idle(self, qubit: int, t1: Any, t2: Any, *, population: Any = 0.0) -> Self:
        """Let a qubit relax during `delay`, for as long as the delay lasts.

        Args:
            qubit: The qubit.
            t1: Relaxation time in seconds, > 0.
            t2: Dephasing time in seconds, > 0 and <= 2 t1.
            population: Population of |1> at equilibrium, in [0, 1].

        Returns:
            The model itself. A second call for the qubit replaces the first.
        """
        where = self._machine.check_qubit(qubit, "qubit")
        self._idle[where] = Idle(t1, t2, population)
        self._lookup, self._state = None, object()
        return self

    def add_readout(self, confusion: Any, qubit: int | Iterable[int]) -> Self:
        """Let qubits be read with error.

        Args:
            confusion: [[P(0|0), P(1|0)], [P(0|1), P(1|1)]]: the row is the prepared state, the
                column what is read.
            qubit: The qubit, or several that are read alike, each on its own.

        Returns:
            The model itself. A second call for a qubit replaces the first.

        Raises:
            InvalidArgumentError: If the matrix does not hold probabilities that sum to 1 by row.
        """
        matrix = check_confusion(confusion)
        listed = qubit if isinstance(qubit, Iterable) else [qubit]
        where = [self._machine.check_qubit(q, "qubit") for q in listed]
        self._readout.update(dict.fromkeys(where, matrix))
        self._state = object()
        return self

    def _with_rule(self, rule: Rule) -> Self:
        for q in sorted(rule.qubits):
            self._machine.check_qubit(q, "qubits")
        check_rule(self._machine, rule)
        self._rules = (*self._rules, rule)
        self._lookup, self._state = None, object()
        return self

    def _noted(self, lines: Iterable[str]) -> Self:
        self._report = (*self._report, *lines)
        return self

    # === reading ===

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order in which their channels act."""
        return self._rules

    @property
    def idle(self) -> dict[int, Idle]:
        """Relaxation during delays, by qubit."""
        return dict(self._idle)

    @property
    def readout(self) -> dict[int, np.ndarray]:
        """Confusion matrices `(2, 2)` by qubit; qubits that are not in it are read without error.

        The row is the prepared state, the column what is read.
        """
        return dict(self._readout)

    @property
    def basis_gates(self) -> tuple[str, ...] | None:
        """Names of the gates that the machine has; `None` if the model does not say."""
        return self._machine.basis_gates

    @property
    def coupling(self) -> tuple[tuple[int, int], ...] | None:
        """Ordered pairs of qubits on which two-qubit gates exist; `None` for all pairs."""
        return self._machine.coupling

    @property
    def n_qubits(self) -> int | None:
        """Number of qubits of the machine; `None` if the model does not say."""
        return self._machine.n_qubits

    @property
    def noiseless(self) -> frozenset[str]:
        """Names of gates that have no noise on purpose."""
        return self._noiseless

    @property
    def missing(self) -> str:
        """What happens to gates that no rule is about."""
        return self._missing

    @property
    def report(self) -> tuple[str, ...]:
        """What could not be carried over or was assumed when the model was imported."""
        return self._report

    @property
    def parameters(self) -> tuple[Group, ...]:
        """The groups of symbols in strengths, in order of first use."""
        return binding.groups(self._rules, self._idle)

    @property
    def state(self) -> object:
        """Another object after each change of the model; what is remembered of it ends then."""
        return self._state

    # === using ===

    def channels_for(self, op: Op) -> tuple[Op, ...]:
        """The channels that follow an op, in order; none for an op without noise."""
        return self._find(op)[0]

    def apply(self, circuit: Circuit) -> Circuit:
        """The circuit with the channels put in after its gates; it is not lowered.

        Gates are noisy each time this is called: apply it once (a second time warns).

        Raises:
            QubitError: If the circuit has more qubits than the machine.
            NoiseNotAppliedError: See `missing`.
        """
        if not isinstance(circuit, Circuit):
            raise ArgumentTypeError(
                f"Argument `circuit` must be a Circuit, got {type(circuit).__name__}."
            )
        self._machine.check_width(circuit)
        ops: list[Op] = []
        gaps: list[Op] = []
        noisy = False
        for op in circuit.ops:
            after, coverage = self._find(op)
            ops.append(op)
            if after:
                ops.extend(after)
                noisy = True
            elif coverage is Coverage.MISSING:
                gaps.append(op)
        if gaps and (self._rules or self._idle):
            device = self._machine.basis_gates is not None
            report_gaps(gaps, noisy, self._missing, device, self._said)
        if not noisy:
            return circuit
        self.check_twice(circuit)
        return Circuit(circuit.n_qubits, ops, measured=circuit.measured)

    def check_twice(self, circuit: Circuit) -> None:
        """Warn, once, if the circuit has the channels of this model already."""
        report_twice(circuit.ops, self.channels_for, self._said)

    def _find(self, op: Op) -> tuple[tuple[Op, ...], Coverage]:
        if self._lookup is None:
            self._lookup = Lookup(self._rules, self._idle, self._noiseless)
        return self._lookup(op)

    @overload
    def lower(self, circuit: Request, *, optimization_level: int = 1, seed: int = 0) -> Request: ...

    @overload
    def lower(
        self,
        circuit: Circuit,
        observables: Sequence[PauliSum] | None = None,
        qubits: Sequence[int] | None = None,
        *,
        optimization_level: int = 1,
        seed: int = 0,
    ) -> Lowered: ...

    def lower(
        self,
        circuit: Any,
        observables: Sequence[PauliSum] | None = None,
        qubits: Sequence[int] | None = None,
        *,
        optimization_level: int = 1,
        seed: int = 0,
    ) -> Any:
        """The circuit in the machine's gates, on its qubits.

        A circuit of basis gates that fits the coupling is returned as it is, so folded, twirled
        and padded circuits are never optimised again. Everything else goes through Qiskit's
        transpiler with a fixed seed; symbols survive, and equal circuits are translated once. A
        model without basis gates and coupling leaves every circuit as it is.

        Args:
            circuit: The circuit, without noise; or a `Request`, which brings its observables and
                qubits along and comes back as a `Request`.
            observables: Observables to move to the qubits of the result.
            qubits: Qubits to follow to their places in the result.
            optimization_level: Qiskit's, 0 to 3.
            seed: Seed of the transpiler.

        Returns:
            Circuit, observables, qubits and layout. The circuit keeps the machine's numbering and
            width; `circuits.compact.compact` leaves out the idle qubits.

        Raises:
            MissingDependencyError: If a translation is needed and Qiskit is not installed.
            QubitError: If the circuit does not fit the machine.
            ConversionError: If its gates cannot be made of the machine's, or its qubits are not
                connected.
        """
        from circuits.machines import lowering

        if isinstance(circuit, Request):
            if observables is not None or qubits is not None:
                raise InvalidArgumentError(
                    "A request brings its own observables and qubits: leave the arguments out."
                )
            return lowering.lower_request(self._machine, circuit, optimization_level, seed)
        return lowering.lower(self._machine, circuit, observables, qubits, optimization_level, seed)

    def scaled(self, factor: float) -> NoiseModel:
        """The model with all channels `factor` times as strong (see `Channel.scaled`).

        Readout error stays as it is. Factor 0 removes the gate noise.
        """
        times = number(factor, "factor")
        if times < 0:
            raise InvalidArgumentError(f"Argument `factor` must be at least 0, got {factor}.")
        rules = [binding.with_channel(rule, rule.channel.scaled(times)) for rule in self._rules]
        idle = {q: one.scaled(times) for q, one in self._idle.items()} if times else {}
        return self._changed(rules, idle)

    def bind(self, values: Any) -> NoiseModel:
        """The model with numbers for symbols.

        Args:
            values: An array of the group's shape, or a dict from group names to arrays. Groups
                that are not given stay symbols.

        Raises:
            SymbolError: If a name is unknown.
            ShapeError: If an array does not have its group's shape.
            ChannelError: If a strength is out of range.
        """
        numbers = binding.numbers(values, self.parameters)
        rules = [binding.with_channel(r, binding.bound(r.channel, numbers)) for r in self._rules]
        idle = {q: binding.bound(one, numbers) for q, one in self._idle.items()}
        return self._changed(rules, idle)

    def _changed(self, rules: Iterable[Rule], idle: Mapping[int, Idle]) -> NoiseModel:
        result = self.copy()
        result._rules, result._idle = tuple(rules), dict(idle)
        return result

    def copy(self) -> NoiseModel:
        """An independent copy."""
        result = NoiseModel(noiseless=self._noiseless, missing=self._missing)
        result._machine, result._report = self._machine, self._report
        result._rules, result._idle = self._rules, dict(self._idle)
        result._readout = dict(self._readout)
        return result

    def for_qubits(self, qubits: Sequence[int]) -> NoiseModel:
        """The noise of some of the machine's qubits: a cut-out device.

        Args:
            qubits: Qubit `qubits[k]` becomes qubit k.

        Returns:
            The model on `len(qubits)` qubits. Rules, gates, couplings, idle noise and readout of
            other qubits are gone.
        """
        new = {self._machine.check_qubit(q, "qubits"): k for k, q in enumerate(qubits)}
        if len(new) != len(qubits) or not new:
            raise QubitError(f"Argument `qubits` must list distinct qubits, got {list(qubits)}.")
        moved = (rule.moved(new) for rule in self._rules)
        result = self._changed(
            [rule for rule in moved if rule is not None],
            {new[q]: one for q, one in self._idle.items() if q in new},
        )
        result._machine = self._machine.moved(new)
        result._readout = {new[q]: m for q, m in self._readout.items() if q in new}
        return result

    # === value semantics ===

    def _content(self) -> tuple[Any, ...]:
        readout = tuple(sorted((q, tuple(m.ravel().tolist())) for q, m in self._readout.items()))
        idle = tuple(sorted(self._idle.items(), key=lambda item: item[0]))
        return self._rules, idle, readout, self._machine, self._noiseless, self._missing

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NoiseModel):
            return NotImplemented
        return self._content() == other._content()

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lookup": None, "_state": object()}

    def __repr__(self) -> str:
        parts = [f"{len(self._rules)} rules"]
        if self._machine.n_qubits is not None:
            parts.insert(0, f"{self._machine.n_qubits} qubits")
        if self._readout:
            parts.append(f"readout of {len(self._readout)}")
        if self.parameters:
            parts.append("symbols " + ", ".join(group.name for group in self.parameters))
        return f"NoiseModel({', '.join(parts)})"

    def __str__(self) -> str:
        lines = [str(rule) for rule in self._rules]
        lines += [f"delay on {q}: {one}" for q, one in sorted(self._idle.items())]
        lines += [f"readout of {q}: {m.tolist()}" for q, m in sorted(self._readout.items())]
        if len(lines) > _SHOWN:
            lines = [*lines[:_SHOWN], f"... and {len(lines) - _SHOWN} more"]
        return "\n  ".join([repr(self), *lines])
