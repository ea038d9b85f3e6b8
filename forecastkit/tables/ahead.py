"""The future of columns that are known ahead: rows to fill in, rows that were, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError
from forecastkit.tables.covariates import (
    FUTR,
    Column,
    check_present,
    encoded,
    places_of,
    with_made,
)
from forecastkit.tables.frame import DS, UNIQUE_ID, Grid, day

_CREATE = "Create the rows with make_future_dataframe (predict --make-future FILE.csv)."


def with_future(grid: Grid, futr_df: pd.DataFrame | None, h: int, whole: bool = True) -> Grid:
    """Add the future rows of the columns that are known ahead.

    Parameters
    ----------
    grid : Grid
        Its covariates may reach beyond its last values already.
    futr_df : DataFrame or None
        `unique_id`, `ds` and the columns that are known ahead.
    h : int
        Steps after every series.
    whole : bool
        Whether all of them must be known.

    Raises
    ------
    DataError
        If some are missing: series, timestamps and columns are named.
    """
    beside = grid.beside
    if beside is None or not beside.ahead.any():
        return grid
    lengths = np.diff(grid.offsets)
    needed = np.maximum(np.diff(beside.offsets), lengths + h)
    offsets = np.concatenate([[0], np.cumsum(needed)]).astype(np.int64)
    values = np.full((int(offsets[-1]), beside.values.shape[1]), np.nan)
    owner = np.repeat(np.arange(len(lengths)), np.diff(beside.offsets))
    values[np.arange(len(owner)) + (offsets[:-1] - beside.offsets[:-1])[owner]] = beside.values
    ahead = [column for column in beside.known_ahead if not column.made]
    if futr_df is not None and ahead:
        futr_df = _checked_future(futr_df, grid, ahead)
        series, steps = places_of(futr_df, grid)
        own = np.maximum(series, 0)
        kept = (series >= 0) & (steps >= lengths[own]) & (steps < needed[own])
        cells = [encoded(futr_df, column) for column in ahead]
        places = (offsets[series] + steps)[kept]
        told = beside.which(ahead)
        values[np.ix_(places, told)] = np.concatenate(cells, axis=1)[kept]
    beside = with_made(replace(beside, values=values, offsets=offsets), grid)
    grid = replace(grid, beside=beside)
    if whole:
        _check_future(grid, h)
    return grid


def _checked_future(df: pd.DataFrame, grid: Grid, columns: Sequence[Column]) -> pd.DataFrame:
    """Rows of the future with timestamps of the grid's kind, one a series and timestamp."""
    if not isinstance(df, pd.DataFrame) or not df.columns.is_unique:
        is_table = isinstance(df, pd.DataFrame)
        raise DataError(
            "futr_df has duplicate column names."
            if is_table
            else f"futr_df is a {type(df).__name__}, not a pandas DataFrame.",
            fix=_CREATE,
        )
    absent = [name for name in (UNIQUE_ID, DS) if name not in df.columns]
    if absent:
        raise DataError(
            f"The future rows have no column '{absent[0]}'; they have: "
            f"{', '.join(map(str, df.columns))}.",
            column=absent[0],
            fix=_CREATE,
        )
    check_present(df, columns)
    df = df.reset_index(drop=True)
    df = df.assign(**{UNIQUE_ID: df[UNIQUE_ID].astype(str), DS: _moments_of(df[DS], grid)})
    off = grid.off_grid(df[DS])
    if off.any():
        row, n = df[off].iloc[0], int(off.sum())
        raise DataError(
            f"The future row of series '{row[UNIQUE_ID]}' at {day(row[DS])} does not match "
            f"frequency {grid.frequency} ({n} such row{'s' * (n > 1)}).",
            column=DS,
            value=str(row[DS]),
            fix=_CREATE,
        )
    names = [column.name for column in columns]
    df = df.drop_duplicates([UNIQUE_ID, DS, *names])
    twice = df.duplicated([UNIQUE_ID, DS])
    if twice.any():
        row, n = df[twice].iloc[0], int(twice.sum())
        raise DataError(
            f"Series '{row[UNIQUE_ID]}' has more than one future row at {day(row[DS])} "
            f"({n} duplicate row{'s' * (n > 1)}).",
            column=DS,
            value=str(row[DS]),
            fix="Keep one row per series and timestamp.",
        )
    return df


