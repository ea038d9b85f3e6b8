"""Baselines by hand, Theta against statsmodels, the cache of forecasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.forecasting.theta import ThetaModel

from forecastkit.errors import NotFittedError, OptionError
from forecastkit.evaluation.reference import Baseline
from forecastkit.methods.memo import MethodForecasts
from forecastkit.methods.naive import naive, seasonal_naive, window_average
from forecastkit.methods.registry import BASELINES, METHODS
from forecastkit.methods.theta import naive2, theta
from forecastkit.series.panel import Panel

NAN = np.nan


@pytest.mark.parametrize(
    ("y", "m", "expected"),
    [
        ([1, 2, 3, 4], 2, [3, 4, 3]),  # complete seasons
        ([1, 2, 3, 4, 5], 2, [4, 5, 4]),  # an incomplete season
        ([1, 2, 3, NAN], 2, [3, 2, 3]),  # a missing phase is taken from the previous season
        ([7], 2, [7, 7, 7]),  # shorter than a season
        ([1, 2, 3], 1, [3, 3, 3]),  # no season
    ],
)
def test_seasonal_naive(y, m, expected):
    assert seasonal_naive(Panel.of([np.array(y, float)]), 3, m)[0].tolist() == [expected]


def test_naive2_is_naive_on_the_adjusted_series(rng):
    """It equals seasonal naive for a purely seasonal series, and naive for a random walk."""
    pattern = np.array([1.0, 2.0, 4.0, 3.0])
    seasonal, walk = np.tile(pattern, 8), 50 + rng.normal(size=32).cumsum()
    point, deviation = naive2(Panel.of([seasonal, walk]), 4, 4)
    np.testing.assert_allclose(point[0], pattern, rtol=1e-9)
    np.testing.assert_allclose(point[1], walk[-1])
    np.testing.assert_allclose(deviation[1], naive(Panel.of([walk]), 4)[1][0])
    adjusted = naive2(Panel.of([seasonal * np.linspace(1, 2, 32)]), 4, 4)[0][0] / pattern
    np.testing.assert_allclose(adjusted, adjusted[0], rtol=0.1)


def test_the_deviation_of_naive_grows_with_the_square_root_of_the_horizon():
    _, deviation = naive(Panel.of([np.array([0.0, 1, 0, 1, 0, 1])]), 4)
    np.testing.assert_allclose(deviation[0], np.sqrt([1, 2, 3, 4]))


@pytest.mark.parametrize("m", [1, 4, 12])
def test_theta_matches_statsmodels(m, rng):
    n = 96
    y = 100 + 0.6 * np.arange(n) + rng.normal(0, 4, n).cumsum() * 0.3 + rng.normal(0, 3, n)
    if m > 1:
        y *= 1 + 0.3 * np.sin(2 * np.pi * np.arange(n) / m)
    fitted = ThetaModel(
        pd.Series(y, pd.date_range("2010-01-01", periods=n, freq="MS")),
        period=max(m, 2),
        deseasonalize=m > 1,
        method="multiplicative",
    ).fit(use_mle=False)
    expected = fitted.forecast(12, theta=2).to_numpy()
    point = theta(Panel.of([y]), 12, m)[0][0]
    np.testing.assert_allclose(point, expected, rtol=0.02)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(
    "y", [[5.0], [0.0] * 30, [3.0] * 30, [NAN, 1.0, NAN, 2.0] * 9, [-1.0, 1.0] * 20, [0.0, 1e300]]
)
def test_degenerate_series_have_finite_forecasts(name, y):
    point, deviation = METHODS[name].forecast(Panel.of([np.array(y)]), 6, 12)
    assert np.isfinite(point).all()
    assert (deviation >= 0).all()


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_returns_a_forecast_table(name, monthly):
    forecast = Baseline(name, h=3).fit(monthly).predict(level=[80, 95])
    assert list(forecast.columns) == [
        *("unique_id", "ds", name),
        *(f"{name}-{side}-{level}" for level in (80, 95) for side in ("lo", "hi")),
    ]
    assert forecast["unique_id"].tolist() == ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    assert forecast["ds"].iloc[0] == pd.Timestamp("2020-01-01")


def test_a_baseline_rejects_unknown_methods_and_unfitted_use(monthly):
    with pytest.raises(OptionError, match="no baseline 'Theeta'"):
        Baseline("Theeta", h=3).fit(monthly)
    with pytest.raises(NotFittedError):
        Baseline("Naive", h=3).predict()


@pytest.mark.parametrize("name", METHODS)
def test_cached_forecasts_match_the_method(name, monkeypatch):
    """Whichever series and horizon were computed together."""
    rng = np.random.default_rng(0)
    y = [rng.normal(50, 9, n) for n in (30, 41, 41)]
    y[1][5:8] = NAN
    panel, expected_panel = Panel.of(y), Panel.of([y[0][:20], y[2]])
    cache, calls = MethodForecasts(9), []
    method = METHODS[name]

    def counted(*args):
        calls.append(args)
        return method.forecast(*args)

    monkeypatch.setitem(METHODS, name, replace(method, forecast=counted))
    cache.expect(expected_panel)
    subset = panel.take(np.array([2, 0]))
    for series, h in ((panel, 4), (expected_panel, 9), (subset, 6)):
        point, deviation = method.forecast(series, h, 12)
        cached_point, cached_deviation = cache(name, series, h, 12)
        np.testing.assert_allclose(cached_point, point, rtol=1e-12)
        np.testing.assert_allclose(cached_deviation, deviation, rtol=1e-12)
    assert len(calls) == 1
    cache(name, panel, 4, 6)
    assert len(calls) == 2  # another season length


@pytest.mark.parametrize(
    ("y", "m", "expected"),
    [
        ([9, 1, 3], 2, 2),
        ([9, 1, NAN, 3, NAN], 3, 3),  # missing values are ignored
        ([5, NAN, NAN, NAN], 2, 5),  # an empty window repeats the previous mean
        (range(20), 1, 14.5),  # without a season, the last ten values
        ([7], 12, 7),
    ],
)
def test_window_average(y, m, expected):
    point, _ = window_average(Panel.of([np.array(y, float)]), 3, m)
    np.testing.assert_allclose(point, np.full((1, 3), expected))
