"""All series of a table in one flat array, one value a period, missing values as NaN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecastkit.series.covariates import Covariates

# the most cells of a rectangle that `blocks` hands out at once: bounds the memory of a pass
BLOCK_CELLS = 400_000


@dataclass(frozen=True)
class Panel:
    """Series laid end to end, so that memory grows with the observations.

    Attributes
    ----------
    values : ndarray of float64, shape (n_periods,)
        Series one after the other, oldest value first, NaN where there is none.
    offsets : ndarray of int64, shape (n_series + 1,)
        Series i is `values[offsets[i]:offsets[i + 1]]`.
    covariates : Covariates, optional
        What else is known of the same series; it may reach beyond their last values.

    Examples
    --------
    >>> panel = Panel.of([np.array([1.0, 2.0, 3.0]), np.array([4.0])])
    >>> panel.lengths.tolist(), panel.offsets.tolist()
    ([3, 1], [0, 3, 4])
    """

    values: np.ndarray
    offsets: np.ndarray
    covariates: Covariates | None = None

    @classmethod
    def of(cls, series: list[np.ndarray]) -> Panel:
        """Lay a list of one-dimensional arrays end to end."""
        lengths = [len(one) for one in series]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        values = np.concatenate([*series, np.empty(0)]).astype(np.float64)
        return cls(values, offsets)

    @classmethod
    def joined(cls, panels: list[Panel]) -> Panel:
        """Lay panels end to end: the series of the first, then those of the second."""
        lengths = np.concatenate([panel.lengths for panel in panels])
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        beside = [one.covariates for one in panels if one.covariates is not None]
        values = np.concatenate([panel.values for panel in panels])
        return cls(values, offsets, Covariates.joined(beside) if beside else None)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Number of periods of each series, shape (n_series,)."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> np.ndarray:
        """Number of the series that each value belongs to, shape (n_periods,)."""
        return np.repeat(np.arange(self.n_series), self.lengths)

    def last(self, n: int) -> Panel:
        """Return the last `n` periods of every series (all of a shorter one)."""
        return self.between(np.maximum(self.offsets[:-1], self.offsets[1:] - n), self.offsets[1:])

    def drop_last(self, n: int) -> Panel:
        """Return every series without its last `n` periods (empty where it is shorter)."""
        return self.between(self.offsets[:-1], np.maximum(self.offsets[:-1], self.offsets[1:] - n))

    def between(
        self, starts: np.ndarray, stops: np.ndarray, rows: np.ndarray | None = None
    ) -> Panel:
        """Return the parts of the flat array from `starts` up to `stops`, one a series.

        `rows` says of which series they are, where it is not all of them in order.
        """
        rows = np.arange(self.n_series) if rows is None else rows
        lengths = stops - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        index = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        beside = self.covariates and self.covariates.cut(rows, starts - self.offsets[rows])
        return Panel(self.values[index], offsets, beside)

    def alone(self) -> Panel:
        """Return the panel without its covariates."""
        return Panel(self.values, self.offsets)

    def take(self, rows: np.ndarray) -> Panel:
        """Return some of the series, in the given order."""
        return self.between(self.offsets[rows], self.offsets[rows + 1], np.asarray(rows))

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Walk over the series as rectangles of bounded size.

        Yields
        ------
        index : ndarray of int64, shape (n, width)
            Positions in `values`; a row that is shorter than the width points at its own last
            value beyond its end.
        inside : ndarray of bool, shape (n, width)
            Whether the position is the row's own.
        """
        order = np.argsort(self.lengths, kind="stable")
        order = order[self.lengths[order] > 0]
        start = 0
        while start < len(order):
            # rows are sorted by length: the last one taken is the widest
            widths = self.lengths[order[start:]]
            fits = np.arange(1, len(widths) + 1) * widths <= BLOCK_CELLS
            rows = order[start : start + max(1, int(fits.sum()))]
            width = int(self.lengths[rows[-1]])
            steps = np.arange(width)
            inside = steps < self.lengths[rows][:, None]  # (n, width)
            index = self.offsets[rows][:, None] + np.minimum(steps, self.lengths[rows][:, None] - 1)
            yield index, inside
            start += len(rows)


def last_observed(values: np.ndarray) -> np.ndarray:
    """Carry the last value that is not NaN forward along the last axis; NaN before the first.

    Examples
    --------
    >>> last_observed(np.array([np.nan, 1.0, np.nan, 3.0, np.nan]))
    array([nan,  1.,  1.,  3.,  3.])
    """
    steps = np.arange(values.shape[-1])
    seen = np.maximum.accumulate(np.where(np.isnan(values), 0, steps), axis=-1)
    return np.take_along_axis(values, seen, axis=-1)
