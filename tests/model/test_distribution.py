"""Forecast distributions: quantiles, PIT scores, blends, whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.methods.damped_trend import damped_trend
from forecastkit.methods.registry import METHODS
from forecastkit.model.distribution import Distribution, Part
from forecastkit.network.pretrained import adapt_to, pretrained
from forecastkit.network.runtime import Member
from forecastkit.series.panel import Panel
from forecastkit.training.holdout import hold_out
from forecastkit.training.weights import blend_weights

Z = np.array([-2.5, -1.28, 0.0, 1.28, 2.5])


def per_step(h, z=Z):
    return np.tile(z, (h, 1))


@pytest.fixture(scope="module")
def lstm():
    return Part("LSTM", 1.0, (Member(*adapt_to(*pretrained("lstm")[:2], (12,), 6)),))


def panel_of(rng, n=5):
    t = np.arange(60)
    return Panel.of(
        [50 + t + 8 * np.sin(2 * np.pi * t / 12) + rng.normal(0, 2, 60) for _ in range(n)]
    )


def test_a_blend_is_the_weighted_mean_of_quantiles(lstm, rng):
    panel = panel_of(rng)
    parts = [Part("LSTM", 0.6, lstm.members), Part("Theta", 0.4)]
    blend = Distribution(panel, parts, 6, 12).quantiles(per_step(6))
    single = [
        Distribution(panel, [Part(p.name, 1.0, p.members)], 6, 12).quantiles(per_step(6))
        for p in parts
    ]
    np.testing.assert_allclose(blend, 0.6 * single[0] + 0.4 * single[1])
    assert (np.diff(blend, axis=-1) > 0).all()


@pytest.mark.parametrize("name", METHODS)
def test_methods_forecast_every_series(name, rng):
    panel = panel_of(rng)
    point, deviation = METHODS[name].forecast(panel, 6, 12)
    assert point.shape == deviation.shape == (5, 6)
    assert np.isfinite(point).all()
    assert (deviation > 0).all()


def test_a_damped_trend_levels_off():
    line = Panel.of([10.0 + np.arange(60.0)])
    point = damped_trend(line, 200, 1)[0][0]
    assert (np.diff(point) >= -1e-9).all()
    assert point[0] - 69.0 > 100 * (point[-1] - point[-2])


def test_pit_scores_invert_the_quantiles(lstm, rng):
    distribution = Distribution(panel_of(rng), [lstm], 6, 12)
    z = np.array([-1.7, -0.3, 0.0, 0.9, 2.2])
    values = distribution.quantiles(per_step(6, z))
    for k, score in enumerate(z):
        np.testing.assert_allclose(distribution.pit_scores(values[..., k]), score, atol=0.02)
    assert np.isnan(distribution.pit_scores(np.full((5, 6), np.nan))).all()
    assert (distribution.pit_scores(np.full((5, 6), 1e9)) == 5).all()


def test_a_constant_series_has_no_pit_scores(lstm):
    distribution = Distribution(Panel.of([np.full(40, 3.0)]), [lstm], 6, 12)
    assert np.isnan(distribution.pit_scores(np.full((1, 6), 4.0))).all()


def test_forecasts_of_whole_numbers_are_whole_and_of_counts_not_negative(lstm, rng):
    counts = rng.poisson(0.6, (4, 60)).astype(float)
    panel = Panel.of([*counts, counts[0] + 0.5, -counts[0]])
    distribution = Distribution(panel, [lstm], 6, 12)
    quantiles = distribution.clip_to_support(distribution.quantiles(per_step(6)))
    assert (quantiles[:4] == np.round(quantiles[:4])).all()
    assert (quantiles[:5] >= 0).all()
    assert (quantiles[4] != np.round(quantiles[4])).any()
    assert (quantiles[5] < 0).any()
    assert (np.diff(quantiles, axis=-1) >= 0).all()


def test_intervals_of_intermittent_series_include_zero(lstm, rng):
    intermittent = rng.poisson(0.2, (8, 60)).astype(float)
    distribution = Distribution(Panel.of(list(intermittent)), [lstm], 6, 12)
    quantiles = distribution.clip_to_support(distribution.quantiles(per_step(6)))
    assert (quantiles[..., :3] == 0).all()
    assert (quantiles[..., 4] >= 1).any()


def test_pit_scores_of_counts_refer_to_the_rounded_quantiles(lstm, rng):
    """The score of a frequent zero is near the median, that of a large count in the tail."""
    intermittent = rng.poisson(0.2, (8, 60)).astype(float)
    distribution = Distribution(Panel.of(list(intermittent)), [lstm], 6, 12)
    assert (np.abs(distribution.pit_scores(np.zeros((8, 6)))) < 0.6).all()
    assert (distribution.pit_scores(np.full((8, 6), 50.0)) > 3).all()
    ones = distribution.pit_scores(np.ones((8, 6)))
    assert ((ones >= 0) & (ones < 3)).all()


def test_the_upper_tail_of_counts_is_bounded(lstm):
    y = np.zeros(60)
    y[[40, 41, 42, 59]] = 1.0, 1.0, 1.0, 2.0
    distribution = Distribution(Panel.of([y]), [lstm], 6, 12)
    assert distribution.clip_to_support(distribution.quantiles(per_step(6))).max() <= 8


def test_the_more_accurate_part_gains_weight(rng):
    """For random walks, the value of a year ago is a poor forecast: smoothing is better."""
    walks = Panel.of([100 + rng.normal(size=60).cumsum() for _ in range(60)])
    holdout = hold_out(walks, 6)
    parts = [Part("SeasonalNaive"), Part("DampedTrend")]
    distribution = Distribution(holdout.past, parts, 6, 12)
    weights = blend_weights([(holdout, distribution)], [0.9, 0.1], 12, 3.0)
    assert sum(weights) == pytest.approx(1.0)
    assert weights[1] > 0.4
    assert blend_weights([], [0.1, 0.9], 12, 0.0) == pytest.approx([0.1, 0.9])


def test_weights_from_a_single_window_stay_near_the_prior(rng):
    panel = Panel.of([rng.normal(10, 1, 60)])
    holdout = hold_out(panel, 6)
    distribution = Distribution(holdout.past, [Part("SeasonalNaive"), Part("Theta")], 6, 12)
    weights = blend_weights([(holdout, distribution)], [0.5, 0.5], 12, 1.0)
    assert weights == pytest.approx([0.5, 0.5], abs=0.05)
