"""Type of a method's forecasts, and evaluation on series of different lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecastkit.series.panel import Panel
from forecastkit.series.scale import Scale

Paths = tuple[np.ndarray, np.ndarray]  # point forecasts, standard deviations: (n_series, h)


def by_length(panel: Panel, h: int, forecast: Callable[[np.ndarray], Paths]) -> Paths:
    """Forecast groups of series of equal length, each passed as an array (n, length)."""
    paths = np.full((2, panel.n_series, h), np.nan)
    lengths = panel.lengths
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        index = panel.offsets[rows][:, None] + np.arange(length)
        y = panel.values[index]
        # divided by a power of two near the largest value: exact, and squares cannot overflow
        largest = np.abs(np.where(np.isnan(y), 0.0, y)).max(axis=1, keepdims=True)
        unit = np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0))))
        paths[:, rows] = np.stack(forecast(y / unit)) * unit
    return paths[0], paths[1]


def original_units(scale: Scale, point: np.ndarray, deviation: np.ndarray) -> Paths:
    """Convert forecasts and standard deviations from the transformed scale to original units."""
    half_width = 0.5 * (scale.inverse(point + deviation) - scale.inverse(point - deviation))
    return scale.inverse(point), half_width


def rms(errors: np.ndarray) -> np.ndarray:
    """Root mean square of the errors that are not missing, shape (n, 1)."""
    observed = ~np.isnan(errors)
    squares = np.where(observed, errors, 0.0) ** 2
    count = np.maximum(observed.sum(-1, keepdims=True), 1)
    return np.sqrt(squares.sum(-1, keepdims=True) / count)


def interpolated(y: np.ndarray) -> np.ndarray:
    """Fill missing values by linear interpolation, beyond the ends by the nearest value."""
    if not np.isnan(y).any():
        return y
    steps, filled = np.arange(y.shape[1]), y.copy()
    for row in np.flatnonzero(np.isnan(y).any(1)):
        observed = ~np.isnan(y[row])
        if observed.any():
            filled[row] = np.interp(steps, steps[observed], y[row][observed])
    return filled
