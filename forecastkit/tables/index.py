"""Names of series, and the mapping between their periods and timestamps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, at_row
from forecastkit.tables.frame import DS, UNIQUE_ID
from forecastkit.tables.frequency import DAY, Frequency, aligned_to_calendar

_MAX_PERIODS_PER_ROW = 50
_MIN_TIMESTAMP = pd.Timestamp("1678-01-01")
_MAX_TIMESTAMP = pd.Timestamp("2261-12-31 23:59:59")


@dataclass(frozen=True, eq=False)
class TimeIndex:
    """Names and regular timestamps of series.

    Periods are numbered by the frequency: in UTC if a step is shorter than a day, otherwise in
    local time.

    Attributes
    ----------
    ids : ndarray of str, shape (n_series,)
        Names in the order of the table.
    first : ndarray of int64, shape (n_series,)
        Period number of the first period of each series.
    frequency : Frequency
    zone : str or None
        Time zone of the timestamps; None if they have none.
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
        """Position of each series, by name."""
        return {str(name): k for k, name in enumerate(self.ids)}

    def timestamps(self, ordinals: np.ndarray) -> pd.Series:
        """Convert period numbers to timestamps in the time zone of the table."""
        return _localized(self.frequency.timestamps(ordinals), self.frequency, self.zone)

    def ordinals(self, ds: pd.Series) -> np.ndarray:
        """Convert timestamps of a table to period numbers; the inverse of `timestamps`."""
        return self.frequency.ordinals(utc_or_local(ds, self.frequency))

    def mismatches(self, ds: pd.Series) -> np.ndarray:
        """Whether each timestamp of a table does not match the frequency, shape (n_rows,)."""
        return self.frequency.mismatches(utc_or_local(ds, self.frequency))

    def locate(self, df: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return the series position of each row (-1 if unknown) and its steps since the start."""
        series = df[UNIQUE_ID].astype(str).map(self.position).fillna(-1).to_numpy(np.int64)
        return series, self.ordinals(df[DS]) - self.first[np.maximum(series, 0)]


def is_too_sparse(n_periods: int, n_rows: int) -> bool:
    """Whether nearly all periods would be missing, as with a wrong frequency or timestamp.

    Examples
    --------
    >>> is_too_sparse(12_000, 100), is_too_sparse(20_000, 100)
    (False, True)
    """
    return n_periods > _MAX_PERIODS_PER_ROW * n_rows + 10_000


def utc_or_local(
    ds: pd.Series, frequency: Frequency, local: np.ndarray | None = None
) -> np.ndarray:
    """Return timestamps in which periods are regular: in UTC for steps below a day, else local.

    Parameters
    ----------
    ds : Series of datetime64 or int
    frequency : Frequency
    local : ndarray, optional
        Result of `local_timestamps`, to avoid computing it again.

    Returns
    -------
    ndarray of datetime64[ns] or int64, shape (n_rows,)
    """
    has_zone = getattr(ds.dtype, "tz", None) is not None
    if has_zone and frequency.kind == "fixed" and frequency.step < DAY:
        return local_timestamps(ds.dt.tz_convert("UTC"))[0]
    return local_timestamps(ds)[0] if local is None else local


def local_timestamps(ds: pd.Series) -> tuple[np.ndarray, str | None]:
    """Split timestamps into local times without a time zone, and the time zone.

    Raises
    ------
    DataError
        If a timestamp is outside the supported range.
    """
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return ds.to_numpy(np.int64), None
    zone = getattr(ds.dtype, "tz", None)
    if zone is not None:
        ds = ds.dt.tz_localize(None)
    if len(ds) and not (ds.min() >= _MIN_TIMESTAMP and ds.max() <= _MAX_TIMESTAMP):
        row = ds.argmin() if ds.min() < _MIN_TIMESTAMP else ds.argmax()
        timestamp = ds.iloc[row]
        error = DataError(
            f"The timestamp {timestamp} is outside the supported years 1678 to 2261.",
            column=DS,
            value=str(timestamp),
            fix="Correct it, or use integers (for instance years) as timestamps.",
        )
        raise at_row(error, int(row))
    return ds.to_numpy("datetime64[ns]"), None if zone is None else str(zone)


def aligned(frequency: Frequency, ds: np.ndarray) -> Frequency:
    """Align a frequency from an alias to timestamps, where the alias leaves its anchor open.

    An alias specifies neither the time of day, nor a day within the month, nor the start of steps
    of several periods.
    """
    if frequency.kind in ("business", "month"):
        return aligned_to_calendar(frequency, ds)
    numbers = ds.astype(np.int64)
    is_weekly = frequency.kind == "fixed" and frequency.step % (7 * DAY) == 0
    if is_weekly and (int(numbers[0]) - frequency.anchor) % (7 * DAY):
        return frequency  # another day of the week: the mismatch is reported later
    return replace(frequency, anchor=int(numbers[0]) % frequency.step)


def _localized(timestamps: np.ndarray, frequency: Frequency, zone: str | None) -> pd.Series:
    """Convert timestamps as in `utc_or_local` to the time zone of the table."""
    ds = pd.Series(timestamps, name=DS)
    if zone is None:
        return ds
    if frequency.kind == "fixed" and frequency.step < DAY:
        return ds.dt.tz_localize("UTC").dt.tz_convert(zone)
    return ds.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
