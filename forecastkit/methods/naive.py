"""Naive, seasonal naive and drift forecasts.

References
----------
Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., sections 5.2 and 5.5.
"""

from __future__ import annotations

import numpy as np

from forecastkit.methods.paths import Paths, by_block, deviation
from forecastkit.series.panel import Panel, last_observed

_WINDOW = 10  # values that a series without a season is averaged over


def naive(panel: Panel, h: int, season_length: int = 1) -> Paths:
    """Repeat the last value.

    Examples
    --------
    >>> naive(Panel.of([np.array([1.0, 2.0, np.nan])]), h=2)[0].tolist()
    [[2.0, 2.0]]
    """
    return by_block(panel, h, lambda y: naive_block(y, h))


def seasonal_naive(panel: Panel, h: int, season_length: int) -> Paths:
    """Repeat the last season; a series shorter than a season, its last value.

    Examples
    --------
    >>> seasonal_naive(Panel.of([np.arange(6.0)]), h=3, season_length=2)[0].tolist()
    [[4.0, 5.0, 4.0]]
    """
    return by_block(panel, h, lambda y: _seasonal_block(y, h, season_length))


def window_average(panel: Panel, h: int, season_length: int) -> Paths:
    """Repeat the mean of the last season; without a season, of the last 10 values.

    Examples
    --------
    >>> window_average(Panel.of([np.array([9.0, 1.0, 3.0])]), h=2, season_length=2)[0].tolist()
    [[2.0, 2.0]]
    """
    window = season_length if season_length > 1 else _WINDOW
    return by_block(panel, h, lambda y: _average_block(y, h, window))


def drift(panel: Panel, h: int, season_length: int = 1) -> Paths:
    """Extend the line from the first value to the last.

    Examples
    --------
    >>> drift(Panel.of([np.array([1.0, 5.0, 3.0])]), h=2)[0].tolist()
    [[4.0, 5.0]]
    """
    return by_block(panel, h, lambda y: _drift_block(y, h))


def naive_block(y: np.ndarray, h: int) -> Paths:
    """Repeat the last value of series of one length, shape (n, length)."""
    filled = last_observed(y)
    spread = deviation(y[:, 1:] - filled[:, :-1]) * np.sqrt(np.arange(1, h + 1))
    return np.repeat(filled[:, -1:], h, axis=1), spread


def _seasonal_block(y: np.ndarray, h: int, m: int) -> Paths:
    n = y.shape[1]
    if n < m or m < 2:
        return naive_block(y, h)
    # the newest value of each phase that is there, then the newest of all
    cycles = -(-n // m)
    padded = np.full((len(y), cycles * m), np.nan)
    padded[:, -n:] = y
    by_phase = last_observed(np.moveaxis(padded.reshape(len(y), cycles, m), 1, 2))
    season = by_phase[..., -1]  # (n, m), the phase after the last step first
    season = np.where(np.isnan(season), last_observed(y)[:, -1:], season)
    steps = np.arange(h)
    spread = deviation(y[:, m:] - y[:, :-m]) * np.sqrt(steps // m + 1)
    return season[:, steps % m], spread


def _average_block(y: np.ndarray, h: int, window: int) -> Paths:
    known = ~np.isnan(y)
    totals = np.cumsum(np.where(known, y, 0.0), axis=1), np.cumsum(known, axis=1)
    start = np.maximum(np.arange(y.shape[1]) - window, -1)  # the value before each window
    total, count = (one - np.where(start >= 0, one[:, np.maximum(start, 0)], 0) for one in totals)
    mean = last_observed(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    spread = deviation(y[:, 1:] - mean[:, :-1])
    return np.repeat(mean[:, -1:], h, axis=1), np.repeat(spread, h, axis=1)


def _drift_block(y: np.ndarray, h: int) -> Paths:
    n = y.shape[1]
    seen = ~np.isnan(y)
    first = seen.argmax(1)
    last = n - 1 - seen[:, ::-1].argmax(1)
    rows = np.arange(len(y))
    slope = (y[rows, last] - y[rows, first]) / np.maximum(last - first, 1)
    ahead = np.arange(1, h + 1) + (n - 1 - last)[:, None]
    errors = np.diff(y, axis=1) - slope[:, None]
    spread = deviation(errors) * np.sqrt(ahead * (1 + ahead / max(n - 1, 1)))
    return y[rows, last][:, None] + slope[:, None] * ahead, spread
