"""What `ketwork mitigate` runs: a circuit from a file, or a trained model on its test samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from circuits import Circuit, PauliSum
from circuits.errors import DataNotFoundError, InvalidArgumentError
from circuits.evaluate import check_observables
from circuits.execution import Probabilities, Request, Values
from circuits.values import bind_values
from qml.models.base import AbstractQuantumModel

from .trained import load_trained


@dataclass(frozen=True)
class Classifier:
    """A trained model and labelled samples, for its accuracy.

    Args:
        model: The model.
        x: Its inputs, `(n, features)`.
        y: True classes, `(n,)`.
    """

    model: AbstractQuantumModel
    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Job:
    """What is run.

    Args:
        name: What to call it.
        circuit: The circuit.
        observables: What is measured.
        names: Text of each observable.
        values: Values of the circuit's symbols at a number of points.
        classifier: The model around the circuit, if there is one.
    """

    name: str
    circuit: Circuit
    observables: tuple[PauliSum, ...]
    names: tuple[str, ...]
    values: Values
    classifier: Classifier | None = None

    def request(self, shots: int | None, generator: torch.Generator) -> Request:
        """The request for all points."""
        return Request(
            self.circuit, self.values, self.observables, shots=shots, generator=generator
        )


def job_from_qasm(
    path: Path, observables: Sequence[str] | None, angles: Sequence[float] | None
) -> Job:
    """A circuit from a QASM file.

    Args:
        path: The file.
        observables: Such as `"Z0 Z1"`; `None` takes Z on each measured qubit, or on all.
        angles: Values of its parameters, in order of first use.

    Raises:
        DataNotFoundError: If there is no such file.
        InvalidArgumentError: If the number of angles is not that of the parameters.
        KetworkError: If the file is no QASM, or an observable no Pauli sum.
    """
    if not path.is_file():
        raise DataNotFoundError(f"There is no file {path}.")
    circuit = Circuit.from_qasm_file(path)
    free = circuit.n_inputs + circuit.n_weights
    numbers = [] if angles is None else list(angles)
    if len(numbers) != free:
        names = ", ".join(group.name for group in circuit.parameters) or "none"
        raise InvalidArgumentError(
            f"--angles must give {free} values, one per parameter of the circuit ({names}), but "
            f"{len(numbers)} were given."
        )
    measured = sorted(circuit.measured) or range(circuit.n_qubits)
    texts = tuple(observables or (f"Z{q}" for q in measured))
    row = torch.tensor([numbers], dtype=torch.float64)
    values = Values(row[:, : circuit.n_inputs], row[:, circuit.n_inputs :])
    return Job(path.name, circuit, check_observables(circuit, list(texts)), texts, values)


def job_from_checkpoint(path: Path, limit: int, data_dir: Path | None) -> Job:
    """The circuit of a trained model, at the values it has for test samples.

    Args:
        path: The checkpoint, or the folder of a run.
        limit: Most samples.
        data_dir: Folder with the files of its data set, where it has some.

    Raises:
        CheckpointError: If the checkpoint is damaged.
        InvalidArgumentError: If the model holds no circuit.
    """
    if not path.exists():
        raise DataNotFoundError(f"There is no file {path}.")
    trained = load_trained(path)
    if not isinstance(trained.model, AbstractQuantumModel):
        raise InvalidArgumentError(
            f"{path} is a {type(trained.model).__name__}, which holds no circuit to mitigate."
        )
    dataset = trained.settings.load_data(data_dir)
    x = trained.inputs(dataset.x_test[:limit]).double()
    model = trained.model.double()
    name = f"{trained.settings.model} from {path.name}"
    return job_from_model(name, model, x, dataset.y_test[:limit])


def job_from_model(name: str, model: AbstractQuantumModel, x: Tensor, y: Tensor) -> Job:
    """The circuit of a model, at the values it has for samples.

    Args:
        name: What to call it.
        model: The model.
        x: Its inputs, `(n, features)`.
        y: True classes, `(n,)`.
    """
    layer = model.layer
    if isinstance(layer.observables, Probabilities):
        raise InvalidArgumentError(
            f"{name}: its circuit returns probabilities; only expectation values can be mitigated."
        )
    found: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    with torch.no_grad(), hook:
        model(x)
    weight = layer.weight
    weights = dict(weight.items()) if isinstance(weight, nn.ParameterDict) else weight
    bound = bind_values(layer.circuit, found[0], weights, flat=True)
    values = Values(bound.values.inputs.detach(), bound.values.weights.detach())
    names = tuple(_name(observable) for observable in layer.observables)
    return Job(name, layer.circuit, layer.observables, names, values, Classifier(model, x, y))


def _name(observable: PauliSum) -> str:
    text = str(observable)
    return text.removeprefix("1 * ") if len(observable) == 1 else text
