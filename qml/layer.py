"""`QuantumLayer`: a circuit as an `nn.Module`."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits import Backend, Circuit, PauliSum, Probabilities, Request, Result, inputs, weights
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from circuits.evaluate import check_backend, check_kept, check_observables
from circuits.execution import Seed, as_generator, check_shots
from circuits.finite import check_finite
from circuits.gradients import SPSA, make_evaluator
from circuits.values import bind_values, shaped

_DERIVED = ("_evaluate",)


@final
class QuantumLayer(nn.Module):
    """A quantum circuit as a layer: `(..., in_features) -> (..., out_features)`.

    Output k is the expectation value <O_k> of the k-th observable. The layer is an ordinary
    module: weights live in `weight` and nowhere else, so `state_dict`, `functional_call`,
    parametrisations, `deepcopy`, `.to()`, `torch.compile` and `torch.func` all work. Values have
    the dtype and device of the input.

    Args:
        circuit: The circuit; `inputs(...)` symbols receive data, `weights(...)` are trained.
        observables: An observable or a list of them, or `Probabilities(qubits)`; default Z on
            each qubit, qubit 0 first.
        backend: Where to run; default the exact `StateVector()`.
        shots: Measurements per sample and commuting group; `None` is exact.
        diff_method: `"auto"`, `"adjoint"`, `"backprop"`, `"parameter-shift"`, `"spsa"` or an
            `SPSA(...)`; each raises where it is not defined.
        generator: Randomness of the initial weights and of shots: a `torch.Generator` or an
            integer seed; default torch's default generator.
        dtype: dtype of the weights; default torch's default dtype.
        device: Device of the weights.

    Attributes:
        weight: The `nn.Parameter` of the circuit's weight group; an `nn.ParameterDict` by group
            name where there are several; `None` without weights.

    Shape:
        Input `(..., in_features)`, any leading dimensions; a dict by name for several groups of
        inputs. Output `(..., out_features)`. A circuit without inputs is called `layer()`.

    Raises:
        KetworkError: If circuit, observables, backend and method do not fit together.

    >>> from circuits import Circuit, gates as g, inputs, weights
    >>> x, w = inputs(2), weights(2)
    >>> layer = QuantumLayer(Circuit(2, [g.rx(x[0], 0), g.ry(w[0], 0), g.cx(0, 1)]), ["Z0", "Z1"])
    >>> layer(torch.rand(5, 3, 2)).shape
    torch.Size([5, 3, 2])
    """

    weight: nn.Parameter | nn.ParameterDict | None

    def __init__(
        self,
        circuit: Circuit,
        observables: Any = None,
        *,
        backend: Backend | None = None,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        _check_circuit(circuit)
        self.circuit = circuit
        self.observables = _observed(circuit, observables)
        self.backend = check_backend(backend)
        self.shots = check_shots(shots)
        self.diff_method = diff_method
        self.generator = as_generator(generator)
        groups = circuit.weight_groups
        options: dict[str, Any] = {"dtype": check_dtype(dtype), "device": device}
        if not groups:
            self.register_parameter("weight", None)
        elif len(groups) == 1:
            self.weight = nn.Parameter(torch.empty(groups[0].shape, **options))
        else:
            self.weight = nn.ParameterDict(
                {g.name: nn.Parameter(torch.empty(g.shape, **options)) for g in groups}
            )
        self._prepare()
        self.reset_parameters()

    def _prepare(self) -> None:
        self._evaluate = make_evaluator(
            self.circuit,
            self.observables,
            self.backend,
            self.shots,
            self.generator,
            self.diff_method,
        )

    @property
    def in_features(self) -> int:
        """Number of input values per sample."""
        return self.circuit.n_inputs

    @property
    def out_features(self) -> int:
        """Number of outputs per sample."""
        if isinstance(self.observables, Probabilities):
            assert self.observables.qubits is not None
            return int(2 ** len(self.observables.qubits))
        return len(self.observables)

    @property
    def n_qubits(self) -> int:
        """Number of qubits."""
        return self.circuit.n_qubits

    num_qubits = n_qubits

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw all weights uniformly from [-pi, pi].

        Args:
            generator: Source of randomness; default the layer's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        with torch.no_grad():
            for parameter in self.parameters():
                if source is None or source.device == parameter.device:
                    parameter.uniform_(-math.pi, math.pi, generator=source)
                else:
                    drawn = torch.empty(parameter.shape, dtype=parameter.dtype)
                    parameter.copy_(drawn.uniform_(-math.pi, math.pi, generator=source))

    def forward(self, x: Tensor | Mapping[str, Tensor] | None = None) -> Tensor:
        """Expectation values or probabilities `(..., out_features)` in the dtype of `x`."""
        bound = bind_values(self.circuit, x, self._weights(), flat=True)
        values = self._evaluate(bound.values.inputs, bound.values.weights)
        return shaped(values, bound.batch, bound.dtype)

    def estimate(self, x: Tensor | Mapping[str, Tensor] | None = None) -> Result:
        """Values `(..., out_features)` with standard errors; without gradients."""
        bound = bind_values(self.circuit, x, self._weights(), flat=True)
        observed = self.observables
        if isinstance(observed, Probabilities):
            raise InvalidArgumentError(
                "`estimate` gives standard errors of observables; this layer returns "
                "probabilities. Call the layer itself."
            )
        with torch.no_grad():
            request = Request(
                self.circuit,
                bound.values,
                observed,
                shots=self.shots,
                generator=self.generator,
            )
            result = self.backend.run([request])[0]
        assert result.values is not None
        check_finite(result.values, bound.values.inputs, bound.values.weights)
        return result.reshape(bound.batch, bound.dtype)

    def _weights(self) -> Any:
        weight = self.weight
        return dict(weight.items()) if isinstance(weight, nn.ParameterDict) else weight

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
    ) -> QuantumLayer:
        """The same circuit and the same parameters (shared, not copied) on another backend.

        Args:
            backend: Where the new layer runs.
            shots: Shots of the new layer; `None` is exact.
            diff_method: Its differentiation method.
            generator: Its source of randomness.
        """
        other = object.__new__(QuantumLayer)
        nn.Module.__init__(other)
        other.circuit, other.observables = self.circuit, self.observables
        other.backend, other.shots = check_backend(backend), check_shots(shots)
        other.diff_method, other.generator = diff_method, as_generator(generator)
        if self.weight is None:
            other.register_parameter("weight", None)
        else:
            other.weight = self.weight
        other._prepare()
        return other.train(self.training)

    @classmethod
    def from_qiskit(
        cls,
        circuit: Any,
        observables: Any = None,
        *,
        input_params: Any = None,
        weight_params: Any = None,
        **options: Any,
    ) -> QuantumLayer:
        """A layer from a `qiskit.QuantumCircuit`.

        Args:
            circuit: The Qiskit circuit; terminal measurements are dropped.
            observables: As for the constructor; Qiskit operators are accepted.
            input_params: Parameters that receive data, in the order of the input features.
            weight_params: Parameters to train; default all others, in `circuit.parameters` order.
            **options: Further arguments of the constructor.
        """
        converted = Circuit.from_qiskit(circuit, input_params, weight_params)
        return cls(converted, observables, **options)

    @classmethod
    def from_function(
        cls,
        function: Callable[..., Circuit],
        weight_shapes: Mapping[str, int | Sequence[int]],
        observables: Any = None,
        *,
        in_features: int = 0,
        **options: Any,
    ) -> QuantumLayer:
        """A layer from a Python function that builds a circuit.

        The function is called once, with symbols: `function(x, **weights)`, or
        `function(**weights)` if `in_features` is 0.

        Args:
            function: Returns a `Circuit` (or a PennyLane QNode is converted by its tape).
            weight_shapes: Name of each weight argument to its shape (an int is one extent).
            observables: As for the constructor.
            in_features: Number of input values, passed as the first argument.
            **options: Further arguments of the constructor.

        >>> from circuits import Circuit, gates as g
        >>> def build(x, theta):
        ...     return Circuit(2, [g.ry(x[0], 0), g.rx(theta[0], 1), g.cx(0, 1)])
        >>> QuantumLayer.from_function(build, {"theta": 1}, in_features=1).in_features
        1
        """
        symbols = {
            name: weights(*((shape,) if isinstance(shape, int) else shape), name=name)
            for name, shape in weight_shapes.items()
        }
        _check_signature(function, symbols)
        data = (inputs(in_features),) if in_features else ()
        if type(function).__module__.partition(".")[0] == "pennylane":
            return cls(Circuit.from_pennylane(function, *data, **symbols), observables, **options)
        circuit = function(*data, **symbols)
        if not isinstance(circuit, Circuit):
            raise ArgumentTypeError(
                f"Argument `function` must return a Circuit, got {type(circuit).__name__}."
            )
        return cls(circuit, observables, **options)

    def extra_repr(self) -> str:
        """Sizes and settings, as shown in `print(model)`."""
        parts = [
            f"in_features={self.in_features}",
            f"out_features={self.out_features}",
            f"n_qubits={self.n_qubits}",
            f"ops={len(self.circuit)}",
            f"backend={self.backend!r}",
        ]
        if self.shots is not None:
            parts.append(f"shots={self.shots}")
        return ", ".join([*parts, f"diff_method={self.diff_method!r}"])

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in _DERIVED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._prepare()


def _check_circuit(circuit: Any) -> None:
    if not isinstance(circuit, Circuit):
        raise ArgumentTypeError(
            f"Argument `circuit` must be a Circuit, got {type(circuit).__name__}. Convert with "
            "Circuit.from_qiskit, Circuit.from_pennylane or Circuit.from_qasm."
        )
    if not circuit.ops:
        raise InvalidArgumentError(
            f"Argument `circuit` is empty: {circuit.n_qubits} qubits and no operations. A layer "
            "needs at least one gate."
        )


def _observed(circuit: Circuit, observables: Any) -> tuple[PauliSum, ...] | Probabilities:
    if observables is None:
        observables = [f"Z{q}" for q in range(circuit.n_qubits)]
    if isinstance(observables, Probabilities):
        return Probabilities(check_kept(circuit, observables.qubits))
    return check_observables(circuit, observables)


def check_dtype(dtype: torch.dtype | None) -> torch.dtype | None:
    """The dtype of parameters, if it is real; `None` is torch's default."""
    if dtype is not None and not dtype.is_floating_point:
        raise InvalidArgumentError(
            f"Argument `dtype` must be a real floating-point dtype, got {dtype}."
        )
    return dtype


def _check_signature(function: Any, symbols: Mapping[str, Any]) -> None:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    missing = sorted(set(symbols) - set(parameters))
    if missing:
        raise InvalidArgumentError(
            f"Argument `weight_shapes` names {missing}, which the function does not take; it takes "
            f"{list(parameters)}."
        )
