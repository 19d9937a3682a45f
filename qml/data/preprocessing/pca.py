"""Principal component analysis with a fixed sign convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from circuits import errors

from .base import AbstractFitted, AbstractStep, Shape, State, check_training, tensor_of


@final
@dataclass(frozen=True, eq=False)
class FittedPCA(AbstractFitted):
    """The projection x -> (x - mean) @ components^T.

    Args:
        in_shape: ``(features,)``.
        mean: Training mean, float64 ``(features,)``.
        components: Principal axes in rows, float64 ``(k, features)``; divided by the standard
            deviation along them if whitened.
        explained_variance: Training variance (n - 1 in the denominator) along each axis, float64
            ``(k,)``, in descending order.
    """

    kind: ClassVar[str] = "pca"
    in_shape: Shape
    mean: Tensor
    components: Tensor
    explained_variance: Tensor

    @property
    def out_shape(self) -> Shape:
        """``(k,)``."""
        return (len(self.components),)

    def apply(self, x: Tensor) -> Tensor:
        """Project checked samples."""
        return (x - self.mean.to(x)) @ self.components.to(x).mT

    def state(self) -> State:
        """Mean, axes and variances."""
        return {
            "mean": self.mean,
            "components": self.components,
            "explained_variance": self.explained_variance,
        }

    @classmethod
    def from_state(cls, in_shape: Shape, state: State) -> FittedPCA:
        """Restore the projection."""
        components = state.get("components")
        k = components.shape[0] if isinstance(components, Tensor) and components.ndim else 0
        return cls(
            in_shape,
            tensor_of(state, "mean", in_shape),
            tensor_of(state, "components", (k, *in_shape)),
            tensor_of(state, "explained_variance", (k,)),
        )


@final
@dataclass(frozen=True)
class PCA(AbstractStep):
    """Project onto the k directions of largest training variance.

    The axes are right singular vectors of the centred training matrix, computed in float64. Each
    axis is signed so that its entry of largest absolute value is positive, which makes the result
    reproducible and equal to scikit-learn's.

    Args:
        k: Number of components, 1 <= k <= min(samples, features).
        whiten: Whether each component is divided by its standard deviation.

    Raises:
        InvalidArgumentError: If k < 1.
    """

    k: int
    whiten: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise errors.InvalidArgumentError(f"k: expected an integer >= 1, received {self.k!r}")

    def fit(self, x: Tensor) -> FittedPCA:
        """Fit on training samples ``(n, features)``.

        Raises:
            ShapeError: If samples are not flat.
            InvalidArgumentError: If k is too large for the data, or a direction to whiten has no
                variance.
        """
        shape = check_training(x)
        if len(shape) != 1:
            raise errors.ShapeError(
                f"x: expected flat samples (n, features), received {tuple(x.shape)}; put Flatten "
                "before PCA"
            )
        if self.k > min(x.shape):
            raise errors.InvalidArgumentError(
                f"k: expected at most min(samples, features) = {min(x.shape)}, received {self.k}"
            )
        samples = x.detach().to(torch.float64)
        mean = samples.mean(0)
        variances, axes = _principal_axes(samples - mean)
        variances, axes = variances[: self.k], _fix_signs(axes[: self.k])
        if not self.whiten:
            return FittedPCA(shape, mean, axes, variances)
        rounding = torch.finfo(torch.float64).eps * len(x) * float(variances[0])
        if float(variances[-1]) <= rounding:
            rank = int((variances > rounding).sum())
            raise errors.InvalidArgumentError(
                f"k: only {rank} directions have any variance, so {self.k} cannot be whitened; "
                f"choose k <= {rank} or whiten=False"
            )
        return FittedPCA(shape, mean, axes / variances.sqrt().unsqueeze(1), variances)


def _principal_axes(centred: Tensor) -> tuple[Tensor, Tensor]:
    """Variances, descending, and unit axes in rows. Tall matrices go through their covariance."""
    n, features = centred.shape
    if n >= features:
        variances, axes = torch.linalg.eigh(centred.mT @ centred / max(n - 1, 1))
        return variances.flip(0).clamp_min(0.0), axes.flip(1).mT.contiguous()
    _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
    return singular.square() / max(n - 1, 1), axes


def _fix_signs(axes: Tensor) -> Tensor:
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    return axes * torch.where(largest < 0, -1.0, 1.0)
