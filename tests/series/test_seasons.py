"""Season lengths inferred from autocorrelations."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.series.panel import Panel
from forecastkit.series.seasons import find_seasons


def seasonal(rng, n, m, amplitude=2.0, noise=1.0):
    pattern = amplitude * rng.normal(size=m)
    return pattern[np.arange(n) % m] + rng.normal(0, noise, n).cumsum() * 0.3


@pytest.mark.parametrize("m", [4, 7, 12, 24, 52])
def test_a_single_season_is_inferred(m, rng):
    panel = Panel.of([seasonal(rng, 8 * m + 20, m) for _ in range(12)])
    assert find_seasons(panel) == (m,)


def test_daily_and_weekly_seasons_are_inferred(rng):
    day = np.tile(rng.normal(0, 3, 24), 60)
    week = np.tile(np.repeat(rng.normal(0, 3, 7), 24) * np.tile(rng.normal(0, 0.2, 24), 7), 9)
    panel = Panel.of([day[:1440] + week[:1440] + rng.normal(0, 0.5, 1440) for _ in range(4)])
    assert find_seasons(panel) == (24, 168)


def test_a_weak_season_of_many_series_is_inferred(rng):
    """Two hundred short series suffice, although a single one does not."""
    series = [seasonal(rng, 72, 12, amplitude=0.3) for _ in range(200)]
    assert find_seasons(Panel.of(series)) == (12,)


@pytest.mark.parametrize("n", [1, 20, 200])
def test_no_season_is_inferred_from_nonseasonal_series(n, rng):
    walks = [rng.normal(size=120).cumsum() for _ in range(n)]
    noise = [rng.normal(size=120) for _ in range(n)]
    trends = [np.arange(120.0) + rng.normal(size=120) for _ in range(n)]
    for series in (walks, noise, trends):
        assert find_seasons(Panel.of(series)) == (1,)


def test_missing_values_and_short_series_do_not_affect_the_season(rng):
    incomplete = seasonal(rng, 120, 12)
    incomplete[rng.random(120) < 0.2] = np.nan
    short = [np.array([1.0, 2.0]), np.full(50, 3.0), np.full(9, np.nan)]
    panel = Panel.of([*(seasonal(rng, 120, 12) for _ in range(5)), incomplete, *short])
    assert find_seasons(panel) == (12,)
    assert find_seasons(Panel.of(short)) == (1,)
