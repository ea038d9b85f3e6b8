"""Split conformal calibration of intervals, shrunk towards the model's own quantiles.

The score of a held-out value is its probability integral transform under the forecast distribution,
as a quantile of the standard normal distribution. Under a correct forecast distribution, scores are
standard normal. The radius of a level is the ceil((n + 1) level)-th smallest of n absolute scores
(split conformal prediction) of the same step ahead, pooled with neighbouring steps if there are too
few. The fewer series and validation windows the scores come from, the more the radius is shrunk
towards the model's own: the series of a panel share common shocks, so that a window is a single
draw of these, however many series it has.

References
----------
Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World*, 2005; Lei et al.,
"Distribution-free predictive inference for regression", JASA 113 (2018), section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.ranges import refuse
from forecastkit.series.intervals import normal

LEVELS = (20.0, 40.0, 60.0, 80.0, 90.0, 95.0, 98.0)
_Z = np.array([normal(0.5 + level / 200) for level in LEVELS])
# minimum number of scores per step; neighbouring steps are pooled until there are so many
_MIN_SCORES = 200
# prior sample sizes: numbers of rows and of windows at which the shrinkage weight of each is 1/2
_PRIOR_ROWS, _PRIOR_WINDOWS = 20.0, 1.0
MAX_RADIUS = 1e3
_MAX_RATIO = 6.0  # maximum factor by which intervals are widened or narrowed


@dataclass(frozen=True, eq=False)
class Calibration:
    """Radius of the prediction intervals: their distance from the median.

    Attributes
    ----------
    radius : ndarray, shape (h, n_levels)
        For each step and each of `LEVELS`, as a standard normal quantile of the model.
    """

    radius: np.ndarray

    def __post_init__(self) -> None:
        radius = self.radius
        if radius.ndim != 2 or radius.shape[1] != len(LEVELS):
            refuse("the shape of radius", radius.shape, f"(h, {len(LEVELS)})")
        if not ((radius > 0) & (radius < MAX_RADIUS)).all():
            refuse("radius", radius.tolist(), f"between 0 and {MAX_RADIUS:g}")
        if (np.diff(radius, axis=1) < 0).any():
            refuse("radius", radius.tolist(), "ascending along the levels")

    @classmethod
    def none(cls, h: int) -> Calibration:
        """Return a calibration that leaves the model's intervals unchanged."""
        return cls(np.tile(_Z, (h, 1)))

    def at_horizon(self, h: int) -> Calibration:
        """Return the calibration of another horizon: beyond its own, that of the last step."""
        return Calibration(self.radius[np.minimum(np.arange(h), len(self.radius) - 1)])

    def calibrated(self, z: np.ndarray) -> np.ndarray:
        """Map nominal quantiles to the quantiles of the model that are calibrated for them.

        Parameters
        ----------
        z : ndarray, shape (n_quantiles,)
            Nominal quantiles, as quantiles of the standard normal distribution.

        Returns
        -------
        ndarray, shape (h, n_quantiles)
            Interpolated linearly between the levels, extrapolated in proportion beyond the widest.

        Examples
        --------
        >>> Calibration.none(2).calibrated(np.array([0.0, -1.0])).round(6).tolist()
        [[0.0, -1.0], [0.0, -1.0]]
        """
        size = np.abs(z)
        knots = np.concatenate([[0.0], _Z])
        rows = []
        for radius in self.radius:
            inner = np.interp(size, knots, np.concatenate([[0.0], radius]))
            rows.append(np.where(size > _Z[-1], size * radius[-1] / _Z[-1], inner))
        return np.sign(z) * np.array(rows)

    @classmethod
    def from_scores(cls, scores: np.ndarray, n_windows: float) -> Calibration:
        """Estimate the radius from the scores of held-out values.

        Parameters
        ----------
        scores : ndarray, shape (n, h)
            One row per series and validation window, NaN for missing values.
        n_windows : float
            Number of non-overlapping windows.

        Returns
        -------
        Calibration

        Examples
        --------
        >>> scores = 2 * np.random.default_rng(0).normal(size=(5000, 1))  # intervals too narrow
        >>> round(float(Calibration.from_scores(scores, 9).calibrated(np.array([1.0]))[0, 0]))
        2
        """
        observed = ~np.isnan(scores)
        h = scores.shape[1]
        radius = np.empty((h, len(LEVELS)))
        for step in range(h):
            steps = _pooled_steps(observed, step)
            pooled = np.sort(np.abs(scores[:, steps][observed[:, steps]]))
            n_rows = int(observed[:, steps].any(axis=1).sum())
            weight = shrinkage_weight(n_rows, n_windows, _PRIOR_ROWS, _PRIOR_WINDOWS)
            radius[step] = weight * _conformal_radius(pooled) + (1 - weight) * _Z
        return cls(radius)


def shrinkage_weight(rows: int, n_windows: float, prior_rows: float, prior_windows: float) -> float:
    """Shrinkage weight of an estimate from so many rows and windows, from 0 (prior) to 1.

    Parameters
    ----------
    rows, n_windows
        Sample sizes: pairs of series and window, and windows that do not overlap.
    prior_rows, prior_windows : float
        Prior sample sizes: at these, each factor of the weight is 1/2.

    Examples
    --------
    >>> shrinkage_weight(20, 1.5, 20.0, 1.5), shrinkage_weight(0, 1.0, 20.0, 1.5)
    (0.25, 0.0)
    """
    return rows / (rows + prior_rows) * n_windows / (n_windows + prior_windows)


def _pooled_steps(observed: np.ndarray, step: int) -> slice:
    """Smallest range of steps around `step` with `_MIN_SCORES` scores; else all steps."""
    h = observed.shape[1]
    for distance in range(h):
        steps = slice(max(0, step - distance), step + distance + 1)
        if observed[:, steps].sum() >= _MIN_SCORES:
            return steps
    return slice(0, h)


def _conformal_radius(scores: np.ndarray) -> np.ndarray:
    """Finite-sample quantile of sorted absolute scores for each level, shape (n_levels,)."""
    n = len(scores)
    if n == 0:
        return _Z
    rank = np.ceil((n + 1) * np.array(LEVELS) / 100).astype(int)
    attainable = rank <= n
    order_statistic = scores[np.minimum(rank, n) - 1]
    ratio = np.clip(order_statistic / _Z, 1 / _MAX_RATIO, _MAX_RATIO)
    # a level too high for n scores takes the ratio of the highest attainable one, at least 1
    last = ratio[attainable][-1] if attainable.any() else 1.0
    radius = np.where(attainable, ratio, np.maximum(last, 1.0)) * _Z
    return np.maximum.accumulate(radius)
