"""The series table: one row a series and timestamp, checked once at the door.

A series table is a long DataFrame with the columns `unique_id` (str), `ds` (datetime64 or int),
`y` (float64), then covariates, sorted by `unique_id, ds`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError, at_row
from forecastkit.tables.frequency import DAY, Frequency, in_calendar, parse_frequency
from forecastkit.tables.pace import check_pace, distinct, infer_frequency

if TYPE_CHECKING:
    from forecastkit.tables.covariates import Beside

UNIQUE_ID = "unique_id"
DS = "ds"
Y = "y"
CUTOFF = "cutoff"
# a panel may be this many times as long as its rows before the gaps in it are called an error
_MOST_GAPS = 50
_EARLIEST, _LATEST = pd.Timestamp("1678-01-01"), pd.Timestamp("2261-12-31 23:59:59")


def check_table(df: pd.DataFrame) -> pd.DataFrame:
    """Check a series table and return it sorted, with the types that it must have.

    Parameters
    ----------
    df : DataFrame
        With `unique_id`, `ds`, `y` and perhaps covariates.

    Returns
    -------
    DataFrame
        A new table; the input is left as it is.

    Raises
    ------
    DataError
        If a column is missing or of a wrong type, a value is infinite, a timestamp is missing, or
        two rows stand for the same series and timestamp.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-02", "2024-01-01"])
    >>> table = check_table(pd.DataFrame({"unique_id": "a", "ds": days, "y": [2, 1]}))
    >>> table["y"].tolist()
    [1.0, 2.0]
    """
    if not isinstance(df, pd.DataFrame):
        raise DataError(
            f"A series table must be a pandas DataFrame, not a {type(df).__name__}.",
            fix="Read a file with forecastkit.read_csv.",
        )
    missing = [name for name in (UNIQUE_ID, DS, Y) if name not in df.columns]
    if missing:
        raise DataError(
            f"The table has no column '{missing[0]}'; it has: {', '.join(map(str, df.columns))}.",
            column=missing[0],
            fix="Name the columns unique_id, ds and y, or read the file with forecastkit.read_csv.",
        )
    table = df.reset_index(drop=True).copy()
    table.columns = table.columns.map(str)
    if not table.columns.is_unique:
        name = table.columns[table.columns.duplicated()][0]
        raise DataError(
            f"The table has several columns named '{name}'.", column=name, fix="Rename one of them."
        )
    if table[UNIQUE_ID].isna().any():
        n = int(table[UNIQUE_ID].isna().sum())
        raise DataError(
            f"The series identifier is missing in {n} row{'s' * (n > 1)}.",
            column=UNIQUE_ID,
            fix="Fill in the name of the series, or delete the rows.",
        )
    table[UNIQUE_ID] = table[UNIQUE_ID].astype(str)
    table[DS] = _checked_ds(table[DS])
    table[Y] = _checked_y(table[Y])
    table = table.sort_values([UNIQUE_ID, DS], kind="stable", ignore_index=True)
    twice = table.duplicated([UNIQUE_ID, DS])
    if twice.any():
        row, n = table[twice].iloc[0], int(twice.sum())
        raise DataError(
            f"Series '{row[UNIQUE_ID]}' has more than one row for {day(row[DS])} "
            f"({n} duplicate row{'s' * (n > 1)}).",
            column=DS,
            value=str(row[DS]),
            fix="Keep one of them, or aggregate them before forecasting.",
        )
    return table


def _checked_ds(ds: pd.Series) -> pd.Series:
    if ds.isna().any():
        n = int(ds.isna().sum())
        raise DataError(
            f"The timestamp is missing in {n} row{'s' * (n > 1)}.",
            column=DS,
            fix="Fill in the timestamp, or delete the rows.",
        )
    if pd.api.types.is_datetime64_any_dtype(ds) or pd.api.types.is_integer_dtype(ds):
        return ds
    raise DataError(
        f"The column holds {ds.dtype} values such as {ds.iloc[0]!r}, not timestamps or integers.",
        column=DS,
        value=str(ds.iloc[0]),
        fix="Convert it with pandas.to_datetime, or read the file with forecastkit.read_csv.",
    )


def _checked_y(y: pd.Series) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(y):
        raise DataError(
            f"The column holds {y.dtype} values, not numbers.",
            column=Y,
            fix="Convert it with pandas.to_numeric, or read the file with forecastkit.read_csv.",
        )
    y = y.astype("float64")
    infinite = np.isinf(y.to_numpy())
    if infinite.any():
        n = int(infinite.sum())
        raise DataError(
            f"The column holds an infinite value in {n} row{'s' * (n > 1)}.",
            column=Y,
            value=str(y[infinite].iloc[0]),
            fix="Correct the value, or replace it with NaN (missing).",
        )
    return y


def check_alias(alias: str) -> None:
    """Raise `OptionError` if a name cannot be that of a forecast column.

    Examples
    --------
    >>> check_alias("LSTM")
    """
    reserved = (UNIQUE_ID, DS, Y, CUTOFF)
    wrong = not isinstance(alias, str) or not alias or alias in reserved
    if wrong or "-lo-" in alias or "-hi-" in alias:
        raise OptionError(
            f"{alias!r} cannot be the name of a forecast column.",
            value=alias,
            fix=f"Choose an alias other than {', '.join(reserved)}, without -lo- or -hi-.",
        )


@dataclass(frozen=True)
class Grid:
    """A series table laid on its regular grid of timestamps, absent periods as NaN.

    Attributes
    ----------
    ids : ndarray of str, shape (n_series,)
        In the order of the table.
    first : ndarray of int64, shape (n_series,)
        Number of each series' first period along the frequency's grid.
    offsets : ndarray of int64, shape (n_series + 1,)
        Series i is `values[offsets[i]:offsets[i + 1]]`.
    values : ndarray of float64, shape (n_periods,)
    frequency : Frequency
    time_zone : str or None
        Zone that the timestamps are written in; the grid is in UTC for steps below a day and in
        local dates from a day on.
    beside : Beside, optional
        Covariates of the same series; see `forecastkit.tables.covariates`.
    """

    ids: np.ndarray
    first: np.ndarray
    offsets: np.ndarray
    values: np.ndarray
    frequency: Frequency
    time_zone: str | None = None
    beside: Beside | None = None

    @property
    def last(self) -> np.ndarray:
        """Number of each series' last period, shape (n_series,)."""
        return self.first + np.diff(self.offsets) - 1

    def timestamps(self, ordinals: np.ndarray) -> pd.Series:
        """Timestamps of numbers along the grid, in the table's own zone."""
        return _localized(self.frequency.timestamps(ordinals), self.frequency, self.time_zone)

    def ordinals(self, ds: pd.Series) -> np.ndarray:
        """Numbers along the grid of a table's timestamps; the inverse of `timestamps`."""
        return self.frequency.ordinals(_moments(ds, self.frequency))

    def off_grid(self, ds: pd.Series) -> np.ndarray:
        """Whether a table's timestamps are none of the grid's, shape (n_rows,)."""
        return self.frequency.off_grid(_moments(ds, self.frequency))


