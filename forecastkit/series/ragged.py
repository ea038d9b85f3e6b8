"""Sequences of different lengths in one flat array, with all index arithmetic on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.ranges import RangeError

# maximum number of cells of a block, which bounds the memory of `Ragged.blocks`
BLOCK_CELLS = 400_000


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different lengths, concatenated in one array without padding.

    Attributes
    ----------
    values : ndarray, shape (n_values, ...)
        Concatenated rows.
    offsets : ndarray of int64, shape (n_rows + 1,)
        Row i is `values[offsets[i]:offsets[i + 1]]`.

    Examples
    --------
    >>> ragged = Ragged.of([np.array([1.0, 2.0, 3.0]), np.array([4.0])])
    >>> ragged.lengths.tolist(), ragged.offsets.tolist()
    ([3, 1], [0, 3, 4])
    """

    values: np.ndarray
    offsets: np.ndarray

    def __post_init__(self) -> None:
        offsets = self.offsets
        if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(self.values):
            raise RangeError(f"The offsets do not divide {len(self.values)} values.")
        if (np.diff(offsets) < 0).any():
            raise RangeError("The offsets do not ascend.")

    @classmethod
    def of(cls, rows: Sequence[np.ndarray]) -> Ragged:
        """Concatenate arrays as rows."""
        values = np.concatenate([*rows, np.empty(0)]).astype(np.float64)
        return cls(values, offsets_of([len(row) for row in rows]))

    @classmethod
    def joined(cls, parts: Sequence[Ragged]) -> Ragged:
        """Concatenate the rows of several ragged arrays."""
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(np.concatenate([part.values for part in parts]), offsets_of(lengths))

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Length of each row, shape (n_rows,)."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> np.ndarray:
        """Row number of each value, shape (n_values,)."""
        return np.repeat(np.arange(self.n_rows), self.lengths)

    @property
    def steps(self) -> np.ndarray:
        """Position of each value within its row, shape (n_values,)."""
        return np.arange(int(self.offsets[-1])) - np.repeat(self.offsets[:-1], self.lengths)

    def positions(self, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
        """Return the positions in the ranges from `starts` to before `stops`, concatenated."""
        lengths = np.maximum(stops - starts, 0)
        first = offsets_of(lengths)[:-1]
        return np.arange(int(lengths.sum())) + np.repeat(starts - first, lengths)

    def between(self, starts: np.ndarray, stops: np.ndarray) -> Ragged:
        """Return the values in the ranges from `starts` to before `stops`, one row per range."""
        lengths = np.maximum(stops - starts, 0)
        return Ragged(self.values[self.positions(starts, stops)], offsets_of(lengths))

    def take(self, rows: np.ndarray) -> Ragged:
        """Select rows by position."""
        return self.between(self.offsets[rows], self.offsets[np.asarray(rows) + 1])

    def at(self, index: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """Return values at positions of the flat array, NaN outside their rows.

        Parameters
        ----------
        index : ndarray of int, shape (n, ...)
        rows : ndarray of int, shape (n,), optional
            Row number of each entry of the first axis; all rows in order by default.

        Returns
        -------
        ndarray, shape (n, ..., *values.shape[1:])

        Examples
        --------
        >>> Ragged.of([np.array([1.0, 2.0]), np.array([3.0])]).at(np.array([[1, 2], [1, 2]]))
        array([[ 2., nan],
               [nan,  3.]])
        """
        rows = np.arange(self.n_rows) if rows is None else rows
        shape = (-1, *[1] * (index.ndim - 1))
        start, stop = (self.offsets[rows + k].reshape(shape) for k in (0, 1))
        inside = (index >= start) & (index < stop)
        values = self.values[np.where(inside, index, 0)]
        n_extra = values.ndim - inside.ndim
        return np.where(inside.reshape(*inside.shape, *[1] * n_extra), values, np.nan)

    def extended(self, lengths: np.ndarray) -> Ragged:
        """Pad rows at the end with NaN to at least the given lengths.

        Examples
        --------
        >>> Ragged.of([np.array([1.0]), np.array([2.0, 3.0])]).extended(np.array([2, 1])).values
        array([ 1., nan,  2.,  3.])
        """
        offsets = offsets_of(np.maximum(self.lengths, lengths))
        values = np.full((int(offsets[-1]), *self.values.shape[1:]), np.nan)
        values[offsets[self.owner] + self.steps] = self.values
        return Ragged(values, offsets)

    def with_values(self, values: np.ndarray) -> Ragged:
        """Return rows of the same lengths with other values."""
        return replace(self, values=values)

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Iterate over the rows in rectangular blocks of bounded size.

        Yields
        ------
        index : ndarray of int64, shape (n, width)
            Positions in `values`; rows shorter than the width are padded with their last position.
        inside : ndarray of bool, shape (n, width)
            Whether a position is not padding.
        """
        order = np.argsort(self.lengths, kind="stable")
        order = order[self.lengths[order] > 0]
        start = 0
        while start < len(order):
            # rows are sorted by length: the last one of a block is the longest
            widths = self.lengths[order[start:]]
            fits = np.arange(1, len(widths) + 1) * widths <= BLOCK_CELLS
            rows = order[start : start + max(1, int(fits.sum()))]
            steps = np.arange(int(self.lengths[rows[-1]]))
            lengths = self.lengths[rows][:, None]
            yield self.offsets[rows][:, None] + np.minimum(steps, lengths - 1), steps < lengths
            start += len(rows)


def offsets_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the offsets of rows of the given lengths.

    Examples
    --------
    >>> offsets_of([3, 1]).tolist()
    [0, 3, 4]
    """
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
