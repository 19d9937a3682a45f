"""Any model as a scikit-learn estimator: pipelines, grid search, cross-validation.

`TorchClassifier` and `TorchRegressor` take a function (or class) that builds a module from the
number of features and outputs, so every model of this package plugs in. Options of that function
are passed, and tuned, under the prefix `module__`:

    search = GridSearchCV(
        TorchClassifier(qml.DataReuploading, module__n_qubits=4, module__layers=2, epochs=20),
        {"module__layers": [2, 4], "lr": [0.01, 0.05]},
    )

Importing this module imports scikit-learn; `import qml` does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from circuits import errors

from .training import FitConfig, TrainResult, fit, predict, probabilities

ModuleSource = Callable[..., nn.Module] | nn.Module
_PREFIX = "module__"


class AbstractTorchEstimator(BaseEstimator):
    """What `TorchClassifier` and `TorchRegressor` share.

    Args:
        module: A function `module(n_features, n_outputs, **options) -> nn.Module`, such as a model
            class, or a module, which is copied at each `fit`. The default is a linear model.
        epochs: Passes over the training data.
        batch_size: Samples per step.
        optimizer: As in `qml.training.FitConfig`.
        lr: Learning rate of a named optimizer; None takes torch's default.
        loss: As in `qml.training.FitConfig`.
        dtype: Floating point type of the module and of the samples it sees.
        device: Where the module computes; None means the CPU, or where a given module is.
        validation_fraction: Share of the training data, in (0, 1), kept aside for `patience`.
        patience: Stop after this many epochs without improvement on the data kept aside, and take
            the best weights; None trains all epochs.
        fit_options: Further options of `qml.training.FitConfig`, as a dictionary.
        random_state: Seed or `numpy.random.RandomState`. It decides initial weights, shuffling,
            dropout and the data kept aside; torch's global generator is put back afterwards.
            None uses that generator as it is.
        progress: Whether to show a progress bar.
        **module_options: Options for `module`, each under the prefix `module__`.
    """

    def __init__(
        self,
        module: ModuleSource = nn.Linear,
        *,
        epochs: int = 20,
        batch_size: int = 32,
        optimizer: str | Callable[..., torch.optim.Optimizer] = "adam",
        lr: float | None = 0.01,
        loss: str | Callable[..., torch.Tensor] = "auto",
        dtype: torch.dtype | None = None,
        device: str | None = None,
        validation_fraction: float | None = None,
        patience: int | None = None,
        fit_options: Mapping[str, Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        progress: bool = False,
        **module_options: Any,
    ) -> None:
        self.module = module
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.lr = lr
        self.loss = loss
        self.dtype = dtype
        self.device = device
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.fit_options = fit_options
        self.random_state = random_state
        self.progress = progress
        self._set_module_options(module_options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns all parameters by name, those for the module under `module__`.

        Args:
            deep: Accepted for scikit-learn; there are no nested estimators.
        """
        own = {name: getattr(self, name) for name in self._get_param_names()}
        return own | {k: v for k, v in vars(self).items() if k.startswith(_PREFIX)}

    def set_params(self, **params: Any) -> Self:
        """Sets parameters by name; any name under `module__` is an option for the module.

        Args:
            **params: New values.

        Returns:
            The estimator.

        Raises:
            InvalidArgumentError: If a name is unknown.
        """
        own = {name: value for name, value in params.items() if name in self._get_param_names()}
        self._set_module_options({k: v for k, v in params.items() if k not in own})
        for name, value in own.items():
            setattr(self, name, value)
        return self

    def _set_module_options(self, options: Mapping[str, Any]) -> None:
        for name, value in options.items():
            if not name.startswith(_PREFIX) or name == _PREFIX:
                raise errors.InvalidArgumentError(
                    f"{type(self).__name__} has no parameter `{name}`. Parameters: "
                    f"{', '.join(self._get_param_names())}; options for the module are written "
                    f"`{_PREFIX}{name}`, further options of `fit` go into `fit_options`."
                )
            setattr(self, name, value)

    def _train(self, x: np.ndarray, y: torch.Tensor, n_outputs: int) -> Self:
        """Builds the module, trains it, and stores `module_` and `history_`."""
        config = self._config()
        with _seeded(self.random_state) as seed:
            module = self._build(x.shape[1], n_outputs)
            samples = self._samples(x, module)
            if y.is_floating_point():
                y = y.to(samples.dtype)
            train, validation = self._split(samples, y)
            result = fit(module, train, validation, config, seed=seed)
        self.module_: nn.Module = module
        self.history_: TrainResult = result
        self.n_iter_: int = len(result.history)
        return self

    def _config(self) -> FitConfig:
        given = dict(self.fit_options or {})
        names = ("epochs", "batch_size", "optimizer", "lr", "loss", "patience", "progress")
        clash = sorted(given.keys() & {*names, "seed", "dtype", "device"})
        if clash:
            raise errors.InvalidArgumentError(
                f"Argument `fit_options` sets {clash}, which are parameters of "
                f"{type(self).__name__}; pass them there (`seed` is `random_state`)."
            )
        if (self.patience is None) != (self.validation_fraction is None):
            raise errors.InvalidArgumentError(
                "Parameters `patience` and `validation_fraction` work together: pass both, or "
                f"neither. Received {self.patience!r} and {self.validation_fraction!r}."
            )
        return FitConfig(**{name: getattr(self, name) for name in names}, **given)

    def _build(self, n_features: int, n_outputs: int) -> nn.Module:
        options = {
            name.removeprefix(_PREFIX): value
            for name, value in vars(self).items()
            if name.startswith(_PREFIX)
        }
        if not isinstance(self.module, nn.Module):
            return self.module(n_features, n_outputs, **options).to(self.device, self.dtype)
        if options:
            raise errors.InvalidArgumentError(
                f"Options {sorted(options)} have no effect on a finished module; pass a function "
                "or class that builds one."
            )
        return deepcopy(self.module).to(self.device, self.dtype)

    def _samples(self, x: np.ndarray, module: nn.Module) -> torch.Tensor:
        floating = [p.dtype for p in module.parameters() if p.is_floating_point()]
        dtype = self.dtype or (floating[0] if floating else torch.get_default_dtype())
        return torch.tensor(np.ascontiguousarray(x), dtype=dtype)

    def _split(
        self, x: torch.Tensor, y: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor] | None]:
        if self.validation_fraction is None:
            return (x, y), None
        kept = round(len(x) * self.validation_fraction)
        if not 0 < self.validation_fraction < 1 or not 0 < kept < len(x):
            raise errors.InvalidArgumentError(
                "Parameter `validation_fraction` must leave samples on both sides, but "
                f"{self.validation_fraction!r} of {len(x)} samples is {kept}."
            )
        order = torch.randperm(len(x))
        first, rest = order[:kept], order[kept:]
        return (x[rest], y[rest]), (x[first], y[first])

    def _outputs(self, x: Any) -> torch.Tensor:
        check_is_fitted(self)
        checked = validate_data(self, x, reset=False, dtype=[np.float64, np.float32])
        return predict(self.module_, self._samples(checked, self.module_))


