"""`fit`: a model's unknown strengths from measured counts, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, InvalidArgumentError, SymbolError
from circuits.symbols import Symbol
from noise.model import binding
from noise.model.experiments import Experiments
from noise.model.likelihood import Likelihood
from noise.model.model import NoiseModel
from noise.model.outcomes import count_table
from noise.model.ranges import Ranges, flips, free_flips


@final
@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted noise model.

    Attributes:
        model: The model with the estimates for its symbols, and the fitted readout.
        estimates: Estimate of each symbol, by group name in the group's shape; NaN for entries
            that the model does not use.
        standard_errors: Likewise, from the Fisher information; infinite where the data do not
            determine a symbol. At the end of a range: the distance over which the likelihood falls
            by a factor e.
        readout_errors: Standard errors `(2,)` of P(1|0) and P(0|1) of each fitted qubit.
        covariance: `(n, n)` of all symbols in order of first use, then P(1|0) and P(0|1) of each
            fitted qubit.
        log_likelihood: Of the counts, without the multinomial coefficients.
        deviance: 2 sum of count * log(observed / fitted frequency): about as large as
            `degrees_of_freedom` if the model explains the data.
        degrees_of_freedom: Number of independent frequencies minus that of fitted numbers.
        iterations: Steps of the optimiser.
        converged: Whether it ended by itself.
    """

    model: NoiseModel
    estimates: dict[str, Tensor]
    standard_errors: dict[str, Tensor]
    readout_errors: dict[int, np.ndarray]
    covariance: np.ndarray
    log_likelihood: float
    deviance: float
    degrees_of_freedom: int
    iterations: int
    converged: bool

    def __repr__(self) -> str:
        parts = [
            f"{name}={_shown(value, self.standard_errors[name])}"
            for name, value in self.estimates.items()
        ]
        ended = "" if self.converged else f"NOT CONVERGED after {self.iterations} steps, "
        return (
            f"Fit({', '.join(parts)}, {ended}deviance {self.deviance:.4g} for "
            f"{self.degrees_of_freedom} degrees of freedom)"
        )


def _shown(values: Tensor, errors: Tensor) -> str:
    pairs = zip(values.ravel().tolist(), errors.ravel().tolist(), strict=True)
    texts = [f"{value:.4g}±{error:.2g}" for value, error in pairs]
    return texts[0] if values.dim() == 0 else f"[{', '.join(texts)}]"


