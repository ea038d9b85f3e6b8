"""How a panel is learnt: what its tail decides, side by side, again the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Member
from forecastkit.series.panel import Panel
from forecastkit.series.windows import View
from forecastkit.training.config import TrainingConfig
from forecastkit.training.ensemble import EnsembleTrainer
from forecastkit.training.plan import Plan, Recipe

VIEW = View(8, 4, (1,), 0.0, 12, 1)
FAST = TrainingConfig(max_steps=60, check_every=10, batch_size=16, learning_rate=0.01)
NETWORK = NetworkConfig("lstm", 6, VIEW, n_layers=1)


def still():
    """A network that leaves the base path as it is."""
    return Member(NETWORK, {k: np.zeros(s, "f") for k, s in NETWORK.weight_shapes().items()})


def waves(rng, n=30):
    """A cycle that smoothing cannot follow and a network can."""
    t = np.arange(60)
    return Panel.of([100 + 10 * np.sin(2 * np.pi * (t + rng.uniform(0, 9)) / 9) for _ in range(n)])


def plan(n_members=2, trainings=(FAST,)):
    return Plan(still(), (Recipe(NETWORK, None, trainings, n_members),), [])


def test_what_can_be_learnt_is_learnt_and_said(rng):
    found = EnsembleTrainer(plan(), seed=1).fit(waves(rng), val_size=4, season_length=1)
    assert found.steps > 0
    learnt = [one for one in found.members if any(w.any() for w in one.weights.values())]
    assert len(learnt) == 2
    assert not np.array_equal(learnt[0].weights["head/bias"], learnt[1].weights["head/bias"])
    assert any("2 networks trained from scratch" in one.what for one in found.notes)
    assert any("lower loss than" in one.why for one in found.notes)
    unseen = found.before[-1].weights["head/kernel"]
    assert not any(np.array_equal(unseen, one.weights["head/kernel"]) for one in learnt)


def test_the_same_seed_gives_the_same_bytes_however_threads_meet(rng):
    panel = waves(rng)
    trainings = (FAST, TrainingConfig(max_steps=30, batch_size=16, head_only=True))
    runs = [EnsembleTrainer(plan(3, trainings), seed=4).fit(panel, 4, 1) for _ in range(2)]
    for one, other in zip(runs[0].members, runs[1].members, strict=True):
        assert all(one.weights[k].tobytes() == other.weights[k].tobytes() for k in one.weights)


def test_a_learner_learns_again_without_what_it_saw_before(rng):
    trainer = EnsembleTrainer(plan(), seed=2)
    trainer.fit(waves(rng), 4, 1)
    again = trainer.fit(panel := waves(rng), 4, 1)
    fresh = EnsembleTrainer(plan(), seed=2).fit(panel, 4, 1)
    for one, other in zip(again.members, fresh.members, strict=True):
        np.testing.assert_array_equal(one.weights["head/kernel"], other.weights["head/kernel"])


def test_what_brings_nothing_is_not_used():
    """On white noise nothing beats the incumbent by much: it stays, alone or among the members."""
    rng = np.random.default_rng(3)
    noise = Panel.of(list(100 + rng.normal(size=(30, 60))))
    found = EnsembleTrainer(plan(), seed=1).fit(noise, 4, 1)
    assert any(not any(w.any() for w in one.weights.values()) for one in found.members)


@pytest.mark.parametrize("tail", [0, 4])
def test_too_few_values_leave_the_incumbent(tail):
    found = EnsembleTrainer(plan(), seed=1).fit(Panel.of([np.array([1.0, 2.0, 3.0])]), tail, 1)
    assert len(found.members) == 1
    assert found.steps == 0
    assert any("too few" in one.why for one in found.notes)


def test_few_long_series_are_judged_on_many_windows(rng):
    """Of one series a single tail says nothing: intervals are set on as many as there is room."""
    from forecastkit.training.blending import BlendTrainer

    t = np.arange(2400)
    y = 50 + 10 * np.sin(2 * np.pi * t / 24) + rng.normal(0, 2, 2400)
    days = pd.date_range("2024-01-01", periods=2400, freq="h")
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": y})
    model = fk.LSTMForecaster(h=24, season_length=24, preset="fast").train(table.head(2280))
    said = [one["why"] for one in model.assumptions if "last 552 steps" in one["why"]]
    assert said  # 23 tails of 24 steps, a quarter of the series
    cv = fk.cross_validation(model, table, n_windows=5, level=[80])
    inside = ((cv["y"] >= cv["LSTM-lo-80"]) & (cv["y"] <= cv["LSTM-hi-80"])).mean()
    assert 0.65 <= inside <= 0.95
    assert BlendTrainer({}, ("Theta",), 24, 24)._n_val_windows(model.model_.history.panel, 24) == 1
