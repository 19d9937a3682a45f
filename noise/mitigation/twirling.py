"""Pauli twirling: random Paulis around two-qubit Clifford gates, undone exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import torch

from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result, Seed, as_generator
from circuits.gates.table import gate_named
from noise.clifford import Conjugation, conjugation_of
from noise.mitigation.base import Mitigation, derive, split_shots, values_of
from noise.mitigation.frames import FrameWriter
from noise.mitigation.pulses import NativePaulis, native_paulis

_MOST_ENUMERATED = 4096


@final
class PauliTwirling(Mitigation):
    """Average over random Paulis around two-qubit Clifford gates.

    Each twirl replaces a gate U by P' U P, with P a random two-qubit Pauli and
    P' = U P U^dagger, which is U up to a sign. The average over P turns the noise E of the gate
    into the Pauli channel with the same diagonal of the Pauli transfer matrix,

        E -> 1/16 sum_P P E(P . P) P,

    so coherent errors no longer add up in amplitude, and methods that assume Pauli noise hold.
    Paulis are written in native gates of the lowered circuit; the number of two-qubit gates does
    not change. Two-qubit gates that are not Clifford, or that depend on symbols, stay as they are
    (`metadata["twirled_gates"]` counts the others).

    The variance of a sampled mean is that between the twirls, which holds the shot noise too.
    Requests for samples get those of all twirls together, in random order.

    Args:
        backend: Where the twirled circuits run.
        n_twirls: Number of random circuits, or `"all"`: every combination once (16 per gate, at
            most 4096), which is the exact average.
        gates: Names of the gates to twirl; `None` takes every two-qubit Clifford gate.
        merge: Carry Paulis through one-qubit gates, join them with those of the next gate, and
            absorb what is left in the angles of `rz` next to `sx`; otherwise each is a gate of its
            own.
        seed: Source of the random Paulis: an integer repeats them in every run. By default they
            come from the request's generator.

    Raises:
        InvalidArgumentError: If `n_twirls` is below 1, or a gate does not act on two qubits.
        UnknownGateError: If a name is not in the gate table.

    References:
        Wallman and Emerson, Phys. Rev. A 94, 052325 (2016), section III.

    >>> from circuits import StateVector
    >>> PauliTwirling(StateVector("torch"), n_twirls=8)
    PauliTwirling(StateVector(engine=torch), n_twirls=8)
    """

    def __init__(
        self,
        backend: Backend,
        *,
        n_twirls: int | str = 32,
        gates: Iterable[str] | None = None,
        merge: bool = True,
        seed: Seed = None,
    ) -> None:
        super().__init__(backend)
        as_generator(seed)
        self.n_twirls = n_twirls if n_twirls == "all" else integer(n_twirls, "n_twirls")
        self.gates = None if gates is None else _two_qubit_gates(gates)
        self.merge = merge
        self.seed = seed

    def __repr__(self) -> str:
        chosen = "" if self.gates is None else f", gates={self.gates!r}"
        return f"PauliTwirling({self.backend!r}, n_twirls={self.n_twirls!r}{chosen})"

    def prepare(self, request: Request) -> list[Request]:
        sites = find_sites(request.circuit, self.gates)
        if not sites:
            return [derive(request, tags={"twirled_gates": 0})]
        paulis = native_paulis(self.backend, request.circuit.n_qubits)
        choices = self._choices(request, len(sites))
        shots = split_shots(request.shots, [1] * len(choices), name="twirls")
        return [
            derive(
                request,
                circuit=twirl(request.circuit, sites, choice, paulis, merge=self.merge),
                shots=part,
                tags={"twirled_gates": len(sites)},
            )
            for choice, part in zip(choices, shots, strict=True)
        ]

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        twirled, k = results[0].metadata.get("twirled_gates", 0), len(results)
        facts = {"twirls": k if twirled else 0, "twirled_gates": twirled}
        if request.qubits is not None and request.shots is not None:
            return Result(samples=_shuffled(request, results), metadata=facts)
        values, variances = values_of(results, "PauliTwirling")
        if k > 1 and self.n_twirls != "all":
            spread = values.detach().var(dim=0) / k
        elif variances is not None:
            spread = variances.sum(dim=0) / k**2
        else:
            spread = None
        return Result(values=values.mean(dim=0), variances=spread, metadata=facts)

    def _choices(self, request: Request, n_sites: int) -> list[tuple[int, ...]]:
        if self.n_twirls == "all":
            if 16**n_sites > _MOST_ENUMERATED:
                raise InvalidArgumentError(
                    f"n_twirls='all' would run 16**{n_sites} circuits for {n_sites} two-qubit "
                    f"gates; at most {_MOST_ENUMERATED} are run. Give a number of twirls."
                )
            return list(itertools.product(range(16), repeat=n_sites))
        generator = as_generator(self.seed)
        source = request.generator if generator is None else generator
        assert not isinstance(source, int)
        drawn = torch.randint(16, (int(self.n_twirls), n_sites), generator=source)
        return [tuple(row) for row in drawn.tolist()]


@dataclass(frozen=True, slots=True)
class Site:
    """A gate that is twirled: its position in the circuit and what it does to Paulis."""

    position: int
    conjugation: Conjugation


def find_sites(circuit: Circuit, gates: tuple[str, ...] | None = None) -> list[Site]:
    """The gates of a circuit that can be twirled.

    Args:
        circuit: A lowered circuit.
        gates: Names of gates that must be twirled; `None` takes all two-qubit Clifford gates.

    Raises:
        UnsupportedOperationError: If a named gate is not Clifford here, or the circuit has
            two-qubit gates and none of the named ones.
    """
    sites: list[Site] = []
    others: set[str] = set()
    for position, op in enumerate(circuit.ops):
        if len(op.qubits) != 2:
            continue
        table = None
        if gates is None or op.name in gates:
            table = conjugation_of(op)
        if table is not None:
            sites.append(Site(position, table))
        elif gates is not None and op.name in gates:
            raise UnsupportedOperationError(
                f"Operation {position} (`{op!r}`) is not a Clifford gate, so it cannot be twirled "
                "with Paulis. Leave it out of `gates`."
            )
        elif op.kind != "barrier" and not op.is_channel:
            others.add(op.name)
    if gates is not None and others and not sites:
        raise UnsupportedOperationError(
            f"Argument `gates` names {', '.join(gates)}, but the two-qubit gates of the lowered "
            f"circuit are {', '.join(sorted(others))}: nothing would be twirled. Name one of them, "
            "or leave `gates` out."
        )
    return sites


def twirl(
    circuit: Circuit,
    sites: Sequence[Site],
    choice: Sequence[int],
    paulis: NativePaulis,
    *,
    merge: bool = True,
) -> Circuit:
    """The circuit with chosen Paulis around its sites, equal to it up to a global phase.

    Args:
        circuit: The circuit.
        sites: Gates to twirl, from `find_sites`.
        choice: One two-qubit Pauli (0 to 15, digit of the first qubit least significant) for each.
        paulis: Native gates for Paulis.
        merge: Carry and absorb Paulis (see `PauliTwirling`).
    """
    chosen = {
        site.position: (before, site.conjugation.images[before])
        for site, before in zip(sites, choice, strict=True)
    }
    writer = FrameWriter(circuit.n_qubits, paulis, merge=merge)
    for position, op in enumerate(circuit.ops):
        before, after = chosen.get(position, (0, 0))
        for k, qubit in enumerate(op.qubits if position in chosen else ()):
            writer.add_pauli(before >> 2 * k & 3, qubit)
        writer.add(op)
        for k, qubit in enumerate(op.qubits if position in chosen else ()):
            writer.add_pauli(after >> 2 * k & 3, qubit)
    return writer.circuit()


def _shuffled(request: Request, results: Sequence[Result]) -> torch.Tensor:
    """The samples of all twirls `(points, shots, k)`."""
    parts = [result.samples for result in results if result.samples is not None]
    samples, source = torch.cat(parts, dim=1), as_generator(request.generator)
    device = torch.device("cpu") if source is None else source.device
    order = torch.randperm(samples.shape[1], generator=source, device=device)
    return samples[:, order.to(samples.device)]


def _two_qubit_gates(names: Iterable[str]) -> tuple[str, ...]:
    given = (names,) if isinstance(names, str) else tuple(names)
    if not given:
        raise InvalidArgumentError("Argument `gates` must name at least one gate, got none.")
    for name in given:
        if gate_named(name).n_qubits not in (2, None):
            raise InvalidArgumentError(
                f"Argument `gates` must name gates on two qubits, got {name!r}."
            )
    return given
