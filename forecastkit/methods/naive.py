"""Naive, seasonal naive, window average and drift forecasts.

References
----------
Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., sections 5.2 and 5.5.
"""

from __future__ import annotations

import numpy as np

from forecastkit.methods.paths import Paths, by_length, rms
from forecastkit.series.panel import Panel, last_observed

_WINDOW = 10  # window of the average for series without a season


def naive(panel: Panel, h: int, season_length: int = 1) -> Paths:
    """Repeat the last value.

    Examples
    --------
    >>> naive(Panel.of([np.array([1.0, 2.0, np.nan])]), h=2)[0].tolist()
    [[2.0, 2.0]]
    """
    return by_length(panel, h, lambda y: naive_block(y, h))


def seasonal_naive(panel: Panel, h: int, season_length: int) -> Paths:
    """Repeat the last season, or the last value of a series shorter than a season.

    Examples
    --------
    >>> seasonal_naive(Panel.of([np.arange(6.0)]), h=3, season_length=2)[0].tolist()
    [[4.0, 5.0, 4.0]]
    """
    return by_length(panel, h, lambda y: _seasonal_block(y, h, season_length))


def window_average(panel: Panel, h: int, season_length: int) -> Paths:
    """Repeat the mean of the last season, or of the last 10 values if there is no season.

    Examples
    --------
    >>> window_average(Panel.of([np.array([9.0, 1.0, 3.0])]), h=2, season_length=2)[0].tolist()
    [[2.0, 2.0]]
    """
    window = season_length if season_length > 1 else _WINDOW
    return by_length(panel, h, lambda y: _average_block(y, h, window))


def drift(panel: Panel, h: int, season_length: int = 1) -> Paths:
    """Extrapolate the line through the first and the last value.

    Examples
    --------
    >>> drift(Panel.of([np.array([1.0, 5.0, 3.0])]), h=2)[0].tolist()
    [[4.0, 5.0]]
    """
    return by_length(panel, h, lambda y: _drift_block(y, h))


def naive_block(y: np.ndarray, h: int) -> Paths:
    """Repeat the last value of series of equal length, shape (n, length)."""
    filled = last_observed(y)
    deviation = rms(y[:, 1:] - filled[:, :-1]) * np.sqrt(np.arange(1, h + 1))
    return np.repeat(filled[:, -1:], h, axis=1), deviation


def _seasonal_block(y: np.ndarray, h: int, m: int) -> Paths:
    n = y.shape[1]
    if n < m or m < 2:
        return naive_block(y, h)
    # the last observed value of each phase; of the whole series if a phase has none
    cycles = -(-n // m)
    padded = np.full((len(y), cycles * m), np.nan)
    padded[:, -n:] = y
    by_phase = last_observed(np.moveaxis(padded.reshape(len(y), cycles, m), 1, 2))
    season = by_phase[..., -1]  # (n, m), starting with the phase of the first forecast step
    season = np.where(np.isnan(season), last_observed(y)[:, -1:], season)
    steps = np.arange(h)
    deviation = rms(y[:, m:] - y[:, :-m]) * np.sqrt(steps // m + 1)
    return season[:, steps % m], deviation


def _average_block(y: np.ndarray, h: int, window: int) -> Paths:
    observed = ~np.isnan(y)
    cumulative = np.cumsum(np.where(observed, y, 0.0), axis=1), np.cumsum(observed, axis=1)
    before = np.maximum(np.arange(y.shape[1]) - window, -1)  # step before each window, or -1
    total, count = (
        sums - np.where(before >= 0, sums[:, np.maximum(before, 0)], 0) for sums in cumulative
    )
    mean = last_observed(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    deviation = rms(y[:, 1:] - mean[:, :-1])
    return np.repeat(mean[:, -1:], h, axis=1), np.repeat(deviation, h, axis=1)


def _drift_block(y: np.ndarray, h: int) -> Paths:
    n = y.shape[1]
    observed = ~np.isnan(y)
    first = observed.argmax(1)
    last = n - 1 - observed[:, ::-1].argmax(1)
    rows = np.arange(len(y))
    slope = (y[rows, last] - y[rows, first]) / np.maximum(last - first, 1)
    steps = np.arange(1, h + 1) + (n - 1 - last)[:, None]  # since the last observed value
    errors = np.diff(y, axis=1) - slope[:, None]
    deviation = rms(errors) * np.sqrt(steps * (1 + steps / max(n - 1, 1)))
    return y[rows, last][:, None] + slope[:, None] * steps, deviation