class TorchClassifier(ClassifierMixin, AbstractTorchEstimator):
    """A module that returns logits, as a scikit-learn classifier.

    Takes the arguments of `AbstractTorchEstimator`. The module is built with as many outputs as
    there are classes (2 for two classes); a given module may have one output for two classes.

    Attributes:
        classes_: Class labels in sorted order, of any type.
        module_: The trained module.
        history_: What `qml.training.fit` returned.
        n_features_in_: Number of features.
        n_iter_: Number of epochs.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> x, y = load_iris(return_X_y=True)
        >>> model = TorchClassifier(epochs=60, lr=0.1, random_state=0)
        >>> model.fit(x, load_iris().target_names[y]).score(x, load_iris().target_names[y]) > 0.9
        True
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Trains a new module.

        Args:
            X: Samples, `(n, n_features)`, real and finite.
            y: Class labels, `(n,)`, of any type that sorts.

        Returns:
            The estimator.

        Raises:
            ValueError: If the data are invalid or hold fewer than two classes.
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        self.classes_, encoded = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise errors.InvalidArgumentError(
                "A classifier needs samples of at least 2 classes, but the data have one class: "
                f"{self.classes_[0]!r}."
            )
        return self._train(X, torch.as_tensor(encoded, dtype=torch.int64), len(self.classes_))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Returns class probabilities.

        Args:
            X: Samples, `(n, n_features)`.

        Returns:
            `(n, n_classes)`; columns as in `classes_`; rows sum to 1.
        """
        return probabilities(self._outputs(X).double()).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Returns the most probable class label of each sample.

        Args:
            X: Samples, `(n, n_features)`.

        Returns:
            Labels, `(n,)`, of the type that `fit` was given.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])


class TorchRegressor(RegressorMixin, AbstractTorchEstimator):
    """A module that returns numbers, as a scikit-learn regressor (R^2 is its `score`).

    Takes the arguments of `AbstractTorchEstimator`.

    Attributes:
        module_: The trained module.
        history_: What `qml.training.fit` returned.
        n_features_in_: Number of features.
        n_iter_: Number of epochs.

    Examples:
        >>> import numpy as np
        >>> x = np.linspace(-1, 1, 50).reshape(-1, 1)
        >>> model = TorchRegressor(epochs=60, lr=0.1, random_state=0).fit(x, 3 * x[:, 0] - 1)
        >>> model.score(x, 3 * x[:, 0] - 1) > 0.999
        True
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Trains a new module.

        Args:
            X: Samples, `(n, n_features)`, real and finite.
            y: Targets, `(n,)` or `(n, n_outputs)`, real and finite.

        Returns:
            The estimator.

        Raises:
            ValueError: If the data are invalid.
        """
        X, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], multi_output=True, y_numeric=True
        )
        self._flat = y.ndim == 1
        targets = torch.tensor(np.ascontiguousarray(y, dtype=np.float64))
        return self._train(X, targets, 1 if self._flat else y.shape[1])

    def predict(self, X: Any) -> np.ndarray:
        """Returns the predicted targets.

        Args:
            X: Samples, `(n, n_features)`.

        Returns:
            `(n,)` or `(n, n_outputs)`, as the targets that `fit` was given.
        """
        outputs = self._outputs(X).double().numpy()
        return outputs.reshape(len(outputs)) if self._flat else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


@contextmanager
def _seeded(random_state: int | np.random.RandomState | None) -> Iterator[int | None]:
    """Yields a seed for shuffling; torch's generators are seeded inside and put back after."""
    if random_state is None:
        yield None
        return
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield seed
