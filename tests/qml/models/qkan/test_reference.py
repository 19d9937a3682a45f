"""Outputs and gradients are those of the authors' package `qkan` with the same parameters."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from qml.models.qkan import QKANLayer
from tests.support.qkan_reference import CASES, SIZES, numbers, reference

FROZEN = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}


def compare(expected, dtype):
    layer = QKANLayer(
        SIZES["in"], SIZES["out"], reps=SIZES["reps"], dtype=dtype, **expected["options"]
    )
    state = {n: torch.tensor(v, dtype=dtype) for n, v in expected["parameters"].items()}
    layer.load_state_dict(state)
    x = torch.tensor(expected["x"], dtype=dtype, requires_grad=True)
    y = layer(x)
    (y * numbers(*y.shape, start=2.0).to(dtype)).sum().backward()
    found = {"y": y, "x": x.grad, **{n: p.grad for n, p in layer.named_parameters()}}
    wanted = {"y": expected["y"], "x": expected["by_x"], **expected["gradients"]}
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(
            found[name], torch.tensor(value, dtype=dtype), rtol=TOLERANCES[dtype] * 10,
            atol=TOLERANCES[dtype], msg=lambda m, name=name: f"{name}: {m}",
        )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_frozen_values_of_the_package(name, dtype):
    compare(FROZEN[name], dtype)


@pytest.mark.skipif(importlib.util.find_spec("qkan") is None, reason="needs qkan")
@pytest.mark.parametrize("name", CASES)
def test_values_of_the_installed_package(name):
    compare(reference(CASES[name]), torch.float64)


def test_there_is_a_case_for_every_frozen_value():
    assert CASES.keys() == FROZEN.keys()
