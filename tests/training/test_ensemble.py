"""Training of ensembles: selection on the hold-out, reproducibility, small panels."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.network.config import NetworkConfig
from forecastkit.network.runtime import Member
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.training.config import TrainingConfig
from forecastkit.training.deadline import Deadline
from forecastkit.training.ensemble import EnsembleTrainer
from forecastkit.training.holdout import Validation
from forecastkit.training.plan import Plan, Recipe
from forecastkit.training.progress import Silent

VIEW = View(8, 4, (1,), 0.0, 12, 1)
FAST = TrainingConfig(max_steps=60, check_every=10, batch_size=16, learning_rate=0.01)
NETWORK = NetworkConfig("lstm", 6, VIEW, n_layers=1)


class Steps(Silent):
    """Collects steps and phases."""

    def __init__(self):
        self.steps, self.phases = [], []

    def phase(self, name, total=0):
        self.phases.append((name, total))

    def step(self, number):
        self.steps.append(number)


def zero_network():
    """Return a network whose forecast is the statistical baseline."""
    shapes = NETWORK.weight_shapes()
    return Member(NETWORK, {name: np.zeros(shape, "f") for name, shape in shapes.items()})


def cyclical_panel(rng, n=30):
    """Return series with a cycle that a network can forecast and exponential smoothing cannot."""
    t = np.arange(60)
    return Panel.of([100 + 10 * np.sin(2 * np.pi * (t + rng.uniform(0, 9)) / 9) for _ in range(n)])


def make_plan(n_members=2, trainings=(FAST,)):
    return Plan(zero_network(), (Recipe(NETWORK, None, trainings, n_members),), [])


def test_training_lowers_the_loss_and_is_reported(rng):
    trainer = EnsembleTrainer(make_plan(), seed=1)
    ensemble = trainer.fit(cyclical_panel(rng), Validation(4, 1))
    assert ensemble.steps > 0
    trained = [member for member in ensemble.members if any(map(np.any, member.weights.values()))]
    assert len(trained) == 2
    assert not np.array_equal(trained[0].weights["head/bias"], trained[1].weights["head/bias"])
    assert any("2 networks trained from scratch" in note.what for note in ensemble.notes)
    assert any("lower loss than" in note.why for note in ensemble.notes)
    kernel = ensemble.val_members[-1].weights["head/kernel"]
    assert not any(np.array_equal(kernel, member.weights["head/kernel"]) for member in trained)


def test_training_is_reproducible_with_threads(rng):
    panel = cyclical_panel(rng)
    trainings = (FAST, TrainingConfig(max_steps=30, batch_size=16, head_only=True))
    runs = [
        EnsembleTrainer(make_plan(3, trainings), seed=4).fit(panel, Validation(4, 1))
        for _ in range(2)
    ]
    for first, second in zip(runs[0].members, runs[1].members, strict=True):
        for name, array in first.weights.items():
            assert array.tobytes() == second.weights[name].tobytes()


def test_a_second_fit_does_not_depend_on_the_first(rng):
    trainer = EnsembleTrainer(make_plan(), seed=2)
    trainer.fit(cyclical_panel(rng), Validation(4, 1))
    refitted = trainer.fit(panel := cyclical_panel(rng), Validation(4, 1))
    fresh = EnsembleTrainer(make_plan(), seed=2).fit(panel, Validation(4, 1))
    for first, second in zip(refitted.members, fresh.members, strict=True):
        np.testing.assert_array_equal(first.weights["head/kernel"], second.weights["head/kernel"])


def test_selected_settings_are_used_again(rng):
    """The networks take the selected number of steps, without another selection."""
    watch = Steps()
    trainer, steps = EnsembleTrainer(make_plan(), 1, watch), watch.steps
    panel = cyclical_panel(rng)
    first = trainer.fit(panel, Validation(4, 1))
    (selected,) = first.selection
    assert selected.steps == first.steps // 2
    steps.clear()
    again = trainer.fit(panel, Validation(4, 1), selection=first.selection)
    assert len(steps) == 3 * selected.steps  # a network for validation, and two members
    for one, other in zip(first.members, again.members, strict=True):
        for name, array in one.weights.items():
            np.testing.assert_array_equal(array, other.weights[name])
    assert trainer.fit(panel, Validation(4, 1), selection=()).steps == 0


def test_training_ends_at_a_deadline(rng, monkeypatch):
    """With the weights so far; networks from scratch with too few steps are discarded."""
    watch = Steps()
    trainer, steps = EnsembleTrainer(make_plan(), 1, watch), watch.steps
    panel = cyclical_panel(rng)
    ensemble = trainer.fit(panel, Validation(4, 1), deadline=Deadline.after(1))
    assert not steps
    assert "no time left" in ensemble.notes[0].why
    monkeypatch.setattr("forecastkit.training.ensemble._MIN_SECONDS", -1.0)
    ensemble = trainer.fit(panel, Validation(4, 1), deadline=Deadline.after(0))
    assert len(steps) <= 3  # one per network
    assert not any(map(np.any, ensemble.members[0].weights.values()))


def test_the_incumbent_is_used_if_training_does_not_help():
    """On white noise no network is clearly better: the incumbent is one of the members."""
    rng = np.random.default_rng(3)
    noise = Panel.of(list(100 + rng.normal(size=(30, 60))))
    ensemble = EnsembleTrainer(make_plan(), seed=1).fit(noise, Validation(4, 1))
    assert any(not any(map(np.any, member.weights.values())) for member in ensemble.members)


@pytest.mark.parametrize("val_size", [0, 4])
def test_the_incumbent_is_used_if_there_are_too_few_values(val_size):
    panel = Panel.of([np.array([1.0, 2.0, 3.0])])
    ensemble = EnsembleTrainer(make_plan(), seed=1).fit(panel, Validation(val_size, 1))
    assert len(ensemble.members) == 1
    assert ensemble.steps == 0
    assert any("too few" in note.why for note in ensemble.notes)


def test_few_long_series_have_many_validation_windows(rng):
    """One window of one series does not suffice to calibrate intervals."""
    from forecastkit.training.blending import BlendTrainer

    t = np.arange(2400)
    y = 50 + 10 * np.sin(2 * np.pi * t / 24) + rng.normal(0, 2, 2400)
    ds = pd.date_range("2024-01-01", periods=2400, freq="h")
    table = pd.DataFrame({"unique_id": "a", "ds": ds, "y": y})
    model = fk.LSTMForecaster(h=24, season_length=24, preset="fast").train(table.head(2280))
    # 23 windows of 24 steps, a quarter of the series
    assert any("last 552 steps" in note["why"] for note in model.assumptions)
    cv = fk.cross_validation(model, table, n_windows=5, level=[80])
    coverage = ((cv["y"] >= cv["LSTM-lo-80"]) & (cv["y"] <= cv["LSTM-hi-80"])).mean()
    assert 0.65 <= coverage <= 0.95
    assert BlendTrainer({}, ("Theta",), 24, 24)._n_val_windows(model.model_.history.panel, 24) == 1


def test_phases_are_named_with_their_steps(rng):
    watch = Steps()
    EnsembleTrainer(make_plan(), 1, watch).fit(cyclical_panel(rng), Validation(4, 1))
    (selecting, maximum), (training, total) = watch.phases
    assert (selecting, training) == ("selecting the training settings", "training 2 networks")
    assert maximum == FAST.max_steps
    assert len(watch.steps) >= total > 0


def test_an_interruption_ends_training_at_the_next_step(rng):
    """The threads end soon after, though the networks have thousands of steps to go."""
    started = threading.Event()

    class Interrupted(Silent):
        def step(self, number):
            started.set()

    slow = TrainingConfig(max_steps=100_000, patience=100_000, batch_size=16)
    trainer = EnsembleTrainer(make_plan(2, (slow, slow)), 1, Interrupted())

    def interrupt():
        started.wait()
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    n_threads = threading.active_count()
    # a process in the background ignores the signal
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(cyclical_panel(rng), Validation(4, 1))
    finally:
        signal.signal(signal.SIGINT, handler)
    stopped = time.monotonic()
    while threading.active_count() > n_threads and time.monotonic() < stopped + 60:
        time.sleep(0.05)
    assert threading.active_count() <= n_threads
