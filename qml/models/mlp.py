"""A multilayer perceptron: the classical model beside the quantum ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits.arguments import integer, one_of
from circuits.execution import Seed, as_generator
from qml.models.base import (
    AbstractModel,
    check_features,
    check_same_dtype,
    placement,
    reset_linear,
)

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
}


@final
class MLP(AbstractModel):
    """Linear layers with an activation between them: d -> h_1 -> ... -> h_k -> classes.

    Args:
        in_features: Number of features d.
        n_classes: Number of classes, at least 2.
        hidden: Widths h_1, ..., h_k; a number is one hidden layer, an empty list a linear model.
        activation: `"relu"`, `"tanh"` or `"gelu"`.
        generator: Randomness of the initial weights: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Shape:
        Input `(..., in_features)`, output logits `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid.

    >>> MLP(64, 10, hidden=16).n_parameters
    1210
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        hidden: int | Iterable[int] = 32,
        *,
        activation: str = "relu",
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        widths = list(hidden) if isinstance(hidden, Iterable) else [hidden]
        self.hidden = tuple(integer(h, f"hidden[{k}]") for k, h in enumerate(widths))
        self.activation = one_of(activation, tuple(ACTIVATIONS), "activation")
        self.generator = as_generator(generator)
        sizes = [self.in_features, *self.hidden, self.n_classes]
        layers: list[nn.Module] = []
        for k in range(len(sizes) - 1):
            layers += [] if k == 0 else [ACTIVATIONS[self.activation]()]
            layers.append(nn.Linear(sizes[k], sizes[k + 1], **placement(dtype, device)))
        self.layers = nn.Sequential(*layers)
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        return {"hidden": list(self.hidden), "activation": self.activation}

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.generator if generator is None else as_generator(generator)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                reset_linear(layer, source)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        check_features(x, self.in_features)
        check_same_dtype(x, next(self.layers.parameters()))
        logits: Tensor = self.layers(x)
        return logits


def mlp_of_size(model: AbstractModel, activation: str, generator: Seed) -> MLP:
    """The least `MLP` of one hidden layer with at least as many parameters as a model.

    It has fewer than in_features + n_classes + 1 more, and is untrained.

    Args:
        model: The model, whose features, classes, dtype and device it takes.
        activation: Its activation.
        generator: Randomness of its initial weights; `None` is torch's default generator.
    """
    numbers = sum(parameter.numel() for parameter in model.parameters())
    per_unit = model.in_features + model.n_classes + 1
    like = next(model.parameters())
    return MLP(
        model.in_features,
        model.n_classes,
        max(1, -(-(numbers - model.n_classes) // per_unit)),
        activation=activation,
        generator=generator,
        dtype=like.dtype,
        device=like.device,
    )
