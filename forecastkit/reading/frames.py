"""Tables of other forms as series tables: other names, an index of timestamps, other libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecastkit.errors import DataError, MissingPackageError
from forecastkit.reading.parquet import frame_cells
from forecastkit.reading.reader import read_cells
from forecastkit.tables.frame import DS, READING, UNIQUE_ID, Y
from forecastkit.tables.writing import with_file_columns

# attribute of a table: the library that its user's table is of
FORM = "form"
_STANDARD = {UNIQUE_ID, DS, Y}
_NAME = "the table"
_PANDAS = "pandas"


def to_series_table(
    data: Any,
    target_col: str | Sequence[str] | None = None,
    time_col: str | None = None,
    id_col: str | Sequence[str] | None = None,
    freq: Any = None,
    covariates: Sequence[str] = (),
) -> pd.DataFrame:
    """Convert a table of any form to a series table.

    Parameters
    ----------
    data : DataFrame, Series, or a table of polars, Arrow or DuckDB
        In long format (ids, timestamps, values, covariates) or in wide format (timestamps and a
        column per series). Timestamps may be the index.
    target_col, time_col, id_col : str, optional
        Names of columns; those that are not given are found by name and content, as in files.
    freq : str, int or Frequency, optional
    covariates : sequence of str
        Columns that are neither timestamps, ids nor targets.

    Returns
    -------
    DataFrame
        With `unique_id`, `ds` and `y`; its attributes have the names of the columns.

    Raises
    ------
    DataError
        If a column cannot be found, or holds invalid values.
    MissingPackageError
        If the table is of another library, and narwhals is not installed.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=5)
    >>> table = to_series_table(pd.Series([1.0, 2.0, 1.0, 3.0, 2.0], days, name="visits"))
    >>> table.columns.tolist(), table["unique_id"].iloc[0], table["y"].sum()
    (['unique_id', 'ds', 'y'], 'visits', np.float64(9.0))
    """
    frame, kind = _as_pandas(data)
    given = target_col is not None or time_col is not None or id_col is not None
    if set(frame.columns) >= _STANDARD and not given:
        if kind != _PANDAS:
            frame.attrs[FORM] = kind
        return frame
    names = [str(name) for name in frame.columns]
    if not given and {DS, Y} <= set(names) and UNIQUE_ID not in names:
        time_col, target_col = DS, Y
        others = [name for name in names if name not in (DS, Y)]
        is_single = not frame[DS].duplicated().any()
        covariates = [*covariates, *others] if is_single else covariates
    elif not given and {"item_id", "timestamp", "target"} <= set(names):
        id_col, time_col, target_col = "item_id", "timestamp", "target"
    cells = frame_cells(frame, _NAME)
    table = read_cells(
        cells, freq, covariates, target_col=target_col, time_col=time_col, id_col=id_col
    )
    table.attrs[FORM] = kind
    return table


def to_future_table(data: Any, facts: Mapping[str, Any], ids: Sequence[Any]) -> pd.DataFrame:
    """Convert future rows with the names of the user's table to `unique_id` and `ds`.

    Parameters
    ----------
    data : table of any library
    facts : mapping
        Facts of the fitted model.
    ids : sequence
        Names of its series: rows without an id are those of a single one.
    """
    if not isinstance(data, pd.DataFrame) and _library(data) is None:
        return data  # refused where future rows are checked
    frame, _ = _as_pandas(data)
    reading = facts.get(READING, {})
    names = [str(name) for name in reading.get("id_col") or ()]
    if UNIQUE_ID not in frame and names and set(names) <= set(frame.columns):
        joined = frame[names[0]].astype("str")
        for name in names[1:]:
            joined = joined + "/" + frame[name].astype("str")
        frame[UNIQUE_ID] = joined
        frame = frame.drop(columns=[name for name in names if name != UNIQUE_ID])
    if UNIQUE_ID not in frame and len(ids) == 1:
        frame[UNIQUE_ID] = str(ids[0])
    time = str(reading.get("time_col") or DS)
    if DS not in frame and time in frame:
        frame = frame.rename(columns={time: DS})
    return frame


def to_new_table(data: Any, facts: Mapping[str, Any]) -> pd.DataFrame:
    """Convert rows that a fitted model forecasts after, by the names of its own table."""
    stored = facts.get(READING, {}) if FORM in facts else {}
    names: dict[str, Any] = {
        name: stored.get(name) or None for name in ("target_col", "time_col", "id_col")
    }
    columns = {str(name) for name in getattr(data, "columns", ())}
    wanted = [*(names["target_col"] or ()), *(names["id_col"] or ())]
    if not set(wanted) <= columns or {UNIQUE_ID, DS, Y} <= columns:
        return to_series_table(data)
    if names["time_col"] not in columns:  # timestamps are the index
        names["time_col"] = None
    return to_series_table(data, **names)


def from_forecast_table(table: pd.DataFrame, facts: Mapping[Any, Any]) -> Any:
    """Restore names and library of a user's table in a forecast.

    Parameters
    ----------
    table : DataFrame
        With `unique_id` and `ds`.
    facts : mapping
        Attributes of the user's table, or facts of the model that was fitted on it.
    """
    kind = facts.get(FORM)
    if kind is None:
        return table
    reading = facts.get(READING)
    named = with_file_columns(table, reading) if reading else table.copy()
    named.attrs = table.attrs
    if kind == _PANDAS:
        return named
    try:
        import narwhals

        native = narwhals.from_dict(
            {name: _plain(named[name]) for name in named.columns},
            backend="pyarrow" if kind == "duckdb" else kind,
        )
    except ImportError:  # a model that was fitted where this library is installed
        return named
    return native.to_native()


def _plain(column: pd.Series) -> Any:
    return column.to_numpy(object) if column.dtype == "str" else column.to_numpy()


def _as_pandas(data: Any) -> tuple[pd.DataFrame, str]:
    """The table as a DataFrame with its timestamps in a column, and the name of its library."""
    if isinstance(data, pd.Series):
        data = data.to_frame("y" if data.name is None else data.name)
    if isinstance(data, pd.DataFrame):
        return _with_timestamps(data), _PANDAS
    kind = _library(data)
    if kind is None:
        raise DataError(
            f"A table must be a DataFrame or Series of pandas, or a table of polars, Arrow or "
            f"DuckDB, not a {type(data).__name__}.",
            fix="Convert it to a pandas DataFrame, or read a file with forecastkit.read_csv.",
        )
    try:
        import narwhals
    except ImportError as error:
        raise MissingPackageError(
            f"A table of {kind} needs the package narwhals.", fix="pip install narwhals"
        ) from error
    frame = narwhals.from_native(data)
    frame = frame.collect() if hasattr(frame, "collect") else frame
    return frame.to_pandas(), kind


def _library(data: Any) -> str | None:
    """Library of a table that narwhals converts; None for anything else."""
    name = type(data).__module__.split(".")[0].strip("_")
    return name if name in ("polars", "pyarrow", "duckdb") else None


def _with_timestamps(frame: pd.DataFrame) -> pd.DataFrame:
    """Move an index of timestamps, periods or several levels to columns."""
    index = frame.index
    if isinstance(index, pd.MultiIndex):
        names = [name or f"level_{k}" for k, name in enumerate(index.names)]
        frame = frame.reset_index(names=names)
    elif isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        name = str(index.name or next(n for n in (DS, "timestamp", "index") if n not in frame))
        frame = frame.reset_index(names=name)
    else:
        frame = frame.reset_index(drop=True)
    frame = frame.copy(deep=False)
    frame.columns = frame.columns.map(str)
    for name in frame.columns[~frame.columns.duplicated()]:
        if isinstance(frame[name].dtype, pd.PeriodDtype):
            frame[name] = frame[name].dt.to_timestamp()
        elif frame[name].dtype == object and len(frame) and _holds_dates(frame[name]):
            frame[name] = pd.to_datetime(frame[name])
    return frame


def _holds_dates(column: pd.Series) -> bool:
    """Whether a column holds dates as Python objects."""
    import datetime

    values = column.dropna().to_numpy()
    return len(values) > 0 and bool(np.all([isinstance(v, datetime.date) for v in values]))
