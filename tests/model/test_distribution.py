"""What a model says of the next steps: quantiles, scores, blends, whole numbers."""

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

LEVELS = np.array([-2.5, -1.28, 0.0, 1.28, 2.5])


def at(h, z=LEVELS):
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
    blend = Distribution(panel, parts, 6, 12).quantiles(at(6))
    alone = [
        Distribution(panel, [Part(p.name, 1.0, p.members)], 6, 12).quantiles(at(6)) for p in parts
    ]
    np.testing.assert_allclose(blend, 0.6 * alone[0] + 0.4 * alone[1])
    assert (np.diff(blend, axis=-1) > 0).all()


@pytest.mark.parametrize("name", METHODS)
def test_methods_forecast_every_series(name, rng):
    panel = panel_of(rng)
    point, deviation = METHODS[name].forecast(panel, 6, 12)
    assert point.shape == deviation.shape == (5, 6)
    assert np.isfinite(point).all()
    assert (deviation > 0).all()


def test_a_damped_trend_dies_away():
    line = Panel.of([10.0 + np.arange(60.0)])
    point = damped_trend(line, 200, 1)[0][0]
    assert (np.diff(point) >= -1e-9).all()
    assert point[0] - 69.0 > 100 * (point[-1] - point[-2])


def test_scores_are_where_quantiles_say(lstm, rng):
    distribution = Distribution(panel_of(rng), [lstm], 6, 12)
    z = np.array([-1.7, -0.3, 0.0, 0.9, 2.2])
    values = distribution.quantiles(at(6, z))
    for k, score in enumerate(z):
        np.testing.assert_allclose(distribution.pit_scores(values[..., k]), score, atol=0.02)
    assert np.isnan(distribution.pit_scores(np.full((5, 6), np.nan))).all()
    assert (distribution.pit_scores(np.full((5, 6), 1e9)) == 5).all()


def test_a_constant_series_has_no_scores(lstm):
    distribution = Distribution(Panel.of([np.full(40, 3.0)]), [lstm], 6, 12)
    assert np.isnan(distribution.pit_scores(np.full((1, 6), 4.0))).all()


def test_whole_numbers_stay_whole_and_counts_do_not_fall_below_zero(lstm, rng):
    counts = rng.poisson(0.6, (4, 60)).astype(float)
    panel = Panel.of([*counts, counts[0] + 0.5, -counts[0]])
    distribution = Distribution(panel, [lstm], 6, 12)
    found = distribution.clip_to_support(distribution.quantiles(at(6)))
    assert (found[:4] == np.round(found[:4])).all()
    assert (found[:5] >= 0).all()
    assert (found[4] != np.round(found[4])).any()
    assert (found[5] < 0).any()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_what_comes_now_and_then_has_zero_in_its_interval(lstm, rng):
    rare = rng.poisson(0.2, (8, 60)).astype(float)
    distribution = Distribution(Panel.of(list(rare)), [lstm], 6, 12)
    found = distribution.clip_to_support(distribution.quantiles(at(6)))
    assert (found[..., :3] == 0).all()
    assert (found[..., 4] >= 1).any()


def test_values_of_a_count_are_where_the_rounded_quantiles_are(lstm, rng):
    """A zero among many zeros is in the middle, not at the edge; a count far out is far out."""
    rare = rng.poisson(0.2, (8, 60)).astype(float)
    distribution = Distribution(Panel.of(list(rare)), [lstm], 6, 12)
    assert (np.abs(distribution.pit_scores(np.zeros((8, 6)))) < 0.6).all()
    assert (distribution.pit_scores(np.full((8, 6), 50.0)) > 3).all()
    ones = distribution.pit_scores(np.ones((8, 6)))
    assert ((ones >= 0) & (ones < 3)).all()


def test_tails_of_counts_stay_near_what_was_seen(lstm):
    y = np.zeros(60)
    y[[40, 41, 42, 59]] = 1.0, 1.0, 1.0, 2.0
    distribution = Distribution(Panel.of([y]), [lstm], 6, 12)
    assert distribution.clip_to_support(distribution.quantiles(at(6))).max() <= 8


def test_weights_go_to_what_was_better(rng):
    """In random walks what was a year ago says little: smoothing is better."""
    walks = Panel.of([100 + rng.normal(size=60).cumsum() for _ in range(60)])
    holdout = hold_out(walks, 6)
    parts = [Part("SeasonalNaive"), Part("DampedTrend")]
    distribution = Distribution(holdout.past, parts, 6, 12)
    weights = blend_weights([(holdout, distribution)], [0.9, 0.1], 12, 3.0)
    assert sum(weights) == pytest.approx(1.0)
    assert weights[1] > 0.4
    assert blend_weights([], [0.1, 0.9], 12, 0.0) == pytest.approx([0.1, 0.9])


def test_one_window_stays_near_the_prior(rng):
    one = Panel.of([rng.normal(10, 1, 60)])
    holdout = hold_out(one, 6)
    distribution = Distribution(holdout.past, [Part("SeasonalNaive"), Part("Theta")], 6, 12)
    weights = blend_weights([(holdout, distribution)], [0.5, 0.5], 12, 1.0)
    assert weights == pytest.approx([0.5, 0.5], abs=0.05)
