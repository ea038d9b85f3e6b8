"""The scale on which a series is looked at, and its exact inverse.

Positive series are looked at in logarithms, so that growth and seasons are shares; series that
touch zero are shifted first; series that cross zero keep their own shape, in units of their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from forecastkit.series.panel import Panel

# a series counts as positive when its least value is above this share of its mean
_POSITIVE_SHARE = 0.01
# how far a series that touches zero is shifted, in shares of its mean
_SHIFT_SHARE = 0.1


@dataclass(frozen=True)
class Scale:
    """How each series of a panel is put on a common scale.

    Attributes
    ----------
    size : ndarray, shape (n_series,)
        Mean of |y|, 1 where that is 0 or nothing is known.
    shift : ndarray, shape (n_series,)
        0 where the logarithm of y / size is taken; above 0 where it is that of 1 + y / size /
        shift; NaN where the series crosses zero and no logarithm is taken.
    floor : ndarray, shape (n_series,)
        0 where no value is negative: forecasts stay so; otherwise minus infinity.
    whole : ndarray of bool, shape (n_series,)
        Whether all values are whole numbers: forecasts are then too.
    """

    size: np.ndarray
    shift: np.ndarray
    floor: np.ndarray
    whole: np.ndarray

    @property
    def logarithmic(self) -> np.ndarray:
        """Whether logarithms are taken, shape (n_series,)."""
        return ~np.isnan(self.shift)

    def take(self, rows: np.ndarray | slice) -> Scale:
        """Return the scale of some of the series."""
        return Scale(self.size[rows], self.shift[rows], self.floor[rows], self.whole[rows])

    def forward(self, y: np.ndarray) -> np.ndarray:
        """Put values on the scale; `y` has one row a series or is already one value a series."""
        size, shift = _columns(y, self.size, self.shift)
        share = y / size
        with np.errstate(divide="ignore", invalid="ignore"):
            touching = np.log1p(share / shift)  # exactly 0 at 0
            return np.where(np.isnan(shift), share, np.where(shift > 0, touching, np.log(share)))

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Put values back into the series' own unit; never below `floor`.

        Examples
        --------
        >>> scale = measure_scale(Panel.of([np.array([1.0, 10.0, 100.0])]))
        >>> scale.inverse(scale.forward(np.array([[5.0, 50.0]]))).round(9)
        array([[ 5., 50.]])
        """
        size, shift, floor = _columns(z, self.size, self.shift, self.floor)
        with np.errstate(over="ignore"):
            growth = np.where(shift > 0, shift * np.expm1(z), np.exp(z))
            share = np.where(np.isnan(shift), z, growth)
        return np.maximum(share * size, floor)

    def moved(self, y: np.ndarray, effect: np.ndarray) -> np.ndarray:
        """Add an effect on the scale to values in the series' own unit.

        Where logarithms are taken it multiplies them. Defined for values that have no logarithm
        too, such as the lower ends of normal intervals.

        Parameters
        ----------
        y : ndarray
            One row a series, or one value a series.
        effect : ndarray
            Of a shape that broadcasts with `y`.

        Examples
        --------
        >>> scale = measure_scale(Panel.of([np.array([1.0, 10.0, 100.0])]))
        >>> scale.moved(np.array([[5.0, -1.0]]), np.log(2.0)).tolist()
        [[10.0, -2.0]]
        """
        size, shift = _columns(y, self.size, self.shift)
        start = np.where(np.isnan(shift), 0.0, shift) * size
        with np.errstate(over="ignore"):
            grown = (y + start) * np.exp(effect) - start
        return np.where(np.isnan(shift), y + effect * size, grown)

    def clip_to_support(self, y: np.ndarray) -> np.ndarray:
        """Make forecasts what the series can be: not negative, or whole, where all its values are.

        Examples
        --------
        >>> scale = measure_scale(Panel.of([np.array([1.0, 0.0, 3.0])]))
        >>> scale.clip_to_support(np.array([[-0.2, 1.4]]))
        array([[0., 1.]])
        """
        floor, whole = _columns(y, self.floor, self.whole)
        return np.maximum(np.where(whole, np.round(y), y), floor) + 0.0  # no negative zero


# scales by panel, so that several methods measure it once; a panel that is gone leaves none
_SCALES: WeakKeyDictionary[Panel, Scale] = WeakKeyDictionary()


def measure_scale(panel: Panel) -> Scale:
    """Choose the scale of each series from its values, all of which count as past.

    Parameters
    ----------
    panel : Panel
        Series up to the cutoff, in their own units.

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
        _SCALES[panel] = _measured(panel)
    return _SCALES[panel]


def _measured(panel: Panel) -> Scale:
    seen = ~np.isnan(panel.values)
    owner, y = panel.owner[seen], panel.values[seen]
    n = panel.n_series
    largest, least = np.zeros(n), np.full(n, np.inf)
    np.maximum.at(largest, owner, np.abs(y))
    np.minimum.at(least, owner, y)
    largest[largest == 0] = 1.0
    # divided by the largest first: the sum of a few values of 1e308 must not overflow
    share = np.bincount(owner, np.abs(y) / largest[owner], minlength=n)
    size = share / np.maximum(np.bincount(owner, minlength=n), 1) * largest
    size[size == 0] = 1.0
    least[np.isinf(least)] = 0.0
    shift = np.where(least > _POSITIVE_SHARE * size, 0.0, _SHIFT_SHARE)
    shift = np.where(least < 0, np.nan, shift)
    fractions = np.bincount(owner, y != np.round(y), minlength=n)
    whole = (fractions == 0) & (np.bincount(owner, minlength=n) > 0)
    return Scale(size, shift, np.where(least < 0, -np.inf, 0.0), whole)


def scaled(panel: Panel, scale: Scale) -> Panel:
    """Put a whole panel on its scale; missing stays missing."""
    each = scale.take(panel.owner)
    return panel.with_values(each.forward(panel.values))


def _columns(y: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    extra = y.ndim - 1
    return [column.reshape(-1, *([1] * extra)) for column in columns]
