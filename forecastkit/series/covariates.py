"""Covariates of a panel.

Rows are aligned with the periods of each series, starting at its first one, and may extend beyond
its last one, as planned prices and promotions do. This module alone decides which of them are
available to a forecast: all columns up to the cutoff, and future covariates after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.series.ragged import Ragged


@dataclass(frozen=True, eq=False)
class Covariates:
    """Numeric covariates of a panel of series.

    Attributes
    ----------
    changing : Ragged, values of shape (n_rows, n_columns)
        NaN where missing; at least as many rows per series as it has periods.
    static : ndarray of float64, shape (n_series, n_static)
        Covariates that are constant within a series.
    known_ahead : ndarray of bool, shape (n_columns,)
        Whether a column is known in advance.
    has_effect : ndarray of bool, shape (n_columns,)
        Whether the effect of a column is estimated by regression; other columns are inputs of
        networks only.

    Examples
    --------
    >>> price = Covariates.of_future(Ragged(np.array([[1.0], [2.0], [3.0]]), np.array([0, 3])))
    >>> price.after(np.array([2]), 2)[..., 0].tolist()
    [[3.0, nan]]
    """

    changing: Ragged
    static: np.ndarray
    known_ahead: np.ndarray
    has_effect: np.ndarray

    @classmethod
    def of_future(cls, changing: Ragged) -> Covariates:
        """Create covariates that are all known in advance and have an effect."""
        all_columns = np.ones(changing.values.shape[1], bool)
        return cls(changing, np.zeros((changing.n_rows, 0)), all_columns, all_columns)

    @property
    def effective(self) -> np.ndarray:
        """Whether the effect of each future column is estimated, shape (n_future,)."""
        return self.has_effect[self.known_ahead]

    def cut(self, rows: np.ndarray, skip: np.ndarray) -> Covariates:
        """Select series by position, and drop the first `skip` rows of each."""
        starts = self.changing.offsets[rows] + skip
        changing = self.changing.between(starts, self.changing.offsets[np.asarray(rows) + 1])
        return replace(self, changing=changing, static=self.static[rows])

    @classmethod
    def joined(cls, parts: Sequence[Covariates]) -> Covariates:
        """Concatenate the covariates of several panels."""
        return replace(
            parts[0],
            changing=Ragged.joined([part.changing for part in parts]),
            static=np.concatenate([part.static for part in parts]),
        )

    def before(self, lengths: np.ndarray) -> np.ndarray:
        """Return all columns in the first `lengths` periods, shape (sum of lengths, n_columns)."""
        starts = self.changing.offsets[:-1]
        return self.changing.values[self.changing.positions(starts, starts + lengths)]

    def after(self, lengths: np.ndarray, h: int) -> np.ndarray:
        """Return the columns in the `h` steps after the first `lengths` periods.

        Returns
        -------
        ndarray, shape (n_series, h, n_columns)
            NaN where missing, and in columns that are not known in advance.
        """
        index = self.changing.offsets[:-1, None] + lengths[:, None] + np.arange(h)
        return np.where(self.known_ahead, self.changing.at(index), np.nan)
