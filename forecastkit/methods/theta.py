"""The Theta method and Naive2, the naive forecast of seasonally adjusted series."""

from __future__ import annotations

import numpy as np

from forecastkit.methods.naive import naive_block
from forecastkit.methods.paths import Paths, by_length, interpolated
from forecastkit.series.panel import Panel
from forecastkit.series.recurrence import smoothed

_ALPHAS = np.linspace(0.02, 1.0, 50)
_CRITICAL_VALUE = 1.645  # two-sided normal test at the 90 % level


def theta(panel: Panel, h: int, season_length: int) -> Paths:
    """Theta method: simple exponential smoothing plus half the slope of a linear trend.

    A series that passes the seasonality test of the M4 competition is first adjusted by classical
    decomposition (multiplicative where all values are positive); its forecast is reseasonalised.

    References
    ----------
    Assimakopoulos & Nikolopoulos, "The theta model", IJF 16 (2000); Hyndman & Billah, "Unmasking
    the Theta method", IJF 19 (2003).

    Examples
    --------
    >>> theta(Panel.of([np.arange(20.0)]), h=2, season_length=1)[0].round(1).tolist()
    [[19.5, 20.0]]
    """
    return by_length(panel, h, lambda y: _theta_block(y, h, season_length))


def naive2(panel: Panel, h: int, season_length: int) -> Paths:
    """Naive forecast of the seasonally adjusted series, reseasonalised.

    The seasonal adjustment is that of `theta`.

    References
    ----------
    Makridakis, Spiliotis & Assimakopoulos, "The M4 Competition", IJF 36 (2020): Naive2.

    Examples
    --------
    >>> naive2(Panel.of([np.tile([1.0, 3.0], 8)]), h=2, season_length=2)[0].round(6).tolist()
    [[1.0, 3.0]]
    """
    return by_length(panel, h, lambda y: _naive2_block(y, h, season_length))


def _naive2_block(y: np.ndarray, h: int, m: int) -> Paths:
    x, season, positive = _deseasonalised(interpolated(y), h, m)
    return _reseasonalised(*naive_block(x, h), season, positive)


def _theta_block(y: np.ndarray, h: int, m: int) -> Paths:
    y = interpolated(y)
    n = y.shape[1]
    if n < 3:
        return naive_block(y, h)
    x, season, positive = _deseasonalised(y, h, m)
    level, alpha, error = _best_smoothing(x)
    time = np.arange(n) - (n - 1) / 2
    slope = (x * time).sum(1) / (time**2).sum()
    steps = np.arange(1, h + 1)
    lag = (1 - (1 - alpha) ** n) / alpha
    point = level[:, None] + 0.5 * slope[:, None] * (steps - 1 + lag[:, None])
    deviation = error[:, None] * np.sqrt(1 + (steps - 1) * alpha[:, None] ** 2)
    return _reseasonalised(point, deviation, season, positive)


def _deseasonalised(y: np.ndarray, h: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjusted series, season of the next h steps, and whether the season is multiplicative."""
    n = y.shape[1]
    positive = np.asarray((y > 0).all(1, keepdims=True))
    indices = _seasonal_indices(y, m, positive)  # (n_series, m), by phase of the step
    season = indices[:, np.arange(n + h) % len(indices[0])]
    factor = np.where(positive, season, 1.0)
    x = np.where(positive, y / factor[:, :n], y - season[:, :n])
    return x, season[:, n:], positive


def _reseasonalised(
    point: np.ndarray, deviation: np.ndarray, season: np.ndarray, positive: np.ndarray
) -> Paths:
    """Forecasts of adjusted series with their season, a factor where `positive`."""
    return (
        np.where(positive, point * season, point + season),
        np.where(positive, deviation * season, deviation),
    )


def _best_smoothing(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Last level, rate and RMSE of the rate with the lowest one-step error, each (n_series,)."""
    levels, errors = [], []
    for alpha in _ALPHAS:
        level = smoothed(x, alpha)
        levels.append(level[:, -1])
        errors.append(((x[:, 1:] - level[:, :-1]) ** 2).mean(1))
    best = np.argmin(errors, axis=0)
    rows = np.arange(len(x))
    return np.array(levels)[best, rows], _ALPHAS[best], np.sqrt(np.array(errors)[best, rows])


def _seasonal_indices(y: np.ndarray, m: int, positive: np.ndarray) -> np.ndarray:
    """Indices of classical decomposition, neutral without significant season, (n_series, m)."""
    n = y.shape[1]
    neutral = np.where(positive, 1.0, 0.0)
    if m < 2 or n < 3 * m:
        return np.repeat(neutral, max(m, 1), axis=1)
    weights = np.ones(2 * (m // 2) + 1) / m
    if m % 2 == 0:
        weights[[0, -1]] /= 2
    windows = np.lib.stride_tricks.sliding_window_view(y, len(weights), axis=1)
    trend = windows @ weights
    start = m // 2
    inner = y[:, start : start + trend.shape[1]]
    divisor = np.where(positive, trend, 1.0)
    detrended = np.where(positive, inner / divisor, inner - trend)
    phase = (start + np.arange(trend.shape[1])) % m
    indices = np.stack([detrended[:, phase == j].mean(1) for j in range(m)], axis=1)
    centre = indices.mean(1, keepdims=True)
    indices = np.where(positive, indices / np.where(positive, centre, 1.0), indices - centre)
    return np.where(_is_seasonal(y, m)[:, None], indices, neutral)


def _is_seasonal(y: np.ndarray, m: int) -> np.ndarray:
    """Whether the autocorrelation at lag m is significant at 90 % (seasonality test of M4)."""
    x = y - y.mean(1, keepdims=True)
    variance = np.maximum((x**2).sum(1), 1e-300)
    r = np.stack([(x[:, k:] * x[:, :-k]).sum(1) / variance for k in range(1, m + 1)])
    limit = _CRITICAL_VALUE * np.sqrt((1 + 2 * (r[:-1] ** 2).sum(0)) / y.shape[1])
    return np.abs(r[-1]) > limit
