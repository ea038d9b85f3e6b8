"""Intervals that hold: conformal prediction, shrunk to what the model says of itself.

A value's score is the quantile of the standard normal distribution at which it came to lie in the
forecast distribution. Were that right, scores would be normal. The interval of a level is set so
far from the median as that share of held-back values lay (split conformal prediction): at the
ceil((n + 1) level)-th smallest of n absolute scores, of the same step ahead where there are enough
of them, of its neighbours too where there are not. The fewer series and windows they come from, the
more it stays with the model's own: the series of a panel share what its times bring, so that one
window, of however many series, is one draw of that.

References
----------
Vovk, Gammerman & Shafer, *Algorithmic BlendTrainer in a Random World*, 2005; Lei et al.,
"Distribution-free predictive inference for regression", JASA 113 (2018), section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastkit.ranges import refuse
from forecastkit.series.intervals import normal

LEVELS = (20.0, 40.0, 60.0, 80.0, 90.0, 95.0, 98.0)
_Z = np.array([normal(0.5 + level / 200) for level in LEVELS])
# scores that a step wants of itself and its neighbours
_MIN_SCORES = 200
# rows, and windows, at which what they say counts as much as what the model says
_PRIOR_ROWS, _PRIOR_WINDOWS = 20.0, 1.0
MAX_RADIUS = 1e3
_MAX_RATIO = 6.0  # times as wide, or as narrow


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far from the median the intervals radius.

    Attributes
    ----------
    radius : ndarray, shape (h, n_levels)
        For each step and each of `LEVELS`, in the model's own standard normal scores.
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
        """Intervals as the model gives them."""
        return cls(np.tile(_Z, (h, 1)))

    def calibrated(self, z: np.ndarray) -> np.ndarray:
        """Which of the model's quantiles stand for the wanted ones.

        Parameters
        ----------
        z : ndarray, shape (n_wanted,)
            As quantiles of the standard normal distribution.

        Returns
        -------
        ndarray, shape (h, n_wanted)
            Straight lines between the levels, in proportion beyond the outermost.

        Examples
        --------
        >>> Calibration.none(2).calibrated(np.array([0.0, -1.0])).round(6).tolist()
        [[0.0, -1.0], [0.0, -1.0]]
        """
        size = np.abs(z)
        known = np.concatenate([[0.0], _Z])
        rows = []
        for radius in self.radius:
            inner = np.interp(size, known, np.concatenate([[0.0], radius]))
            rows.append(np.where(size > _Z[-1], size * radius[-1] / _Z[-1], inner))
        return np.sign(z) * np.array(rows)

    @classmethod
    def from_scores(cls, scores: np.ndarray, n_windows: float) -> Calibration:
        """Set the intervals by the scores of held-back values.

        Parameters
        ----------
        scores : ndarray, shape (n, h)
            A row a series and window, NaN where there was no value.
        n_windows : float
            How many windows that do not overlap they come from.

        Returns
        -------
        Calibration

        Examples
        --------
        >>> twice = 2 * np.random.default_rng(0).normal(size=(5000, 1))
        >>> round(float(Calibration.from_scores(twice, 9).calibrated(np.array([1.0]))[0, 0]))
        2
        """
        known = ~np.isnan(scores)
        h = scores.shape[1]
        radius = np.empty((h, len(LEVELS)))
        for step in range(h):
            around = _neighbours(known, step)
            pooled = np.sort(np.abs(scores[:, around][known[:, around]]))
            rows = int(known[:, around].any(axis=1).sum())
            trust = shrinkage_weight(rows, n_windows, _PRIOR_ROWS, _PRIOR_WINDOWS)
            radius[step] = trust * _conformal(pooled) + (1 - trust) * _Z
        return cls(radius)


def shrinkage_weight(rows: int, n_windows: float, prior_rows: float, prior_windows: float) -> float:
    """How much to believe what so many rows of so many windows say, from 0 to 1.

    Examples
    --------
    >>> shrinkage_weight(20, 1.5, 20.0, 1.5), shrinkage_weight(0, 1.0, 20.0, 1.5)
    (0.25, 0.0)
    """
    return rows / (rows + prior_rows) * n_windows / (n_windows + prior_windows)


def _neighbours(known: np.ndarray, step: int) -> slice:
    """The fewest steps around one that hold enough scores; all of them if need be."""
    h = known.shape[1]
    for beside in range(h):
        around = slice(max(0, step - beside), step + beside + 1)
        if known[:, around].sum() >= _MIN_SCORES:
            return around
    return slice(0, h)


def _conformal(scores: np.ndarray) -> np.ndarray:
    """Finite-sample quantile of sorted absolute scores for each level, shape (n_levels,)."""
    n = len(scores)
    if n == 0:
        return _Z
    rank = np.ceil((n + 1) * np.array(LEVELS) / 100).astype(int)
    inside = rank <= n
    found = scores[np.minimum(rank, n) - 1]
    # levels that so few scores say nothing of are as much too wide as the widest that they do
    ratio = np.clip(found / _Z, 1 / _MAX_RATIO, _MAX_RATIO)
    last = ratio[inside][-1] if inside.any() else 1.0
    radius = np.where(inside, ratio, np.maximum(last, 1.0)) * _Z
    return np.maximum.accumulate(radius)
