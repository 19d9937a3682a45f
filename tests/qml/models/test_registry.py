"""Models by name and as plain specifications."""

from __future__ import annotations

import copy
import json

import networkx
import numpy as np
import pytest
import torch

from circuits import DensityMatrix
from circuits.errors import KetworkError, ResourceLimitError
from qml import DataReuploading, data
from qml.models import MODELS, build_model, spec_of
from qml.training import FitConfig, load_checkpoint, save_checkpoint
from tests.qml.models.cases import every_model


@every_model
def test_specifications_are_plain_and_rebuild_the_model(make):
    model = make()
    spec = spec_of(model)
    assert json.loads(json.dumps(spec)) == spec
    twin = build_model(spec)
    assert type(twin) is type(model)
    assert spec_of(twin) == spec
    twin.load_state_dict(model.state_dict())
    x = torch.rand(3, model.in_features)
    assert torch.equal(twin(x), model(x))


NUMPY = {
    "hqnn-quanv": {"kernel_size": np.int64(2), "layers": np.int64(2), "trainable": np.bool_(False)},
    "gradual": {"level": np.int64(2), "layers": np.int64(2), "sharpness": np.float32(3)},
    "qcnn": {"n_qubits": np.int64(2), "chain": np.bool_(True), "sharpness": np.float32(3)},
}


@pytest.mark.parametrize("name", NUMPY)
def test_numbers_of_numpy_become_plain_ones(name):
    spec = spec_of(MODELS[name].build(4, 2, **NUMPY[name]))
    assert json.loads(json.dumps(spec)) == spec
    assert spec_of(build_model(spec)) == spec


def test_a_graph_becomes_its_pairs():
    graph = networkx.star_graph(2)
    model = DataReuploading(2, 2, n_qubits=3, layers=1, entangler=graph)
    assert spec_of(model)["options"]["entangler"] == [[0, 1], [0, 2]]
    assert (
        build_model(spec_of(model)).layer.circuit.content_hash == model.layer.circuit.content_hash
    )


def test_a_checkpoint_holds_all_that_is_needed(tmp_path):
    model = MODELS["reupload"].build(4, 3)
    save_checkpoint(tmp_path / "m.ckpt", model, metadata={"spec": spec_of(model)})
    checkpoint = load_checkpoint(tmp_path / "m.ckpt")
    twin = checkpoint.load_into(build_model(checkpoint.metadata["spec"]))
    x = torch.rand(3, 4)
    assert torch.equal(twin(x), model(x))


def test_how_to_run_is_given_apart_from_the_specification():
    spec = spec_of(MODELS["hybrid"].build(4, 3, n_qubits=2))
    model = build_model(spec, backend=DensityMatrix(), dtype=torch.float64, generator=1)
    assert isinstance(model.layer.backend, DensityMatrix)
    assert {p.dtype for p in model.parameters()} == {torch.float64}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("source", ["digits", "breast_cancer", "iris"])
def test_defaults_fit_images_and_tables(name, source):
    record = MODELS[name]
    assert record.name == name
    FitConfig(**record.training)
    assert set(record.options) <= set(record.option_names)
    raw = data.load(source, seed=0, limit=30)
    prepared, _ = raw.preprocess(record.pipeline(raw.feature_shape))
    model = record.build(prepared.n_features, raw.n_classes)
    assert model(prepared.x_test).shape == (len(prepared.x_test), raw.n_classes)


def test_colour_images_become_amplitudes():
    x = torch.rand(4, 3, 64, 64)
    fitted = MODELS["qcnn"].pipeline((3, 64, 64)).fit(x)
    assert fitted.transform(x).shape == (4, 256)


@pytest.mark.parametrize("name", MODELS)
def test_option_names_are_those_of_the_specification(name):
    options = spec_of(MODELS[name].build(4, 2))["options"]
    assert set(MODELS[name].option_names) == set(options)


GOOD = {"model": "mlp", "in_features": 4, "n_classes": 2, "options": {"hidden": [3]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "qccn"}, "Did you mean 'qcnn'"),
        ({"model": ["mlp"]}, "must be one of reupload, qcnn, mlp, hybrid"),
        ({"options": {"width": 3}}, r"among hidden, activation; unknown: \['width'\]"),
        ({"options": {"dtype": "float64"}}, r"unknown: \['dtype'\]"),
        ({"options": [3]}, "`options` being a dict"),
        ({"in_features": "4"}, "`in_features` must be an integer"),
        ({"in_features": 4.0}, "`in_features` must be an integer"),
        ({"n_classes": 0}, "`n_classes` must be at least 2"),
        ({"model": "hybrid", "options": {"layers": 1}}, r"missing: \['n_qubits'\]"),
        ({"extra": 1}, "must have the keys"),
    ],
)
def test_malformed_specifications_are_refused(change, message):
    with pytest.raises(KetworkError, match=message):
        build_model({**copy.deepcopy(GOOD), **change})


def test_only_our_models_have_a_specification():
    with pytest.raises(KetworkError, match="got Linear"):
        spec_of(torch.nn.Linear(2, 2))
    with pytest.raises(KetworkError, match="must be a dict"):
        build_model(None)


JUNK = [None, True, -1, 2.5, 10**12, float("nan"), "x", "", [], ["x"], [10**9], [[0, 9]], {}, b"x"]


@every_model
def test_hostile_specifications_end_in_our_errors(make):
    spec = spec_of(make())
    refused = 0
    for junk in JUNK:
        changes = [{key: junk} for key in spec]
        changes += [{"options": {**spec["options"], key: junk}} for key in spec["options"]]
        for change in changes:
            try:
                build_model({**spec, **change})
            except KetworkError:
                refused += 1
    assert refused > 40


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("reupload", {"layers": 10**9}),
        ("reupload", {"slots": 10**9}),
        ("qcnn", {"n_qubits": 64}),
        ("mlp", {"hidden": [10**5, 10**5]}),
        ("hqkan", {"multiplier": 10**5}),
        ("hqkan", {"reps": 10**8}),
    ],
)
def test_specifications_that_would_fill_the_memory_are_refused(name, change):
    spec = spec_of(MODELS[name].build(4, 2))
    with pytest.raises(ResourceLimitError, match="construct the model by its class"):
        build_model({**spec, "options": {**spec["options"], **change}})
