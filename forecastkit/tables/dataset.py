"""A checked table as arrays: the one door between tables and forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, at_row
from forecastkit.ranges import refuse
from forecastkit.series.panel import Panel
from forecastkit.series.ragged import Ragged, offsets_of
from forecastkit.tables.covariates import encode_covariates
from forecastkit.tables.frame import DS, READING, UNIQUE_ID, Y, check_table
from forecastkit.tables.frequency import Frequency, parse_frequency
from forecastkit.tables.frequency_inference import check_pace, distinct, infer_frequency
from forecastkit.tables.index import TimeIndex, aligned, grid_moments, is_too_sparse, wall_clock
from forecastkit.tables.schema import Column, Schema


@dataclass(frozen=True, eq=False)
class Dataset:
    """A series table on its regular grid of timestamps, absent periods as NaN.

    Attributes
    ----------
    panel : Panel
        Values of every series, and the covariates beside them.
    index : TimeIndex
        Names and timestamps of the series.
    schema : Schema
        What the covariates mean.
    """

    panel: Panel
    index: TimeIndex
    schema: Schema = Schema()

    def __post_init__(self) -> None:
        if self.schema.derived and self.index.frequency.kind == "integer":
            names = [column.name for column in self.schema.derived]
            refuse("the frequency of the table", "integer", f"one of dates, for {', '.join(names)}")

    @property
    def last(self) -> np.ndarray:
        """Number of each series' last period along the grid, shape (n_series,)."""
        return self.index.first + self.panel.lengths - 1

    def recent(self, n: int) -> Dataset:
        """Return the last `n` periods of every series."""
        panel = self.panel.last(n)
        index = replace(self.index, first=self.last - panel.lengths + 1)
        return replace(self, panel=panel, index=index)

    def periods(self) -> pd.DataFrame:
        """`unique_id` and `ds` of every period of every series."""
        y = self.panel.y
        ds = self.index.timestamps(self.index.first[y.owner] + y.steps)
        return pd.DataFrame({UNIQUE_ID: self.index.ids[y.owner], DS: ds}).astype({UNIQUE_ID: "str"})

    def future_periods(self, h: int) -> dict[str, Any]:
        """`unique_id` and `ds` of the `h` steps after every series, one after the other."""
        ds = self.index.timestamps((self.last[:, None] + np.arange(1, h + 1)).ravel())
        return {UNIQUE_ID: np.repeat(self.index.ids.astype(object), h), DS: ds}


def to_dataset(
    df: pd.DataFrame,
    freq: str | int | Frequency | None = None,
    columns: Sequence[Column] = (),
    whole_rows: bool = False,
) -> Dataset:
    """Lay a series table on its grid.

    Rows after the last value of the whole table (the future of known covariates) are left out; so
    is a series without any value. Rows without a value up to there are missing values: a series
    ends at the last of its rows that lies within the dates of the table.

    Parameters
    ----------
    df : DataFrame
        From `check_table`.
    freq : str, int or Frequency, optional
        Inferred from the timestamps by default.
    columns : sequence of Column
        Covariates.
    whole_rows : bool
        Keep trailing rows without a value: a series ends at its last row.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If the timestamps are not on the grid, no series has a value, or a covariate is missing.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-04"])
    >>> table = check_table(pd.DataFrame({"unique_id": "a", "ds": days, "y": [1, 2, 4]}))
    >>> to_dataset(table, "D").panel.values.tolist()
    [1.0, 2.0, nan, 4.0]
    """
    clock, zone = wall_clock(df[DS])
    names = df[UNIQUE_ID].array
    codes = np.concatenate([[0], np.cumsum(np.asarray(names[1:] != names[:-1], dtype=bool))])
    if isinstance(freq, Frequency):
        grid = freq
    else:
        grid = infer_frequency(clock, codes, names) if freq is None else parse_frequency(freq)
        grid = aligned(grid, grid_moments(df[DS], grid, clock))
    kinds, which = distinct(grid_moments(df[DS], grid, clock))
    _check_on_grid(grid, (kinds, which), df)
    y = df[Y].to_numpy(np.float64)
    ordinals = grid.ordinals(kinds)[which]
    if freq is None:
        check_pace(grid, ordinals, codes, names)
    may_end = np.ones(len(y), bool) if whole_rows else ~np.isnan(y)
    ids, first, values = _laid_out(names, codes, ordinals, (y, may_end), grid)
    data = Dataset(Panel(values), TimeIndex(ids, first, grid, zone))
    return with_covariates(data, df, columns)


