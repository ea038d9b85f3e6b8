"""Vectorised components: against a loop over single steps, causality, missing values."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.series.components import ALPHAS, measure
from forecastkit.series.panel import Panel


def series(rng, n, m, missing=0.0):
    y = rng.normal(size=n).cumsum() * 0.1 + 0.02 * np.arange(n)
    y += 0.5 * np.sin(2 * np.pi * np.arange(n) / max(m, 2)) + rng.normal(0, 0.05, n)
    y[rng.random(n) < missing] = np.nan
    return y


@pytest.mark.parametrize("m", [1, 2, 4, 5, 7, 12])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("n", [3, 11, 40, 130])
def test_components_match_those_of_a_loop(m, missing, n, rng):
    z = series(rng, n, m, missing)
    z[0] = 0.3
    actual = measure(Panel.of([z]), (m,))
    expected = oracle.components(z, m, ALPHAS)
    for name in ("level", "alpha", "slope", "noise"):
        last = getattr(actual, name)[-1]
        np.testing.assert_allclose(last, expected[name], atol=1e-8, err_msg=name)
    end = np.array([n - 1])
    season = [actual.season(end, np.array([n + m + j]), np.array([0]))[0] for j in range(m)]
    phases = [(n + m + j) % m for j in range(m)]
    np.testing.assert_allclose(season, expected["season"][phases], atol=1e-8)


def test_series_of_a_panel_are_independent(rng):
    arrays = [series(rng, n, 4) for n in (50, 7, 33, 120, 7)]
    together = measure(Panel.of(arrays), (4,))
    for i, z in enumerate(arrays):
        alone = measure(Panel.of([z]), (4,))
        start = sum(map(len, arrays[:i]))
        np.testing.assert_allclose(together.level[start : start + len(z)], alone.level)
        np.testing.assert_allclose(together.slope[start : start + len(z)], alone.slope)


@given(
    st.integers(3, 80),
    st.sampled_from([(1,), (4,), (7,), (12,), (4, 12)]),
    st.integers(0, 2**31),
    st.sampled_from([0.0, 0.2]),
)
@settings(max_examples=60, deadline=None)
def test_later_values_do_not_change_components(n, seasons, seed, missing):
    rng = np.random.default_rng(seed)
    z = series(rng, n, 4, missing)
    cutoff = int(rng.integers(1, n))
    changed = z.copy()
    changed[cutoff:] = rng.normal(0, 1e6, n - cutoff)
    before, after = (measure(Panel.of([values]), seasons) for values in (z, changed))
    for name in ("level", "alpha", "error", "levels", "slope", "noise", "count"):
        expected, actual = getattr(before, name)[:cutoff], getattr(after, name)[:cutoff]
        np.testing.assert_array_equal(expected, actual, err_msg=name)


def test_two_seasons_are_separated():
    time = np.arange(24 * 7 * 8)
    day, week = np.sin(2 * np.pi * time / 24), (time // 24 % 7 >= 5) * 2.0
    components = measure(Panel.of([day + week]), (24, 168))
    end = np.array([len(time) - 1])
    ahead = np.arange(len(time), len(time) + 168)
    season = components.season(end, ahead, np.array([0]))
    expected = np.sin(2 * np.pi * ahead / 24) + (ahead // 24 % 7 >= 5) * 2.0
    error = np.abs((season - season.mean()) - (expected - expected.mean()))
    assert error.mean() < 0.15  # of a range of 4: weekends bias the short-memory daily season
    assert error.max() < 0.5


def test_the_season_of_white_noise_is_shrunk(rng):
    components = measure(Panel.of(list(rng.normal(size=(200, 60)))), (12,))
    ends = np.arange(1, 201) * 60 - 1
    assert components.seasonal_strength[ends].mean() < 0.3


def test_components_before_the_first_value_are_zero():
    components = measure(Panel.of([np.array([np.nan, np.nan, 5.0])]), (12,))
    assert components.count.tolist() == [0, 0, 1]
    assert components.level.tolist() == [0, 0, 5]
    assert np.isfinite(components.slope).all()
