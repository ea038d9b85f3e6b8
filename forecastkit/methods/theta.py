"""The Theta method, and the naive forecast of seasonally adjusted series."""

from __future__ import annotations

import numpy as np

from forecastkit.methods.naive import naive_block
from forecastkit.methods.paths import Paths, by_block, interpolated
from forecastkit.series.panel import Panel
from forecastkit.series.recurrence import smoothed

_ALPHAS = np.linspace(0.02, 1.0, 50)
_CRITICAL_VALUE = 1.645  # of a two-sided normal test at 90 %


def theta(panel: Panel, h: int, season_length: int) -> Paths:
    """Theta method: half the slope of the trend line on top of exponential smoothing.

    Seasons that pass the autocorrelation test of the M4 competition are taken out first by
    classical decomposition (multiplicative where all values are positive) and put back at the end.

    References
    ----------
    Assimakopoulos & Nikolopoulos, "The theta model", IJF 16 (2000); Hyndman & Billah, "Unmasking
    the Theta method", IJF 19 (2003).

    Examples
    --------
    >>> theta(Panel.of([np.arange(20.0)]), h=2, season_length=1)[0].round(1).tolist()
    [[19.5, 20.0]]
    """
    return by_block(panel, h, lambda y: _theta_block(y, h, season_length))


def naive2(panel: Panel, h: int, season_length: int) -> Paths:
    """Repeat the last value of the series without its season, and put the season back.

    Seasons as in `theta`: the second benchmark of the M4 competition (Makridakis, Spiliotis &
    Assimakopoulos, IJF 36, 2020).

    Examples
    --------
    >>> naive2(Panel.of([np.tile([1.0, 3.0], 8)]), h=2, season_length=2)[0].round(6).tolist()
    [[1.0, 3.0]]
    """
    return by_block(panel, h, lambda y: _naive2_block(y, h, season_length))


def _naive2_block(y: np.ndarray, h: int, m: int) -> Paths:
    x, phases, positive = _deseasonalised(interpolated(y), h, m)
    path, spread = naive_block(x, h)
    return (
        np.where(positive, path * phases, path + phases),
        np.where(positive, spread * phases, spread),
    )


def _theta_block(y: np.ndarray, h: int, m: int) -> Paths:
    y = interpolated(y)
    n = y.shape[1]
    if n < 3:
        return naive_block(y, h)
    x, future, positive = _deseasonalised(y, h, m)
    level, alpha, error = _best_smoothing(x)
    time = np.arange(n) - (n - 1) / 2
    slope = (x * time).sum(1) / (time**2).sum()
    ahead = np.arange(1, h + 1)
    lag = (1 - (1 - alpha) ** n) / alpha
    path = level[:, None] + 0.5 * slope[:, None] * (ahead - 1 + lag[:, None])
    spread = error[:, None] * np.sqrt(1 + (ahead - 1) * alpha[:, None] ** 2)
    return (
        np.where(positive, path * future, path + future),
        np.where(positive, spread * future, spread),
    )


def _deseasonalised(y: np.ndarray, h: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Series without their season, the season of the next h steps, and where it is a factor."""
    n = y.shape[1]
    positive = np.asarray((y > 0).all(1, keepdims=True))
    season = _seasonal_indices(y, m, positive)  # (rows, m), by phase of the step
    phases = season[:, np.arange(n + h) % len(season[0])]
    factor = np.where(positive, phases, 1.0)
    x = np.where(positive, y / factor[:, :n], y - phases[:, :n])
    return x, phases[:, n:], positive


def _best_smoothing(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level, rate and one-step error of the rate with the least squared error, each (rows,)."""
    levels, errors = [], []
    for alpha in _ALPHAS:
        level = smoothed(x, alpha)
        levels.append(level[:, -1])
        errors.append(((x[:, 1:] - level[:, :-1]) ** 2).mean(1))
    best = np.argmin(errors, axis=0)
    rows = np.arange(len(x))
    return np.array(levels)[best, rows], _ALPHAS[best], np.sqrt(np.array(errors)[best, rows])


def _seasonal_indices(y: np.ndarray, m: int, positive: np.ndarray) -> np.ndarray:
    """Indices of classical decomposition, neutral where the test finds no season, (rows, m)."""
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
    safe = np.where(positive, trend, 1.0)
    deviation = np.where(positive, inner / safe, inner - trend)
    phase = (start + np.arange(trend.shape[1])) % m
    indices = np.stack([deviation[:, phase == j].mean(1) for j in range(m)], axis=1)
    centre = indices.mean(1, keepdims=True)
    indices = np.where(positive, indices / np.where(positive, centre, 1.0), indices - centre)
    return np.where(_is_seasonal(y, m)[:, None], indices, neutral)


def _is_seasonal(y: np.ndarray, m: int) -> np.ndarray:
    """Whether the autocorrelation at lag m is beyond chance at 90 % (the M4 organisers' test)."""
    x = y - y.mean(1, keepdims=True)
    power = np.maximum((x**2).sum(1), 1e-300)
    r = np.stack([(x[:, k:] * x[:, :-k]).sum(1) / power for k in range(1, m + 1)])
    limit = _CRITICAL_VALUE * np.sqrt((1 + 2 * (r[:-1] ** 2).sum(0)) / y.shape[1])
    return np.abs(r[-1]) > limit