def fit(
    model: NoiseModel,
    circuits: Circuit | Sequence[Circuit],
    counts: Any,
    *,
    readout: bool | Sequence[int] = False,
    start: Mapping[str, Any] | None = None,
    max_iterations: int = 500,
    progress: bool = True,
) -> Fit:
    """Fit the symbols in a model's strengths to measured counts.

    Maximises the multinomial likelihood of the counts over the symbols (and the readout), with
    gradients through `PauliTransfer`. Parameters are chosen so that no strength leaves its range.

    Args:
        model: A model with `weights(...)` symbols as strengths. Each strength is one symbol, times
            and plus numbers.
        circuits: One or several circuits without symbols, as they were run: in the model's gates
            where it names them (`model.lower(circuit).circuit`).
        counts: For each circuit, in order, a dict from bitstrings to numbers, as Qiskit and Aer
            return it (the rightmost bit is classical bit 0 of `circuit.measured`, or qubit 0 of
            all qubits if that is empty), or samples uint8 `(shots, n)` of all qubits.
        readout: Fit also P(1|0) and P(0|1), each below one half: of all measured qubits, or of
            the listed ones (numbered as in the model).
        start: First values by group name; by default 0.01, and for times 100, 50 and 0.1 us.
        max_iterations: Largest number of steps.
        progress: Show a progress bar if the fit takes more than two seconds.

    Returns:
        Estimates with standard errors, and the model that they make.

    Raises:
        SymbolError: If there is nothing to fit, a circuit has symbols, or no circuit depends on a
            symbol.
        InvalidArgumentError: If a circuit is not made of the model's gates, or outcomes were seen
            that are impossible under the model.
        ShapeError: If counts do not fit their circuit.

    >>> from circuits import Circuit, gates as g, weights
    >>> from noise import BitFlip
    >>> model = NoiseModel().add(BitFlip(weights(name="p")), gates="x")
    >>> fit(model, [Circuit(1, [g.x(0)])], [{"1": 9_300, "0": 700}])
    Fit(p=0.07±0.0026, deviance 0 for 0 degrees of freedom)
    """
    if not isinstance(model, NoiseModel):
        raise ArgumentTypeError(f"Argument `model` must be a NoiseModel, got {model!r}.")
    limit = integer(max_iterations, "max_iterations")
    circuits = [circuits] if isinstance(circuits, Circuit) else list(circuits)
    counts = [counts] if isinstance(counts, Mapping | Tensor) else list(counts)
    for k, circuit in enumerate(circuits):
        if not isinstance(circuit, Circuit):
            raise ArgumentTypeError(
                f"Argument `circuits` must hold Circuits, got {type(circuit).__name__} at {k}. "
                "Qiskit's are imported by `Circuit.from_qiskit(circuit)`."
            )
    if not circuits or len(circuits) != len(counts):
        raise InvalidArgumentError(
            f"Arguments `circuits` and `counts` must be equally long and not empty, got "
            f"{len(circuits)} and {len(counts)}."
        )
    tables = [
        count_table(one, circuit, k)
        for k, (one, circuit) in enumerate(zip(counts, circuits, strict=True))
    ]
    table = [numbers for _, numbers in tables]
    observed = torch.cat(table)
    ranges = Ranges(binding.template_ops(model.rules, model.idle))
    measured = [qubits for qubits, _ in tables]
    experiments = Experiments(model, circuits, measured, ranges.symbols, readout)
    if not ranges.symbols and not experiments.fitted:
        raise SymbolError(
            "There is nothing to fit: the model has no symbols. Build it with `weights(...)` as "
            "strengths, or fit the readout with `readout=True`."
        )
    first = {} if start is None else binding.numbers(dict(start), model.parameters)
    free = torch.cat([ranges.start(first), free_flips(experiments.first_flips())])
    n = len(ranges.symbols)

    def natural(parameters: Tensor) -> Tensor:
        return torch.cat(
            [ranges.values(parameters[:n]) if n else parameters[:0], flips(parameters[n:])]
        )

    shots = torch.cat([one.sum().expand(len(one)) for one in table])
    likelihood = Likelihood(experiments, natural, observed, shots)
    found = likelihood.maximum(free, limit, progress)
    last = torch.tensor(found.x, dtype=torch.float64)
    values = natural(last).detach()
    reach = torch.autograd.functional.jacobian(natural, last).norm(dim=1)
    covariance = likelihood.covariance(values, reach)
    return _result(model, ranges, experiments, values, covariance, observed, found, table)


def _result(
    model: NoiseModel,
    ranges: Ranges,
    experiments: Experiments,
    values: Tensor,
    covariance: np.ndarray,
    observed: Tensor,
    found: Any,
    table: Sequence[Tensor],
) -> Fit:
    n = len(ranges.symbols)
    errors = torch.tensor(np.sqrt(np.diagonal(covariance)))
    by_symbol = dict(zip(ranges.symbols, values.tolist(), strict=False))
    fitted = model.bind(_by_group(by_symbol, 0.0)) if n else model.copy()
    for qubit, matrix in experiments.confusions(values[n:]).items():
        fitted.add_readout(matrix, qubit)
    frequencies = torch.cat([one / one.sum() for one in table])
    log_likelihood = -float(found.fun) * float(observed.sum())
    largest = float(torch.special.xlogy(observed, frequencies).sum())
    return Fit(
        model=fitted,
        estimates=_by_group(by_symbol, float("nan")),
        standard_errors=_by_group(
            dict(zip(ranges.symbols, errors.tolist(), strict=False)), float("nan")
        ),
        readout_errors={
            qubit: errors[n + 2 * k : n + 2 * k + 2].numpy()
            for k, qubit in enumerate(experiments.fitted)
        },
        covariance=covariance,
        log_likelihood=log_likelihood,
        deviance=2 * (largest - log_likelihood),
        degrees_of_freedom=sum(len(one) - 1 for one in table) - len(values),
        iterations=int(found.nit),
        converged=bool(found.success),
    )


def _by_group(numbers: Mapping[Symbol, float], unused: float) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for symbol, number in numbers.items():
        group = symbol.group
        flat = found.setdefault(group.name, torch.full((group.size,), unused, dtype=torch.float64))
        flat[symbol.index] = number
    shapes = {symbol.group.name: symbol.group.shape for symbol in numbers}
    return {name: flat.reshape(shapes[name]) for name, flat in found.items()}
