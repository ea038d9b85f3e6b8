"""ETS: single models against statsmodels, the model average on simulated series."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from forecastkit.methods.ets import Models, States, ets, filter_series, model_average
from forecastkit.series.panel import Panel

NAN = np.nan


@pytest.mark.parametrize("phi", [0.0, 0.9])
@pytest.mark.parametrize("m", [1, 4])
def test_a_model_matches_statsmodels(phi, m, rng):
    y = 50 + rng.normal(size=41).cumsum() + np.tile([3.0, -1, 2, -4], 11)[:41]
    alpha, beta, gamma, level, slope = 0.35, 0.08, 0.17, 49.0, 0.4
    season = np.array([2.5, -1.5, 2.0, -3.0])
    options = {"trend": "add", "damped_trend": True, "initial_trend": slope} if phi else {}
    parameters = [alpha, beta] if phi else [alpha]
    if m > 1:
        options |= {"seasonal": "add", "seasonal_periods": m, "initial_seasonal": season}
        parameters.append(gamma)
    reference = ETSModel(y, initialization_method="known", initial_level=level, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = reference.smooth([*parameters, phi] if phi else parameters)
    coefficients = [np.full((1, 1), v) for v in (alpha, beta * (phi > 0), phi, gamma * (m > 1))]
    models = Models(*coefficients, np.full((1, 1), m > 1), np.ones((1, 1)))
    initial = season if m > 1 else np.zeros(1)
    states = States(np.full((1, 1), level), np.full((1, 1), slope), initial[:, None, None].copy())
    mse, states = filter_series(y[:, None], np.ones((41, 1), bool), states, models)
    assert mse[0, 0] == pytest.approx(np.mean(expected.resid**2), rel=1e-9)
    forecast = states.level + phi * states.slope + states.season[41 % m]
    assert forecast[0, 0] == pytest.approx(expected.forecast(1)[0], rel=1e-9)


def test_accuracy_is_close_to_the_model_fitted_by_statsmodels(rng):
    """On random walks with a season, 24 steps ahead."""
    own_errors, reference_errors = [], []
    for _ in range(12):
        t = np.arange(120)
        y = 200 + rng.normal(0, 2, 120).cumsum() + 20 * np.sin(2 * np.pi * t / 12)
        past, future = y[:96], y[96:]
        options = {"trend": "add", "damped_trend": True, "seasonal": "add", "seasonal_periods": 12}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = ETSModel(past, **options).fit(disp=False)
        reference_errors.append(np.abs(fitted.forecast(24) - future).mean())
        point = model_average(Panel.of([past]), 24, 12)[0][0]
        own_errors.append(np.abs(point - future).mean())
    assert np.mean(own_errors) < 1.05 * np.mean(reference_errors)


def test_deviations_of_a_random_walk_grow_with_the_square_root_of_the_horizon(rng):
    panel = Panel.of(list(rng.normal(size=(60, 200)).cumsum(axis=1)))
    deviation = model_average(panel, 9, 1)[1].mean(axis=0)
    assert deviation[0] == pytest.approx(1.0, abs=0.1)
    assert deviation[8] == pytest.approx(3.0, abs=0.6)


def test_series_are_forecast_independently(rng):
    """A series has the same forecast alone as in a panel of different lengths, with gaps."""
    y = [rng.normal(5, 1, n) for n in (9, 40, 77, 500)]
    y[1][[3, 20, 39]] = NAN
    point, deviation = ets(Panel.of(y), 5, 7)
    for k, values in enumerate(y):
        single_point, single_deviation = ets(Panel.of([values]), 5, 7)
        np.testing.assert_allclose(point[k], single_point[0], rtol=1e-9)
        np.testing.assert_allclose(deviation[k], single_deviation[0], rtol=1e-9)
