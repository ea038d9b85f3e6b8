"""Panels: series of different lengths with one value per period, and their covariates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecastkit.ranges import RangeError
from forecastkit.series.covariates import Covariates
from forecastkit.series.ragged import Ragged


@dataclass(frozen=True, eq=False)
class Panel:
    """Series and their covariates.

    Attributes
    ----------
    y : Ragged
        Values of every series, oldest first, NaN where missing.
    covariates : Covariates, optional
        Covariates of the same series; they may extend beyond the last values.

    Examples
    --------
    >>> panel = Panel.of([np.array([1.0, 2.0, 3.0]), np.array([4.0])])
    >>> panel.lengths.tolist(), panel.n_series
    ([3, 1], 2)
    """

    y: Ragged
    covariates: Covariates | None = None

    def __post_init__(self) -> None:
        covariates = self.covariates
        if covariates is None:
            return
        n_rows = {covariates.changing.n_rows, len(covariates.static), self.y.n_rows}
        if len(n_rows) > 1 or (covariates.changing.lengths < self.y.lengths).any():
            raise RangeError("The covariates do not cover every period of every series.")

    @classmethod
    def of(cls, series: Sequence[np.ndarray]) -> Panel:
        """Create a panel from one-dimensional arrays."""
        return cls(Ragged.of(series))

    @classmethod
    def joined(cls, panels: Sequence[Panel]) -> Panel:
        """Concatenate the series of several panels."""
        covariates = [panel.covariates for panel in panels if panel.covariates is not None]
        y = Ragged.joined([panel.y for panel in panels])
        return cls(y, Covariates.joined(covariates) if covariates else None)

    @property
    def values(self) -> np.ndarray:
        """Concatenated values of all series, shape (n_periods,)."""
        return self.y.values

    @property
    def offsets(self) -> np.ndarray:
        """Offsets, shape (n_series + 1,): series i is `values[offsets[i]:offsets[i + 1]]`."""
        return self.y.offsets

    @property
    def n_series(self) -> int:
        """Number of series."""
        return self.y.n_rows

    @property
    def lengths(self) -> np.ndarray:
        """Number of periods of each series, shape (n_series,)."""
        return self.y.lengths

    @property
    def owner(self) -> np.ndarray:
        """Position of the series of each value, shape (n_periods,)."""
        return self.y.owner

    def last(self, n: int) -> Panel:
        """Return the last `n` periods of every series, all periods of shorter ones."""
        return self._between(np.maximum(self.offsets[:-1], self.offsets[1:] - n), self.offsets[1:])

    def drop_last(self, n: int) -> Panel:
        """Return every series without its last `n` periods; shorter ones become empty."""
        stops = np.maximum(self.offsets[:-1], self.offsets[1:] - n)
        return self._between(self.offsets[:-1], stops)

    def take(self, rows: np.ndarray) -> Panel:
        """Select series by position."""
        rows = np.asarray(rows)
        return self._between(self.offsets[rows], self.offsets[rows + 1], rows)

    def _between(
        self, starts: np.ndarray, stops: np.ndarray, rows: np.ndarray | None = None
    ) -> Panel:
        rows = np.arange(self.n_series) if rows is None else rows
        covariates = self.covariates and self.covariates.cut(rows, starts - self.offsets[rows])
        return Panel(self.y.between(starts, stops), covariates)

    def last_values(self, h: int) -> np.ndarray:
        """Return the last `h` values of every series, shape (n_series, h), padded with NaN."""
        return self.y.at(self.offsets[1:, None] + np.arange(-h, 0))

    def with_values(self, values: np.ndarray) -> Panel:
        """Return a panel with other values and the same periods and covariates."""
        return replace(self, y=self.y.with_values(values))

    def alone(self) -> Panel:
        """Return the panel without its covariates."""
        return Panel(self.y)

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Iterate over the series in blocks of bounded size; see `Ragged.blocks`."""
        return self.y.blocks()


def last_observed(values: np.ndarray) -> np.ndarray:
    """Carry the last value that is not NaN forward along the last axis; NaN before the first.

    Examples
    --------
    >>> last_observed(np.array([np.nan, 1.0, np.nan, 3.0, np.nan]))
    array([nan,  1.,  1.,  3.,  3.])
    """
    steps = np.arange(values.shape[-1])
    latest = np.maximum.accumulate(np.where(np.isnan(values), 0, steps), axis=-1)
    return np.take_along_axis(values, latest, axis=-1)
