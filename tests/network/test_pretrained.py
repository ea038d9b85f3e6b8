"""The networks that ship with the package, whatever series, scale and horizon they are used for."""

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


def test_both_fit_in_four_megabytes():
    folder = files("forecastkit") / "weights"
    sizes = [len(one.read_bytes()) for one in folder.iterdir() if one.name.endswith("safetensors")]
    assert len(sizes) == 2
    assert sum(sizes) <= 4 * 2**20


@cells
def test_a_card_says_where_the_weights_come_from(cell):
    network, weights, card = pretrained(cell)
    assert {name: one.shape for name, one in weights.items()} == network.weight_shapes()
    assert card["run"]["cell"] == network.cell == cell
    assert card["steps"] > 1000
    assert card["validation"]
    assert all(np.isfinite(one).all() for one in weights.values())


def test_the_twins_have_as_many_weights():
    counts = [sum(one.size for one in pretrained(cell)[1].values()) for cell in ("lstm", "rnn")]
    assert counts[1] == pytest.approx(counts[0], rel=0.02)


@cells
@pytest.mark.parametrize("seasons", SEASONS, ids=str)
def test_training_and_prediction_agree(cell, seasons, rng):
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
    waves = sum(np.sin(2 * np.pi * t / m) for m in seasons if m > 1)
    return [50 + 5 * waves + rng.normal(0, 1, length).cumsum() * 0.3 for _ in range(n)]


@cells
@pytest.mark.parametrize("seasons", SEASONS, ids=str)
@pytest.mark.parametrize("horizon", [1, PRETRAINED_HORIZON, 4 * PRETRAINED_HORIZON])
def test_any_horizon(cell, seasons, horizon, rng):
    """Up to four times the trained one: finite, ordered, near the series, no jump at its end."""
    network, weights = adapt_to(*pretrained(cell)[:2], seasons, horizon)
    panel = Panel.of(series_of(rng, seasons))
    paths = forecast_paths(network, weights, panel, (0.025, 0.1, 0.5, 0.9, 0.975))
    assert np.isfinite(paths).all()
    assert (np.diff(paths, axis=-1) >= 0).all()
    assert (np.abs(paths[..., 2] - 50) < 60).all()
    if horizon > PRETRAINED_HORIZON:
        steps = np.abs(np.diff(paths[..., 2], axis=1))
        usual = steps[:, : PRETRAINED_HORIZON - 1].max(axis=1)
        assert (steps[:, PRETRAINED_HORIZON - 1] < 3 * usual + 1).all()
        width = paths[..., 3] - paths[..., 1]
        assert (width[:, -1] > 0.5 * width[:, PRETRAINED_HORIZON - 1]).all()


@cells
def test_a_longer_horizon_does_not_change_the_first_steps(cell, rng):
    panel = Panel.of(series_of(rng, (12,)))
    whole = pretrained(cell)[:2]
    long, short = (forecast_paths(*adapt_to(*whole, (12,), h), panel, (0.5, 0.9)) for h in (100, 5))
    np.testing.assert_allclose(long[:, :5], short, rtol=1e-6)


@pytest.mark.parametrize("seasons", SEASONS, ids=str)
def test_scale_and_sign_do_not_matter(seasons, rng):
    """A forecast in other units is the forecast in other units; a negated series is negated."""
    network, weights = adapt_to(*pretrained("lstm")[:2], seasons, 12)
    series = series_of(rng, seasons)
    paths = forecast_paths(network, weights, Panel.of(series), (0.1, 0.5, 0.9))
    for factor in (1e-6, 1e6):
        scaled = forecast_paths(
            network, weights, Panel.of([factor * y for y in series]), (0.1, 0.5, 0.9)
        )
        np.testing.assert_allclose(scaled, factor * paths, rtol=1e-3)
    crossing = [y - y.mean() for y in series]
    upright = forecast_paths(network, weights, Panel.of(crossing), (0.1, 0.5, 0.9))
    turned = forecast_paths(network, weights, Panel.of([-y for y in crossing]), (0.1, 0.5, 0.9))
    np.testing.assert_allclose(turned[..., ::-1], -upright, rtol=1e-3, atol=1e-4)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    network = NetworkConfig("rnn", 4, pretrained_view((1,)))
    weights = {name: np.zeros(shape, "f") for name, shape in network.weight_shapes().items()}
    write_weights(tmp_path / "w.safetensors", network, weights, {})
    assert read_weights(tmp_path / "w.safetensors")[0] == network
    weights["head/bias"] = weights["head/bias"][1:]
    write_weights(tmp_path / "w.safetensors", network, weights, {})
    with pytest.raises(ModelFileError, match="do not fit"):
        read_weights(tmp_path / "w.safetensors")
