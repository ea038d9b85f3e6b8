"""What is known of every series besides its values, and how far ahead.

Rows stand under the periods of a panel, from each series' first period on, and may go on beyond its
last one: prices and promotions that are planned. Which of them a forecast may use is decided here
alone: columns that are known ahead, for the steps after the cutoff; all columns, before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Covariates:
    """Numbers beside a panel of series.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
        NaN where nothing is known.
    offsets : ndarray of int64, shape (n_series + 1,)
        Series i has the rows `offsets[i]:offsets[i + 1]`, as many as it has periods or more.
    ahead : ndarray of bool, shape (n_columns,)
        Whether a column is known ahead.
    fixed : ndarray of float64, shape (n_series, n_fixed)
        What never changes in a series; no columns when left out.
    silent : ndarray of bool, shape (n_columns,)
        Whether a column is for networks alone: no effect is looked for. None is when left out.

    Examples
    --------
    >>> price = Covariates(np.array([[1.0], [2.0], [3.0]]), np.array([0, 3]), np.array([True]))
    >>> price.after(np.array([2]), 2)[..., 0].tolist()
    [[3.0, nan]]
    """

    values: np.ndarray
    offsets: np.ndarray
    ahead: np.ndarray
    fixed: np.ndarray | None = None
    silent: np.ndarray | None = None

    @property
    def constants(self) -> np.ndarray:
        """`fixed`, or an array without columns."""
        n = len(self.offsets) - 1
        return np.zeros((n, 0)) if self.fixed is None else self.fixed

    @property
    def telling(self) -> np.ndarray:
        """Whether each column that is known ahead may have an effect, shape (n_ahead,)."""
        silent = np.zeros(len(self.ahead), bool) if self.silent is None else self.silent
        return ~silent[self.ahead]

    @property
    def owner(self) -> np.ndarray:
        """Number of the series that each row belongs to, shape (n_rows,)."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def cut(self, rows: np.ndarray, skip: np.ndarray) -> Covariates:
        """Keep some series, and leave out so many of the first rows of each."""
        starts, stops = self.offsets[rows] + skip, self.offsets[rows + 1]
        lengths = np.maximum(stops - starts, 0)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        index = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        fixed = self.constants[rows]
        return replace(self, values=self.values[index], offsets=offsets, fixed=fixed)

    @classmethod
    def joined(cls, several: list[Covariates]) -> Covariates:
        """Lay those of several panels end to end."""
        lengths = np.concatenate([np.diff(one.offsets) for one in several])
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        values = np.concatenate([one.values for one in several])
        fixed = np.concatenate([one.constants for one in several])
        return cls(values, offsets, several[0].ahead, fixed, several[0].silent)

    def under(self, lengths: np.ndarray) -> np.ndarray:
        """Positions of the rows that stand under the first `lengths` periods, one a period."""
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return np.arange(offsets[-1]) + np.repeat(self.offsets[:-1] - offsets[:-1], lengths)

    def before(self, lengths: np.ndarray) -> np.ndarray:
        """All columns of the first `lengths` periods, shape (sum of lengths, n_columns)."""
        return self.values[self.under(lengths)]

    def after(self, lengths: np.ndarray, h: int) -> np.ndarray:
        """Columns of the `h` steps after the first `lengths` periods, shape (n_series, h, columns).

        NaN where nothing is known, and in columns that are not known ahead.
        """
        index = self.offsets[:-1, None] + lengths[:, None] + np.arange(h)
        inside = index < self.offsets[1:, None]
        seen = inside[..., None] & self.ahead
        return np.where(seen, self.values[np.where(inside, index, 0)], np.nan)
