"""The contract of a layer, for the models that have no such test beside their own."""

from __future__ import annotations

import pytest
import torch

from circuits.errors import DtypeError
from qml import QCNN, GradualReplacement, HQNNParallel, conformance
from tests.qml.models.cases import ALL

CLASSICAL = ("dtypes", "autocast")
"""What models with classical layers leave to them: these want data in their own dtype, and
automatic casts are meant for them."""
LONG = ("compile", "gradients", "second_derivatives", "forward_mode", "ensembles")
"""Too slow for all entries of a derivative, where there are thousands of parameters."""
WITHOUT: dict[str, tuple[str, ...]] = {
    "reupload": CLASSICAL,
    "reupload-options": (*CLASSICAL, "second_derivatives"),
    "qcnn": LONG[1:],
    "qcnn-angle": (),
    "qcnn-three-classes": LONG,
    "hybrid": (*CLASSICAL, "second_derivatives"),
    "hqnn-parallel": (*CLASSICAL, *LONG),
    "hqnn-quanv": CLASSICAL,
    "hqnn-quanv-overlapping": CLASSICAL,
    "hqnn-quanv-identity": CLASSICAL,
    "gradual": LONG,
    "gradual-half-way": (*CLASSICAL, *LONG),
    "mlp": CLASSICAL,
}
"""Cases of `cases.ALL`, and the checks that are left out."""
CLAIMS = [
    pytest.param(ALL[name], claim, id=f"{name}-{claim}")
    for name, without in WITHOUT.items()
    for claim in conformance.CHECKS
    if claim not in without and (claim != "compile" or name in ("qcnn", "hqnn-quanv"))
]


@pytest.mark.parametrize(("make", "claim"), CLAIMS)
def test_the_contract_of_a_layer(make, claim):
    def factory():
        torch.manual_seed(0)
        return make()

    conformance.CHECKS[claim](factory)


MIXED = [name for name, without in WITHOUT.items() if "dtypes" in without]


@pytest.mark.parametrize("name", MIXED)
def test_classical_layers_want_data_in_their_dtype(name):
    model = ALL[name](dtype=torch.float32)
    x = torch.rand(2, model.in_features, dtype=torch.float64)
    with pytest.raises(DtypeError, match=r"classical layers in torch\.float32\. Convert the data"):
        model(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(x.bfloat16()).shape == (2, model.n_classes)


@pytest.mark.parametrize(
    "make", [lambda: QCNN(16, 2), lambda: GradualReplacement(36, 2, layers=2)], ids=["qcnn", "all"]
)
def test_only_the_result_is_rounded_to_a_half_type(make):
    model = make().half()
    x = torch.rand(5, model.in_features).half() + 0.1
    torch.testing.assert_close(model(x), model.float()(x.float()).half(), rtol=0, atol=0)


def test_batch_normalisation_keeps_its_statistics_beside_the_parameters():
    model = HQNNParallel(16, 2, circuits=1, n_qubits=2, layers=1)
    model.train()(torch.rand(0, 16)).sum().backward()
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())
    model.train()(torch.rand(8, 16))
    model.eval()
    x = torch.rand(3, 16)
    torch.testing.assert_close(model(x), torch.stack([model(row) for row in x]))
