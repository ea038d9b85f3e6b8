"""What every method computes, and how it runs over series of different lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecastkit.series.panel import Panel
from forecastkit.series.scale import Scale

Paths = tuple[np.ndarray, np.ndarray]  # both (n_series, h): point forecast, standard deviation


def by_block(panel: Panel, h: int, forecast: Callable[[np.ndarray], Paths]) -> Paths:
    """Run a forecast over groups of series of one length, shape (n, length) each."""
    out = np.full((2, panel.n_series, h), np.nan)
    lengths = panel.lengths
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        index = panel.offsets[rows][:, None] + np.arange(length)
        y = panel.values[index]
        # in units of a power of two near the largest value: exact, and squares do not overflow
        largest = np.abs(np.where(np.isnan(y), 0.0, y)).max(axis=1, keepdims=True)
        unit = np.exp2(np.floor(np.log2(np.where(largest > 0, largest, 1.0))))
        out[:, rows] = np.stack(forecast(y / unit)) * unit
    return out[0], out[1]


def original_units(scale: Scale, path: np.ndarray, spread: np.ndarray) -> Paths:
    """Paths on a scale, with their standard deviations, in the series' own units."""
    half = 0.5 * (scale.inverse(path + spread) - scale.inverse(path - spread))
    return scale.inverse(path), half


def deviation(errors: np.ndarray) -> np.ndarray:
    """Root mean square of errors that are not missing, shape (n, 1)."""
    known = ~np.isnan(errors)
    total = np.where(known, errors, 0.0) ** 2
    return np.sqrt(total.sum(-1, keepdims=True) / np.maximum(known.sum(-1, keepdims=True), 1))


def interpolated(y: np.ndarray) -> np.ndarray:
    """Fill missing values by linear interpolation; the ends repeat the nearest value."""
    if not np.isnan(y).any():
        return y
    steps, out = np.arange(y.shape[1]), y.copy()
    for row in np.flatnonzero(np.isnan(y).any(1)):
        seen = ~np.isnan(y[row])
        if seen.any():
            out[row] = np.interp(steps, steps[seen], y[row][seen])
    return out
