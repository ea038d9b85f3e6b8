"""Tables with one row per series and one column per period, reshaped to long format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecastkit.notes import Note
from forecastkit.reading.cells import Cells
from forecastkit.reading.dates import Dates, read_dates

_MIN_PERIODS, _MAX_STATIC = 3, 30
_TIME, _VALUE = "date", "value"


def wide_to_long(cells: Cells) -> Cells:
    """Reshape columns named by timestamps to rows; other tables are returned unchanged.

    The names of at least the last three columns must be timestamps of one format, strictly
    increasing or strictly decreasing.
    """
    start = first_period(cells.columns)
    if start is None or {_TIME, _VALUE} & set(cells.columns):
        return cells
    static, periods = cells.columns[:start], cells.columns[start:]
    n_rows, n_periods = len(cells.table), len(periods)
    columns = {name: np.repeat(cells.table[name].to_numpy(object), n_periods) for name in static}
    columns[_TIME] = np.tile(np.array(periods, dtype=object), n_rows)
    columns[_VALUE] = cells.table[periods].to_numpy(object).ravel()
    note = Note(
        f"columns '{periods[0]}' to '{periods[-1]}' reshaped to rows of '{_TIME}' and '{_VALUE}'",
        "their names are timestamps",
    )
    return replace(
        cells,
        columns=[*static, _TIME, _VALUE],
        table=pd.DataFrame(columns, dtype="str"),
        lines=np.repeat(cells.lines, n_periods),
        notes=(*cells.notes, note),
        origins={_VALUE: columns[_TIME]},
    )


def first_period(columns: Sequence[str]) -> int | None:
    """Index of the first of the trailing columns that are named by timestamps.

    Examples
    --------
    >>> first_period(["shop", "2019", "2020", "2021"]), first_period(["date", "a", "b"])
    (1, None)
    """
    if len(columns) < _MIN_PERIODS or _parse_names(columns[-_MIN_PERIODS:]) is None:
        return None
    for start in range(min(len(columns) - _MIN_PERIODS, _MAX_STATIC) + 1):
        names = columns[start:]
        dates = _parse_names(names)
        if dates is not None:
            steps = np.diff(dates.ds.to_numpy("datetime64[ns]").view(np.int64))
            return start if (steps > 0).all() or (steps < 0).all() else None
    return None


def _parse_names(names: Sequence[str]) -> Dates | None:
    dates = read_dates(pd.Series(names, dtype="str"))
    if dates is None or dates.invalid.any() or dates.ambiguous or dates.format == "whole numbers":
        return None
    return dates
