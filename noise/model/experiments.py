"""Probabilities of measured circuits as a function of a noise model's unknown numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.compact import compact_request
from circuits.errors import InvalidArgumentError, QubitError, SymbolError
from circuits.execution import Request, Values
from circuits.machines.lowering import is_native
from circuits.symbols import Group, Symbol
from noise.model.model import NoiseModel
from noise.model.readout import read_probabilities

_ENTRIES = 2**23  # of Pauli vectors that are alive at once


@final
class Experiments:
    """Circuits under a model, and what was measured of them.

    Args:
        model: The model; its strengths may be symbols.
        circuits: Circuits without symbols, in the model's gates.
        measured: For each circuit the qubits that were measured.
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
        measured: Sequence[tuple[int, ...]],
        symbols: Sequence[Symbol],
        readout: bool | Sequence[int],
    ) -> None:
        from noise.pauli_transfer import PauliTransfer

        self._model, self._symbols, self._measured = model, tuple(symbols), list(measured)
        self._noisy = [
            self._request(k, circuit, qubits)
            for k, (circuit, qubits) in enumerate(zip(circuits, measured, strict=True))
        ]
        # One backend for each circuit: a backend remembers a limited number of circuits.
        self._backends = [PauliTransfer() for _ in self._noisy]
        self.sizes = [2 ** len(qubits) for qubits in self._measured]
        self.fitted = self._unknown(readout)
        self._check_used()

    def _request(self, k: int, circuit: Circuit, qubits: tuple[int, ...]) -> Request:
        if circuit.parameters:
            raise SymbolError(
                f"Circuit {k} has symbols of its own: {circuit!r}. Give them numbers with "
                "`circuit.bind(...)`; only the noise is fitted."
            )
        if not is_native(self._model._machine, circuit):
            raise InvalidArgumentError(
                f"Circuit {k} is not made of the model's gates on its coupling, so it cannot be "
                "what was run: a transpiler came between. Fit the circuits that were run, such as "
                "`model.lower(circuit).circuit`."
            )
        noisy = self._model.apply(circuit)
        nothing = torch.zeros(1, noisy.n_weights, dtype=torch.float64)
        return compact_request(Request(noisy, Values(nothing[:, :0], nothing), qubits=qubits))

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

    def slopes(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of all outcomes of all circuits, and their derivatives.

        The derivatives of all outcomes of a circuit come from one backward pass: of a batch of
        equal rows, of which each shows another outcome.

        Args:
            values: Values of the symbols, then P(1|0) and P(0|1) of each fitted qubit.

        Returns:
            `(outcomes,)`, one circuit after the other, and `(outcomes, values)`.
        """
        n = len(self._symbols)
        matrices = self._matrices(values[n:].detach())
        found, parts = [], []
        for k, (qubits, size) in enumerate(zip(self._measured, self.sizes, strict=True)):
            own = self._stacked(matrices, qubits)
            ideal, columns = self._ideal_slopes(k, values[:n].detach(), size)
            by_strength = read_probabilities(columns.T, own).T

            def read(
                flips: Tensor, ideal: Tensor = ideal, qubits: tuple[int, ...] = qubits
            ) -> Tensor:
                return read_probabilities(ideal, self._stacked(self._matrices(flips), qubits))

            by_flip = torch.autograd.functional.jacobian(read, values[n:].detach())
            found.append(read_probabilities(ideal, own))
            parts.append(torch.cat([by_strength, by_flip], dim=1))
        return torch.cat(found), torch.cat(parts)

    def _ideal_slopes(self, k: int, values: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Probabilities `(size,)` before readout, and their derivatives `(size, symbols)`."""
        rows = max(1, _ENTRIES // 4 ** self._noisy[k].circuit.n_qubits)
        columns = []
        for first in range(0, size, rows):
            which = torch.arange(first, min(first + rows, size))
            batch = values.expand(len(which), -1).clone().requires_grad_()
            ideal = self._run(k, self._rows(k, batch))
            shown = ideal[torch.arange(len(which)), which].sum()
            slope = torch.zeros_like(batch)
            if shown.requires_grad and batch.numel():
                (slope,) = torch.autograd.grad(shown, batch)
            columns.append(slope)
        return ideal[0].detach(), torch.cat(columns)

    def _run(self, k: int, rows: Tensor) -> Tensor:
        request = self._noisy[k]
        filled = Request(request.circuit, Values(rows[:, :0], rows), qubits=request.qubits)
        (result,) = self._backends[k].run([filled])
        assert result.values is not None
        return result.values

    def _rows(self, k: int, values: Tensor) -> Tensor:
        """Weights `(points, n)` of the circuit; entries of groups that are no symbols are 0."""
        parts = []
        for group in self._noisy[k].circuit.weight_groups:
            where, which = self._places(group)
            zeros = values.new_zeros(len(values), group.size)
            parts.append(zeros.index_copy(1, where, values[:, which]))
        return torch.cat(parts, dim=1) if parts else values[:, :0]

    def _places(self, group: Group) -> tuple[Tensor, Tensor]:
        """Entries of a group that are symbols, and the positions of their values."""
        pairs = [(s.index, k) for k, s in enumerate(self._symbols) if s.group == group]
        where, which = zip(*pairs, strict=True)
        return torch.tensor(where), torch.tensor(which)

    def _stacked(self, matrices: dict[int, Tensor], qubits: tuple[int, ...]) -> Tensor:
        perfect = torch.eye(2, dtype=torch.float64)
        return torch.stack([matrices.get(q, perfect) for q in qubits])

    def _matrices(self, flips: Tensor) -> dict[int, Tensor]:
        found = {q: torch.as_tensor(np.array(m)) for q, m in self._model.readout.items()}
        for q, (up, down) in zip(self.fitted, flips.reshape(-1, 2), strict=True):
            found[q] = torch.stack([torch.stack([1 - up, up]), torch.stack([down, 1 - down])])
        return found
