"""Agreement of Keras and NumPy, quantiles, loss, validation and training of networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.errors import TrainingError
from forecastkit.layers.cells import CELLS
from forecastkit.network.config import QUANTILES, NetworkConfig, default_view
from forecastkit.network.head import quantile_paths
from forecastkit.network.runtime import network_outputs, network_quantiles
from forecastkit.series.panel import Panel
from forecastkit.series.view import View
from forecastkit.series.windows import Windows
from forecastkit.training.batches import Sampler, cut, validation_batch
from forecastkit.training.build import build, get_weights, set_weights
from forecastkit.training.config import TrainingConfig
from forecastkit.training.trainer import Trainer, pinball_loss

VIEW = View(6, 4, (4,), 0.5, 12, 1)


def config(cell="lstm"):
    return NetworkConfig(cell, 5, VIEW)


def panel(rng, n=12, length=40):
    time = np.arange(length)
    waves = np.sin(2 * np.pi * time / 4 + rng.uniform(0, 6, (n, 1)))
    return Panel.of(list(waves + rng.normal(0, 0.1, (n, length)) + 0.02 * time))


def random_weights(network, rng):
    return {
        name: rng.normal(0, 0.4, shape).astype("float32")
        for name, shape in network.weight_shapes().items()
    }


@pytest.mark.parametrize("cell", CELLS)
def test_keras_and_numpy_agree(cell, rng):
    network = config(cell)
    weights, model = random_weights(network, rng), build(network, seed=1)
    set_weights(model, weights)
    x = rng.normal(size=(7, 12, VIEW.n_inputs)).astype("float32")
    by_keras = model(x).numpy()[:, -1]
    by_numpy = network_outputs(network, weights, x)
    np.testing.assert_allclose(by_numpy, by_keras, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_the_keras_model_has_the_weights_of_a_model_file(cell):
    network = config(cell)
    shapes = {name: w.shape for name, w in get_weights(build(network, seed=1)).items()}
    assert shapes == network.weight_shapes()


def test_round_trip_of_the_configuration_through_json():
    import json

    network = config()
    assert NetworkConfig.from_dict(json.loads(json.dumps(network.to_dict()))) == network


def test_an_untrained_network_returns_the_baseline_forecast(rng):
    windows = Windows.of(panel(rng), VIEW)
    series, ends = np.arange(12), np.full(12, 39)
    paths = network_quantiles(config(), get_weights(build(config(), 3)), windows, series, ends)
    np.testing.assert_array_equal(paths[..., len(config().quantiles) // 2], 0)
    assert (np.diff(paths, axis=-1) > 0).all()


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_quantiles_do_not_cross(seed):
    rng = np.random.default_rng(seed)
    raw = rng.normal(0, 20, (5, 4, len(QUANTILES))).astype("float32")
    standard_error = rng.uniform(0.01, 10, (5, 4)).astype("float32")
    paths = quantile_paths(raw, standard_error, config().quantiles, np)
    assert (np.diff(paths, axis=-1) >= 0).all()


def test_a_negated_series_has_the_negated_forecast(rng):
    network, weights = config(), random_weights(config(), rng)
    original = panel(rng)
    negative = original.with_values(-original.values)
    series, ends = np.arange(12), np.full(12, 39)
    paths = [
        network_quantiles(network, weights, Windows.of(p, VIEW), series, ends)
        for p in (original, negative)
    ]
    np.testing.assert_allclose(paths[0], -paths[1][..., ::-1], atol=1e-5)


def test_the_loss_is_the_weighted_pinball_loss():
    taus = (0.1, 0.5, 0.9)
    paths = np.array([[[1.0, 2.0, 3.0]]], "float32")
    target, weight = np.array([[4.0]], "float32"), np.array([[2.0]], "float32")
    expected = 2 * 0.5 * 2 + np.mean([2 * 0.1 * 3, 2 * 0.5 * 2, 2 * 0.9 * 1])
    assert float(pinball_loss(paths, target, weight, taus)) == pytest.approx(expected, rel=1e-5)


def test_missing_targets_have_weight_zero(rng):
    p = panel(rng)
    p.values[5::7] = np.nan
    windows = Windows.of(p, VIEW)
    batch = cut(windows, np.arange(12), np.full(12, 38), scale_power=0.5, rng=rng)
    observed = ~np.isnan(
        windows.targets(np.arange(12), windows.cutoffs(np.arange(12), np.full(12, 38)))
    )
    np.testing.assert_array_equal(batch.weights > 0, observed)
    assert np.isfinite(batch.targets).all()


def test_validation_targets_are_the_last_steps_only(rng):
    windows = Windows.of(panel(rng), VIEW)
    batch = validation_batch(windows, TrainingConfig(), val_size=4, seed=0)
    steps = 38 - np.arange(11, -1, -1)  # cutoffs of every sequence
    ahead = steps[:, None] + np.arange(1, 5)
    np.testing.assert_array_equal(batch.weights[0] > 0, (ahead >= 36) & (ahead < 40))


def test_training_lowers_the_loss_and_is_reproducible(rng):
    training = TrainingConfig(max_steps=60, check_every=20)
    windows = Windows.of(panel(rng, n=16, length=60), VIEW)
    trainer = Trainer(config(), training)
    runs = [
        trainer.run(
            Sampler(windows, training, seed=5, batch_size=16),
            seed=2,
            steps=60,
            validation=validation_batch(windows, training, 6, 0),
        )
        for _ in range(2)
    ]
    assert min(runs[0].losses) < runs[0].losses[0]
    assert runs[0].losses == runs[1].losses
    for name, weight in runs[0].weights.items():
        assert weight.tobytes() == runs[1].weights[name].tobytes()


def test_a_loss_that_is_not_finite_stops_training(rng):
    training = TrainingConfig(learning_rate=1e30, warm_up=1)
    windows = Windows.of(panel(rng), VIEW)
    sampler = Sampler(windows, training, seed=5, batch_size=8)
    with pytest.raises(TrainingError, match="at step"):
        Trainer(config(), training).run(sampler, seed=2, steps=20)


@pytest.mark.parametrize(
    "seasons", [(1,), (4,), (5,), (7,), (12,), (24,), (24, 168), (48, 336), (52,)]
)
@pytest.mark.parametrize("longest", [5, 30, 200, 5000])
def test_default_view_for_any_season_and_length(seasons, longest):
    view = default_view(seasons, 3, longest)
    assert view.input_size >= 1
    assert (
        1 <= view.sequence_stride * view.sequence_length <= max(longest, 1) + view.sequence_stride
    )


def test_training_of_the_head_only(rng):
    training = TrainingConfig(batch_size=8, learning_rate=0.01)
    windows = Windows.of(panel(rng), VIEW)
    trainer = Trainer(config(), training)
    start = random_weights(config(), rng)
    for head_only in (True, False):
        variant = TrainingConfig(batch_size=8, learning_rate=0.01, head_only=head_only)
        sampler = Sampler(windows, variant, seed=1, batch_size=8)
        weights = trainer.run(sampler, seed=1, steps=30, training=variant, weights=start).weights
        changed = {name for name, w in weights.items() if not np.allclose(w, start[name])}
        assert {"head/kernel", "head/bias"} <= changed
        assert (changed == {"head/kernel", "head/bias"}) == head_only
