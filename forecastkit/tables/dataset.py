"""Convert a checked series table to a `Dataset`: the arrays that models and methods work on."""

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
from forecastkit.tables.frequency_inference import check_intervals, distinct, infer_frequency
from forecastkit.tables.index import (
    TimeIndex,
    aligned,
    is_too_sparse,
    local_timestamps,
    utc_or_local,
)
from forecastkit.tables.schema import Column, Schema


@dataclass(frozen=True, eq=False)
class Dataset:
    """Series at regular timestamps, with absent periods as NaN.

    Attributes
    ----------
    panel : Panel
        Values and covariates of the series.
    index : TimeIndex
        Names and timestamps of the series.
    schema : Schema
        Roles and encodings of the covariates.
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
        """Period number of the last period of each series, shape (n_series,)."""
        return self.index.first + self.panel.lengths - 1

    def recent(self, n: int) -> Dataset:
        """Return the last `n` periods of every series."""
        panel = self.panel.last(n)
        index = replace(self.index, first=self.last - panel.lengths + 1)
        return replace(self, panel=panel, index=index)

    def periods(self) -> pd.DataFrame:
        """Return `unique_id` and `ds` of every period of every series."""
        y = self.panel.y
        ds = self.index.timestamps(self.index.first[y.owner] + y.steps)
        return pd.DataFrame({UNIQUE_ID: self.index.ids[y.owner], DS: ds}).astype({UNIQUE_ID: "str"})

    def future_periods(self, h: int) -> dict[str, Any]:
        """Return `unique_id` and `ds` of the `h` steps after every series, series by series."""
        ds = self.index.timestamps((self.last[:, None] + np.arange(1, h + 1)).ravel())
        return {UNIQUE_ID: np.repeat(self.index.ids.astype(object), h), DS: ds}


def to_dataset(
    df: pd.DataFrame,
    freq: str | int | Frequency | None = None,
    columns: Sequence[Column] = (),
    whole_rows: bool = False,
) -> Dataset:
    """Convert a series table to a dataset with regular timestamps.

    Rows after the last value of the whole table hold future covariates and are dropped, as is a
    series without any value. Earlier rows without a value are missing values: a series ends at its
    last row that is not later than the last value of the table.

    Parameters
    ----------
    df : DataFrame
        From `check_table`.
    freq : str, int or Frequency, optional
        Inferred from the timestamps by default.
    columns : sequence of Column
        Covariates.
    whole_rows : bool
        Whether to keep trailing rows without a value, so that a series ends at its last row.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If the timestamps do not match the frequency, no series has a value, or a covariate is
        missing.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-04"])
    >>> table = check_table(pd.DataFrame({"unique_id": "a", "ds": days, "y": [1, 2, 4]}))
    >>> to_dataset(table, "D").panel.values.tolist()
    [1.0, 2.0, nan, 4.0]
    """
    local, zone = local_timestamps(df[DS])
    names = df[UNIQUE_ID].array
    codes = np.concatenate([[0], np.cumsum(np.asarray(names[1:] != names[:-1], dtype=bool))])
    if isinstance(freq, Frequency):
        frequency = freq
    else:
        frequency = infer_frequency(local, codes, names) if freq is None else parse_frequency(freq)
        frequency = aligned(frequency, utc_or_local(df[DS], frequency, local))
    values, inverse = distinct(utc_or_local(df[DS], frequency, local))
    _check_timestamps(frequency, (values, inverse), df)
    y = df[Y].to_numpy(np.float64)
    ordinals = frequency.ordinals(values)[inverse]
    if freq is None:
        check_intervals(frequency, ordinals, codes, names)
    may_end = np.ones(len(y), bool) if whole_rows else ~np.isnan(y)
    ids, first, series = _regular_series(names, codes, ordinals, (y, may_end), frequency)
    data = Dataset(Panel(series), TimeIndex(ids, first, frequency, zone))
    return with_covariates(data, df, columns)


def with_covariates(data: Dataset, df: pd.DataFrame, columns: Sequence[Column]) -> Dataset:
    """Add covariates from the table that a dataset was made from.

    Raises
    ------
    DataError
        If the table lacks a column, or a cell is not a number.
    """
    if not columns:
        return data
    schema = Schema.of(columns)
    covariates = encode_covariates(df, data.index, data.panel.lengths, schema)
    return replace(data, panel=replace(data.panel, covariates=covariates), schema=schema)


def _regular_series(
    names: Any,
    codes: np.ndarray,
    ordinals: np.ndarray,
    y_and_ends: tuple[np.ndarray, np.ndarray],
    frequency: Frequency,
) -> tuple[np.ndarray, np.ndarray, Ragged]:
    """Names, first periods and values of the series of a table, absent periods as NaN."""
    y, may_end = y_and_ends
    if np.isnan(y).all():
        raise DataError(
            "All values of the target 'y' are missing.", column=Y, fix="Check the target column."
        )
    starts = _starts(codes)
    no_period = np.iinfo(np.int64).min
    last = np.maximum.reduceat(np.where(may_end, ordinals, no_period), starts)
    within = np.maximum.reduceat(np.where(ordinals <= last.max(), ordinals, no_period), starts)
    last = np.where(last > no_period, np.maximum(last, within), no_period)
    is_past = ordinals <= last[codes]
    if not is_past.all():
        rows = np.flatnonzero(is_past)
        codes, ordinals, y, names = codes[rows], ordinals[rows], y[rows], names.take(rows)
        starts = _starts(codes)
        last = last[codes[starts]]
        codes = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(codes))))
    first = ordinals[starts]
    lengths = last - first + 1
    if is_too_sparse(int(lengths.sum()), len(y)):
        raise DataError(
            f"The {len(y)} rows span {int(lengths.sum())} periods of frequency "
            f"{frequency.alias}: nearly all of them would be missing.",
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


def _check_timestamps(
    frequency: Frequency, timestamps: tuple[np.ndarray, np.ndarray], df: pd.DataFrame
) -> None:
    """Raise `DataError` if a timestamp does not match the frequency; see `distinct`."""
    values, inverse = timestamps
    is_off = frequency.mismatches(values)
    if not is_off.any():
        return
    off_rows = np.flatnonzero(is_off[inverse])
    row = df.iloc[off_rows[0]]
    error = DataError(
        f"The timestamp {row[DS]} of series '{row[UNIQUE_ID]}' does not match frequency "
        f"{frequency.alias} ({len(off_rows)} such row{'s' * (len(off_rows) > 1)}).",
        column=DS,
        value=str(row[DS]),
        fix="Correct the timestamps, or set the right frequency with freq (--freq).",
    )
    raise at_row(error, int(off_rows[0]))


def frequency_of(df: pd.DataFrame) -> Frequency:
    """Return the frequency of a table: as determined by its reader, otherwise inferred.

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
    """Return a typical horizon for a table's frequency, at most a fifth of its longest series.

    Parameters
    ----------
    df : DataFrame
        A series table.
    freq : str, int or Frequency, optional
        Inferred from the timestamps by default.

    Returns
    -------
    int
        Number of steps, at least 1.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=60, freq="MS")
    >>> usual_horizon(pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0}))
    12
    """
    data = to_dataset(check_table(df), freq)
    return max(1, min(data.index.frequency.horizon, int(data.panel.lengths.max()) // 5))
