"""Transform of each series to a common scale, and its exact inverse.

Positive series are log-transformed, so that growth and seasons are multiplicative; series with
values at or close to zero are shifted before the logarithm; series with negative values are only
divided by their mean absolute value.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from forecastkit.series.panel import Panel

# minimum of a series that is log-transformed without a shift, as a share of its mean
MIN_POSITIVE_SHARE = 0.01
# shift of a series with values at or close to zero, as a share of its mean
_SHIFT_SHARE = 0.1


@dataclass(frozen=True)
class Scale:
    """Parameters of the transform of each series.

    Attributes
    ----------
    size : ndarray, shape (n_series,)
        Mean of |y|; 1 if that is 0 or the series has no value.
    shift : ndarray, shape (n_series,)
        0 for log(y / size), positive for log(1 + y / (size * shift)), NaN for y / size.
    floor : ndarray, shape (n_series,)
        Lower bound of forecasts: 0 if no value is negative, otherwise minus infinity.
    whole : ndarray of bool, shape (n_series,)
        Whether all values are integers, so that forecasts are rounded.
    """

    size: np.ndarray
    shift: np.ndarray
    floor: np.ndarray
    whole: np.ndarray

    @property
    def logarithmic(self) -> np.ndarray:
        """Whether each series is log-transformed, shape (n_series,)."""
        return ~np.isnan(self.shift)

    def take(self, rows: np.ndarray | slice) -> Scale:
        """Select series by position."""
        return Scale(self.size[rows], self.shift[rows], self.floor[rows], self.whole[rows])

    def forward(self, y: np.ndarray) -> np.ndarray:
        """Transform values; `y` has one row or one value per series."""
        size, shift = _columns(y, self.size, self.shift)
        relative = y / size
        with np.errstate(divide="ignore", invalid="ignore"):
            shifted_log = np.log1p(relative / shift)  # exactly 0 at 0
            log = np.where(shift > 0, shifted_log, np.log(relative))
            return np.where(np.isnan(shift), relative, log)

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Transform values back to original units, bounded below by `floor`.

        Examples
        --------
        >>> scale = measure_scale(Panel.of([np.array([1.0, 10.0, 100.0])]))
        >>> scale.inverse(scale.forward(np.array([[5.0, 50.0]]))).round(9)
        array([[ 5., 50.]])
        """
        size, shift, floor = _columns(z, self.size, self.shift, self.floor)
        with np.errstate(over="ignore"):
            growth = np.where(shift > 0, shift * np.expm1(z), np.exp(z))
            relative = np.where(np.isnan(shift), z, growth)
        return np.maximum(relative * size, floor)

    def moved(self, y: np.ndarray, effect: np.ndarray) -> np.ndarray:
        """Add an effect on the transformed scale to values in original units.

        The effect multiplies the values of log-transformed series. It is also defined for values
        without a logarithm, such as negative lower bounds of normal intervals.

        Parameters
        ----------
        y : ndarray, shape (n_series, ...)
            One row or one value per series.
        effect : ndarray
            Broadcastable to the shape of `y`.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> scale = measure_scale(Panel.of([np.array([1.0, 10.0, 100.0])]))
        >>> scale.moved(np.array([[5.0, -1.0]]), np.log(2.0)).tolist()
        [[10.0, -2.0]]
        """
        size, shift = _columns(y, self.size, self.shift)
        origin = np.where(np.isnan(shift), 0.0, shift) * size
        with np.errstate(over="ignore"):
            multiplied = (y + origin) * np.exp(effect) - origin
        return np.where(np.isnan(shift), y + effect * size, multiplied)


# scales by panel, shared by all methods; an entry is removed with its panel
_SCALES: WeakKeyDictionary[Panel, Scale] = WeakKeyDictionary()


def measure_scale(panel: Panel) -> Scale:
    """Determine the transform of each series from its values.

    Parameters
    ----------
    panel : Panel
        Series up to the cutoff, in original units.

    Returns
    -------
    Scale

    Examples
    --------
    >>> scale = measure_scale(Panel.of([np.array([2.0, 4.0]), np.array([0.0, 4.0]),
    ...                                 np.array([-1.0, 1.0])]))
    >>> scale.logarithmic.tolist(), scale.shift.tolist()
    ([True, True, False], [0.0, 0.1, nan])
    """
    if panel not in _SCALES:
        _SCALES[panel] = _scale_of(panel)
    return _SCALES[panel]


def _scale_of(panel: Panel) -> Scale:
    observed = ~np.isnan(panel.values)
    owner, y = panel.owner[observed], panel.values[observed]
    n = panel.n_series
    max_abs, smallest = np.zeros(n), np.full(n, np.inf)
    np.maximum.at(max_abs, owner, np.abs(y))
    np.minimum.at(smallest, owner, y)
    max_abs[max_abs == 0] = 1.0
    # divided by the largest value first, so that a sum of values near 1e308 does not overflow
    relative_sum = np.bincount(owner, np.abs(y) / max_abs[owner], minlength=n)
    size = relative_sum / np.maximum(np.bincount(owner, minlength=n), 1) * max_abs
    size[size == 0] = 1.0
    smallest[np.isinf(smallest)] = 0.0
    shift = np.where(smallest > MIN_POSITIVE_SHARE * size, 0.0, _SHIFT_SHARE)
    shift = np.where(smallest < 0, np.nan, shift)
    n_fractional = np.bincount(owner, y != np.round(y), minlength=n)
    whole = (n_fractional == 0) & (np.bincount(owner, minlength=n) > 0)
    return Scale(size, shift, np.where(smallest < 0, -np.inf, 0.0), whole)


def scaled(panel: Panel, scale: Scale) -> Panel:
    """Transform a panel; missing values stay missing."""
    value_scale = scale.take(panel.owner)
    return panel.with_values(value_scale.forward(panel.values))


def _columns(y: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """Reshape arrays with one value per series so that they broadcast with `y`."""
    n_extra = y.ndim - 1
    return [column.reshape(-1, *([1] * n_extra)) for column in columns]
