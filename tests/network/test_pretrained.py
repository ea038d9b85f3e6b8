"""Pretrained networks, on series of any season, scale and horizon."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from forecastkit.errors import ModelFileError
from forecastkit.model.distribution import Distribution, Part
from forecastkit.network.config import PRETRAINED_HORIZON, NetworkConfig, pretrained_view
from forecastkit.network.pretrained import adapt_to, pretrained, read_weights, write_weights
from forecastkit.network.runtime import Member, network_outputs
from forecastkit.series.intervals import normal
from forecastkit.series.panel import Panel
from forecastkit.training.build import build, set_weights

cells = pytest.mark.parametrize("cell", ["lstm", "rnn"])
SEASONS = [(1,), (4,), (12,), (7,), (7, 365), (52,), (24,), (24, 168), (48, 336), (30,)]


def test_both_files_together_are_at_most_four_megabytes():
    folder = files("forecastkit") / "weights"
    weights = [file for file in folder.iterdir() if file.name.endswith("safetensors")]
    sizes = [len(file.read_bytes()) for file in weights]
    assert len(sizes) == 2
    assert sum(sizes) <= 4 * 2**20


@cells
def test_the_model_card_documents_the_pretraining(cell):
    network, weights, card = pretrained(cell)
    assert {name: w.shape for name, w in weights.items()} == network.weight_shapes()
    assert card["run"]["cell"] == network.cell == cell
    assert card["steps"] > 1000
    assert card["validation"]
    assert all(np.isfinite(w).all() for w in weights.values())


def test_lstm_and_rnn_have_about_as_many_weights():
    counts = [sum(w.size for w in pretrained(cell)[1].values()) for cell in ("lstm", "rnn")]
    assert counts[1] == pytest.approx(counts[0], rel=0.02)


@cells
@pytest.mark.parametrize("seasons", SEASONS, ids=str)
def test_keras_and_numpy_agree(cell, seasons, rng):
    network, weights = adapt_to(*pretrained(cell)[:2], seasons, 10)
    x = rng.normal(size=(3, network.view.sequence_length, network.view.n_inputs)).astype("float32")
    model = build(network, seed=0)
    set_weights(model, weights)
    by_keras = model(x, training=False).numpy()[:, -1]
    by_numpy = network_outputs(network, weights, x)
    np.testing.assert_allclose(by_numpy, by_keras, atol=1e-5 * np.abs(by_keras).max())


def forecast_paths(network, weights, panel, quantiles):
    part, h = Part("LSTM", 1.0, (Member(network, weights),)), network.view.horizon
    z = np.tile([normal(q) for q in quantiles], (h, 1))
    return Distribution(panel, (part,), h, 1).quantiles(z)


def series_of(rng, seasons, n=6):
    length = max(60, 3 * max(seasons))
    t = np.arange(length)
    season = sum(np.sin(2 * np.pi * t / m) for m in seasons if m > 1)
    return [50 + 5 * season + rng.normal(0, 1, length).cumsum() * 0.3 for _ in range(n)]


@cells
@pytest.mark.parametrize("seasons", SEASONS, ids=str)
@pytest.mark.parametrize("horizon", [1, PRETRAINED_HORIZON, 4 * PRETRAINED_HORIZON])
def test_forecasts_for_any_horizon(cell, seasons, horizon, rng):
    """Up to four times the trained horizon: finite, ordered, plausible, no jump at its end."""
    network, weights = adapt_to(*pretrained(cell)[:2], seasons, horizon)
    panel = Panel.of(series_of(rng, seasons))
    paths = forecast_paths(network, weights, panel, (0.025, 0.1, 0.5, 0.9, 0.975))
    assert np.isfinite(paths).all()
    assert (np.diff(paths, axis=-1) >= 0).all()
    assert (np.abs(paths[..., 2] - 50) < 60).all()
    if horizon > PRETRAINED_HORIZON:
        steps = np.abs(np.diff(paths[..., 2], axis=1))
        largest = steps[:, : PRETRAINED_HORIZON - 1].max(axis=1)
        assert (steps[:, PRETRAINED_HORIZON - 1] < 3 * largest + 1).all()
        width = paths[..., 3] - paths[..., 1]
        assert (width[:, -1] > 0.5 * width[:, PRETRAINED_HORIZON - 1]).all()


@cells
def test_a_longer_horizon_does_not_change_the_first_steps(cell, rng):
    panel = Panel.of(series_of(rng, (12,)))
    network = pretrained(cell)[:2]
    long, short = (
        forecast_paths(*adapt_to(*network, (12,), h), panel, (0.5, 0.9)) for h in (100, 5)
    )
    np.testing.assert_allclose(long[:, :5], short, rtol=1e-6)


@pytest.mark.parametrize("seasons", SEASONS, ids=str)
def test_forecasts_are_equivariant_to_scale_and_sign(seasons, rng):
    """Scaling or negating a series scales or negates its forecast."""
    network, weights = adapt_to(*pretrained("lstm")[:2], seasons, 12)
    series = series_of(rng, seasons)
    paths = forecast_paths(network, weights, Panel.of(series), (0.1, 0.5, 0.9))
    for factor in (1e-6, 1e6):
        scaled = forecast_paths(
            network, weights, Panel.of([factor * y for y in series]), (0.1, 0.5, 0.9)
        )
        np.testing.assert_allclose(scaled, factor * paths, rtol=1e-3)
    centred = [y - y.mean() for y in series]
    original = forecast_paths(network, weights, Panel.of(centred), (0.1, 0.5, 0.9))
    negative = forecast_paths(network, weights, Panel.of([-y for y in centred]), (0.1, 0.5, 0.9))
    np.testing.assert_allclose(negative[..., ::-1], -original, rtol=1e-3, atol=1e-4)


def test_weights_of_wrong_shape_are_refused(tmp_path):
    network = NetworkConfig("rnn", 4, pretrained_view((1,)))
    weights = {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}
    write_weights(tmp_path / "w.safetensors", network, weights, {})
    assert read_weights(tmp_path / "w.safetensors")[0] == network
    weights["head/bias"] = weights["head/bias"][1:]
    write_weights(tmp_path / "w.safetensors", network, weights, {})
    with pytest.raises(ModelFileError, match="do not fit"):
        read_weights(tmp_path / "w.safetensors")