def to_grid(
    df: pd.DataFrame, freq: str | int | Frequency | None = None, whole_rows: bool = False
) -> Grid:
    """Lay a series table on its grid.

    Rows after the last value of the whole table (the future of known covariates) are left out; so
    is a series without any value. Rows without a value up to there are missing values: a series
    ends at the last of its rows that lies within the dates of the table.

    Parameters
    ----------
    df : DataFrame
        From `check_table`.
    freq : str, int or Frequency, optional
        Found from the timestamps when left out.
    whole_rows : bool
        Keep trailing rows without a value: a series ends at its last row.

    Returns
    -------
    Grid

    Raises
    ------
    DataError
        If the timestamps are not on the grid, or no series has a value.
    """
    clock, zone = naive(df[DS])
    names = df[UNIQUE_ID].array
    codes = np.concatenate([[0], np.cumsum(np.asarray(names[1:] != names[:-1], dtype=bool))])
    if isinstance(freq, Frequency):
        grid = freq
    else:
        grid = infer_frequency(clock, codes, names) if freq is None else parse_frequency(freq)
        grid = aligned(grid, _moments(df[DS], grid, clock))
    kinds, which = distinct(_moments(df[DS], grid, clock))
    _check_on_grid(grid, (kinds, which), df)
    y = df[Y].to_numpy(np.float64)
    ordinals = grid.ordinals(kinds)[which]
    if freq is None:
        check_pace(grid, ordinals, codes, names)
    ends = np.ones(len(y), bool) if whole_rows else ~np.isnan(y)
    return _laid_out(names, codes, ordinals, (y, ends), (grid, zone))


def _moments(ds: pd.Series, grid: Frequency, clock: np.ndarray | None = None) -> np.ndarray:
    """Timestamps as the grid counts them: in UTC for steps below a day, otherwise local dates.

    `clock` is what `naive` makes of them, if that is known.
    """
    if getattr(ds.dtype, "tz", None) is not None and grid.kind == "fixed" and grid.step < DAY:
        return naive(ds.dt.tz_convert("UTC"))[0]
    return naive(ds)[0] if clock is None else clock


