"""Future values of covariates: rows to fill in, validation and missing values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.tables.covariates import check_present, encode_column, with_derived
from forecastkit.tables.dataset import Dataset
from forecastkit.tables.frame import DS, UNIQUE_ID, day
from forecastkit.tables.index import TimeIndex
from forecastkit.tables.schema import FUTR, Column

_CREATE = "Create the rows with make_future_dataframe (predict --make-future FILE.csv)."


def with_future(
    data: Dataset, futr_df: pd.DataFrame | None, h: int, complete: bool = True
) -> Dataset:
    """Add future values of the columns that are known in advance.

    Parameters
    ----------
    data : Dataset
        Its covariates may extend beyond its last values.
    futr_df : DataFrame or None
        `unique_id`, `ds` and the columns that are known in advance.
    h : int
        Horizon, in steps after the end of each series.
    complete : bool
        Whether every value is required.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If `futr_df` is invalid, or a required value is missing.
    """
    covariates, lengths = data.panel.covariates, data.panel.lengths
    if covariates is None or not covariates.known_ahead.any():
        return data
    changing = covariates.changing.extended(lengths + h)
    columns = [column for column in data.schema.known_ahead if not column.is_derived]
    if futr_df is not None and columns:
        futr_df = _checked_future(futr_df, data.index, columns)
        series, steps = data.index.locate(futr_df)
        owner = np.maximum(series, 0)
        is_future = (series >= 0) & (steps >= lengths[owner]) & (steps < changing.lengths[owner])
        blocks = [encode_column(futr_df, column) for column in columns]
        rows = (changing.offsets[owner] + steps)[is_future]
        features = data.schema.positions(columns)
        changing.values[np.ix_(rows, features)] = np.concatenate(blocks, axis=1)[is_future]
    covariates = with_derived(replace(covariates, changing=changing), data.index, data.schema)
    data = replace(data, panel=replace(data.panel, covariates=covariates))
    if complete:
        _check_future(data, h)
    return data


def _checked_future(df: pd.DataFrame, index: TimeIndex, columns: Sequence[Column]) -> pd.DataFrame:
    """Check future rows and convert their timestamps to the type of the index."""
    if not isinstance(df, pd.DataFrame) or not df.columns.is_unique:
        is_table = isinstance(df, pd.DataFrame)
        raise DataError(
            "futr_df has duplicate column names."
            if is_table
            else f"futr_df is a {type(df).__name__}, not a pandas DataFrame.",
            fix=_CREATE,
        )
    missing = [name for name in (UNIQUE_ID, DS) if name not in df.columns]
    if missing:
        raise DataError(
            f"The future rows have no column '{missing[0]}'; they have: "
            f"{', '.join(map(str, df.columns))}.",
            column=missing[0],
            fix=_CREATE,
        )
    check_present(df, columns)
    df = df.reset_index(drop=True)
    df = df.assign(**{UNIQUE_ID: df[UNIQUE_ID].astype(str), DS: _timestamps_like(df[DS], index)})
    mismatches = index.mismatches(df[DS])
    if mismatches.any():
        row, n = df[mismatches].iloc[0], int(mismatches.sum())
        raise DataError(
            f"The future row of series '{row[UNIQUE_ID]}' at {day(row[DS])} does not match "
            f"frequency {index.frequency} ({n} such row{'s' * (n > 1)}).",
            column=DS,
            value=str(row[DS]),
            fix=_CREATE,
        )
    names = [column.name for column in columns]
    df = df.drop_duplicates([UNIQUE_ID, DS, *names])
    repeated = df.duplicated([UNIQUE_ID, DS])
    if repeated.any():
        row, n = df[repeated].iloc[0], int(repeated.sum())
        raise DataError(
            f"Series '{row[UNIQUE_ID]}' has more than one future row at {day(row[DS])} "
            f"({n} duplicate row{'s' * (n > 1)}).",
            column=DS,
            value=str(row[DS]),
            fix="Keep one row per series and timestamp.",
        )
    return df


def _timestamps_like(ds: pd.Series, index: TimeIndex) -> pd.Series:
    """Convert timestamps to the type of the index: integers, in its time zone, or without one."""
    if index.frequency.kind == "integer":
        numbers = pd.to_numeric(ds, errors="coerce")
        if numbers.isna().any() or (numbers % 1 != 0).any():
            raise _timestamp_error(ds, numbers.isna() | (numbers % 1 != 0), "a whole number")
        return numbers.astype(np.int64)
    if pd.api.types.is_numeric_dtype(ds):
        raise _timestamp_error(ds, pd.Series(True, index=ds.index), "a timestamp")
    parsed = ds
    if not pd.api.types.is_datetime64_any_dtype(ds):
        parsed = pd.to_datetime(ds.astype(str), format="ISO8601", errors="coerce", utc=True)
        if index.zone is None:
            parsed = parsed.dt.tz_localize(None)
    if parsed.isna().any():
        raise _timestamp_error(ds, parsed.isna(), "a timestamp such as 2024-12-31")
    has_zone = getattr(parsed.dtype, "tz", None) is not None
    if has_zone != (index.zone is not None):
        zones = ("no time zone", f"the time zone {index.zone or parsed.dt.tz}")
        raise DataError(
            f"The future timestamps have {zones[has_zone]}; those of the model have "
            f"{zones[not has_zone]}.",
            column=DS,
            value=str(ds.iloc[0]),
            fix=_CREATE,
        )
    return parsed.dt.tz_convert(index.zone) if has_zone else parsed


def _timestamp_error(ds: pd.Series, invalid: pd.Series, expected: str) -> DataError:
    value, n = ds[invalid].iloc[0], int(invalid.sum())
    return DataError(
        f"'{value}' is not {expected} ({n} such future row{'s' * (n > 1)}).",
        column=DS,
        value=str(value),
        fix=_CREATE,
    )


def missing_future(data: Dataset, h: int) -> list[str]:
    """Return the columns known in advance that lack a value in the next `h` steps."""
    data = with_future(data, None, h, complete=False)
    names, missing = _missing_values(data, h)
    return list(dict.fromkeys(names[missing.any(axis=(0, 1))].tolist()))


def _missing_values(data: Dataset, h: int) -> tuple[np.ndarray, np.ndarray]:
    """Column name of each feature, and a mask of missing values (n_series, h, n_features)."""
    covariates, columns = data.panel.covariates, data.schema.changing
    names = np.array([column.name for column in columns], dtype=object)[data.schema.owner]
    if covariates is None:
        return names, np.zeros((data.panel.n_series, h, 0), bool)
    future = covariates.after(data.panel.lengths, h)
    return names, np.isnan(future) & covariates.known_ahead


def _check_future(data: Dataset, h: int) -> None:
    """Raise `DataError` if a value of a future column is missing in the next `h` steps."""
    names, missing = _missing_values(data, h)
    if not missing.any():
        return
    rows = np.argwhere(missing.any(axis=2))
    listed = []
    for series, step in rows[:3]:
        timestamp = data.index.timestamps(data.last[[series]] + 1 + step).iloc[0]
        columns = ", ".join(dict.fromkeys(names[missing[series, step]]))
        listed.append(f"series '{data.index.ids[series]}' at {day(timestamp)}: {columns}")
    more = f" ({len(rows) - 3} more)" if len(rows) > 3 else ""
    raise DataError(
        f"Future covariate values are missing: {'; '.join(listed)}{more}.",
        column=str(names[missing.any(axis=(0, 1))][0]),
        fix="Pass them as futr_df (--future FILE.csv), or append rows with an empty target; "
        "make_future_dataframe (predict --make-future FILE.csv) creates the rows to fill in.",
    )


def future_rows(data: Dataset, h: int) -> pd.DataFrame:
    """Return the rows of the next `h` steps of every series, with known future values filled in.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, and the columns that are known in advance.
    """
    table = pd.DataFrame(data.future_periods(h)).astype({UNIQUE_ID: "str"})
    covariates = data.panel.covariates
    if covariates is None:
        return table
    features = covariates.after(data.panel.lengths, h).reshape(len(table), -1)
    for column in data.schema.from_table:
        if column.role == FUTR:
            table[column.name] = column.decoded(features[:, data.schema.positions([column])])
    return table
