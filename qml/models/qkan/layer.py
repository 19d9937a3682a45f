"""`QKANLayer`: a trainable one-qubit circuit on every edge between inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits import SPSA, Backend, Circuit
from circuits.arguments import flag, integer, one_of
from circuits.errors import InvalidArgumentError
from circuits.execution import Seed, as_generator
from qml.models.base import check_features, placement, shallow
from qml.models.qkan.ansatz import Ansatz, ansatz_named
from qml.models.qkan.bases import based, checked_base
from qml.models.qkan.bloch import Activation
from qml.models.qkan.circuits import CircuitRunner
from qml.models.qkan.domain import check_values
from qml.models.qkan.edges import edges
from qml.models.qkan.export import layer_circuit
from qml.models.qkan.fourier import coefficients, features, has_polynomials
from qml.models.qkan.growth import check_growth, grow
from qml.models.qkan.loading import adapt_state
from qml.models.qkan.parameters import INITS, computed_dtype, of_circuits, start


@final
class QKANLayer(nn.Module):
    """Layer of a quantum Kolmogorov-Arnold network: `(..., in_features) -> (..., out_features)`.

    out_o = sum_i [ postact_weights_oi (phi_oi(x_i) + postact_bias_oi) + base_weight_oi B(x_i) ],

    where phi_oi(x) = <Z> of a one-qubit circuit that encodes x_l = w_l x + b_l in each of r
    repetitions (DARUAN). Circuits, in the order of application after H |0>:

    | ansatz | one repetition | after the last one | angles |
    |---|---|---|---|
    | `pz` | RZ(t0) RY(t1), then RZ(x_l) | RZ, RY | 2 (r + 1) |
    | `rpz` | RY(t), then RZ(x_l), offsets b_l always trained | RY | r + 1 |
    | `px` | RZ(t), then RX(arccos x_l), for abs(x_l) <= 1 | RZ (without effect) | r + 1 |
    | `real` | X, RY(t), Z, then RY(x_l) | none | r |
    | `mix` | RZ(t0) RX(t1), then RY(x_l) | RZ, RX | 2 (r + 1) |

    Values are physical expectation values, which a device returns too, unless `fast_measure`.
    With fixed factors w_l = 1 the activations are trigonometric polynomials and the layer is one
    matrix product; otherwise all edges run in one autograd node that keeps nothing but its
    arguments. Parameters have the names, shapes and start values of the authors' package `qkan`,
    whose state dicts load.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        reps: Number of repetitions r.
        ansatz: `"pz"`, `"rpz"`, `"px"`, `"real"` or `"mix"`.
        group: Number of circuits shared by all edges: edge (o, i) uses circuit i mod group.
            `None` gives every edge its own.
        preact_trainable: Whether factors w_l (from 1) and offsets b_l (from 0) are trained.
        postact_weight_trainable: Whether `postact_weights` is trained (from 1).
        postact_bias_trainable: Whether `postact_bias` is trained (from 0).
        ba_trainable: Whether there is the term `base_weight` B(x) (from 0.5).
        base_activation: B: `"silu"` (default), `"gelu"`, `"relu"`, `"tanh"` or `"identity"`.
        fast_measure: Read |alpha| - |beta| instead of <Z> = |alpha|^2 - |beta|^2 of the state
            alpha |0> + beta |1>. No observable has this value: not for devices.
        init: Start of the angles: `"xavier"`, or `"gaussian"` of deviation 1 / sqrt(r), which
            suits r >= 8.
        generator: Randomness of the start: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Attributes:
        mask: Factors 0 or 1 of the edges `(out, in)` once edges were pruned, else `None`.

    Shape:
        Input `(..., in_features)`, output `(..., out_features)` in the dtype of the input.

    Raises:
        KetworkError: If an argument is not valid; in `forward` if values are not finite, such as
            for `px` with abs(x_l) > 1, and in `backward` where abs(x_l) = 1 is trained, at which
            the slope of arccos is infinite.

    References:
        Jiang et al., Quantum Variational Activation Functions Empower Kolmogorov-Arnold Networks,
        arXiv:2509.14026.

    >>> layer = QKANLayer(3, 2, reps=2, generator=0)
    >>> layer(torch.rand(5, 3)).shape, sum(p.numel() for p in layer.parameters())
    (torch.Size([5, 2]), 42)
    """

    theta: nn.Parameter
    mask: Tensor | None
    preacts_weight: Tensor | None
    preacts_bias: Tensor | None
    postact_weights: Tensor | None
    postact_bias: Tensor | None
    base_weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        reps: int = 3,
        ansatz: str = "pz",
        group: int | None = None,
        preact_trainable: bool = False,
        postact_weight_trainable: bool = False,
        postact_bias_trainable: bool = False,
        ba_trainable: bool = True,
        base_activation: str | None = None,
        fast_measure: bool = False,
        init: str = "xavier",
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.in_features = integer(in_features, "in_features")
        self.out_features = integer(out_features, "out_features")
        self.reps = integer(reps, "reps")
        self.ansatz = ansatz_named(ansatz).name
        self.group = None if group is None else integer(group, "group")
        if self.group is not None and self.group > self.in_features:
            raise InvalidArgumentError(
                f"Argument `group` must be at most in_features={self.in_features}, got "
                f"{self.group}: edge (o, i) uses circuit i mod group."
            )
        self.preact_trainable = flag(preact_trainable, "preact_trainable")
        self.fast_measure = flag(fast_measure, "fast_measure")
        has_base = flag(ba_trainable, "ba_trainable")
        self.base_activation = checked_base(base_activation, has_base)
        has_weight = flag(postact_weight_trainable, "postact_weight_trainable")
        has_bias = flag(postact_bias_trainable, "postact_bias_trainable")
        self.init = one_of(init, INITS, "init")
        self.generator = as_generator(generator)
        record, edge = self.record, (self.out_features, self.in_features)
        owners = edge if self.group is None else (self.group,)
        shifted = self.preact_trainable or record.shifts
        shapes: dict[str, tuple[int, ...] | None] = {
            "theta": (*owners, *record.slots(self.reps)),
            "preacts_weight": (*owners, self.reps) if self.preact_trainable else None,
            "preacts_bias": (*owners, self.reps) if shifted else None,
            "base_weight": edge if has_base else None,
            "postact_weights": edge if has_weight else None,
            "postact_bias": edge if has_bias else None,
        }
        place = placement(dtype, device)
        for name, shape in shapes.items():
            empty = None if shape is None else torch.empty(shape, **place)
            self.register_parameter(name, None if empty is None else nn.Parameter(empty))
        self.register_buffer("mask", None)
        self.runner: CircuitRunner | None = None
        self.reset_parameters()

    @property
    def record(self) -> Ansatz:
        """The circuit of the activations."""
        return ansatz_named(self.ansatz)

    @property
    def kind(self) -> Activation:
        """Circuit, repetitions and measurement."""
        return Activation(self.ansatz, self.reps, self.fast_measure)

    def options(self) -> dict[str, Any]:
        """The keyword arguments that rebuild the layer."""
        return {
            "reps": self.reps,
            "ansatz": self.ansatz,
            "group": self.group,
            "preact_trainable": self.preact_trainable,
            "postact_weight_trainable": self.postact_weights is not None,
            "postact_bias_trainable": self.postact_bias is not None,
            "ba_trainable": self.base_weight is not None,
            "base_activation": self.base_activation,
            "fast_measure": self.fast_measure,
            "init": self.init,
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw the angles anew and set all else to its start value; pruned edges come back.

        Args:
            generator: Source of randomness; default the layer's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        start(self, source)
        self.mask = None

    def extended(self, reps: int) -> QKANLayer:
        """A layer with more repetitions that computes the same function, to be trained on.

        Args:
            reps: Number of repetitions of the new layer.

        Returns:
            A new layer on the same backend; no parameters are shared. Give them to a new
            optimizer: the state of the old one belongs to parameters of other shapes.

        Raises:
            InvalidArgumentError: If `reps` is not larger, or by a number that the circuit cannot
                grow by without a change (px, and mix with fixed factors).
            UnsupportedOperationError: For `real` with fixed factors.

        >>> layer, x = QKANLayer(3, 2, reps=1), torch.rand(5, 3)
        >>> torch.allclose(layer.extended(4)(x), layer(x), atol=1e-6)
        True
        """
        check_growth(self, reps)
        grown = QKANLayer(
            self.in_features,
            self.out_features,
            **{**self.options(), "reps": reps},
            generator=self.generator,
            dtype=self.theta.dtype,
            device=self.theta.device,
        )
        grow(self, grown)
        return grown.train(self.training)

    def to_circuit(
        self, edges: Iterable[tuple[int, int]] | None = None, *, bound: bool = True
    ) -> Circuit:
        """Activations as one circuit, a qubit for each: <Z> of qubit k is that of `edges[k]`.

        Args:
            edges: Pairs (output, input); default all, the inputs of output 0 first.
            bound: Put the layer's numbers in; else they are weights of the circuit.

        Returns:
            Circuit with inputs `x` of shape `(in_features,)`. For px the inputs are `angle` of
            shape `(edges, reps)`, which are arccos(w x + b).

        Raises:
            UnsupportedOperationError: With `fast_measure`, whose values no measurement gives.
            InvalidArgumentError: If an edge does not exist.

        >>> circuit = QKANLayer(2, 1, reps=1, generator=0).to_circuit([(0, 1)])
        >>> circuit.count_ops()
        {'rz': 3, 'ry': 2, 'h': 1}
        """
        return layer_circuit(self, edges, bound=bound)

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
        n_qubits: int = 1,
    ) -> QKANLayer:
        """The same layer with the same parameters (shared, not copied) on a backend.

        All edges and samples are points of one request, so a step on a device is one job.

        Args:
            backend: Where the circuits run.
            shots: Measurements of every activation; `None` is exact.
            diff_method: Differentiation method, see `QuantumLayer`.
            generator: Randomness of shots.
            n_qubits: Activations that run side by side in a circuit: more of them make fewer
                circuits for a device, and cost a simulator of states 2^n.

        Raises:
            UnsupportedOperationError: With `fast_measure`.
        """
        runner = CircuitRunner(self.kind, backend, shots, diff_method, generator, n_qubits)
        other = shallow(self)
        other.runner = runner
        return other

    def forward(self, x: Tensor) -> Tensor:
        """Outputs `(..., out_features)` in the dtype of `x`."""
        check_features(x, self.in_features)
        with torch.autocast(x.device.type, enabled=False):
            data = self._data(x)
            out = self._activated(data)
            if self.base_weight is not None:
                base = based(self.base_activation, data)
                out = out + base @ self._masked(self.base_weight.to(data.dtype)).T
        check_values(self.record, out, data)
        return out.reshape(*x.shape[:-1], self.out_features).to(x.dtype)

    def activations(self, x: Tensor) -> Tensor:
        """The values phi_oi(x_i) on the edges.

        Args:
            x: Inputs `(..., in_features)`.

        Returns:
            `(..., out_features, in_features)`, before `postact_weights` and `postact_bias`.
        """
        check_features(x, self.in_features)
        with torch.autocast(x.device.type, enabled=False):
            data = self._data(x)
            theta, weight, bias = self.circuit_parameters(data.dtype)
            ones = data.new_ones(theta.shape[:2])
            if self.runner is not None:
                values = self.runner(data, theta, weight, bias)
            else:
                values = edges(self.kind, False, data, theta, weight, bias, ones)
            values = values.expand(-1, self.out_features, -1)
        check_values(self.record, values, data)
        return values.reshape(*x.shape[:-1], self.out_features, self.in_features).to(x.dtype)

    def contributions(self, x: Tensor) -> Tensor:
        """What each edge adds to its output, base activation and mask included.

        Args:
            x: Inputs `(..., in_features)`.

        Returns:
            `(..., out_features, in_features)`; the sum over the inputs is the layer's output.
        """
        values = self.activations(x)
        if self.postact_bias is not None:
            values = values + self.postact_bias
        if self.postact_weights is not None:
            values = values * self.postact_weights
        if self.base_weight is not None:
            base = based(self.base_activation, x)
            values = values + base[..., None, :] * self.base_weight
        return self._masked(values).to(x.dtype)

    def circuit_parameters(self, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        """Angles `(out, in, n_angles)`, factors and offsets `(out, in, reps)` of the circuits.

        For shared circuits the first dimension is 1.
        """
        return of_circuits(self, dtype)

    def _data(self, x: Tensor) -> Tensor:
        return x.reshape(-1, self.in_features).to(computed_dtype(x, self.theta))

    def _masked(self, weight: Tensor) -> Tensor:
        return weight if self.mask is None else weight * self.mask.to(weight.dtype)

    def _activated(self, x: Tensor) -> Tensor:
        """The part of the activations `(batch, out)`."""
        theta, weight, bias = self.circuit_parameters(x.dtype)
        scale = x.new_ones(self.out_features, self.in_features)
        if self.postact_weights is not None:
            scale = self.postact_weights.to(x.dtype)
        scale = self._masked(scale)
        if self.runner is not None:
            out = (self.runner(x, theta, weight, bias) * scale).sum(-1)
        elif has_polynomials(self.record, self.preact_trainable, self.fast_measure):
            shift = None if self.preacts_bias is None else bias
            terms = coefficients(self.record, self.reps, theta, shift) * scale.unsqueeze(-1)
            waves = features(self.record, self.reps, x).flatten(1)
            out = torch.addmm(terms[..., 0].sum(1), waves, terms[..., 1:].flatten(1).T)
        elif self.group is None:
            out = edges(self.kind, True, x, theta, weight, bias, scale)
        else:
            ones = torch.ones_like(theta[..., 0])
            out = edges(self.kind, False, x, theta, weight, bias, ones)[:, 0] @ scale.T
        if self.postact_bias is not None:
            out = out + (self.postact_bias.to(x.dtype) * scale).sum(1)
        return out

    def extra_repr(self) -> str:
        """Sizes and options, as shown in `print(layer)`."""
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        given = {k: v for k, v in self.options().items() if v is not None and v is not False}
        if self.runner is not None:
            given["backend"] = self.runner.backend
        return ", ".join([sizes, *(f"{k}={v!r}" for k, v in given.items())])

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        adapt_state(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *rest)
