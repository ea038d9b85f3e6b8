"""ETS: each model against statsmodels', the mean of them on series whose model is known."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from forecastkit.methods.ets import Models, States, ets, run, smooth
from forecastkit.series.panel import Panel

NAN = np.nan


@pytest.mark.parametrize("phi", [0.0, 0.9])
@pytest.mark.parametrize("m", [1, 4])
def test_a_model_is_that_of_statsmodels(phi, m, rng):
    y = 50 + rng.normal(size=41).cumsum() + np.tile([3.0, -1, 2, -4], 11)[:41]
    alpha, beta, gamma, level, slope = 0.35, 0.08, 0.17, 49.0, 0.4
    season = np.array([2.5, -1.5, 2.0, -3.0])
    kinds = {"trend": "add", "damped_trend": True, "initial_trend": slope} if phi else {}
    numbers = [alpha, beta] if phi else [alpha]
    if m > 1:
        kinds |= {"seasonal": "add", "seasonal_periods": m, "initial_seasonal": season}
        numbers.append(gamma)
    made = ETSModel(y, initialization_method="known", initial_level=level, **kinds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = made.smooth([*numbers, phi] if phi else numbers)
    one = [np.full((1, 1), v) for v in (alpha, beta * (phi > 0), phi, gamma * (m > 1))]
    models = Models(*one, np.full((1, 1), m > 1), np.ones((1, 1)))
    start = season if m > 1 else np.zeros(1)
    states = States(np.full((1, 1), level), np.full((1, 1), slope), start[:, None, None].copy())
    errors, states = run(y[:, None], np.ones((41, 1), bool), states, models)
    assert errors[0, 0] == pytest.approx(np.mean(theirs.resid**2), rel=1e-9)
    ahead = states.level + phi * states.slope + states.season[41 % m]
    assert ahead[0, 0] == pytest.approx(theirs.forecast(1)[0], rel=1e-9)


def test_it_is_about_as_good_as_the_best_fit_of_statsmodels(rng):
    """Of series that a damped trend and a season made, 24 steps further."""
    own, theirs = [], []
    for _ in range(12):
        t = np.arange(120)
        y = 200 + rng.normal(0, 2, 120).cumsum() + 20 * np.sin(2 * np.pi * t / 12)
        past, future = y[:96], y[96:]
        kinds = {"trend": "add", "damped_trend": True, "seasonal": "add", "seasonal_periods": 12}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = ETSModel(past, **kinds).fit(disp=False)
        theirs.append(np.abs(fitted.forecast(24) - future).mean())
        own.append(np.abs(smooth(Panel.of([past]), 24, 12)[0][0] - future).mean())
    assert np.mean(own) < 1.05 * np.mean(theirs)


def test_intervals_of_a_random_walk_grow_with_the_root_of_the_steps(rng):
    panel = Panel.of(list(rng.normal(size=(60, 200)).cumsum(axis=1)))
    deviation = smooth(panel, 9, 1)[1].mean(axis=0)
    assert deviation[0] == pytest.approx(1.0, abs=0.1)
    assert deviation[8] == pytest.approx(3.0, abs=0.6)


def test_series_do_not_touch_each_other(rng):
    """Of other lengths, with gaps, in any order: alone a series has the same forecast."""
    y = [rng.normal(5, 1, n) for n in (9, 40, 77, 500)]
    y[1][[3, 20, 39]] = NAN
    together = ets(Panel.of(y), 5, 7)
    for k, one in enumerate(y):
        alone = ets(Panel.of([one]), 5, 7)
        np.testing.assert_allclose(together[0][k], alone[0][0], rtol=1e-9)
        np.testing.assert_allclose(together[1][k], alone[1][0], rtol=1e-9)
