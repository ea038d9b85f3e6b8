"""Components advanced step by step are those computed from the whole history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecastkit.series.components import measure
from forecastkit.series.online import OnlineComponents
from forecastkit.series.panel import Panel

FLAT = ("level", "alpha", "error", "levels", "slow_levels", "slope", "noise", "count")


def history(rng, n, seasons, missing=0.0):
    time = np.arange(n)
    y = rng.normal(size=n).cumsum() * 0.3 + 0.02 * time
    for m in seasons:
        y = y + 2 * rng.normal(size=m)[time % m]
    y[rng.random(n) < missing] = np.nan
    return y


def assert_same(online, panel, series, steps, seasons):
    """Whether the latest components of some series are those of `measure` at a step of each."""
    components = measure(panel, seasons, slow_memory=True)
    at = panel.offsets[series] + steps
    now = online.now(series)
    for name in FLAT:
        expected = getattr(components, name)[at]
        np.testing.assert_allclose(now[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)
    for state, season in zip(online.seasons, components.seasons, strict=True):
        np.testing.assert_allclose(state.strength[series], season.strength[at], atol=1e-8)
        np.testing.assert_allclose(state.centre[series], season.centre[at], atol=1e-8)
        known = at - state.length // 2
        for back in range(min(state.length, int(steps.min()) - state.length // 2 + 1)):
            phase = (steps - state.length // 2 - back) % state.length
            np.testing.assert_allclose(
                state.mean[series, phase], season.phase_mean[known - back], atol=1e-9
            )


@pytest.mark.parametrize("seasons", [(1,), (2,), (7,), (12,), (24, 36), (7, 30)], ids=str)
@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_every_step_is_that_of_the_batch(seasons, missing, rng):
    panel = Panel.of([history(rng, 130, seasons, missing) for _ in range(3)])
    panel.values[panel.offsets[1:] - 1] = 1.0
    online, series = OnlineComponents(3, seasons), np.arange(3)
    for t in range(130):
        online.advance(series, panel.values[panel.offsets[:-1] + t])
        if t in (0, 1, 5, 12, 25, 40, 77, 100, 129):
            assert_same(online, panel, series, np.full(3, t), seasons)


def test_series_of_different_lengths_and_starts(rng):
    lengths = (30, 61, 100)
    panel = Panel.of([history(rng, n, (12,)) for n in lengths])
    panel.values[panel.offsets[1] : panel.offsets[1] + 5] = np.nan  # starts late
    online = OnlineComponents(3, (12,))
    for t in range(100):
        rows = np.flatnonzero(np.array(lengths) > t)
        online.advance(rows, panel.values[panel.offsets[rows] + t])
    assert_same(online, panel, np.arange(3), np.array(lengths) - 1, (12,))


@pytest.mark.parametrize("seasons", [(1,), (2,), (7,), (24, 36), (7, 30)], ids=str)
def test_a_state_computed_at_once_is_that_of_all_steps(seasons, rng):
    """Also where series start or end with missing values, or are too short for a season."""
    series = [history(rng, n, seasons, 0.1) for n in (130, 61, 9, 1, 95)]
    series[1][:5], series[4][-3:] = np.nan, np.nan
    panel = Panel.of(series)
    at_once, online = OnlineComponents.of(panel, seasons), OnlineComponents(5, seasons)
    for t in range(130):
        rows = np.flatnonzero(panel.lengths > t)
        online.advance(rows, panel.values[panel.offsets[rows] + t])
    for name, array in online.arrays().items():
        np.testing.assert_allclose(at_once.arrays()[name], array, atol=1e-9, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 15), missing=st.floats(0, 0.5))
def test_any_season_and_gaps(seed, m, missing):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 90))
    panel = Panel.of([history(rng, n, (m,), missing)])
    panel.values[rng.integers(0, n)] = 3.0
    online = OnlineComponents(1, (m,))
    for value in panel.values:
        online.advance(np.array([0]), np.array([value]))
    assert_same(online, panel, np.array([0]), np.array([n - 1]), (m,))


def test_the_state_does_not_grow(rng):
    online, sizes = OnlineComponents(2, (7, 30)), set()
    for _ in range(200):
        online.advance(np.arange(2), rng.normal(size=2))
        sizes.add(sum(array.nbytes for array in online.arrays().values()))
    assert len(sizes) == 1
