"""What the written table says: means, spreads, parameters, and who is ahead."""

from __future__ import annotations

import json
import statistics

import pytest
import torch

from circuits.errors import CheckpointError, InvalidArgumentError
from qml.reproduce import Entry, Job, Outcome, Published, Row, Table, reproduce
from qml.reproduce.markdown import lines, markdown
from qml.reproduce.stages import Stage, in_stages
from qml.training import save_checkpoint
from tests.qml.reproduce.tiny import entry, fixed


def table(metric="accuracy", twin=0.7, **more):
    rows = (
        Row(
            "x",
            entry("ours", fixed({0: 0.8, 1: 0.9}, 1234), Published(0.75, "Paper A", 0.01, 1200)),
            entry("twin", fixed({0: twin, 1: twin}, 1300), Published(0.66, "Paper A")),
            entry("bare", fixed({0: 0.85, 1: 0.85})),
        ),
        Row("y", entry("other", fixed({0: 0.5, 1: 0.5}), Published(0.4, "Paper B"))),
    )
    return Table("t", "Title", "Reference", rows, metric=metric, **more)


def test_markdown(tmp_path):
    summary = reproduce(table(notes=("A note.",)), tmp_path, seeds=(0, 1))
    text = markdown(summary)
    assert text == (tmp_path / "table.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| OURS"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "OURS", "75.00 ± 1.00 % (1,200 p.)", "85.00 ± 7.07 % (2)", "1,234", "2.0 s",
        "70.00 ± 0.00 % (2); published 66.00 %", "1,300", "85.00 ± 0.00 % (2)", "7",
    ]  # fmt: skip
    assert "* A note." in text
    assert "OURS: the network without circuit (BARE) is not behind." in text
    assert "OURS: the classical twin" not in text
    assert "Published for OURS, TWIN: Paper A." in text
    assert "Trained: not at all." in text


@pytest.mark.parametrize(("metric", "twin", "ahead"), [
    ("accuracy", 0.9, True), ("accuracy", 0.8, False), ("loss", 0.9, False), ("loss", 0.8, True),
])  # fmt: skip
def test_a_twin_that_is_ahead_is_named(tmp_path, metric, twin, ahead):
    text = markdown(reproduce(table(metric, twin), tmp_path, seeds=(0, 1)))
    assert ("OURS: the classical twin (TWIN) is not behind." in text) == ahead


def test_what_was_not_run_is_said(tmp_path):
    summary = reproduce(table(), tmp_path, rows=["y"])
    text = markdown(summary)
    assert "| OURS | 75.00 ± 1.00 % (1,200 p.) | not run |" in text
    stored = json.loads((tmp_path / "result.json").read_text())
    assert stored["accuracy"] is None
    assert stored["rows"][1]["ours"]["value"] == 0.5
    assert stored["rows"][1]["twin"] is None


def test_smoke_scale_is_said_to_show_nothing(tmp_path):
    for scale, said in (("smoke", True), ("small", False)):
        text = markdown(reproduce(table(), tmp_path / scale, scale=scale))
        assert ("Smoke scale shows only that everything runs" in text) == said


def test_numbers_of_a_cell(tmp_path):
    cell = reproduce(table(), tmp_path, seeds=(0, 1)).cells["ours"]
    assert cell.mean == pytest.approx(0.85)
    assert cell.spread == pytest.approx(statistics.stdev([0.8, 0.9]))
    assert cell.seconds == 2.0
    one = reproduce(table(), tmp_path / "one").cells["ours"]
    assert one.spread is None


def test_lines_for_narrow_places(tmp_path):
    summary = reproduce(table("loss"), tmp_path)
    headings, found = lines(summary)
    assert [line[0] for line in found] == ["OURS", "  twin: TWIN", "  ablation: BARE", "OTHER"]
    assert found[0] == ["OURS", "7.50e-01 ± 1.0e-02 (1,200 p.)", "8.00e-01 (1)", "1,234", "2.0 s"]
    assert len(headings) == len(found[0])


def test_rows_that_were_not_trained_need_no_lines(tmp_path):
    summary = reproduce(table(), tmp_path, rows=["y"])
    assert [line[0] for line in lines(summary)[1]] == ["OTHER"]
    nothing = reproduce(table(), tmp_path / "none", seeds=())
    assert [line[2] for line in lines(nothing)[1]] == ["not run"] * 4


def test_names_are_checked():
    with pytest.raises(InvalidArgumentError, match="joined by dashes, got 'A b'"):
        entry("A b", fixed({}))
    one, again = entry("one", fixed({0: 1.0})), entry("one", fixed({0: 1.0}))
    with pytest.raises(InvalidArgumentError, match=r"entries must be unique, but \['one'\]"):
        Table("t", "T", "R", (Row("a", one), Row("b", again)))
    with pytest.raises(InvalidArgumentError, match=r"rows must be unique, but \['a'\]"):
        Table("t", "T", "R", (Row("a", one), Row("a", one)))
    assert Table("t", "T", "R", (Row("a", one), Row("b", one))).entries() == (one,)


def growing(fail_at=None):
    """An entry that trains in three stages, the second with a larger model."""

    def train(job: Job) -> Outcome:
        def bump(model):
            if fail_at is not None and model.weight.sum().item() >= fail_at:
                raise KeyboardInterrupt
            with torch.no_grad():
                model.weight += 1

        def grow(model):
            larger = torch.nn.Linear(1, 2, bias=False)
            with torch.no_grad():
                larger.weight.fill_(model.weight.sum().item())
            return larger

        start = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(start.weight)
        stages = [Stage("one", bump), Stage("two", bump, grow), Stage("three", bump)]
        return in_stages(start, stages, lambda m: m.weight.sum().item(), job, {"stages": "stage"})

    return Entry("grown", "grown", train)


def test_stages_resume_with_the_model_as_large_as_it_was(tmp_path):
    tables = [Table("t", "T", "R", (Row("r", e),), metric="loss") for e in (growing(), growing(4))]
    whole = reproduce(tables[0], tmp_path / "whole").cells["grown"].outcomes[0]
    assert (whole.curve, whole.parameters) == ((1.0, 4.0, 6.0), 2)
    with pytest.raises(KeyboardInterrupt):
        reproduce(tables[1], tmp_path / "cut")
    cut = reproduce(tables[0], tmp_path / "cut").cells["grown"].outcomes[0]
    assert (cut.curve, cut.parameters, cut.value) == (whole.curve, 2, whole.value)


def test_a_foreign_checkpoint_is_no_stage(tmp_path):
    one = Table("t", "T", "R", (Row("r", growing()),), metric="loss")
    folder = tmp_path / "runs" / "grown" / "0"
    with pytest.raises(KeyboardInterrupt):
        reproduce(Table("t", "T", "R", (Row("r", growing(0)),), metric="loss"), tmp_path)
    save_checkpoint(folder / "last.ckpt", torch.nn.Linear(1, 1, bias=False))
    with pytest.raises(CheckpointError, match="no checkpoint of this training in stages"):
        reproduce(one, tmp_path)
