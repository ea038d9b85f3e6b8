"""The forecasts that every model must beat: naive, seasonal naive, drift, Theta, ETS.

Each function takes a panel and gives, for every series, the next `h` values and the standard
deviation of their errors, from the values of the panel alone. Missing values are passed over;
Theta draws a straight line through them.

References
----------
Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., sections 5.2 and 5.5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecastkit.evaluation.smoothing import ets
from forecastkit.series.panel import Panel, last_observed
from forecastkit.series.recurrence import smoothed

Paths = tuple[np.ndarray, np.ndarray]  # both (n_series, h): point forecast, standard deviation
_ALPHAS = np.linspace(0.02, 1.0, 50)
_SEASONAL_AT = 1.645  # the 90 % point of a two-sided normal test


def naive(panel: Panel, h: int, season_length: int = 1) -> Paths:
    """Repeat the last value.

    Examples
    --------
    >>> naive(Panel.of([np.array([1.0, 2.0, np.nan])]), h=2)[0].tolist()
    [[2.0, 2.0]]
    """
    return _by_block(panel, h, lambda y: _naive_block(y, h))


def seasonal_naive(panel: Panel, h: int, season_length: int) -> Paths:
    """Repeat the last season; a series shorter than a season, its last value.

    Examples
    --------
    >>> seasonal_naive(Panel.of([np.arange(6.0)]), h=3, season_length=2)[0].tolist()
    [[4.0, 5.0, 4.0]]
    """
    return _by_block(panel, h, lambda y: _seasonal_block(y, h, season_length))


def drift(panel: Panel, h: int, season_length: int = 1) -> Paths:
    """Go on along the line from the first value to the last.

    Examples
    --------
    >>> drift(Panel.of([np.array([1.0, 5.0, 3.0])]), h=2)[0].tolist()
    [[4.0, 5.0]]
    """
    return _by_block(panel, h, lambda y: _drift_block(y, h))


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
    return _by_block(panel, h, lambda y: _theta_block(y, h, season_length))


def naive2(panel: Panel, h: int, season_length: int) -> Paths:
    """Repeat the last value of the series without its season, and put the season back.

    Seasons as in `theta`: the second benchmark of the M4 competition (Makridakis, Spiliotis &
    Assimakopoulos, IJF 36, 2020).

    Examples
    --------
    >>> naive2(Panel.of([np.tile([1.0, 3.0], 8)]), h=2, season_length=2)[0].round(6).tolist()
    [[1.0, 3.0]]
    """
    return _by_block(panel, h, lambda y: _naive2_block(y, h, season_length))


BASELINES: dict[str, Callable[[Panel, int, int], Paths]] = {
    "Naive": naive,
    "SeasonalNaive": seasonal_naive,
    "Drift": drift,
    "Theta": theta,
    "ETS": ets,
}


def _by_block(panel: Panel, h: int, forecast: Callable[[np.ndarray], Paths]) -> Paths:
    """Run a forecast over groups of series of one length, shape (n, length) each."""
    out = np.full((2, panel.n_series, h), np.nan)
    lengths = panel.lengths
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        index = panel.offsets[rows][:, None] + np.arange(length)
        y = panel.values[index]
        # in units of a power of two near the largest value: exact, and its square does not overflow
        largest = np.abs(np.where(np.isnan(y), 0.0, y)).max(axis=1, keepdims=True)
        unit = np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0))))
        out[:, rows] = np.stack(forecast(y / unit)) * unit
    return out[0], out[1]


def _deviation(errors: np.ndarray) -> np.ndarray:
    """Root mean square of errors that are not missing, shape (n, 1)."""
    known = ~np.isnan(errors)
    total = np.where(known, errors, 0.0) ** 2
    return np.sqrt(total.sum(-1, keepdims=True) / np.maximum(known.sum(-1, keepdims=True), 1))


def _naive_block(y: np.ndarray, h: int) -> Paths:
    filled = last_observed(y)
    spread = _deviation(y[:, 1:] - filled[:, :-1]) * np.sqrt(np.arange(1, h + 1))
    return np.repeat(filled[:, -1:], h, axis=1), spread


def _seasonal_block(y: np.ndarray, h: int, m: int) -> Paths:
    n = y.shape[1]
    if n < m or m < 2:
        return _naive_block(y, h)
    # the newest value of each phase that is there, then the newest of all
    cycles = -(-n // m)
    padded = np.full((len(y), cycles * m), np.nan)
    padded[:, -n:] = y
    by_phase = last_observed(np.moveaxis(padded.reshape(len(y), cycles, m), 1, 2))
    season = by_phase[..., -1]  # (n, m), the phase after the last step first
    season = np.where(np.isnan(season), last_observed(y)[:, -1:], season)
    steps = np.arange(h)
    spread = _deviation(y[:, m:] - y[:, :-m]) * np.sqrt(steps // m + 1)
    return season[:, steps % m], spread


def _drift_block(y: np.ndarray, h: int) -> Paths:
    n = y.shape[1]
    seen = ~np.isnan(y)
    first = seen.argmax(1)
    last = n - 1 - seen[:, ::-1].argmax(1)
    rows = np.arange(len(y))
    slope = (y[rows, last] - y[rows, first]) / np.maximum(last - first, 1)
    ahead = np.arange(1, h + 1) + (n - 1 - last)[:, None]
    errors = np.diff(y, axis=1) - slope[:, None]
    spread = _deviation(errors) * np.sqrt(ahead * (1 + ahead / max(n - 1, 1)))
    return y[rows, last][:, None] + slope[:, None] * ahead, spread


def _naive2_block(y: np.ndarray, h: int, m: int) -> Paths:
    x, phases, positive = _deseasonalised(_joined(y), h, m)
    path, spread = _naive_block(x, h)
    return (
        np.where(positive, path * phases, path + phases),
        np.where(positive, spread * phases, spread),
    )


def _theta_block(y: np.ndarray, h: int, m: int) -> Paths:
    y = _joined(y)
    n = y.shape[1]
    if n < 3:
        return _naive_block(y, h)
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


def _joined(y: np.ndarray) -> np.ndarray:
    """Draw straight lines through missing values; the ends repeat the nearest one."""
    if not np.isnan(y).any():
        return y
    steps, out = np.arange(y.shape[1]), y.copy()
    for row in np.flatnonzero(np.isnan(y).any(1)):
        seen = ~np.isnan(y[row])
        if seen.any():
            out[row] = np.interp(steps, steps[seen], y[row][seen])
    return out


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
    limit = _SEASONAL_AT * np.sqrt((1 + 2 * (r[:-1] ** 2).sum(0)) / y.shape[1])
    return np.abs(r[-1]) > limit
