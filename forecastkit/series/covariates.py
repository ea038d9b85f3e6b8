"""What is known of every series besides its values, and how far ahead.

Rows are aligned with the periods of a panel, from the first period of each series on, and may reach
beyond its last one: prices and promotions that are planned. Which of them a forecast may use is
decided here alone: future covariates for the steps after the cutoff; all columns before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.series.ragged import Ragged


@dataclass(frozen=True, eq=False)
class Covariates:
    """Numbers beside a panel of series.

    Attributes
    ----------
    changing : Ragged, values of shape (n_rows, n_columns)
        NaN where nothing is known; as many rows per series as it has periods, or more.
    static : ndarray of float64, shape (n_series, n_static)
        Numbers that are constant within a series.
    known_ahead : ndarray of bool, shape (n_columns,)
        Whether a column is known in advance.
    has_effect : ndarray of bool, shape (n_columns,)
        Whether an effect of the column is estimated by regression; the others are for networks
        only.

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
        """Columns that are all known in advance and may have an effect."""
        every = np.ones(changing.values.shape[1], bool)
        return cls(changing, np.zeros((changing.n_rows, 0)), every, every)

    @property
    def effective(self) -> np.ndarray:
        """Whether each future column may have an effect, shape (n_future,)."""
        return self.has_effect[self.known_ahead]

    def cut(self, rows: np.ndarray, skip: np.ndarray) -> Covariates:
        """Keep some series, without the first `skip` rows of each."""
        starts = self.changing.offsets[rows] + skip
        changing = self.changing.between(starts, self.changing.offsets[np.asarray(rows) + 1])
        return replace(self, changing=changing, static=self.static[rows])

    @classmethod
    def joined(cls, several: Sequence[Covariates]) -> Covariates:
        """Lay those of several panels end to end."""
        return replace(
            several[0],
            changing=Ragged.joined([one.changing for one in several]),
            static=np.concatenate([one.static for one in several]),
        )

    def before(self, lengths: np.ndarray) -> np.ndarray:
        """All columns of the first `lengths` periods, shape (sum of lengths, n_columns)."""
        starts = self.changing.offsets[:-1]
        return self.changing.values[self.changing.positions(starts, starts + lengths)]

    def after(self, lengths: np.ndarray, h: int) -> np.ndarray:
        """Columns of the `h` steps after the first `lengths` periods, shape (n_series, h, columns).

        NaN where nothing is known, and in columns that are not known in advance.
        """
        index = self.changing.offsets[:-1, None] + lengths[:, None] + np.arange(h)
        return np.where(self.known_ahead, self.changing.at(index), np.nan)
