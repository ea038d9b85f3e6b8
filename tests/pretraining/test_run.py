"""Pretraining runs: training, resuming from a checkpoint, files of weights."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from forecastkit.errors import OptionError
from forecastkit.network.pretrained import read_weights
from forecastkit.pretraining import run as module
from forecastkit.pretraining.prior import Kind
from forecastkit.pretraining.run import Pretraining, Progress, pretrain

SMALL = (Kind((1,), 0.5, (20, 60), 8), Kind((4,), 0.5, (30, 60), 8))


@pytest.fixture(autouse=True)
def small_kinds(monkeypatch):
    """Replace the kinds of series by two short ones, so that a run takes seconds."""
    monkeypatch.setattr(module, "KINDS", SMALL)


def tiny_run(steps=20, **changes):
    run = Pretraining(steps=steps, units=8, batch_size=8, target_stride=16, check_every=5)
    return dataclasses.replace(run, **changes)


def test_a_run_lowers_the_loss_and_writes_weights_with_a_card(tmp_path):
    log = []
    output = tmp_path / "weights.safetensors"
    pretrain(tiny_run(), tmp_path / "run.npz", output, log.append)
    network, weights, card = read_weights(output)
    assert {name: array.shape for name, array in weights.items()} == network.weight_shapes()
    assert card["run"] == dataclasses.asdict(tiny_run())
    assert card["steps"] == 20
    assert set(card["validation"]) == {"(1,)", "(4,)"}
    assert {"tensorflow", "keras", "numpy"} <= set(card["versions"])
    assert np.mean(list(card["validation"].values())) < 1.02  # relative to the baseline
    assert any("step" in line for line in log)


def test_an_interrupted_run_is_resumed(tmp_path):
    progress = Progress(tiny_run(), tmp_path / "run.npz")
    progress.step, progress.minutes = 7, 0.01
    progress.state.first[0] += 7
    progress.average = {name: array + 1 for name, array in progress.average.items()}
    progress.save()
    resumed = Progress(tiny_run(), tmp_path / "run.npz")
    assert (resumed.step, resumed.minutes) == (7, 0.01)
    assert int(resumed.state.steps) == 7
    assert (resumed.state.first[0].numpy() == 7).all()
    for name, array in progress.average.items():
        np.testing.assert_array_equal(resumed.average[name], array)
    log = []
    pretrain(tiny_run(), tmp_path / "run.npz", tmp_path / "w.safetensors", log.append)
    assert read_weights(tmp_path / "w.safetensors")[2]["steps"] == 20
    assert [line.split()[1] for line in log] == ["10", "15", "20"]


def test_a_checkpoint_of_another_run_raises(tmp_path):
    Progress(tiny_run(), tmp_path / "run.npz").save()
    with pytest.raises(OptionError, match="another run"):
        Progress(tiny_run(seed=2), tmp_path / "run.npz")
    assert Progress(tiny_run(steps=40), tmp_path / "run.npz").step == 0  # of another length only


def test_the_command_runs(tmp_path):
    options = ["--minutes", "0.005", "--units", "8", "--cell", "rnn"]
    files = ["--checkpoint", str(tmp_path / "c.npz"), "--output", str(tmp_path / "o.safetensors")]
    command = [sys.executable, "-m", "forecastkit.pretraining", *options, *files]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "loss" in result.stdout
    assert read_weights(tmp_path / "o.safetensors")[0].cell == "rnn"
