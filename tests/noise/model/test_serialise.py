"""Models as text: exact round trips, and hostile text."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit, errors, weights
from circuits import gates as g
from noise import (
    BitFlip,
    Depolarizing,
    Kraus,
    NoiseModel,
    OverRotation,
    PauliChannel,
    PauliLindblad,
    PauliTransferMatrix,
    ThermalRelaxation,
)
from tests.support.strategies import random_channel


def rich_model() -> NoiseModel:
    """Every kind of rule, channel and strength."""
    w = weights(2, 2, name="noise")
    places = {"x": None, "cx": [(0, 1), (1, 2)], "ccx": [(0, 1, 2)], "rz": None, "h": [(3,)]}
    model = NoiseModel(basis_gates=places, coupling=[(0, 1), (1, 2)], n_qubits=5,
                       noiseless=["rz"], missing="raise")  # fmt: skip
    model.add(Kraus(random_channel(1, 2)), gates="x", qubits=[0, 1])
    model.add(PauliTransferMatrix(np.diag([1, 0.9, 0.9, 0.8])), qubits=3)
    model.add(PauliChannel({"XX": 0.1 * w[0, 0] + w[0, 1] * w[1, 1], "ZI": w[1, 0]}), gates="cx")
    model.add(OverRotation(0.1, "XZ"), gates="ccx", positions=(0, 2), except_for=[(2, 1, 0)])
    model.add(PauliLindblad({"X": 1 / 3}), gates=["x", "delay"])
    model.add(ThermalRelaxation(math.inf, 1e-4, 1e-7)).add(Depolarizing(0.1, 2), gates="cx")
    model.add_idle(3, 1e-4, w[0, 0]).add_idle(1, math.inf, 2e-5)
    model.add_readout([[1 - 1 / 3, 1 / 3], [0.07, 0.93]], 2)
    return model._noted(["Made by a test: °."])


def test_everything_survives_exactly() -> None:
    model = rich_model()
    back = NoiseModel.from_json(model.to_json())
    assert back == model
    assert back.report == model.report
    assert back.to_json() == model.to_json()


def test_symbols_stay_the_symbols_of_their_declaration() -> None:
    w = weights(1)
    model = NoiseModel.from_json(NoiseModel().add(BitFlip(w[0])).to_json())
    joined = model.apply(Circuit(1, [g.rx(w[0], 0)]))
    assert joined.n_weights == 1


@given(st.lists(st.floats(0, 0.3), min_size=3, max_size=3), st.floats(1e-9, 1.0))
def test_floats_survive_exactly(p: list[float], time: float) -> None:
    model = NoiseModel().add(PauliChannel(dict(zip("XYZ", p, strict=True))))
    model.add(ThermalRelaxation(1.0, 1.0, time)).add_readout(
        [[1 - p[0], p[0]], [p[1], 1 - p[1]]], 0
    )
    assert NoiseModel.from_json(model.to_json()) == model


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    model = rich_model()
    path.write_text("old")
    model.save(path)
    assert NoiseModel.load(str(path)) == model
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]
    path.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(errors.NoiseFileError, match="not text"):
        NoiseModel.load(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "3", '{"format": "other"}', "[" * 100_000, "\x00", '{"version": 1}'],
)
def test_text_that_is_no_model(text: str) -> None:
    with pytest.raises(errors.NoiseFileError):
        NoiseModel.from_json(text)


def test_only_text_is_read() -> None:
    with pytest.raises(errors.NoiseFileError, match="bytes"):
        NoiseModel.from_json(pickle.dumps(rich_model()))  # type: ignore[arg-type]


Change = Callable[[dict[str, Any]], Any]


def _first(content: dict[str, Any]) -> dict[str, Any]:
    return content["rules"][0]


HOSTILE: dict[str, Change] = {
    "version": lambda c: c.update(version=2),
    "version as text": lambda c: c.update(version="1"),
    "unknown key": lambda c: c.update(code="import os"),
    "missing key": lambda c: c.pop("idle"),
    "class": lambda c: _first(c)["channel"].update({"class": "Popen"}),
    "class of python": lambda c: _first(c)["channel"].update({"class": "__import__"}),
    "abstract class": lambda c: _first(c)["channel"].update({"class": "Channel"}),
    "argument": lambda c: c["rules"][6]["channel"]["arguments"].update(file="/etc/passwd"),
    "probability": lambda c: c["rules"][6]["channel"]["arguments"].update(p=1.5),
    "text for a number": lambda c: c["rules"][6]["channel"]["arguments"].update(p="0.1"),
    "bool for a number": lambda c: c["rules"][6]["channel"]["arguments"].update(p=True),
    "width of a channel": lambda c: c["rules"][6]["channel"]["arguments"].update(n_qubits=10**9),
    "huge number": lambda c: c["rules"][6]["channel"]["arguments"].update(p=10**400),
    "shape": lambda c: _first(c)["channel"]["arguments"]["operators"].update(shape=[10**6, 2, 2]),
    "negative shape": lambda c: _first(c)["channel"]["arguments"]["operators"].update(
        shape=[-1, 2, 2]
    ),
    "no channel": lambda c: _first(c)["channel"]["arguments"]["operators"].update(
        real=[2.0] * 12
    ),
    "gate": lambda c: _first(c).update(gates=["os.system"]),
    "gate of a billion controls": lambda c: _first(c).update(
        gates=[f"c^{10**12}(x)"], touched=None, exact=[[0, 1]]
    ),
    "gates as text": lambda c: _first(c).update(gates="x"),
    "qubit": lambda c: _first(c).update(touched=[10**12]),
    "qubit of the machine": lambda c: _first(c).update(touched=[5]),
    "negative qubit": lambda c: _first(c).update(touched=[-1]),
    "fractional qubit": lambda c: _first(c).update(touched=[0.5]),
    "both kinds of places": lambda c: _first(c).update(exact=[[0]]),
    "machine of many qubits": lambda c: c["machine"].update(n_qubits=10**12),
    "machine of no qubits": lambda c: c["machine"].update(n_qubits=0),
    "coupling": lambda c: c["machine"].update(coupling=[[0, 1, 2]]),
    "readout": lambda c: c["readout"].update({"2": [[0.5, 0.6], [0.5, 0.5]]}),
    "readout of no qubit": lambda c: c["readout"].update({"two": [[1, 0], [0, 1]]}),
    "readout elsewhere": lambda c: c["readout"].update({"99999": [[1, 0], [0, 1]]}),
    "policy": lambda c: c.update(missing="silently"),
    "group": lambda c: c["groups"][0].update(shape=[10**9, 10**9]),
    "group name": lambda c: c["groups"][0].update(name="a b"),
    "unused group": lambda c: c["groups"].append(
        {"kind": "input", "name": "y", "shape": [1], "token": ""}
    ),
    "symbol": lambda c: c["idle"]["3"].update(
        t2={"constant": 0.0, "terms": [[1.0, [[0, 99]]]]}
    ),
    "symbol of no group": lambda c: c["idle"]["3"].update(
        t2={"constant": 0.0, "terms": [[1.0, [[7, 0]]]]}
    ),
    "degree": lambda c: c["idle"]["3"].update(
        t2={"constant": 0.0, "terms": [[1.0, [[0, 0]] * 10**4]]}
    ),
    "idle": lambda c: c["idle"]["3"].update(t1=-1.0),
    "report": lambda c: c.update(report=[{"html": "<script>"}]),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_refused(name: str) -> None:
    content = json.loads(rich_model().to_json())
    HOSTILE[name](content)
    with pytest.raises(errors.NoiseFileError):
        NoiseModel.from_json(json.dumps(content))


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(constant: str) -> None:
    text = NoiseModel().add(BitFlip(0.125)).to_json()
    with pytest.raises(errors.NoiseFileError, match=r"finite|valid"):
        NoiseModel.from_json(text.replace("0.125", constant))


def test_the_size_of_the_text_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    from noise.model import serialise

    text = rich_model().to_json()
    monkeypatch.setattr(serialise, "MAX_CHARACTERS", 100)
    with pytest.raises(errors.NoiseFileError, match="100 characters"):
        NoiseModel.from_json(text)
    monkeypatch.setattr(serialise, "MAX_CHARACTERS", 10**6)
    monkeypatch.setattr(serialise, "MAX_RULES", 2)
    with pytest.raises(errors.NoiseFileError, match="2 rules"):
        NoiseModel.from_json(text)