def _moments_of(ds: pd.Series, grid: Grid) -> pd.Series:
    """Timestamps as the table of the model has them: whole numbers, of its zone, or of none."""
    if grid.frequency.kind == "integer":
        found = pd.to_numeric(ds, errors="coerce")
        if found.isna().any() or (found % 1 != 0).any():
            raise _no_moment(ds, found.isna() | (found % 1 != 0), "a whole number")
        return found.astype(np.int64)
    if pd.api.types.is_numeric_dtype(ds):
        raise _no_moment(ds, pd.Series(True, index=ds.index), "a timestamp")
    known = ds
    if not pd.api.types.is_datetime64_any_dtype(ds):
        known = pd.to_datetime(ds.astype(str), format="ISO8601", errors="coerce", utc=True)
        if grid.time_zone is None:
            known = known.dt.tz_localize(None)
    if known.isna().any():
        raise _no_moment(ds, known.isna(), "a timestamp such as 2024-12-31")
    zoned = getattr(known.dtype, "tz", None) is not None
    if zoned != (grid.time_zone is not None):
        kinds = ("no time zone", f"the time zone {grid.time_zone or known.dt.tz}")
        raise DataError(
            f"The future timestamps have {kinds[zoned]}; those of the model have "
            f"{kinds[not zoned]}.",
            column=DS,
            value=str(ds.iloc[0]),
            fix=_CREATE,
        )
    return known.dt.tz_convert(grid.time_zone) if zoned else known


def _no_moment(ds: pd.Series, wrong: pd.Series, what: str) -> DataError:
    value, n = ds[wrong].iloc[0], int(wrong.sum())
    return DataError(
        f"'{value}' is not {what} ({n} such future row{'s' * (n > 1)}).",
        column=DS,
        value=str(value),
        fix=_CREATE,
    )


def missing_ahead(grid: Grid, h: int) -> list[str]:
    """Names of the columns known ahead that lack a value in the `h` steps after some series."""
    grid = with_future(grid, None, h, whole=False)
    if grid.beside is None or not grid.beside.ahead.any():
        return []
    names, unknown = _unknown(grid, h)
    return list(dict.fromkeys(names[unknown.any(axis=(0, 1))].tolist()))


def _unknown(grid: Grid, h: int) -> tuple[np.ndarray, np.ndarray]:
    """Name of each column of numbers; which values ahead are missing, (n_series, h, width)."""
    beside = grid.beside
    assert beside is not None
    index = beside.offsets[:-1, None] + np.diff(grid.offsets)[:, None] + np.arange(h)
    names = np.repeat([c.name for c in beside.columns], [c.width for c in beside.columns])
    return names, np.isnan(beside.values[index]) & beside.ahead


def _check_future(grid: Grid, h: int) -> None:
    names, unknown = _unknown(grid, h)
    if not unknown.any():
        return
    rows = np.argwhere(unknown.any(axis=2))
    shown = []
    for series, step in rows[:3]:
        moment = grid.timestamps(grid.last[[series]] + 1 + step).iloc[0]
        which = ", ".join(dict.fromkeys(names[unknown[series, step]]))
        shown.append(f"series '{grid.ids[series]}' at {day(moment)}: {which}")
    more = f" ({len(rows) - 3} more)" if len(rows) > 3 else ""
    raise DataError(
        f"Future covariate values are missing: {'; '.join(shown)}{more}.",
        column=str(names[unknown.any(axis=(0, 1))][0]),
        fix="Pass them as futr_df (--future FILE.csv), or append rows with an empty target; "
        "make_future_dataframe (predict --make-future FILE.csv) creates the rows to fill in.",
    )


def future_rows(grid: Grid, h: int) -> pd.DataFrame:
    """Rows of the next `h` steps of every series, what is known ahead filled in where it is.

    Returns
    -------
    DataFrame
        `unique_id`, `ds`, and the columns that are known ahead.
    """
    ahead = np.arange(1, h + 1)
    ds = grid.timestamps((grid.last[:, None] + ahead).ravel())
    table = pd.DataFrame({UNIQUE_ID: np.repeat(grid.ids, h), DS: ds}).astype({UNIQUE_ID: "str"})
    beside = grid.beside
    if beside is None:
        return table
    index = beside.offsets[:-1, None] + np.diff(grid.offsets)[:, None] + ahead - 1
    inside = index < beside.offsets[1:, None]
    cells = np.where(inside[..., None], beside.values[np.where(inside, index, 0)], np.nan)
    cells, start = cells.reshape(len(table), -1), 0
    for column in beside.columns:
        part, start = cells[:, start : start + column.width], start + column.width
        if column.role == FUTR and not column.made:
            table[column.name] = _decoded(column, part)
    return table


def _decoded(column: Column, cells: np.ndarray) -> Any:
    if column.categories is None:
        return cells[:, 0]
    names = np.array([*column.categories, None], dtype=object)
    known = np.nan_to_num(cells).max(axis=1) > 0
    return names[np.where(known, np.nan_to_num(cells).argmax(axis=1), len(names) - 1)]
