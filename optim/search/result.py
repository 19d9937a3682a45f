"""`SearchResult`: what a search found, what it cost, and how it got there."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from circuits import Circuit
from circuits.errors import CheckpointError
from optim.search.candidate import Candidate

_FORMAT = 1


@final
@dataclass(frozen=True)
class SearchResult:
    """The best circuit of a search.

    Attributes:
        problem: Name of the problem.
        method: Name of the search method.
        candidate: The gates that were found, with their angles.
        energy: Exact energy of the circuit, without noise.
        measured: Its energy as the search evaluated it; differs from `energy` under noise.
        error: `energy` minus the exact ground energy.
        depth: Moments of `candidate`; the problem's initial gates are not counted, nor below.
        cnots: CNOTs of `candidate`.
        rotations: Rotations of `candidate`.
        parameters: Free angles of `candidate`.
        candidates: Candidates whose angles were optimised.
        evaluations: Energies evaluated during the search.
        polish_evaluations: Energies evaluated afterwards, to polish the angles of the best.
        seconds: Wall time, over all runs if it was resumed.
        seed: The seed.
        history: What happened: `"best"` holds a row for each improvement; methods add their own.
        options: Settings of the method and of the evaluator.
        initial: The problem's fixed gates in front of the candidate.
    """

    problem: str
    method: str
    candidate: Candidate
    energy: float
    measured: float
    error: float
    depth: int
    cnots: int
    rotations: int
    parameters: int
    candidates: int
    evaluations: int
    polish_evaluations: int
    seconds: float
    seed: int
    history: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    initial: Candidate | None = field(default=None, repr=False)

    @property
    def circuit(self) -> Circuit:
        """The whole circuit: the problem's initial gates, then those found."""
        whole = self.candidate if self.initial is None else self.initial + self.candidate
        return whole.to_circuit()

    def to_json(self) -> str:
        """The result as JSON text."""
        found = {name: getattr(self, name) for name in _NAMES}
        for name in ("candidate", "initial"):
            found[name] = None if found[name] is None else json.loads(found[name].to_json())
        return json.dumps({"format": _FORMAT, **found}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> SearchResult:
        """The result of a JSON text.

        Raises:
            CheckpointError: If the text is no search result.
        """
        try:
            found = json.loads(text)
            if found.pop("format") != _FORMAT:
                raise CheckpointError(f"Only format {_FORMAT} of search results can be read.")
            for name in ("candidate", "initial"):
                if found[name] is not None:
                    found[name] = Candidate.from_json(json.dumps(found[name]))
            return cls(**found)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise CheckpointError(
                f"This is not the JSON text of a search result: {error}."
            ) from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as JSON; the file is never seen half written."""
        target = Path(path)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        temporary.write_text(self.to_json())
        os.replace(temporary, target)
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SearchResult:
        """Read what `save` wrote.

        Raises:
            CheckpointError: If the file is no search result.
        """
        return cls.from_json(Path(path).read_text())


_NAMES = tuple(entry.name for entry in dataclasses.fields(SearchResult))
