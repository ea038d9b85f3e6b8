"""Series names and the regular timestamps of every series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, at_row
from forecastkit.tables.frame import DS, UNIQUE_ID
from forecastkit.tables.frequency import DAY, Frequency, in_calendar

_MAX_PERIODS_PER_ROW = 50
_MIN_TIMESTAMP = pd.Timestamp("1678-01-01")
_MAX_TIMESTAMP = pd.Timestamp("2261-12-31 23:59:59")


@dataclass(frozen=True, eq=False)
class TimeIndex:
    """Names of series, and the grid of timestamps that their periods lie on.

    Periods are numbered along the grid of the frequency: in UTC for steps below a day, in local
    dates from a day on.

    Attributes
    ----------
    ids : ndarray of str, shape (n_series,)
        In the order of the table.
    first : ndarray of int64, shape (n_series,)
        Number of each series' first period along the grid.
    frequency : Frequency
    zone : str or None
        Time zone of the timestamps.
    """

    ids: np.ndarray
    first: np.ndarray
    frequency: Frequency
    zone: str | None = None

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.ids)

    @cached_property
    def position(self) -> dict[str, int]:
        """Position of each series by its name."""
        return {str(name): k for k, name in enumerate(self.ids)}

    def timestamps(self, ordinals: np.ndarray) -> pd.Series:
        """Timestamps of period numbers, in the time zone of the table."""
        return _localized(self.frequency.timestamps(ordinals), self.frequency, self.zone)

    def ordinals(self, ds: pd.Series) -> np.ndarray:
        """Period numbers of a table's timestamps; the inverse of `timestamps`."""
        return self.frequency.ordinals(grid_moments(ds, self.frequency))

    def off_grid(self, ds: pd.Series) -> np.ndarray:
        """Whether each of a table's timestamps does not match the frequency, shape (n_rows,)."""
        return self.frequency.off_grid(grid_moments(ds, self.frequency))

    def places(self, df: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Position of each row's series (-1 if unknown), and its steps since the first period."""
        series = df[UNIQUE_ID].astype(str).map(self.position).fillna(-1).to_numpy(np.int64)
        return series, self.ordinals(df[DS]) - self.first[np.maximum(series, 0)]


def is_too_sparse(n_periods: int, n_rows: int) -> bool:
    """Whether nearly all periods would be missing: the frequency or a timestamp is wrong.

    Examples
    --------
    >>> is_too_sparse(12_000, 100), is_too_sparse(20_000, 100)
    (False, True)
    """
    return n_periods > _MAX_PERIODS_PER_ROW * n_rows + 10_000


def grid_moments(ds: pd.Series, grid: Frequency, clock: np.ndarray | None = None) -> np.ndarray:
    """Timestamps as a grid numbers them: in UTC for steps below a day, otherwise local dates.

    `clock` is the result of `wall_clock`, if it is at hand.
    """
    if getattr(ds.dtype, "tz", None) is not None and grid.kind == "fixed" and grid.step < DAY:
        return wall_clock(ds.dt.tz_convert("UTC"))[0]
    return wall_clock(ds)[0] if clock is None else clock


def wall_clock(ds: pd.Series) -> tuple[np.ndarray, str | None]:
    """Timestamps without their time zone, as a clock on the wall shows them; and the zone."""
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return ds.to_numpy(np.int64), None
    zone = getattr(ds.dtype, "tz", None)
    if zone is not None:
        ds = ds.dt.tz_localize(None)
    if len(ds) and not (ds.min() >= _MIN_TIMESTAMP and ds.max() <= _MAX_TIMESTAMP):
        at = ds.argmin() if ds.min() < _MIN_TIMESTAMP else ds.argmax()
        odd = ds.iloc[at]
        error = DataError(
            f"The timestamp {odd} is outside the supported years 1678 to 2261.",
            column=DS,
            value=str(odd),
            fix="Correct it, or use integers (for instance years) as timestamps.",
        )
        raise at_row(error, int(at))
    return ds.to_numpy("datetime64[ns]"), None if zone is None else str(zone)


def aligned(grid: Frequency, ds: np.ndarray) -> Frequency:
    """Move the grid of a given alias onto the timestamps, where the alias leaves that open.

    An alias fixes neither the time of day, nor the day in the middle of a month, nor the start of
    steps of several periods.
    """
    if grid.kind in ("business", "month"):
        return in_calendar(grid, ds)
    moments = ds.astype(np.int64)
    weekly = grid.kind == "fixed" and grid.step % (7 * DAY) == 0
    if weekly and (int(moments[0]) - grid.anchor) % (7 * DAY):
        return grid  # the alias names another day of the week: the check of the grid reports it
    return replace(grid, anchor=int(moments[0]) % grid.step)


def _localized(moments: np.ndarray, grid: Frequency, zone: str | None) -> pd.Series:
    ds = pd.Series(moments, name=DS)
    if zone is None:
        return ds
    if grid.kind == "fixed" and grid.step < DAY:
        return ds.dt.tz_localize("UTC").dt.tz_convert(zone)
    return ds.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
