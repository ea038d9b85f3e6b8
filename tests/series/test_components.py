"""The vectorised components against a loop over single steps; causality; gaps."""

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
def test_components_are_those_of_the_loop(m, missing, n, rng):
    z = series(rng, n, m, missing)
    z[0] = 0.3
    found = measure(Panel.of([z]), (m,))
    want = oracle.components(z, m, ALPHAS)
    for name in ("level", "alpha", "slope", "noise"):
        np.testing.assert_allclose(getattr(found, name)[-1], want[name], atol=1e-8, err_msg=name)
    end = np.array([n - 1])
    got = [found.season(end, np.array([n + m + j]), np.array([0]))[0] for j in range(m)]
    phases = [(n + m + j) % m for j in range(m)]
    np.testing.assert_allclose(got, want["season"][phases], atol=1e-8)


def test_series_of_a_panel_do_not_touch_each_other(rng):
    many = [series(rng, n, 4) for n in (50, 7, 33, 120, 7)]
    together = measure(Panel.of(many), (4,))
    for i, one in enumerate(many):
        alone = measure(Panel.of([one]), (4,))
        start = sum(map(len, many[:i]))
        np.testing.assert_allclose(together.level[start : start + len(one)], alone.level)
        np.testing.assert_allclose(together.slope[start : start + len(one)], alone.slope)


@given(
    st.integers(3, 80),
    st.sampled_from([(1,), (4,), (7,), (12,), (4, 12)]),
    st.integers(0, 2**31),
    st.sampled_from([0.0, 0.2]),
)
@settings(max_examples=60, deadline=None)
def test_what_comes_later_changes_no_byte(n, seasons, seed, missing):
    rng = np.random.default_rng(seed)
    z = series(rng, n, 4, missing)
    cut = int(rng.integers(1, n))
    other = z.copy()
    other[cut:] = rng.normal(0, 1e6, n - cut)
    before, after = (measure(Panel.of([one]), seasons) for one in (z, other))
    for name in ("level", "alpha", "error", "levels", "slope", "noise", "count"):
        one, two = getattr(before, name)[:cut], getattr(after, name)[:cut]
        np.testing.assert_array_equal(one, two, err_msg=name)


def test_two_seasons_one_after_the_other():
    time = np.arange(24 * 7 * 8)
    day, week = np.sin(2 * np.pi * time / 24), (time // 24 % 7 >= 5) * 2.0
    found = measure(Panel.of([day + week]), (24, 168))
    end = np.array([len(time) - 1])
    ahead = np.arange(len(time), len(time) + 168)
    season = found.season(end, ahead, np.array([0]))
    want = np.sin(2 * np.pi * ahead / 24) + (ahead // 24 % 7 >= 5) * 2.0
    wrong = np.abs((season - season.mean()) - (want - want.mean()))
    assert wrong.mean() < 0.15  # of a range of 4: a day's memory is short, weekends pull at it
    assert wrong.max() < 0.5


def test_a_season_that_is_noise_is_shrunk_away(rng):
    found = measure(Panel.of(list(rng.normal(size=(200, 60)))), (12,))
    ends = np.arange(1, 201) * 60 - 1
    assert found.seasonal_strength[ends].mean() < 0.3


def test_nothing_known_is_nothing_said():
    found = measure(Panel.of([np.array([np.nan, np.nan, 5.0])]), (12,))
    assert found.count.tolist() == [0, 0, 1]
    assert found.level.tolist() == [0, 0, 5]
    assert np.isfinite(found.slope).all()
