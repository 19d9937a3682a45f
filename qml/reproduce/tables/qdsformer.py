"""QDSFormer on FashionMNIST: doubly stochastic attention by circuits, and what it competes with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import MultiStepLR

from qml.models import QDSFormer
from qml.reproduce.classifier import Recipe, fitted, load_samples
from qml.reproduce.pipelines import standardised
from qml.reproduce.record import Entry, Job, Outcome, Published, Row, Scale, Table
from qml.training.optimizers import SchedulerFactory
from qml.training.randomness import seeded

SOURCE = "Born et al., Quantum Doubly Stochastic Transformers, arXiv:2504.16275, 2 layers, 5 runs"
PUBLISHED = {
    "circuit": Published(0.900, f"{SOURCE}; angles not trained", 0.002),
    "softmax": Published(0.889, SOURCE, 0.001),
    "softmax_sigma": Published(0.846, SOURCE, 0.021),
    "sinkhorn": Published(0.891, SOURCE, 0.007),
    "qr": Published(0.893, SOURCE, 0.001),
}


def _tenths(first: int, second: int) -> SchedulerFactory:
    """The learning rate is divided by 10 after two numbers of epochs."""

    def schedule(optimizer: Optimizer) -> MultiStepLR:
        return MultiStepLR(optimizer, [first, second])

    return schedule


RATE = 5e-4
ANGLE_FACTOR = 10.0
RECIPES: dict[Scale, Recipe] = {
    "smoke": Recipe("digits", standardised, 1, 32, RATE, limit={"train": 64, "test": 32}),
    "small": Recipe(
        "fashion_mnist",
        standardised,
        6,
        100,
        RATE,
        scheduler=_tenths(4, 5),
        limit={"train": 20_000},
        remark="a tenth of the rate after 4 and after 5 epochs",
    ),
    "paper": Recipe(
        "fashion_mnist",
        standardised,
        50,
        100,
        RATE,
        scheduler=_tenths(31, 45),
        remark="a tenth of the rate after 31 and after 45 epochs",
    ),
}


def _trained(method: str, options: Mapping[str, Any]) -> Callable[[Job], Outcome]:
    def train(job: Job) -> Outcome:
        recipe = RECIPES[job.scale]
        samples = load_samples(recipe, job)
        with seeded(job.seed):
            model = QDSFormer(
                samples.n_features,
                samples.n_classes,
                depth=2,
                method=method,
                generator=job.seed,
                **options,
            )
            groups = model.parameter_groups(RATE, ANGLE_FACTOR)
            if len(groups) > 1:
                rates = f"adam {RATE:g}, {ANGLE_FACTOR:g} times that for angles"
                remark = ", ".join(filter(None, [rates, recipe.remark]))
                recipe = replace(recipe, optimizer=lambda _: Adam(groups), lr=None, remark=remark)
            return fitted(model, samples, recipe, job)

    return train


def _entry(name: str, label: str, method: str, **options: Any) -> Entry:
    published = None if "score_size" in options else PUBLISHED[method]
    return Entry(name, f"{label}, FashionMNIST", _trained(method, options), published)


SOFTMAX = _entry("softmax", "softmax", "softmax")
TABLE = Table(
    name="qdsformer",
    title="QDSFormer: doubly stochastic attention in a vision transformer of two layers",
    reference=SOURCE,
    rows=(
        Row("trained", ours=_entry("circuit", "circuit, trained", "circuit"), twin=SOFTMAX),
        Row(
            "frozen",
            ours=_entry("frozen", "circuit, frozen", "circuit", train_circuit=False),
            twin=SOFTMAX,
        ),
        Row("sinkhorn", ours=_entry("sinkhorn", "Sinkhorn", "sinkhorn"), twin=SOFTMAX),
        Row("qr", ours=_entry("qr", "QR", "qr"), twin=SOFTMAX),
        Row(
            "sigma",
            ours=_entry("sigma", "softmax by variance", "softmax_sigma"),
            twin=SOFTMAX,
        ),
        Row(
            "sized",
            ours=_entry("sized", "softmax of scores of size 1", "softmax", score_size=1.0),
            twin=SOFTMAX,
        ),
    ),
    scales={
        "smoke": "1 epoch of 64 embedded digits of 8 x 8 pixels",
        "small": "6 epochs of 20,000 images of 28 x 28 in 7 stripes",
        "paper": "50 epochs of all images of 28 x 28 in 7 stripes",
    },
    notes=(
        "All networks are the same but for the map of scores to the attention matrix: 7 stripes "
        "and a class token, width 128, one head, 16 circuit layers with 4 auxiliary qubits.",
        "The scores of a circuit are brought to a root mean square of 0.25 around an offset of 1, "
        "which is our choice; the paper says only that they are rescaled. In the last row those of "
        "the softmax are brought to a root mean square of 1.",
        "Trained angles have ten times the learning rate of the weights. The paper froze them, at "
        "values from a hardware experiment that were not published; those here are random.",
    ),
)
