"""Checks of the series table: a DataFrame with one row per series and timestamp.

Its columns are `unique_id` (str), `ds` (datetime64 or int), `y` (float64), then covariates; its
rows are sorted by `unique_id` and `ds`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, OptionError

UNIQUE_ID = "unique_id"
DS = "ds"
Y = "y"
CUTOFF = "cutoff"
# attributes of a table: assumptions and arguments of its reader, periods that the reader filled
ASSUMPTIONS, READING, FILLED = "assumptions", "reading", "filled"
# deprecated attributes: events and calendar features are now arguments of forecasters
EVENTS, CALENDAR = "events", "calendar"


def check_table(df: pd.DataFrame) -> pd.DataFrame:
    """Check a series table and return it sorted, with the required dtypes.

    Parameters
    ----------
    df : DataFrame
        With `unique_id`, `ds`, `y` and, optionally, covariates.

    Returns
    -------
    DataFrame
        A new table; the input is not modified.

    Raises
    ------
    DataError
        If a column is missing or has the wrong dtype, a value is infinite, an identifier or a
        timestamp is missing, or two rows have the same series and timestamp.

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
    repeated = table.duplicated([UNIQUE_ID, DS])
    if repeated.any():
        row, n = table[repeated].iloc[0], int(repeated.sum())
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
    """Raise `OptionError` if a name is not valid for a forecast column.

    Examples
    --------
    >>> check_alias("LSTM")
    """
    reserved = (UNIQUE_ID, DS, Y, CUTOFF)
    invalid = not isinstance(alias, str) or not alias or alias in reserved
    if invalid or any(mark in alias for mark in ("-lo-", "-hi-", "-q-")):
        raise OptionError(
            f"{alias!r} cannot be the name of a forecast column.",
            value=alias,
            fix=f"Choose an alias other than {', '.join(reserved)}, without -lo-, -hi- or -q-.",
        )


def day(timestamp: Any) -> str:
    """Format a timestamp, without the time of day if it is midnight."""
    return str(timestamp).removesuffix(" 00:00:00")
