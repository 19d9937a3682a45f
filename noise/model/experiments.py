"""Probabilities of measured circuits as a function of a noise model's unknown numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.compact import compact_request
from circuits.errors import QubitError, SymbolError
from circuits.execution import Request, Values
from circuits.symbols import Group, Symbol
from noise.model.model import NoiseModel
from noise.model.readout import read_probabilities


@final
class Experiments:
    """Circuits under a model, measured on all their qubits.

    Args:
        model: The model; its strengths may be symbols.
        circuits: Circuits without symbols.
        symbols: The symbols, in the order in which their values come.
        readout: Whether the readout is unknown, too; or the qubits for which it is.

    Attributes:
        fitted: The model's qubits with unknown readout.
        sizes: Number of outcomes of each circuit.
    """

    def __init__(
        self,
        model: NoiseModel,
        circuits: Sequence[Circuit],
        symbols: Sequence[Symbol],
        readout: bool | Sequence[int],
    ) -> None:
        from noise.pauli_transfer import PauliTransfer

        self._backend = PauliTransfer()
        self._model, self._symbols = model, tuple(symbols)
        self._noisy: list[Request] = []
        self._measured: list[tuple[int, ...]] = []
        for k, circuit in enumerate(circuits):
            if circuit.parameters:
                raise SymbolError(
                    f"Circuit {k} has symbols of its own: {circuit!r}. Give them numbers with "
                    "`circuit.bind(...)`; only the noise is fitted."
                )
            lowered = model.lower(circuit, qubits=range(circuit.n_qubits))
            assert lowered.qubits is not None
            noisy = model.apply(lowered.circuit)
            nothing = torch.zeros(1, noisy.n_weights, dtype=torch.float64)
            values = Values(nothing[:, :0], nothing)
            request = compact_request(Request(noisy, values, qubits=lowered.qubits))
            self._noisy.append(request)
            self._measured.append(lowered.qubits)
        self.sizes = [2 ** len(qubits) for qubits in self._measured]
        self.fitted = self._unknown(readout)
        self._check_used()

    def _unknown(self, readout: bool | Sequence[int]) -> tuple[int, ...]:
        measured = sorted({q for qubits in self._measured for q in qubits})
        if isinstance(readout, bool):
            return tuple(measured) if readout else ()
        wrong = [q for q in readout if q not in measured]
        if wrong:
            raise QubitError(f"Argument `readout` names qubit {wrong[0]}, which is not measured.")
        return tuple(readout)

    def _check_used(self) -> None:
        used = {
            symbol
            for request in self._noisy
            for op in request.circuit.ops
            for angle in op.angles
            for symbol in angle.symbols
        }
        unused = [str(symbol) for symbol in self._symbols if symbol not in used]
        if unused:
            raise SymbolError(
                f"No circuit depends on {', '.join(unused)}, so the counts say nothing about it. "
                "Add circuits with the gates whose noise it is."
            )

    def first_flips(self) -> list[float]:
        """P(1|0) and P(0|1) of each fitted qubit, as the model has them or 0.01."""
        known = self._model.readout
        found = [known.get(q) for q in self.fitted]
        pairs = [(0.01, 0.01) if m is None else (m[0, 1], m[1, 0]) for m in found]
        return [float(value) for pair in pairs for value in pair]

    def confusions(self, flips: Tensor) -> dict[int, np.ndarray]:
        """Confusion matrices of the fitted qubits."""
        pairs = flips.detach().reshape(-1, 2).tolist()
        return {
            q: np.array([[1 - up, up], [down, 1 - down]])
            for q, (up, down) in zip(self.fitted, pairs, strict=True)
        }

    def probabilities(self, values: Tensor) -> Tensor:
        """Probabilities of all outcomes of all circuits, one after the other; differentiable.

        Args:
            values: Values of the symbols, then P(1|0) and P(0|1) of each fitted qubit.
        """
        n = len(self._symbols)
        groups = self._groups(values[:n])
        requests = []
        for request in self._noisy:
            parts = [groups[group] for group in request.circuit.weight_groups]
            row = torch.cat(parts) if parts else values[:0]
            filled = Values(values.new_zeros(1, 0), row[None])
            requests.append(Request(request.circuit, filled, qubits=request.qubits))
        results = self._backend.run(requests)
        matrices = self._matrices(values[n:])
        found = []
        for result, qubits in zip(results, self._measured, strict=True):
            assert result.values is not None
            own = [matrices.get(q) for q in qubits]
            perfect = torch.eye(2, dtype=values.dtype)
            stacked = torch.stack([perfect if m is None else m for m in own])
            found.append(read_probabilities(result.values[0], stacked))
        return torch.cat(found)

    def _groups(self, values: Tensor) -> dict[Group, Tensor]:
        """Flat values of each group; entries without a symbol are 0."""
        members: dict[Group, list[tuple[int, int]]] = {}
        for k, symbol in enumerate(self._symbols):
            members.setdefault(symbol.group, []).append((symbol.index, k))
        filled = {}
        for group, pairs in members.items():
            where, which = (torch.tensor(column) for column in zip(*pairs, strict=True))
            filled[group] = values.new_zeros(group.size).index_copy(0, where, values[which])
        return filled

    def _matrices(self, flips: Tensor) -> dict[int, Tensor]:
        found = {q: torch.as_tensor(np.array(m)) for q, m in self._model.readout.items()}
        for q, (up, down) in zip(self.fitted, flips.reshape(-1, 2), strict=True):
            found[q] = torch.stack([torch.stack([1 - up, up]), torch.stack([down, 1 - down])])
        return found
