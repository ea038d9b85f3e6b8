"""Season lengths that series show, and do not show."""

from __future__ import annotations

import numpy as np
import pytest

from forecastkit.series.panel import Panel
from forecastkit.series.seasons import find_seasons


def seasonal(rng, n, m, size=2.0, noise=1.0):
    pattern = size * rng.normal(size=m)
    return pattern[np.arange(n) % m] + rng.normal(0, noise, n).cumsum() * 0.3


@pytest.mark.parametrize("m", [4, 7, 12, 24, 52])
def test_a_season_is_found(m, rng):
    panel = Panel.of([seasonal(rng, 8 * m + 20, m) for _ in range(12)])
    assert find_seasons(panel) == (m,)


def test_a_week_of_days_is_found(rng):
    day = np.tile(rng.normal(0, 3, 24), 60)
    week = np.tile(np.repeat(rng.normal(0, 3, 7), 24) * np.tile(rng.normal(0, 0.2, 24), 7), 9)
    panel = Panel.of([day[:1440] + week[:1440] + rng.normal(0, 0.5, 1440) for _ in range(4)])
    assert find_seasons(panel) == (24, 168)


def test_a_weak_season_of_many_series_is_found(rng):
    """What one short series cannot show, two hundred can."""
    series = [seasonal(rng, 72, 12, size=0.3) for _ in range(200)]
    assert find_seasons(Panel.of(series)) == (12,)


@pytest.mark.parametrize("n", [1, 20, 200])
def test_none_is_found_where_there_is_none(n, rng):
    walks = [rng.normal(size=120).cumsum() for _ in range(n)]
    noise = [rng.normal(size=120) for _ in range(n)]
    lines = [np.arange(120.0) + rng.normal(size=120) for _ in range(n)]
    for series in (walks, noise, lines):
        assert find_seasons(Panel.of(series)) == (1,)


def test_gaps_and_short_series_do_no_harm(rng):
    gone = seasonal(rng, 120, 12)
    gone[rng.random(120) < 0.2] = np.nan
    short = [np.array([1.0, 2.0]), np.full(50, 3.0), np.full(9, np.nan)]
    panel = Panel.of([*(seasonal(rng, 120, 12) for _ in range(5)), gone, *short])
    assert find_seasons(panel) == (12,)
    assert find_seasons(Panel.of(short)) == (1,)