def with_covariates(data: Dataset, df: pd.DataFrame, columns: Sequence[Column]) -> Dataset:
    """Add covariates of the table that a dataset was made of.

    Raises
    ------
    DataError
        If a column is not in the table, or a cell is not a number.
    """
    if not columns:
        return data
    schema = Schema.of(columns)
    covariates = encode_covariates(df, data.index, data.panel.lengths, schema)
    return replace(data, panel=replace(data.panel, covariates=covariates), schema=schema)


def _laid_out(
    names: Any,
    codes: np.ndarray,
    ordinals: np.ndarray,
    y_and_ends: tuple[np.ndarray, np.ndarray],
    grid: Frequency,
) -> tuple[np.ndarray, np.ndarray, Ragged]:
    """Names, first periods and values of the series of a table."""
    y, may_end = y_and_ends
    if np.isnan(y).all():
        raise DataError(
            "All values of the target 'y' are missing.", column=Y, fix="Check the target column."
        )
    starts = _starts(codes)
    never = np.iinfo(np.int64).min
    last = np.maximum.reduceat(np.where(may_end, ordinals, never), starts)
    within = np.maximum.reduceat(np.where(ordinals <= last.max(), ordinals, never), starts)
    last = np.where(last > never, np.maximum(last, within), never)
    inside = ordinals <= last[codes]
    if not inside.all():
        rows = np.flatnonzero(inside)
        codes, ordinals, y, names = codes[rows], ordinals[rows], y[rows], names.take(rows)
        starts = _starts(codes)
        last = last[codes[starts]]
        codes = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(codes))))
    first = ordinals[starts]
    lengths = last - first + 1
    if is_too_sparse(int(lengths.sum()), len(y)):
        raise DataError(
            f"The {len(y)} rows span {int(lengths.sum())} periods of frequency "
            f"{grid.alias}: nearly all of them would be missing.",
            fix="Set the right frequency with freq (--freq), or correct the timestamps.",
        )
    offsets = offsets_of(lengths)
    if offsets[-1] == len(y):  # no period is absent
        values = y.copy()
    else:
        values = np.full(int(offsets[-1]), np.nan)
        values[offsets[codes] + ordinals - first[codes]] = y
    ids = np.asarray(names.take(starts), dtype=object).astype(str)
    return ids, first, Ragged(values, offsets)


def _starts(codes: np.ndarray) -> np.ndarray:
    """Position of the first row of each series."""
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


def frequency_of(df: pd.DataFrame) -> Frequency:
    """Frequency of a table: the one that its reader determined, otherwise inferred.

    Parameters
    ----------
    df : DataFrame
        A series table.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=60, freq="MS")
    >>> frequency_of(pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0})).alias
    'MS'
    """
    stored = df.attrs.get(READING, {}).get("frequency")
    return Frequency(**stored) if stored else to_dataset(check_table(df)).index.frequency


def usual_horizon(df: pd.DataFrame, freq: str | int | Frequency | None = None) -> int:
    """Steps that are usually forecast at a table's frequency, fewer where its series are short.

    Parameters
    ----------
    df : DataFrame
        A series table.
    freq : str, int or Frequency, optional
        Inferred from the timestamps by default.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=60, freq="MS")
    >>> usual_horizon(pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0}))
    12
    """
    data = to_dataset(check_table(df), freq)
    return max(1, min(data.index.frequency.horizon, int(data.panel.lengths.max()) // 5))
