"""By how much a model beats another, and whether that could be chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_DRAWS, _MAX_DRAWN = 2000, 5_000_000
# fewer series and windows than this say nothing about chance
MIN_ROWS = 10


@dataclass(frozen=True)
class Skill:
    """How the errors of a model compare with those of another on the same values.

    Attributes
    ----------
    against : str
        Name of the other.
    gain : float
        Share of the other's mean error that the model takes away; below 0 where it adds to it.
    low, high : float or None
        Ends of a 95 % interval of the gain; None with fewer than `MIN_ROWS` rows.
    better, rows : int
        Series and windows in which the model was better, and how many there were.
    """

    against: str
    gain: float
    low: float | None
    high: float | None
    better: int
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return dict(vars(self))

    def __str__(self) -> str:
        """Say it in a sentence."""
        size = f"{abs(100 * self.gain):.0f} % {'lower' if self.gain >= 0 else 'higher'} error than "
        where = f"lower in {self.better} of {self.rows} windows"
        if self.low is None or self.high is None:
            return f"{size}{self.against} ({where}; too few for a significance test)."
        low, high = (self.low, self.high) if self.gain >= 0 else (-self.high, -self.low)
        span = f"95 % interval {100 * low:.0f} to {100 * high:.0f} %"
        verdict = "significant" if self.low > 0 or self.high < 0 else "not significant"
        return f"{size}{self.against} ({span}; {where}): {verdict}."


def skill(against: str, own: np.ndarray, other: np.ndarray, series: np.ndarray) -> Skill | None:
    """Compare errors by a paired bootstrap over series, with all windows of each.

    Parameters
    ----------
    against : str
        Name of the other model.
    own, other : ndarray, shape (n_rows,)
        Scaled errors of the model and the other, a row a series and window; NaN where undefined.
    series : ndarray of int, shape (n_rows,)
        Which series each row is of; of one series alone the windows are drawn.

    Returns
    -------
    Skill or None
        None where no row has both errors, or the other has none at all.

    References
    ----------
    Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, section 8.3: pairs are drawn
    together, and what belongs together (here the windows of a series) is drawn together.

    Examples
    --------
    >>> own, other = np.linspace(1, 2, 40), np.linspace(1.5, 2.5, 40)
    >>> print(skill("Theta", own, other, np.arange(40)))
    25 % lower error than Theta (95 % interval 24 to 26 %; lower in 40 of 40 windows): significant.
    """
    known = np.isfinite(own) & np.isfinite(other)
    own, other, series = own[known], other[known], series[known]
    if not len(own) or other.sum() <= 0:
        return None
    names, group = np.unique(series, return_inverse=True)
    if len(names) == 1:
        group = np.arange(len(own))
    sums = np.stack([np.bincount(group, one) for one in (own, other)])  # (2, groups)
    low = high = None
    if sums.shape[1] >= MIN_ROWS:
        rng = np.random.default_rng(0)
        n = sums.shape[1]
        draws = max(200, min(_DRAWS, _MAX_DRAWN // n))
        drawn = rng.multinomial(n, np.full(n, 1 / n), draws)
        mine, its = drawn @ sums[0], drawn @ sums[1]
        gains = 1.0 - mine / np.maximum(its, 1e-300)
        low, high = (float(one) for one in np.quantile(gains, [0.025, 0.975]))
    gain = 1.0 - own.sum() / other.sum()
    return Skill(against, float(gain), low, high, int((own < other).sum()), len(own))
