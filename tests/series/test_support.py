"""Forecasts stay among the values that a series can take."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecastkit as fk
from forecastkit.series.panel import Panel
from forecastkit.series.scale import measure_scale
from forecastkit.series.support import MIN_CHANGES, Support


def support_of(*series):
    panel = Panel.of(list(series))
    return Support.of(panel, measure_scale(panel))


def test_whole_and_not_negative():
    support = support_of(np.array([1.0, 0.0, 3.0]), np.array([-1.0, 0.5, 2.0]))
    np.testing.assert_array_equal(
        support.clip(np.array([[-0.2, 1.4], [-0.2, 1.4]])), [[0.0, 1.0], [-0.2, 1.4]]
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_the_direction_of_monotonic_series(sign, rng):
    steps = rng.gamma(1.0, 1.0, MIN_CHANGES + 1)
    rising = sign * np.cumsum(steps)
    with_gap = rising.copy()
    with_gap[5] = np.nan
    once_back = rising.copy()
    once_back[20] -= sign * 100
    short, flat = rising[:-1], np.repeat(sign * np.arange(5.0), 20)
    series = [rising, once_back, short, flat, np.r_[with_gap, rising[-1] + sign]]
    assert support_of(*series).direction.tolist() == [sign, 0, 0, 0, sign]


def test_quantiles_of_a_rising_series_do_not_fall():
    support = support_of(np.cumsum(np.ones(40)))
    paths = np.array([[[39.0, 41.2], [41.0, 41.1], [40.2, 44.0]]])  # (1, h, n_quantiles)
    expected = [[[40.0, 41.0], [41.0, 41.0], [41.0, 44.0]]]
    np.testing.assert_array_equal(support.clip(paths), expected)


def test_a_selection_of_series(rng):
    support = support_of(np.cumsum(np.ones(40)), rng.normal(size=40))
    assert support.take(np.array([1])).direction.tolist() == [0]


@pytest.mark.parametrize("model", [fk.AutoForecaster, fk.LSTMForecaster])
def test_a_cumulative_count_that_flattens_does_not_fall(model, rng):
    """Growth that ends: a level with half the slope would overshoot and come back."""
    t = np.arange(150)
    y = np.floor(10_000 / (1 + np.exp(-(t - 60) / 8)) + 0.4 * np.maximum(t - 100, 0))
    days = pd.date_range("2021-01-01", periods=150)
    table = pd.DataFrame({"unique_id": "c", "ds": days, "y": np.maximum.accumulate(y)})
    forecast = model(h=14, preset="instant").train(table).predict(level=[80, 95])
    values = forecast.drop(columns=["unique_id", "ds"]).to_numpy()
    assert (values >= y[-1]).all()
    assert (np.diff(values, axis=0) >= 0).all()
