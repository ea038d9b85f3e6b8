"""The values that a series can take: whole, not negative, never falling or never rising."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.series.panel import Panel
from forecastkit.series.scale import Scale

# minimum number of changes, and minimum share of them that are not zero, of a monotonic series
MIN_CHANGES, MIN_MOVING_SHARE = 30, 0.25


@dataclass(frozen=True, eq=False)
class Support:
    """Bounds of the forecasts of every series; every array has shape (n_series,).

    Attributes
    ----------
    floor : ndarray
        0 for series without negative values, otherwise minus infinity.
    whole : ndarray of bool
        Whether all values are whole numbers.
    direction : ndarray of int
        1 for a series that has never fallen and often risen, such as a cumulative count, -1 for one
        that has never risen, otherwise 0.
    last : ndarray
        Last value, which a series with a direction does not go back behind.
    """

    floor: np.ndarray
    whole: np.ndarray
    direction: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, panel: Panel, scale: Scale) -> Support:
        """Infer the support from the values of a panel, all of which are past.

        Examples
        --------
        >>> from forecastkit.series.scale import measure_scale
        >>> panel = Panel.of([np.arange(40.0) // 2, np.tile([1.0, 2.0], 20)])
        >>> Support.of(panel, measure_scale(panel)).direction.tolist()
        [1, 0]
        """
        observed = ~np.isnan(panel.values)
        y, owner, n = panel.values[observed], panel.owner[observed], panel.n_series
        change, same = np.diff(y), np.diff(owner) == 0
        rises, falls, pairs = (
            np.bincount(owner[1:][same & which], minlength=n)
            for which in (change > 0, change < 0, np.ones(len(change), bool))
        )
        enough = (pairs >= MIN_CHANGES) & (rises + falls >= MIN_MOVING_SHARE * pairs)
        direction = np.where(falls == 0, 1, np.where(rises == 0, -1, 0)) * enough
        last = np.zeros(n)
        last[owner] = y  # the last assignment counts
        return cls(scale.floor, scale.whole, direction, last)

    def take(self, rows: np.ndarray | slice) -> Support:
        """Return the support of a selection of series."""
        return Support(*(array[rows] for array in vars(self).values()))

    def clip(self, paths: np.ndarray) -> np.ndarray:
        """Clip and round quantile forecasts to the support.

        Parameters
        ----------
        paths : ndarray, shape (n_series, h, ...)
            In the original units. The quantiles of a series that never falls do not fall either.

        Examples
        --------
        >>> support = Support(*(np.array([x]) for x in (0.0, True, 1, 5.0)))
        >>> support.clip(np.array([[4.0, 7.2, 6.0]]))
        array([[5., 7., 7.]])
        """
        floor, whole, direction, last = (
            array.reshape(-1, *([1] * (paths.ndim - 1))) for array in vars(self).values()
        )
        clipped = np.maximum(np.where(whole, np.round(paths), paths), floor) + 0.0  # no -0.0
        if not self.direction.any():
            return clipped
        beyond = np.maximum.accumulate(np.maximum(direction * (clipped - last), 0.0), axis=1)
        return np.where(direction != 0, last + direction * beyond, clipped)
