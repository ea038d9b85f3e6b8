"""Accuracy metrics: each function is one formula with its source.

`y` holds the actual values and `y_hat` the forecasts, arrays whose last axis is the horizon. Steps
with a missing actual value (NaN) are ignored. An undefined metric (a scale of zero, no actual
value) is NaN, never 0 or infinity.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
_ROUNDING = 1e-10


def _mean(x: Array, y: Array) -> Array:
    """Mean over the steps with an actual value; a NaN forecast gives NaN."""
    observed = ~np.isnan(y)
    count = observed.sum(axis=-1)
    total = np.where(observed, x, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _scaled(x: Array, scale: Array) -> Array:
    """Divide by a scale; NaN where it is not positive."""
    scale = np.asarray(scale, float)
    return np.where(scale > 0, x / np.where(scale > 0, scale, 1.0), np.nan)


def mae(y: Array, y_hat: Array) -> Array:
    """Mean absolute error, mean |y - y_hat|, in the units of the series.

    Examples
    --------
    >>> float(mae(np.array([1.0, 2.0, np.nan]), np.array([2.0, 4.0, 9.0])))
    1.5
    """
    return _mean(np.abs(y - y_hat), y)


def rmse(y: Array, y_hat: Array) -> Array:
    """Root mean squared error, sqrt(mean (y - y_hat)^2), in the units of the series.

    Examples
    --------
    >>> float(rmse(np.array([1.0, 2.0]), np.array([1.0, 4.0])).round(4))
    1.4142
    """
    return np.sqrt(_mean((y - y_hat) ** 2, y))


def smape(y: Array, y_hat: Array) -> Array:
    """Symmetric mean absolute percentage error, mean 200 |y - y_hat| / (|y| + |y_hat|), 0 to 200.

    Makridakis & Hibon, "The M3-Competition", IJF 16 (2000), appendix A. The error is 0 where both
    values are 0.

    Examples
    --------
    >>> float(smape(np.array([100.0, 0.0]), np.array([50.0, 0.0])).round(4))
    33.3333
    """
    y, y_hat = y / 2, y_hat / 2  # the sum of two values of 1e308 must not overflow
    error, total = np.abs(y - y_hat), np.abs(y) + np.abs(y_hat)
    both_zero = total == 0
    relative = np.where(both_zero, 0.0 * error, 200.0 * (error / np.where(both_zero, 1.0, total)))
    return _mean(relative, y)


def mase(y: Array, y_hat: Array, scale: Array) -> Array:
    """Mean absolute scaled error, mean |y - y_hat| / scale.

    Hyndman & Koehler, "Another look at measures of forecast accuracy", IJF 22 (2006).
    A value below 1 is better than the one-step seasonal naive forecast on the training data.

    Parameters
    ----------
    y, y_hat : array, shape (..., horizon)
    scale : array, shape (...)
        `seasonal_error` of the training data.

    Examples
    --------
    >>> float(mase(np.array([3.0]), np.array([5.0]), scale=np.array(4.0)))
    0.5
    """
    return _scaled(mae(y, y_hat), scale)


def rmsse(y: Array, y_hat: Array, scale: Array) -> Array:
    """Root mean squared scaled error, sqrt(mean (y - y_hat)^2 / scale).

    Makridakis et al., "The M5 accuracy competition", IJF 38 (2022), section 3.

    Parameters
    ----------
    y, y_hat : array, shape (..., horizon)
    scale : array, shape (...)
        `seasonal_error` of the training data with power 2.

    Examples
    --------
    >>> float(rmsse(np.array([3.0]), np.array([5.0]), scale=np.array(16.0)))
    0.5
    """
    return np.sqrt(_scaled(_mean((y - y_hat) ** 2, y), scale))


def quantile_loss(y: Array, y_hat: Array, q: float) -> Array:
    """Pinball loss, mean of q (y - y_hat) for y above y_hat and (1 - q) (y_hat - y) below.

    Koenker & Bassett, "Regression quantiles", Econometrica 46 (1978).

    Examples
    --------
    >>> float(quantile_loss(np.array([10.0]), np.array([8.0]), q=0.9))
    1.8
    """
    error = y - y_hat
    return _mean(np.maximum(q * error, (q - 1.0) * error), y)


def coverage(y: Array, low: Array, high: Array) -> Array:
    """Share of the actual values within [low, high]; 0.8 is ideal for an 80 % interval.

    Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 5.5.

    Examples
    --------
    >>> float(coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([2.0, 2.0])))
    0.5
    """
    undefined = np.isnan(low) | np.isnan(high)
    return _mean(np.where(undefined, np.nan, (y >= low) & (y <= high)), y)


def interval_score(y: Array, low: Array, high: Array, level: float) -> Array:
    """Interval score, mean of width + 2/a times the distance outside, with a = 1 - level / 100.

    Gneiting & Raftery, "Strictly proper scoring rules", JASA 102 (2007), equation 43; divided by
    the scale of `mase` it is the MSIS of the M4 competition.

    Examples
    --------
    >>> y = np.array([1.0, 4.0])
    >>> round(float(interval_score(y, np.array([0.0, 0.0]), np.array([2.0, 2.0]), level=80)), 6)
    12.0
    """
    a = 1.0 - level / 100
    outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    return _mean(high - low + 2.0 / a * outside, y)


def seasonal_error(y: Array, season_length: int, power: int = 1) -> Array:
    """Mean |y_t - y_{t-m}|^power of the training data, the scale of `mase` (1) and `rmsse` (2).

    A series that is not longer than a season uses m = 1.

    Parameters
    ----------
    y : array, shape (..., n_times)
        NaN where missing.
    season_length : int
        Lag m.
    power : int
        1 for absolute, 2 for squared differences.

    Examples
    --------
    >>> float(seasonal_error(np.array([1.0, 2.0, 4.0, 4.0]), season_length=2))
    2.5
    """
    m = season_length if y.shape[-1] > season_length else 1
    change = np.abs(y[..., m:] - y[..., :-m])
    # rounding errors of an exactly periodic series count as zero
    largest = np.abs(np.where(np.isnan(y), 0.0, y)).max(axis=-1, keepdims=True, initial=0.0)
    change = np.where(change < _ROUNDING * largest, 0.0, change)
    return _mean(change**power, change)
