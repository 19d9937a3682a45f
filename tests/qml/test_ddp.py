"""Data-parallel training: 2 ranks with batch B are 1 rank with batch 2B, under `torchrun`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from circuits import Circuit, inputs, weights
from circuits import gates as g
from qml import QuantumLayer

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="torch without distributed"
)

ROOT = Path(__file__).resolve().parents[2]
STEPS, BATCH = 4, 6

WORKER = """
import os
import sys
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from tests.qml.test_ddp import make_model, make_data, train

dist.init_process_group("gloo")
rank, ranks = dist.get_rank(), dist.get_world_size()
assert ranks == 2
model = make_model(sys.argv[1])
x, y = make_data()
train(DistributedDataParallel(model), x[:, rank::ranks], y[:, rank::ranks])
torch.save(model.state_dict(), f"{sys.argv[2]}/{rank}.pt")
dist.destroy_process_group()
os._exit(0)  # Gloo's threads may abort an interpreter that is torn down (torch 2.13)
"""


def make_model(diff_method: str) -> nn.Sequential:
    torch.manual_seed(3)
    x, w = inputs(2), weights(2, 2)
    circuit = Circuit(
        2,
        [g.rx(x[0], 0), g.ry(w[0, 0] * x[1], 1), g.cx(0, 1), g.crz(w[0, 1], 1, 0)]
        + [g.ry(w[1, q], q) for q in range(2)],
    )
    layer = QuantumLayer(circuit, ["Z0", "X1"], diff_method=diff_method)
    return nn.Sequential(nn.Linear(3, 2), layer, nn.Linear(2, 1)).double()


def make_data() -> tuple[torch.Tensor, torch.Tensor]:
    """`STEPS` batches of `2 * BATCH` samples."""
    generator = torch.Generator().manual_seed(8)
    x = torch.rand(STEPS, 2 * BATCH, 3, generator=generator, dtype=torch.float64)
    return x, x.sum(-1, keepdim=True).sin()


def train(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for xs, ys in zip(x, y, strict=True):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(xs), ys).backward()
        optimizer.step()


@pytest.mark.parametrize("diff_method", ["auto", "parameter-shift"])
def test_two_ranks_are_one_with_twice_the_batch(tmp_path, diff_method):
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
               str(worker), diff_method, str(tmp_path)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    alone = make_model(diff_method)
    start = {name: value.clone() for name, value in alone.state_dict().items()}
    train(alone, *make_data())
    for rank in range(2):
        state = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert set(state) == set(start)
        for name, value in alone.state_dict().items():
            assert not torch.equal(value, start[name]), name
            torch.testing.assert_close(state[name], value, rtol=0, atol=1e-10)