def _laid_out(
    ids: Any,
    codes: np.ndarray,
    ordinals: np.ndarray,
    values_and_ends: tuple[np.ndarray, np.ndarray],
    calendar: tuple[Frequency, str | None],
) -> Grid:
    y, known = values_and_ends  # the last row that counts as known ends its series
    if np.isnan(y).all():
        raise DataError(
            "All values of the target 'y' are missing.", column=Y, fix="Check the target column."
        )
    starts = _starts(codes)
    least = np.iinfo(np.int64).min
    last = np.maximum.reduceat(np.where(known, ordinals, least), starts)
    within = np.maximum.reduceat(np.where(ordinals <= last.max(), ordinals, least), starts)
    last = np.where(last > least, np.maximum(last, within), least)
    keep = ordinals <= last[codes]
    if not keep.all():
        rows = np.flatnonzero(keep)
        codes, ordinals, y, ids = codes[rows], ordinals[rows], y[rows], ids.take(rows)
        starts = _starts(codes)
        last = last[codes[starts]]
        codes = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(codes))))
    first = ordinals[starts]
    lengths = last - first + 1
    if lengths.sum() > _MOST_GAPS * len(y) + 10_000:
        raise DataError(
            f"The {len(y)} rows span {int(lengths.sum())} periods of frequency "
            f"{calendar[0].alias}: nearly all of them would be missing.",
            fix="Set the right frequency with freq (--freq), or correct the timestamps.",
        )
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if offsets[-1] == len(y):  # no period is absent
        values = y.copy()
    else:
        values = np.full(int(offsets[-1]), np.nan)
        values[offsets[codes] + ordinals - first[codes]] = y
    named = np.asarray(ids.take(starts), dtype=object).astype(str)
    return Grid(named, first, offsets, values, *calendar)


def _starts(codes: np.ndarray) -> np.ndarray:
    """Number of the first row of each series."""
    return np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1])


def _check_on_grid(
    grid: Frequency, moments: tuple[np.ndarray, np.ndarray], df: pd.DataFrame
) -> None:
    kinds, which = moments
    wrong = grid.off_grid(kinds)
    if not wrong.any():
        return
    off = np.flatnonzero(wrong[which])
    row = df.iloc[off[0]]
    error = DataError(
        f"The timestamp {row[DS]} of series '{row[UNIQUE_ID]}' does not match frequency "
        f"{grid.alias} ({len(off)} such row{'s' * (len(off) > 1)}).",
        column=DS,
        value=str(row[DS]),
        fix="Correct the timestamps, or set the right frequency with freq (--freq).",
    )
    raise at_row(error, int(off[0]))


def naive(ds: pd.Series) -> tuple[np.ndarray, str | None]:
    """Return timestamps without a zone, as the clock on the wall shows them, and their zone."""
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return ds.to_numpy(np.int64), None
    zone = getattr(ds.dtype, "tz", None)
    if zone is not None:
        ds = ds.dt.tz_localize(None)
    if len(ds) and not (ds.min() >= _EARLIEST and ds.max() <= _LATEST):
        at = ds.argmin() if ds.min() < _EARLIEST else ds.argmax()
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
    """Move a grid that a user named through the data, where its alias leaves that open.

    An alias says neither the time of day, nor the day of a month in the middle of it, nor where
    steps of several periods begin.
    """
    if grid.kind in ("business", "month"):
        return in_calendar(grid, ds)
    moments = ds.astype(np.int64)
    weekly = grid.kind == "fixed" and grid.step % (7 * DAY) == 0
    if weekly and (int(moments[0]) - grid.anchor) % (7 * DAY):
        return grid  # the alias names another day of the week: that is said where it is checked
    return replace(grid, anchor=int(moments[0]) % grid.step)


def _localized(moments: np.ndarray, grid: Frequency, zone: str | None) -> pd.Series:
    ds = pd.Series(moments, name=DS)
    if zone is None:
        return ds
    if grid.kind == "fixed" and grid.step < DAY:
        return ds.dt.tz_localize("UTC").dt.tz_convert(zone)
    return ds.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")


def usual_horizon(df: pd.DataFrame, freq: str | int | None = None) -> int:
    """Steps that are usually forecast at a table's frequency, fewer where its series are short.

    Parameters
    ----------
    df : DataFrame
        A series table.
    freq : str or int, optional
        Found from the timestamps when left out.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=60, freq="MS")
    >>> usual_horizon(pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0}))
    12
    """
    grid = to_grid(check_table(df), freq)
    longest = int(np.diff(grid.offsets).max())
    return max(1, min(grid.frequency.horizon, longest // 5))


def day(moment: Any) -> str:
    """Return a timestamp as text, without a time of day where that is midnight."""
    return str(moment).removesuffix(" 00:00:00")
