"""A run of pretraining: it learns, it stops and goes on, it writes what can be read."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from forecastkit.errors import OptionError
from forecastkit.network.pretrained import read_weights
from forecastkit.pretraining import run as module
from forecastkit.pretraining.run import Pretraining, Progress, pretrain
from forecastkit.pretraining.synthetic import Kind

SMALL = (Kind((1,), 0.5, (20, 60), 8), Kind((4,), 0.5, (30, 60), 8))


@pytest.fixture(autouse=True)
def few_kinds(monkeypatch):
    """Two short kinds of series, so that a run takes seconds."""
    monkeypatch.setattr(module, "KINDS", SMALL)


def tiny(steps=20, **changes):
    made = Pretraining(steps=steps, units=8, batch_size=8, target_stride=16, check_every=5)
    return dataclasses.replace(made, **changes)


def test_a_run_learns_and_writes_its_weights_and_their_card(tmp_path):
    said = []
    output = tmp_path / "weights.safetensors"
    pretrain(tiny(), tmp_path / "run.npz", output, said.append)
    network, weights, card = read_weights(output)
    assert {name: one.shape for name, one in weights.items()} == network.weight_shapes()
    assert card["run"] == dataclasses.asdict(tiny())
    assert card["steps"] == 20
    assert set(card["validation"]) == {"(1,)", "(4,)"}
    assert {"tensorflow", "keras", "numpy"} <= set(card["versions"])
    assert np.mean(list(card["validation"].values())) < 1.02  # of the base path's loss
    assert any("step" in line for line in said)


def test_a_run_goes_on_where_it_was(tmp_path):
    progress = Progress(tiny(), tmp_path / "run.npz")
    progress.step, progress.minutes = 7, 0.01
    progress.state.first[0] += 7
    progress.average = {name: one + 1 for name, one in progress.average.items()}
    progress.save()
    again = Progress(tiny(), tmp_path / "run.npz")
    assert (again.step, again.minutes) == (7, 0.01)
    assert int(again.state.steps) == 7
    assert (again.state.first[0].numpy() == 7).all()
    for name, one in progress.average.items():
        np.testing.assert_array_equal(again.average[name], one)
    said = []
    pretrain(tiny(), tmp_path / "run.npz", tmp_path / "w.safetensors", said.append)
    assert read_weights(tmp_path / "w.safetensors")[2]["steps"] == 20
    assert [line.split()[1] for line in said] == ["10", "15", "20"]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    Progress(tiny(), tmp_path / "run.npz").save()
    with pytest.raises(OptionError, match="another run"):
        Progress(tiny(seed=2), tmp_path / "run.npz")


def test_the_command_runs(tmp_path):
    given = ["--minutes", "0.005", "--units", "8", "--cell", "rnn"]
    files = ["--checkpoint", str(tmp_path / "c.npz"), "--output", str(tmp_path / "o.safetensors")]
    command = [sys.executable, "-m", "forecastkit.pretraining", *given, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "loss" in done.stdout
    assert read_weights(tmp_path / "o.safetensors")[0].cell == "rnn"
